// config.json: what a wrong or foreign one is refused for, what is filled in where a key is absent, and which tensors are
// tolerated. What the right ones compute is test_families.cpp's business.
#include <cmath>
#include <functional>
#include "../../../../models/engine/architecture/hf_families.hpp"
#include "../../../../models/engine/architecture/tensors.hpp"
#include "../../../../models/engine/architecture/weights_check.hpp"
#include "../config_only.hpp"
#include "../families.hpp"
#include "../safetensors_writer.hpp"

using namespace sextant;
using namespace sextant::engine;
using namespace sextant::test;
using Catch::Matchers::Contains;

namespace {

const json::Value& golden(const std::string& name) {
  static const json::Document file = must(json::parse(must(csv::read_text(family_file("goldens.json"))), "goldens.json"));
  for (const auto& entry : json::find(file, "entries")->GetArray())
    if (*json::find_string(entry, "name") == name) return entry;
  FAIL("there is no entry " << name);
  throw;
}

// {"key": value, ...} over a configuration; null removes a key
json::Document changed(const json::Value& config, const std::string& changes) {
  json::Document result = json::copy(config);
  const json::Document parsed = must(json::parse(changes, "changes"));
  for (const auto& member : parsed.GetObject()) {
    if (member.value.IsNull()) result.RemoveMember(member.name);
    else json::set(result, json::text(member.name), json::Value(member.value, result.GetAllocator()), result.GetAllocator());
  }
  return result;
}

}  // namespace

TEST_CASE("a configuration that is wrong or not computed is refused with its reason", "[engine][architecture]") {
  struct { std::string entry, changes, reason;
  } const cases[] = {
      {"llama", R"({"model_type": null})", "config.json key \"model_type\" is missing"},
      {"llama", R"({"model_type": "mamba"})", "model_type \"mamba\" is not supported; supported: baichuan, gemma, "},
      {"llama", R"({"model_type": "deepseek_v3"})", "has multi-head latent attention, which is not supported"},
      {"llama", R"({"num_hidden_layers": null})", "config.json key \"num_hidden_layers\" is missing"},
      {"llama", R"({"num_hidden_layers": 5})", "tensor \"model.layers.4.input_layernorm.weight\" is missing"},
      {"llama", R"({"num_hidden_layers": 3})",
       "tensor \"model.layers.3.input_layernorm.weight\" is of layer 3, and the metadata say 3 layers"},
      {"llama", R"({"hidden_size": 4000000000})", "\"hidden_size\" must be a whole number from 1 to 65536"},
      {"llama", R"({"hidden_size": "48"})", "\"hidden_size\" must be a whole number"},
      {"llama", R"({"num_key_value_heads": 2})", "3 heads cannot share 2 key-value heads"},
      {"llama", R"({"num_attention_heads": 5})", "5 heads do not divide a width of 48"},
      {"llama", R"({"head_dim": 24})", "self_attn.q_proj.weight\" has shape [48, 48], and the metadata ask for [72, 48]"},
      {"llama", R"({"vocab_size": 130})",
       "\"model.embed_tokens.weight\" has 131 rows, and the metadata say 130 tokens (vocab_size); where tokens were added"},
      {"llama", R"({"hidden_act": "relu"})", "\"hidden_act\" is \"relu\", and the activations are"},
      {"llama", R"({"attention_bias": true})", "tensor \"model.layers.0.self_attn.q_proj.bias\" is missing"},
      {"llama, biases", R"({"attention_bias": false})",
       "self_attn.k_proj.bias\" is a bias that is not 0, and the metadata ask for none there"},
      {"llama, biases", R"({"mlp_bias": "yes"})", "\"mlp_bias\" must be true or false"},
      {"llama", R"({"num_experts": 8})", "\"num_experts\" asks for experts"},
      {"llama", R"({"pruned_heads": {"0": [1]}})", "\"pruned_heads\" asks for something that is not supported"},
      {"llama", R"({"kv_lora_rank": 16})", "\"kv_lora_rank\" asks for something that is not supported"},
      {"llama", R"({"attention_multiplier": 0.5})", "\"attention_multiplier\" asks for something that is not supported"},
      {"llama", R"({"partial_rotary_factor": 0.5})", "\"partial_rotary_factor\" is 0.5, which transformers passes over"},
      {"qwen3, config of 5", R"({"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}})",
       "\"rope_parameters.partial_rotary_factor\" is 0.5"},
      {"phi4, LongRoPE", R"({"partial_rotary_factor": 0.7})", "\"partial_rotary_factor\" leaves 11 of 16 dimensions"},
      {"llama", R"({"rms_norm_eps": null})", "\"rms_norm_eps\" is missing"},
      {"llama", R"({"vocab_size": null})", "\"vocab_size\" is missing"},
      {"llama", R"({"rms_norm_eps": -1})", "\"rms_norm_eps\" must be a number from 0 to 1"},
      {"llama", R"({"rope_theta": 0})", "\"rope_theta\" must be a number from"},
      {"llama", R"({"rope_scaling": 4})", "\"rope_scaling\" must be an object"},
      {"llama", R"({"rope_scaling": {"type": "mrope"}})", "\"rope_scaling.type\" is \"mrope\", and the scalings are"},
      {"llama", R"({"rope_scaling": {"type": "linear"}})", "\"rope_scaling.factor\" is missing"},
      {"llama", R"({"rope_scaling": {"type": "linear", "factor": 2, "mrope_section": [1]}})",
       "\"rope_scaling.mrope_section\" is not known"},
      {"llama", R"({"rope_scaling": {"type": "dynamic", "alpha": 1000}})", "\"rope_scaling.alpha\" is not known"},
      {"llama", R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4}})",
       "\"rope_scaling.high_freq_factor\" must be above low_freq_factor"},
      {"llama", R"({"rope_scaling": {"type": "linear", "factor": 2}, "rope_parameters": {"rope_type": "default"}})",
       "\"rope_parameters\" and rope_scaling differ"},
      {"llama", R"({"rope_parameters": {"full_attention": {"rope_type": "yarn"}, "sliding_attention": 3}})",
       "\"rope_parameters.sliding_attention\" must be an object"},
      {"phi4, LongRoPE", R"({"rope_scaling": {"type": "longrope", "short_factor": [1, 1], "long_factor": [1, 1]}})",
       "\"rope_scaling.short_factor\" must be a list of 6 numbers"},
      {"qwen3, config of 5", R"({"layer_types": ["full_attention"]})", "\"layer_types\" must be a list of 2 texts"},
      {"qwen3, config of 5", R"({"layer_types": ["full_attention", "chunked_attention"]})",
       "\"layer_types\" names a layer that is neither"},
      {"smollm3", R"({"no_rope_layers": [1, 0]})", "\"no_rope_layers\" must be a list of 4 whole numbers"},
      {"mistral", R"({"sliding_window": -3})", "\"sliding_window\" must be a whole number"},
      {"mixtral", R"({"num_experts_per_tok": 6})", "\"num_experts_per_tok\" must be a whole number from 1 to 5"},
      {"mixtral", R"({"num_local_experts": 6})", "block_sparse_moe.gate.weight\" has shape [5, 48]"},
      {"gemma", R"({"hidden_activation": "gelu"})", "\"hidden_activation\" is \"gelu\""},
      {"gemma3", R"({"use_bidirectional_attention": true})", "\"use_bidirectional_attention\" asks for something"},
      {"baichuan2", R"({"max_position_embeddings": null})", "the 13B model, whose ALiBi is not supported"},
  };
  for (const auto& c : cases) {
    INFO(c.reason);
    const json::Value& entry = golden(c.entry);
    const TinyFolder folder(*json::find_string(entry, "weights"), changed(*json::find(entry, "config"), c.changes));
    const auto checkpoint = folder.open();
    const auto a = read_architecture(*checkpoint);
    CHECK_THAT(a ? "it was accepted" : a.error().message, Catch::Matchers::Contains(c.reason));
  }
}

TEST_CASE("what a configuration leaves out is transformers' default", "[engine][architecture]") {
  const auto read = [](const std::string& entry, const std::string& changes) {
    return must(read_hf_architecture(ConfigOnly(changed(*json::find(golden(entry), "config"), changes))));
  };
  CHECK(read("llama", R"({"num_key_value_heads": null})").kv_heads == 3);
  CHECK(read("llama", R"({"rope_theta": null})").ropes[0].theta == 10'000);
  CHECK(read("llama", R"({"tie_word_embeddings": null})").tied_embeddings);  // there is no head
  CHECK(read("smollm3", R"({"rope_theta": null})").ropes[0].theta == 2'000'000);
  CHECK(read("mixtral", R"({"rope_theta": null})").ropes[0].theta == 1'000'000);
  for (const char* nothing : {"null", "false", "[]", "\"\"", "0"}) {  // what Python takes for false
    CAPTURE(nothing);
    const Architecture plain = read("llama", std::string("{\"rope_scaling\": ") + nothing + "}");
    CHECK(plain.ropes.size() == 1);
    CHECK(plain.ropes[0].scaling == Rope().scaling);
  }
  CHECK(read("mistral", R"({"sliding_window": null})").layers[0].window == 4'096);
  CHECK(read("mistral, no window", "{}").layers[0].window == 0);  // null is not absent
  CHECK(read("qwen3", R"({"head_dim": null})").head_dim == 128);
  CHECK(read("gemma", R"({"head_dim": null, "hidden_act": "gelu"})").head_dim == 256);
  CHECK(read("gemma2", R"({"attn_logit_softcapping": null})").attention_softcap == 50);
  CHECK(read("gemma2", R"({"query_pre_attn_scalar": null})").attention_scale == 0.0625f);
  CHECK(read("baichuan2", "{}").head_normalised);
  CHECK_FALSE(read("baichuan2", R"({"architectures": ["BaiChuanForCausalLM"]})").head_normalised);
  const Architecture vision = read("gemma3", R"({"num_attention_heads": null, "num_key_value_heads": null, "vocab_size": null,
      "head_dim": null, "max_position_embeddings": null, "rms_norm_eps": null})");  // as Gemma 3 4B leaves them out
  CHECK(vision.heads == 8);
  CHECK(vision.kv_heads == 4);
  CHECK(vision.head_dim == 256);
  CHECK(vision.vocab == 262'208);
  CHECK(vision.context == 131'072);
  CHECK(vision.norm_epsilon == 1e-6f);
  const Architecture gemma3 = read("gemma3, pattern of 6", R"({"sliding_window": null})");
  CHECK(gemma3.layers[4].window == 4'096);
  CHECK(gemma3.layers[4].rope == 1);
  CHECK(gemma3.layers[5].window == 0);
  CHECK(gemma3.layers[5].rope == 0);
  const Architecture internlm = read("internlm2.5", "{}");
  CHECK(rope_length(internlm, 24) == 0);
  CHECK(rope_length(internlm, 25) == 25);
  const Architecture phi = read("phi4, LongRoPE", "{}");
  CHECK(rope_length(phi, 32) == 0);
  CHECK(rope_length(phi, 40) == rope_length(phi, 128));
  CHECK(rope_length(phi, 40) > 32);
}

TEST_CASE("frequencies are those of transformers at real widths", "[engine][architecture]") {
  const json::Document file = must(json::parse(must(csv::read_text(family_file("goldens.json"))), "goldens.json"));
  for (const auto& item : json::find(file, "ropes")->GetArray()) {
    CAPTURE(json::write(*json::find(item, "config")));
    const bool part = json::find(*json::find(item, "config"), "partial_rotary_factor");  // only Phi-3 rotates a part
    const ConfigOnly checkpoint(
        changed(*json::find(golden(part ? "phi4, LongRoPE" : "llama"), "config"), json::write(*json::find(item, "config"))));
    const Architecture a = must(read_hf_architecture(checkpoint));
    const auto length = static_cast<uint32_t>(*json::find_int(item, "length"));
    const auto frequencies = rope_frequencies(a.ropes[0], rope_length(a, length));
    const json::Value& expected = *json::find(item, "frequencies");
    REQUIRE(frequencies.size() == expected.Size());
    for (rapidjson::SizeType i = 0; i < expected.Size(); ++i)
      CHECK(frequencies[i] == Approx(expected[i].GetDouble()).epsilon(4e-6));  // theirs are float32
    CHECK(a.ropes[0].magnitude == Approx(*json::find_number(item, "magnitude")).epsilon(1e-12));
  }
}

namespace {

// A safetensors file with its header or data changed, so that one golden serves for many small mistakes.
class ChangedWeights {
 public:
  explicit ChangedWeights(const std::string& name, const std::function<void(std::string& header, std::string& data)>& change) {
    const std::string weights = must(csv::read_text(family_file(name)));
    uint64_t size = 0;
    std::memcpy(&size, weights.data(), sizeof size);
    std::string header = weights.substr(8, size), data = weights.substr(8 + size);
    change(header, data);
    std::ofstream(path_, std::ios::binary) << safetensors(header, data);
  }
  ~ChangedWeights() { std::filesystem::remove(path_); }
  ChangedWeights(const ChangedWeights&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = (std::filesystem::temp_directory_path() / fmt::format("sextant-changed-{}", ::getpid())).string();
};

void rename(std::string& header, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = header.find(from, at)) != header.npos; at += to.size()) header.replace(at, from.size(), to);
}
/// Where the tensor's data begin.
size_t offset_of(const std::string& header, const std::string& name) {
  const size_t entry = header.find("\"" + name + "\""), offsets = header.find("\"data_offsets\":[", entry);
  return std::stoul(header.substr(offsets + 16));
}
void add_tensor(std::string& header, std::string& data, const std::string& name, const std::string& shape,
                const std::vector<float>& numbers) {
  const std::string bytes(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float));
  header = fmt::format(R"({{"{}":{{"dtype":"F32","shape":{},"data_offsets":[{},{}]}},{})", name, shape, data.size(),
                       data.size() + bytes.size(), header.substr(1));
  data += bytes;
}

Result<std::vector<std::string>> checked(const Checkpoint& checkpoint, const Architecture& a) {
  return check_weights(checkpoint, a, [](uint64_t n, const auto& body) {
    for (uint64_t i = 0; i < n; ++i) body(i);
  });
}

}  // namespace

TEST_CASE("a head that differs from the embedding is used, whatever config.json inherited", "[engine][architecture]") {
  const json::Value& entry = golden("llama");
  const bool copied = GENERATE(false, true);
  const ChangedWeights weights(*json::find_string(entry, "weights"), [&](std::string& header, std::string& data) {
    const size_t bytes = 131 * 48 * 2, head = offset_of(header, "lm_head.weight"),
                 embedding = offset_of(header, "model.embed_tokens.weight");
    if (copied) data.replace(head, bytes, data.substr(embedding, bytes));
  });
  const TinyFolder folder(weights.path(), changed(*json::find(entry, "config"), R"({"tie_word_embeddings": true})"));
  const auto checkpoint = folder.open();
  const Architecture a = must(read_architecture(*checkpoint));
  CHECK(a.tied_embeddings == copied);
  CHECK(must(find_tensors(*checkpoint, a)).head.tensor ==
        checkpoint->find(copied ? "model.embed_tokens.weight" : "lm_head.weight"));
  const auto warnings = must(checked(*checkpoint, a));
  REQUIRE(warnings.size() == (copied ? 0 : 1));
  if (!copied)
    CHECK_THAT(warnings[0], Contains("\"tie_word_embeddings\" is true, and tensor \"lm_head.weight\" has other numbers"));
}

TEST_CASE("tensors that do not fit are refused with the cause", "[engine][architecture]") {
  using Change = std::function<void(std::string&, std::string&)>;
  const auto renamed = [](const std::string& from, const std::string& to) -> Change {
    return [=](std::string& header, std::string&) { rename(header, from, to); };
  };
  const auto added = [](const std::string& name, const std::string& shape, std::vector<float> numbers) -> Change {
    return [=](std::string& header, std::string& data) { add_tensor(header, data, name, shape, numbers); };
  };
  struct { const char* name; Change change; std::string reason;
  } const cases[] = {
      {"a base model's names", renamed("\"model.", "\""), ""},
      {"a member called model",
       [](std::string& header, std::string&) {
         rename(header, "\"model.", "\"model.model.");
         rename(header, "\"lm_head", "\"model.lm_head");
       },
       ""},
      {"compiled", renamed("\"model.", "\"_orig_mod.model."), ""},
      {"no head", renamed("\"lm_head.weight", "\"model.rotary_emb.inv_freq"),
       "tensor \"lm_head.weight\" is missing, and \"tie_word_embeddings\""},
      {"names of nobody", renamed("\"model.", "\"gpt.h."),
       "tensor \"model.embed_tokens.weight\" is missing; the tensors there have other names"},
      {"not merged", renamed("q_proj.weight", "q_proj.base_layer.weight"), "the model was saved before the adapter was merged"},
      {"an adapter's part", added("model.layers.0.self_attn.q_proj.lora_A.weight", "[1]", {1}),
       "is part of an adapter that was not merged"},
      {"a bias of zeros", added("model.layers.0.self_attn.q_proj.bias", "[2]", {0, -0.f}), ""},
      {"a bias", added("model.layers.0.self_attn.q_proj.bias", "[2]", {0, 1}), "is a bias that is not 0"},
      {"a tensor of nobody", added("score.weight", "[1]", {1}), "tensor \"score.weight\" belongs to no part"},
  };
  const json::Value& entry = golden("llama");
  for (const auto& c : cases) {
    CAPTURE(c.name);
    const ChangedWeights weights(*json::find_string(entry, "weights"), c.change);
    const TinyFolder folder(weights.path(), *json::find(entry, "config"));
    const auto checkpoint = folder.open();
    const auto a = read_architecture(*checkpoint);
    if (c.reason.empty()) {
      INFO((a ? "" : a.error().message));
      CHECK(a);
    } else {
      REQUIRE_FALSE(a);
      CHECK_THAT(a.error().message, Contains(c.reason));
    }
  }
}

TEST_CASE("numbers that are none, and weights that say nothing, are found", "[engine][architecture]") {
  const auto put = [](const std::string& tensor, size_t number, uint16_t bf16, size_t count = 1) {
    return [=](std::string& header, std::string& data) {
      for (size_t i = 0; i < count; ++i) std::memcpy(&data[offset_of(header, tensor) + 2 * (number + i)], &bf16, 2);
    };
  };
  struct {
    const char* name;
    std::function<void(std::string&, std::string&)> change;
    std::string refused, warned;
  } const cases[] = {
      {"nothing odd", [](std::string&, std::string&) {}, "", ""},
      {"a NaN in a matrix", put("model.layers.1.mlp.up_proj.weight", 48 * 7 + 3, 0x7FC0),
       "tensor \"model.layers.1.mlp.up_proj.weight\" holds a NaN or an infinity in row 7: no request could be answered", ""},
      {"an infinity in the head", put("lm_head.weight", 48 * 5, 0xFF80, 49),
       "\"lm_head.weight\" holds a NaN or an infinity in 2 rows, the first is row 5", ""},
      {"a NaN of one token", put("model.embed_tokens.weight", 48 * 9, 0x7F81), "",
       "\"model.embed_tokens.weight\" holds a NaN or an infinity in row 9: a request that uses such a token fails"},
      {"zeros", put("model.layers.0.self_attn.q_proj.weight", 0, 0x8000, 48 * 48), "",
       "tensor \"model.layers.0.self_attn.q_proj.weight\" is 0 everywhere"},
      {"frequencies of another model",
       [](std::string& header, std::string& data) {
         add_tensor(header, data, "model.layers.0.self_attn.rotary_emb.inv_freq", "[8]",
                    {1, 0.17782794f, 0.03162278f, 0.00562341f, 0.001f, 0.00017783f, 0.00003162f, 0.00000562f});
       },
       "", "frequencies of 16 dimensions with a base of about 1000"},
  };
  const json::Value& entry = golden("llama");
  for (const auto& c : cases) {
    CAPTURE(c.name);
    const ChangedWeights weights(*json::find_string(entry, "weights"), c.change);
    const TinyFolder folder(weights.path(), *json::find(entry, "config"));
    const auto checkpoint = folder.open();
    const auto warnings = checked(*checkpoint, must(read_architecture(*checkpoint)));
    if (!c.refused.empty()) {
      REQUIRE_FALSE(warnings);
      CHECK_THAT(warnings.error().message, Contains(c.refused));
      continue;
    }
    REQUIRE(must(warnings).size() == (c.warned.empty() ? 0 : 1));
    if (!c.warned.empty()) CHECK_THAT((*warnings)[0], Contains(c.warned));
  }
}

TEST_CASE("the text half of a model of text and pictures is found", "[engine][architecture]") {
  const json::Value& entry = golden("gemma3");
  for (const std::string prefix : {"language_model.model.", "model.language_model."}) {
    const ChangedWeights weights(*json::find_string(entry, "weights"), [&](std::string& header, std::string& data) {
      rename(header, "\"model.", "\"" + prefix);
      add_tensor(header, data, "model.vision_tower.x", "[1]", {0});
    });
    json::Document config = json::copy(*json::find(entry, "config"));
    json::Document outer;
    outer.SetObject();
    json::set(outer, "model_type", "gemma3", outer.GetAllocator());
    json::set(outer, "text_config", json::Value(config, outer.GetAllocator()), outer.GetAllocator());
    const TinyFolder folder(weights.path(), outer);
    const auto checkpoint = folder.open();
    const auto a = read_architecture(*checkpoint);
    INFO((a ? "" : a.error().message));
    REQUIRE(a);
    const auto warnings = checked(*checkpoint, *a);
    CHECK_THAT(must(warnings).at(0), Contains("1 tensors are of the half that sees pictures"));
  }
}
