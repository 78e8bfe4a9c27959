// The plugin's entry. The emulation's tests build it, too, under another name.
#include "cuda_hardware.hpp"

#ifndef CUDA_BACKEND_ID
#define CUDA_BACKEND_ID "cuda"
#endif

SEXTANT_PLUGIN(sextant::component<sextant::cuda::CudaModel>({.id = CUDA_BACKEND_ID,
                                                             .summary = "runs models on NVIDIA GPUs, in bf16, fp16 or float32",
                                                             .schema = sextant::cuda::config_schema,
                                                             .capabilities = sextant::engine::backend_capabilities}))
