// Models whose matrices stay quantised in the GPU's memory: the numbers of those that become plain ones at load, less memory,
// and the same bits whatever the schedule.
#include <cstdlib>
#include <cstring>
#include <random>
#include "../../../models/engine/checkpoint/dequantize.hpp"
#include "../engine/gguf_writer.hpp"
#include "loaded.hpp"

using namespace sextant;
using test::Loaded;
using test::some_ids;

namespace {

constexpr const char* keep = R"({"keep_quantised": true})";

std::vector<fakes::Got> run(const fakes::Requests& requests, engine::Device& device) {
  return fakes::run_all(requests.all(), device, test::Ids(), {.batch_size = 4}, true);
}

fakes::Requests some_requests() {
  fakes::Requests requests;
  const std::string shared = some_ids(3, 30, 131);
  requests.score(shared + " ", {"5 6 7", "11"});
  requests.score("", {some_ids(40, 12, 131)});  // in a batch with the others: more than 32 rows
  requests.generate(shared + " 17", 3);
  requests.generate("1 2 3", 3);
  return requests;
}

// The same model with and without: all that is rounded is rounded alike, only sums come in another order.
void check_equals_plain(const Loaded& model, const fakes::Requests& requests, const char* compute, double tolerance) {
  CAPTURE(compute);
  auto plain = test::gpus("{}"), kept = test::gpus(keep);
  const auto expected = run(requests, *model.on(plain, compute, 128, 1 << 28));
  const auto device = model.on(kept, compute, 128, 1 << 28);
  const auto got = run(requests, *device);
  const double worst = test::worst_difference(got, expected);
  WARN(compute << ": the worst log-probability differs by " << worst);
  CHECK(worst < tolerance);
  if (compute[0] == 'f')
    for (size_t i = 0; i < got.size(); ++i) CHECK(got[i].ids == expected[i].ids);
  test::check_other_schedules(got, requests, *device, test::Ids());
}

// A mixture of experts of one layer whose matrices have many formats, queries, keys and values three.
std::string a_model_of_many_formats() {
  constexpr uint64_t hidden = 64, head_dim = 32, width = 96, experts = 3, vocab = 131;
  test::GgufWriter w;
  w.text("general.architecture", "llama")
      .u32("llama.block_count", 1)
      .u32("llama.context_length", 128)
      .u32("llama.embedding_length", hidden);
  w.u32("llama.feed_forward_length", width).u32("llama.attention.head_count", 2).u32("llama.attention.head_count_kv", 1);
  w.f32("llama.attention.layer_norm_rms_epsilon", 1e-5f)
      .u32("llama.rope.dimension_count", head_dim)
      .u32("llama.vocab_size", vocab);
  w.u32("llama.expert_count", experts).u32("llama.expert_used_count", 2);
  std::mt19937 random(30);
  const auto tensor = [&](const char* name, const std::vector<uint64_t>& shape, uint32_t ggml_type, const std::string& bytes) {
    w.data.resize((w.data.size() + w.alignment - 1) / w.alignment * w.alignment);
    w.entry(name, {shape.rbegin(), shape.rend()}, ggml_type, w.data.size());
    w.data += bytes;
  };
  const auto numbers_of = [](const std::vector<uint64_t>& shape) {
    size_t n = 1;
    for (const uint64_t s : shape) n *= s;
    return n;
  };
  const auto floats = [&](const char* name, const std::vector<uint64_t>& shape, float mean, float deviation) {
    std::normal_distribution<float> normal(mean, deviation);
    std::string bytes;
    for (size_t i = 0; i < numbers_of(shape); ++i) bytes += test::le(normal(random));
    tensor(name, shape, 0, bytes);
  };
  // any bits, with a scale (and a minimum that is the middle of the range) that gives numbers around 0.1
  const auto blocks = [&](const char* name, const std::vector<uint64_t>& shape, uint32_t ggml_type, engine::TensorType type,
                          uint16_t scale, uint16_t minimum) {
    const engine::BlockFormat& format = engine::block_format(type);
    std::string bytes(numbers_of(shape) / format.elements * format.bytes, '\0');
    for (char& b : bytes) b = static_cast<char>(random());
    for (size_t at = 0; at < bytes.size(); at += format.bytes) {
      std::memcpy(&bytes[at], &scale, 2);
      if (minimum) std::memcpy(&bytes[at + 2], &minimum, 2);
    }
    tensor(name, shape, ggml_type, bytes);
  };
  using T = engine::TensorType;
  // halves: 0x2800 is 2^-5, 0x2400 2^-6, 0x1800 2^-9, 0xb400 -2^-2
  floats("blk.0.attn_norm.weight", {hidden}, 1, 0.1f);
  floats("blk.0.ffn_norm.weight", {hidden}, 1, 0.1f);
  floats("output_norm.weight", {hidden}, 1, 0.1f);
  blocks("token_embd.weight", {vocab, hidden}, 2, T::q4_0, 0x2800, 0);
  blocks("blk.0.attn_q.weight", {2 * head_dim, hidden}, 8, T::q8_0, 0x1800, 0);
  blocks("blk.0.attn_k.weight", {head_dim, hidden}, 3, T::q4_1, 0x2800, 0xb400);
  floats("blk.0.attn_v.weight", {head_dim, hidden}, 0, 0.1f);
  blocks("blk.0.attn_output.weight", {hidden, 2 * head_dim}, 6, T::q5_0, 0x2400, 0);
  floats("blk.0.ffn_gate_inp.weight", {experts, hidden}, 0, 0.3f);
  blocks("blk.0.ffn_gate_exps.weight", {experts, width, hidden}, 7, T::q5_1, 0x2400, 0xb400);
  blocks("blk.0.ffn_up_exps.weight", {experts, width, hidden}, 8, T::q8_0, 0x1800, 0);
  blocks("blk.0.ffn_down_exps.weight", {experts, hidden, width}, 2, T::q4_0, 0x2800, 0);
  blocks("output.weight", {vocab, hidden}, 8, T::q8_0, 0x1800, 0);
  return w.bytes();
}

}  // namespace

TEST_CASE("a tiny llama that stays quantised has the numbers of one that does not, the same bits whatever the schedule") {
  const Loaded tiny((test::golden_folder() / "tiny_llama.gguf").string());
  for (const auto& [compute, tolerance] :
       {std::pair{"f32", 1e-4}, {"fp16", 0.05}, {"bf16", 0.4}})  // random weights magnify rounding
    check_equals_plain(tiny, some_requests(), compute, tolerance);
}

TEST_CASE("experts and matrices of several formats stay quantised") {
  const test::TemporaryFile file(a_model_of_many_formats());
  const Loaded model(file.path());
  for (const auto& [compute, tolerance] : {std::pair{"f32", 1e-4}, {"fp16", 0.05}})
    check_equals_plain(model, some_requests(), compute, tolerance);
}

TEST_CASE("weights that stay quantised take what they take in the file") {
  const Loaded tiny((test::golden_folder() / "tiny_llama.gguf").string());
  auto plain = test::gpus("{}"), kept = test::gpus(keep);
  engine::DeviceReport wide, narrow;
  (void)tiny.on(plain, "bf16", 64, 1 << 28, 0, &wide);
  (void)tiny.on(kept, "bf16", 64, 1 << 28, 0, &narrow);
  size_t stored = 0, numbers = 0;
  for (const engine::Tensor& t : tiny.checkpoint->tensors()) stored += t.bytes.size(), numbers += t.rows() * t.columns();
  const size_t rounding = 256 * tiny.checkpoint->tensors().size();
  CHECK(narrow.weights >= stored);
  CHECK(narrow.weights < stored + rounding);
  CHECK(wide.weights >= 2 * numbers);
  CHECK(narrow.buffers == wide.buffers);
  CHECK_THAT(narrow.label, Catch::Contains("weights kept quantised"));
}

TEST_CASE("a checkpoint of plain numbers cannot be kept quantised") {
  const Loaded plain(test::family_file("llama.gguf").string());
  auto hardware = test::gpus(keep);
  CHECK_THROWS_WITH(
      plain.on(hardware, "bf16", 64, 1 << 28),
      Catch::Contains("llama.gguf: keep_quantised: none of its weights is of the quantised types that can stay so"));
}

// The beginning of a text of tests/golden/smollm2_bf16.json: on the emulation each token of a whole model takes its time, in
// float32 four times as much.
TEST_CASE("a real GGUF that stays quantised is as near to transformers as its bf16") {
  const char* path = std::getenv("SEXTANT_TEST_MODEL");
  if (!path || !*path) {
    WARN("SKIP: SEXTANT_TEST_MODEL (SmolLM2-135M-Instruct, Q4_1) is not set");
    return;
  }
  const Loaded model(path);
  const auto stored = test::golden_folder() / "smollm2_bf16.json";
  const json::Document golden = or_throw(json::parse(or_throw(csv::read_text(stored.string())), "golden"));
  const json::Value& item = (*json::find(golden, "items"))[0];
  constexpr rapidjson::SizeType tokens = 8;
  std::vector<int> ids;
  for (rapidjson::SizeType t = 0; t < tokens; ++t) ids.push_back((*json::find(item, "ids"))[t].GetInt());
  fakes::Requests requests;
  requests.score("", {fmt::format("{}", fmt::join(ids, " "))});
  auto kept = test::gpus(keep);
  engine::DeviceReport report;
  const auto device = model.on(kept, "bf16", 64, 900 << 20, 0, &report);
  const auto got = run(requests, *device);
  REQUIRE(got[0].status == SXT_OK);
  double sum = 0;
  for (rapidjson::SizeType t = 0; t + 1 < tokens; ++t)
    sum += std::abs(got[0].token_logprobs[0][t] - (*json::find(item, "logprobs"))[t].GetDouble());
  WARN("mean difference from transformers' float32: " << sum / (tokens - 1) << "; weights: " << report.weights << " bytes");
  CHECK(sum / (tokens - 1) < json::find(golden, "bf16_mean")->GetDouble());
  CHECK(report.weights < 110u << 20);  // 135M parameters
}
