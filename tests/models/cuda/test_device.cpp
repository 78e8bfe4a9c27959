// The whole device on the emulation: against transformers for every family, against the CPU backend for a real model.
#include <cstdlib>
#include "../../../models/cpu/cpu_hardware.hpp"
#include "../../../models/cuda/cuda_device.hpp"
#include "../engine/compare_embeddings.hpp"
#include "../engine/compare_sampling.hpp"
#include "loaded.hpp"

using namespace sextant;
using test::check_other_schedules;
using test::Loaded;
using test::some_ids;
using test::worst_difference;

namespace {

cuda::CudaHardware emulated() { return test::gpus("{}"); }
cpu::CpuHardware processor() { return cpu::CpuHardware(Context(nullptr, borrow(R"({"threads": 1})"))); }

}  // namespace

TEST_CASE("every family in float32 is that of transformers") {
  auto hardware = emulated();
  test::compare_families(hardware, "f32", 1e-4);
}

TEST_CASE("every family in bf16 is as near as transformers' bf16") {
  auto hardware = emulated();
  test::compare_families(hardware, "bf16", std::nullopt);
}

TEST_CASE("every family in fp16 is nearer: it rounds eight times more finely") {
  auto hardware = emulated();
  test::compare_families(hardware, "fp16", std::nullopt, 0.25);
}

TEST_CASE("a tiny llama scores and generates as on the CPU, the same bits whatever the schedule") {
  const Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  const test::Ids tokenizer;
  fakes::Requests requests;
  const std::string shared = some_ids(3, 280, 131);  // more than one split of the keys
  requests.score(shared + " ", {"5 6 7", "5 9", "11"});
  requests.score(some_ids(3, 140, 131) + " ", {"8 8 8 8"});
  requests.score("", {some_ids(40, 37, 131)});
  requests.generate(shared + " 17", 6);
  requests.generate("1 2 3", 5);
  for (const uint64_t id : {1, 2, 3, 4, 5}) {
    sxt_sampling& s = requests.generate("9 8 7", 6);
    s.temperature = 1.5f, s.top_k = id % 2 ? 30 : 0, s.top_p = id % 3 ? 0.8f : 1, s.seed = 4, s.id = id;
    s.min_p = id > 2 ? 0.05f : 0, s.repetition_penalty = id % 2 ? 1.2f : 1, s.frequency_penalty = id == 4 ? 0.3f : 0;
  }
  auto gpu = emulated();
  auto cpu = processor();
  const auto expected = fakes::run_all(requests.all(), *tiny.on(cpu, "f32", 512, 1 << 28), tokenizer, {.batch_size = 4}, true);
  for (const auto& [compute, tolerance] :
       {std::pair{"f32", 1e-4}, {"bf16", 0.4}, {"fp16", 0.05}}) {  // random weights magnify rounding
    CAPTURE(compute);
    const auto device = tiny.on(gpu, compute, 512, 1 << 28);
    const auto got = fakes::run_all(requests.all(), *device, tokenizer, {.batch_size = 4}, true);
    const double worst = worst_difference(got, expected);
    CHECK(worst < tolerance);
    WARN(compute << ": the worst log-probability differs by " << worst);
    if (compute[0] == 'f') for (size_t i = 0; i < got.size(); ++i) CHECK(got[i].ids == expected[i].ids);
    check_other_schedules(got, requests, *device, tokenizer);
  }
}

TEST_CASE("every family's embeddings are transformers' states, pooled") {
  auto gpu = emulated();
  test::compare_decoder_embeddings(gpu, {{"f32", 1e-5}, {"bf16", 0.1}},
                                   {});  // the emulation is slow; the next test takes other batches
}

TEST_CASE("embeddings are those of the CPU, in batches of states, of steps, and beside other rows") {
  const Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  std::vector<engine::EmbeddingItem> items;
  for (const uint32_t length : {1u, 300u, 33u, 2u, 450u, 1u})
    items.push_back({test::Ids().encode(some_ids(length, length, 131), {}).ids, 0});
  auto gpu = emulated();
  auto cpu = processor();
  const auto on_cpu = tiny.on(cpu, "f32", 512, 1 << 28);
  const auto on_gpu = tiny.on(gpu, "f32", 512, 1 << 27);  // 256 rows: the long texts take several batches
  for (const auto pooling : {engine::Pooling::mean, engine::Pooling::last}) {
    const auto expected = test::vectors_of(items, pooling, *on_cpu, 0), got = test::vectors_of(items, pooling, *on_gpu, 0);
    test::VectorDistance distance;
    for (size_t i = 0; i < items.size(); ++i) distance.add(got[i].data(), expected[i].data(), expected[i].size());
    CHECK(distance.element < 1e-4);
    CHECK(test::vectors_of(items, pooling, *on_gpu, 5) == got);
    for (size_t i : {0u, 3u}) CHECK(test::vectors_of({items[i]}, pooling, *on_gpu, 0).front() == got[i]);  // a step's batch
  }
}

TEST_CASE("settings that change logits make a model say what it says with transformers, whatever the schedule") {
  auto gpu = emulated();
  test::compare_sampling(gpu);
}

TEST_CASE("bits do not depend on how much memory there is, though the rows of a batch do") {
  const Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  const test::Ids tokenizer;
  fakes::Requests requests;
  requests.score(some_ids(3, 280, 131) + " ", {"5 6 7", "11"});
  requests.generate("9 8 7", 6).temperature = 1;
  auto gpu = emulated();
  for (const char* compute : {"f32", "bf16"}) {
    CAPTURE(compute);
    const auto little = tiny.on(gpu, compute, 512, 1 << 27), much = tiny.on(gpu, compute, 512, 1 << 29);
    REQUIRE(little->limits().rows_max == 256);
    REQUIRE(much->limits().rows_max == 8192);
    const auto expected = fakes::run_all(requests.all(), *much, tokenizer, {.batch_size = 4}, true);
    const auto got = fakes::run_all(requests.all(), *little, tokenizer, {.batch_size = 4}, true);
    for (size_t i = 0; i < got.size(); ++i) {
      CHECK(got[i].status == SXT_OK);
      CHECK(got[i].token_logprobs == expected[i].token_logprobs);
      CHECK(got[i].ids == expected[i].ids);
    }
  }
}

TEST_CASE("turns of a conversation reuse what the turns before decoded, with the bits that they have from scratch") {
  const Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  const test::Ids tokenizer;
  auto gpu = emulated();
  for (const char* compute : {"f32", "bf16", "fp16"}) {
    CAPTURE(compute);
    const auto device = tiny.on(gpu, compute, 512, 1 << 28), fresh = tiny.on(gpu, compute, 512, 1 << 28);
    const std::array<engine::Device*, 1> devices{device.get()};
    const auto retained = fakes::retained_for(devices);
    std::vector<std::string> texts{some_ids(3, 270, 131), some_ids(3, 40, 131), some_ids(9, 63, 131)};
    std::vector<uint32_t> there(texts.size());
    for (int turn = 0; turn < 3; ++turn) {
      CAPTURE(turn);
      fakes::Requests requests;
      for (const std::string& text : texts) {
        sxt_sampling& s = requests.generate(text, 7, {}, SXT_REQUEST_KEEP);
        s.min_new_tokens = 7;
        if (&text != &texts[0]) s.temperature = 1.5f, s.seed = 3;
      }
      const auto got =
          fakes::run_all(requests.all(), devices, tokenizer, {.batch_size = 4}, true, fakes::no_rope_length, retained);
      const auto expected = fakes::run_all(requests.all(), *fresh, tokenizer, {.batch_size = 1}, false);
      for (size_t i = 0; i < got.size(); ++i) {
        CAPTURE(i);
        CHECK(got[i].ids == expected[i].ids);
        if (turn > 0) CHECK(got[i].computed_tokens == got[i].prompt_tokens - there[i]);
        there[i] = got[i].prompt_tokens + 6;
        for (const int32_t id : got[i].ids) texts[i] += fmt::format(" {}", id);
        texts[i] += " 5 6 " + std::to_string(turn + 1);
      }
    }
  }
}

namespace {

// Sequences of a batch, each in pages of its own.
struct Sequences {
  static constexpr uint32_t pages_each = 20;
  engine::Batch batch;
  void add(uint32_t sequence, uint32_t position, uint32_t rows) {
    engine::Run run{batch.rows(), rows, position, static_cast<uint32_t>(batch.pages.size()), 1};
    for (uint32_t p = 0; p < engine::pages_for(position + rows); ++p) batch.pages.push_back(sequence * pages_each + p);
    for (uint32_t r = 0; r < rows; ++r) {
      batch.tokens.push_back(static_cast<int32_t>((sequence * 31 + (position + r) * 7) % 131));
      batch.positions.push_back(position + r);
    }
    batch.head.push_back({batch.rows() - 1, 0, 0, false, nullptr});
    batch.runs.push_back(run);
  }
};
std::vector<double> run(engine::Device& device, const engine::Batch& batch) {
  engine::Outputs out;
  REQUIRE(device.run(batch, [] { return false; }, out));
  std::vector<double> all;
  for (const engine::HeadResult& h : out.head) all.push_back(h.log_sum_exp), all.push_back(h.best);
  return all;
}

}  // namespace

TEST_CASE("a token that was decoded has the bits that it has as a part of a prompt") {
  const Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  auto gpu = emulated();
  for (const char* compute : {"f32", "bf16", "fp16"}) {
    CAPTURE(compute);
    const auto prompted = tiny.on(gpu, compute, 300, 1 << 28), decoded = tiny.on(gpu, compute, 300, 1 << 28);
    constexpr uint32_t first = 260, last = 285;  // across a split of the keys, which are 256
    Sequences prompts, beginning;
    prompts.add(0, 0, last);
    (void)run(*prompted, prompts.batch);
    beginning.add(0, 0, first);
    (void)run(*decoded, beginning.batch);
    for (uint32_t position = first; position < last; ++position) {
      Sequences step;
      step.add(0, position, 1);
      if (position % 2) step.add(1, position - first, 1);
      (void)run(*decoded, step.batch);
    }
    Sequences next;
    next.add(0, last, 1);
    CHECK(run(*decoded, next.batch) == run(*prompted, next.batch));
  }
}

TEST_CASE("steps of decoding are recorded once and replayed, with the same bits") {
  const Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  auto gpu = emulated();
  const auto make = [&] {
    auto device = tiny.on(gpu, "bf16", 300, 1 << 28);
    Sequences prompts;  // of very different lengths; one is beyond a split of the keys
    for (const auto& [sequence, tokens] : {std::pair{0u, 5u}, {1u, 33u}, {2u, 280u}, {3u, 32u}, {4u, 1u}, {5u, 47u}})
      prompts.add(sequence, 0, tokens);
    (void)run(*device, prompts.batch);
    return device;
  };
  const auto step = [](std::initializer_list<std::pair<uint32_t, uint32_t>> rows) {
    Sequences s;
    for (const auto& [sequence, position] : rows) s.add(sequence, position, 1);
    return s.batch;
  };
  const auto device = make();
  const auto replayed = [&] { return dynamic_cast<cuda::CudaDevice<cuda::bf16>&>(*device).replayed_steps(); };
  const auto five = step({{0, 5}, {1, 33}, {2, 280}, {4, 1}, {5, 47}}), one = step({{2, 280}});
  const auto six = step({{3, 32}, {0, 5}, {1, 33}, {2, 280}, {4, 1}, {5, 47}});
  const auto first = run(*device, five);
  CHECK(replayed() == 0);
  CHECK(run(*device, five) == first);  // recorded
  CHECK(replayed() == 1);
  CHECK(run(*device, five) == first);
  const auto more = run(*device, six);  // fits into what five were filled up to
  CHECK(replayed() == 3);
  CHECK(std::equal(first.begin(), first.end(), more.begin() + 2));
  CHECK(run(*make(), six) == more);  // as it is launched
  for (int i = 0; i < 2; ++i) CHECK(run(*device, one) == std::vector<double>(first.begin() + 4, first.begin() + 6));
  CHECK(replayed() == 4);
}

TEST_CASE("numbers beyond what the compute type holds fail what they belong to, as on the CPU") {
  Loaded tiny(test::golden_folder() / "tiny_llama.gguf");
  const auto [offset, compute, finite] = GENERATE(table<float, const char*, bool>(
      {{1e6f, "fp16", false}, {1e6f, "bf16", true}, {1e6f, "f32", true}, {INFINITY, "bf16", false}, {INFINITY, "f32", false}}));
  CAPTURE(offset, compute);
  tiny.architecture.norm_offset = offset;
  fakes::Requests requests;
  requests.generate("1 2 3", 5);
  requests.generate("1 2 3", 5).temperature = 1;
  requests.score("4 5 ", {"6"});
  auto gpu = emulated();
  auto cpu = processor();
  for (engine::Hardware* hardware : {static_cast<engine::Hardware*>(&gpu), static_cast<engine::Hardware*>(&cpu)}) {
    if (hardware == &cpu && std::string_view(compute) == "fp16") continue;  // which it does not have
    const auto device = tiny.on(*hardware, compute, 64, 1 << 28);
    for (const fakes::Got& got : fakes::run_all(requests.all(), *device, test::Ids(), {.batch_size = 4}, true)) {
      CHECK(got.puts == 1);
      CHECK((got.status == SXT_OK) == finite);
      if (!finite) CHECK_THAT(got.message, Catch::Contains("not finite"));
    }
  }
}

// tests/golden/smollm2_bf16.json: texts that share beginnings, what transformers computes of them, and how far its bf16 is from
// that.
TEST_CASE("a real GGUF is that of the CPU and of transformers, the same bits whatever the schedule") {
  const char* path = std::getenv("SEXTANT_TEST_MODEL");
  if (!path || !*path) {
    WARN("SKIP: SEXTANT_TEST_MODEL (SmolLM2-135M-Instruct, Q4_1) is not set");
    return;
  }
  const Loaded model(path);
  const test::Ids tokenizer;
  const auto stored = test::golden_folder() / "smollm2_bf16.json";
  const json::Document golden = or_throw(json::parse(or_throw(csv::read_text(stored.string())), "golden"));
  fakes::Requests requests;
  std::vector<std::vector<double>> expected;
  for (const auto& item : json::find(golden, "items")->GetArray()) {
    std::vector<int> ids;
    for (const auto& id : json::find(item, "ids")->GetArray()) ids.push_back(id.GetInt());
    requests.score("", {fmt::format("{}", fmt::join(ids, " "))});
    expected.emplace_back();
    for (const auto& x : json::find(item, "logprobs")->GetArray()) expected.back().push_back(x.GetDouble());
    if (expected.size() == 1) requests.generate(fmt::format("{}", fmt::join(ids.begin(), ids.begin() + 20, " ")), 3);
  }
  auto gpu = emulated();
  auto cpu = processor();
  const size_t memory = 900 << 20;
  const auto on_cpu = fakes::run_all(requests.all(), *model.on(cpu, "f32", 64, memory), tokenizer, {.batch_size = 4}, true);
  // on average transformers' own bf16 is off by bf16_mean
  for (const auto& [compute, share] : {std::pair{"f32", 0.0}, {"bf16", 1.0}, {"fp16", 0.25}}) {
    CAPTURE(compute);
    const bool exact = share == 0;
    const auto device = model.on(gpu, compute, 64, memory);
    const auto got = fakes::run_all(requests.all(), *device, tokenizer, {.batch_size = 4}, true);
    double sum = 0, count = 0, worst = 0;
    size_t next = 0;
    for (const fakes::Got& one : got) {
      REQUIRE(one.status == SXT_OK);
      if (!one.ids.empty()) continue;
      const auto& row = expected.at(next++);
      REQUIRE(one.token_logprobs[0].size() == row.size());
      for (size_t t = 0; t < row.size(); ++t) {
        const double difference = std::abs(one.token_logprobs[0][t] - row[t]);
        sum += difference, ++count, worst = std::max(worst, difference);
      }
    }
    REQUIRE(next == expected.size());
    WARN(compute << ": differences from transformers' float32: mean " << sum / count << ", worst " << worst);
    if (exact) {
      CHECK(worst < 1e-4);
      CHECK(worst_difference(got, on_cpu) < 1e-4);
      for (size_t i = 0; i < got.size(); ++i) CHECK(got[i].ids == on_cpu[i].ids);
    } else {
      CHECK(sum / count < share * json::find(golden, "bf16_mean")->GetDouble());
    }
    check_other_schedules(got, requests, *device, tokenizer);
  }
}
