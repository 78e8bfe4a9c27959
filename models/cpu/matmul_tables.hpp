// The matrix products that were compiled in. isa.hpp chooses one that the processor can run.
#pragma once
#include "matmul.hpp"

namespace sextant::cpu {

const MatMul& bf16_portable();
const MatMul& int8_portable();
const MatMul& slices_portable();
// x86-64 only
const MatMul& bf16_avx2();
const MatMul& bf16_avx512();
const MatMul& bf16_avx512bf16();  // AVX512_BF16
const MatMul& bf16_amx();         // AMX-BF16, AVX512_BF16
const MatMul& int8_avx2();
const MatMul& int8_avx512();  // AVX512_VNNI
const MatMul& int8_amx();     // AMX-INT8, AVX512_VNNI
const MatMul& slices_avx2();
const MatMul& slices_avx512();  // AVX512_VNNI
const MatMul& slices_amx();     // AMX-INT8, AVX512_VNNI

}  // namespace sextant::cpu
