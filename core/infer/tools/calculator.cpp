#include "calculator.hpp"
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <sextant/utf8.hpp>

namespace sextant::infer {
namespace {

constexpr size_t bytes_max = 2000;  // of an expression: more than anybody writes, little for the stack
constexpr int depth_max = 100;

struct Fault { std::string message; };

// sum = product {("+" | "-") product}; product = signed {("*" | "/" | "//" | "%") signed}; signed = ("+" | "-") signed | power;
// power = atom ["**" signed]; atom = number | "(" sum ")". So -2 ** 2 is -4 and 2 ** -1 is 0.5, as in Python.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  double parse() {
    const double value = sum();
    if (skip(); at_ < text_.size()) unexpected();
    return value;
  }

 private:
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) ++at_;
  }
  bool take(std::string_view sign) {
    skip();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }
  bool take_times() {
    skip();
    return !text_.substr(at_).starts_with("**") && (take("*") || take("\u00D7"));
  }
  [[noreturn]] void unexpected() {
    if (at_ >= text_.size()) throw Fault{"the expression ends too early"};
    throw Fault{fmt::format("unexpected '{}' at character {}; write numbers, + - * / // % ** and parentheses",
                            text_.substr(at_, utf8::at(text_, at_).size), at_ + 1)};
  }

  double sum() {
    double value = product();
    while (true) {
      if (take("+")) value += product();
      else if (take("-") || take("\u2212")) value -= product();
      else return value;
    }
  }
  double product() {
    double value = with_sign();
    while (true) {
      if (take_times()) value *= with_sign();
      else if (take("//")) value = floor_quotient(value, divisor());
      else if (take("/") || take("\u00F7")) value /= divisor();
      else if (take("%")) value = remainder(value, divisor());
      else return value;
    }
  }
  double divisor() {
    const double value = with_sign();
    if (value == 0) throw Fault{"division by zero"};
    return value;
  }
  // with the divisor's sign
  static double remainder(double a, double b) {
    const double rest = std::fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
  // by way of the remainder, so that 1 // 0.1 is 9 and (a // b) * b + a % b is a; 1 / 0.1 alone is rounded up to 10
  static double floor_quotient(double a, double b) {
    const double quotient = (a - remainder(a, b)) / b, down = std::floor(quotient);
    return quotient - down > 0.5 ? down + 1 : down;
  }
  double with_sign() {
    if (++depth_ > depth_max) throw Fault{"the expression nests too deeply"};
    double value = 0;
    if (take("-") || take("\u2212")) value = -with_sign();
    else if (take("+")) value = with_sign();
    else value = power();
    --depth_;
    return value;
  }
  double power() {
    const double base = atom();
    if (!take("**")) return base;
    const double exponent = with_sign();
    if (base == 0 && exponent < 0) throw Fault{"division by zero"};
    return std::pow(base, exponent);
  }
  double atom() {
    if (take("(")) {
      const double value = sum();
      if (!take(")")) unexpected();
      return value;
    }
    skip();
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    double value = 0;
    if ((first < '0' || first > '9') && first != '.') unexpected();
    const auto [end, failed] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (failed == std::errc::result_out_of_range) throw Fault{"a number is too large or too small"};
    if (failed != std::errc()) unexpected();
    at_ = static_cast<size_t>(end - text_.data());
    return value;
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

std::string number_text(double value) {
  if (value == 0) return "0";
  if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{:.15g}", value);
}

}  // namespace

std::string calculate(std::string_view expression) {
  if (expression.size() > bytes_max) return fmt::format("error: the expression has more than {} bytes", bytes_max);
  try {
    const double value = Parser(expression).parse();
    if (std::isnan(value)) return "error: the result is not a real number";
    if (std::isinf(value)) return "error: the result is too large";
    return number_text(value);
  } catch (const Fault& fault) {
    return "error: " + fault.message;
  }
}

}  // namespace sextant::infer
