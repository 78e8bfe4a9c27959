#define KERNEL_TABLE avx512_kernels
#define KERNEL_NAME "avx512"
#define KERNEL_LABEL "AVX-512"
#include "kernels.inc.hpp"
