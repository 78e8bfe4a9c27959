#include "../../plugins/postprocessors/first_capital/first_capital.cpp"
#include "component.hpp"


namespace {
const sxt_component& component_() { return *sextant_plugin_entry.components[0]; }
}  // namespace

TEST_CASE("first_capital: compat decides") {
  struct Case { const char *config, *expected; };
  for (const Case& c : {Case{"{}", "C"},
                        {R"({"compat": "none"})", "C"},
                        {R"({"compat": "lm-eval"})", "C"},
                        {R"({"compat": "opencompass"})", "T"},
                        {R"({"compat": "opencompass-0.2.4"})", "T"},
                        {R"({"options": "AB"})", ""}}) {
    INFO(c.config);
    CHECK(test::apply(component_(), c.config, "The answer is C").text == c.expected);
  }
}

TEST_CASE("first_capital: OpenCompass knows every upper-case character of Unicode") {
  for (const auto& [text, expected] :
       {std::pair("été É", "É"), {"第Ⅳ章", "Ⅳ"}, {"ⓐⒷ", "Ⓑ"}, {"ǅ", ""}, {"жЖ", "Ж"}, {"中文", ""}}) {
    INFO(text);
    CHECK(test::apply(component_(), R"({"compat": "opencompass"})", text).text == expected);
  }
}

TEST_CASE("first_capital: the schema is closed and explains itself") { test::check_schema(component_()); }
