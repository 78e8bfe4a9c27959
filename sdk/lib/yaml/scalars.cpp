#include "scalars.hpp"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <string>

namespace sextant::yaml {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}
bool all_of(std::string_view text, std::string_view signs) { return text.find_first_not_of(signs) == text.npos; }

constexpr std::string_view digits = "0123456789", digits_ = "0123456789_";

std::string without_underscores(std::string_view text) {
  std::string out(text);
  std::erase(out, '_');
  return out;
}

std::optional<json::Value> integer_of(std::string_view digits_of, int base, bool negative) {
  const std::string text = without_underscores(digits_of);
  uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!negative) return json::Value(value);
  if (value > uint64_t{1} << 63) return std::nullopt;
  return json::Value(static_cast<int64_t>(0 - value));
}

// 190:20:30 is a number of base 60.
std::optional<json::Value> sexagesimal(std::string_view text, bool negative) {
  uint64_t value = 0;
  for (bool first = true;; first = false) {
    const size_t colon = text.find(':');
    const std::string part = without_underscores(text.substr(0, colon));
    if (part.empty() || !all_of(part, digits) || part.size() > (first ? 12u : 2u) ||
        (!first && part.size() == 2 && part[0] > '5'))
      return std::nullopt;
    value = value * 60 + std::stoull(part);
    if (colon == text.npos) break;
    text.remove_prefix(colon + 1);
  }
  return negative ? json::Value(-static_cast<int64_t>(value)) : json::Value(value);
}

std::optional<json::Value> integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  if (text == "0") return json::Value(0);
  if (text.starts_with("0b") && text.size() > 2 && all_of(text.substr(2), "01_"))
    return integer_of(text.substr(2), 2, negative);
  if (text.starts_with("0x") && text.size() > 2 && all_of(text.substr(2), "0123456789abcdefABCDEF_"))
    return integer_of(text.substr(2), 16, negative);
  if (text[0] == '0' && all_of(text.substr(1), "01234567_")) return integer_of(text.substr(1), 8, negative);
  if (text[0] < '1' || text[0] > '9') return std::nullopt;
  if (all_of(text, digits_)) return integer_of(text, 10, negative);
  return all_of(text, "0123456789_:") && text.find(':') != text.npos ? sexagesimal(text, negative) : std::nullopt;
}

// A dot is needed, and behind an e a sign: 1e-5 and 1.0e5 are texts.
std::optional<double> real(std::string_view whole) {
  std::string_view text = whole;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const size_t dot = text.find('.');
  if (dot == text.npos || (dot == 0 && text.size() < 2)) return std::nullopt;
  const std::string_view before = text.substr(0, dot);
  if (!all_of(before, digits_) || before.starts_with('_')) return std::nullopt;
  std::string_view behind = text.substr(dot + 1);
  if (dot == 0 && (behind[0] < '0' || behind[0] > '9')) return std::nullopt;
  if (const size_t e = behind.find_first_of("eE"); e != behind.npos) {
    const std::string_view exponent = behind.substr(e + 1);
    if (exponent.size() < 2 || (exponent[0] != '-' && exponent[0] != '+') || !all_of(exponent.substr(1), digits))
      return std::nullopt;
    behind = behind.substr(0, e);
  }
  if (!all_of(behind, digits_)) return std::nullopt;
  std::string number = without_underscores(whole);
  if (number.starts_with('+')) number.erase(0, 1);
  double value = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (code != std::errc() || end != number.data() + number.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

json::Value plain_scalar(std::string_view text, json::Document::AllocatorType& allocator) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return json::Value();
  if (is_one_of(text, {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) return json::Value(true);
  if (is_one_of(text, {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) return json::Value(false);
  if (auto value = integer(text)) return std::move(*value);
  if (const auto value = real(text)) return json::Value(*value);
  return json::Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator);
}

}  // namespace sextant::yaml
