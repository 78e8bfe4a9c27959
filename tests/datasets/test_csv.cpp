#include <catch2/catch.hpp>
#include <sextant/csv.hpp>

using namespace sextant;

namespace {

std::vector<std::vector<std::string>> cells(std::string_view text) {
  const auto table = csv::parse(text, "t.csv");
  INFO((table ? "" : table.error().message));
  REQUIRE(table);
  std::vector<std::vector<std::string>> out{table->header};
  for (const auto& row : table->rows) out.push_back(row.cells);
  return out;
}
using Cells = std::vector<std::vector<std::string>>;

}  // namespace

TEST_CASE("csv: cells, quotes and line ends") {
  struct Case { std::string text; Cells expected; };
  for (const Case& c : {
           Case{"a,b\n1,2\n", {{"a", "b"}, {"1", "2"}}},
           Case{"a,b\r\n1,2", {{"a", "b"}, {"1", "2"}}},
           Case{"a,b\r1,2\r", {{"a", "b"}, {"1", "2"}}},
           Case{"\xEF\xBB\xBF" "a,b\n1,2\n", {{"a", "b"}, {"1", "2"}}},
           Case{"a,b\n\"x, y\",\"he said \"\"hi\"\"\"\n", {{"a", "b"}, {"x, y", "he said \"hi\""}}},
           Case{"a,b\n\"1\r\n2\",\"3\r4\"\n", {{"a", "b"}, {"1\n2", "3\n4"}}},
           Case{"a,b\n,\n", {{"a", "b"}, {"", ""}}},
           Case{"a,b\n1,", {{"a", "b"}, {"1", ""}}},
           Case{"a,b\n\n1,2\n\n", {{"a", "b"}, {"1", "2"}}},
           Case{"a,b\n5\" disk,2\n", {{"a", "b"}, {"5\" disk", "2"}}},
           Case{"a,b\n\"\",\"\"\n", {{"a", "b"}, {"", ""}}},
           Case{",题目\n0,中文，逗号\n", {{"", "题目"}, {"0", "中文，逗号"}}},
           Case{"\xEF\xBB\xBF\xEF\xBB\xBF" "a,b\n1,2\n", {{"a", "b"}, {"1", "2"}}},
           Case{"\xE2\x80\x8B" "a, b \n 1 ,2\n", {{"a", "b"}, {" 1 ", "2"}}},
           Case{"a,b,,\n1,2,,\n3,4\n", {{"a", "b"}, {"1", "2"}, {"3", "4"}}},
           Case{"a,b\n1,2,\n", {{"a", "b"}, {"1", "2"}}},
       }) {
    INFO(c.text);
    CHECK(cells(c.text) == c.expected);
  }
}

TEST_CASE("csv: what is wrong is named with file and line") {
  struct Case { std::string text, expected; };
  for (const Case& c : {
           Case{"a,b\n1,2\n\"open,2\n3,4\n", "t.csv:3: the quote that opens here is never closed"},
           Case{"a,b\n\"1\n\n2\",x\n1,2,3\n", "t.csv:5: the row has 3 cells, the header 2"},
           Case{"a,b\n1\n", "t.csv:2: the row has 1 cells, the header 2"},
           Case{"a,b\n\"1\"x,2\n", "t.csv:2: text follows a closing quote"},
           Case{"a,b\n1,2\n\xFF\xFE,2\n", "t.csv:3: not UTF-8"},
           Case{"a,b\n1,\xED\xA0\x80\n", "t.csv:2: not UTF-8"},
           Case{"a,b\n1,\xC0\xAF\n", "t.csv:2: not UTF-8"},
           Case{std::string("a,b\n1,\0\n", 8), "t.csv:2: not UTF-8"},
           Case{"a,b\n1\n", "t.csv:2: the row has 1 cells, the header 2; a cell is missing"},
           Case{"a,b\n1,2,3\n", "t.csv:2: the row has 3 cells, the header 2; put quotes around"},
           Case{"a,\xE2\x80\x8B" "a\n1,2\n", "t.csv has two columns 'a'"},
           Case{"\xFF\xFE" "a", "t.csv is UTF-16 text"},
           Case{"", "t.csv is empty"},
           Case{"a,b\n", "t.csv has a header and no rows"},
       }) {
    const auto table = csv::parse(c.text, "t.csv");
    INFO(c.text);
    REQUIRE_FALSE(table);
    INFO(table.error().message);
    CHECK(table.error().kind == Error::Kind::data);
    CHECK(table.error().message.find(c.expected) == 0);
  }
}

TEST_CASE("csv: rows know the line where they begin") {
  const auto table = csv::parse("a\n\"1\n2\"\n3\n", "t.csv");
  REQUIRE(table);
  CHECK(table->rows.at(0).line == 2);
  CHECK(table->rows.at(1).line == 4);
}

TEST_CASE("csv: a missing column is named with the ones there are") {
  const auto table = csv::parse("id,Question,A\n0,q,a\n", "t.csv");
  REQUIRE(table);
  const auto checked = csv::require_columns(*table, {"id", "question"});
  REQUIRE_FALSE(checked);
  CHECK(checked.error().message == "t.csv has no column 'question'; its columns are: id, Question, A");
}

TEST_CASE("csv: a file that is missing is missing, and named") {
  const auto table = csv::read("/nowhere/val/x_val.csv");
  REQUIRE_FALSE(table);
  CHECK(table.error().kind == Error::Kind::missing);
  CHECK(table.error().message.find("/nowhere/val/x_val.csv") == 0);
}
