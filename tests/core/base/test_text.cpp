// Small text helpers, by tables.
#include <catch2/catch.hpp>
#include <sextant/json.hpp>
#include <sextant/numbers.hpp>
#include <sextant/printable.hpp>
#include "../../../core/base/text.hpp"

namespace sextant::test {
namespace {

TEST_CASE("numbers in messages have commas, bytes are rounded up to MiB") {
  for (const auto& [number, text] : {std::pair<uint64_t, const char*>{0, "0"},
                                     {999, "999"},
                                     {1000, "1,000"},
                                     {123456, "123,456"},
                                     {UINT64_MAX, "18,446,744,073,709,551,615"}})
    CHECK(with_commas(number) == text);
  CHECK(mebibytes(0) == "0 MiB");
  CHECK(mebibytes(1) == "1 MiB");
  CHECK(mebibytes(uint64_t{3} << 30) == "3,072 MiB");
}

TEST_CASE("a glob matches the whole text, in either case") {
  struct Row {
    std::string pattern, text;
    bool matches;
  };
  for (const Row& row : std::vector<Row>{{"*", "", true},
                                         {"", "", true},
                                         {"", "a", false},
                                         {"ceval*", "ceval_gen", true},
                                         {"ceval", "ceval_gen", false},
                                         {"*gen", "ceval_gen", true},
                                         {"c?val*", "CEVAL_ppl", true},
                                         {"*a*b*", "xxaxxbxx", true},
                                         {"*a*b*", "xxbxxaxx", false},
                                         {"a*b*c", "abbbcbc", true},
                                         {"?", "", false},
                                         {"**", "x", true}}) {
    CAPTURE(row.pattern, row.text);
    CHECK(glob_match(row.pattern, row.text) == row.matches);
  }
}

TEST_CASE("text from outside shows what would command a terminal, and does nothing") {
  struct Row {
    std::string text, one, many;
  };
  for (const Row& row : std::vector<Row>{
           {"plain 答案 é 🙂", "plain 答案 é 🙂", "plain 答案 é 🙂"},
           {"\x1b[31mred\x1b[0m", "\\x1B[31mred\\x1B[0m", "\\x1B[31mred\\x1B[0m"},
           {"\x1b]0;title\x07", "\\x1B]0;title\\x07", "\\x1B]0;title\\x07"},
           {"a\nb\tc\rd", "a\\nb\\tc\\rd", "a\nb\tc\\rd"},
           {std::string("a\0b\x7F", 4), "a\\x00b\\x7F", "a\\x00b\\x7F"},
           {"\u009B31m\u0085", "\\u009B31m\\u0085", "\\u009B31m\\u0085"},  // CSI and NEL as one character
           {"\u202Egnp.exe\u202C\u2066x\u2069\u200F\u061C", "\\u202Egnp.exe\\u202C\\u2066x\\u2069\\u200F\\u061C",
            "\\u202Egnp.exe\\u202C\\u2066x\\u2069\\u200F\\u061C"},
           {"\u2028\u2029", "\\u2028\\u2029", "\\u2028\\u2029"},
           {"\u200D\u00A0", "\u200D\u00A0", "\u200D\u00A0"},  // a joiner of emoji, a blank
           {"\x9B"
            "31m \xE7\xAD",
            "\uFFFD31m \uFFFD", "\uFFFD31m \uFFFD"},  // bytes that are not UTF-8; an 8-bit CSI among them
       }) {
    CAPTURE(row.text);
    CHECK(printable(row.text) == row.one);
    CHECK(printable(row.text, Lines::many) == row.many);
  }
}

TEST_CASE("JSON that is shown keeps its values") {
  const std::string text = "\u009B31m \u202E \x7F \x1b \n 答案";
  const std::string line = json::write(*json::parse(json::quote(text), ""));
  const std::string shown = printable_json("{\n  \"a\": " + line + "}\n");
  CHECK(shown == "{\n  \"a\": \"\\u009B31m \\u202E \\u007F \\u001B \\n 答案\"}\n");
  CHECK(json::find_string(*json::parse(shown, ""), "a") == text);
}

}  // namespace
}  // namespace sextant::test

TEST_CASE("a size is bytes, or a number with a unit") {
  struct { const char* text; std::optional<uint64_t> bytes; } cases[] = {
      {"0", 0},          {"1000000", 1000000},   {"8G", 8ull << 30},  {"1.5 GiB", 3ull << 29}, {"512mb", 512ull << 20},
      {"2T", 2ull << 40}, {"64KiB", 65536},       {"7B", 7},           {"", {}},                {"G", {}},
      {"-1", {}},        {"8X", {}},             {"8GG", {}},         {"nan", {}},             {"inf", {}},
      {"1e30", {}},      {"8 G and more", {}}};
  for (const auto& c : cases) {
    CAPTURE(c.text);
    CHECK(sextant::parse_size(c.text) == c.bytes);
  }
}
