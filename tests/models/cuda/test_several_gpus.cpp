// Several GPUs share the requests, each on a thread of its own: the same bits as one.
#include <cstdlib>
#include <cuda_runtime.h>
#include "loaded.hpp"

using namespace sextant;
using test::gpus;
using test::Loaded;
using test::some_ids;

namespace {

fakes::Requests some_requests() {
  fakes::Requests requests;
  const std::string shared = some_ids(3, 280, 131);  // cut in the middle: several compute it
  for (uint32_t i = 0; i < 4; ++i) requests.score(shared + " " + some_ids(10 * i, 5, 131) + " ", {"5 6 7", "5 9", "11"});
  requests.score("", {some_ids(40, 37, 131)});
  requests.generate(shared + " 17", 6);
  requests.generate("1 2 3", 5).temperature = 0.8f;
  requests.generate("1 2 4 4", 7);
  return requests;
}

}  // namespace

TEST_CASE("two and three GPUs give the bits of one") {
#ifdef CUDA_EMULATION
  emulation::set_devices(3);
#endif
  int there = 0;
  REQUIRE(cudaGetDeviceCount(&there) == cudaSuccess);
  const Loaded tiny(SEXTANT_GOLDEN_DIR "/tiny_llama.gguf");
  const test::Ids tokenizer;
  const fakes::Requests requests = some_requests();
  const auto all = requests.all();
  for (const char* compute : {"f32", "bf16"}) {
    std::vector<fakes::Got> expected;
    for (int count = 1; count <= std::min(there, 3); ++count) {
      CAPTURE(compute, count);
      auto hardware = gpus(fmt::format(R"({{"num_gpus": {}}})", count).c_str());
      const uint32_t workers = tiny.workers(hardware, compute, 512, 1 << 27);
      REQUIRE(workers == static_cast<uint32_t>(count));
      std::vector<std::unique_ptr<engine::Device>> owned;
      std::vector<engine::Device*> devices;
      for (uint32_t w = 0; w < workers; ++w)
        devices.push_back(owned.emplace_back(tiny.on(hardware, compute, 512, 1 << 27, w)).get());
      for (const uint64_t seed : {0u, 6u}) {
        CAPTURE(seed);
        const auto got = fakes::run_all(all, devices, tokenizer, {.batch_size = 4, .seed = seed}, true);
        if (expected.empty()) expected = got;
        for (size_t i = 0; i < got.size(); ++i) {
          CAPTURE(i);
          REQUIRE(got[i].status == SXT_OK);
          CHECK(got[i].puts == 1);
          CHECK(got[i].token_logprobs == expected[i].token_logprobs);
          CHECK(got[i].ids == expected[i].ids);
        }
      }
    }
  }
#ifdef CUDA_EMULATION
  emulation::set_devices(1);
#endif
}

#ifdef CUDA_EMULATION
TEST_CASE("GPUs that are missing, or are of two kinds, are refused with the numbers") {
  emulation::set_devices(3);
  CHECK_THROWS_WITH(gpus(R"({"num_gpus": 4})"),
                    "num_gpus: 4 GPUs are asked for, and 3 can be used; give --num-gpus 3 or fewer");
  CHECK_THROWS_WITH(gpus(R"({"num_gpus": 3, "device": 1})"),
                    "num_gpus: 3 GPUs are asked for, and 2 can be used from GPU 1 on; give --num-gpus 2 or fewer");
  setenv("CUDA_VISIBLE_DEVICES", "0,2", 1);
  CHECK_THROWS_WITH(gpus(R"({"num_gpus": 3})"), Catch::Contains("2 can be used, with CUDA_VISIBLE_DEVICES as it is; give"));
  unsetenv("CUDA_VISIBLE_DEVICES");
  emulation::set_multiprocessors(1, 132);
  CHECK_THROWS_WITH(gpus(R"({"num_gpus": 2})"), Catch::Contains("of one kind"));
  CHECK_NOTHROW(gpus(R"({"num_gpus": 1, "device": 1})"));
  emulation::set_multiprocessors(1, 8);
  CHECK_NOTHROW(gpus(R"({"num_gpus": 2})"));
  emulation::set_devices(1);
}
#endif
