// Post-processors of free answers: numbers, formulas, words. OpenCompass' ways are compared with its own functions by
// tools/acceptance/metrics.py; here are the rules of each, and that no reply takes longer than its length allows.
#include <catch2/catch.hpp>
#include "../../plugins/postprocessors/bbh/bbh.hpp"
#include "../../plugins/postprocessors/math/math.hpp"
#include "../../plugins/postprocessors/numbers/numbers.hpp"
#include "../../plugins/postprocessors/short_answers/short_answers.hpp"
#include "golden.hpp"
#include "step_counter.hpp"
#include "worst_cases.hpp"

using namespace sextant;
using namespace sextant::postprocess;

namespace {

struct Case {
  const char *text, *expected;
};
void check(std::string (*read)(std::string_view), std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(read(c.text) == c.expected);
  }
}

}  // namespace

TEST_CASE("gsm8k takes the number that the reply comes to") {
  check(answer_number, {{"so 5 + 3 = 8.\n#### 8", "8"},
                        {"The answer is 1,234.", "1234"},
                        {"The answer is $1,234.50.", "1234.5"},
                        {"It is \\boxed{1{,}234}", "1234"},
                        {"she has 3 apples and 4 pears", "4"},
                        {"The answer is 72. That is more than 60.", "72"},
                        {"The answer is 5 + 3 = 8 apples.", "8"},
                        {"The answer is not 450 but 540.", "540"},
                        {"The answer is 450? No, it is 540.", "540"},
                        {"答案不是 450，而是 540。", "540"},
                        {"18.00", "18"},
                        {"-5", "-5"},
                        {"−5", "-5"},
                        {"10-2", "2"},
                        {"1/2", "1/2"},
                        {"on 1/2/2024", "2024"},
                        {"１２", "12"},
                        {"", ""},
                        {"none", ""},
                        {"<think>7</think>The answer is 8", "8"},
                        {"<think>7", ""},
                        {"The answer is 5.\n\nQuestion: 3 dogs?\nThe answer is 9.", "5"},
                        {"Question: 3 dogs", "3"},
                        {"Answer: **42**", "42"},
                        {"答案是 12。还有 3", "12"},
                        {"x2 and A4", ""},
                        {"007", "7"},
                        {".50", "0.5"},
                        {"1,23", "1.23"},
                        {"12,345,678", "12345678"},
                        {"The answer is 1e3.", "1000"},
                        {"The answer is 1e99", "1e99"},
                        {"The answer is 2.50e-40", "2.5e-40"},
                        {"The answer is 10^3", "1000"},
                        {"it is 10**3", "1000"},
                        {"10³", "1000"},
                        {"5 × 10⁻³", "0.005"},
                        {"2^10 bytes", "1024"},
                        {"2^{100}", "2^100"},
                        {"in total 25 cm^2", "25"},
                        {"42²", "42"},
                        {"x_1 = 7 and x_2", "7"},
                        {"x^{-2} + 3", "3"},
                        {"The answer is _42_", "42"},
                        {"1 1/2 pizzas", "3/2"},
                        {"The answer is 2 3/4.", "11/4"},
                        {"1_000", "1000"},
                        {"8 in 3.5.2", "8"},
                        {"version 1.2.3. So 4", "4"},
                        {"8 at 0x1F", "8"},
                        {"3.5e-4", "0.00035"},
                        {"about 1.25E+2 m", "125"},
                        {"The answer is 3 \\times 10^{8} m/s", "300000000"},
                        {"it is 2.5×10^3", "2500"},
                        {"so 5 * 10^-2", "0.05"},
                        {"1.50e1", "15"},
                        {"0e5", "0"},
                        {"3e", "3"},
                        {"2e5f", "2"},
                        {"2 x 10", "10"},
                        {"1.234.", "1.234"},
                        {"The population is 1,00,000", "100000"},
                        {"it has 12,34,56,789 rupees", "123456789"},
                        {"1,20,3", "3"},
                        {"CHF 1'250'000.50", "1250000.5"},
                        {"it is 1’000", "1000"},
                        {"in all 1 000 000 people", "1000000"},
                        {"costs 10 000 francs", "10000"},
                        {"The answer is 12 345.", "12345"},
                        {"#### 1 234 567", "1234567"},
                        {"\\boxed{12\\ 345}", "12345"},
                        {"\\boxed{12 345.5}", "12345.5"},
                        {"in 2024 100 people", "100"},
                        {"we list 100 200 300", "300"},
                        {"2 100/200", "500/200"},
                        {"0 500", "500"},
                        {"1.234.567 Menschen", "1234567"},
                        {"Es sind 1.234,56 Euro", "1234.56"},
                        {"between 2.500,3.500", "3.5"},
                        {"0.123.456", ""},
                        {"at 10.0.0.1", ""},
                        {"\\boxed{\\frac{1}{2}}", "1/2"},
                        {"it is $-\\dfrac{3}{4}$", "-3/4"},
                        {"\\frac12 of 8 is 4", "4"},
                        {"so \\frac12", "1/2"},
                        {"\\frac{x}{2}", "2"},
                        // a point behind a letter ends an abbreviation
                        {"The answer is Rs.500", "500"},
                        {"Rs.1,200", "1200"},
                        {"答案是No.5", "5"},
                        {"approx.20.5 m", "20.5"},
                        // mixed numbers and signs of fractions
                        {"\\boxed{2\\frac{1}{2}}", "5/2"},
                        {"\\boxed{\\frac{-1}{2}}", "-1/2"},
                        {"-\\frac{-1}{2}", "1/2"},
                        {"The answer is 2½", "5/2"},
                        {"it is -½", "-1/2"},
                        {"3\\frac{5}{2}", "5/2"},
                        {"The answer is 15 = 3*5", "15"},
                        {"The answer is 3*5 = 15", "15"},
                        {"The answer is x = 7", "7"},
                        // signs
                        {"The answer is -$5", "-5"},
                        {"\\boxed{- 5}", "-5"},
                        {"The answer is: - 5", "-5"},
                        {"The answer is:\n- 5 apples", "5"},
                        {"The answer is –5", "-5"},
                        {"it is ‑5", "-5"},
                        {"pages 3–5", "5"},
                        {"The answer is negative 5", "-5"},
                        {"The answer is minus 5.", "-5"},
                        {"10 minus 5", "5"},
                        {"答案是负5", "-5"},
                        {"正负5", "5"},
                        // what is taken back
                        {"答案是30。不对，应该是25。", "25"},
                        {"The answer is 15. Wait, that's wrong. 7*3=21. So it is 21.", "21"},
                        {"The answer is 30.\n\nHowever, that is incorrect. The correct result is 25.", "25"},
                        {"The answer is 30. That is wrong.", "30"},
                        {"答：30。2人", "30"},
                        {"结果为30，2人", "30"},
                        {"Ans: 30. 2 people", "30"},
                        {"That means: 30. So 2", "2"},
                        {"The answer, therefore, is 20. There are 3 people.", "20"},
                        // in a place of its own
                        {"<answer>12</answer> with 3 steps", "12"},
                        {"<answer>\n12\n</answer> with 3 steps", "12"},
                        {"<Answer>She pays 3 + 15 = 18 dollars</Answer> in 2 days", "18"},
                        {"<answer>She has 3 apples and 4 pears, 7 in all</answer> 9", "7"},
                        {"<answer>12 apples (of 3 trees)</answer>", "12"},
                        {"put it in <answer> tags: <answer>12</answer>, 3 steps", "12"},
                        {"<answer>12</answer>. Wait, that is wrong. It is 13", "13"},
                        {"<answer>12</answer>. No: the answer is 13, in 2 steps", "13"},
                        {"The answer is 3? <answer>12</answer> in 2 steps", "12"},
                        {"<answer>none</answer> 3", "3"},
                        {"{\"answer\": 12, \"steps\": 3}", "12"},
                        {"{\"final_answer\" : \"12 apples\", \"steps\": 3}", "12"},
                        {"{\"steps\": 3, \"answer\": 1,234}", "1234"},
                        {"{'answer': -4.5, 'steps': 3}", "-4.5"},
                        {"{\"answer\": 12, \"wrong_answer\": 3}", "12"},
                        {"{\"answer\": null, \"steps\": 3}", "3"},
                        // before the verb
                        {"So, 18 is the correct answer, not 20.", "18"},
                        {"12 is the answer. Took 3 steps.", "12"},
                        {"6*3 = 18 dollars is the final answer (2 steps)", "18"},
                        {"5+7 = 12, which is the answer. Took 3 steps", "12"},
                        {"If 12 is the answer, he has 3", "3"},
                        {"12 is the answer to part 1; in all 15", "15"},
                        {"I don't think 12 is the answer. It is 15", "15"},
                        {"It has 12. What is the answer? 15", "15"},
                        // worked out in words
                        {"The answer is 25% of 80, which is 20.", "20"},
                        {"The answer is 5 + 3, which is 8. It took 2 steps", "8"},
                        {"The answer is 5 times 3 equals 15", "15"},
                        {"The answer is 18, which is 2 more than 16", "18"},
                        {"The answer is 25% of the class, which is 20 people", "25"},
                        // a comma for decimals
                        {"The answer is 12,5", "12.5"},
                        {"it weighs -12,50 kg", "-12.5"},
                        {"\\boxed{12{,}5}", "12.5"},
                        {"0,125", "0.125"},
                        {"1234,567 m", "1234.567"},
                        {"1'234,5", "1234.5"},
                        {"at (12,5)", "5"},
                        {"1,2,3,4", "4"},
                        {"答案是30，2人", "30"},
                        {"共12，5人", "5"}});
}

TEST_CASE("gsm8k in OpenCompass' way loses what stands before a thousands separator") {
  check(gsm8k_opencompass, {{"1,234", "234"},
                            {"a -3.5 b", "-3.5"},
                            {"5-3", "-3"},
                            {"none", "NULL"},
                            {"7 Question: 8", "7"},
                            {"3.", "3"},
                            {"1.2.3", "3"},
                            {"٣", "٣"}});
  CHECK_FALSE(gsm8k_reference("no mark"));
  CHECK(*gsm8k_reference("a #### 1,234") == "1234");
}

TEST_CASE("OpenCompass' ways give what OpenCompass gives") {
  struct Golden { const char *section, *name; std::string (*read)(std::string_view); };
  for (const Golden& g : {Golden{"general", "general", text::general_opencompass}, {"gsm8k", "pred", gsm8k_opencompass}}) {
    const json::Document all = test::golden(g.section);
    if (all.IsNull()) return;
    for (const auto& entry : all.GetArray()) {
      const auto text = json::find_string(entry, "text"), expected = json::find_string(entry, g.name);
      if (!text || !expected) continue;
      INFO(*text);
      CHECK(g.read(*text) == *expected);
    }
  }
}

TEST_CASE("math takes the box, else what is stated, else the last formula, else the last number") {
  check(math_answer, {{"\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"},
                      {"\\boxed{a} then \\boxed{b}", "b"},
                      {"The answers are \\boxed{1} and \\boxed{2}.", "1, 2"},
                      {"$\\boxed{x=1}$, $\\boxed{2}$, or $\\boxed{\\frac{1}{2}}$", "x=1, 2, \\frac{1}{2}"},
                      {"答案是\\boxed{1}和\\boxed{2}。", "1, 2"},
                      {"\\boxed{1} sand \\boxed{2}", "2"},
                      {"so $\\boxed{5}$, and $\\boxed{5}$", "5"},
                      {"\\boxed{5", "5"},
                      {"\\boxed 7 $", "7"},
                      {"\\fbox{3}", "3"},
                      {"The final answer is $x=5$. I hope it is correct.", "x=5"},
                      {"The answer is therefore $\\frac12$, which is small", "\\frac12"},
                      {"Answer: 12 apples", "12 apples"},
                      {"so $3$ and $4$", "4"},
                      {"so we have\n\\[ y = 2x \\]", "y = 2x"},
                      {"with $x = 1$ we get\n$$y = 2x$$", "y = 2x"},
                      {"\\(a\\) and then $b = 3$.", "b = 3"},
                      {"we get 7.", "7"},
                      {"The answer is 5. Note that $x=3$ is extraneous.", "5"},
                      {"the answer is $\\$5$.", "\\$5"},
                      {"It costs $5 and tax is $3, so total is $8.", "8"},
                      {"The answer is 5, not 6.", "5"},
                      {"The answer is not 5 but 6.", "6"},
                      {"The answer is $x = 2$ or $x=-3$.", "x = 2, x=-3"},
                      {"答案是：5。", "5"},
                      {"", ""},
                      {"\\boxed{} no", ""},
                      {"**Answer:** \\(2\\pi\\)", "2\\pi"},
                      {"\\boxed{\\{1,2\\}}", "\\{1,2\\}"},
                      {"<think>\\boxed{1}</think>\\boxed{2}", "2"},
                      {"<think>\\boxed{1}", ""}});
  check(boxed, {{"x = 5", ""}, {"\\boxed{ 5 }", "5"}});
  check(math_opencompass, {{"It is 5. The final answer is 7. No", "7"}, {"3.5 apples", "3"}, {"a 1,000", "1000"}});
  check(math_v2_opencompass,
        {{"\\boxed{{x}}", "x"}, {"The answer is 7.", "7"}, {"\\boxed{", "\\boxed{"}, {"\\fbox{1}", "\\fbox{1}"}});
}

TEST_CASE("bbh reads words and letters behind the last statement") {
  check(bbh_freeform, {{"So the answer is **True**.", "True"},
                       {"the answer is yes, it is", "Yes"},
                       {"a\nb\nc d.", "c d"},
                       {"the answer is [ ] ( )", "[ ] ( )"},
                       {"the answer is a, b ,c", "a b c"},
                       {"the answer is 1,234", "1,234"},
                       {"\\boxed{\\text{valid}}", "valid"},
                       {"", ""},
                       {"So the answer is no.\n\nQ: next\nSo the answer is yes.", "No"},
                       {"The answer is **invalid**. Because it is.", "invalid"},
                       {"So the answer is no. The rest follows.", "No"},
                       {"So the argument is no longer valid", "So the argument is no longer valid"},
                       {"So the answer is no longer valid.", "no longer valid"},
                       {"the answer is true and false", "true and false"},
                       {"the answer is no, it is not", "No"},
                       {"nobody", "nobody"}});
  check(bbh_freeform_opencompass, {{"So the answer is no longer valid.", "No"}, {"a\nb", "a"}, {"Answer IS : x, y", "x y"}, {"nobody", "nobody"}, {"NO.", "No"}});
  check(bbh_mcq_opencompass, {{"the answer is (B).", "B"}, {"x (C", "C"}, {"The A", "T"}, {"none", "none"}});
}

TEST_CASE("short answers are undressed") {
  check(short_answer, {{"The answer is \"Paris\".", "Paris"},
                       {"**Paris**", "Paris"},
                       {"Paris.\nIt is big", "Paris"},
                       {"\n\n Rome ", "Rome"},
                       {"答案是“北京”。", "北京"},
                       {"答案是：巴黎。", "巴黎"},
                       {"答案为： 5。", "5"},
                       {"", ""},
                       {"3.75", "3.75"},
                       {"Answer:", "Answer:"}});
  check(strategyqa, {{"I know. The answer is yes.", "yes"}, {"know", ""}, {"No, never", "no"}, {"the answer is false", "no"},
                     {"It is not true", "no"}, {"that isn't false", "yes"}, {"not sure, but yes", "yes"}, {"No. The answer is not yes.", "no"}});
  check(strategyqa_opencompass, {{"I know", "no"}, {"answer is Yes", "yes"}, {"", ""}});
  check(lcsts, {{"1. “标题。”", "标题"}, {"- a\nb", "a"}});
  check(capitals_opencompass, {{"B and A, B", "AB"}, {"ÉA", "AÉ"}});
  CHECK(*in_tag("<a>1</a> <a> 2 </a>", "a") == "2");
  CHECK(*in_tag("<ANSWER>1</Answer>", "answer") == "1");
  CHECK_FALSE(in_tag("<a>1", "a"));
}

TEST_CASE("no reply takes an extractor of free answers longer than its length allows") {
  for (const auto read : {answer_number, gsm8k_opencompass, math_answer, math_opencompass, math_v2_opencompass, bbh_freeform,
                          bbh_freeform_opencompass, bbh_mcq_opencompass, short_answer, triviaqa_opencompass,
                          theoremqa_opencompass, lcsts_opencompass, strategyqa})
    test::check_linear(test::steps_of([read](const std::string& text) { read(text); }));
}
