// IFBench's 58 verifiable instructions (Pyatkin et al. 2025): does a reply follow one? What its published checkers accept is accepted
// here; sentences follow Punkt's rules, with NLTK's model where it is named. Pure; [any] thread.
#pragma once
#include <map>
#include <string>
#include "checkers.hpp"

namespace sextant::metric::ifeval {

using Checks = std::map<std::string, Check, std::less<>>;

/// By the instruction's id.
const Checks& ifbench_checkers();

/// The parts of that table: what is counted; what holds for every word or sentence; how the reply looks; tasks of their own.
void add_counts(Checks& table);
void add_words(Checks& table);
void add_formats(Checks& table);
void add_tasks(Checks& table);

// ---- text as the published checkers take it apart ----

/// The 32 of Python's string.punctuation, and with a blank: what is stripped from words.
inline constexpr std::string_view marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
inline constexpr std::string_view marks_and_blank = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

inline std::string without_marks(std::string_view text) { return text::without(text, text::is_ascii_punctuation); }
inline std::string_view lstrip_of(std::string_view text, std::string_view of) {
  text.remove_prefix(std::min(text.find_first_not_of(of), text.size()));
  return text;
}
inline std::string_view rstrip_of(std::string_view text, std::string_view of) {
  return text.substr(0, text.find_last_not_of(of) + 1);
}
inline char32_t first_letter(std::string_view word) { return utf8::at(word, 0).code; }
inline size_t length(std::string_view text) { return text::code_points(text).size(); }
/// Times that `part` stands in the text, without overlap.
inline size_t times(std::string_view text, std::string_view part) {
  return part.empty() ? length(text) + 1 : text::split(text, part).size() - 1;
}
/// Letters without their marks, as NFKD and ASCII leave them: Sao Tome.
std::string plain_letters(std::string_view text);
/// Whether re's pattern is found; it is one of ours.
bool found(const char* pattern, std::string_view text, bool at_begin = false, bool caseless = false);
/// Runs of digits: re.findall(r"\d+").
std::vector<std::string> numbers_in(std::string_view text);

}  // namespace sextant::metric::ifeval
