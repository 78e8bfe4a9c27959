#include <sextant/message_text.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <sextant/utf8_text.hpp>

namespace sextant {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
    }
  }
  return row[b.size()];
}

// What a terminal or a text's reader takes for more than a character; all but those of one byte are beyond ASCII.
bool commands(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) ||              // C0, DEL, C1 (U+009B begins an escape sequence)
         c == 0x061C || c == 0x200E || c == 0x200F ||        // direction marks
         (c >= 0x2028 && c <= 0x202E) ||                     // line and paragraph separator, embeddings and overrides
         (c >= 0x2066 && c <= 0x2069);                       // isolates
}

// Calls `replace` with each character that commands something, or that is none.
template <class Replace> std::string replaced(std::string_view text, Replace&& replace) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const utf8::Character character = utf8::at(text, i);
    if (!character.valid) out += "\xEF\xBF\xBD";
    else if (commands(character.code)) out += replace(character.code);
    else out.append(text, i, character.size);
    i += character.valid ? character.size : utf8::broken_part(text, i).size;
  }
  return out;
}

}  // namespace

std::string nearest_name(std::string_view word, std::span<const std::string> candidates) {
  // a typo changes a third of a name at most; beyond that a suggestion is noise
  const size_t limit = std::max<size_t>(2, word.size() / 3);
  std::string best;
  size_t best_distance = limit + 1;
  for (const std::string& candidate : candidates) {
    const bool prefix =
        word.size() >= 3 && (candidate.starts_with(word) || (candidate.size() >= 3 && word.starts_with(candidate)));
    const size_t distance = prefix ? std::min(limit, edit_distance(word, candidate)) : edit_distance(word, candidate);
    if (distance < best_distance || (distance == best_distance && distance <= limit && candidate < best)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best_distance <= limit ? best : std::string();
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const std::string near = nearest_name(word, candidates);
  return near.empty() ? near : fmt::format(" (did you mean '{}'?)", near);
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts.begin(), parts.end(), separator));
}

std::string shorten(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  return std::string(text.substr(0, utf8::boundary(text, bytes_max))) + "...";
}

std::string printable(std::string_view text, Lines lines) {
  return replaced(text, [&](char32_t c) {
    if (lines == Lines::many && (c == '\n' || c == '\t')) return std::string(1, static_cast<char>(c));
    switch (c) {
      case '\n': return std::string("\\n");
      case '\r': return std::string("\\r");
      case '\t': return std::string("\\t");
      default: return c < 0x80 ? fmt::format("\\x{:02X}", static_cast<unsigned>(c)) : fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    }
  });
}

std::string printable_json(std::string_view json) {
  return replaced(json, [](char32_t c) {
    // between the values there are line feeds and tabs; inside a string they are written as escapes already
    if (c == '\n' || c == '\t' || c == '\r') return std::string(1, static_cast<char>(c));
    return fmt::format("\\u{:04X}", static_cast<unsigned>(c));
  });
}

}  // namespace sextant
