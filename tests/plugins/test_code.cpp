#include "../../plugins/postprocessors/code/code.cpp"
#include <fstream>
#include <sstream>
#include "component.hpp"
#include "step_counter.hpp"
#include "worst_cases.hpp"

namespace {

const sxt_component& component_() { return *sextant_plugin_entry.components[0]; }

struct Case {
  const char *what, *reply, *entry;
  bool body;
  std::string program;
};
const std::string add = "def add(a, b):\n    return a + b\n";

}  // namespace

TEST_CASE("code: the program of a reply") {
  const auto code = postprocess::Code::make();
  REQUIRE(code);
  for (const Case& c : {
           Case{"a block", "Here:\n```python\ndef add(a, b):\n    return a + b\n```\nDone.", "add", false, add},
           {"a block that is not closed", "```py\ndef add(a, b):\n    return a + b", "add", false, add},
           {"a fence behind the last line", "```python\ndef add(a, b):\n    return a + b```", "add", false, add},
           {"a block that the prompt has opened", "def add(a, b):\n    return a + b\n```\nThis adds a and b.", "add", false, add},
           {"a body in such a block", "    return a + b\n```\nThis adds.", "add", true, "    return a + b\n"},
           {"a body whose first line was stripped", "return a + b\n```", "add", true, "    return a + b\n"},
           {"an opened block, and another one", "def add(a, b):\n    return a + b\n```\nUse:\n```python\nadd(1, 2)\n```", "add", false, add},
           {"words before a block that is cut", "Here it is:\n```\ndef add(a, b):\n    return a + b", "add", false, add},
           {"tildes, and three marks inside", "~~~\nx = '```'\ndef add(a, b):\n    return a + b\n~~~\n", "add", false,
            "x = '```'\n" + add},
           {"the last block that binds the entry",
            "```\ndef add(a, b): return 0\n```\nBetter:\n```\ndef add(a, b):\n    return a + b\n```\n```\nadd(1, 2)\n```",
            "add", false, add},
           {"none binds it: the first", "```\nx = 1\n```\n```\ny = 2\n```", "add", false, "x = 1\n"},
           {"a block in a list", "1. like this\n   ```python\n   def add(a, b):\n       return a + b\n   ```", "add", false,
            add},
           {"no block, words in front", "Sure, from the list I take:\n\nimport math\n\ndef add(a, b):\n    return a + b\n",
            "add", false, "import math\n\n" + add},
           {"names bound in front", "R = 3\na, b = 1, 2\ndef add(a, b):\n    return a + b", "add", false,
            "R = 3\na, b = 1, 2\n" + add},
           {"CR LF", "```python\r\ndef add(a, b):\r\n    return a + b\r\n```\r\n", "add", false, add},
           {"marks of MBPP's prompts", "[BEGIN]\n 'def add(a, b):\n    return a + b' \n[DONE] \n\n You are", "add", false, add},
           {"the opening mark stood in the prompt", " 'def add(a, b):\n    return a + b'\n[DONE]", "add", false, add},
           {"Markdown's escapes", "def add\\_up(a\\_1):\n    return a\\_1", "add_up", false,
            "def add_up(a_1):\n    return a_1\n"},
           {"a body", "    c = a + b\n    return c", "add", true, "    c = a + b\n    return c\n"},
           {"a body that lost its first indentation", "c = a + b\n    return c", "add", true, "    c = a + b\n    return c\n"},
           {"one that lost a blank", "   c = a + b\n    return c", "add", true, "    c = a + b\n    return c\n"},
           {"a loop that lost it", "for x in a:\n        b += x\n    return b", "add", true,
            "    for x in a:\n        b += x\n    return b\n"},
           {"a body without any", "for x in a:\n    b += x\nreturn b", "add", true,
            "    for x in a:\n        b += x\n    return b\n"},
           {"a body in a block", "```\n    return a + b\n```", "add", true, "    return a + b\n"},
           {"a whole function where a body may be", "def add(a, b):\n    return a + b", "add", true, add},
           {"any function", "Text.\ndef add(a, b):\n    return a + b", "", false, add},
           {"an assignment binds", "```\nx\n```\n```\nadd = lambda a, b: a + b\n```", "add", false,
            "add = lambda a, b: a + b\n"},
           {"a comparison does not", "```\nx\n```\n```\nadd == 1\n```", "add", false, "x\n"},
           {"nothing", " \n\n", "add", true, ""},
           {"an empty block", "```python\n```", "add", false, ""},
       }) {
    INFO(c.what);
    const auto program = (*code)(c.reply, c.entry, c.body);
    REQUIRE(program);
    CHECK(*program == c.program);
  }
}

TEST_CASE("code: what OpenCompass takes out of the same replies") {
  std::ifstream file(std::string(SEXTANT_GOLDEN_DIR) + "/code_replies.json");
  std::stringstream text;
  text << file.rdbuf();
  const auto rows = json::parse(text.str(), "code_replies.json");
  REQUIRE(rows);
  REQUIRE(rows->Size() > 100);
  for (const char* way : {"humaneval", "humaneval_last", "mbpp"}) {
    const std::string config = R"({"compat": "opencompass", "opencompass": ")" + std::string(way) + "\"}";
    for (const auto& row : rows->GetArray()) {
      INFO(way << ": " << json::quote(json::text(row["text"])));
      CHECK(test::apply(component_(), config, json::text(row["text"])).text == json::text(row[way]));
    }
  }
}

TEST_CASE("code: a long reply takes no long time") {
  std::string ticks, quotes = "[BEGIN] '";
  for (int i = 0; i < 20'000; ++i) ticks += "```\n", quotes += "' DON";
  for (const std::string& reply : {ticks, quotes, std::string(200'000, ' '), std::string(200'000, '\'')})
    for (const char* config :
         {R"({"body": true})", R"({"compat": "opencompass", "opencompass": "mbpp"})", R"({"compat": "opencompass"})"})
      CHECK(test::apply(component_(), config, reply).status == SXT_OK);
}

TEST_CASE("no reply takes a reader of programs longer than its length allows") {
  const auto code = postprocess::Code::make(&test::steps);
  const auto opencompass = postprocess::OpencompassCode::make(&test::steps);
  REQUIRE((code && opencompass));
  test::check_linear(test::steps_of([&](const std::string& text) { (void)(*code)(text, "f", true); }));
  test::check_linear(test::steps_of([&](const std::string& text) { (void)opencompass->humaneval(text, true); }));
}

TEST_CASE("code: the schema is closed and explains itself") { test::check_schema(component_()); }

TEST_CASE("asserted_value: what an assertion says") {
  struct Case { const char *reply, *assertion, *answer; };
  for (const Case& c : {Case{"assert f(1) == 2", "2", "2"},
                        {"Sure:\n```python\nassert f(a == 1, \"==\") == [1, 2], 'message'\n```", "[1, 2]", "1, \""},
                        {"assert f(1) == 2 # TODO", "2", "2 # TODO"},
                        {"assert f(1) > 2", "", "assert f(1) > 2"},
                        {"assert f(1) == 2 and True", "", "2 and True"},
                        {"assert f(1) == 'it\\'s'", "'it\\'s'", "'it\\'s'"},
                        {"```\n[1, 2]\n```", "[1, 2]", "```"},
                        {"assert f(1) == 3\n[/ANSWER]\nassert f(1) == 4", "4", "3"},
                        {"3", "", "3"}}) {
    INFO(c.reply);
    CHECK(postprocess::value_of_assertion(c.reply) == c.assertion);
    CHECK(postprocess::value_of_answer(c.reply) == c.answer);
  }
}
