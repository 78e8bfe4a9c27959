#include "isa.hpp"
#include <string>
#include "matmul_tables.hpp"
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace sextant::cpu {
namespace {

struct Processor {
  bool avx2 = false, avx512 = false, avx512_bf16 = false, avx512_vnni = false, amx = false;
};

#if defined(__x86_64__)
// The tile unit's state is large: Linux gives it to a process that asks (5.16 or newer).
bool tiles_granted() {
  constexpr long request_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

Processor detect() {
  Processor p;
  p.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  p.avx512 = p.avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  p.avx512_bf16 = p.avx512 && __builtin_cpu_supports("avx512bf16");
  p.avx512_vnni = p.avx512 && __builtin_cpu_supports("avx512vnni");
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24, amx_int8 = 1u << 25, all = amx_bf16 | amx_tile | amx_int8;
  if (p.avx512_bf16 && p.avx512_vnni && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & all) == all) p.amx = tiles_granted();
  return p;
}
#else
Processor detect() { return {}; }
#endif

const Processor& processor() {
  static const Processor detected = detect();
  return detected;
}

Error missing(std::string_view isa) {
  return {Error::Kind::device, "isa: this processor has no \"" + std::string(isa) + "\"; use \"auto\""};
}

}  // namespace

Result<const Kernels*> choose_kernels(std::string_view isa) {
  if (isa == "portable") return &portable_kernels();
#if defined(__x86_64__)
  const Processor& has = processor();
  if (isa == "amx" && has.amx) return &avx512_kernels();
  if (has.avx512 && (isa == "auto" || isa == "avx512")) return &avx512_kernels();
  if (has.avx2 && (isa == "auto" || isa == "avx2")) return &avx2_kernels();
#endif
  if (isa == "auto") return &portable_kernels();
  return missing(isa);
}

Result<const MatMul*> choose_matmul(std::string_view isa, Compute compute) {
  if (compute == Compute::f32) {
    SXT_TRY(const Kernels* kernels, choose_kernels(isa));
    return &kernels->matmul;
  }
  const bool bf16 = compute == Compute::bf16;
  if (isa == "portable") return bf16 ? &bf16_portable() : &int8_portable();
#if defined(__x86_64__)
  const Processor& has = processor();
  if (has.amx && (isa == "auto" || isa == "amx")) return bf16 ? &bf16_amx() : &int8_amx();
  if (has.avx512 && (isa == "auto" || isa == "avx512")) {
    if (bf16) return has.avx512_bf16 ? &bf16_avx512bf16() : &bf16_avx512();
    return has.avx512_vnni ? &int8_avx512() : &int8_avx2();
  }
  if (has.avx2 && (isa == "auto" || isa == "avx2")) return bf16 ? &bf16_avx2() : &int8_avx2();
#endif
  if (isa == "auto") return bf16 ? &bf16_portable() : &int8_portable();
  return missing(isa);
}

Result<const AttentionFormat*> choose_attention(std::string_view isa, Compute compute) {
  if (compute == Compute::f32) {
    SXT_TRY(const Kernels* kernels, choose_kernels(isa));
    return &kernels->attention;
  }
  if (isa == "portable") return &attention_bf16_portable();
#if defined(__x86_64__)
  const Processor& has = processor();
  if (has.amx && (isa == "auto" || isa == "amx")) return &attention_bf16_amx();
  if (has.avx512 && (isa == "auto" || isa == "avx512"))
    return has.avx512_bf16 ? &attention_bf16_avx512bf16() : &attention_bf16_avx512();
  if (has.avx2 && (isa == "auto" || isa == "avx2")) return &attention_bf16_avx2();
#endif
  if (isa == "auto") return &attention_bf16_portable();
  return missing(isa);
}

}  // namespace sextant::cpu
