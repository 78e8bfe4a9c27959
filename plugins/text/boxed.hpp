// What stands in LaTeX's \boxed{...}. Linear in the text. Pure; [any] thread.
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// A box in a text: [begin, end), and what it holds.
struct Box {
  size_t begin = 0, end = 0;
  std::string_view content;
};

/// The last \boxed{...} or \fbox{...} that is closed and not empty; "\boxed 5" holds 5.
inline std::optional<Box> last_box(std::string_view text) {
  int tries = 0;  // boxes that are not closed: the first of many costs the whole text
  for (size_t at = text.rfind('\\'); at != text.npos; at = at == 0 ? text.npos : text.rfind('\\', at - 1)) {
    const std::string_view rest = text.substr(at + 1);
    size_t begin = rest.starts_with("boxed") ? 5 : rest.starts_with("fbox") ? 4 : 0;
    if (begin == 0) continue;
    while (begin < rest.size() && rest[begin] == ' ') ++begin;
    if (begin >= rest.size()) continue;
    if (rest[begin] != '{') {
      const size_t end = rest.find_first_of(" $\n\\}", begin);
      const std::string_view content = rest.substr(begin, end == rest.npos ? end : end - begin);
      if (end != begin) return Box{at, at + 1 + begin + content.size(), content};
      continue;
    }
    const size_t close = closing_brace(rest, begin);
    if (close != rest.npos && rest.substr(begin + 1, close - begin - 1).find_first_not_of(" ") != rest.npos)
      return Box{at, at + 1 + close + 1, rest.substr(begin + 1, close - begin - 1)};
    if (++tries == 16) return std::nullopt;
  }
  return std::nullopt;
}

inline std::optional<std::string> last_boxed(std::string_view text) {
  const auto box = last_box(text);
  return box ? std::optional(std::string(box->content)) : std::nullopt;
}

/// The last box, with those that are joined to it: "\boxed{1} and \boxed{2}" gives "1, 2". Each content once.
inline std::optional<std::string> last_boxes(std::string_view text) {
  const auto last = last_box(text);
  if (!last) return std::nullopt;
  std::vector<std::string_view> contents{last->content};
  constexpr size_t boxes_max = 16, content_max = 256;
  const auto drop = [](std::string_view& from, std::string_view end) {
    const bool there = from.ends_with(end);
    if (there) from.remove_suffix(end.size());
    return there;
  };
  const auto drop_all = [&](std::string_view& from) {
    while (drop(from, " ") || drop(from, "$") || drop(from, "\\(") || drop(from, "\\)")) {}
  };
  for (std::string_view before = text.substr(0, last->begin); contents.size() < boxes_max;) {
    drop_all(before);
    const bool comma = drop(before, ","), word = drop(before, "and") || drop(before, "or") || drop(before, "和") ||
                                                 drop(before, "或") || drop(before, "、") || drop(before, "\\text{ and }") ||
                                                 drop(before, "\\text{ or }");
    if (!comma && !word) break;
    drop_all(before);
    drop(before, ",");
    drop_all(before);
    const size_t shift = before.size() - std::min(before.size(), content_max);
    const auto other = last_box(before.substr(shift));
    if (!other || shift + other->end != before.size()) break;
    if (std::find(contents.begin(), contents.end(), other->content) == contents.end()) contents.insert(contents.begin(), other->content);
    before = before.substr(0, shift + other->begin);
  }
  std::string out;
  for (const std::string_view content : contents) out.append(out.empty() ? "" : ", ").append(content);
  return out;
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
