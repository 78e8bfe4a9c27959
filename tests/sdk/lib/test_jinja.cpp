// Jinja as lm-eval sets it up, construct by construct against Jinja2 itself (tests/golden/make_lm_eval_jinja.py), and what the
// library says of a template before it is rendered. What chat templates need is tested beside their user
// (tests/models/engine/chat).
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <sextant/jinja.hpp>

using namespace sextant;
using jinja::Environment;
using jinja::Template;
using Catch::Matchers::Contains;

namespace {

json::Document golden() {
  std::ifstream file(SEXTANT_GOLDEN_DIR "/jinja_lm_eval.json");
  return *json::parse(std::string(std::istreambuf_iterator<char>(file), {}), "jinja_lm_eval.json");
}

std::string rendered(const std::string& source, const std::string& record, Environment environment = Environment::lm_eval()) {
  const auto parsed = Template::parse(source, "t", environment);
  if (!parsed) return parsed.error().message;
  const auto text = parsed->render(*json::parse(record, "record"));
  return text ? *text : text.error().message;
}

}  // namespace

TEST_CASE("a task's template gives what it gives in lm-eval") {
  const json::Document goldens = golden();
  for (const auto& entry : goldens["cases"].GetArray()) {
    CAPTURE(entry["source"].GetString());
    const auto parsed = Template::parse(std::string(json::text(entry["source"])), "t", Environment::lm_eval());
    const auto text = parsed ? parsed->render(goldens["record"]) : Result<std::string>(parsed.error());
    if (!entry["text"].IsNull()) {
      CHECK((text ? *text : "refused: " + text.error().message) == std::string(json::text(entry["text"])));
      continue;
    }
    REQUIRE_FALSE(text);
    CHECK(text.error().message.starts_with("t:1: the template "));
    const std::string name = json::find_string(entry, "undefined").value_or("");
    if (!name.empty()) CHECK_THAT(text.error().message, Contains("'" + name + "' is undefined"));
  }
}

TEST_CASE("a template's variables are those that Jinja2 finds") {
  const json::Document goldens = golden();
  for (const auto& entry : goldens["cases"].GetArray()) {
    const json::Value* wanted = json::find(entry, "variables");
    const auto parsed = Template::parse(std::string(json::text(entry["source"])), "t", Environment::lm_eval());
    if (!parsed || !wanted) continue;
    CAPTURE(entry["source"].GetString());
    std::vector<std::string> names, expected;
    for (const auto& variable : parsed->variables()) names.push_back(variable.name);
    for (const auto& name : wanted->GetArray())
      if (json::text(name) != "range")
        expected.emplace_back(json::text(name));  // a function of the language, though the record has one
    std::sort(names.begin(), names.end());
    CHECK(names == expected);
  }
}

TEST_CASE("a variable that the template asks for may be missing") {
  const auto parsed =
      Template::parse("{{ a }}{% if b is defined %}{{ b }}{% endif %}{{ c|default('x') }}{{ d.e|default('x') }}{{ f|upper }}",
                      "t", Environment::lm_eval());
  REQUIRE(parsed);
  CHECK(parsed->variables() ==
        std::vector<jinja::Variable>{{"a", false}, {"b", true}, {"c", true}, {"d", false}, {"f", false}});
}

TEST_CASE("a line is named where a template of several lines fails") {
  CHECK(rendered("a\n{{ b }}\n", "{}") == "t:2: the template cannot be rendered: 'b' is undefined");
  CHECK(rendered("a\n{{ b.c }}\n", R"({"b": {}})") ==
        "t:2: the template cannot be rendered: 'c' of a value of type dict is undefined");
  CHECK(rendered("a\n\n{{ b", "{}") == "t:3: the template cannot be read: {{ is not closed by }}");
}

TEST_CASE("what is not strict prints what is undefined as nothing") {
  CHECK(rendered("<{{ b }}>\n", "{}", Environment()) == "<>");
  CHECK_THAT(rendered("{{ 'a'|regex_replace('a', 'b') }}", "{}", Environment()),
             Contains("no filter is named 'regex_replace'"));
}

TEST_CASE("a template is rendered for an object and nothing else") {
  CHECK_THAT(rendered("x", "[1]"), Contains("t: a template is rendered for a JSON object, not for [1]"));
  CHECK_THAT(rendered("{{ a }}", R"({"a": 18446744073709551615})"), Contains("18446744073709551615"));
}

TEST_CASE("of variables from several places the last counts, and a null pointer is None") {
  const auto parsed = Template::parse("{{ a }} {{ b }}", "t", Environment::lm_eval());
  const json::Value one(1), two(2);
  CHECK(*parsed->render({{"a", &one}, {"b", nullptr}, {"a", &two}}) == "2 None");
}

TEST_CASE("no template takes more steps, depth or output than it may") {
  const json::Value empty(rapidjson::kObjectType);
  const jinja::Limits small{.steps = 10'000, .depth = 50, .output_bytes = 1'000};
  for (const auto& [source, expected] :
       {std::pair("{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}", "more than 10000 steps"),
        {"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "nest deeper than 50"},
        {"{{ 'x' * 2000 }}", "too large"},
        {"{% for i in range(200) %}0123456789{% endfor %}", "beyond 1000 bytes"},
        {"{{ 'aaaaaaaaaa'|regex_replace('a', 'b' * 500) }}", "more than 1000 bytes"},
        {"{{ ('a' * 40 ~ 'b')|regex_replace('(a+)+$', '') }}", "gives up on a text of 41 bytes"}}) {
    CAPTURE(source);
    const auto text = Template::parse(source, "t", Environment::lm_eval())->render(empty, small);
    REQUIRE_FALSE(text);
    CHECK_THAT(text.error().message, Contains(expected));
  }
}
