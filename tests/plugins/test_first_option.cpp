#include "../../plugins/postprocessors/first_option/first_option.cpp"
#include "component.hpp"


namespace {
const sxt_component& component_() { return *sextant_plugin_entry.components[0]; }
}  // namespace

TEST_CASE("first_option: compat and cushion decide") {
  struct Case { const char *config, *text, *expected; };
  for (const Case& c : {Case{"{}", "C. because A", "C"},
                        {R"({"compat": "opencompass"})", "C. because A", "A"},
                        {R"({"compat": "opencompass-0.2.4"})", "C. because A", "A"},
                        {R"({"compat": "opencompass"})", "所以A：B  ", "B"}, {"{}", "Plan B, maybe", "B"},
                        {R"({"cushion": false})", "Plan B, maybe", ""},
                        {R"({"compat": "opencompass", "cushion": false})", "**B** is right", ""},
                        {R"({"options": "ABCDEFGHIJ"})", "The answer is (J).", "J"}}) {
    INFO(c.config << " " << c.text);
    CHECK(test::apply(component_(), c.config, c.text).text == c.expected);
  }
}

TEST_CASE("first_option: no long text takes long") {
  // every pattern at once; the worst that repeated answer words do is be slow, not fail
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "答案是 the answer is ( ** 选 ";
  for (const char* config : {"{}", R"({"compat": "opencompass"})"})
    CHECK(test::apply(component_(), config, text).status == SXT_OK);
}

TEST_CASE("first_option: the schema is closed and explains itself") { test::check_schema(component_()); }
