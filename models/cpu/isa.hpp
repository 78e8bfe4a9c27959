// Which of the kernels this processor can run.
#pragma once
#include <string_view>
#include <sextant/result.hpp>
#include "attention.hpp"
#include "kernels.hpp"
#include "matmul.hpp"

namespace sextant::cpu {

/// "auto" (the widest that this processor has), "amx", "avx512", "avx2" or "portable". One that it has not got is an error.
Result<const Kernels*> choose_kernels(std::string_view isa);
/// Likewise, for bf16 or int8. Where an instruction set has no instructions for the format, others do its work: the result is
/// never an error that choose_kernels would not give.
Result<const MatMul*> choose_matmul(std::string_view isa, Compute compute);
/// Attention with keys and values in bf16, likewise.
Result<const AttentionFormat*> choose_attention(std::string_view isa);

}  // namespace sextant::cpu
