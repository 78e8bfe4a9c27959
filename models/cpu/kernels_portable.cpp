#define KERNEL_TABLE portable_kernels
#define KERNEL_NAME "portable"
#define KERNEL_LABEL "portable"
#include "kernels.inc.hpp"
