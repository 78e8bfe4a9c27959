// Which of the kernels this processor can run.
#pragma once
#include <string_view>
#include <sextant/result.hpp>
#include "attention.hpp"
#include "kernels.hpp"
#include "matmul.hpp"

namespace sextant::cpu {

/// "auto" (the widest that this processor has), "amx", "avx512", "avx2" or "portable". One that it has not got is an error.
Result<const Kernels*> choose_kernels(std::string_view isa, Compute compute = Compute::f32);
/// Likewise, the products and the attention of a compute type. Where an instruction set has no instructions for a format,
/// others do its work: there is an error only where choose_kernels gives one.
Result<const MatMul*> choose_matmul(std::string_view isa, Compute compute);
Result<const AttentionFormat*> choose_attention(std::string_view isa, Compute compute);

}  // namespace sextant::cpu
