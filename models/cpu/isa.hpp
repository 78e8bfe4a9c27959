// Which of the kernels this processor can run.
#pragma once
#include <string_view>
#include <sextant/result.hpp>
#include "kernels.hpp"

namespace sextant::cpu {

/// "auto" (the widest that this processor has), "avx512", "avx2" or "portable". One that it has not got is an error.
Result<const Kernels*> choose_kernels(std::string_view isa);

}  // namespace sextant::cpu
