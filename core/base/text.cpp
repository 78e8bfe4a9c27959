#include "text.hpp"
#include <algorithm>
#include <cctype>
#include <charconv>
#include <fmt/format.h>

namespace sextant {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = pattern.npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || lower(pattern[p]) == lower(text[t]))) {
      ++p, ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string first_names(std::span<const std::string> names, size_t named_max) {
  std::string out = join(names.first(std::min(named_max, names.size())), ", ");
  if (names.size() > named_max) out += fmt::format(" and {} more", names.size() - named_max);
  return out;
}

std::optional<uint64_t> parse_size(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= 0)) return std::nullopt;
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (!unit.empty()) {
    const size_t power = std::string_view("BKMGT").find(static_cast<char>(std::toupper(static_cast<unsigned char>(unit[0]))));
    if (power == std::string_view::npos) return std::nullopt;
    for (size_t i = 0; i < power; ++i) number *= 1024;
    unit.remove_prefix(1);
    if (power > 0 && (unit == "iB" || unit == "B" || unit == "ib" || unit == "b")) unit = {};
  }
  if (!unit.empty() || number >= 0x1p63) return std::nullopt;
  return static_cast<uint64_t>(number);
}

}  // namespace sextant
