// The arithmetic of drawing a token, one definition for the host and for device code: weights are whole numbers, so that their
// sums have no order, and the same logits give the same token wherever it is drawn.
//
// A token's weight is exp((logit - highest logit) / temperature) in units of 2^-40, rounded. What is below half a unit is never
// drawn.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#define SEXTANT_ANYWHERE __host__ __device__
#else
#define SEXTANT_ANYWHERE
#endif

namespace sextant::engine {

/// How a row's next token is chosen. temperature 0: the highest logit, the rest is ignored; top_k 0 and top_p 1: off.
struct Draw {
  float temperature = 0, top_p = 1;
  uint32_t top_k = 0;
  uint64_t random = 0;  // uniform, 53 bits
  float min_p = 0;      // after top_p: what is less likely than this part of the likeliest is not drawn
};

/// What is done to the logit of one id before a token is picked.
struct Adjustment {
  int32_t id = 0;
  float penalty = 1;   // divides a logit that is not negative, multiplies one that is; 0: the id is never picked
  float subtract = 0;  // afterwards
};

namespace draw {

/// Orders logits as numbers; +0 and -0 are one.
SEXTANT_ANYWHERE inline uint32_t rank(float logit) {
  const float v = logit + 0.0f;
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
SEXTANT_ANYWHERE inline float logit_of(uint32_t rank) {
  const uint32_t bits = rank & 0x80000000u ? rank & 0x7fffffffu : ~rank;
  float v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

/// At most 2^40. Every operation rounds once, as IEEE 754 says, whatever the compiler: products stand in fma().
SEXTANT_ANYWHERE inline uint64_t weight(float logit, float highest, float temperature) {
  const double x = (static_cast<double>(logit) - static_cast<double>(highest)) / static_cast<double>(temperature);
  if (!(x > -29)) return 0;
  if (x >= 0) return uint64_t{1} << 40;
  const double k = floor(fma(x, 0x1.71547652b82fep+0, 0.5));  // exp(x) = 2^k exp(r), |r| <= ln(2) / 2
  const double r = fma(-k, 0x1.abc9e3b39803fp-56, fma(-k, 0x1.62e42fefa39efp-1, x));
  double p = 1.0 / 479001600;  // Taylor's series to r^12: an error of 2e-16
  constexpr double coefficients[] = {1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
                                     1.0 / 120,      1.0 / 24,      1.0 / 6,      0.5,         1.0,        1.0};
  for (const double c : coefficients) p = fma(p, r, c);
  return static_cast<uint64_t>(fma(p, static_cast<double>(uint64_t{1} << (40 + static_cast<int>(k) + 2)), 2.0)) >> 2;
}

/// The logit of what is never picked: its weight is 0 against any other.
inline constexpr float never = -1e30f;

/// The same bits wherever it is computed: the product stands in fma(), as above.
SEXTANT_ANYWHERE inline float adjusted(float logit, const Adjustment& a) {
  if (a.penalty == 0) return never;
  const float penalised = logit < 0 ? fmaf(logit, a.penalty, 0.0f) : logit / a.penalty;
  return penalised - a.subtract;
}

/// A weight below this one is less likely than min_p times the likeliest token. At most 2^40, the likeliest token's own.
SEXTANT_ANYWHERE inline uint64_t least(float min_p) {
  return min_p > 0 ? static_cast<uint64_t>(
                         ceil(static_cast<double>(min_p < 1 ? min_p : 1.0f) * static_cast<double>(uint64_t{1} << 40)))
                   : 0;
}

/// What the highest weights must reach together for top_p: at least 1.
SEXTANT_ANYWHERE inline uint64_t share(float top_p, uint64_t total) {
  const auto part = static_cast<uint64_t>(ceil(static_cast<double>(top_p) * static_cast<double>(total)));
  return part < 1 ? 1 : part < total ? part : total;
}

/// A number below total, or 0: the first id with which the weights so far go beyond it is drawn. total < 2^63.
SEXTANT_ANYWHERE inline uint64_t point(uint64_t random, uint64_t total) {  // random * total / 2^53
  const uint64_t low = (random & 0xffffffffu) * (total & 0xffffffffu),
                 middle = (random >> 32) * (total & 0xffffffffu) + (low >> 32);
  const uint64_t other = (random & 0xffffffffu) * (total >> 32) + (middle & 0xffffffffu);
  const uint64_t high = (random >> 32) * (total >> 32) + (middle >> 32) + (other >> 32);
  return high << 11 | (other & 0xffffffffu) >> 21;
}

}  // namespace draw
}  // namespace sextant::engine
