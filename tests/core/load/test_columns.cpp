// What is found wrong with a card's placeholders before anything is computed.
#include <catch2/catch.hpp>
#include "../../../core/load/columns.hpp"

using namespace sextant;
using namespace sextant::load;

namespace {

json::Document parsed(const std::string& text) { return *json::parse(text, "test"); }

std::string checked(const std::string& config, const std::string& record) {
  const Placeholders found = placeholders_of(parsed(config));
  const std::vector<std::string> made = {"choice_lines"};
  const auto result = check_placeholders(found.everywhere, parsed(record), "set", "row 3", made);
  return result ? "" : result.error().message;
}

}  // namespace

TEST_CASE("placeholders that name a value, and braces that are no placeholder, pass", "[load]") {
  for (const auto& [config, record] : std::vector<std::pair<std::string, std::string>>{
           {R"({"prompt": "{q} {l[0]} {o.k} {o.l[1]}"})", R"({"q":"","l":[1],"o":{"k":1,"l":[1,2]}})"},
           {R"({"prompt": "{choice_lines} {} {0} {x+1} {\n"})", R"({"q":1})"},
           {R"({"prompt": "\\boxed{ANSWER} \\frac{a}{b c}"})", R"({"q":1})"},
           {R"({"prompt": "{json}", "literal": ["json"]})", R"({"q":1})"},
           {R"({"round": [{"role": "HUMAN", "prompt": {"jinja": "{{ anything }} {x}"}}]})", R"({"q":1})"},
           {R"({"choices": {"texts": "{o.text}", "line": "{label}) {text}"}})", R"({"o":[{"text":1}]})"},
       }) {
    INFO(config);
    CHECK(checked(config, record).empty());
  }
}

TEST_CASE("a placeholder that names nothing is refused with row, name and what there is", "[load]") {
  CHECK_THAT(checked(R"({"prompt": "{qestion}"})", R"({"question":"","A":1})"),
             Catch::Contains("{qestion}} names no column of row 3") ||
                 Catch::Contains("{qestion} names no column of row 3 (did you mean 'question'?); it has: question, A"));
  CHECK_THAT(checked(R"({"prompt": "{l[2]}"})", R"({"l":[1,2]})"),
             Catch::Contains("{l[2]} names nothing in row 3: its 'l' is [1,2]"));
  CHECK_THAT(checked(R"({"round": [{"role": "HUMAN", "prompt": "{a.b}"}]})", R"({"a":{"c":1}})"),
             Catch::Contains("{a.b} names nothing"));
}

TEST_CASE("a column that holds the answer and stands in the item's own prompt is found", "[load]") {
  const auto finding = [](const char* config, int rows, bool equal) {
    AnswerLeak leak(placeholders_of(parsed(config)), "answer");
    for (int i = 0; i < rows; ++i) {
      const std::string value = std::to_string(i % 4), other = equal || i != 7 ? value : "x";
      leak.look_at(parsed("{\"answer\": \"" + value + "\", \"letter\": \"" + other + "\", \"q\": \"?\"}"));
    }
    return leak.finding("set");
  };
  CHECK_THAT(finding(R"({"prompt": "{q} {letter}"})", 20, true),
             Catch::Contains("{letter}, which is the answer") && Catch::Contains("in all 20 rows"));
  CHECK_THAT(finding(R"({"prompt": {"jinja": "{{ q }} {{ letter | upper }}"}})", 20, true), Catch::Contains("{letter}"));
  CHECK_THAT(finding(R"({"prompt": "{q} {letter}"})", 8, true),
             Catch::Contains("in all 8 rows"));  // four answers: one in 65,536 by chance
  CHECK(finding(R"({"prompt": "{q} {letter}"})", 7, true).empty());
  CHECK(finding(R"({"prompt": "{q} {letter}"})", 20, false).empty());
  CHECK(finding(R"({"prompt": "{q} {answer}"})", 20, true).empty());      // empty in the item's own prompt
  CHECK(finding(R"({"prompt": "{q}", "shot": "{q} {letter}"})", 20, true).empty());
}

TEST_CASE("a column that tells the answer in other words is found; a row's number is none", "[load]") {
  const auto finding = [](int rows, int answers, int spoilt, bool same) {
    AnswerLeak leak(placeholders_of(parsed(R"({"prompt": "{q} {index}"})")), "answer");
    for (int i = 0; i < rows; ++i) {
      const std::string letter(1, same ? 'A' : static_cast<char>('A' + i % answers));
      leak.look_at(parsed("{\"answer\": \"" + letter + "\", \"index\": " + std::to_string(i == spoilt ? 9 : i % answers) +
                          ", \"q\": \"?\"}"));
    }
    return leak.finding("set");
  };
  CHECK_THAT(finding(12, 4, -1, false), Catch::Contains("{index}, which tells the answer 'answer' in all 12 rows"));
  CHECK(finding(12, 4, 5, false).empty());    // one row says otherwise
  CHECK(finding(12, 12, -1, false).empty());  // each row's own
  CHECK(finding(40, 4, -1, true).empty());    // one answer, many indices
}
