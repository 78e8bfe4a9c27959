// The value of an expression at a point, for what has no canonical form: is sin(pi/6) one half? Pure; [any] thread.
#pragma once
#include <algorithm>
#include <complex>
#include "expression.hpp"

namespace sextant::metric::math {

using Complex = std::complex<double>;

/// Every letter has a value that follows from its name and the number of the point. NaN: not defined, or unknown.
class AtPoint {
 public:
  /// `of_both_signs`: at every other point a letter is negative, which |x| and x tell apart; else letters are positive.
  explicit AtPoint(unsigned point, bool of_both_signs = false) : point_(point), of_both_signs_(of_both_signs) {}

  Complex operator()(const Tree& tree, int depth = 0) const {
    constexpr double pi = 3.14159265358979323846;
    const Complex none(std::nan(""), 0);
    if (depth > 200) return none;
    std::vector<Complex> parts;
    for (const Tree& part : tree->parts) parts.push_back((*this)(part, depth + 1));
    switch (tree->kind) {
      case Kind::number: return tree->value.get_d();
      case Kind::symbol:
        if (tree->name == "pi") return pi;
        if (tree->name == "e") return std::exp(1.0);
        if (tree->name == "i") return Complex(0, 1);
        return tree->name == "infinity" ? none : letter(tree->name);
      case Kind::add: {
        Complex sum = 0;
        for (const Complex& part : parts) sum += part;
        return sum;
      }
      case Kind::multiply: {
        Complex product = 1;
        for (const Complex& part : parts) product *= part;
        return product;
      }
      case Kind::divide: return parts[0] / parts[1];
      case Kind::power: return parts[1] == Complex(0) ? Complex(1) : std::pow(parts[0], parts[1]);
      case Kind::call: return call(tree->name, parts);
      default: return none;
    }
  }

 private:
  Complex letter(const std::string& name) const {
    unsigned hash = 2166136261u + point_ * 7919u;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    const double sign = of_both_signs_ && (point_ + name.size() + static_cast<unsigned char>(name.back())) % 2 ? -1 : 1;
    return sign * (0.31 + 1.7 * static_cast<double>(hash % 10007) / 10007);
  }
  static Complex call(const std::string& name, const std::vector<Complex>& parts) {
    const Complex x = parts.front();
    if (name == "sin") return std::sin(x);
    if (name == "cos") return std::cos(x);
    if (name == "tan") return std::tan(x);
    if (name == "cot") return 1.0 / std::tan(x);
    if (name == "sec") return 1.0 / std::cos(x);
    if (name == "csc") return 1.0 / std::sin(x);
    if (name == "arcsin" || name == "asin") return std::asin(x);
    if (name == "arccos" || name == "acos") return std::acos(x);
    if (name == "arctan" || name == "atan") return std::atan(x);
    if (name == "sinh") return std::sinh(x);
    if (name == "cosh") return std::cosh(x);
    if (name == "tanh") return std::tanh(x);
    if (name == "exp") return std::exp(x);
    if (name == "ln") return std::log(x);
    if (name == "log") return std::log10(x);
    if (name == "abs") return std::abs(x);
    if (name == "floor") return std::floor(x.real());
    if (name == "ceil") return std::ceil(x.real());
    if (name == "factorial") return std::tgamma(x.real() + 1);
    return Complex(std::nan(""), 0);
  }
  const unsigned point_;
  const bool of_both_signs_;
};

inline bool has_bars(const Tree& tree) {
  return (tree->kind == Kind::call && tree->name == "abs") || std::any_of(tree->parts.begin(), tree->parts.end(), has_bars);
}

/// The same at each of several points at which both are defined, to 10 digits; false where there is none.
inline bool same_values(const Tree& a, const Tree& b) {
  int defined = 0;
  const bool signs = has_bars(a) || has_bars(b);
  for (unsigned point = 0; point < 5; ++point) {
    const Complex x = AtPoint(point, signs)(a), y = AtPoint(point, signs)(b);
    const bool finite =
        std::isfinite(x.real()) && std::isfinite(x.imag()) && std::isfinite(y.real()) && std::isfinite(y.imag());
    if (!finite) continue;
    ++defined;
    if (std::abs(x - y) > 1e-10 * std::max({1e-3, std::abs(x), std::abs(y)})) return false;
  }
  return defined > 0;
}

}  // namespace sextant::metric::math
