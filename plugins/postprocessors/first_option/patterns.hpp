// The ordered pattern lists of first_option. @ stands for the class of option letters; the first pattern that matches decides.
// Group 1 is the answer, or the whole match where a pattern has no group.
#pragma once

namespace sextant::postprocess {

// Our own. An option stands alone: no ASCII letter or digit beside it (the first_option class puts that around @), and it may
// be wrapped: (B), **B**, 【B】, \boxed{B}. Statements of an answer come first, then where a bare letter can only be the answer.
#define SXT_WRAP R"((?:\\boxed|\\text|[\s*_(（\[【「『"'“‘{$<《])*)"
inline constexpr const char* statement_patterns[] = {
    // 答案: B, 正确答案是 B, 答案应该选 B, 答案选项为：B
    R"(答案\s*(?:选项)?\s*(?:应当|应该|应|一定|只能)?\s*(?:是|为|选择|选)?\s*(?:选项)?\s*[：:]?)" SXT_WRAP "@",
    // ANSWER: C, the (correct) answer (to the question) is (option) C, the best choice would be C
    R"((?i:\b(?:answer|option|choice))(?:\s+to\s+(?:the|this)\s+question)?[*\s]*)"
    R"((?i:(?:is|would\s+be|should\s+be|must\s+be)\b[\s*]*[：:]?|[：:]))"
    R"([\s*]*(?i:(?:the\s+)?(?:option|choice|letter)\b[：:]?)?)" SXT_WRAP "@",
    R"(\\boxed\s*\{\s*(?:\\text\s*\{\s*)?@)",
    // 故选 C, 应选 D, 我选择 B; 选项A is only mentioned
    R"(选(?:择)?\s*(?:[：:]|答案|(?:的)?是|为)?)" SXT_WRAP "@",
    // 说法错误的是 C, 正确的选项为 B
    R"((?:正确|错误|不对|对|符合\S{0,12}|不当|恰当|合适|适当)的?(?:选项|说法|一项|答案)?\s*(?:是|为)\s*(?:选项)?\s*[：:]?)" SXT_WRAP
    "@",
    // 只有选项B错误, 选项D正确, B是正确答案, option C is correct
    R"(只有(?:选项)?\s*@)",
    R"(@[\s*)）\]】]*(?:选?项)?\s*(?:是|为)?\s*(?:唯一)?(?:正确|对的|(?:正确)?答案))",
    R"(@[*)\]\s.]*\s(?i:is\s+(?:the\s+)?(?:correct|right|best|most\s+appropriate|answer)))",
    // 因此 B。 所以是 C
    R"((?:因此|所以|显然|综上所述|故|即)[，,：:\s]*(?:应?选|应?是|应?为)?)" SXT_WRAP R"(@(?=[\s*)）\]】」』"'”’}$.。,，]*$))",
};
inline constexpr const char* lone_patterns[] = {
    // the reply begins with the letter: "B.", "(C)", "**B** is right", "D\n\n..."; not "A good question"
    "^" SXT_WRAP R"(@(?=[*_)）\]】」』"'”’}$>》]|[.。,，:：;；]|\s*$|\s*\n|\s*(?:选项|项|是|正确)))",
    // ... or ends with it: "1. foo A\n2. B"
    R"(@(?=[\s*_)）\]】」』"'”’}$>》.。!！]*$))",
};
// an answer in lower case is taken only where it can be nothing else: "answer : d"
inline constexpr const char* lower_case_pattern =
    R"((?i:答案|\banswer|\boption)\s*(?i:是|为|is)?\s*[：:]?[\s(（*\[]*@[\s)）*\]]*(?:[.。]|$|\n))";
#undef SXT_WRAP

// OpenCompass' order of forms, written down by kind from its documented and observed behaviour: a stated answer in Chinese, a
// choice, what is said to be right or wrong, a conclusion at the end, a stated answer in English, a letter by itself.
inline constexpr const char* opencompass_forms[] = {
    R"(答案(?:选项)?(?:应该?)?[是为选]?\s*[：:]?\s*@)",
    R"(答案选项为?\s+\(?\**@)",
    R"(选择?\s*@)",
    R"(只有(?:选项)?\s?@\s?(?:是?错|不?正确))",
    R"(说法(?:不?对|不?正确|错误)(?:选项)?的?是\s?@)",
    R"(@\s?是正确(?:的|答案))",
    R"(选项\s?@\s?正确)",
    R"(所以答?\s?@[.。]?$)",
    R"(所有\s?@[.。]?$)",
    R"([\s，,：:](?:[故即]|因此)?@[。.，,]?$)",
    R"((?:[是为。]|因此|显然)\s?@[。.]?$)",
    R"(答案(?:应该)?[是为]\s?(\S+)(?:。|$))",
    R"((?i)answer\s*:\s*@)",
    R"([Tt]he (?:correct )?answer(?: option)?(?: to the question)? is(?: option)?:?\s+\(?\**@)",
    R"([Tt]he correct (?:answer|option|answer option) is:?.*?boxed\{@\})",
    R"(^选项\s?@)",
    R"(^@\s?选?项)",
    R"((?:\s|^)@[\s。，,：:.$])",
    R"(1.\s?(.*?)$)",
};
// the "cushion": forms so loose that a caller may turn them off
inline constexpr const char* opencompass_cushion[] = {R"(@:)", R"(@)"};

}  // namespace sextant::postprocess
