// Every call of the CUDA runtime and of cuBLASLt is checked: a failure is a PluginError that names call, file and line.
#pragma once
#include <string>
#include <string_view>
#include <cublasLt.h>
#include <cuda_runtime.h>

namespace sextant::cuda {

/// "the GPU failed: NAME (TEXT) from FUNCTION at FILE:LINE".
std::string failure_sentence(std::string_view name, std::string_view text, std::string_view call, std::string_view file,
                             int line);
[[noreturn]] void fail(cudaError_t error, const char* call, const char* file, int line);
[[noreturn]] void fail(cublasStatus_t status, const char* call, const char* file, int line);
inline void check(cudaError_t error, const char* call, const char* file, int line) {
  if (error != cudaSuccess) fail(error, call, file, line);
}
inline void check(cublasStatus_t status, const char* call, const char* file, int line) {
  if (status != CUBLAS_STATUS_SUCCESS) fail(status, call, file, line);
}

}  // namespace sextant::cuda

#define CUDA_CHECK(call) ::sextant::cuda::check(call, #call, __FILE__, __LINE__)
