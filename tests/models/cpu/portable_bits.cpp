// Prints a hash of what each portable kernel computes from fixed numbers. Every processor must print the same lines:
// tools/check_aarch64.sh compares two. The numbers come from integers, so that no library has a say in them.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <utility>
#include <vector>
#include "../../../models/cpu/kernels.hpp"
#include "../../../models/cpu/matmul_tables.hpp"

using namespace sextant::cpu;

namespace {

// n numbers in [-scale, scale) in steps of scale / 2^23 (splitmix64).
std::vector<float> numbers(size_t n, uint64_t seed, float scale = 1) {
  std::vector<float> out(n);
  for (float& x : out) {
    uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    x = static_cast<float>(static_cast<int32_t>(z >> 40) - (1 << 23)) * 0x1p-23f * scale;
  }
  return out;
}

// FNV-1a over the bits.
void print(const char* kernel, const std::vector<float>& values) {
  if (!std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); })) {
    std::printf("%s: a result is not finite, so that its bits say nothing\n", kernel);
    std::exit(1);
  }
  uint64_t hash = 0xcbf29ce484222325;
  for (const float x : values)
    for (uint32_t bits = std::bit_cast<uint32_t>(x), i = 0; i < 4; ++i, bits >>= 8)
      hash = (hash ^ (bits & 255)) * 0x100000001b3;
  std::printf("%-20s %6zu numbers %016llx\n", kernel, values.size(), static_cast<unsigned long long>(hash));
}

struct Memory {  // aligned to 64
  explicit Memory(size_t bytes) : all(bytes + 64) {}
  char* data() { return all.data() + (64 - reinterpret_cast<uintptr_t>(all.data()) % 64) % 64; }
  std::vector<char> all;
};

void small_kernels(const Kernels& kernels) {
  constexpr uint32_t n = 576;
  const auto x = numbers(n, 1, 30), w = numbers(n, 2);
  std::vector<float> y(n);
  kernels.rms_norm(x.data(), w.data(), y.data(), n, 1e-5f);
  print("rms_norm", y);
  y = x;
  kernels.rope(y.data(), w.data(), w.data() + n / 2, n / 2);
  print("rope", y);
  for (const auto& [name, gate] : {std::pair{"swiglu", kernels.swiglu}, {"geglu", kernels.geglu}}) {
    for (uint32_t i = 0; i < n; i += panel) gate(x.data() + i, w.data() + i, y.data() + i);
    print(name, y);
  }
  y = x;
  kernels.scale_and_cap(y.data(), n, 0.3f, 5);
  print("scale_and_cap", y);
  const VocabularyChunk chunk = kernels.vocabulary(x.data(), n);
  print("vocabulary", {chunk.max, chunk.sum, static_cast<float>(chunk.best)});
}

void product(const char* name, const MatMul& matmul, PanelFormat format) {
  constexpr uint32_t k = 544, rows = 13, panels = 3, width = panels * panel_columns;
  const auto x = numbers(size_t{rows} * k, 3), w = numbers(size_t{width} * k, 4, 0.5f);
  Memory packed(panels * panel_bytes(format, k)), encoded(rows * matmul.row_bytes(k));
  for (uint32_t p = 0; p < panels; ++p) {
    char* to = packed.data() + p * panel_bytes(format, k);
    const float* from = w.data() + size_t{p} * panel_columns * k;
    if (is_unquantised(format)) pack_panel(format, from, k, to);
    for (uint32_t n = 0; format == PanelFormat::q8 && n < panel_columns; ++n) pack_row_q8(from + n * k, k, n, to);
    for (uint32_t n = 0; format == PanelFormat::slices && n < panel_columns; ++n) pack_row_slices(from + n * k, k, n, to);
    for (uint32_t n = 0; format == PanelFormat::q4 && n < panel_columns; ++n)
      for (uint32_t b = 0; b < k / depth_step; ++b) {
        uint8_t nibbles[16];
        for (uint32_t i = 0; i < 16; ++i) nibbles[i] = static_cast<uint8_t>(n * 31 + b * 7 + i * 13 + p);
        pack_block_q4(nibbles, static_cast<uint16_t>(0x2000 + n), static_cast<uint16_t>(0xa800 + b), b, n, to);  // small halves
      }
  }
  for (uint32_t r = 0; r < rows; ++r)
    matmul.encode(x.data() + size_t{r} * k, 0, k, k, encoded.data() + r * matmul.row_bytes(k));
  std::vector<float> c = numbers(size_t{rows} * width, 5);
  matmul.multiply(encoded.data(), matmul.row_bytes(k), rows, {format, packed.data(), k, panels}, c.data(), width, true);
  print(name, c);
}

void attention(const char* name, const AttentionFormat& format) {
  constexpr uint32_t head_dim = 80, tokens = 13, first = 250, keys = first + tokens, pages = (keys + page_keys - 1) / page_keys;
  const auto q = numbers(tokens * head_dim, 6, 3), k = numbers(keys * head_dim, 7), v = numbers(keys * head_dim, 8);
  const size_t bytes = format.page_bytes(head_dim);
  Memory memory(pages * bytes);
  std::vector<uint32_t> table(pages);
  std::iota(table.begin(), table.end(), 0u);
  const PathRows path{tokens, table.data(), 0};
  for (uint32_t j = 0; j < keys; ++j)
    format.put(k.data() + j * head_dim, v.data() + j * head_dim, head_dim, j % page_keys,
               memory.data() + j / page_keys * bytes);
  std::vector<float> all;
  for (const auto& [window, cap] : {std::pair{0u, 0.f}, {190u, 0.f}, {0u, 5.f}}) {
    std::vector<float> y(tokens * head_dim), scratch(format.scratch_floats(head_dim));
    std::vector<const float*> query;
    std::vector<float*> out;
    std::vector<uint32_t> position;
    for (uint32_t r = 0; r < tokens; ++r) {
      query.push_back(q.data() + r * head_dim);
      out.push_back(y.data() + r * head_dim);
      position.push_back(first + r);
    }
    format.attend({query.data(), position.data(), out.data(), tokens, head_dim, &path, memory.data(), bytes, 0.16f,
                   scratch.data(), window, cap});
    all.insert(all.end(), y.begin(), y.end());
  }
  print(name, all);
}

}  // namespace

int main() {
  const Kernels& kernels = portable_kernels();
  small_kernels(kernels);
  small_kernels(exact_portable());
  product("product f32", kernels.matmul, kernels.matmul.weights);
  product("product bf16", bf16_portable(), bf16_portable().weights);
  product("product int8 on q8", int8_portable(), PanelFormat::q8);
  product("product int8 on q4", int8_portable(), PanelFormat::q4);
  attention("attention f32", kernels.attention);
  attention("attention bf16", attention_bf16_portable());
  product("product exact", slices_portable(), PanelFormat::slices);
  attention("attention exact", attention_slices_portable());
}
