#include "fixed_math.hpp"
#include <array>
#include <bit>
#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace sextant::engine::fixed {
namespace {

// To the nearest integer, ties to even, for |x| below 2^51.
double nearest(double x) {
  constexpr double magic = 0x1.8p+52;
  const volatile double shifted = x + magic;  // not to be simplified
  return shifted - magic;
}

// 1 / n!; n! is exact in double up to 22.
constexpr auto inverse_factorials = [] {
  std::array<double, 22> out{};
  double factorial = 1;
  for (size_t n = 0; n < out.size(); ++n) {
    if (n > 0) factorial *= static_cast<double>(n);
    out[n] = 1 / factorial;
  }
  return out;
}();

constexpr double ln2_high = 0x1.62e42fefap-1, ln2_low = 0x1.cf79abc9e3b3ap-40;  // 38 bits, and what is left

}  // namespace

double ln(double x) {
  if (!(x >= DBL_MIN && x <= DBL_MAX)) return std::numeric_limits<double>::quiet_NaN();
  const auto bits = std::bit_cast<uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xfffffffffffffu) | 0x3ff0000000000000u);
  if (m > 0x1.6a09e667f3bcdp+0) m *= 0.5, ++exponent;  // sqrt(2)
  const double t = (m - 1) / (m + 1), z = t * t;       // ln m = 2 (t + t^3 / 3 + t^5 / 5 ..), |t| < 0.172
  double sum = 0;
  for (int n = 25; n >= 3; n -= 2) sum = sum * z + 1.0 / n;
  const double tail = 2 * t * (sum * z) + exponent * ln2_low;
  return (tail + 2 * t) + exponent * ln2_high;
}

double exp(double x) {
  if (!(x > -700)) return x == x ? 0 : x;
  const double k = nearest(x * 0x1.71547652b82fep+0), r = (x - k * ln2_high) - k * ln2_low;
  double sum = 0;
  for (size_t n = 15; n-- > 0;) sum = sum * r + inverse_factorials[n];
  return sum * std::bit_cast<double>(static_cast<uint64_t>(static_cast<int64_t>(k) + 1023) << 52);
}

SineCosine sine_cosine(double x) {
  // pi / 2 in parts of 28 bits, whose products with k are exact
  const double k = nearest(x * 0x1.45f306dc9c883p-1);
  const double r = (((x - k * 0x1.921fb54p+0) - k * 0x1.10b461p-30) - k * 0x1.a626330p-58) - k * 0x1.45c06e0e68948p-86;
  const double z = r * r;
  double sine = 0, cosine = 0;
  for (size_t n = 21; n >= 3; n -= 2) sine = inverse_factorials[n] - sine * z;
  for (size_t n = 20; n >= 2; n -= 2) cosine = inverse_factorials[n] - cosine * z;
  sine = r - sine * (z * r), cosine = 1 - cosine * z;
  switch (static_cast<int64_t>(k) & 3) {
    case 0: return {sine, cosine};
    case 1: return {cosine, -sine};
    case 2: return {-sine, -cosine};
    default: return {-cosine, sine};
  }
}

}  // namespace sextant::engine::fixed
