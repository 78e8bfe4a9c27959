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
  // what is denied behind the answer, or before it, is none: "5, not 6", "not 5 but 6"
  if (const size_t no = line.find(", not "); no != line.npos && no > 0) line = line.substr(0, no);
  if (const size_t but = line.starts_with("not ") ? line.find(" but ") : line.npos; but != line.npos)
    line = line.substr(but + 5);
  // a sentence that says a number holds the answer, whatever formula follows it
  if (const size_t dot = line.find(". ");
      dot != line.npos && dot < line.find_first_of("$\\") && line.substr(0, dot).find_first_of("0123456789") != line.npos)
    line = line.substr(0, dot);
  // the formula is what is meant where the words hold one: "the answer is therefore $\frac12$, which ..."
  for (const auto& [open, close] : {std::pair<std::string_view, std::string_view>{"$", "$"}, {"\\(", "\\)"}}) {
    std::string all;
    for (size_t begin = line.find(open); begin != line.npos;) {
      size_t end = line.find(close, begin + open.size());
      while (end != line.npos && open == "$" && line[end - 1] == '\\') end = line.find(close, end + 1);  // $\$5$
      if (end == line.npos || end == begin + open.size()) break;
      all += (all.empty() ? "" : ", ") + std::string(text::strip(line.substr(begin + open.size(), end - begin - open.size())));
      // "$x=2$ or $x=-3$"
      size_t next = end + close.size();
      for (const std::string_view joint : {", and ", ", or ", " and ", " or ", ", "})
        if (line.substr(next).starts_with(std::string(joint) + std::string(open))) {
          next += joint.size();
          break;
        }
      begin = next > end + close.size() ? next : line.npos;
    }
    if (!all.empty()) return all;
  }
  for (size_t dot = line.find(". "); dot != line.npos; dot = line.npos) line = line.substr(0, dot);
  return bare_formula(line);
}

/// What stands between two prices: "$5 and tax is $3".
inline bool is_prose(std::string_view between) {
  for (const std::string_view word :
       {" and ", " is ", " are ", " the ", " for ", " of ", " to ", " so ", " plus ", " at ", " in "})
    if (between.find(word) != between.npos && between.find('\\') == between.npos) return true;
  return false;
}

/// Between dollars, or LaTeX's other signs: the last one of a text; "" where there is none.
inline std::string last_formula(std::string_view text) {
  std::string_view last;
  for (const auto& [open, close] : {std::pair<std::string_view, std::string_view>{"$", "$"}, {"\\(", "\\)"}, {"\\[", "\\]"}}) {
    std::string_view one;
    if (!text::detail::last_between(text, open, close, one) || text::strip(one).empty() || (open == "$" && is_prose(one))) continue;
    if (last.empty() || one.data() > last.data()) last = one;
  }
  return std::string(text::strip(last));
}

}  // namespace detail

/// What stands in the last \boxed{} and those that are joined to it; else what "the answer is" states last; else the last formula between dollars; else the
/// last number; else "".
inline std::string math_answer(std::string_view reply) {
  const std::string answer = split_thinking(reply).answer;
  const std::string_view plain = text::before_next_question(answer);
  if (const auto box = text::last_boxes(plain)) return std::string(text::strip(*box));
  if (const auto stated = text::last_statement(plain)) {
    const std::string formula = detail::stated_formula(plain.substr(stated->end));
    if (!formula.empty()) return formula;
  }
  if (std::string formula = detail::last_formula(text::replaced(plain, "$$", "$")); !formula.empty()) return formula;
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
