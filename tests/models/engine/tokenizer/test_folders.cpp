// Hugging Face folders against transformers: tests/golden/tokenizer_folders.json, made by make_tokenizer_folder_goldens.py; and
// folders whose files are missing or contradict each other.
#include <cstdlib>
#include <catch2/catch.hpp>
#include <sextant/json.hpp>
#include <tokenizer/open_vocabulary.hpp>
#include "../../../core/temporary_folder.hpp"

using namespace sextant;
using namespace sextant::engine;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;
using Files = std::vector<std::pair<std::string, std::string>>;  // name, content or "@" and a golden tokenizer

void fill(const test::TemporaryFolder& folder, const Files& files) {
  for (const auto& [name, content] : files) {
    const bool copy = content.starts_with('@');
    test::spit(folder / name, copy ? test::slurp(fs::path(SEXTANT_GOLDEN_DIR) / "tokenizers" / content.substr(1)) : content);
  }
}

Result<Vocabulary> open(const Files& files) {
  const test::TemporaryFolder folder;
  fill(folder, files);
  return open_vocabulary(folder.path().string());
}

Vocabulary opened(const Files& files) {
  auto vocabulary = open(files);
  if (!vocabulary) FAIL(vocabulary.error().message);
  return *std::move(vocabulary);
}

std::string refusal(const Files& files) {
  const auto vocabulary = open(files);
  return vocabulary ? "it was accepted" : vocabulary.error().message;
}

std::vector<int32_t> ids(const json::Value& list) {
  std::vector<int32_t> out;
  for (const auto& id : list.GetArray()) out.push_back(id.GetInt());
  return out;
}

std::optional<int32_t> id(const json::Value& value) { return value.IsInt() ? std::optional(value.GetInt()) : std::nullopt; }

}  // namespace

TEST_CASE("folders give transformers' ids, BOS, EOS and chat template", "[engine][tokenizer]") {
  const std::string path = SEXTANT_GOLDEN_DIR "/tokenizer_folders.json";
  const auto golden = json::parse(test::slurp(path), path);
  REQUIRE(golden);
  const json::Value& texts = *json::find(*golden, "texts");
  for (const auto& entry : json::find(*golden, "folders")->GetArray()) {
    INFO(*json::find_string(entry, "name"));
    Files files;
    for (const auto& file : json::find(entry, "files")->GetObject())
      files.emplace_back(json::text(file.name),
                         file.value.IsString() ? std::string(json::text(file.value)) : json::write(file.value));
    const Vocabulary vocabulary = opened(files);
    const Tokenizer& tokenizer = *vocabulary.tokenizer;
    CHECK(tokenizer.bos() == id(*json::find(entry, "bos")));
    CHECK(tokenizer.eos() == id(*json::find(entry, "eos")));
    std::optional<std::string> chat_template;
    for (const ChatTemplateSource& one : vocabulary.chat_templates)
      if (one.name == "default") chat_template = one.text;
    CHECK(chat_template == json::find_string(entry, "chat_template"));
    const json::Value& rows = *json::find(entry, "rows");
    for (rapidjson::SizeType i = 0; i < rows.Size(); ++i) {
      const std::string_view text = json::text(texts[i]);
      INFO(json::write(texts[i]));
      CHECK(tokenizer.encode(text, {}).ids == ids(rows[i][0]));
      if (!rows[i][1].IsNull()) CHECK(tokenizer.encode(text, {false, true}).ids == ids(rows[i][1]));
      CHECK(tokenizer.encode(text, {true, false}).ids == ids(rows[i][2]));
    }
  }
}

TEST_CASE("InternLM2's tokenizer with its special tokens adds BOS and knows its turns", "[engine][tokenizer]") {
  const char* data = std::getenv("SEXTANT_TEST_DATA");
  if (!data || !*data) {
    WARN("SKIP: SEXTANT_TEST_DATA is not set, so InternLM2's tokenizer.model is not at hand");
    return;
  }
  const std::string config =
      R"({"tokenizer_class":"InternLM2Tokenizer","auto_map":{"AutoTokenizer":["x.InternLM2Tokenizer",null]},
    "bos_token":"<s>","eos_token":"</s>","added_tokens_decoder":{"0":{"content":"<unk>","special":true},"1":{"content":"<s>","special":true},
    "2":{"content":"</s>","special":true},"92542":{"content":"<|im_end|>","special":true},"92543":{"content":"<|im_start|>","special":true}}})";
  const Vocabulary vocabulary =
      opened({{"tokenizer.model", test::slurp(fs::path(data) / "tokenizers" / "internlm2.tokenizer.model")},
              {"tokenizer_config.json", config}});
  CHECK(vocabulary.add_bos);
  CHECK_FALSE(vocabulary.add_eos);
  CHECK(vocabulary.warnings.empty());
  const Encoding e = vocabulary.tokenizer->encode("<|im_start|>user<|im_end|>", {true, false});
  REQUIRE(e.ids.size() >= 4);
  CHECK(e.ids.front() == 1);
  CHECK(e.ids[1] == 92543);
  CHECK(e.ids.back() == 92542);
  const auto& ends = vocabulary.tokenizer->end_of_generation();
  CHECK(std::find(ends.begin(), ends.end(), 92542) != ends.end());
}

TEST_CASE("the chat template is found where transformers finds it", "[engine][tokenizer]") {
  const std::string named = R"({"chat_template":[{"name":"rag","template":"R"},{"name":"default","template":"D"}]})";
  struct { Files files; std::string expected;
  } const cases[] = {
      {{}, ""},
      {{{"tokenizer_config.json", R"({"chat_template":"C"})"}}, "default=C "},
      {{{"tokenizer_config.json", named}}, "rag=R default=D "},
      {{{"tokenizer_config.json", R"({"chat_template":{"default":"D","rag":"R"}})"}}, "default=D rag=R "},
      {{{"tokenizer_config.json", R"({"chat_template":[{"name":"only","template":"O"}]})"}}, "only=O "},
      {{{"tokenizer_config.json", named}, {"chat_template.jinja", "J"}}, "default=J "},
      {{{"tokenizer_config.json", named}, {"additional_chat_templates/tool_use.jinja", "T"}}, "tool_use=T "},
      {{{"chat_template.jinja", "J"}, {"additional_chat_templates/b.jinja", "B"}, {"additional_chat_templates/a.jinja", "A"}},
       "default=J a=A b=B "},
      {{{"chat_template.json", R"({"chat_template":"P"})"}}, "default=P "},
      {{{"chat_template.json", R"({"chat_template":[{"name":"default","template":"P"}]})"}}, "default=P "},
      {{{"tokenizer_config.json", "{}"}, {"chat_template.json", R"({"chat_template":"P"})"}}, "default=P "},
      {{{"tokenizer_config.json", R"({"chat_template":7})"}}, "default= "},  // that it is none is said where it is chosen
  };
  for (const auto& c : cases) {
    const test::TemporaryFolder folder;
    fill(folder, c.files);
    const auto found = find_chat_templates(folder.path().string());
    REQUIRE(found);
    std::string all;
    for (const ChatTemplateSource& one : *found) all += one.name + "=" + one.text + " ";
    CHECK(all == c.expected);
  }
}

TEST_CASE("files that contradict each other are said, and the vocabulary's own file counts", "[engine][tokenizer]") {
  const auto warnings = [](const Files& files) {
    std::string all;
    for (const std::string& text : opened(files).warnings) all += text + "\n";
    return all;
  };
  const std::pair<std::string, std::string> json_file{"tokenizer.json", "@byte_level.json"},
      model_file{"tokenizer.model", "@sp_bpe.model"};
  CHECK(warnings({json_file}).empty());
  CHECK_THAT(
      warnings({json_file, {"tokenizer_config.json", R"({"added_tokens_decoder":{"7":{"content":"<s>","special":true}}})"}}),
      Contains("<s>") && Contains("has the id 1 there, and 7 in the folder's other files"));
  CHECK_THAT(warnings({json_file, {"tokenizer_config.json", R"({"bos_token":"<s>","add_bos_token":false})"}}),
             Contains("add_bos_token"));
  CHECK_THAT(warnings({model_file, {"generation_config.json", R"({"eos_token_id":[2,5000]})"}}), Contains("eos_token_id 5000"));
}

TEST_CASE("a folder without a tokenizer, or with a damaged file, is an error that says what to do", "[engine][tokenizer]") {
  CHECK_THAT(refusal({}), Contains("no tokenizer.json, tokenizer.model") && Contains("tokenizer_path"));
  CHECK_THAT(refusal({{"vocab.json", "{}"}}), Contains("no tokenizer.json"));
  CHECK_THAT(refusal({{"tokenizer.json", ""}}), Contains("tokenizer.json"));
  CHECK_THAT(refusal({{"tokenizer.json", "@byte_level.json"}, {"tokenizer_config.json", "{"}}),
             Contains("tokenizer_config.json"));
  CHECK_THAT(refusal({{"tokenizer.model", "@sp_bpe.model"},
                      {"tokenizer_config.json", R"({"added_tokens_decoder":{"x":{"content":"y"}}})"}}),
             Contains("added_tokens_decoder"));
  CHECK_THAT(refusal({{"tokenizer.model", "@sp_bpe.model"}, {"added_tokens.json", R"({"<x>":2000000000})"}}),
             Contains("far beyond"));
  CHECK_THAT(refusal({{"vocab.json", R"({"a":0})"}, {"merges.txt", "a b c\n"}}), Contains("merges.txt:1"));
}
