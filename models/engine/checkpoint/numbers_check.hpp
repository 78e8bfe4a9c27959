// Whether a tensor's numbers are numbers: a NaN or an infinity in the weights reaches every request that uses them.
#pragma once
#include <cstdint>
#include <string>
#include "checkpoint.hpp"

namespace sextant::engine {

struct NumbersCheck {
  uint64_t rows_not_finite = 0;   // rows with a NaN or an infinity in them
  uint64_t first_not_finite = 0;  // the first of these
  bool all_zero = true;
};

/// Of the tensor as it is stored, without what an adapter adds. Of block formats the scales are looked at; they alone can be no
/// numbers.
NumbersCheck check_numbers(const Tensor& tensor);

/// "tensor "x" holds NaN or infinity (12 rows, the first is 5)".
std::string not_finite(const Tensor& tensor, const NumbersCheck& check);

}  // namespace sextant::engine
