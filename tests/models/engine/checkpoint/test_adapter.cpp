// PEFT LoRA adapters: merged as peft merges them, refused where they ask for more or do not fit.
#include <cmath>
#include <map>
#include <catch2/catch.hpp>
#include <checkpoint/dequantize.hpp>
#include <checkpoint/hugging_face.hpp>
#include "../../../core/temporary_folder.hpp"
#include "../safetensors_writer.hpp"

using namespace sextant;
using namespace sextant::engine;
using namespace sextant::test;
using Catch::Matchers::Contains;

namespace {

const std::string goldens = std::string(SEXTANT_GOLDEN_DIR) + "/lora/";
const std::string model = goldens + "model";  // layers.N.q_proj [8, 6], up_proj [10, 6], down_proj [6, 10]

using Files = std::map<std::string, std::string>;
constexpr const char* config_json = R"({"peft_type":"LORA","r":1,"lora_alpha":2,"target_modules":["q_proj"]})";
constexpr const char* a_name = "base_model.model.layers.0.q_proj.lora_A.weight";
constexpr const char* b_name = "base_model.model.layers.0.q_proj.lora_B.weight";
const std::vector<float> ones(64, 1.0f);
SafetensorsWriter pair_of(const char* a_shape = "[1,6]", size_t a = 6, const char* b_shape = "[8,1]", size_t b = 8) {
  return SafetensorsWriter()
      .f32(a_name, a_shape, {ones.begin(), ones.begin() + a})
      .f32(b_name, b_shape, {ones.begin(), ones.begin() + b});
}
Files sound() { return {{"adapter_config.json", config_json}, {"adapter_model.safetensors", pair_of().bytes()}}; }

std::string refusal_of(Files files, const std::string& name, const std::string& bytes) {
  const TemporaryFolder folder;
  files[name] = bytes;
  for (const auto& [file, content] : files) spit(folder / file, content);
  const auto opened = open_checkpoint(model, folder.path().string());
  return opened ? "it was accepted" : opened.error().message;
}
std::string refusal_with(const std::string& members) {
  return refusal_of(sound(), "adapter_config.json", R"({"peft_type":"LORA",)" + members + R"(,"r":1,"lora_alpha":2})");
}
std::string refusal_of_weights(const std::string& bytes) { return refusal_of(sound(), "adapter_model.safetensors", bytes); }

}  // namespace

TEST_CASE("an adapter is merged as peft merges it", "[engine][adapter]") {
  const std::string name = GENERATE("plain", "patterns", "dora", "whole");
  const auto base = open_checkpoint(model), adapted = open_checkpoint(model, goldens + name);
  if (!adapted) FAIL(adapted.error().message);
  const auto merged = SafetensorsFile::open(goldens + name + ".merged.safetensors");
  REQUIRE(merged);
  REQUIRE(merged->tensors().size() == (*adapted)->tensors().size());
  size_t changed = 0;
  for (const Tensor& expected : merged->tensors()) {
    INFO(expected.name);
    const Tensor* tensor = (*adapted)->find(expected.name);
    REQUIRE(tensor);
    REQUIRE(tensor->shape == expected.shape);
    std::vector<float> row(tensor->columns()), truth(tensor->columns()), before(tensor->columns());
    for (uint64_t r = 0; r < tensor->rows(); ++r) {
      read_row(*tensor, r, row.data());
      read_row(expected, r, truth.data());
      read_row(*(*base)->find(expected.name), r, before.data());
      changed += row != before;
      // both sum at most four products in float32, in an order of their own
      for (size_t i = 0; i < row.size(); ++i) CHECK(row[i] == Approx(truth[i]).margin(1e-5).epsilon(0));
    }
  }
  // rows of q_proj, up_proj, down_proj, and up_proj's bias, one row each
  const std::map<std::string, size_t> rows = {{"plain", 2 * (8 + 10)}, {"patterns", 2 * (8 + 10 + 6)}, {"dora", 2 * (8 + 10)},
                                              {"whole", 8 + 2 * (10 + 1 + 6)}};
  CHECK(changed == rows.at(name));
  CHECK(*(*adapted)->sha256() != *(*base)->sha256());
}

TEST_CASE("two adapters of one shape give two hashes", "[engine][adapter]") {
  const TemporaryFolder folder;
  for (const auto& [name, bytes] : sound()) spit(folder / name, bytes);
  const auto hash = [&] { return *(*open_checkpoint(model, folder.path().string()))->sha256(); };
  const std::string before = hash();
  spit(folder / "adapter_config.json", R"({"peft_type":"LORA","r":1,"lora_alpha":3})");
  CHECK(hash() != before);
}

TEST_CASE("an adapter that asks for more than is computed is refused by the key", "[engine][adapter]") {
  struct { const char* members; const char* reason;
  } const cases[] = {
      {R"("use_dora":true)", "has no lora_magnitude_vector, which \"use_dora\""},
      {R"("use_qalora":true)", "\"use_qalora\": true"},
      {R"("use_bdlora":{"nblocks":2})", "\"use_bdlora\""},
      {R"("use_later":{"x":1})", "\"use_later\""},
      {R"("modules_to_save":["down_proj"])",
       "\"modules_to_save\" of adapter_config.json names \"down_proj\", and no tensor of it"},
      {R"("modules_to_save":[1])", "\"modules_to_save\" must be names"},
      {R"("bias":"some")", "\"bias\": \"some\""},
      {R"("exclude_modules":["q_proj"])", "\"exclude_modules\" of adapter_config.json leaves out"},
      {R"("layers_to_transform":[1])", "\"layers_to_transform\" of adapter_config.json does not name"},
      {R"("layers_to_transform":"x")", "\"layers_to_transform\" must be whole numbers"},
      {R"("init_lora_weights":"later")", "\"init_lora_weights\""},
      {R"("lora_bias":true)", "\"lora_bias\""},
      {R"("layer_replication":[[0,1]])", "\"layer_replication\""},
      {R"("trainable_token_indices":[1])", "\"trainable_token_indices\""},
      {R"("alora_invocation_tokens":[1])", "\"alora_invocation_tokens\""},
      {R"("target_parameters":["x"])", "\"target_parameters\""},
      {R"("init_lora_weights":"pissa_niter_4")", "\"init_lora_weights\""},
      {R"("r":"x")", "\"r\" must be a number"},
      {R"("rank_pattern":[1])", "\"rank_pattern\" must be an object"},
      {R"("alpha_pattern":{"(":1})", "\"alpha_pattern\": \"(\" is not a regular expression"},
      {R"("target_modules":"(")", "\"target_modules\": \"(\" is not a regular expression"},
      {R"("target_modules":[1])", "\"target_modules\" must be names"},
      {R"("target_modules":["k_proj"])", "does not name"},
      {R"("target_modules":["proj"])", "does not name"},
      {R"("rank_pattern":{"q_proj":0})", "no rank of 1 or more"},
      {R"("rank_pattern":{"q_proj":2})", "must have shape [2, 6]"},
      // what asks for nothing more
      {R"("use_dora":false,"bias":"none","modules_to_save":[],"use_x":null,"init_lora_weights":"gaussian","target_modules":"all-linear")",
       "it was accepted"},
      {R"("target_modules":["layers.0.q_proj"],"rank_pattern":{"k_proj":7},"fan_in_fan_out":true,"bias":"lora_only")",
       "it was accepted"},
  };
  for (const auto& c : cases) {
    INFO(c.members);
    CHECK_THAT(refusal_with(c.members), Contains(c.reason));
  }
}

TEST_CASE("a pattern that would take for ever matches nothing", "[engine][adapter]") {
  CHECK_THAT(refusal_with(R"re("target_modules":"(a+)+(l|la|lay|.)*(.*.*.*.*.*.*.*.*)*x")re"), Contains("does not name"));
}

TEST_CASE("adapter weights that do not fit are refused by name", "[engine][adapter]") {
  struct { const char* name; std::string bytes, reason;
  } const cases[] = {
      {"no tensor", safetensors("{}"), "holds no tensor"},
      {"half a pair", SafetensorsWriter().f32(a_name, "[1,6]", {1, 1, 1, 1, 1, 1}).bytes(),
       "q_proj.lora_A.weight\" has no lora_B"},
      {"the other half", SafetensorsWriter().f32(b_name, "[1,1]", {1}).bytes(),
       "q_proj.lora_B.weight\" has no lora_A"},
      {"a module that is missing",
       SafetensorsWriter()
           .f32("base_model.model.layers.7.q_proj.lora_A.weight", "[1,1]", {1})
           .f32("base_model.model.layers.7.q_proj.lora_B.weight", "[1,1]", {1})
           .bytes(),
       "belongs to \"layers.7.q_proj.weight\""},
      {"half an embedding's", pair_of().f32("base_model.model.embed.lora_embedding_A", "[1]", {1}).bytes(),
       "has no lora_embedding_B"},
      {"a bias of what is added",
       pair_of().f32("base_model.model.layers.0.q_proj.lora_B.bias", "[8]", {ones.begin(), ones.begin() + 8}).bytes(),
       "is not part of a LoRA adapter"},
      {"a magnitude that nobody asks for",
       pair_of().f32("base_model.model.layers.0.q_proj.lora_magnitude_vector", "[8]", {ones.begin(), ones.begin() + 8}).bytes(),
       "does not say \"use_dora\": true"},
      {"two adapters",
       pair_of().f32("base_model.model.layers.1.q_proj.lora_A.other.weight", "[1,6]", {1, 1, 1, 1, 1, 1}).bytes(),
       "holds two adapters, \"\" and \"other\""},
      {"one part twice", pair_of().f32("layers.0.q_proj.lora_A", "[1,6]", {1, 1, 1, 1, 1, 1}).bytes(),
       "are the same part of the adapter"},
      {"a tensor that the model has not", pair_of().f32("base_model.model.classifier.weight", "[1,1]", {1}).bytes(),
       "is \"classifier.weight\" whole, and"},
      {"a tensor of another shape", pair_of().f32("base_model.model.layers.0.down_proj.weight", "[1,1]", {1}).bytes(),
       "has shape [1, 1], and the model's is [6, 10]"},
      {"a NaN", pair_of().f32("base_model.model.layers.0.up_proj.bias", "[10]", {1, NAN, 1, 1, 1, 1, 1, 1, 1, 1}).bytes(),
       "holds a NaN or an infinity: so it was trained"},
      {"the wrong rank", pair_of("[2,6]", 12, "[8,2]", 16).bytes(), "must have shape [1, 6]"},
      {"the wrong width", pair_of("[1,5]", 5).bytes(), "lora_A.weight\" must have shape [1, 6]"},
      {"the wrong height", pair_of("[1,6]", 6, "[7,1]", 7).bytes(), "lora_B.weight\" must have shape [8, 1]"},
      {"a vector", pair_of("[6]", 6).bytes(), "must have shape [1, 6]"},
  };
  for (const auto& c : cases) {
    INFO(c.name);
    CHECK_THAT(refusal_of_weights(c.bytes), Contains(c.reason));
  }
}

TEST_CASE("a folder that is not an adapter, and a model that can take none", "[engine][adapter]") {
  CHECK_THAT(refusal_of({}, "x", ""), Contains("holds no adapter_config.json"));
  CHECK_THAT(refusal_of({}, "adapter_config.json", config_json), Contains("holds no adapter_model.safetensors"));
  CHECK_THAT(refusal_of({{"adapter_model.bin", "PK"}}, "adapter_config.json", config_json), Contains("tools/convert_bin.py"));
  CHECK_THAT(refusal_of(sound(), "adapter_config.json", R"({"peft_type":"IA3"})"), Contains("\"peft_type\" is \"IA3\""));
  CHECK_THAT(refusal_of(sound(), "adapter_config.json", "[]"), Contains("is not a JSON object"));
  CHECK_THAT(open_checkpoint(model, "/nonexistent").error().message, Contains("there is no such file or folder"));
  CHECK_THAT(open_checkpoint(std::string(SEXTANT_GOLDEN_DIR) + "/tiny_llama.gguf", goldens + "plain").error().message,
             Contains("Hugging Face folder only"));
}
