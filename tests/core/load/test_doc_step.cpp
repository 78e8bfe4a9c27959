// What lm-eval makes of a row: a column's name or a template, numbers, lists, the right answer, and the same as an example.
#include <catch2/catch.hpp>
#include "../../../core/load/derive.hpp"
#include "../../../core/load/python_literal.hpp"

using namespace sextant;
using namespace sextant::load;

namespace {

std::string doc(const std::string& spec, const std::string& record) {
  const auto config = json::parse("{\"doc\": {\"lm_eval\": " + spec + "}}", "derive");
  if (!config) return config.error().message;
  const auto derive = Derive::read(&*config, "task.yaml");
  if (!derive) return derive.error().message;
  const auto out = derive->apply(record);
  if (!out) return out.error().message;
  return json::write((*json::parse(*out, "record"))["doc"]);
}

std::string literal(std::string_view text) {
  json::Document owner;
  const auto value = python_literal(text, owner.GetAllocator());
  return value ? json::write(*value) : "none";
}

struct Case { const char *spec, *record, *expected; };

}  // namespace

TEST_CASE("doc: multiple choice", "[load]") {
  for (const Case& c :
       {Case{R"({"output": "multiple_choice", "text": "q: {{q}}", "target": "l", "choices": ["x", "yy"]})",
             R"({"q": "A", "l": 1})", R"({"question":"q: A","gold":"1","options":["x","yy"]})"},
        // a column's digits stay a text, a template's become a number
        Case{R"({"output": "multiple_choice", "text": "q", "target": "l", "choices": ["x", "yy"]})", R"({"q": "A", "l": "1"})",
             R"({"question":"A","gold":"-100","options":["x","yy"]})"},
        Case{R"({"output": "multiple_choice", "text": "q", "target": "{{l}}", "choices": ["x", "yy"]})",
             R"({"q": "A", "l": "1"})", R"({"question":"A","gold":"1","options":["x","yy"]})"},
        Case{R"({"output": "multiple_choice", "text": "q", "target": "{{l}}", "choices": ["x", "yy"]})",
             R"({"q": "A", "l": "yy"})", R"({"question":"A","gold":"1","options":["x","yy"]})"},
        Case{R"({"output": "multiple_choice", "text": "q", "target": 5, "choices": ["x", "yy"]})", R"({"q": "A"})",
             R"({"question":"A","gold":"-100","options":["x","yy"]})"},
        Case{R"({"output": "multiple_choice", "text": "q", "target": "{{[0, 1]}}", "choices": "{{[a, b]}}"})",
             R"({"q": "A", "a": "it's", "b": "\"x\""})", R"({"question":"A","gold":["0","1"],"options":["it's","\"x\""]})"},
        Case{R"({"output": "multiple_choice", "text": "q", "target": "l", "choices": {"a": "x", "b": "y"}})",
             R"({"q": "A", "l": true})", R"({"question":"A","gold":"1","options":["x","y"]})"},
        // the options are the questions
        Case{R"({"output": "multiple_choice", "text": "{{n}}", "target": "t", "choices": "c"})",
             R"({"n": 1, "t": "end", "c": ["one", "two"]})",
             R"({"gold":"1","continuation":"end","question":["one","two"],"options":["one","two"]})"}}) {
    CAPTURE(c.spec, c.record);
    CHECK(doc(c.spec, c.record) == c.expected);
  }
}

TEST_CASE("doc: replies, continuations and whole texts", "[load]") {
  for (const Case& c :
       {Case{R"({"output": "generate_until", "text": "", "target": "{{a}}", "gen_prefix": "p", "description": "D {{a}}"})",
             R"({"a": "7", "p": "So"})", R"({"question":"","gold":"7","prefix":"So","description":"D 7"})"},
        Case{R"({"output": "generate_until", "text": "q", "target": "a"})", R"({"q": "x", "a": 1.0})",
             R"({"question":"x","gold":"1.0"})"},
        Case{R"({"output": "generate_until", "text": "q", "target": "{{a}}"})", R"({"q": "x", "a": ["u", "it's"]})",
             R"({"question":"x","gold":["u","it's"]})"},
        Case{R"({"output": "generate_until", "text": "q", "target": "a", "choices": ["no", "yes"]})", R"({"q": "x", "a": -1})",
             R"({"question":"x","gold":"yes"})"},
        Case{R"({"output": "loglikelihood", "text": "q", "target": " {{a}}"})", R"({"q": "x", "a": "y"})",
             R"({"question":"x","continuation":" y","gold":"0"})"},
        Case{R"({"output": "loglikelihood_rolling", "target": "{{a}}"})", R"({"a": "y"})", R"({"question":"y","gold":""})"}}) {
    CAPTURE(c.spec, c.record);
    CHECK(doc(c.spec, c.record) == c.expected);
  }
}

TEST_CASE("doc: examples, whose errors wait until they are drawn", "[load]") {
  const std::string head = R"({"output": "multiple_choice", "text": "q", "target": "l", "choices": ["x", "yy"], "shot": )";
  const std::string record = R"({"q": "A", "l": 1, "n": null})";
  const auto shot = [&](const std::string& spec) {
    const auto made = json::parse(doc(head + spec + "}", record), "doc");
    return made ? json::write((*made)["shot"]) : made.error().message;
  };
  CHECK(shot(R"({"text": "Q {{q}}", "target": "l", "choices": ["x", "yy"], "gen_prefix": "So"})") ==
        R"({"question":"Q A","answer":"yy","prefix":"So"})");
  CHECK(shot(R"({"text": "q", "target": "n"})") == R"({"question":"A"})");
  CHECK(shot(R"({"text": "q", "target": ["u", "v"]})") == R"({"question":"A","answer":"u"})");
  CHECK_THAT(shot(R"({"text": "q", "target": "l"})"),
             Catch::Contains("error") && Catch::Contains("doc_to_target gives '1', which is not text"));
  CHECK_THAT(shot(R"({"text": "{{nothing}}", "target": "l"})"), Catch::Contains("error") && Catch::Contains("nothing"));
}

TEST_CASE("doc: what a row or a task lacks", "[load]") {
  for (const Case& c : {Case{R"({"output": "multiple_choice", "text": "q", "target": "l"})", "{}", "\"choices\" is missing"},
                        Case{R"({"output": "other", "text": "q", "target": "l"})", "{}", "\"output\" is 'other'"},
                        Case{R"({"output": "generate_until", "target": "l"})", "{}", "\"text\" is missing"},
                        Case{R"({"output": "generate_until", "text": "q"})", "{}", "\"target\" is missing"},
                        Case{R"({"output": "generate_until", "text": "{{ q", "target": "l"})", "{}", "doc_to_text"},
                        Case{R"({"output": "generate_until", "text": "n", "target": "l"})", R"({"n": 3, "l": "x"})",
                             "doc_to_text gives '3', which is not text"},
                        Case{R"({"output": "generate_until", "text": "{{ zzz }}", "target": "l"})", R"({"l": "x"})", "zzz"},
                        Case{R"({"output": "multiple_choice", "text": "t", "target": "l", "choices": "{{q}}"})",
                             R"({"t": "", "q": "no list", "l": 0})", "which is not a list as Python writes it"},
                        Case{R"({"output": "multiple_choice", "text": "t", "target": "l", "choices": ["a"]})",
                             R"({"t": "", "l": 0.5})", "neither an option nor its number"},
                        Case{R"({"output": "multiple_choice", "text": "t", "target": "{{l}}", "choices": ["a"]})",
                             R"({"t": "", "l": "01"})", "not a number as Python writes it"}}) {
    CAPTURE(c.spec, c.record);
    CHECK_THAT(doc(c.spec, c.record), Catch::Contains(c.expected));
  }
}

TEST_CASE("python_literal: as ast.literal_eval reads it", "[load]") {
  for (const auto& [text, expected] :
       std::vector<std::pair<const char*, const char*>>{{"[1, 'x', None, \"it's\", True]", R"([1,"x",null,"it's",true])"},
                                                        {"('a', 'b')", R"(["a","b"])"},
                                                        {"('a')", R"("a")"},
                                                        {"('a',)", R"(["a"])"},
                                                        {" ['a' 'b']", R"(["ab"])"},
                                                        {"{'a': 1, 'b': [2.5]}", R"({"a":1,"b":[2.5]})"},
                                                        {"['\\n\\x41\\u00e9\\'\\\\ \\q']", R"(["\nAé'\\ \\q"])"},
                                                        {"[-1, +2, 1_000, 1e-7]", "[-1,2,1000,1e-7]"},
                                                        {"[]", "[]"},
                                                        {"[1,]", "[1]"},
                                                        {"['''a\nb''']", R"(["a\nb"])"},
                                                        {"['a\nb']", "none"},
                                                        {"['it's']", "none"},
                                                        {"[a]", "none"},
                                                        {"[1", "none"},
                                                        {"01", "none"},
                                                        {"1 2", "none"},
                                                        {"", "none"},
                                                        {"[,]", "none"}}) {
    CAPTURE(text);
    CHECK(literal(text) == expected);
  }
  CHECK(literal(std::string(100'000, '[')) == "none");
}
