// What `sextant model info` says of a model: where its tokens are from, what it takes, and what looks wrong.
#include <filesystem>
#include <fstream>
#include <map>
#include <architecture/footprint.hpp>
#include "../../cpu/backend.hpp"
#include "../config_only.hpp"

using namespace fakes;
namespace fs = std::filesystem;

namespace {

std::string golden(const std::string& name) { return SEXTANT_GOLDEN_DIR "/" + name; }

using Files = std::map<std::string, std::string>;

const std::string turns =
    "{% for m in messages %}<|im_start|>{{ m.role }} {{ m.content }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant {% endif %}";

std::string tokenizer_config(const std::string& chat_template, const std::string& more = "") {
  return R"({"bos_token":"<s>","eos_token":{"content":"</s>"},"chat_template":)" + json::quote(chat_template) + more + "}";
}

std::string tokenizer_json() {
  std::string vocab, added;
  for (char c = 'a'; c <= 'z'; ++c)
    vocab += (vocab.empty() ? "" : ",") + json::quote(std::string(1, c)) + ":" + std::to_string(10 + c - 'a');
  const char* names[] = {"<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|stop|>"};
  for (int id = 0; id < 6; ++id)
    added += std::string(id ? "," : "") + R"({"id":)" + std::to_string(id) + R"(,"content":)" + json::quote(names[id]) +
             R"(,"special":true})";
  return R"({"added_tokens":[)" + added + R"(],"decoder":{"type":"Fuse"},"model":{"type":"BPE","vocab":{)" + vocab +
         R"(},"merges":[]}})";
}

/// The configuration of tests/golden/families' llama, `more` before its own members.
std::string config(const std::string& more) {
  std::ifstream in(golden("families/goldens.json"));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const json::Document goldens = or_throw(json::parse(text, "goldens.json"));
  return "{" + more + json::write(*json::find((*json::find(goldens, "entries"))[0], "config")).substr(1);
}

/// A tiny llama with a sound tokenizer and chat template, but for the files given.
class TinyModel {
 public:
  explicit TinyModel(const Files& changed = {}, const std::string& name = "tiny")
      : path_(fs::temp_directory_path() / ("sextant-info-" + std::to_string(::getpid())) / name) {
    fs::create_directories(path_);
    Files files = {{"config.json", config(R"("bos_token_id":1,"eos_token_id":2,)")},
                   {"generation_config.json", R"({"eos_token_id":[2,4]})"},
                   {"tokenizer.json", tokenizer_json()},
                   {"tokenizer_config.json", tokenizer_config("{{ bos_token }}" + turns)}};
    for (const auto& [file, text] : changed) files[file] = text;
    for (const auto& [file, text] : files)
      if (!text.empty()) std::ofstream(path_ / file) << text;
    fs::create_symlink(golden("families/llama.safetensors"), path_ / "model.safetensors");
  }
  ~TinyModel() { fs::remove_all(path_.parent_path()); }
  TinyModel(const TinyModel&) = delete;

  json::Document info(const std::string& settings = R"("weights":"description")") const {
    return Backend(path_.string(), settings).describe();
  }
  json::Document chat(const std::string& conversation) const {
    return Backend(path_.string(), R"("weights":null)").render_chat(conversation);
  }

 private:
  fs::path path_;
};

std::vector<std::string> looks_wrong(const TinyModel& model) {
  const json::Document info = model.info();
  std::vector<std::string> lines;
  for (const char* key : {"looks_wrong", "notes"})
    if (const json::Value* list = json::find(info, key))
      for (const auto& line : list->GetArray()) lines.emplace_back(json::text(line));
  return lines;
}

}  // namespace

TEST_CASE("nothing looks wrong with a sound model", "[backend][info]") {
  CHECK(looks_wrong(TinyModel()) == std::vector<std::string>{});
}

TEST_CASE("what looks wrong is named", "[backend][info]") {
  struct Case {
    Files files;
    std::vector<std::string> says;
  };
  const std::string yarn = R"("rope_scaling":{"rope_type":"yarn","factor":2.0,"original_max_position_embeddings":64},)";
  const std::string ids = R"("bos_token_id":1,"eos_token_id":2,)";
  for (const Case& c : std::vector<Case>{
           {{{"tokenizer_config.json", tokenizer_config("<s><|user|>{{ messages[0].content }}")}},
            {"writes <|user|>, which is not a token"}},
           {{{"tokenizer_config.json", tokenizer_config("{{ bos_token }}{{ messages[0].content }}<\xEF\xBD\x9C"
                                                        "Bot\xEF\xBD\x9C>")}},
            {"writes <\xEF\xBD\x9C"
             "Bot\xEF\xBD\x9C>, which is not a token"}},
           {{{"tokenizer_config.json",
              tokenizer_config("{{ bos_token }}{% for m in messages %}{{ m.content }}<|stop|>{% endfor %}")}},
            {"ends a reply with <|stop|> (5), and no file says that it ends a generation"}},
           {{{"tokenizer_config.json", tokenizer_config("<s>{{ bos_token }}" + turns)}}, {"writes <s> (1) twice"}},
           {{{"tokenizer_config.json", tokenizer_config(turns, R"(,"add_bos_token":true)")}},
            {"plain texts begin with <s> (1) and chats do not"}},
           {{{"generation_config.json", R"({"eos_token_id":4})"}},
            {"tokenizer_config.json: eos_token is </s> (2), which is not among those of generation_config.json: eos_token_id: "
             "<|im_end|> (4)",
             "config.json: eos_token_id is </s> (2)"}},
           {{{"config.json", config(R"("bos_token_id":3,"eos_token_id":2,)")}},
            {"config.json: bos_token_id is <|im_start|> (3), and the tokenizer begins texts with <s> (1)"}},
           {{{"tokenizer_config.json", tokenizer_config("{{ bos_token }}" + turns, R"(,"pad_token":"</s>")")}},
            {"tokenizer_config.json: pad_token is the end of a text, </s> (2)"}},
           {{{"special_tokens_map.json", R"({"pad_token":"<pad>"})"}},
            {R"(special_tokens_map.json: pad_token: "<pad>" is not a token)"}},
           {{{"config.json", config(ids + yarn + R"("max_position_embeddings":200,)")}},
            {"200 tokens is longer than the 128 that RoPE is stretched to"}},
           {{{"config.json", config(ids + yarn + R"("max_position_embeddings":64,)")}},
            {"RoPE is stretched to 128 tokens, and the context still ends at 64"}},
           {{{"config.json", config(ids + yarn + R"("max_position_embeddings":128,)")}}, {}},
           {{{"tokenizer_config.json", tokenizer_config("{{ raise_exception('no') }}")}}, {}}}) {
    const std::vector<std::string> lines = looks_wrong(TinyModel(c.files));
    CAPTURE(c.says, lines);
    REQUIRE(lines.size() == c.says.size());
    for (size_t i = 0; i < lines.size(); ++i) CHECK_THAT(lines[i], Catch::Contains(c.says[i]));
  }
}

TEST_CASE("a chat model without a chat template is noticed by its name", "[backend][info]") {
  const Files none = {{"tokenizer_config.json", R"({"bos_token":"<s>","eos_token":"</s>"})"}};
  for (const auto& [name, chats] : std::map<std::string, bool>{
           {"Tiny-1B-Chat", true}, {"tiny-instruct-v2", true}, {"tiny-2b-it", true}, {"tiny-bit", false}}) {
    CAPTURE(name);
    CHECK(looks_wrong(TinyModel(none, name)).size() == (chats ? 1 : 0));
    CHECK(looks_wrong(TinyModel({}, name)).empty());
  }
}

TEST_CASE("the tokens around a text are named with the files that say so", "[backend][info]") {
  const auto text = [](const json::Document& info, const char* key) { return json::find_string(info, key).value_or("?"); };
  const json::Document info =
      TinyModel({{"tokenizer_config.json", tokenizer_config("{{ bos_token }}" + turns, R"(,"add_bos_token":true)")}}).info();
  CHECK(json::find_int(info, "bos_id") == 1);
  CHECK(text(info, "bos_from") == "tokenizer_config.json: bos_token");
  CHECK(text(info, "eos_from") == "tokenizer_config.json: eos_token");
  CHECK(text(info, "pad_from") == "config.json: pad_token_id");
  CHECK(json::find_bool(info, "add_bos") == true);
  CHECK(json::find_bool(info, "add_eos") == false);
  CHECK(text(info, "add_from") == "tokenizer_config.json: add_bos_token");
  CHECK(
      json::write(*json::find(info, "end_of_generation")) ==
      R"([{"id":2,"piece":"</s>","from":"tokenizer_config.json: eos_token"},{"id":4,"piece":"<|im_end|>","from":"generation_config.json: eos_token_id"}])");
  CHECK_THAT(text(info, "chat_template_from"), Catch::EndsWith("tokenizer_config.json"));

  // a token may hold the key's name
  const std::string named = tokenizer_json().replace(1, 0, R"("added_tokens_of":"\"post_processor\": {}",)");
  CHECK(text(TinyModel({{"tokenizer.json", named}}).info(), "add_from") == "no file; what is usual for such a vocabulary");
  const std::string processed =
      named.substr(0, 1) +
      R"("post_processor" : {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},)"
      R"({"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}},)" +
      named.substr(1);
  const json::Document with_processor = TinyModel({{"tokenizer.json", processed}}).info();
  CHECK(text(with_processor, "add_from") == "tokenizer.json: post_processor");
  CHECK(json::find_bool(with_processor, "add_bos") == true);

  const json::Document gguf = Backend(golden("tiny_llama.gguf"), R"("weights":"description")").describe();
  CHECK(text(gguf, "bos_from") == "tiny_llama.gguf: tokenizer.ggml.bos_token_id");
  CHECK(text(gguf, "add_from") == "tiny_llama.gguf: tokenizer.ggml.add_bos_token");
}

TEST_CASE("without a decoder no token gets a blank before it", "[backend][info]") {
  std::string joined = tokenizer_json();
  joined.erase(joined.find("\"decoder\""), std::string_view(R"("decoder":{"type":"Fuse"},)").size());
  const TinyModel model({{"tokenizer.json", joined}});
  const json::Document info = model.info();
  CHECK(json::find_string(info, "bos") == "<s>");
  CHECK(json::find(info, "looks_wrong")->Empty());
  CHECK(json::find_string(model.chat(R"({"messages":[{"role":"user","content":"a"}]})"), "text") ==
        "<s><|im_start|>user a<|im_end|>");
}

TEST_CASE("a description loads nothing and says of the weights what a loaded model says", "[backend][info]") {
  const TinyModel model;
  const json::Document described = model.info(), loaded = model.info("");
  CHECK_FALSE(json::find(described, "device"));
  REQUIRE(json::find(loaded, "device"));
  for (const char* key : {"family", "parameters", "tensor_types", "architecture", "memory", "bos_id", "looks_wrong"}) {
    CAPTURE(key);
    CHECK(json::write(*json::find(described, key)) == json::write(*json::find(loaded, key)));
  }
}

TEST_CASE("tokens without a row in the embedding are a warning, for a description and for a loaded model", "[backend][info]") {
  const std::string larger = tokenizer_json().insert(std::string_view(R"({"added_tokens":[)").size(),
                                                     R"({"id":140,"content":"<new>","special":true},)");
  const TinyModel model({{"tokenizer.json", larger}});
  for (const char* settings : {R"("weights":"description")", ""}) {
    const json::Document info = model.info(settings);
    const auto& warnings = *json::find(info, "warnings");
    REQUIRE(warnings.Size() == 1);
    CHECK_THAT(std::string(json::text(warnings[0])),
               Catch::Contains("has 141 ids, the embedding 131 rows") && Catch::Contains("\"<new>\""));
  }
}

TEST_CASE("what a model takes is the arithmetic of its shapes", "[backend][info]") {
  struct TwoTensors : test::ConfigOnly {
    TwoTensors() : ConfigOnly(json::Document()) {
      tensors_.push_back({"matrix", TensorType::bf16, {3, 40}, {static_cast<const std::byte*>(nullptr), 240}});
      tensors_.push_back({"norm", TensorType::f32, {40}, {static_cast<const std::byte*>(nullptr), 160}});
    }
    const std::vector<Tensor>& tensors() const override { return tensors_; }
    std::vector<Tensor> tensors_;
  };
  Architecture a;
  a.layers.resize(3), a.kv_heads = 2, a.head_dim = 12;
  const Footprint f = footprint(TwoTensors(), a);
  CHECK(f.parameters == 160);
  CHECK(f.stored == 240 + 160);
  CHECK(f.f32 == 4 * 160);
  CHECK(f.bf16 == 2 * 120 + 4 * 40);
  CHECK(f.int8 == 3 * 2 * (32 + 2) + 4 * 40);  // a row of 40 is two blocks
  CHECK(f.kv_f32 == 2 * 3 * 2 * 12 * 4);
  CHECK(f.kv_bf16 == 2 * 3 * 2 * 12 * 2);
}
