// The value that a reply's assertion says: `assert f(1) == 2` says 2. Two ways, as LiveCodeBench reads its tasks of execution and of
// test outputs. Pure; threads: any.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <sextant/plain_text.hpp>

namespace sextant::postprocess {

/// What stands behind the first == up to [/ANSWER] or the line's end; of the last [PYTHON] block, where there is one.
inline std::string_view value_of_answer(std::string_view reply) {
  constexpr std::string_view open = "[PYTHON]", close = "[/PYTHON]";
  for (size_t begin = reply.find(open), from = 0; begin != reply.npos; begin = reply.find(open, from)) {
    const size_t end = reply.find(close, begin + open.size());
    if (end == reply.npos) break;
    const std::string_view inside = reply.substr(begin + open.size(), end - begin - open.size());
    from = end + close.size();
    if (reply.find(open, from) == reply.npos || reply.find(close, reply.find(open, from)) == reply.npos) {
      reply = inside;
      break;
    }
  }
  if (const size_t at = reply.find("=="); at != reply.npos) {
    reply = reply.substr(at + 2);
    reply = text::strip(reply.substr(0, reply.find("==")));
  }
  const size_t end = reply.find("[/ANSWER]");
  return text::strip(reply.substr(0, end != reply.npos ? end : reply.find('\n')));
}

/// The right side of an assertion's first comparison, which must be ==; nothing: it is no such assertion.
inline std::optional<std::string_view> right_side(std::string_view assertion) {
  constexpr std::string_view keyword = "assert";
  assertion = text::strip(assertion);
  if (!assertion.starts_with(keyword)) return std::nullopt;
  std::optional<size_t> begin;
  int depth = 0;
  const auto word_at = [&](size_t at, std::string_view word) {
    const auto is_part = [&](size_t i) { return i < assertion.size() && (std::isalnum(static_cast<unsigned char>(assertion[i])) || assertion[i] == '_'); };
    return assertion.substr(at).starts_with(word) && !is_part(at + word.size()) && (at == 0 || !is_part(at - 1));
  };
  for (size_t i = keyword.size(); i < assertion.size(); ++i) {
    const char c = assertion[i];
    if (c == '"' || c == '\'') {  // a text, three quotes or one
      const std::string mark(assertion.substr(i).starts_with(std::string(3, c)) ? 3 : 1, c);
      size_t end = i + mark.size();
      while (end < assertion.size() && !assertion.substr(end).starts_with(mark)) end += assertion[end] == '\\' ? 2 : 1;
      if (end >= assertion.size()) return std::nullopt;
      i = end + mark.size() - 1;
      continue;
    }
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    if (depth < 0) return std::nullopt;
    if (c == '#') return begin && depth == 0 ? std::optional(text::strip(assertion.substr(*begin, i - *begin))) : std::nullopt;
    if (depth > 0) continue;
    for (const std::string_view word : {"and", "or", "if", "lambda", "not"})
      if (word_at(i, word) && !(word == "not" && begin)) return std::nullopt;
    const bool compares = c == '<' || c == '>' || (c == '!' && assertion.substr(i).starts_with("!=")) || word_at(i, "in") || word_at(i, "is");
    const bool equals = assertion.substr(i).starts_with("==");
    if (!begin && compares) return std::nullopt;
    if (begin && (compares || equals || c == ',' || c == '\n'))
      return text::strip(assertion.substr(*begin, i - *begin));
    if (equals) {
      begin = i + 2;
      ++i;
    }
  }
  if (!begin || depth != 0) return std::nullopt;
  return text::strip(assertion.substr(*begin));
}

/// Of the last line that begins with "assert", else of a code block; a block without an assertion is the value itself.
inline std::string_view value_of_assertion(std::string_view reply) {
  std::string_view found;
  const auto lines = text::split(reply, "\n");
  size_t block = lines.size(), end = lines.size();
  for (const std::string_view line : lines)
    if (line.starts_with("assert")) found = line;
  if (found.empty()) {
    const auto fence = [&](size_t i) { return lines[i].find("```") != std::string_view::npos; };
    for (size_t i = 0; i < lines.size() && block == lines.size(); ++i)
      if (lines[i].find("```python") != std::string_view::npos || lines[i].find("```Python") != std::string_view::npos) block = i;
    for (size_t i = 0; i < lines.size() && block == lines.size(); ++i)
      if (fence(i)) block = i;
    for (size_t i = block + 1; i < lines.size() && end == lines.size(); ++i)
      if (fence(i)) end = i;
    if (end >= lines.size()) return {};
    const std::string_view first = lines[std::min(block + 1, end)];
    found = end == block + 1 ? std::string_view()
                             : std::string_view(first.data(), static_cast<size_t>(lines[end - 1].data() + lines[end - 1].size() - first.data()));
    for (size_t i = block + 1; end - block > 2 && i < end; ++i)
      if (!lines[i].starts_with('#') && lines[i].find("assert") != std::string_view::npos) {
        found = lines[i];
        break;
      }
  }
  found = text::strip(found);
  if (found.find("assert") == found.npos) return found;
  return right_side(found).value_or(std::string_view());
}

}  // namespace sextant::postprocess
