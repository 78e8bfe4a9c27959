// Byte-level BPE on a small vocabulary made here: merges against the plainest algorithm, offsets, special tokens, broken bytes.
#include <random>
#include <catch2/catch.hpp>
#include <checkpoint/gguf.hpp>
#include <sextant/utf8_text.hpp>
#include <tokenizer/formats/gguf_pre_tokenizers.hpp>
#include <tokenizer/formats/gguf_tokenizer.hpp>
#include <tokenizer/pipeline_tokenizer.hpp>
#include <tokenizer/words/bpe_model.hpp>
#include <tokenizer/words/merges.hpp>
#include "../gguf_writer.hpp"

using namespace sextant;
using namespace sextant::engine;
using namespace sextant::test;
using Catch::Matchers::Contains;

namespace {

// Every byte in GPT-2's alphabet, written out the long way.
std::vector<std::string> byte_tokens() {
  std::vector<std::string> tokens;
  unsigned other = 256;
  for (unsigned b = 0; b < 256; ++b) {
    const bool printable = (b > 32 && b < 127) || (b > 160 && b != 173);
    const unsigned code = printable ? b : other++;
    if (code < 128) tokens.emplace_back(1, static_cast<char>(code));
    else tokens.push_back({static_cast<char>(0xC0 + code / 64), static_cast<char>(0x80 + code % 64)});
  }
  return tokens;
}

// A vocabulary and its merges; what stands around them is the same in every test.
struct Small {
  VocabularyTables vocabulary;
  BpeTables bpe;
};

Small small_tables() {
  Small small;
  small.bpe.origin = small.vocabulary.origin = "test";
  std::vector<std::string>& tokens = small.bpe.tokens = byte_tokens();
  for (const auto& [left, right] : std::vector<std::pair<std::string, std::string>>{
           {"a", "b"}, {"ab", "c"}, {"\xC4\xA0", "a"}, {"b", "c"}, {"\xC3\xA4", "\xC2\xB8"}, {"b", "b"}}) {
    small.bpe.merges.emplace_back(left, right);
    tokens.push_back(left + right);
  }
  small.vocabulary.tokens = tokens;
  for (const char* content : {"<s>", "</s>", "<s>x", "<user>"}) {
    small.vocabulary.added.push_back({static_cast<int32_t>(small.vocabulary.tokens.size()), content, content[1] != 'u'});
    small.vocabulary.tokens.push_back(content);
  }
  small.vocabulary.bos = 262;
  small.vocabulary.eos = 263;
  small.vocabulary.before = {262};
  small.vocabulary.after = {263};
  return small;
}

Result<std::unique_ptr<Tokenizer>> make(Small small) {
  Pipeline pipeline;
  pipeline.vocabulary = std::move(small.vocabulary);
  SXT_TRY(pipeline.pre_tokenizer, compile_pre_tokenizer(*find_pre_tokenizer("smollm")));
  SXT_TRY(pipeline.model, make_bpe_model(std::move(small.bpe)));
  pipeline.decoder.add(decode_byte_alphabet);
  return make_pipeline_tokenizer(std::move(pipeline));
}

std::unique_ptr<Tokenizer> small() {
  auto tokenizer = make(small_tables());
  if (!tokenizer) FAIL(tokenizer.error().message);
  return *std::move(tokenizer);
}

std::vector<std::string> pieces(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options = {}) {
  std::vector<std::string> out;
  for (const int32_t id : tokenizer.encode(text, options).ids) out.push_back(*tokenizer.piece(id));
  return out;
}

}  // namespace

TEST_CASE("merges apply by rank, leftmost first", "[engine][tokenizer]") {
  const auto tokenizer = small();
  using Pieces = std::vector<std::string>;
  struct { std::string text; Pieces expected; } const cases[] = {
      {"", {}}, {"abc", {"abc"}}, {"abab", {"ab", "ab"}}, {"bbb", {"bb", "b"}}, {" abc", {" ", "abc"}}, {" ac", {" a", "c"}},
      {"12", {"1", "2"}}, {"xbc", {"x", "bc"}}, {"\xE4\xB8\xAD", {"\xE4\xB8", "\xAD"}},
  };
  for (const auto& c : cases) CHECK(pieces(*tokenizer, c.text) == c.expected);
}

TEST_CASE("special tokens are found longest first, unless they are to be split", "[engine][tokenizer]") {
  const auto tokenizer = small();
  using Pieces = std::vector<std::string>;
  CHECK(pieces(*tokenizer, "a<s>x</s><s>y") == Pieces{"a", "<s>x", "</s>", "<s>", "y"});
  CHECK(pieces(*tokenizer, "<s><user>", {false, true}) == Pieces{"<", "s", ">", "<user>"});
  CHECK(pieces(*tokenizer, "<s") == Pieces{"<", "s"});
  CHECK(tokenizer->decode(tokenizer->encode("a<s>b<user>", {}).ids, true) == "ab<user>");
  CHECK(tokenizer->decode(tokenizer->encode("a<s>b<user>", {}).ids, false) == "a<s>b<user>");
}

TEST_CASE("end offsets are bytes of the given text", "[engine][tokenizer]") {
  const auto tokenizer = small();
  const Encoding e = tokenizer->encode("ab<s> \xE4\xB8\xAD", {true, false});
  CHECK(e.ids.front() == 262);
  CHECK(e.ids.back() == 263);
  CHECK(e.end == std::vector<uint32_t>{0, 2, 5, 6, 8, 9, 9});
  // U+FFFD stands for the two broken bytes: its inner ends lie before them, its last one after
  CHECK(tokenizer->encode("a\xE4\xB8z", {}).end == std::vector<uint32_t>{1, 1, 1, 3, 4});
}

TEST_CASE("any bytes are encoded, as the repaired text is", "[engine][tokenizer]") {
  const auto tokenizer = small();
  std::mt19937 random(7);
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (unsigned n = random() % 40; n > 0; --n) text += static_cast<char>(random() % 4 == 0 ? random() % 128 : random());
    const Encoding e = tokenizer->encode(text, {});
    CHECK(e.ids == tokenizer->encode(utf8::repair(text), {}).ids);
    CHECK(tokenizer->decode(e.ids, false) == utf8::repair(text));
    REQUIRE(std::is_sorted(e.end.begin(), e.end.end()));
    CHECK((text.empty() || e.end.back() == text.size()));
  }
}

TEST_CASE("words short and long merge as the plainest algorithm does", "[engine][tokenizer]") {
  std::mt19937 random(3);
  Merges merges(60);
  std::vector<std::array<int32_t, 3>> rules;  // left, right, merged; by rank
  for (int32_t merged = 4; merged < 64; ++merged) {
    const std::array<int32_t, 3> rule{static_cast<int32_t>(random() % static_cast<unsigned>(merged)),
                                      static_cast<int32_t>(random() % static_cast<unsigned>(merged)), merged};
    merges.add(rule[0], rule[1], merged, merged);
    rules.erase(std::remove_if(rules.begin(), rules.end(), [&](auto& r) { return r[0] == rule[0] && r[1] == rule[1]; }),
                rules.end());
    rules.push_back(rule);
  }
  for (const size_t size : {1, 2, 3, 10, 40, 127, 128, 129, 130, 300, 1'000}) {
    for (int round = 0; round < 20; ++round) {
      std::vector<WordToken> tokens;
      std::vector<int32_t> expected;
      while (tokens.size() < size) {
        expected.push_back(static_cast<int32_t>(random() % 4));
        tokens.push_back({expected.back(), static_cast<uint32_t>(tokens.size() + 1)});
      }
      for (bool again = true; again;) {
        again = false;
        for (const auto& rule : rules) {
          for (size_t i = 0; i + 1 < expected.size() && !again; ++i) {
            if (expected[i] != rule[0] || expected[i + 1] != rule[1]) continue;
            expected[i] = rule[2];
            expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(i) + 1);
            again = true;
          }
          if (again) break;
        }
      }
      merges.apply(tokens);
      std::vector<int32_t> ids;
      for (const WordToken& token : tokens) ids.push_back(token.id);
      CAPTURE(size, round);
      REQUIRE(ids == expected);
      CHECK(tokens.back().end == size);
    }
  }
}

TEST_CASE("a byte that the vocabulary lacks gives no token", "[engine][tokenizer]") {
  BpeTables tables;
  tables.tokens = {"b", "a"};
  const auto model = make_bpe_model(tables);
  REQUIRE(model);
  std::vector<WordToken> tokens;
  (*model)->encode("xaxa", tokens);
  REQUIRE(tokens.size() == 2);
  CHECK(tokens[0].end == 3);
  CHECK(tokens[1].end == 4);
}

TEST_CASE("tables that do not fit together are refused", "[engine][tokenizer]") {
  const auto refusal = [](auto change) {
    Small tables = small_tables();
    change(tables);
    const auto tokenizer = make(std::move(tables));
    return tokenizer ? "it was accepted" : tokenizer.error().message;
  };
  CHECK_THAT(refusal([](Small& t) { t.bpe.merges.emplace_back("a", "zz"); }), Contains("merge 6 (\"a\" \"zz\")"));
  CHECK_THAT(refusal([](Small& t) { t.vocabulary.bos = 5'000; }), Contains("outside the vocabulary"));
  CHECK_THAT(refusal([](Small& t) { t.vocabulary.before = {5'000}; }), Contains("outside the vocabulary"));
  CHECK_THAT(refusal([](Small& t) { t.vocabulary.end_of_generation = {-1}; }), Contains("outside the vocabulary"));
  CHECK_THAT(refusal([](Small& t) { t.vocabulary.added[0].id = 1 << 30; }), Contains("far beyond the vocabulary"));
  CHECK_THAT(refusal([](Small& t) { t.vocabulary.tokens.clear(); }), Contains("vocabulary is empty"));
  CHECK_THAT(refusal([](Small& t) { t.bpe.byte_fallback = true; }), Contains("lacks some of the tokens <0x00> to <0xFF>"));
}

TEST_CASE("a GGUF file's keys become a tokenizer", "[engine][tokenizer]") {
  auto tokens = byte_tokens();
  std::vector<int32_t> types(tokens.size(), 1);
  for (const char* special : {"<|im_start|>", "<|im_end|>", "<|endoftext|>"}) tokens.push_back(special), types.push_back(3);
  const auto file_with = [&](auto change) {
    GgufWriter writer;
    writer.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "gpt-2").strings("tokenizer.ggml.tokens", tokens);
    writer.i32s("tokenizer.ggml.token_type", types)
        .strings("tokenizer.ggml.merges", {})
        .u32("tokenizer.ggml.eos_token_id", 257);
    change(writer);
    const TemporaryFile holder(writer.bytes());
    auto file = GgufFile::open(holder.path());
    if (!file) FAIL(file.error().message);
    return *std::move(file);
  };
  const auto tokenizer = make_tokenizer(*file_with([](GgufWriter& w) { w.u32("tokenizer.ggml.bos_token_id", UINT32_MAX); }));
  if (!tokenizer) FAIL(tokenizer.error().message);
  CHECK((*tokenizer)->vocab_size() == 259);
  CHECK((*tokenizer)->eos() == 257);
  CHECK_FALSE((*tokenizer)->bos());
  CHECK((*tokenizer)->end_of_generation() == std::vector<int32_t>{257, 258});
  CHECK((*tokenizer)->is_special(256));
  CHECK_FALSE((*tokenizer)->is_special(65));
  CHECK_FALSE((*tokenizer)->piece(-1));
  CHECK_FALSE((*tokenizer)->piece(259));
  const auto refusal = [&](size_t index, const GgufWriter& replacement) {
    const auto made = make_tokenizer(*file_with([&](GgufWriter& w) { w.pairs[index] = replacement.pairs[0]; }));
    return made ? "it was accepted" : made.error().message;
  };
  CHECK_THAT(refusal(0, GgufWriter().text("tokenizer.ggml.model", "bert")), Contains("tokenizer \"bert\" is not supported"));
  CHECK_THAT(refusal(1, GgufWriter().text("tokenizer.ggml.pre", "?")), Contains("supported: gpt-2, "));
  CHECK_THAT(refusal(2, GgufWriter().u32("x", 1)), Contains("no array \"tokenizer.ggml.tokens\""));
  CHECK_THAT(refusal(3, GgufWriter().i32s("tokenizer.ggml.token_type", {1})), Contains("kinds"));
  types[0] = 9;
  CHECK_THAT(refusal(3, GgufWriter().i32s("tokenizer.ggml.token_type", types)), Contains("token 0 has type 9"));
  types[0] = 1;
  CHECK_THAT(refusal(4, GgufWriter().strings("tokenizer.ggml.merges", {"ab"})), Contains("merge 0"));
  CHECK_THAT(refusal(5, GgufWriter().u32("tokenizer.ggml.eos_token_id", 259)), Contains("names no token"));
}
