// Expressions as quotients of polynomials. Nothing where the result would be too large, or is not defined. Pure; [any] thread.
#pragma once
#include <cmath>
#include "expression.hpp"
#include "polynomial.hpp"

namespace sextant::metric::math {

namespace detail {

inline Quotient opaque(const std::string& name) { return {Polynomial::atom(name), Polynomial(mpq_class(1)), true}; }

/// c^(p/q) of a positive whole number, by its prime factors up to 10,000; what is left over counts as one.
inline Polynomial root_of(mpz_class value, const mpq_class& exponent) {
  Monomial out;
  for (unsigned long prime = 2; prime < 10'000 && value > 1; ++prime)
    while (mpz_divisible_ui_p(value.get_mpz_t(), prime)) {
      out[std::to_string(prime)] += exponent;
      value /= prime;
    }
  if (value > 1) out[value.get_str()] += exponent;
  Polynomial result;
  result.add(std::move(out), 1);
  return result;
}

inline std::optional<Quotient> integer_power(const Quotient& base, long exponent) {
  const long n = std::labs(exponent);
  const size_t terms = base.above.terms().size() + base.below.terms().size();
  if (n > (terms <= 2 ? 10'000 : 24)) return std::nullopt;
  Quotient out{Polynomial(mpq_class(1)), Polynomial(mpq_class(1)), base.inexact}, square = base;
  for (long left = n; left > 0; left >>= 1) {
    if (left & 1) out = out * square;
    if (!out.sound()) return std::nullopt;
    if (left > 1) square = square * square;
    if (!square.sound()) return std::nullopt;
  }
  if (exponent < 0) out = reciprocal(out);
  return out.sound() ? std::optional(out) : std::nullopt;
}

/// A single term to a fractional power; letters are taken for positive. Nothing: there are several terms.
inline std::optional<Polynomial> term_power(const Polynomial& base, const mpq_class& exponent) {
  if (base.terms().size() != 1) return std::nullopt;
  const auto& [monomial, coefficient] = *base.terms().begin();
  if (mpz_sizeinbase(coefficient.get_num_mpz_t(), 2) > 256 || mpz_sizeinbase(coefficient.get_den_mpz_t(), 2) > 256)
    return std::nullopt;
  Polynomial out(mpq_class(1));
  mpq_class size = coefficient;
  if (coefficient < 0) {
    size = -size;
    if (exponent.get_den() == 2) out = Polynomial::atom("i", exponent * 2);             // sqrt(-1)
    else if (exponent.get_den() % 2 == 1)
      out = Polynomial(mpq_class(exponent.get_num() % 2 == 0 ? 1 : -1));  // the real cube root
    else return std::nullopt;
  }
  out = out * root_of(size.get_num(), exponent) * root_of(size.get_den(), -exponent);
  Polynomial letters;
  Monomial powers;
  for (const auto& [name, power] : monomial) powers[name] = power * exponent;
  letters.add(std::move(powers), 1);
  return out * letters;
}

}  // namespace detail

class Exact {
 public:
  /// Nothing: too large, not defined, or no scalar.
  static std::optional<Quotient> of(const Tree& tree, int depth = 0) {
    if (depth > 200) return std::nullopt;
    std::vector<Quotient> parts;
    const bool scalar = tree->kind == Kind::number || tree->kind == Kind::symbol || tree->kind == Kind::add ||
                        tree->kind == Kind::multiply || tree->kind == Kind::divide || tree->kind == Kind::power ||
                        tree->kind == Kind::call;
    if (!scalar) return std::nullopt;
    for (const Tree& part : tree->parts) {
      auto one = of(part, depth + 1);
      if (!one || !one->sound()) return std::nullopt;
      parts.push_back(*std::move(one));
    }
    auto out = combined(*tree, parts);
    return out && out->sound() ? out : std::nullopt;
  }

 private:
  static std::optional<Quotient> combined(const Node& node, const std::vector<Quotient>& parts) {
    switch (node.kind) {
      case Kind::number: return Quotient{Polynomial(node.value)};
      case Kind::symbol: return Quotient{Polynomial::atom(node.name), Polynomial(mpq_class(1)), node.name == "e"};
      case Kind::add:
      case Kind::multiply: {
        Quotient out = parts.front();
        for (size_t i = 1; i < parts.size(); ++i) {
          if (out.above.terms().size() * parts[i].above.terms().size() > 40'000 || !out.sound()) return std::nullopt;
          out = node.kind == Kind::add ? out + parts[i] : out * parts[i];
        }
        return out;
      }
      case Kind::divide: return parts[1].above.is_zero() ? std::nullopt : std::optional(parts[0] * reciprocal(parts[1]));
      case Kind::power: return power(parts[0], parts[1]);
      default: return call(node, parts);
    }
  }

  static std::optional<Quotient> power(const Quotient& base, const Quotient& exponent) {
    const auto fixed = exponent.constant();
    if (!fixed) return detail::opaque("(" + base.text() + ")^(" + exponent.text() + ")");
    if (base.above.is_zero()) return *fixed > 0 ? std::optional(Quotient{}) : std::nullopt;
    if (fixed->get_den() == 1 && fixed->get_num().fits_slong_p()) {
      if (auto out = detail::integer_power(base, fixed->get_num().get_si())) return out;
    } else if (fixed->get_den() <= 64) {
      // a quotient of constants is one constant, and its root is taken as a whole
      Quotient plain = base;
      if (const auto value = base.constant()) plain = Quotient{Polynomial(*value)};
      const auto above = detail::term_power(plain.above, *fixed), below = detail::term_power(plain.below, *fixed);
      if (above && below) return Quotient{*above, *below, base.inexact};
    }
    return detail::opaque("(" + base.text() + ")^(" + exponent.text() + ")");
  }

  static std::optional<Quotient> call(const Node& node, const std::vector<Quotient>& parts) {
    const auto value = parts.front().constant();
    const bool whole = value && value->get_den() == 1;
    if (node.name == "abs" && value) return Quotient{Polynomial(abs(*value))};
    if ((node.name == "floor" || node.name == "ceil") && value) {
      mpz_class out;
      if (node.name == "floor") mpz_fdiv_q(out.get_mpz_t(), value->get_num_mpz_t(), value->get_den_mpz_t());
      else mpz_cdiv_q(out.get_mpz_t(), value->get_num_mpz_t(), value->get_den_mpz_t());
      return Quotient{Polynomial(mpq_class(out))};
    }
    if (node.name == "factorial" && whole && *value >= 0 && *value <= 1000) {
      mpz_class out;
      mpz_fac_ui(out.get_mpz_t(), value->get_num().get_ui());
      return Quotient{Polynomial(mpq_class(out))};
    }
    if (node.name == "binom") {
      const auto k = parts[1].constant();
      if (whole && k && k->get_den() == 1 && *value >= 0 && *value <= 1000 && *k >= 0 && *k <= 1000) {
        mpz_class out;
        mpz_bin_uiui(out.get_mpz_t(), value->get_num().get_ui(), k->get_num().get_ui());
        return Quotient{Polynomial(mpq_class(out))};
      }
    }
    std::string name = node.name + "(";
    for (const Quotient& part : parts) name += part.text() + ",";
    if (name.size() > 2000) return std::nullopt;
    return detail::opaque(name + ")");
  }
};

}  // namespace sextant::metric::math
