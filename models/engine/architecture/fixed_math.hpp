// Functions in double of which every machine gives the same bits: additions, multiplications, divisions and square roots in one
// order, no library (a C library may take other instructions, and give another last bit, on another processor). Compiled with
// -ffp-contract=off. Errors are a few units in the last place.
#pragma once

namespace sextant::engine::fixed {

/// The natural logarithm of a normal number above 0; not a number of what is no such number.
double ln(double x);
/// e^x for x up to 700; 0 below -700.
double exp(double x);
/// base^exponent for a base above 0.
inline double power(double base, double exponent) { return exp(exponent * ln(base)); }

struct SineCosine {
  double sine, cosine;
};
/// Of an angle of up to 2^24 radians.
SineCosine sine_cosine(double x);

}  // namespace sextant::engine::fixed
