// About how fast products are, before anything has been measured.
#pragma once
#include <cstdint>
#include "matmul.hpp"

namespace sextant::cpu {

/// Operations per second and thread that the products of whole models reach.
double nominal_speed(const MatMul& matmul);

/// How many rows more a batch could have in the time that its weights take from memory (DeviceLimits::step_rows).
uint32_t step_rows(const MatMul& matmul);

}  // namespace sextant::cpu
