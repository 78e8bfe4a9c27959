#include "../../plugins/postprocessors/regex/regex.cpp"
#include "component.hpp"


namespace {
const sxt_component& component_() { return *sextant_plugin_entry.components[0]; }
}  // namespace

TEST_CASE("regex: which group of which match") {
  struct Case { const char *config, *text, *expected; };
  for (const Case& c : {
           Case{R"~({"pattern": "答案\\s*:\\s*[\\W]*([A-D])", "flags": ""})~", "想... 答案: **C**", "C"},
           Case{R"~({"pattern": "([A-D])"})~", "A then B", "A"},
           Case{R"~({"pattern": "([A-D])", "match": "last"})~", "A then B", "B"},
           Case{R"~({"pattern": "(\\w)=(\\w)", "group": 2})~", "x=y", "y"},
           Case{R"~({"pattern": "(\\w)=(\\w)", "group": 0})~", "x=y", "x=y"},
           Case{R"~({"pattern": "\\d+"})~", "no 42", "42"},
           Case{R"~({"pattern": "answer", "flags": "i"})~", "ANSWER", "ANSWER"},
           Case{R"~({"pattern": "(a)|b"})~", "b", ""},
           Case{R"~({"pattern": "x*", "match": "last"})~", "axx中", ""},
           Case{R"~({"pattern": "z"})~", "abc", ""},
           Case{R"~({"pattern": "^b", "flags": "m"})~", "a\nb", "b"},
           Case{R"~({"pattern": "[A-D]"})~", "\xFF\xFE" "B", "B"},
       }) {
    INFO(c.config << " " << c.text);
    const auto got = test::apply(component_(), c.config, c.text);
    CHECK(got.status == SXT_OK);
    CHECK(got.text == c.expected);
  }
}

TEST_CASE("regex: a wrong configuration is named") {
  CHECK_THAT(test::apply(component_(), R"~({"pattern": "(a", "match": "first"})~", "").text,
             Catch::Contains("the regular expression \"(a\" cannot be used"));
  const auto group = test::apply(component_(), R"~({"pattern": "(a)", "group": 2})~", "");
  CHECK(group.status == SXT_BAD_CONFIG);
  CHECK_THAT(group.text, Catch::Contains("has 1 groups"));
}

TEST_CASE("regex: a reply that is too much for the pattern holds no answer") {
  const auto got = test::apply(component_(), R"~({"pattern": "^(a|a)*$"})~", std::string(400, 'a') + "b");
  CHECK(got.status == SXT_OK);
  CHECK(got.text.empty());
}

TEST_CASE("regex: the schema is closed and explains itself") { test::check_schema(component_()); }
