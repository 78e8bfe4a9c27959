// Not a test: how fast one core's kernels are, told apart by whether the core is theirs alone.
//
//     bench_kernels [bf16|f32 [ROUNDS [ISA]]]       bf16, 200, auto
//
// A virtual processor is a hardware thread of a core whose other thread may work for someone else. No-ops then run at half
// speed, and kernels in a different ratio each: a median over both says little. So a few hundred microseconds of work stand
// between two short runs of no-ops; what both call fast counts as "alone", what both call slow as "shared", and the rest is
// dropped. Medians of such samples repeat to a few per cent, from build to build too.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
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
  for (size_t p = 0; p < size_t{panels} * matrices; ++p) pack_panel(format, w.data(), k, weights->data() + p * panel);
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

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_kernels: %s\n", what.c_str());
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string type = argc > 1 ? argv[1] : "bf16";
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 200;
  if ((type != "bf16" && type != "f32") || rounds < 1) fail("usage: bench_kernels [bf16|f32 [ROUNDS [ISA]]]");
  const char* isa = argc > 3 ? argv[3] : "auto";
  const Compute compute = type == "bf16" ? Compute::bf16 : Compute::f32;
  const auto matmul = choose_matmul(isa, compute);
  if (!matmul) fail(matmul.error().message);
  const auto format = choose_attention(isa, compute);
  if (!format) fail(format.error().message);
  std::vector<Work> works;
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
