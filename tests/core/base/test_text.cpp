// Small text helpers, by tables.
#include <catch2/catch.hpp>
#include <sextant/numbers.hpp>
#include "../../../core/base/text.hpp"

namespace sextant::test {
namespace {

TEST_CASE("numbers in messages have commas, bytes are rounded up to MiB") {
  for (const auto& [number, text] : {std::pair<uint64_t, const char*>{0, "0"}, {999, "999"}, {1000, "1,000"}, {123456, "123,456"},
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
