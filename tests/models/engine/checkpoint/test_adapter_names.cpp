// PEFT adapters: how trainers spell their tensors, what becomes of a head that is the embedding, and what is said of an odd
// one.
#include <map>
#include <catch2/catch.hpp>
#include <checkpoint/adapter.hpp>
#include <checkpoint/dequantize.hpp>
#include <checkpoint/hugging_face.hpp>
#include "../../../core/temporary_folder.hpp"
#include "../safetensors_writer.hpp"

using namespace sextant;
using namespace sextant::engine;
using namespace sextant::test;
using Catch::Matchers::Contains;

namespace {

using Tensors = std::map<std::string, std::vector<float>>;
using Shapes = std::map<std::string, std::string>;

// Three tokens, width two, two layers of a square matrix. The head is the embedding.
const Tensors base = {{"model.embed_tokens.weight", {1, 2, 3, 4, 5, 6}},
                      {"model.layers.0.q_proj.weight", {1, 0, 0, 1}},
                      {"model.layers.1.q_proj.weight", {2, 0, 0, 2}}};
const Shapes shapes = {
    {"embed_tokens.weight", "[3,2]"}, {"q_proj.weight", "[2,2]"}, {"lm_head.weight", "[3,2]"}, {"modules_to_save", "[3,2]"},
    {"lm_head.base_layer", "[3,2]"},  {"lora_A", "[1,2]"},        {"lora_B", "[2,1]"},         {"lora_embedding_A", "[1,3]"},
    {"lora_embedding_B", "[2,1]"}};

std::string file_of(const Tensors& tensors) {
  SafetensorsWriter writer;
  for (const auto& [name, numbers] : tensors)
    for (const auto& [part, shape] : shapes)
      if (name.find(part) != name.npos) {
        writer.f32(name, name.find("lm_head.lora_B") != name.npos ? "[3,1]" : shape, numbers);
        break;
      }
  return writer.bytes();
}

struct Folders {
  TemporaryFolder model, adapter;
  explicit Folders(const Tensors& tensors, const std::string& members = "", const std::string& config = "{}") {
    spit(model / "config.json", config);
    spit(model / "model.safetensors", file_of(base));
    spit(adapter / "adapter_config.json", R"({"peft_type":"LORA","r":1,"lora_alpha":2)" + members + "}");
    spit(adapter / "adapter_model.safetensors", file_of(tensors));
  }
  std::unique_ptr<Checkpoint> open() const {
    auto opened = open_checkpoint(model.path().string(), adapter.path().string());
    if (!opened) FAIL(opened.error().message);
    return *std::move(opened);
  }
  std::string refusal() const {
    const auto opened = open_checkpoint(model.path().string(), adapter.path().string());
    return opened ? "it was accepted" : opened.error().message;
  }
};

std::vector<float> numbers(const Checkpoint& model, const std::string& name) {
  const Tensor* tensor = model.find(name);
  if (!tensor) return {};
  std::vector<float> all;
  for (uint64_t r = 0; r < tensor->rows(); ++r) {
    all.resize(all.size() + tensor->columns());
    read_row(*tensor, r, &all[all.size() - tensor->columns()]);
  }
  return all;
}

Tensors pair_in(const std::string& prefix, const std::string& end, float b = 1) {
  return {{prefix + "layers.0.q_proj.lora_A" + end, {1, 2}}, {prefix + "layers.0.q_proj.lora_B" + end, {b, b}}};
}
Tensors with(Tensors tensors, const Tensors& more) {
  tensors.insert(more.begin(), more.end());
  return tensors;
}
const std::string module_name = "base_model.model.model.";

}  // namespace

TEST_CASE("an adapter's tensors are recognised however a trainer wrapped the model", "[engine][adapter]") {
  for (const auto& [prefix, end] :
       std::vector<std::pair<std::string, std::string>>{{"base_model.model.model.", ".weight"},
                                                        {"model.", ".weight"},
                                                        {"", ".weight"},
                                                        {"module.base_model.model.model.", ".weight"},
                                                        {"_orig_mod.base_model.model.model.", ".weight"},
                                                        {"base_model.model._orig_mod.model.", ".weight"},
                                                        {"base_model.model.model.", ".default.weight"},
                                                        {"base_model.model.model.", ".mine.weight"},
                                                        {"_fsdp_wrapped_module.base_model.model.model.", ""}}) {
    CAPTURE(prefix, end);
    const Folders folders(pair_in(prefix, end));
    CHECK(numbers(*folders.open(), "model.layers.0.q_proj.weight") == std::vector<float>{3, 4, 2, 5});  // + 2 * [1, 1]^T [1, 2]
  }
}

TEST_CASE("an adapter finds the model's tensors, its embedding and its head, whatever stands before their names",
          "[engine][adapter]") {
  const std::vector<float> embedding = base.at("model.embed_tokens.weight"), changed = {3, 2, 7, 4, 11, 6};
  for (const auto& [prefix, head] :
       std::vector<std::pair<std::string, std::string>>{{"model.", ""},
                                                        {"language_model.model.", "language_model."},
                                                        {"model.language_model.", ""},
                                                        {"model.model.", "model."},
                                                        {"language_model.", ""},
                                                        {"", ""}}) {
    for (const std::string& trained : {std::string("model."), prefix}) {
      CAPTURE(prefix, trained);
      const Folders folders(
          with(pair_in("base_model.model." + trained, ".weight"),
               {{"base_model.model.lm_head.lora_A.weight", {1, 0}}, {"base_model.model.lm_head.lora_B.weight", {1, 2, 3}}}));
      Tensors model;
      for (const auto& [name, values] : base) model.emplace(prefix + name.substr(6), values);
      spit(folders.model / "model.safetensors", file_of(model));
      const auto opened = folders.open();
      CHECK(numbers(*opened, prefix + "layers.0.q_proj.weight") == std::vector<float>{3, 4, 2, 5});
      CHECK(numbers(*opened, prefix + "embed_tokens.weight") == embedding);
      CHECK(numbers(*opened, head + "lm_head.weight") == changed);
    }
  }
}

TEST_CASE("an adapter without a rank is said to have none, not another shape", "[engine][adapter]") {
  const Folders folders(pair_in(module_name, ".weight"));
  spit(folders.adapter / "adapter_config.json", R"({"peft_type":"LORA","lora_alpha":2})");
  CHECK_THAT(folders.refusal(), Contains("has no \"r\"") && Contains("so that the rank is 8"));
}

TEST_CASE("layers_to_transform counts the layers that a name lies in", "[engine][adapter]") {
  const Tensors tensors = pair_in(module_name, ".weight");
  CHECK(Folders(tensors, R"(,"target_modules":["q_proj"],"layers_to_transform":[0])").refusal() == "it was accepted");
  CHECK(Folders(tensors, R"(,"target_modules":["q_proj"],"layers_to_transform":0,"layers_pattern":["blocks","layers"])")
            .refusal() == "it was accepted");
  CHECK_THAT(Folders(tensors, R"(,"target_modules":["q_proj"],"layers_to_transform":[1])").refusal(),
             Contains("\"layers_to_transform\" of adapter_config.json"));
  CHECK_THAT(Folders(tensors, R"(,"target_modules":["q_proj"],"layers_to_transform":[0],"layers_pattern":"blocks")").refusal(),
             Contains("\"layers_to_transform\""));
}

// What peft 0.21 computes before it is merged: only the module that is named changes.
TEST_CASE("an adapter of a head that is the embedding gives the model a head of its own", "[engine][adapter]") {
  const std::vector<float> embedding = base.at("model.embed_tokens.weight"), other = {9, 8, 7, 6, 5, 4};
  const Tensors head = {{"base_model.model.lm_head.lora_A.weight", {1, 0}},
                        {"base_model.model.lm_head.lora_B.weight", {1, 2, 3}}};
  const Tensors tokens = {{module_name + "embed_tokens.lora_embedding_A", {1, 2, 3}},
                          {module_name + "embed_tokens.lora_embedding_B", {1, 0}}};
  const std::vector<float> changed = {3, 2, 7, 4, 11, 6};  // + 2 * [1, 2, 3]^T [1, 0]
  struct Case {
    const char* name;
    Tensors tensors;
    std::string members;
    std::vector<float> embedding, head;
  };
  for (const Case& c :
       std::vector<Case>{{"LoRA of the head", head, "", embedding, changed},
                         {"LoRA of the embedding", tokens, "", changed, embedding},
                         {"LoRA of both, tied", with(tokens, head), R"(,"ensure_weight_tying":true)", changed, changed},
                         {"LoRA of the head, with a copy of it",
                          with(head, {{"base_model.model.lm_head.base_layer.weight", embedding}}), "", embedding, changed},
                         {"LoRA of the embedding, tied", tokens, R"(,"ensure_weight_tying":true)", changed, {}},
                         {"the head saved",
                          {{"base_model.model.lm_head.weight", other}},
                          R"(,"modules_to_save":["lm_head"])",
                          embedding,
                          other},
                         {"the head saved, as a raw state",
                          {{"base_model.model.lm_head.modules_to_save.default.weight", other}},
                          R"(,"modules_to_save":["lm_head"])",
                          embedding,
                          other},
                         {"the embedding saved",
                          {{module_name + "embed_tokens.weight", other}},
                          R"(,"modules_to_save":["embed_tokens"])",
                          other,
                          embedding},
                         {"the embedding saved, tied",
                          {{module_name + "embed_tokens.weight", other}},
                          R"(,"modules_to_save":["embed_tokens"],"ensure_weight_tying":true)",
                          other,
                          {}},
                         {"both saved",
                          {{module_name + "embed_tokens.weight", other}, {"base_model.model.lm_head.weight", other}},
                          "",
                          other,
                          other}}) {
    CAPTURE(c.name);
    const auto model = Folders(c.tensors, c.members).open();
    CHECK(numbers(*model, "model.embed_tokens.weight") == c.embedding);
    CHECK(numbers(*model, "lm_head.weight") == c.head);
  }
  CHECK_THAT(Folders(head, R"(,"ensure_weight_tying":true)").refusal(), Contains("\"ensure_weight_tying\""));
  CHECK_THAT(Folders(head, "", R"({"tie_word_embeddings":false})").refusal(), Contains("has no such matrix"));
}

TEST_CASE("an embedding with more tokens than the model's is refused with what was done before", "[engine][adapter]") {
  const Folders folders(pair_in(module_name, ".weight"));
  spit(folders.adapter / "adapter_model.safetensors",
       SafetensorsWriter().f32(module_name + "embed_tokens.weight", "[4,2]", {1, 2, 3, 4, 5, 6, 7, 8}).bytes());
  CHECK_THAT(folders.refusal(), Contains("has shape [4, 2], and the model's is [3, 2]; the model was given other tokens"));
}

TEST_CASE("an adapter that does less than it says warns", "[engine][adapter]") {
  struct { const char* name; Tensors tensors; std::string members; std::vector<std::string> says;
  } const cases[] = {
      {"nothing odd",
       pair_in(module_name, ".weight"),
       R"(,"base_model_name_or_path":"x","lora_dropout":0.1,"task_type":"CAUSAL_LM")",
       {}},
      {"B is zero",
       pair_in(module_name, ".weight", 0),
       "",
       {"the adapter changes nothing: what it adds is zero in every module"}},
      {"what is saved is what was there",
       {{module_name + "layers.0.q_proj.weight", base.at("model.layers.0.q_proj.weight")}},
       "",
       {"changes nothing"}},
      {"a module without a tensor",
       pair_in(module_name, ".weight"),
       R"(,"target_modules":["q_proj"])",
       {"names the module of \"model.layers.1.q_proj.weight\", and nothing"}},
      {"an unknown key",
       pair_in(module_name, ".weight"),
       R"(,"later":{"x":1},"never":null)",
       {"\"later\" is not a key that is known"}},
      {"another task", pair_in(module_name, ".weight"), R"(,"task_type":"SEQ_CLS")", {"\"task_type\" is \"SEQ_CLS\""}},
      {"inputs and outputs", pair_in(module_name, ".weight"), R"(,"fan_in_fan_out":true)", {"\"fan_in_fan_out\""}},
      {"a module that the model has not",
       pair_in(module_name, ".weight"),
       R"(,"modules_to_save":["score"])",
       {"\"modules_to_save\" names \"score\", which"}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    const std::vector<std::string> warnings = Folders(c.tensors, c.members).open()->warnings();
    REQUIRE(warnings.size() == c.says.size());
    for (size_t i = 0; i < warnings.size(); ++i) CHECK_THAT(warnings[i], Contains(c.says[i]));
  }
  const Folders folders(pair_in(module_name, ".weight"));
  spit(folders.adapter / "adapter_config.json", R"({"peft_type":"LORA","r":1})");
  CHECK_THAT(folders.open()->warnings().at(0), Contains("\"lora_alpha\" is missing; 8 is taken"));
}

TEST_CASE("a named adapter's folder is found below", "[engine][adapter]") {
  const Folders folders({});
  const TemporaryFolder above;
  std::filesystem::copy(folders.adapter.path(), above / "default");
  const auto opened = open_checkpoint(folders.model.path().string(), above.path().string());
  REQUIRE_FALSE(opened);
  CHECK_THAT(opened.error().message, Contains("a folder below does; name " + (above / "default").string()));
}

TEST_CASE("an adapter's own tokenizer is mentioned where it is another one", "[engine][adapter]") {
  const Folders folders(pair_in(module_name, ".weight"));
  const auto beside = [&] { return tokenizer_beside_adapter(folders.adapter.path().string(), folders.model.path().string()); };
  CHECK_FALSE(beside());
  spit(folders.model / "tokenizer.json", "{}");
  spit(folders.adapter / "tokenizer.json", "{}");
  CHECK_FALSE(beside());
  spit(folders.adapter / "tokenizer.json", "{ }");
  spit(folders.adapter / "chat_template.jinja", "x");
  CHECK_THAT(beside().value_or(""),
             Contains("holds tokenizer.json, chat_template.jinja besides the adapter") && Contains("give --tokenizer-path"));
}

TEST_CASE("a model's folder that holds an adapter, too, says that it is not merged", "[engine][adapter]") {
  const Folders folders(pair_in(module_name, ".weight"));
  spit(folders.model / "adapter_config.json", "{}");
  const auto plain = open_checkpoint(folders.model.path().string());
  REQUIRE(plain);
  CHECK_THAT((*plain)->warnings().at(0), Contains("besides the model, and it is not merged"));
  CHECK(folders.open()->warnings().empty());
}
