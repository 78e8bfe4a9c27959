#include "isa.hpp"
#include <string>

namespace sextant::cpu {

Result<const Kernels*> choose_kernels(std::string_view isa) {
  if (isa == "portable") return &portable_kernels();
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  if (avx512 && (isa == "auto" || isa == "avx512")) return &avx512_kernels();
  if (avx2 && (isa == "auto" || isa == "avx2")) return &avx2_kernels();
#endif
  if (isa == "auto") return &portable_kernels();
  return Error{Error::Kind::device, "isa: this processor has no \"" + std::string(isa) + "\"; use \"auto\""};
}

}  // namespace sextant::cpu
