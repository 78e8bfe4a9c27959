// Texts of rows, their words, and the order of equal numbers.
#include <algorithm>
#include "../../../core/retrieve/numpy_sort.hpp"
#include "../../../core/retrieve/okapi.hpp"
#include "../../../core/retrieve/word_tokenizer.hpp"
#include "golden_data.hpp"

using namespace retrieve_tests;

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

TEST_CASE("words are cut as NLTK's word_tokenize cuts them", "[retrieve]") {
  const json::Document goldens = golden("tokens.json");
  REQUIRE(goldens.Size() > 400);
  for (const auto& pair : goldens.GetArray()) {
    INFO(json::write(pair));
    CHECK(joined(retrieve::words_of(json::text(pair[0]))) == json::text(pair[1]));
  }
}

TEST_CASE("bytes that are not UTF-8 become U+FFFD in words", "[retrieve]") {
  CHECK(retrieve::words_of("a\xFFz b") == std::vector<std::string>{"a\uFFFDz", "b"});
}

TEST_CASE("a row's text is its input columns as Python writes them", "[retrieve]") {
  struct Case { const char* record; std::vector<std::string> columns; const char* expect; };
  const Case c = GENERATE(values<Case>({
      {R"({"a": "x", "b": "y"})", {"b", "a"}, "y x"},
      {R"({"a": ""})", {"a", "a"}, " "},
      {R"({"a": true, "b": null, "c": 3, "d": 3.0})", {"a", "b", "c", "d"}, "True None 3 3.0"},
      {R"({"a": 1e-5, "b": 1e16, "c": 0.1})", {"a", "b", "c"}, "1e-05 1e+16 0.1"},
      {R"({"a": ["x", 1, []]})", {"a"}, "['x', 1, []]"},
      {R"({"a": {"k": "it's", "l": "\"it's\"\n"}})", {"a"}, "{'k': \"it's\", 'l': '\"it\\'s\"\\n'}"},
      {R"({"a": ["问"]})", {"a"}, "['问']"},
  }));
  INFO(c.record);
  const auto record = json::parse(c.record, "record");
  REQUIRE(record);
  CHECK(*retrieve::record_text(*record, c.columns) == c.expect);
}

TEST_CASE("an input column that does not exist is named", "[retrieve]") {
  const auto record = json::parse(R"({"question": "x"})", "record");
  const std::string columns[] = {"questoin"};
  const auto text = retrieve::record_text(*record, columns);
  REQUIRE_FALSE(text);
  CHECK_THAT(text.error().message, Catch::Contains("'questoin'") && Catch::Contains("did you mean 'question'"));
}

TEST_CASE("numbers are sorted whatever their order, with and without equal ones", "[retrieve]") {
  const size_t n = GENERATE(0, 1, 2, 16, 17, 18, 40, 1000, 5000);
  const uint64_t values_max = GENERATE(1, 3, 1'000'000);
  const bool ascending = GENERATE(true, false);
  CAPTURE(n, values_max, ascending);
  std::vector<double> values;
  for (size_t i = 0; i < n; ++i) values.push_back(static_cast<double>(mixed(i) % values_max));
  if (ascending) std::sort(values.begin(), values.end());
  const auto order = retrieve::numpy_argsort<double>(values);
  std::vector<uint32_t> rows(order);
  std::sort(rows.begin(), rows.end());
  for (uint32_t i = 0; i < n; ++i) REQUIRE(rows[i] == i);
  CHECK(std::is_sorted(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return values[a] < values[b]; }));
}

TEST_CASE("equal numbers are left in numpy's order", "[retrieve]") {
  const json::Document goldens = golden("argsort.json");
  for (const auto& item : goldens.GetArray()) {
    const uint64_t n = item[0].GetUint64(), kinds = item[1].GetUint64();
    CAPTURE(n, kinds);
    std::vector<double> values;
    for (uint64_t i = 0; i < n; ++i) values.push_back(static_cast<double>(mixed(i) % kinds));
    const std::vector<float> floats(values.begin(), values.end());
    std::vector<uint32_t> expect;
    for (const auto& row : item[2].GetArray()) expect.push_back(row.GetUint());
    CHECK(retrieve::numpy_argsort<double>(values) == expect);
    CHECK(retrieve::numpy_argsort<float>(floats) == expect);
  }
}

TEST_CASE("BM25 of a word that most documents have is above zero", "[retrieve]") {
  // by hand: N = 3, mean length 2; "a" is in all three: idf = ln(0.5 / 3.5) < 0, so it gets 0.25 times the mean idf
  const retrieve::Okapi okapi({{"a", "b"}, {"a"}, {"a", "c", "c"}}, {.epsilon = 0.25});
  const double rare = std::log(2.5 / 1.5), floor = 0.25 * (std::log(0.5 / 3.5) + 2 * rare) / 3;
  const auto scores = okapi.scores({"a", "c", "unknown", "c"});
  CHECK(scores[0] == Approx(floor * 2.5 / (1 + 1.5)));
  CHECK(scores[1] == Approx(floor * 2.5 / (1 + 1.5 * (0.25 + 0.75 * 0.5))));
  CHECK(scores[2] ==
        Approx(floor * 2.5 / (1 + 1.5 * (0.25 + 0.75 * 1.5)) + 2 * rare * 2 * 2.5 / (2 + 1.5 * (0.25 + 0.75 * 1.5))));
}
