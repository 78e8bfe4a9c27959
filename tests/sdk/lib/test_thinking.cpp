// Thinking taken off a reply: the tags of the model families, open, nested, repeated; and case folding.
#include <catch2/catch.hpp>
#include <sextant/fold_case.hpp>
#include <sextant/thinking.hpp>

namespace sextant::test {

TEST_CASE("thinking: every family's tags are taken off, and an unclosed one leaves no answer") {
  for (const ThinkingTags& tags : known_thinking_tags()) {
    INFO(tags.open);
    const Thought whole = split_thinking(tags.open + "A?" + tags.close + "\n\nB");
    CHECK(whole.answer == "B");
    CHECK(whole.thinking == "A?");
    CHECK(whole.closed);
    const Thought cut = split_thinking(tags.open + "The answer is A");
    CHECK_FALSE(cut.closed);
    CHECK(cut.answer.empty());
    CHECK(split_thinking("A?" + tags.close + "B").answer == "B");  // the prompt had opened it
    CHECK(opens_thinking("<|assistant|>" + tags.open + "\n"));
    CHECK_FALSE(opens_thinking(tags.open + "\n" + tags.close + "\n\n"));
  }
}

TEST_CASE("thinking: nested, repeated, mixed and stray tags") {
  struct Case { const char *text, *answer; bool closed; };
  for (const Case& c :
       {Case{"no tags <b>here</b>", "no tags <b>here</b>", true},
        {"", "", true},
        {"  B \n", "  B \n", true},
        {"<think>a<think>b</think>c</think>B", "B", true},
        {"<think>a<think>b</think>A", "", false},
        {"<think>a</think>B<think>c</think>", "B", true},
        {"<think>a</think>B<think>c", "", false},
        {"<think>a [THINK] b</think>B", "B", true},
        {"[THINK]a <think> b[/THINK]B", "B", true},
        {"<THINK>a</Think>B", "B", true},
        {"B</think>", "", true},
        {"<think>a</think>B</think>", "B", true},
        {"a</think>b</think>B", "B", true},
        {"<think></think>", "", true},
        {"<thin", "<thin", true},
        {"<think", "<think", true},
        {"<|channel|>analysis<|message|>A<|end|><|start|>assistant<|channel|>final<|message|>B<|return|>", "B", true},
        {"<|channel|>analysis<|message|>A", "", false},
        {"<|channel|>final<|message|>B", "B", true},
        {"<|channel|>final <|constrain|>json<|message|>{\"a\": 1}", "{\"a\": 1}", true},
        {"analysisA or B?assistantfinalB", "B", true},
        {"analysisThe answer is", "", false},
        {"analysis of the text", "analysis of the text", true}}) {
    INFO(c.text);
    const Thought thought = split_thinking(c.text);
    CHECK(thought.answer == c.answer);
    CHECK(thought.closed == c.closed);
  }
}

TEST_CASE("thinking: a block that the prompt opened, and tags that somebody names") {
  CHECK(split_thinking("A?</think>B", true).answer == "B");
  CHECK(split_thinking("<think>A?</think>B", true).answer == "B");
  CHECK_FALSE(split_thinking("The answer is A", true).closed);
  const ThinkingTags own[] = {{"{{", "}}"}};
  CHECK(split_thinking("{{A}}B", false, own).answer == "B");
  CHECK(split_thinking("<think>A</think>B", false, own).answer == "<think>A</think>B");
  CHECK(names_thinking_tag(R"~({"pattern": "</think>(.*)"})~"));
  CHECK_FALSE(names_thinking_tag(R"({"options": "ABCD"})"));
}

TEST_CASE("fold_case: texts that differ in case become one; broken bytes stay") {
  CHECK(utf8::fold_case("STRASSE Straße ПАРИЖ") == "strasse strasse париж");
  CHECK(utf8::fold_case("\xFF" "A") == "\xFF" "a");
}

}  // namespace sextant::test
