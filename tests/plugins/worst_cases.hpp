// Looks for texts on which a pattern takes more than its share of steps: texts made of the words and signs that the patterns
// know, repeated, at one length and at the double. A linear pattern takes twice the steps there, a square one four times.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <catch2/catch.hpp>

namespace sextant::test {

/// How many texts are tried: $SEXTANT_WORST_CASES, else few enough for every run of the tests.
inline uint64_t worst_case_count() {
  const char* wanted = std::getenv("SEXTANT_WORST_CASES");
  return wanted && *wanted ? std::strtoull(wanted, nullptr, 10) : 400;
}

/// The text of a number: a beginning, some fragments repeated up to `bytes`, an end.
inline std::string worst_case(uint64_t number, size_t bytes) {
  static const char* const fragments[] = {" ",
                                          "\n",
                                          "\t",
                                          "  ",
                                          "A",
                                          "B",
                                          "(A)",
                                          "A, ",
                                          "A、",
                                          "A and ",
                                          "答案",
                                          "答案是",
                                          "答案为",
                                          "答案应该是",
                                          "选",
                                          "选项",
                                          "选择",
                                          "应",
                                          "是",
                                          "为",
                                          ":",
                                          "：",
                                          "。",
                                          ".",
                                          ",",
                                          "只有",
                                          "正确",
                                          "错误",
                                          "不",
                                          "说法",
                                          "所以",
                                          "因此",
                                          "故",
                                          "the ",
                                          "The correct ",
                                          "answer",
                                          "answer option",
                                          " is",
                                          " is ",
                                          " not ",
                                          "option ",
                                          "choose ",
                                          "1.",
                                          "1",
                                          "*",
                                          "**",
                                          "(",
                                          ")",
                                          "[",
                                          "{",
                                          "}",
                                          "\\boxed{",
                                          "\\text{",
                                          "\\",
                                          "$",
                                          "\"",
                                          "_",
                                          "#",
                                          "<",
                                          "<think>",
                                          "</think>",
                                          "[THINK]",
                                          "<|channel|>",
                                          "<answer>",
                                          "wait",
                                          "no, ",
                                          "but ",
                                          "neither ",
                                          "nor ",
                                          "if ",
                                          "?",
                                          "!",
                                          "-",
                                          "correct",
                                          "wrong",
                                          "a",
                                          "the",
                                          "x",
                                          "中",
                                          "0",
                                          ";",
                                          "question",
                                          "\nquestion",
                                          "therefore ",
                                          "final ",
                                          "、",
                                          "i ",
                                          "I'd ",
                                          "to ",
                                          "of ",
                                          "would be ",
                                          "####",
                                          "Question:",
                                          "answer:",
                                          "1,",
                                          "1/",
                                          "-1",
                                          "\\frac",
                                          "\\boxed",
                                          "\\text{(",
                                          ")}",
                                          "oxed{",
                                          "answeris",
                                          "}",
                                          "&",
                                          "^{",
                                          "+",
                                          "=",
                                          "Ａ",
                                          "\xFF",
                                          "```",
                                          "```python\n",
                                          "~~~",
                                          "def f(",
                                          "class A:\n",
                                          "import os\n",
                                          "    return 1\n",
                                          "a, b = 1\n",
                                          "[BEGIN]",
                                          "[DONE]",
                                          "'",
                                          "e-5",
                                          "10^{",
                                          "​"};
  std::mt19937_64 random(number);
  const auto draw = [&](uint64_t below) { return random() % below; };
  const auto fragment = [&] { return std::string(fragments[draw(std::size(fragments))]); };
  std::string begin, unit, end;
  for (uint64_t n = draw(4); n > 0; --n) begin += fragment();
  for (uint64_t n = 1 + draw(4); n > 0; --n) unit += fragment();
  for (uint64_t n = draw(3); n > 0; --n) end += fragment();
  std::string text = begin;
  while (text.size() < bytes) text += unit;
  return text + end;
}

/// Where the search begins: $SEXTANT_WORST_CASES_FROM, the number of a text that failed or at which a search was stopped.
inline uint64_t first_worst_case() {
  const char* wanted = std::getenv("SEXTANT_WORST_CASES_FROM");
  return wanted && *wanted ? std::strtoull(wanted, nullptr, 10) : 0;
}

/// `steps_of` gives the steps that a text takes. Fails on the first text whose steps grow faster than the text, at every length
/// that is tried: a reader that looks at a window around each letter takes more for a letter as long as the windows fill.
/// `bytes_min`: from where on they are to grow like the text.
inline void check_linear(const std::function<uint64_t(const std::string&)>& steps_of, size_t bytes_min = 300) {
  const uint64_t first = first_worst_case(), count = worst_case_count();
  double most = 0;  // steps a byte
  for (uint64_t number = first; number < first + count; ++number) {
    // short texts show high powers, long ones squares of long units
    size_t bytes = number % 16 == 0 ? 10 * bytes_min : bytes_min;
    bool grows = true;
    for (int attempt = 0; grows && attempt < 3; ++attempt, bytes *= 4) {
      const std::string one = worst_case(number, bytes), two = worst_case(number, 2 * bytes);
      const uint64_t once = steps_of(one), twice = steps_of(two);
      most = std::max(most, static_cast<double>(twice) / static_cast<double>(two.size()));
      grows = static_cast<double>(twice) > 2.6 * static_cast<double>(once) + 20'000;
      if (!grows || attempt < 2) continue;
      INFO("text " << number << ": " << once << " steps for " << one.size() << " bytes, " << twice << " for " << two.size()
                   << ": " << one.substr(0, 60));
      FAIL("steps grow faster than the text");
    }
  }
  INFO("steps a byte, at most: " << most);
  CHECK(most < 20'000);
}

}  // namespace sextant::test
