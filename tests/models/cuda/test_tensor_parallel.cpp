// Several GPUs hold one model together: the bits of one GPU, and what happens where NCCL, the memory or the shape says no.
#include <set>
#include <cuda_runtime.h>
#include "../../../models/cuda/cuda_device.hpp"
#include "../../../models/cuda/nccl.hpp"
#include "../engine/compare_embeddings.hpp"
#include "loaded.hpp"
#if __has_include(<nccl.h>)
#include <nccl.h>
#endif

using namespace sextant;
using test::gpus;
using test::Loaded;
using test::some_ids;

namespace {

constexpr size_t memory = 48 << 20;  // of each

int devices(int wanted) {
#ifdef CUDA_EMULATION
  emulation::set_devices(wanted);
  emulation::set_nccl("");
#endif
  int there = 0;
  REQUIRE(cudaGetDeviceCount(&there) == cudaSuccess);
  return std::min(there, wanted);
}
cuda::CudaHardware together(uint32_t ranks, bool keep_quantised = false) {
  return gpus(
      fmt::format(R"({{"num_gpus": {}, "tensor_parallel": {}, "keep_quantised": {}}})", ranks, ranks, keep_quantised).c_str());
}

fakes::Requests some_requests(uint32_t length) {
  fakes::Requests requests;
  const std::string shared = some_ids(3, length, 131);
  requests.score(shared + " ", {"5 6 7", "5 9", "130"});
  requests.generate(shared + " 17", 3);
  requests.generate("1 2 4 4", 3);
  for (const uint64_t id : {1, 2, 3}) {
    sxt_sampling& s = requests.generate("9 8 7", 3);
    s.temperature = 1.5f, s.top_k = id % 2 ? 30 : 0, s.top_p = id % 3 ? 0.8f : 1, s.seed = 4, s.id = id;
  }
  return requests;
}

void check_equal(const std::vector<fakes::Got>& got, const std::vector<fakes::Got>& expected) {
  REQUIRE(got.size() == expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i, got[i].message);
    REQUIRE(got[i].status == SXT_OK);
    CHECK(got[i].token_logprobs == expected[i].token_logprobs);
    CHECK(got[i].ids == expected[i].ids);
  }
}

}  // namespace

// Six: a head each, two key-value heads for all, and GPUs that have nothing of the vocabulary.
TEST_CASE("two and six GPUs that hold a model together give the bits of one", "[together]") {
  const int there = devices(6);
  const Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  const test::Ids tokenizer;
  for (const auto& [compute, keep] : {std::pair{"f32", false}, {"bf16", false}, {"bf16", true}}) {
    auto one = together(1, keep);
    for (const uint32_t ranks : {2u, 6u}) {
      if (static_cast<int>(ranks) > there || (ranks == 6 && compute[0] == 'f') || (ranks == 2 && keep)) continue;
      CAPTURE(compute, keep, ranks);
      const fakes::Requests requests = some_requests(ranks == 2 ? 280 : 20);  // 280: more than one split of the keys
      const auto expected =
          fakes::run_all(requests.all(), *tiny.on(one, compute, 512, memory), tokenizer, {.batch_size = 4}, true);
      auto several = together(ranks, keep);
      engine::DeviceReport report;
      const auto device = tiny.on(several, compute, 512, memory, 0, &report);
      CHECK(report.parts == ranks);
      CHECK_THAT(report.label, Catch::StartsWith(fmt::format("{} of ", ranks)) &&
                                   Catch::EndsWith(keep ? " together, weights kept quantised" : " together"));
      check_equal(fakes::run_all(requests.all(), *device, tokenizer, {.batch_size = 4, .seed = ranks}, true), expected);
    }
  }
  devices(1);
}

TEST_CASE("two GPUs that hold a model together give the embeddings of one", "[together]") {
  if (devices(2) < 2) return;
  const Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  std::vector<engine::EmbeddingItem> items;
  for (const uint32_t length : {1u, 40u}) items.push_back({test::Ids().encode(some_ids(length, length, 131), {}).ids, 0});
  auto one = together(1), two = together(2);
  CHECK(test::vectors_of(items, engine::Pooling::mean, *tiny.on(two, "bf16", 512, memory), 0) ==
        test::vectors_of(items, engine::Pooling::mean, *tiny.on(one, "bf16", 512, memory), 0));
  devices(1);
}

TEST_CASE("two pairs of GPUs share the requests, with the bits of one", "[together]") {
  if (devices(4) < 4) return;
  const Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  const fakes::Requests requests = some_requests(20);
  auto one = gpus("{}"), four = gpus(R"({"num_gpus": 4, "tensor_parallel": 2})");
  REQUIRE(tiny.workers(four, "bf16", 512, memory) == 2);
  const auto first = tiny.on(four, "bf16", 512, memory, 0), second = tiny.on(four, "bf16", 512, memory, 1);
  const std::vector<engine::Device*> pairs{first.get(), second.get()};
  check_equal(fakes::run_all(requests.all(), pairs, test::Ids(), {.batch_size = 4}, true),
              fakes::run_all(requests.all(), *tiny.on(one, "bf16", 512, memory), test::Ids(), {.batch_size = 4}, true));
  devices(1);
}

// One of each kind: tied and untied heads, biases, norms of heads and after the halves, windows, fused and grouped matrices,
// experts, a head whose rows are normalised, keys and values that are shared.
TEST_CASE("models of all kinds that several GPUs hold together have the bits of one", "[together]") {
  const int there = devices(3);
  std::set<std::string> chosen{"llama, GGUF", "llama, biases", "qwen3",   "phi3",
                               "gemma2",      "gemma3",        "mixtral", "qwen3_moe, a dense layer",
                               "internlm2",   "baichuan2"};
  const test::FamilyGoldens goldens = test::read_family_goldens();
  const test::Ids tokenizer;
  fakes::Requests requests;
  for (const size_t p : {1u, 3u}) requests.score("", {fmt::format("{}", fmt::join(goldens.prompts[p], " "))});
  requests.generate("1 2 3", 2);
  requests.generate("1 2 3", 2).temperature = 1;
  auto one = gpus("{}");
  for (const test::FamilyGolden& entry : goldens.entries) {
    if (chosen.erase(entry.name) == 0) continue;
    CAPTURE(entry.name);
    const engine::Architecture a = test::must(engine::read_architecture(*entry.checkpoint));
    const uint32_t ranks = a.heads % 2 ? 3 : 2;
    if (static_cast<int>(ranks) > there) continue;
    auto several = together(ranks);
    engine::BackendConfig config;
    config.compute = "bf16";
    config.memory = memory;
    config.batch_size = 4;
    std::vector<fakes::Got> got[2];
    for (engine::Hardware* hardware : {&one, &several}) {
      engine::DeviceReport report;
      const auto device = hardware->make_device({*entry.checkpoint, a, config, 128, {}}, report);
      got[hardware == &several] = fakes::run_all(requests.all(), *device, tokenizer, {.batch_size = 4}, true,
                                                 [&](uint32_t tokens) { return engine::rope_length(a, tokens); });
      CHECK_THAT(report.label, !Catch::Contains("may differ"));
    }
    check_equal(got[1], got[0]);
  }
  CHECK(chosen.empty());
  devices(1);
}

TEST_CASE("a model that one GPU cannot hold is held by as many as it takes", "[together]") {
  if (devices(4) < 4) return;
  const Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  const auto tensors = or_throw(engine::find_tensors(*tiny.checkpoint, tiny.architecture));
  const auto least = [&](uint32_t ranks) {  // to 64 KiB
    size_t bytes = 1 << 26;
    for (size_t step = bytes / 2; step >= 1 << 16; step /= 2)
      if (cuda::plan_memory<float>(tiny.architecture, tensors, ranks, 4, 4096, bytes - step, false)) bytes -= step;
    return bytes;
  };
  const size_t fits_one = least(1), fits_two = least(2);
  CAPTURE(fits_one, fits_two);
  REQUIRE(fits_two < fits_one);
  auto all = gpus(R"({"num_gpus": 4})");
  CHECK(tiny.workers(all, "f32", 4096, fits_one) == 4);
  CHECK(tiny.workers(all, "f32", 4096, fits_two) == 2);
  auto two = gpus(R"({"num_gpus": 2})");
  engine::DeviceReport report;
  const auto device = tiny.on(two, "f32", 4096, fits_two, 0, &report);
  CHECK(report.parts == 2);
  fakes::Requests requests;
  requests.score("", {some_ids(40, 37, 131)});
  auto one = gpus("{}");
  check_equal(fakes::run_all(requests.all(), *device, test::Ids(), {.batch_size = 4}, true),
              fakes::run_all(requests.all(), *tiny.on(one, "f32", 4096, memory), test::Ids(), {.batch_size = 4}, true));
  // GPUs that were not asked for are not taken, but told
  CHECK_THROWS_WITH(tiny.on(one, "f32", 4096, fits_two),
                    Catch::Contains("are too few: the weights take") &&
                        Catch::EndsWith("; 2 GPUs can hold it together: give --num-gpus 2"));
  auto three = gpus(R"({"num_gpus": 3})");
  CHECK_THROWS_WITH(tiny.on(three, "f32", 4096, fits_two), Catch::EndsWith("; 2 GPUs can hold it together: give --num-gpus 2"));
  CHECK_THROWS_WITH(tiny.on(three, "f32", 4096, 1 << 20),
                    Catch::Contains("are too few: the weights take") &&
                        Catch::EndsWith("; its 2 key-value heads cannot be shared by 3 GPUs"));
  CHECK_THROWS_WITH(tiny.on(*std::make_unique<cuda::CudaHardware>(together(3)), "f32", 4096, memory),
                    Catch::Contains("tensor_parallel: its ") && Catch::EndsWith("heads cannot be shared by 3 GPUs"));
  CHECK_THROWS_WITH(
      gpus(R"({"num_gpus": 3, "tensor_parallel": 2})"),
      "tensor_parallel: 2 GPUs shall hold one copy of the model, and num_gpus is 3, no multiple of it; give --num-gpus 2");
  devices(1);
}

#if __has_include(<nccl.h>)
namespace {

// What stands for what of NVIDIA's header, which the backend does without.
template <class Own, class Theirs> constexpr bool alike = std::is_same_v<Own, Theirs>;
template <> inline constexpr bool alike<cuda::nccl::Result, ncclResult_t> = sizeof(cuda::nccl::Result) == sizeof(ncclResult_t);
template <> inline constexpr bool alike<cuda::nccl::Result*, ncclResult_t*> = true;
template <> inline constexpr bool alike<cuda::nccl::Communicator, ncclComm_t> = true;
template <> inline constexpr bool alike<cuda::nccl::Communicator*, ncclComm_t*> = true;
template <> inline constexpr bool alike<int, ncclDataType_t> = sizeof(int) == sizeof(ncclDataType_t);
template <class R, class... P, class S, class... Q> constexpr bool alike<R (*)(P...), S (*)(Q...)> = [] {
  if constexpr (sizeof...(P) == sizeof...(Q)) return alike<R, S> && (alike<P, Q> && ...);
  else return false;
}();
using Functions = cuda::nccl::Functions;
static_assert(alike<decltype(Functions::comm_init_all), decltype(&ncclCommInitAll)>);
static_assert(alike<decltype(Functions::comm_destroy), decltype(&ncclCommDestroy)>);
static_assert(alike<decltype(Functions::comm_abort), decltype(&ncclCommAbort)>);
static_assert(alike<decltype(Functions::comm_get_async_error), decltype(&ncclCommGetAsyncError)>);
static_assert(alike<decltype(Functions::all_gather), decltype(&ncclAllGather)>);
static_assert(alike<decltype(Functions::group_start), decltype(&ncclGroupStart)>);
static_assert(alike<decltype(Functions::group_end), decltype(&ncclGroupEnd)>);
static_assert(alike<decltype(Functions::get_error_string), decltype(&ncclGetErrorString)>);
static_assert(alike<decltype(Functions::get_last_error), decltype(&ncclGetLastError)>);
static_assert(cuda::nccl::type_uint8 == ncclUint8 && static_cast<int>(cuda::nccl::Result::success) == ncclSuccess);

}  // namespace
#endif

#ifdef CUDA_EMULATION
TEST_CASE("what a token costs between GPUs is what ADR 16 says", "[together]") {
  devices(2);
  const Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  const engine::Architecture& a = tiny.architecture;
  auto two = together(2);
  const auto device = tiny.on(two, "bf16", 64, memory);
  emulation::set_nccl("");  // counts anew
  engine::Batch batch;
  batch.tokens = {3, 1, 4, 1, 5}, batch.positions = {0, 1, 2, 3, 4}, batch.runs = {{0, 5, 0, 0, 1}}, batch.pages = {0};
  engine::Outputs out;
  REQUIRE(device->run(batch, [] { return false; }, out));
  const auto traffic = emulation::nccl_traffic();
  CHECK(traffic.gathers == 4 * a.layers.size() + 1);
  const uint64_t layer = 2 * (a.heads * a.head_dim + 2 * a.hidden + a.feed_forward), embedding = 2 * 4 * a.hidden;
  CHECK(traffic.bytes == 5 * (a.layers.size() * layer + embedding));
  devices(1);
}

TEST_CASE("NCCL that is absent, or fails, is one sentence", "[together]") {
  devices(2);
  const Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  fakes::Requests requests;
  requests.score("", {some_ids(40, 20, 131)});
  auto two = together(2);
  const auto run = [&](engine::Device& device) {
    return fakes::run_all(requests.all(), device, test::Ids(), {.batch_size = 4}, true);
  };
  {
    const auto device = tiny.on(two, "f32", 64, memory);
    emulation::set_nccl("fails:5");
    CHECK_THROWS_WITH(run(*device),
                      Catch::StartsWith("the GPU failed: NCCL result 2 (a planted failure) from ncclGroupEnd at group.cpp:"));
    CHECK_THROWS_WITH(run(*device), Catch::Contains("failed before; start again"));
  }
  {
    emulation::set_nccl("breaks:0");
    cuda::Group group({0, 1});
    cuda::DeviceMemory first(64), second;
    cuda::Stream on_first;
    CUDA_CHECK(cudaSetDevice(1));
    second = cuda::DeviceMemory(64);
    cuda::Stream on_second;
    const std::vector<cuda::Group::Member> members{{first.data(), first.data() + 32, on_first},
                                                   {second.data(), second.data() + 32, on_second}};
    CHECK_NOTHROW(group.check());
    group.all_gather(members, 16);
    CHECK_THROWS_WITH(group.check(),
                      Catch::StartsWith("the GPU failed: NCCL result 6 (a planted failure on the way) from ncclAllGather at"));
    CHECK_THROWS_WITH(group.all_gather(members, 16), Catch::Contains("failed before"));
    CUDA_CHECK(cudaSetDevice(0));
  }
  {
    const auto device = tiny.on(two, "f32", 64, memory);
    emulation::set_nccl("");
    const auto expected = run(*device);
    for (const char* fault :
         {"skips:0", "skips:2", "skips:4"}) {  // one gather delivers nothing: what these tests compare shows it
      CAPTURE(fault);
      emulation::set_nccl(fault);
      const auto got = run(*device);
      CHECK((got[0].status != SXT_OK || got[0].token_logprobs != expected[0].token_logprobs));
    }
  }
  devices(1);
}
#endif
