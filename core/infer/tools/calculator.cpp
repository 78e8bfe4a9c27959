#include "calculator.hpp"
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <gmpxx.h>
#include <sextant/utf8.hpp>

namespace sextant::infer {
namespace {

constexpr size_t bytes_max = 2000;  // of an expression: more than anybody writes, little for the stack
constexpr int depth_max = 100;

constexpr size_t bits_max = 4'096;        // of a whole number; what is larger is too large to be shown

struct Fault { std::string message; };

// As in Python: whole numbers are exact, and others have double precision.
struct Number {
  double real = 0;
  mpz_class whole = 0;
  bool is_whole = false;
  Number() = default;
  explicit Number(double value) : real(value) {}
  explicit Number(mpz_class value) : whole(std::move(value)), is_whole(true) {
    if (mpz_sizeinbase(whole.get_mpz_t(), 2) > bits_max) throw Fault{"the result is too large"};
    real = whole.get_d();
  }
};

// sum = product {("+" | "-") product}; product = signed {("*" | "/" | "//" | "%") signed}; signed = ("+" | "-") signed | power;
// power = atom ["**" signed]; atom = number | "(" sum ")". So -2 ** 2 is -4 and 2 ** -1 is 0.5, as in Python.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Number parse() {
    const Number value = sum();
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

  Number sum() {
    Number value = product();
    while (true) {
      if (take("+")) value = added(value, product());
      else if (take("-") || take("\u2212")) value = added(value, negative(product()));
      else return value;
    }
  }
  static Number added(const Number& a, const Number& b) {
    return a.is_whole && b.is_whole ? Number(mpz_class(a.whole + b.whole)) : Number(a.real + b.real);
  }
  static Number negative(const Number& a) { return a.is_whole ? Number(mpz_class(-a.whole)) : Number(-a.real); }

  Number product() {
    Number value = with_sign();
    while (true) {
      if (take_times()) value = multiplied(value, with_sign());
      else if (take("//")) value = floor_quotient(value, divisor());
      else if (take("/") || take("\u00F7")) value = Number(value.real / divisor().real);
      else if (take("%")) value = remainder(value, divisor());
      else return value;
    }
  }
  static Number multiplied(const Number& a, const Number& b) {
    return a.is_whole && b.is_whole ? Number(mpz_class(a.whole * b.whole)) : Number(a.real * b.real);
  }
  Number divisor() {
    Number value = with_sign();
    if (value.real == 0) throw Fault{"division by zero"};
    return value;
  }
  // with the divisor's sign
  static double remainder(double a, double b) {
    const double rest = std::fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
  static Number remainder(const Number& a, const Number& b) {
    if (!a.is_whole || !b.is_whole) return Number(remainder(a.real, b.real));
    mpz_class rest;
    mpz_fdiv_r(rest.get_mpz_t(), a.whole.get_mpz_t(), b.whole.get_mpz_t());
    return Number(rest);
  }
  // by way of the remainder, so that 1 // 0.1 is 9 and (a // b) * b + a % b is a; 1 / 0.1 alone is rounded up to 10
  static Number floor_quotient(const Number& a, const Number& b) {
    if (a.is_whole && b.is_whole) {
      mpz_class quotient;
      mpz_fdiv_q(quotient.get_mpz_t(), a.whole.get_mpz_t(), b.whole.get_mpz_t());
      return Number(quotient);
    }
    const double quotient = (a.real - remainder(a.real, b.real)) / b.real, down = std::floor(quotient);
    return Number(quotient - down > 0.5 ? down + 1 : down);
  }
  Number with_sign() {
    if (++depth_ > depth_max) throw Fault{"the expression nests too deeply"};
    Number value;
    if (take("-") || take("\u2212")) value = negative(with_sign());
    else if (take("+")) value = with_sign();
    else value = power();
    --depth_;
    return value;
  }
  Number power() {
    const Number base = atom();
    if (!take("**")) return base;
    const Number exponent = with_sign();
    if (base.real == 0 && exponent.real < 0) throw Fault{"division by zero"};
    if (!base.is_whole || !exponent.is_whole || exponent.whole < 0) return Number(std::pow(base.real, exponent.real));
    const bool grows = mpz_cmpabs_ui(base.whole.get_mpz_t(), 1) > 0;
    if (grows && exponent.whole > static_cast<unsigned long>(bits_max)) throw Fault{"the result is too large"};
    const mpz_class times = grows ? exponent.whole : mpz_class(exponent.whole % 2 + 2);  // of 0, 1 and -1
    mpz_class out;
    mpz_pow_ui(out.get_mpz_t(), base.whole.get_mpz_t(), exponent.whole == 0 ? 0 : times.get_ui());
    return Number(out);
  }
  Number atom() {
    if (take("(")) {
      Number value = sum();
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
    const std::string written(text_.substr(at_, static_cast<size_t>(end - text_.data()) - at_));
    at_ = static_cast<size_t>(end - text_.data());
    if (written.find_first_not_of("0123456789") == written.npos) return Number(mpz_class(written, 10));
    return Number(value);
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

std::string number_text(const Number& number) {
  if (number.is_whole) return number.whole.get_str();
  const double value = number.real;
  if (value == 0) return "0";
  if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{:.15g}", value);
}

}  // namespace

std::string calculate(std::string_view expression) {
  if (expression.size() > bytes_max) return fmt::format("error: the expression has more than {} bytes", bytes_max);
  try {
    const Number value = Parser(expression).parse();
    if (!value.is_whole && std::isnan(value.real)) return "error: the result is not a real number";
    if (!value.is_whole && std::isinf(value.real)) return "error: the result is too large";
    return number_text(value);
  } catch (const Fault& fault) {
    return "error: " + fault.message;
  }
}

}  // namespace sextant::infer
