// What extractors of free answers share: the reply without thinking, where a next question begins, what stands behind "the
// answer is". Linear in the text. Pure; [any] thread.
#pragma once
#include <array>
#include <sextant/plain_text.hpp>
#include <sextant/thinking.hpp>

namespace sextant::text {

/// `needle` is lower-case ASCII; the text's case does not count.
inline size_t find_ignoring_case(std::string_view text, std::string_view needle, size_t from = 0) {
  for (size_t i = from; i + needle.size() <= text.size(); ++i) {
    size_t k = 0;
    while (k < needle.size() &&
           (text[i + k] == needle[k] || ((text[i + k] | 0x20) == needle[k] && needle[k] >= 'a' && needle[k] <= 'z')))
      ++k;
    if (k == needle.size()) return i;
  }
  return text.npos;
}

/// Up to a line that begins a next question, as models that are not tuned go on with. The first line is never one.
inline std::string_view before_next_question(std::string_view text) {
  size_t begin = text.find('\n');
  for (; begin != text.npos; begin = text.find('\n', begin + 1)) {
    const std::string_view line = text.substr(begin + 1);
    for (const std::string_view mark :
         {"Question:", "Q:", "Problem:", "Human:", "User:", "问题：", "问题:", "题目：", "题目:", "问：", "问:"})
      if (line.starts_with(mark) && !strip(text.substr(0, begin)).empty()) return text.substr(0, begin);
  }
  return text;
}

/// A place where a text says that an answer follows: [begin, end) are the words that say so.
struct Statement {
  size_t begin = 0, end = 0;
};

namespace detail {

/// The last of the phrases, whatever their case; a letter before "ans:" makes it another word's end.
template <size_t n> std::optional<Statement> last_of(std::string_view text, const std::array<std::string_view, n>& phrases) {
  std::optional<Statement> out;
  for (const std::string_view phrase : phrases)
    for (size_t at = find_ignoring_case(text, phrase); at != text.npos; at = find_ignoring_case(text, phrase, at + 1)) {
      const char before = at == 0 ? ' ' : static_cast<char>(text[at - 1] | 0x20);
      if (before >= 'a' && before <= 'z' && phrase.starts_with("ans")) continue;
      if (!out || at > out->begin || (at == out->begin && at + phrase.size() > out->end))
        out = Statement{at, at + phrase.size()};
    }
  return out;
}

}  // namespace detail

/// The last of them, or nothing: "the answer is", "Answer:", "####", 答案是; where there is none of these "Ans:", 答：, 结果为.
inline std::optional<Statement> last_statement(std::string_view text) {
  constexpr std::array<std::string_view, 20> phrases{"answer is",
                                                     "answer:",
                                                     "answer：",
                                                     "answers are",
                                                     "answer would be",
                                                     "answer =",
                                                     "####",
                                                     "答案是",
                                                     "答案为",
                                                     "答案：",
                                                     "答案:",
                                                     "答案应为",
                                                     "答案应该是",
                                                     "答案应是",
                                                     "answer should be",
                                                     "answer, therefore, is",
                                                     "answer therefore is",
                                                     "answer, then, is",
                                                     "answer thus is",
                                                     "answer must be"};
  constexpr std::array<std::string_view, 6> weaker{"ans:", "ans. ", "答：", "答:", "结果为", "结果是"};
  auto out = detail::last_of(text, phrases);
  if (!out) out = detail::last_of(text, weaker);
  if (!out) return out;
  for (size_t end = 0; end != out->end;) {
    end = out->end;
    for (const std::string_view mark : {":", "：", " ", "*"})
      if (text.substr(out->end).starts_with(mark)) out->end += mark.size();
  }
  return out;
}

/// The same text without what dresses an answer: quotes, markdown's stars and backticks, one final dot.
inline std::string_view undressed(std::string_view text) {
  text = strip(text);
  for (size_t size = 0; size != text.size();) {
    size = text.size();
    text = strip(text, "*`\"“”「」_");
    for (const std::string_view dot : {".", "。"})
      if (text.ends_with(dot) && text.size() > dot.size()) text.remove_suffix(dot.size());
    text = strip(text);
  }
  return text;
}

inline std::string_view first_line(std::string_view text) { return before(strip(text), "\n"); }

}  // namespace sextant::text
