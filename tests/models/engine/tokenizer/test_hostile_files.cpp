// Tokenizer files that are damaged or mean: each is refused with a sentence that names the file and what is wrong, or does no
// harm.
#include <catch2/catch.hpp>
#include <sextant/json.hpp>
#include <tokenizer/open_vocabulary.hpp>
#include "../../../core/temporary_folder.hpp"

using namespace sextant;
using namespace sextant::engine;
using Catch::Matchers::Contains;

namespace {

Result<Vocabulary> open(const std::string& content, const char* name = "tokenizer.json") {
  const test::TemporaryFolder folder;
  test::spit(folder / name, content);
  return open_vocabulary((folder / name).string());
}

std::string refusal(const std::string& content, const char* name = "tokenizer.json") {
  const auto vocabulary = open(content, name);
  return vocabulary ? "it was accepted" : vocabulary.error().message;
}

std::string golden(const char* name) { return test::slurp(std::filesystem::path(SEXTANT_GOLDEN_DIR) / "tokenizers" / name); }

// A tokenizer.json of a few letters, with `members` beside the model.
std::string letters(const std::string& members) {
  return R"({"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]},)" + members + "}";
}

std::string split(const std::string& pattern) {
  return letters(R"("pre_tokenizer":{"type":"Split","behavior":"Isolated","pattern":{"Regex":)" + json::quote(pattern) + "}}");
}

// A ModelProto: pieces of (text, kind), BPE.
std::string sentencepieces(const std::vector<std::pair<std::string, char>>& pieces) {
  std::string out;
  for (const auto& [text, kind] : pieces) {
    const std::string piece = std::string("\x0A") + static_cast<char>(text.size()) + text + "\x18" + kind;
    out += std::string("\x0A") + static_cast<char>(piece.size()) + piece;
  }
  return out + std::string("\x12\x02\x18\x02", 4);  // trainer_spec.model_type
}

}  // namespace

TEST_CASE("a damaged tokenizer.json is refused by what is wrong in it", "[engine][tokenizer]") {
  const std::string sound = golden("byte_level.json");
  for (const size_t size : {size_t{1}, size_t{40}, sound.size() / 2, sound.size() - 3})
    CHECK_THAT(refusal(sound.substr(0, size)), Contains("tokenizer.json"));
  struct { std::string content; const char* expected; } const cases[] = {
      {"[]", "not a tokenizer that is known"},
      {"{}", "no \"model\" with a \"vocab\""},
      {R"({"model":[]})", "no \"model\""},
      {R"({"model":{"type":"BPE","vocab":7,"merges":[]}})", "the vocabulary is not an object"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":"a b"}})", "\"merges\" is missing or no list"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[["a"]]}})", "merge 0"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[7]}})", "merge 0"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}})", "names a token that the vocabulary does not have"},
      {R"({"model":{"type":"BPE","vocab":{"a":4000000000},"merges":[]}})", "far beyond the number of tokens"},
      {R"({"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}})", "not a whole number"},
      {R"({"model":{"type":"BPE","vocab":{"a":0.5},"merges":[]}})", "not a whole number"},
      {R"({"model":{"type":"BPE","vocab":{},"merges":[]}})", "vocabulary is empty"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"?"}})", "unk_token"},
      {R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}})", "dropout"},
      {R"({"model":{"type":"Unigram","vocab":[["a"]],"unk_id":0}})", "token 0"},
      {R"({"model":{"type":"Unigram","vocab":[["a",0]],"unk_id":9}})", "unk_id"},
      {R"({"model":{"type":"Unigram","vocab":[]}})", "\"vocab\""},
      {R"({"model":{"type":"WordPiece","vocab":{"a":0}}})", "unk_token"},
      {R"({"model":{"type":"Telepathy","vocab":{"a":0}}})", "Telepathy"},
      {letters(R"("added_tokens":3)"), "added_tokens"},
      {letters(R"("added_tokens":[{"id":"x","content":"y"}])"), "added_tokens"},
      {letters(R"("added_tokens":[{"id":2000000000,"content":"y"}])"), "far beyond the vocabulary"},
      {letters(R"("added_tokens":[{"id":99999999999,"content":"y"}])"), "added_tokens"},
      {letters(R"("normalizer":{"type":"Telepathy"})"), "Telepathy"},
      {letters(R"("normalizer":5)"), "normalizer"},
      {letters(R"("normalizer":{"type":"Precompiled","precompiled_charsmap":"!"})"), "Precompiled"},
      {letters(R"("normalizer":{"type":"Precompiled","precompiled_charsmap":"AAAA"})"), "Precompiled"},
      {letters(R"("pre_tokenizer":"x")"), "pre-tokenizer"},
      {letters(R"("pre_tokenizer":{"type":"Sequence"})"), "pretokenizers"},
      {letters(R"("pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Sideways"})"), "Sideways"},
      {letters(R"("decoder":{"type":"Telepathy"})"), "Telepathy"},
      {letters(R"("post_processor":{"type":"BertProcessing","sep":["x",-1],"cls":["y",0]})"), "an id is not a whole number"},
      {letters(R"("post_processor":{"type":"BertProcessing","sep":["x",70],"cls":["y",0]})"), "outside the vocabulary"},
      {letters(R"("post_processor":{"type":"TemplateProcessing","single":[]})"), "leaves the text out"},
      {split("("), "cannot be used"},
      {split("[a"), "a class without end"},
      {split("a&&"), "it was accepted"},
      {split("[a&&b]"), "&&"},
      {split("(?<n>a)\\k<n>"), "is not supported"},
      {split("\\p{Klingon}"), "cannot be used"},
      {split("(?:" + std::string(70'000, '(') + ")"), "cannot be used"},
      {split("(?:a{1,60000}){1,60000}"), "cannot be used"},
  };
  for (const auto& c : cases) {
    INFO(c.content.substr(0, 200));
    CHECK_THAT(refusal(c.content), Contains(c.expected));
  }
}

TEST_CASE("sequences nested without end are refused", "[engine][tokenizer]") {
  for (const auto& [role, list] : std::vector<std::pair<std::string, std::string>>{{"normalizer", "normalizers"},
                                                                                   {"pre_tokenizer", "pretokenizers"},
                                                                                   {"decoder", "decoders"},
                                                                                   {"post_processor", "processors"}}) {
    std::string deep = "null";
    for (int i = 0; i < 40; ++i) deep = R"({"type":"Sequence",")" + list + R"(":[)" + deep + "]}";
    CHECK_THAT(refusal(letters("\"" + role + "\":" + deep)), Contains("nest too deep"));
  }
}

TEST_CASE("merges cannot lead in a circle, for an id has one spelling", "[engine][tokenizer]") {
  // were "ab" the same token as "a", what was merged would merge again with what follows
  CHECK_THAT(refusal(R"({"model":{"type":"BPE","vocab":{"ab":0,"b":1,"a":0},"merges":[["a","b"]]}})"), Contains("merge 0"));
}

TEST_CASE("a regular expression that would take for ever is an error of the text", "[engine][tokenizer]") {
  const auto vocabulary = open(split("(?:(?:a|b|ab)+)+c"));
  REQUIRE(vocabulary);
  CHECK(vocabulary->tokenizer->encode("ababc", {}).ids == std::vector<int32_t>{2, 2});
  CHECK_THROWS_WITH(vocabulary->tokenizer->encode(std::string(5'000, 'a') + "!c", {}), Contains("(?:(?:a|b|ab)+)+c"));
}

TEST_CASE("a damaged tokenizer.model is refused", "[engine][tokenizer]") {
  constexpr char normal = 1, unknown = 2, byte = 6;
  const std::string sound = golden("sp_bpe.model");
  for (const size_t size : {sound.size() - 1, sound.size() / 2, size_t{60}}) {
    const std::string message = refusal(sound.substr(0, size), "tokenizer.model");
    INFO(size);
    CHECK_THAT(message, Contains("tokenizer.model") && !Contains("accepted"));
  }
  CHECK(refusal(sentencepieces({{"<unk>", unknown}, {"a", normal}}), "x") == "it was accepted");
  struct { std::vector<std::pair<std::string, char>> pieces; const char* expected; } const cases[] = {
      {{{"a", normal}}, "0 pieces are the unknown one"},
      {{{"<unk>", unknown}, {"<unk2>", unknown}}, "2 pieces are the unknown one"},
      {{{"<unk>", unknown}, {"a", normal}, {"a", normal}}, "piece 2 stands there twice"},
      {{{"<unk>", unknown}, {"", normal}}, "piece 1 is empty"},
      {{{"<unk>", unknown}, {std::string("\0b", 2), normal}}, "piece 1 holds a NUL"},
      {{{"<unk>", unknown}, {"\xFF", normal}}, "piece 1 is not UTF-8"},
      {{{"<unk>", unknown}, {"<0xZZ>", byte}}, "piece 1 is not a byte"},
      {{{"<unk>", unknown}, {"<0x00>", byte}}, "1 pieces are bytes"},
      {{{"<unk>", unknown}, {"a", 9}}, "damaged"},
  };
  for (const auto& c : cases) CHECK_THAT(refusal(sentencepieces(c.pieces), "tokenizer.model"), Contains(c.expected));
}

TEST_CASE("a damaged tiktoken file is refused by its line", "[engine][tokenizer]") {
  CHECK(refusal("YQ== 0\nYg== 1\n", "x.tiktoken") == "it was accepted");
  CHECK_THAT(refusal("YQ== 0\nY*== 1\n", "x.tiktoken"), Contains("x.tiktoken:2"));
  CHECK_THAT(refusal("YQ== 0\nYg==\n", "x.tiktoken"), Contains("x.tiktoken:2"));
  CHECK_THAT(refusal("YQ== 0\nYg== 99999999999\n", "x.tiktoken"), Contains("x.tiktoken:2"));
  CHECK_THAT(refusal("YQ== 0\nYg== -1\n", "x.tiktoken"), Contains("x.tiktoken:2"));
  CHECK_THAT(refusal("not a tokenizer at all", "x.tiktoken"), Contains("not a tokenizer that is known"));
  CHECK_THAT(refusal("", "x.tiktoken"), Contains("the file is empty"));
}
