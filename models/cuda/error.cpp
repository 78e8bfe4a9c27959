#include "error.hpp"
#include <string_view>
#include <fmt/format.h>
#include <sextant/sdk.hpp>

namespace sextant::cuda {

std::string failure_sentence(std::string_view name, std::string_view text, std::string_view call, std::string_view file,
                             int line) {
  if (const size_t slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  call = call.substr(0, call.find('('));
  return fmt::format("the GPU failed: {}{} from {} at {}:{}", name, text.empty() ? "" : fmt::format(" ({})", text), call, file,
                     line);
}

void fail(cudaError_t error, const char* call, const char* file, int line) {
  (void)cudaGetLastError();  // reported here; the next call starts anew, where the device still lives
  throw PluginError(error == cudaErrorMemoryAllocation ? SXT_NO_MEMORY : SXT_NO_DEVICE,
                    failure_sentence(cudaGetErrorName(error), cudaGetErrorString(error), call, file, line));
}

void fail(cublasStatus_t status, const char* call, const char* file, int line) {
  throw PluginError(status == CUBLAS_STATUS_ALLOC_FAILED ? SXT_NO_MEMORY : SXT_NO_DEVICE,
                    failure_sentence(cublasLtGetStatusName(status), "", call, file, line));
}

}  // namespace sextant::cuda
