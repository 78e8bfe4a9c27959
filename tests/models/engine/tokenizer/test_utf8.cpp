// Broken UTF-8: repaired as Python's errors="replace" does, and never emitted in halves.
#include <catch2/catch.hpp>
#include <sextant/utf8_text.hpp>
#include <tokenizer/tokenizer.hpp>

using namespace sextant;
using namespace sextant::engine;

namespace {

// One token per byte, and 256 as a special one.
class Bytes : public Tokenizer {
 public:
  uint32_t vocab_size() const override { return 257; }
  Encoding encode(std::string_view, EncodeOptions) const override { return {}; }
  std::string decode(std::span<const int32_t> ids, bool skip_special) const override {
    std::string text;
    for (const int32_t id : ids) text += id == 256 ? (skip_special ? "" : "<end>") : std::string(1, static_cast<char>(id));
    return text;
  }
  std::optional<std::string> piece(int32_t) const override { return {}; }
  std::optional<int32_t> bos() const override { return {}; }
  std::optional<int32_t> eos() const override { return {}; }
  const std::vector<int32_t>& end_of_generation() const override { return none_; }
  bool is_special(int32_t id) const override { return id == 256; }

 private:
  std::vector<int32_t> none_;
};

#define FFFD "\xEF\xBF\xBD"

// expected: bytes.decode("utf-8", "replace") of CPython 3.11
const struct { std::string bytes, repaired; } cases[] = {
    {"", ""},
    {"caf\xC3\xA9", "caf\xC3\xA9"},
    {"\x80", FFFD},
    {"\xC3", FFFD},
    {"\xC3(", FFFD "("},
    {"\xC0\xAF", FFFD FFFD},
    {"\xE4\xB8", FFFD},
    {"\xE4\xB8z", FFFD "z"},
    {"\xE0\x80\x80", FFFD FFFD FFFD},
    {"\xED\xA0\x80", FFFD FFFD FFFD},
    {"\xF0\x9F\x98", FFFD},
    {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
    {"\xF0\x80\x80\x80", FFFD FFFD FFFD FFFD},
    {"\xF4\x90\x80\x80", FFFD FFFD FFFD FFFD},
    {"\xF5\x80", FFFD FFFD},
    {"a\xF1\x80\x80\xE1\x80\xC2z\x80z\x80\xBFz", "a" FFFD FFFD FFFD "z" FFFD "z" FFFD FFFD "z"},
};

}  // namespace

TEST_CASE("broken UTF-8 is repaired as Python replaces it", "[engine][tokenizer]") {
  for (const auto& c : cases) CHECK(utf8::repair(c.bytes) == c.repaired);
}

TEST_CASE("a stream of tokens gives the repaired whole, without half a character on the way", "[engine][tokenizer]") {
  const Bytes tokenizer;
  for (const auto& c : cases) {
    StreamDecoder decoder(tokenizer, true);
    std::string all;
    for (const char byte : c.bytes + "x") {
      const std::string part = decoder.push(static_cast<unsigned char>(byte));
      CHECK(utf8::valid_prefix(part) == part.size());
      all += part;
    }
    CHECK(decoder.push(256).empty());
    CHECK(all + decoder.finish() == c.repaired + "x");
  }
}

TEST_CASE("a stream holds a begun character back until it is whole or over", "[engine][tokenizer]") {
  const Bytes tokenizer;
  StreamDecoder decoder(tokenizer, false);
  CHECK(decoder.push(0xE4) == "");
  CHECK(decoder.push(0xB8) == "");
  CHECK(decoder.push(0xAD) == "\xE4\xB8\xAD");
  CHECK(decoder.push(0xE4) == "");
  CHECK(decoder.push(256) == FFFD "<end>");
  CHECK(decoder.push(0xF0) == "");
  CHECK(decoder.finish() == FFFD);
  CHECK(decoder.finish() == "");
}
