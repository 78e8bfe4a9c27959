// Not a test: how fast one core's kernels are, told apart by whether the core is theirs alone.
//
//     bench_kernels [bf16|f32|int8|exact [ROUNDS [ISA]]]       bf16, 200, auto
//
// A virtual processor is a hardware thread of a core whose other thread may work for someone else. No-ops then run at half
// speed, and kernels in a different ratio each: a median over both says little. So a few hundred microseconds of work stand
// between two short runs of no-ops; what both call fast counts as "alone", what both call slow as "shared", and the rest is
// dropped. Medians of such samples repeat to a few per cent, from build to build too. The first line is what the units can do.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include "../../../models/cpu/isa.hpp"
#include "../../../models/cpu/memory.hpp"
#include "text_attention.hpp"

using namespace sextant::cpu;

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// No-ops a second, over some 3 us.
double no_op_rate() {
  constexpr int turns = 1500;
  const double begin = now();
  for (int i = 0; i < turns; ++i)
    asm volatile("nop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\nnop");
  return turns * 16 / (now() - begin);
}

struct Work {
  std::string name, unit;
  std::function<double()> run;  // in the unit
  std::vector<double> alone, shared;
};

void measure(std::vector<Work>& works, int rounds) {
  double top = 0;
  for (int i = 0; i < 20000; ++i) top = std::max(top, no_op_rate());
  for (Work& w : works) w.run();
  for (int i = 0; i < rounds; ++i)
    for (Work& w : works) {
      const double before = no_op_rate(), x = w.run(), after = no_op_rate();
      if (std::min(before, after) > 0.85 * top) w.alone.push_back(x);
      if (std::max(before, after) < 0.65 * top) w.shared.push_back(x);
    }
}

void print(std::vector<double>& samples) {
  if (samples.size() < 5) return void(std::printf("%12s (%4zu)", "-", samples.size()));
  std::nth_element(samples.begin(), samples.begin() + samples.size() / 2, samples.end());
  std::printf("%12.1f (%4zu)", samples[samples.size() / 2], samples.size());
}

// `panels` panels of SmolLM2-135M's widths, a few matrices in turn so that the weights come from afar.
Work product(const MatMul& matmul, uint32_t rows, uint32_t k, uint32_t panels) {
  constexpr uint32_t matrices = 30;
  const PanelFormat format = matmul.weights;
  const size_t panel = panel_bytes(format, k);
  auto weights = std::make_shared<Bytes>(panel * panels * matrices), a = std::make_shared<Bytes>(rows * matmul.row_bytes(k));
  auto c = std::make_shared<Floats>(size_t{rows} * panels * panel_columns);
  const auto x = fakes::numbers(size_t{rows} * k, 1), w = fakes::numbers(size_t{panel_columns} * k, 2);
  for (uint32_t r = 0; r < rows; ++r) matmul.encode(x.data() + size_t{r} * k, 0, k, k, a->data() + r * matmul.row_bytes(k));
  for (size_t p = 0; p < size_t{panels} * matrices; ++p) {
    char* to = weights->data() + p * panel;
    if (is_unquantised(format)) pack_panel(format, w.data(), k, to);
    for (uint32_t n = 0; !is_unquantised(format) && n < panel_columns; ++n)
      (format == PanelFormat::q8 ? pack_row_q8 : pack_row_slices)(w.data() + size_t{n} * k, k, n, to);
  }
  return {"product, " + std::to_string(rows) + " rows, " + std::to_string(k) + " -> " + std::to_string(panels * panel_columns),
          "GFLOP/s",
          [=, &matmul, turn = 0u]() mutable {
            turn = (turn + 7) % matrices;
            const double begin = now();
            matmul.multiply(a->data(), matmul.row_bytes(k), rows, {format, weights->data() + panel * panels * turn, k, panels},
                            c->data(), size_t{panels} * panel_columns, false);
            return 2e-9 * rows * k * panels * panel_columns / (now() - begin);
          },
          {},
          {}};
}

Work attention(const AttentionFormat& format, uint32_t rows, uint32_t keys) {
  constexpr uint32_t times = 8;
  auto text = std::make_shared<fakes::TextAttention>(format, rows, keys);
  return {"attention, " + std::to_string(rows) + " rows, " + std::to_string(keys) + " keys", "us", [=] {
            const double begin = now();
            for (uint32_t i = 0; i < times; ++i) text->attend();
            return (now() - begin) / times * 1e6;
          }, {}, {}};
}

#if defined(__x86_64__)
// Twelve products of vectors that do not wait for each other, in registers: what the units can do at best.
#define TWELVE(op, v, w) \
  op v "15," v "15," w "0\n" op v "15," v "15," w "1\n" op v "15," v "15," w "2\n" op v "15," v "15," w "3\n" \
  op v "15," v "15," w "4\n" op v "15," v "15," w "5\n" op v "15," v "15," w "6\n" op v "15," v "15," w "7\n" \
  op v "15," v "15," w "8\n" op v "15," v "15," w "9\n" op v "15," v "15," w "10\n" op v "15," v "15," w "11\n"
#define REGISTERS "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm15"
#define PRODUCTS(name, op, v)                                                   \
  void name(int turns) {                                                        \
    asm volatile("vzeroall" ::: REGISTERS);                                     \
    for (int i = 0; i < turns; ++i) asm volatile(TWELVE(op " ", v, v) ::: REGISTERS); \
    asm volatile("vzeroupper" ::: REGISTERS);                                   \
  }
PRODUCTS(fma_ymm, "vfmadd231ps", "%%ymm")
PRODUCTS(fma_zmm, "vfmadd231ps", "%%zmm")
PRODUCTS(bf16_zmm, "vdpbf16ps", "%%zmm")
PRODUCTS(bytes_zmm, "vpdpbusd", "%%zmm")

struct alignas(64) FullTiles {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
#define TILE_PRODUCTS(name, op)                                                                                     \
  void name(int turns) {                                                                                            \
    const FullTiles shapes;                                                                                         \
    asm volatile("ldtilecfg %0" ::"m"(shapes));                                                                     \
    asm volatile("tilezero %tmm0\ntilezero %tmm1\ntilezero %tmm2\ntilezero %tmm3\ntilezero %tmm4\ntilezero %tmm5"); \
    for (int i = 0; i < turns; ++i)                                                                                 \
      asm volatile(op " %tmm4, %tmm5, %tmm0\n" op " %tmm4, %tmm5, %tmm1\n" op " %tmm4, %tmm5, %tmm2\n" op          \
                      " %tmm4, %tmm5, %tmm3");                                                                      \
    asm volatile("tilerelease");                                                                                    \
  }
TILE_PRODUCTS(bf16_tiles, "tdpbf16ps")
TILE_PRODUCTS(bytes_tiles, "tdpbssd")

// What the instructions of a product could do if nothing but them took time. Two slices need three products.
void add_peak(std::vector<Work>& works, std::string_view isa, Compute compute) {
  const bool bytes = compute == Compute::int8 || compute == Compute::exact;
  void (*products)(int) = nullptr;
  double each = 0;  // multiplications of a turn
  if (isa == "amx" && compute != Compute::f32) products = bytes ? bytes_tiles : bf16_tiles, each = 4. * 16 * 16 * (bytes ? 64 : 32);
  else if (isa == "avx2" && !bytes) products = fma_ymm, each = 12 * 8;
  else if (isa == "avx2" || isa == "portable") return;
  else if (compute == Compute::f32) products = fma_zmm, each = 12 * 16;
  else if (bytes) products = bytes_zmm, each = 12 * 64;
  else products = bf16_zmm, each = 12 * 32;
  if (compute == Compute::exact) each /= 3;
  works.push_back({"the products' instructions alone", "GFLOP/s", [=] {
                     constexpr int turns = 2000;
                     const double begin = now();
                     products(turns);
                     return 2e-9 * each * turns / (now() - begin);
                   }, {}, {}});
}
#else
void add_peak(std::vector<Work>&, std::string_view, Compute) {}
#endif

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_kernels: %s\n", what.c_str());
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string type = argc > 1 ? argv[1] : "bf16";
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 200;
  const std::pair<const char*, Compute> types[] = {
      {"bf16", Compute::bf16}, {"f32", Compute::f32}, {"int8", Compute::int8}, {"exact", Compute::exact}};
  const auto chosen = std::find_if(std::begin(types), std::end(types), [&](const auto& t) { return type == t.first; });
  if (chosen == std::end(types) || rounds < 1) fail("usage: bench_kernels [bf16|f32|int8|exact [ROUNDS [ISA]]]");
  const char* isa = argc > 3 ? argv[3] : "auto";
  const Compute compute = chosen->second;
  const auto matmul = choose_matmul(isa, compute);
  if (!matmul) fail(matmul.error().message);
  const auto format = choose_attention(isa, compute);
  if (!format) fail(format.error().message);
  std::vector<Work> works;
  add_peak(works, (*matmul)->name, compute);
  for (const uint32_t rows : {256u, 64u, 16u, 1u}) {
    works.push_back(product(**matmul, rows, 576, 15));
    works.push_back(product(**matmul, rows, 1536, 9));
  }
  for (const auto& [rows, keys] : {std::pair{48u, 768u}, {48u, 64u}, {3u, 768u}})
    works.push_back(attention(**format, rows, keys));
  measure(works, rounds);
  std::printf("%s on %s; medians (samples) while the core is\n%-40s %19s %19s\n", type.c_str(), (*matmul)->name, "", "alone",
              "shared");
  for (Work& w : works) {
    std::printf("%-40s", w.name.c_str());
    print(w.alone), print(w.shared);
    std::printf("  %s\n", w.unit.c_str());
  }
  return 0;
}
