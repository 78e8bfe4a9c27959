#include "format_spec.hpp"
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>
#include "text.hpp"

namespace sextant::jinja {
namespace {

constexpr int64_t width_max = 100'000;

std::string grouped(std::string digits, char separator, size_t size) {
  size_t end = digits.find_first_not_of("0123456789abcdefABCDEF");
  if (end == digits.npos) end = digits.size();
  for (; end > size; end -= size) digits.insert(end - size, 1, separator);
  return digits;
}

// sign and prefix, then the digits: where '=' pads, it is between the two
std::string assembled(const FormatSpec& spec, const std::string& head, std::string digits, size_t group) {
  if (spec.grouping) digits = grouped(std::move(digits), spec.grouping, group);
  const std::string text = head + digits;
  const auto size = static_cast<int64_t>(text.size());
  if (spec.align != '=' || size >= spec.width) return padded(spec, text, '>');
  if (spec.grouping && spec.fill == "0") throw Failure("zeros before grouped digits are not supported in a format");
  std::string out = head;
  for (int64_t i = size; i < spec.width; ++i) out += spec.fill;
  return out + digits;
}

void strip_zeros(std::string& text) {
  if (text.find('.') == text.npos) return;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
}

// Without a type: as "g", but with a digit behind the point, and with an exponent one digit earlier.
std::string general(double size, int precision) {
  if (precision < 0) return real_text(size);
  precision = std::max(precision, 1);
  std::string text = fmt::format("{:.{}e}", size, precision - 1);
  const size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + 1 + (text[e + 1] == '+'), text.data() + text.size(), exponent);
  if (exponent < -4 || exponent + 1 > precision - 1) {
    std::string mantissa = text.substr(0, e);
    strip_zeros(mantissa);
    return mantissa + text.substr(e);
  }
  text = fmt::format("{:.{}f}", size, std::max(0, precision - 1 - exponent));
  strip_zeros(text);
  return text.find('.') == text.npos ? text + ".0" : text;
}

std::string real_digits(const FormatSpec& spec, double size) {
  const bool upper_case = spec.type == 'E' || spec.type == 'F' || spec.type == 'G';
  const char type = spec.type == 'n' ? 'g' : upper_case ? static_cast<char>(spec.type + 32) : spec.type;
  if (!std::isfinite(size)) {
    std::string word = std::isnan(size) ? "nan" : "inf";
    return (upper_case ? upper(word) : word) + (type == '%' ? "%" : "");
  }
  if (type == 0) {
    std::string text = general(size, static_cast<int>(spec.precision));
    if (const size_t e = text.find('e'); spec.alternate && text.find('.') == text.npos)
      text.insert(std::min(e, text.size()), 1, '.');
    return text;
  }
  const int precision = static_cast<int>(spec.precision < 0 ? 6 : spec.precision);
  if (type == '%') return fmt::format(fmt::runtime(spec.alternate ? "{:#.{}f}%" : "{:.{}f}%"), size * 100, precision);
  const std::string pattern = std::string(spec.alternate ? "{:#.{}" : "{:.{}") + type + "}";
  const std::string text = fmt::format(fmt::runtime(pattern), size, precision);
  return upper_case ? upper(text) : text;
}

std::string sign_text(const FormatSpec& spec, bool negative) {
  return negative ? "-" : spec.sign == '-' || spec.sign == 0 ? "" : std::string(1, spec.sign);
}

}  // namespace

int64_t read_number(std::string_view format, size_t& at, int64_t otherwise) {
  if (at >= format.size() || format[at] < '0' || format[at] > '9') return otherwise;
  int64_t n = 0;
  const auto [end, error] = std::from_chars(format.data() + at, format.data() + format.size(), n);
  at = static_cast<size_t>(end - format.data());
  if (n > width_max || error != std::errc()) throw Failure("a width or precision in a format is too large");
  return n;
}

std::string padded(const FormatSpec& spec, const std::string& text, char own_align) {
  const int64_t missing = spec.width - static_cast<int64_t>(utf8::length(text));
  if (missing <= 0) return text;
  const char align = spec.align ? spec.align : own_align;
  const int64_t before = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  std::string out;
  for (int64_t i = 0; i < before; ++i) out += spec.fill;
  out += text;
  for (int64_t i = before; i < missing; ++i) out += spec.fill;
  return out;
}

std::string cut(const std::string& text, int64_t precision) {
  if (precision < 0) return text;
  const auto all = characters(text);
  if (static_cast<size_t>(precision) >= all.size()) return text;
  return text.substr(0, static_cast<size_t>(all[static_cast<size_t>(precision)].data() - text.data()));
}

std::string integer_text(const FormatSpec& spec, int64_t number, int64_t digits) {
  const uint64_t size = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  std::string text = spec.type == 'x'   ? fmt::format("{:x}", size)
                     : spec.type == 'X' ? fmt::format("{:X}", size)
                     : spec.type == 'o' ? fmt::format("{:o}", size)
                     : spec.type == 'b' ? fmt::format("{:b}", size)
                                        : fmt::format("{}", size);
  const bool decimal = std::string_view("xXob").find(spec.type) == std::string_view::npos || spec.type == 0;
  if (digits > static_cast<int64_t>(text.size())) text.insert(0, static_cast<size_t>(digits) - text.size(), '0');
  const std::string prefix = spec.alternate && !decimal ? std::string("0") + spec.type : "";
  return assembled(spec, sign_text(spec, number < 0) + prefix, std::move(text), decimal ? 3 : 4);
}

std::string real_number_text(const FormatSpec& spec, double number) {
  const bool negative = std::signbit(number) && !std::isnan(number);
  return assembled(spec, sign_text(spec, negative), real_digits(spec, std::fabs(number)), 3);
}

}  // namespace sextant::jinja
