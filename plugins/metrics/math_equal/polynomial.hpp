// Quotients of polynomials with rational coefficients: the canonical form of simple algebra. A polynomial's variables are
// letters, the roots of prime numbers (3^1/2), i, pi, e, and functions of what cannot be taken apart (sin(x)). Two quotients
// are equal where a/b = c/d as ad = bc. Pure; [any] thread.
#pragma once
#include <gmpxx.h>
#include <map>
#include <optional>
#include <string>

namespace sextant::metric::math {

/// Exponents by name; none is 0.
using Monomial = std::map<std::string, mpq_class>;

class Polynomial {
 public:
  static constexpr size_t terms_max = 400, bits_max = 20'000;

  Polynomial() = default;
  explicit Polynomial(const mpq_class& value) { add({}, value); }
  static Polynomial atom(const std::string& name, const mpq_class& exponent = 1) {
    Polynomial out;
    out.add({{name, exponent}}, 1);
    return out;
  }

  const std::map<Monomial, mpq_class>& terms() const { return terms_; }
  bool is_zero() const { return terms_.empty(); }
  std::optional<mpq_class> constant() const {
    if (terms_.empty()) return mpq_class(0);
    if (terms_.size() == 1 && terms_.begin()->first.empty()) return terms_.begin()->second;
    return std::nullopt;
  }

  /// Whole powers of a prime go into the coefficient, i^2 is -1.
  void add(Monomial monomial, mpq_class coefficient) {
    for (auto at = monomial.begin(); at != monomial.end();) {
      mpq_class& exponent = at->second;
      const bool prime = at->first[0] >= '0' && at->first[0] <= '9';
      if (prime || at->first == "i") {
        mpz_class whole;
        mpz_fdiv_q(whole.get_mpz_t(), exponent.get_num_mpz_t(), exponent.get_den_mpz_t());
        if (prime && whole != 0 && whole.fits_slong_p() &&
            std::abs(whole.get_si()) * static_cast<long>(at->first.size()) * 4 < static_cast<long>(bits_max)) {
          mpz_class power;
          mpz_pow_ui(power.get_mpz_t(), mpz_class(at->first).get_mpz_t(), static_cast<unsigned long>(std::abs(whole.get_si())));
          if (whole > 0) coefficient *= power;
          else coefficient /= power;
          exponent -= whole;
        } else if (!prime && exponent.get_den() == 1) {
          const mpz_class quarter = ((whole % 4) + 4) % 4;
          if (quarter >= 2) coefficient = -coefficient;
          exponent = quarter % 2;
        }
      }
      at = exponent == 0 ? monomial.erase(at) : std::next(at);
    }
    const auto [place, fresh] = terms_.try_emplace(std::move(monomial), coefficient);
    if (!fresh) place->second += coefficient;
    if (place->second == 0) terms_.erase(place);
  }

  bool sound() const {
    if (terms_.size() > terms_max) return false;
    for (const auto& [monomial, c] : terms_)
      if (mpz_sizeinbase(c.get_num_mpz_t(), 2) + mpz_sizeinbase(c.get_den_mpz_t(), 2) > bits_max) return false;
    return true;
  }

  std::string text() const {
    std::string out;
    for (const auto& [monomial, c] : terms_) {
      out += (out.empty() ? "" : "+") + c.get_str();
      for (const auto& [name, exponent] : monomial) out += "*" + name + "^" + exponent.get_str();
    }
    return out.empty() ? "0" : out;
  }

  friend Polynomial operator+(const Polynomial& a, const Polynomial& b) {
    Polynomial out = a;
    for (const auto& [monomial, c] : b.terms_) out.add(monomial, c);
    return out;
  }
  friend Polynomial operator*(const Polynomial& a, const Polynomial& b) {
    Polynomial out;
    for (const auto& [m, c] : a.terms_)
      for (const auto& [n, d] : b.terms_) {
        Monomial product = m;
        for (const auto& [name, exponent] : n) product[name] += exponent;
        out.add(std::move(product), c * d);
      }
    return out;
  }
  bool operator==(const Polynomial& other) const { return terms_ == other.terms_; }

 private:
  std::map<Monomial, mpq_class> terms_;
};

struct Quotient {
  Polynomial above, below = Polynomial(mpq_class(1));
  bool inexact = false;   // something in it may have other names: sin(pi/6) is 1/2

  std::optional<mpq_class> constant() const {
    const auto a = above.constant(), b = below.constant();
    if (!a || !b || *b == 0) return std::nullopt;
    return mpq_class(*a / *b);
  }
  bool sound() const { return above.sound() && below.sound() && !below.is_zero(); }
  std::string text() const {
    return below == Polynomial(mpq_class(1)) ? above.text() : "(" + above.text() + ")/(" + below.text() + ")";
  }
  bool operator==(const Quotient& other) const { return above * other.below == other.above * below; }
};

inline Quotient operator+(const Quotient& a, const Quotient& b) {
  if (a.below == b.below) return {a.above + b.above, a.below, a.inexact || b.inexact};
  return {a.above * b.below + b.above * a.below, a.below * b.below, a.inexact || b.inexact};
}
inline Quotient operator*(const Quotient& a, const Quotient& b) {
  return {a.above * b.above, a.below * b.below, a.inexact || b.inexact};
}
inline Quotient reciprocal(const Quotient& of) { return {of.below, of.above, of.inexact}; }

}  // namespace sextant::metric::math
