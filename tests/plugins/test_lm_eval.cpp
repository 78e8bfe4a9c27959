// Filters and exact_match of lm-eval's task files, against what its own functions gave.
#include "../../plugins/postprocessors/lm_eval_filter/lm_eval_filter.cpp"
#include "component.hpp"

namespace {

const sxt_component& filter() { return *sextant_plugin_entry.components[0]; }

std::string through(const std::string& steps, std::string_view text) {
  const auto got = test::apply(filter(), "{\"steps\": [" + steps + "]}", text);
  return got.text;
}

}  // namespace

TEST_CASE("lm_eval_filter: each function") {
  struct Case { const char *steps, *text, *expected; };
  for (const Case& c :
       {Case{R"~({"function": "regex"})~", "a #### 1,234. b", "1,234."},
        Case{R"~({"function": "regex"})~", "none", "[invalid]"},
        Case{R"~({"function": "regex", "regex_pattern": "x=(\\d?)|y=(\\d)"})~", "x=, y=5", "[invalid]"},
        Case{R"~({"function": "regex", "regex_pattern": "x=(\\d?)|y=(\\d)", "group_select": -1})~", "x=, y=5", "5"},
        Case{R"~({"function": "regex", "regex_pattern": "(-?[$0-9.,]{2,})|(-?[0-9]+)", "group_select": -1})~",
             "so $1,234.50 and -3.", "-3."},
        Case{R"~({"function": "regex", "regex_pattern": "^(.*?)(?=\\n|$)"})~", " first \nsecond", "first"},
        Case{R"~({"function": "remove_whitespace"}, {"function": "take_first"})~", "\n x  ", "x"},
        Case{R"~({"function": "lowercase"})~", "ÄB", "äb"}, Case{R"~({"function": "uppercase"})~", "straße", "STRASSE"},
        Case{R"~({"function": "map", "mapping_dict": {"a": "1"}})~", "a", "1"},
        Case{R"~({"function": "map", "mapping_dict": {"a": "1"}})~", "b", "None"},
        Case{R"~({"function": "majority_vote"})~", "b", "b"},
        Case{R"~({"function": "format_span"})~", "PERSON: John Smith, Ann $$ location: Paris",
             "per: john smith $ per: ann $ loc: paris"}}) {
    CAPTURE(c.steps, c.text);
    CHECK(through(c.steps, c.text) == c.expected);
  }
  CHECK_THAT(through(R"({"function": "regex", "regex_pattern": "x", "group_select": 2})", "x"),
             Catch::Contains("matches 1 times"));
  CHECK_THAT(through(R"({"function": "multi_choice_regex"})", "x"), Catch::Contains("\"choices\""));
  CHECK_THAT(through(R"({"function": "other"})", "x"), Catch::Contains("there is no function 'other'"));
  test::check_schema(filter());
}

TEST_CASE("lm_eval_filter: an option by its text, or its letter behind a colon") {
  const json::Document step = *json::parse(
      R"~({"function": "multi_choice_regex", "regex_pattern": "(\\([A-Z]\\))", "ignore_case": true, "ignore_punctuation": true})~",
      "step");
  const json::Document record = *json::parse(R"({"choices": ["Guilty", "Guilty of Romance", "no."]})", "record");
  const MultiChoiceRegex by(step);
  CHECK(by.of("guilty of romance!", record) == "(B)");
  CHECK(by.of("NO", record) == "(C)");
  CHECK(by.of("answer: C", record) == "(C)");
  CHECK(by.of("it is (A) or (B)", record) == "(A)");
  CHECK(by.of("?", record) == "[invalid]");
  const json::Document spaced = *json::parse(R"~({"choices": ["12", "( x )"]})~", "record");
  CHECK(by.of("boxed{12}", spaced) == "(A)");  // " x " is the second's text
  CHECK(by.of("a (x) b", spaced) == "x");      // and its match, without white space, is no option's
}

TEST_CASE("lm_eval_filter: replies of several attempts") {
  Replies replies{"a", "b", "b", "a"};
  MajorityVote().apply(replies, {});
  CHECK(replies == Replies{"a"});   // of equal ones the first seen
  replies = {"a", "b"};
  TakeFirst().apply(replies, {});
  CHECK(replies == Replies{"a"});
  replies = {"b", "a", "a", "b", "b"};  // of the first three a wins, of all b
  TakeFirstK(*json::parse(R"({"k": 3})", "step")).apply(replies, {});
  CHECK(replies == Replies{"b", "a", "a"});
  MajorityVote().apply(replies, {});
  CHECK(replies == Replies{"a"});
  CHECK_THROWS_WITH(TakeFirstK(*json::parse(R"({"k": 3})", "step")).apply(replies, {}), Catch::Contains("wants 3 replies"));
  CHECK_THAT(through(R"({"function": "take_first_k"})", "x"), Catch::Contains("needs \"k\""));
}
