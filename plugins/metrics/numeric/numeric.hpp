// Are two texts the same number? Pure; [any] thread.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include "../../text/numbers.hpp"

namespace sextant::metric {

/// A number, and its digits where it is whole: doubles tell whole numbers apart up to 2^53.
struct Read {
  double value = 0;
  std::string whole;
};

/// A text that is a number and nothing else: "1,234.50", "$5", "-1/2", "50%", "1.5e3", "２". Signs of currency and percent do
/// not count.
inline std::optional<Read> number_of(std::string_view given) {
  const std::string plain = utf8::half_width(given);
  std::string_view rest = text::strip(plain);
  for (const std::string_view sign : {"$", "€", "£", "¥", "￥", "\\$"})
    if (rest.starts_with(sign)) rest = text::strip(rest.substr(sign.size()));
  for (const std::string_view sign : {".", "\\%", "%", "\\$", "$", "€", "£", "¥", "元"})
    if (rest.ends_with(sign)) rest = text::strip(rest.substr(0, rest.size() - sign.size()));
  const auto all = text::numbers(rest, text::Blanks::always);
  if (all.size() == 1 && all.front().end == rest.size() &&
      (all.front().begin == 0 || rest.substr(0, all.front().begin) == "+")) {
    const std::string& value = all.front().value;
    const auto part = [](const std::string& text) {  // "2^100": too large to be written out
      const size_t raised = text.find('^');
      const double base = std::strtod(text.c_str(), nullptr);
      return raised == text.npos ? base : std::pow(base, std::strtod(text.c_str() + raised + 1, nullptr));
    };
    const size_t slash = value.find('/');
    const double number = part(value.substr(0, slash)) / (slash == value.npos ? 1 : part(value.substr(slash + 1)));
    if (!std::isfinite(number)) return std::nullopt;
    const bool is_whole = value.find_first_not_of("0123456789", value.starts_with('-') ? 1 : 0) == value.npos;
    return Read{number, is_whole ? value : std::string()};
  }
  const auto plainly = text::python_float(rest);
  return plainly && std::isfinite(*plainly) ? std::optional(Read{*plainly, {}}) : std::nullopt;
}

struct Tolerance {
  double absolute = 1e-6, relative = 0;
  bool told = false;  // absolute is what somebody wrote: else it is at most a thousandth of the larger number
};

/// Texts that are not numbers are equal where they are the same.
inline bool same_number(std::string_view prediction, std::string_view answer, Tolerance tolerance) {
  if (text::strip(prediction) == text::strip(answer)) return !text::strip(answer).empty();
  const auto a = number_of(prediction), b = number_of(answer);
  if (!a || !b) return false;
  const double size = std::max(std::fabs(a->value), std::fabs(b->value));
  const double absolute = tolerance.told ? tolerance.absolute : std::min(tolerance.absolute, size / 1000);
  const double allowed = std::max(absolute, tolerance.relative * std::fabs(b->value));
  if (allowed < 1 && !a->whole.empty() && !b->whole.empty()) return a->whole == b->whole;
  return std::fabs(a->value - b->value) <= allowed;
}

/// OpenCompass' Gsm8kEvaluator: the same text, or float(prediction) less than 1e-6 from int(answer).
inline bool same_number_opencompass(std::string_view prediction, std::string_view answer) {
  if (prediction == answer) return true;
  const auto a = text::python_float(prediction), b = text::python_int(answer);
  return a && b && std::fabs(*a - *b) < 1e-6;
}

}  // namespace sextant::metric
