#include <catch2/catch.hpp>
#include "../../../core/load/select.hpp"

using namespace sextant;
using Rows = std::vector<uint64_t>;

TEST_CASE("a test_range slices as Python does", "[plan]") {
  struct Case { uint64_t count; const char* range; Rows expect; };
  const Case c = GENERATE(values<Case>({
      {5, "", {0, 1, 2, 3, 4}},
      {5, "[:3]", {0, 1, 2}},
      {5, "[3:]", {3, 4}},
      {5, "[-2:]", {3, 4}},
      {5, "[::2]", {0, 2, 4}},
      {5, "[::-1]", {4, 3, 2, 1, 0}},
      {5, "[4:1:-2]", {4, 2}},
      {30, "[0:20][10:12]", {10, 11}},
      {5, "[ 1 : 3 ]", {1, 2}},
  }));
  CAPTURE(c.count, c.range);
  const auto rows = load::select_rows(c.count, c.range, {}, 0, "x");
  REQUIRE(rows);
  CHECK(*rows == c.expect);
}

TEST_CASE("a test_range that leaves no row is refused before anything is asked", "[plan]") {
  const auto rows = load::select_rows(5, "[10:20]", {}, 0, "x");
  REQUIRE_FALSE(rows);
  CHECK(rows.error().message.find("no row of x is left") != std::string::npos);
}

TEST_CASE("what is not a slice is refused with the text that was given", "[plan]") {
  const char* range = GENERATE("[5]", "0:5", "[a:b]", "[:3", "[::0]", "[1:2]x");
  CAPTURE(range);
  const auto rows = load::select_rows(10, range, {}, 0, "x");
  REQUIRE_FALSE(rows);
  CHECK(rows.error().message.find(range) != std::string::npos);
}

TEST_CASE("a limit is a count, or a fraction of at least one row", "[plan]") {
  CHECK(load::select_rows(10, "", {3, false}, 0, "x")->size() == 3);
  CHECK(load::select_rows(10, "", {300, false}, 0, "x")->size() == 10);
  CHECK(load::select_rows(10, "", {0.25, false}, 0, "x")->size() == 2);
  CHECK(load::select_rows(10, "", {0.001, false}, 0, "x")->size() == 1);
  CHECK(load::select_rows(10, "[:4]", {0.5, false}, 0, "x")->size() == 2);
}

TEST_CASE("a random limit depends on seed and name alone and keeps the order", "[plan]") {
  const Rows first = *load::select_rows(100, "", {10, true}, 1, "a");
  CHECK(first == *load::select_rows(100, "", {10, true}, 1, "a"));
  CHECK(first != *load::select_rows(100, "", {10, true}, 2, "a"));
  CHECK(first != *load::select_rows(100, "", {10, true}, 1, "b"));
  CHECK(std::is_sorted(first.begin(), first.end()));
  CHECK(first.size() == 10);
}
