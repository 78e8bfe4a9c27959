// Byte-level BPE on a small vocabulary made here: merges against the plainest algorithm, offsets, special tokens, broken bytes.
#include <random>
#include <catch2/catch.hpp>
#include <checkpoint/gguf.hpp>
#include <sextant/utf8.hpp>
#include <tokenizer/bpe_tokenizer.hpp>
#include <tokenizer/gguf_tokenizer.hpp>
#include <tokenizer/merges.hpp>
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

BpeTables small_tables() {
  BpeTables tables;
  tables.origin = "test";
  tables.tokens = byte_tokens();
  for (const auto& [left, right] : std::vector<std::pair<std::string, std::string>>{
           {"a", "b"}, {"ab", "c"}, {"\xC4\xA0", "a"}, {"b", "c"}, {"\xC3\xA4", "\xC2\xB8"}, {"b", "b"}}) {
    tables.merges.emplace_back(left, right);
    tables.tokens.push_back(left + right);
  }
  tables.kinds.assign(tables.tokens.size(), TokenKind::normal);
  for (const char* special : {"<s>", "</s>", "<s>x"}) {
    tables.tokens.push_back(special);
    tables.kinds.push_back(TokenKind::special);
  }
  tables.tokens.push_back("<user>");
  tables.kinds.push_back(TokenKind::user_defined);
  tables.pre_tokenizer = find_pre_tokenizer("smollm");
  tables.bos = 262;
  tables.eos = 263;
  tables.add_bos = true;
  tables.add_eos = true;
  return tables;
}

std::unique_ptr<Tokenizer> small() {
  auto tokenizer = make_bpe_tokenizer(small_tables());
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
    CHECK(e.ids == tokenizer->encode(repair_utf8(text), {}).ids);
    CHECK(tokenizer->decode(e.ids, false) == repair_utf8(text));
    REQUIRE(std::is_sorted(e.end.begin(), e.end.end()));
    CHECK((text.empty() || e.end.back() == text.size()));
  }
}

TEST_CASE("words short and long merge as the plainest algorithm does", "[engine][tokenizer]") {
  std::mt19937 random(3);
  Merges merges(60);
  std::vector<std::array<int32_t, 3>> rules;  // left, right, merged; by rank
  for (int b = 0; b < 4; ++b) merges.set_byte(static_cast<uint8_t>('a' + b), b);
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
      std::string word;
      std::vector<int32_t> expected;
      while (word.size() < size) {
        word += static_cast<char>('a' + random() % 4);
        expected.push_back(word.back() - 'a');
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
      std::vector<WordToken> tokens;
      merges.apply(word, tokens);
      std::vector<int32_t> ids;
      for (const WordToken& token : tokens) ids.push_back(token.id);
      CAPTURE(word);
      REQUIRE(ids == expected);
      CHECK(tokens.back().end == word.size());
    }
  }
}

TEST_CASE("a byte that the vocabulary lacks gives no token", "[engine][tokenizer]") {
  Merges merges(0);
  merges.set_byte('a', 1);
  std::vector<WordToken> tokens;
  merges.apply("xaxa", tokens);
  REQUIRE(tokens.size() == 2);
  CHECK(tokens[0].end == 3);
  CHECK(tokens[1].end == 4);
}

TEST_CASE("tables that do not fit together are refused", "[engine][tokenizer]") {
  const auto refusal = [](auto change) {
    BpeTables tables = small_tables();
    change(tables);
    const auto tokenizer = make_bpe_tokenizer(std::move(tables));
    return tokenizer ? "it was accepted" : tokenizer.error().message;
  };
  CHECK_THAT(refusal([](BpeTables& t) { t.merges.emplace_back("a", "zz"); }), Contains("merge 6 (\"a\" \"zz\")"));
  CHECK_THAT(refusal([](BpeTables& t) { t.bos = 5'000; }), Contains("outside the vocabulary"));
  CHECK_THAT(refusal([](BpeTables& t) { t.end_of_generation = {-1}; }), Contains("outside the vocabulary"));
  CHECK_THAT(refusal([](BpeTables& t) { t.kinds.pop_back(); }), Contains("kinds"));
  CHECK_THAT(refusal([](BpeTables& t) { t.tokens.clear(); }), Contains("vocabulary is empty"));
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
  CHECK_THAT(refusal(0, GgufWriter().text("tokenizer.ggml.model", "llama")), Contains("tokenizer \"llama\" is not supported"));
  CHECK_THAT(refusal(1, GgufWriter().text("tokenizer.ggml.pre", "?")), Contains("supported: gpt-2, smollm"));
  CHECK_THAT(refusal(2, GgufWriter().u32("x", 1)), Contains("no array \"tokenizer.ggml.tokens\""));
  CHECK_THAT(refusal(3, GgufWriter().i32s("tokenizer.ggml.token_type", {1})), Contains("kinds"));
  CHECK_THAT(refusal(3, GgufWriter().i32s("tokenizer.ggml.token_type", {9})), Contains("token 0 has type 9"));
  CHECK_THAT(refusal(4, GgufWriter().strings("tokenizer.ggml.merges", {"ab"})), Contains("merge 0"));
  CHECK_THAT(refusal(5, GgufWriter().u32("tokenizer.ggml.eos_token_id", 259)), Contains("names no token"));
}
