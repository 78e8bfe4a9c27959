#define KERNEL_TABLE avx2_kernels
#define KERNEL_NAME "avx2"
#define KERNEL_LABEL "AVX2"
#include "kernels.inc.hpp"
