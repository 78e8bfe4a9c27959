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
// AMX's state is large: Linux gives it to a process that asks (5.16 or newer).
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

enum class InstructionSet : uint8_t { portable, avx2, avx512, amx };

Result<InstructionSet> choose(std::string_view isa) {
  const Processor& has = processor();
  const bool any = isa == "auto";
  if (has.amx && (any || isa == "amx")) return InstructionSet::amx;
  if (has.avx512 && (any || isa == "avx512")) return InstructionSet::avx512;
  if (has.avx2 && (any || isa == "avx2")) return InstructionSet::avx2;
  if (any || isa == "portable") return InstructionSet::portable;
  return Error{Error::Kind::device, "isa: this processor has no \"" + std::string(isa) + "\"; use \"auto\""};
}

}  // namespace

Result<const Kernels*> choose_kernels(std::string_view isa, Compute compute) {
  const bool exact = is_exact(compute);
  SXT_TRY([[maybe_unused]] const InstructionSet set, choose(isa));
#if defined(__x86_64__)
  if (set == InstructionSet::avx2) return exact ? &exact_avx2() : &avx2_kernels();
  if (set != InstructionSet::portable) return exact ? &exact_avx512() : &avx512_kernels();
#endif
  return exact ? &exact_portable() : &portable_kernels();
}

Result<const MatMul*> choose_matmul(std::string_view isa, Compute compute) {
  if (compute == Compute::f32) {
    SXT_TRY(const Kernels* kernels, choose_kernels(isa));
    return &kernels->matmul;
  }
  const bool bf16 = compute == Compute::bf16;
  SXT_TRY([[maybe_unused]] const InstructionSet set, choose(isa));
  if (compute == Compute::exact) {
#if defined(__x86_64__)
    if (set == InstructionSet::amx) return &slices_amx();
    if (set == InstructionSet::avx512 && processor().avx512_vnni) return &slices_avx512();
    if (set != InstructionSet::portable) return &slices_avx2();
#endif
    return &slices_portable();
  }
#if defined(__x86_64__)
  if (set == InstructionSet::amx) return bf16 ? &bf16_amx() : &int8_amx();
  if (set == InstructionSet::avx512 && bf16) return processor().avx512_bf16 ? &bf16_avx512bf16() : &bf16_avx512();
  if (set == InstructionSet::avx512 && processor().avx512_vnni) return &int8_avx512();
  if (set != InstructionSet::portable) return bf16 ? &bf16_avx2() : &int8_avx2();
#endif
  return bf16 ? &bf16_portable() : &int8_portable();
}

Result<const AttentionFormat*> choose_attention(std::string_view isa, Compute compute) {
  if (compute == Compute::f32) {
    SXT_TRY(const Kernels* kernels, choose_kernels(isa));
    return &kernels->attention;
  }
  SXT_TRY([[maybe_unused]] const InstructionSet set, choose(isa));
  if (is_exact(compute)) {
#if defined(__x86_64__)
    if (set == InstructionSet::amx) return &attention_slices_amx();
    if (set == InstructionSet::avx512 && processor().avx512_vnni) return &attention_slices_avx512();
    if (set != InstructionSet::portable) return &attention_slices_avx2();
#endif
    return &attention_slices_portable();
  }
#if defined(__x86_64__)
  if (set == InstructionSet::amx) return &attention_bf16_amx();
  if (set == InstructionSet::avx512)
    return processor().avx512_bf16 ? &attention_bf16_avx512bf16() : &attention_bf16_avx512();
  if (set == InstructionSet::avx2) return &attention_bf16_avx2();
#endif
  return &attention_bf16_portable();
}

}  // namespace sextant::cpu
