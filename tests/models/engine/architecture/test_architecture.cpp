// The architecture table of a small llama made here, and what a wrong one is refused for.
#include <cmath>
#include <functional>
#include <catch2/catch.hpp>
#include <architecture/tensors.hpp>
#include <checkpoint/gguf.hpp>
#include "../gguf_writer.hpp"

using namespace sextant;
using namespace sextant::engine;
using namespace sextant::test;
using Catch::Matchers::Contains;

namespace {

struct Plan {
  std::string family = "llama";
  std::function<void(GgufWriter&)> more = [](GgufWriter&) {};  // further keys, with their prefix
  std::vector<std::pair<std::string, uint32_t>> counts = {
      {"block_count", 2}, {"embedding_length", 8}, {"attention.head_count", 4}, {"attention.head_count_kv", 2},
      {"feed_forward_length", 12}, {"context_length", 64}, {"rope.dimension_count", 2}};
  std::vector<std::pair<std::string, std::vector<uint64_t>>> tensors;  // fastest dimension first

  Plan() {
    tensors = {{"token_embd.weight", {8, 20}}, {"output_norm.weight", {8}}};
    for (const std::string layer : {"blk.0.", "blk.1."}) {
      for (const auto& [name, dims] : std::vector<std::pair<std::string, std::vector<uint64_t>>>{
               {"attn_norm", {8}}, {"attn_q", {8, 8}}, {"attn_k", {8, 4}}, {"attn_v", {8, 4}}, {"attn_output", {8, 8}},
               {"ffn_norm", {8}}, {"ffn_gate", {8, 12}}, {"ffn_up", {8, 12}}, {"ffn_down", {12, 8}}}) {
        tensors.emplace_back(layer + name + ".weight", dims);
      }
    }
  }
  void set(const std::string& key, uint32_t value) {
    for (auto& count : counts) if (count.first == key) count.second = value;
  }
  void drop_key(const std::string& key) { std::erase_if(counts, [&](auto& count) { return count.first == key; }); }
  void drop(const std::string& name) { std::erase_if(tensors, [&](auto& tensor) { return tensor.first == name; }); }

  GgufWriter writer() const {
    GgufWriter writer;
    writer.text("general.architecture", family).f32(family + ".rope.freq_base", 5'000);
    for (const auto& [key, value] : counts) writer.u32(family + "." + key, value);
    more(writer);
    for (const auto& [name, dims] : tensors) writer.zeros(name, dims);
    return writer;
  }
};

std::unique_ptr<GgufFile> open(const GgufWriter& writer) {
  const TemporaryFile holder(writer.bytes());
  auto file = GgufFile::open(holder.path());
  if (!file) FAIL(file.error().message);
  return *std::move(file);
}

}  // namespace

TEST_CASE("a llama's table and tensors are read", "[engine][architecture]") {
  Plan plan;
  const bool tied = GENERATE(true, false);
  if (!tied) plan.tensors.push_back({"output.weight", {8, 20}});
  const auto file = open(plan.writer());
  const auto a = read_architecture(*file);
  if (!a) FAIL(a.error().message);
  CHECK(a->family == "llama");
  CHECK(a->layers.size() == 2);
  CHECK(a->hidden == 8);
  CHECK(a->heads == 4);
  CHECK(a->kv_heads == 2);
  CHECK(a->head_dim == 2);
  CHECK(a->feed_forward == 12);
  CHECK(a->vocab == 20);
  CHECK(a->context == 64);
  CHECK(a->norm_epsilon == 1e-5f);
  CHECK(a->attention_scale == Approx(1 / std::sqrt(2.0)));
  REQUIRE(a->ropes.size() == 1);
  CHECK(a->ropes[0].theta == 5'000);
  CHECK(a->ropes[0].dims == 2);
  CHECK(a->ropes[0].divisors.empty());
  CHECK(a->tied_embeddings == tied);
  const auto tensors = find_tensors(*file, *a);
  REQUIRE(tensors);
  CHECK(tensors->head.tensor == file->find(tied ? "token_embd.weight" : "output.weight"));
  CHECK(tensors->layers.at(1).feed_forward.down.tensor == file->find("blk.1.ffn_down.weight"));
}

TEST_CASE("rows of fused, grouped and permuted matrices are found", "[engine][architecture]") {
  Rows keys;  // of InternLM2: groups of two query heads, a key head and a value head, four rows each
  keys.first = 8, keys.run = 4, keys.stride = 16, keys.count = 8;
  CHECK(keys.stored_row(0) == 8);
  CHECK(keys.stored_row(3) == 11);
  CHECK(keys.stored_row(4) == 24);
  Rows permuted;  // heads of 6 rows, of which 4 are pairs
  permuted.run = permuted.stride = permuted.count = 12;
  permuted.head_dim = 6, permuted.paired = 4;
  std::vector<uint64_t> stored;
  for (uint64_t i = 0; i < 12; ++i) stored.push_back(permuted.stored_row(i));
  CHECK(stored == std::vector<uint64_t>{0, 2, 1, 3, 4, 5, 6, 8, 7, 9, 10, 11});
}

TEST_CASE("a row and a vector are read as float32", "[engine][architecture]") {
  const float numbers[] = {1, 2, 3, 4, 5, 6};
  Tensor matrix{"m", TensorType::f32, {3, 2}, std::as_bytes(std::span(numbers))};
  Rows rows;
  rows.tensor = &matrix, rows.first = 1, rows.count = rows.run = rows.stride = 2;
  float row[2];
  read_row(rows, 1, row);
  CHECK(row[0] == 5);
  CHECK(row[1] == 6);
  Tensor vector{"v", TensorType::f32, {6}, std::as_bytes(std::span(numbers))};
  rows.tensor = &vector;
  read_vector(rows, 1, row);
  CHECK(row[0] == 3);
  CHECK(row[1] == 4);
}

TEST_CASE("RoPE factors are read and must be positive", "[engine][architecture]") {
  Plan plan;
  plan.tensors.push_back({"rope_freqs.weight", {1}});
  GgufWriter writer = plan.writer();
  CHECK_THAT(read_architecture(*open(writer)).error().message, Contains("factor that is not positive"));
  writer.data.replace(writer.data.size() - 4, 4, le(2.5f));
  CHECK(read_architecture(*open(writer))->ropes.at(0).divisors == std::vector<double>{2.5});
}

TEST_CASE("the ways to stretch RoPE in GGUF are read", "[engine][architecture]") {
  struct { std::function<void(GgufWriter&)> keys; Rope::Scaling scaling; double factor, magnitude; } const cases[] = {
      {[](GgufWriter& w) { w.text("llama.rope.scaling.type", "none").f32("llama.rope.scaling.factor", 4); },
       Rope::Scaling::none, 4, 1},
      {[](GgufWriter& w) { w.f32("llama.rope.scaling.factor", 4); }, Rope::Scaling::linear, 4, 1},
      {[](GgufWriter& w) { w.f32("llama.rope.scale_linear", 2); }, Rope::Scaling::linear, 2, 1},
      {[](GgufWriter& w) { w.f32("llama.rope.scaling.factor", 0); }, Rope::Scaling::none, 1, 1},
      {[](GgufWriter& w) {
         w.text("llama.rope.scaling.type", "yarn").f32("llama.rope.scaling.factor", 4);
         w.u32("llama.rope.scaling.original_context_length", 16);
       },
       Rope::Scaling::yarn, 4, 0.1 * std::log(4.0) + 1},
  };
  for (const auto& c : cases) {
    Plan plan;
    plan.more = c.keys;
    const auto a = read_architecture(*open(plan.writer()));
    REQUIRE(a);
    CHECK(a->ropes[0].scaling == c.scaling);
    CHECK(a->ropes[0].factor == c.factor);
    CHECK(a->ropes[0].magnitude == Approx(c.magnitude));
  }
}

TEST_CASE("constants that GGUF files leave out are the family's", "[engine][architecture]") {
  Plan plan;
  plan.family = "minicpm";
  const auto minicpm = read_architecture(*open(plan.writer()));
  REQUIRE(minicpm);
  CHECK(minicpm->embedding_scale == 12);
  CHECK(minicpm->residual_scale == Approx(1.4 / std::sqrt(2.0)));
  CHECK(minicpm->logit_scale == Approx(256.0 / 8));
  plan.family = "gemma2";
  for (const std::string layer : {"blk.0.", "blk.1."})
    for (const std::string name : {"post_attention_norm", "post_ffw_norm"})
      plan.tensors.push_back({layer + name + ".weight", {8}});
  const auto gemma = read_architecture(*open(plan.writer()));
  REQUIRE(gemma);
  CHECK(gemma->attention_softcap == 50);
  CHECK(gemma->logit_softcap == 30);
  CHECK(gemma->layers[0].window == 4'096);
  CHECK(gemma->layers[1].window == 0);
  CHECK(gemma->norm_offset == 0);  // the converter has added it
}

TEST_CASE("experts are found in one tensor or each in its own", "[engine][architecture]") {
  Plan plan;
  plan.counts.emplace_back("expert_count", 3);
  plan.counts.emplace_back("expert_used_count", 2);
  const bool stacked = GENERATE(true, false);
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    plan.tensors.push_back({layer + "ffn_gate_inp.weight", {8, 3}});
    for (const std::string part : {"gate", "up", "down"}) {
      const std::string name = layer + "ffn_" + part;
      const std::vector<uint64_t> dims = part == "down" ? std::vector<uint64_t>{12, 8} : std::vector<uint64_t>{8, 12};
      plan.drop(name + ".weight");
      if (stacked) plan.tensors.push_back({name + "_exps.weight", {dims[0], dims[1], 3}});
      for (int e = 0; !stacked && e < 3; ++e) plan.tensors.push_back({name + "." + std::to_string(e) + ".weight", dims});
    }
  }
  const auto file = open(plan.writer());
  const auto a = read_architecture(*file);
  INFO((a ? "" : a.error().message));
  REQUIRE(a);
  CHECK(a->experts.count == 3);
  CHECK(a->experts.used == 2);
  CHECK(a->experts.normalise);
  const auto tensors = find_tensors(*file, *a);
  REQUIRE(tensors);
  const Rows& down = tensors->layers[1].experts.at(2).down;
  CHECK(down.tensor == file->find(stacked ? "blk.1.ffn_down_exps.weight" : "blk.1.ffn_down.2.weight"));
  CHECK(down.count == 8);
  CHECK(down.stored_row(1) == (stacked ? 17 : 1));
}

TEST_CASE("an architecture that does not fit is refused with its reason", "[engine][architecture]") {
  struct { std::function<void(Plan&)> change; std::string reason;
  } const cases[] = {
      {[](Plan& p) { p.family = "mamba"; }, "architecture \"mamba\" is not supported; supported: baichuan, gemma, "},
      {[](Plan& p) { p.drop("blk.1.attn_v.weight"); }, "tensor \"blk.1.attn_v.weight\" is missing"},
      {[](Plan& p) { p.drop("token_embd.weight"); }, "tensor \"token_embd.weight\" is missing"},
      {[](Plan& p) { p.drop("output_norm.weight"); }, "tensor \"output_norm.weight\" is missing"},
      {[](Plan& p) { p.family = "deepseek2"; }, "architecture \"deepseek2\" has multi-head latent attention"},
      {[](Plan& p) {
         p.tensors.push_back({"blk.0.attn_q.bias", {8}});
       },
       "tensor \"blk.0.attn_k.bias\" is missing"},
      {[](Plan& p) {
         p.tensors.push_back({"blk.1.attn_q.scale", {8}});
       },
       "tensor \"blk.1.attn_q.scale\" belongs to no part"},
      {[](Plan& p) {
         p.tensors.push_back({"blk.2.attn_q.weight", {8}});
       },
       "tensor \"blk.2.attn_q.weight\" is of layer 2, and the metadata say 2 layers"},
      {[](Plan& p) {
         p.tensors.push_back({"rope_factors_short.weight", {1}});
       },
       "\"rope_factors_short.weight\" go together, with LongRoPE"},
      {[](Plan& p) { p.more = [](GgufWriter& w) { w.text("general.type", "adapter"); }; },
       "\"general.type\" is \"adapter\": it is not a model; merge it"},
      {[](Plan& p) { p.set("feed_forward_length", 16); },
       "\"blk.0.ffn_gate.weight\" has shape [12, 8], and the metadata ask for [16, 8]"},
      {[](Plan& p) { p.drop_key("block_count"); }, "metadata key \"llama.block_count\" is missing"},
      {[](Plan& p) { p.set("block_count", 0); }, "must be a whole number from 1 to"},
      {[](Plan& p) { p.set("embedding_length", 4'000'000'000); }, "must be a whole number from 1 to"},
      {[](Plan& p) { p.set("attention.head_count_kv", 3); }, "cannot share 3 key-value heads"},
      {[](Plan& p) { p.set("attention.head_count", 16); }, "do not divide a width of 8"},
      {[](Plan& p) { p.set("rope.dimension_count", 3); }, "must be even and at most 2"},
      {[](Plan& p) { p.more = [](GgufWriter& w) { w.text("llama.rope.scaling.type", "spiral"); }; },
       "\"llama.rope.scaling.type\" asks for a RoPE scaling that is not supported"},
      {[](Plan& p) { p.more = [](GgufWriter& w) { w.f32("llama.expert_weights_scale", 2.5); }; },
       "\"llama.expert_weights_scale\" asks for something that is not supported"},
      {[](Plan& p) { p.more = [](GgufWriter& w) { w.f32("llama.logit_scale", 2); }; },
       "\"llama.logit_scale\" asks for something that is not supported"},
      {[](Plan& p) { p.counts.emplace_back("attention.value_length", 4); }, "\"llama.attention.value_length\" differs"},
      {[](Plan& p) { p.family = "baichuan", p.set("block_count", 40); }, "the 13B model, whose ALiBi is not supported"},
      {[](Plan& p) { p.counts.emplace_back("expert_count", 8); },
       "\"llama.expert_count\" and the layers' routers do not agree"},
  };
  for (const auto& c : cases) {
    Plan plan;
    c.change(plan);
    const auto a = read_architecture(*open(plan.writer()));
    INFO(c.reason);
    CHECK((a ? "it was accepted" : a.error().message).find(c.reason) != std::string::npos);
  }
}
