#include "../../plugins/postprocessors/thinking/thinking.cpp"
#include "component.hpp"

namespace {
const sxt_component& component_() { return *sextant_plugin_entry.components[0]; }
}  // namespace

TEST_CASE("thinking: known tags, tags that are named, and a block that the prompt opened") {
  struct Case { const char *config, *text, *expected; };
  for (const Case& c : {Case{"{}", "<think>A</think>B", "B"}, {"{}", "<think>A", ""}, {"{}", "B", "B"},
                        {R"({"tags": [["<plan>", "</plan>"]]})", "<plan>A</plan>B", "B"},
                        {R"x({"tags": [["<plan>", "</plan>"], ["((", "))"]]})x", "((A)) B", "B"},
                        {R"({"tags": [["<plan>", "</plan>"]]})", "<plan>A", ""}, {R"({"opened": true})", "A?", ""},
                        {R"({"opened": true})", "A?</think>B", "B"}}) {
    INFO(c.config << " " << c.text);
    CHECK(test::apply(component_(), c.config, c.text).text == c.expected);
  }
}

TEST_CASE("thinking: the schema is closed and explains itself") { test::check_schema(component_()); }
