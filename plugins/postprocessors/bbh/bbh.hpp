// BBH: the letter of a multiple choice, or the words of a free answer, behind "the answer is". Linear in the text. Pure; [any]
// thread.
#pragma once
#include "../../text/boxed.hpp"
#include "../../text/replies.hpp"

namespace sextant::postprocess {

namespace detail {

/// The word at the beginning, "Yes" for "yes,": one of `words` in any case and nothing of a word behind it.
inline std::string leading(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text::find_ignoring_case(text.substr(0, word.size()), word) != 0) continue;
    const utf8::Character next = utf8::at(text, word.size());
    if (next.size > 0 && next.valid && text::is_word(next.code)) continue;
    std::string out(word);
    out[0] = static_cast<char>(out[0] - 'a' + 'A');
    return out;
  }
  return {};
}

/// Commas with the blanks around them become a blank, unless there is one between two digits.
inline std::string without_commas(std::string_view text) {
  std::vector<std::string_view> parts = text::split(text, ",");
  for (std::string_view& part : parts) part = text::strip(part);
  const auto digit_at_end = [](std::string_view part) {
    size_t at = part.size();
    while (at > 0 && utf8::continues(part[--at])) {}
    return !part.empty() && text::is_digit(utf8::at(part, at).code);
  };
  for (size_t i = 1; i < parts.size(); ++i)
    if (digit_at_end(parts[i - 1]) && !parts[i].empty() && text::is_digit(utf8::at(parts[i], 0).code))
      return text::single_blanks(text);
  return text::single_blanks(text::joined(parts));
}

/// Whether the yes, no, true or false at the beginning goes on as something else: "no longer", "no one", "true and false".
inline bool goes_on(std::string_view text) {
  const std::string lower = text::lower(text.substr(0, 40));
  for (const std::string_view phrase : {"no longer", "no one", "no more", "no doubt", "no such", "no single", "no other", "no matter",
                                        "no-", "yes and no", "yes or no", "yes/no", "true and false", "true or false", "true/false",
                                        "false and true", "false or true"})
    if (lower.starts_with(phrase)) return true;
  return false;
}

/// Up to a point behind which another sentence begins.
inline std::string_view first_sentence(std::string_view line) {
  for (size_t dot = line.find(". "); dot != line.npos; dot = line.find(". ", dot + 1))
    if (dot + 2 < line.size() && line[dot + 2] >= 'A' && line[dot + 2] <= 'Z') return line.substr(0, dot);
  return line;
}

/// The stages that both ways share, once it is known where the answer stands. `plainly`: OpenCompass' way, where any yes or no
/// that begins the words is the answer.
inline std::string freeform_words(std::string_view text, bool plainly) {
  std::string_view answer = text::strip(text::before(text, "\n"));
  if (answer.ends_with('.')) answer = text::strip(answer.substr(0, answer.size() - 1));
  if (const size_t open = answer.find("**"); open != answer.npos)
    if (const size_t close = answer.find("**", open + 2); close != answer.npos)
      answer = text::strip(answer.substr(open + 2, close - open - 2));
  if (!plainly && goes_on(answer)) return without_commas(answer);
  if (const std::string word = leading(answer, {"yes", "no"}); !word.empty()) return word;
  if (const std::string word = leading(answer, {"true", "false"}); !word.empty()) return word;
  return without_commas(answer);
}

}  // namespace detail

/// OpenCompass: between the first "answer is " and the second the first "(X", else the first capital; else all of it.
inline std::string bbh_mcq_opencompass(std::string_view reply) {
  const auto parts = text::split(reply, "answer is ");
  const std::string_view answer = parts.size() > 1 ? text::strip(parts[1]) : reply;
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  for (size_t i = 0; i + 1 < answer.size(); ++i)
    if (answer[i] == '(' && capital(answer[i + 1])) return std::string(1, answer[i + 1]);
  for (const char c : answer)
    if (capital(c)) return std::string(1, c);
  return std::string(answer);
}

/// OpenCompass: behind the last "answer is", the first line, by detail::freeform_words.
inline std::string bbh_freeform_opencompass(std::string_view reply) {
  std::string_view answer = reply;
  bool found = false;
  for (size_t at = 0; (at = text::find_ignoring_case(answer, "answer is")) != answer.npos; found = true) {
    answer.remove_prefix(at + 9);
    const auto blanks = [&] {
      while (answer.size() > 0 && text::is_blank(utf8::at(answer, 0).code)) answer.remove_prefix(utf8::at(answer, 0).size);
    };
    blanks();
    if (answer.starts_with(':')) answer.remove_prefix(1);
    blanks();
  }
  if (found) answer = text::strip(answer);
  return detail::freeform_words(answer, true);
}

/// The same of the reply without thinking and up to a next question: a box counts first, and a reply that states no answer
/// gives its last line, not its first.
inline std::string bbh_freeform(std::string_view reply) {
  const std::string answer = split_thinking(reply).answer;
  std::string_view plain = text::strip(text::before_next_question(answer));
  if (const auto box = text::last_boxed(plain)) {
    std::string_view inside = *box;
    if (inside.starts_with("\\text{") && inside.ends_with('}')) inside = inside.substr(6, inside.size() - 7);
    return detail::freeform_words(text::undressed(inside), false);
  }
  const auto stated = text::last_statement(plain);
  plain = text::before(stated ? text::strip(plain.substr(stated->end)) : text::behind_last(plain, "\n"), "\n");
  const std::string line = text::replaced(plain, "**", "");
  return detail::freeform_words(text::undressed(stated ? detail::first_sentence(line) : std::string_view(line)), false);
}

}  // namespace sextant::postprocess
