// The final answer of a reply to a mathematical problem, as LaTeX. Linear in the text. Pure; [any] thread.
#pragma once
#include "../../text/boxed.hpp"
#include "../../text/minerva.hpp"
#include "../../text/numbers.hpp"
#include "../../text/replies.hpp"

namespace sextant::postprocess {

namespace detail {

/// Between dollars, or what undresses to nothing else: "$x=5$." gives x=5.
inline std::string bare_formula(std::string_view text) {
  text = text::undressed(text);
  for (const auto& [open, close] :
       {std::pair<std::string_view, std::string_view>{"$$", "$$"}, {"$", "$"}, {"\\(", "\\)"}, {"\\[", "\\]"}})
    if (text.starts_with(open)) {
      const size_t end = text.find(close, open.size());
      if (end != text.npos && end > open.size()) return std::string(text::strip(text.substr(open.size(), end - open.size())));
    }
  return std::string(text);
}

/// Behind "the answer is", up to the end of the line or of the sentence.
inline std::string stated_formula(std::string_view rest) {
  std::string_view line = text::before(text::strip(rest), "\n");
  // the formula is what is meant where the words hold one: "the answer is therefore $\frac12$, which ..."
  for (const auto& [open, close] : {std::pair<std::string_view, std::string_view>{"$", "$"}, {"\\(", "\\)"}}) {
    const size_t begin = line.find(open), end = begin == line.npos ? begin : line.find(close, begin + open.size());
    if (end != line.npos && end > begin + open.size())
      return std::string(text::strip(line.substr(begin + open.size(), end - begin - open.size())));
  }
  for (size_t dot = line.find(". "); dot != line.npos; dot = line.npos) line = line.substr(0, dot);
  return bare_formula(line);
}

}  // namespace detail

/// What stands in the last \boxed{}; else what "the answer is" states last; else the last formula between dollars; else the
/// last number; else "".
inline std::string math_answer(std::string_view reply) {
  const std::string answer = split_thinking(reply).answer;
  const std::string_view plain = text::before_next_question(answer);
  if (const auto box = text::last_boxed(plain)) return std::string(text::strip(*box));
  if (const auto stated = text::last_statement(plain)) {
    const std::string formula = detail::stated_formula(plain.substr(stated->end));
    if (!formula.empty()) return formula;
  }
  std::string_view formula;
  if (text::detail::last_between(plain, "$", "$", formula) && !text::strip(formula).empty())
    return std::string(text::strip(formula));
  const auto all = text::numbers(plain);
  return all.empty() ? std::string() : all.back().value;
}

inline std::string boxed(std::string_view reply) {
  const auto box = text::last_boxed(split_thinking(reply).answer);
  return box ? std::string(text::strip(*box)) : std::string();
}

/// OpenCompass' math_postprocess: the first of the parts between full stops that has "final answer" in it, else the first part.
inline std::string math_opencompass(std::string_view reply) {
  const auto parts = text::split(reply, ".");
  for (const std::string_view part : parts)
    if (text::lower(part).find("final answer") != std::string::npos) return text::normalize_final_answer(part);
  return text::normalize_final_answer(parts.front());
}

/// math_postprocess_v2: the box, where it holds something; "answer is" counts, too.
inline std::string math_v2_opencompass(std::string_view reply) {
  if (auto box = text::boxed_opencompass(reply)) {
    // "{x}" on one line gives x
    if (box->size() >= 2 && box->starts_with('{') && box->ends_with('}') && box->find('\n') == box->npos)
      box = box->substr(1, box->size() - 2);
    else if (box->size() >= 3 && box->starts_with('{') && box->ends_with("}\n") && box->find('\n') == box->size() - 1)
      box = box->substr(1, box->size() - 3);
    if (!box->empty()) return *box;
  }
  const auto parts = text::split(reply, ".");
  for (const std::string_view part : parts) {
    const std::string lower = text::lower(part);
    if (lower.find("final answer") != lower.npos || lower.find("answer is") != lower.npos)
      return text::normalize_final_answer(part);
  }
  return text::normalize_final_answer(parts.front());
}

}  // namespace sextant::postprocess
