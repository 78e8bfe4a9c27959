// What `sextant model info` says of an architecture.
#include <catch2/catch.hpp>
#include <architecture/describe.hpp>

using namespace sextant;
using namespace sextant::engine;

namespace {

std::string described(const Architecture& a) {
  rapidjson::StringBuffer buffer;
  json::Writer writer(buffer);
  write_architecture(writer, a);
  return {buffer.GetString(), buffer.GetSize()};
}

Architecture small() {
  Architecture a;
  a.hidden = 48, a.heads = 4, a.kv_heads = 2, a.head_dim = 12, a.feed_forward = 72, a.vocab = 131, a.context = 64;
  a.attention_scale = 0.1f;
  a.layers.resize(3);
  a.ropes.resize(1);
  a.ropes[0].dims = 12;
  return a;
}

}  // namespace

TEST_CASE("a plain architecture is described by its widths", "[engine][architecture]") {
  CHECK(described(small()) ==
        R"({"layers":3,"hidden":48,"heads":4,"kv_heads":2,"head_dim":12,"feed_forward":72,"vocab":131,"context":64,)"
        R"("activation":"SiLU","norm_epsilon":0.00001,"attention_scale":0.1,"tied_embeddings":false,)"
        R"("ropes":[{"layers":3,"theta":10000.0,"dims":12,"scaling":"none"}]})");
}

TEST_CASE("every flag that is set is described", "[engine][architecture]") {
  Architecture a = small();
  a.ropes.push_back(a.ropes[0]);
  a.ropes[1].scaling = Rope::Scaling::yarn, a.ropes[1].factor = 4, a.ropes[1].original_context = 32, a.ropes[1].magnitude = 1.5;
  a.layers[0].window = 8, a.layers[1].rope = 1, a.layers[2].rope = -1, a.layers[2].experts = true;
  a.experts.count = 8, a.experts.used = 2, a.experts.feed_forward = 16;
  a.activation = Activation::gelu_tanh;
  a.qkv_bias = a.output_bias = a.feed_forward_bias = a.qk_norm = a.post_norms = a.head_normalised = true;
  a.norm_offset = 1, a.embedding_scale = 12, a.residual_scale = 0.3f, a.logit_scale = 0.5f;
  a.attention_softcap = 50, a.logit_softcap = 30;
  CHECK(described(a) ==
        R"({"layers":3,"hidden":48,"heads":4,"kv_heads":2,"head_dim":12,"feed_forward":72,"vocab":131,"context":64,)"
        R"("activation":"GELU-tanh","norm_epsilon":0.00001,"attention_scale":0.1,"tied_embeddings":false,)"
        R"("ropes":[{"layers":1,"theta":10000.0,"dims":12,"scaling":"none"},{"layers":1,"theta":10000.0,"dims":12,)"
        R"("scaling":"YaRN","factor":4.0,"original_context":32,"magnitude":1.5}],"layers_without_positions":1,)"
        R"("windows":[{"tokens":8,"layers":1}],)"
        R"("experts":{"layers":1,"count":8,"used":2,"feed_forward":16,"normalised":true},"qkv_bias":true,)"
        R"("output_bias":true,"feed_forward_bias":true,"qk_norm":true,"post_norms":true,"head_normalised":true,)"
        R"("norm_offset":1.0,"embedding_scale":12.0,"residual_scale":0.3,"logit_scale":0.5,"attention_softcap":50.0,)"
        R"("logit_softcap":30.0})");
}

TEST_CASE("a model that knows no positions has no ropes", "[engine][architecture]") {
  Architecture a = small();
  a.ropes.clear();
  for (LayerShape& layer : a.layers) layer.rope = -1;
  CHECK_THAT(described(a), Catch::Contains(R"("ropes":[],"layers_without_positions":3)"));
}
