#include "../../plugins/postprocessors/first_option/first_option.cpp"
#include "component.hpp"


namespace {
const sxt_component& component_(size_t which = 0) { return *sextant_plugin_entry.components[which]; }
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

TEST_CASE("first_label: labels that are no capital letters are read by first_option's rules") {
  constexpr const char *numbers = R"({"labels": ["1", "2", "3"]})", *yes = R"({"labels": ["Yes", "No"]})",
                       *truth = R"({"labels": ["True", "False"]})", *feeling = R"({"labels": ["positive", "negative", "neutral"]})",
                       *entails = R"({"labels": ["entailment", "not_entailment"]})", *right = R"({"labels": ["正确", "错误"]})",
                       *lower = R"({"labels": ["a", "b", "c"]})", *signs = R"({"labels": ["1", "10", "C++"]})";
  struct Case { const char *config, *text, *expected; };
  for (const Case& c : std::initializer_list<Case>{
           {numbers, "Option 1 is wrong, so the answer is 2", "2"},
           {numbers, "Of 3 options, the answer is 2", "2"},
           {numbers, "1 is wrong. 2", "2"},
           {numbers, "Let me check: 1+1=2", ""},
           {numbers, "Let me check: 1 + 1 = 2.", ""},
           {numbers, "Step 1: read. Answer: 2", "2"},
           {numbers, "Step 1: read.", ""},
           {numbers, "I eliminated 3 and 1; 2 remains", "2"},
           {numbers, "1 or 2", ""},
           {numbers, "答案是2", "2"},
           {numbers, "不是1，是2", "2"},
           {numbers, "第1步：读题。答案：3", "3"},
           {numbers, "2", "2"},
           {numbers, "**2**", "2"},
           {numbers, "(2) cork", "2"},
           {numbers, "2. cork", "2"},
           {numbers, "\\boxed{3}", "3"},
           {numbers, "$2$", "2"},
           {numbers, "<answer>2</answer>", "2"},
           {numbers, R"({"answer": 2})", "2"},
           {numbers, "1. First, read it.\n2. Then think.\nAnswer: 3", "3"},
           {numbers, "1. First, read it.\n2. Then think.", ""},
           {numbers, "The answer is 2 because 3 is too much", "2"},
           {numbers, "The answer is 2.5", ""},
           {numbers, "It costs 1,200 or 2%", ""},
           {numbers, "The answer is 1. Wait, the answer is 3.", "3"},
           {numbers, "Plan R or S: the answer is 1", "1"},
           {numbers, "RS is no label, nor is T", ""},
           {numbers, "<think>1</think>3", "3"},
           {yes, "No doubt about it: Yes", "Yes"},
           {yes, "No, wait, yes", "Yes"},
           {yes, "yes", "Yes"},
           {yes, "Yes, because no other is.", "Yes"},
           {yes, "No, that is not so.", "No"},
           {yes, "The answer is no.", "No"},
           {yes, "There is no evidence", ""},
           {yes, "Yes or no?", ""},
           {truth, "That is not True. False", "False"},
           {truth, "The statement is true.", "True"},
           {truth, "It's not true", ""},
           {entails, "It's not entailment", "not_entailment"},
           {entails, "not entailment", "not_entailment"},
           {entails, "entailment", "entailment"},
           {feeling, "not positive, it's negative", "negative"},
           {feeling, "neither positive nor neutral: negative", "negative"},
           {feeling, "The sentiment is positive, though some words are negative.", "positive"},
           {feeling, "positive words and negative words", ""},
           {right, "正确答案是错误", "错误"},
           {right, "该说法正确", "正确"},
           {right, "不正确", ""},
           {lower, "The answer is b.", "b"},
           {lower, "a good question", ""},
           {signs, "The answer is C++.", "C++"},
           {signs, "The answer is 10", "10"},
           {R"({"labels": ["1", "2"], "compat": "opencompass"})", "Option 1 is wrong, so the answer is 2", "1"}}) {
    INFO(c.config << " " << c.text);
    CHECK(test::apply(component_(1), c.config, c.text).text == c.expected);
  }
}

TEST_CASE("first_option: the schema is closed and explains itself") {
  test::check_schema(component_());
  test::check_schema(component_(1));
}
