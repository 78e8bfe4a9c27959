// What stands in LaTeX's \boxed{...}. Linear in the text. Pure; [any] thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace sextant::text {

/// Behind the brace at `open`: the offset of the one that closes it, or npos. Escaped braces (\{) do not count when `latex`.
inline size_t closing_brace(std::string_view text, size_t open, bool latex = true) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (latex && text[i] == '\\') ++i;
    else if (text[i] == '{') ++depth;
    else if (text[i] == '}' && --depth == 0) return i;
  }
  return text.npos;
}

/// The content of the last \boxed{...} or \fbox{...} that is closed and not empty; "\boxed 5" gives 5.
inline std::optional<std::string> last_boxed(std::string_view text) {
  int tries = 0;  // boxes that are not closed: the first of many costs the whole text
  for (size_t at = text.rfind('\\'); at != text.npos; at = at == 0 ? text.npos : text.rfind('\\', at - 1)) {
    const std::string_view rest = text.substr(at + 1);
    size_t begin = rest.starts_with("boxed") ? 5 : rest.starts_with("fbox") ? 4 : 0;
    if (begin == 0) continue;
    while (begin < rest.size() && rest[begin] == ' ') ++begin;
    if (begin >= rest.size()) continue;
    if (rest[begin] != '{') {
      const size_t end = rest.find_first_of(" $\n\\}", begin);
      if (end != begin) return std::string(rest.substr(begin, end == rest.npos ? end : end - begin));
      continue;
    }
    const size_t close = closing_brace(rest, begin);
    if (close != rest.npos && rest.substr(begin + 1, close - begin - 1).find_first_not_of(" ") != rest.npos)
      return std::string(rest.substr(begin + 1, close - begin - 1));
    if (++tries == 16) return std::nullopt;
  }
  return std::nullopt;
}

/// OpenCompass' extract_boxed_answer: the last \boxed (or else \fbox), its braces counted as they stand; nothing where it is
/// not closed, is an \fbox, or does not begin with "\boxed{".
inline std::optional<std::string> boxed_opencompass(std::string_view text) {
  size_t at = text.rfind("\\boxed");
  if (at == text.npos) at = text.rfind("\\fbox");
  if (at == text.npos) return std::nullopt;
  int depth = 0;
  for (size_t i = at; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) {
      const std::string_view whole = text.substr(at, i + 1 - at);
      constexpr std::string_view left = "\\boxed{";
      if (!whole.starts_with(left)) return std::nullopt;
      return std::string(whole.substr(left.size(), whole.size() - left.size() - 1));
    }
  }
  return std::nullopt;
}

}  // namespace sextant::text
