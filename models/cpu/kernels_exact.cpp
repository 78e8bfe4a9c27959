// The kernels that give the same bits on every instruction set (SXT_EXACT, KERNEL_TABLE and KERNEL_NAME are given by the build).
#if defined(__AVX512F__)
#define KERNEL_LABEL "AVX-512"
#elif defined(__AVX2__)
#define KERNEL_LABEL "AVX2"
#else
#define KERNEL_LABEL "portable"
#endif
#include "kernels.inc.hpp"
