// The products of every number format on every instruction set that this processor has, against the same sums in double.
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include "../../../models/engine/checkpoint/dequantize.hpp"
#include "../../../models/cpu/half.hpp"
#include "../../../models/cpu/int8.hpp"
#include "../../../models/cpu/isa.hpp"
#include "../../../models/cpu/matmul_tables.hpp"
#include "numbers.hpp"

using namespace sextant;
using namespace sextant::cpu;
using fakes::numbers;

namespace {

std::vector<const MatMul*> available(Compute compute) {
  std::vector<const MatMul*> out;
  for (const char* isa : {"portable", "avx2", "avx512", "amx"})
    if (const auto matmul = choose_matmul(isa, compute)) out.push_back(*matmul);
    else WARN("SKIP: " << matmul.error().message);
#if defined(__x86_64__)
  if (compute == Compute::bf16 && choose_kernels("avx512")) out.push_back(&bf16_avx512());
#endif
  return out;
}

struct Aligned {  // 64-byte aligned bytes
  explicit Aligned(size_t n) : bytes(n + 64) {}
  char* data() { return bytes.data() + (64 - reinterpret_cast<uintptr_t>(bytes.data()) % 64) % 64; }
  std::vector<char> bytes;
};

constexpr uint32_t panels = 2, rows = 71, width = panels * panel_columns, stride = width + 2;

struct Product {
  uint32_t k;
  PanelFormat format;
  std::vector<float> x = numbers(size_t{rows} * k, 1), w = numbers(size_t{width} * k, 2, 0.5f),
                     before = numbers(rows * stride, 3);
  Aligned packed{panels * panel_bytes(format, k)};

  Product(uint32_t depth, PanelFormat stored) : k(depth), format(stored) {
    for (uint32_t p = 0; p < panels; ++p) {
      const float* from = w.data() + size_t{p} * panel_columns * k;
      char* to = packed.data() + p * panel_bytes(format, k);
      if (is_unquantised(format)) pack_panel(format, from, k, to);
      for (uint32_t n = 0; format == PanelFormat::q8 && n < panel_columns; ++n) pack_row_q8(from + n * k, k, n, to);
      for (uint32_t n = 0; format == PanelFormat::slices && n < panel_columns; ++n) pack_row_slices(from + n * k, k, n, to);
    }
    if (format == PanelFormat::q4) pack_nibbles();
  }
  // random nibbles, scales and minima; w holds what they stand for
  void pack_nibbles() {
    std::mt19937_64 random(4);
    for (uint32_t n = 0; n < width; ++n)
      for (uint32_t b = 0; b < k / 32; ++b) {
        uint8_t nibbles[16];
        for (uint8_t& byte : nibbles) byte = static_cast<uint8_t>(random());
        const uint16_t scale = to_f16(0.01f * static_cast<float>(1 + random() % 8)),
                       minimum = to_f16(-0.1f * static_cast<float>(random() % 8));
        pack_block_q4(nibbles, scale, minimum, b, n % panel_columns,
                      packed.data() + n / panel_columns * panel_bytes(format, k));
        for (uint32_t i = 0; i < 32; ++i)
          w[size_t{n} * k + b * 32 + i] =
              engine::half_to_float(scale) * static_cast<float>(i < 16 ? nibbles[i] & 15 : nibbles[i - 16] >> 4) +
              engine::half_to_float(minimum);
      }
  }
  std::vector<float> multiply(const MatMul& matmul, bool add, uint32_t step) {
    const size_t row_bytes = matmul.row_bytes(k);
    Aligned encoded(rows * row_bytes);
    for (uint32_t r = 0; r < rows; ++r) matmul.encode(x.data() + size_t{r} * k, 0, k, k, encoded.data() + r * row_bytes);
    std::vector<float> c = before;
    for (uint32_t r = 0; r < rows; r += step)
      matmul.multiply(encoded.data() + r * row_bytes, row_bytes, std::min(step, rows - r), {format, packed.data(), k, panels},
                      c.data() + size_t{r} * stride, stride, add);
    return c;
  }
};

// What a number becomes on its way into a product, and how far a weight may be from what was given.
struct Reference {
  std::vector<double> x, w;
  std::vector<double> x_low, w_low;  // of two slices: the product of the low ones is left out
};
// The low slice of steps.
double low_slice(double steps) { return steps - 128 * std::floor((steps + 64) / 128); }
Reference reference(const Product& p, Compute compute) {
  Reference ret;
  for (uint32_t r = 0; r < rows; ++r)
    for (uint32_t i = 0; i < p.k; ++i) {
      const float* row = p.x.data() + size_t{r} * p.k;
      if (compute == Compute::f32) {
        ret.x.push_back(row[i]);
        continue;
      }
      if (compute == Compute::bf16) {
        ret.x.push_back(from_bf16(to_bf16(row[i])));
        continue;
      }
      float top = 0;
      for (uint32_t j = i / 32 * 32; j < std::min(p.k, i / 32 * 32 + 32); ++j) top = std::max(top, std::abs(row[j]));
      const double steps = compute == Compute::exact ? slice_steps : 127;
      const double whole = std::nearbyint(double(row[i]) * steps / top);
      ret.x.push_back(whole * top / steps);
      ret.x_low.push_back(compute == Compute::exact ? low_slice(whole) * top / steps : 0);
    }
  for (uint32_t n = 0; n < width; ++n)
    for (uint32_t i = 0; i < p.k; ++i) {
      const float* row = p.w.data() + size_t{n} * p.k;
      if (p.format == PanelFormat::q4 || p.format == PanelFormat::f32 || p.format == PanelFormat::f32_strips) {
        ret.w.push_back(row[i]);
      } else if (is_unquantised(p.format)) {
        ret.w.push_back(from_bf16(to_bf16(row[i])));
      } else {
        float top = 0;
        for (uint32_t j = i / 32 * 32; j < std::min(p.k, i / 32 * 32 + 32); ++j) top = std::max(top, std::abs(row[j]));
        if (p.format == PanelFormat::slices) {
          const double whole = std::nearbyint(double(row[i]) * slice_steps / top);
          ret.w.push_back(whole * top / slice_steps);
          ret.w_low.push_back(low_slice(whole) * top / slice_steps);
          continue;
        }
        const double scale = engine::half_to_float(to_f16(top / 127));
        ret.w.push_back(std::nearbyint(std::min(127.0, std::max(-127.0, row[i] / scale))) * scale);
      }
    }
  return ret;
}

void check(Compute compute, PanelFormat format, uint32_t k, double margin) {
  const Reference expected = reference(Product(k, format), compute);
  for (const MatMul* matmul : available(compute)) {
    Product product(k, compute == Compute::bf16 ? matmul->weights : format);
    for (const bool add : {false, true}) {
      CAPTURE(matmul->name, int(format), k, add);
      const auto c = product.multiply(*matmul, add, rows);
      for (uint32_t r = 0; r < rows; ++r) {
        for (uint32_t n = 0; n < width; ++n) {
          double sum = add ? product.before[r * stride + n] : 0;
          for (uint32_t i = 0; i < k; ++i) sum += expected.x[size_t{r} * k + i] * expected.w[size_t{n} * k + i];
          for (uint32_t i = 0; compute == Compute::exact && i < k; ++i)
            sum -= expected.x_low[size_t{r} * k + i] * expected.w_low[size_t{n} * k + i];
          REQUIRE(c[r * stride + n] == Approx(sum).margin(margin));
        }
        for (uint32_t n = width; n < stride; ++n) REQUIRE(c[r * stride + n] == product.before[r * stride + n]);
      }
      for (const uint32_t step : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 15u, 16u, 17u, 31u, 32u, 33u, 48u, 64u})
        REQUIRE(product.multiply(*matmul, add, step) == c);
    }
  }
}

}  // namespace

TEST_CASE("half-width floats round to nearest, ties to even", "[cpu][matmul]") {
  for (uint32_t i = 0; i < 65536; ++i) {
    const auto bits = static_cast<uint16_t>(i);
    const float f16 = engine::half_to_float(bits), bf16 = from_bf16(bits);
    if (!std::isnan(f16)) REQUIRE(to_f16(f16) == bits);
    else REQUIRE(std::isnan(engine::half_to_float(to_f16(f16))));
    if (!std::isnan(bf16)) REQUIRE(to_bf16(bf16) == bits);
    else REQUIRE(std::isnan(from_bf16(to_bf16(bf16))));
  }
  struct {
    float x;
    uint16_t f16, bf16;
  } cases[] = {{1.f + 0x1p-11f, 0x3c00, 0x3f80}, {1.f + 0x3p-11f, 0x3c02, 0x3f80}, {1.f + 0x1p-8f, 0x3c04, 0x3f80},
               {1.f + 0x3p-8f, 0x3c0c, 0x3f82},  {65519.f, 0x7bff, 0x4780},        {65520.f, 0x7c00, 0x4780},
               {-0x1p-25f, 0x8000, 0xb300},      {0x3p-25f, 0x0002, 0x33c0},       {0x1.ffcp-15f, 0x0400, 0x3880},
               {3.4e38f, 0x7c00, 0x7f80}};
  for (const auto& c : cases) {
    CAPTURE(c.x);
    CHECK(to_f16(c.x) == c.f16);
    CHECK(to_bf16(c.x) == c.bf16);
  }
}

// The margins are noise of float32 sums: up to 576 additions to sums of up to about 40, each off by up to 2^-24 of that.
TEST_CASE("f32 products are the sums, the same bits for any number of rows", "[cpu][matmul]") {
  check(Compute::f32, PanelFormat::f32, 100, 5e-5);
  check(Compute::f32, PanelFormat::f32, 576, 5e-5);
  check(Compute::f32, PanelFormat::f32_strips, 100, 5e-5);
  check(Compute::f32, PanelFormat::f32_strips, 576, 5e-5);
}

TEST_CASE("bf16 products are the sums of rounded numbers, the same bits for any number of rows", "[cpu][matmul]") {
  check(Compute::bf16, PanelFormat::bf16, 100, 1e-4);
  check(Compute::bf16, PanelFormat::bf16, 288, 1e-4);
  check(Compute::bf16, PanelFormat::bf16, 544, 1e-4);
  check(Compute::bf16, PanelFormat::bf16, 1568, 4e-4);  // AMX takes it in two parts; three times the additions, to larger sums
}

TEST_CASE("int8 products are the sums of quantised numbers, the same bits for any number of rows", "[cpu][matmul]") {
  check(Compute::int8, PanelFormat::q8, 100, 1e-4);
  check(Compute::int8, PanelFormat::q8, 544, 1e-4);
  check(Compute::int8, PanelFormat::q4, 96, 1e-4);
  check(Compute::int8, PanelFormat::q4, 544, 1e-4);
}

TEST_CASE("products in two slices are the sums, the same bits for any number of rows", "[cpu][matmul][exact]") {
  check(Compute::exact, PanelFormat::slices, 100, 5e-4);
  check(Compute::exact, PanelFormat::slices, 544, 5e-4);
}

TEST_CASE("instruction sets that may agree do", "[cpu][matmul][exact]") {
#if defined(__x86_64__)
  const auto product = [](const MatMul& matmul) { return Product(100, matmul.weights).multiply(matmul, true, rows); };
  const auto bf16 = product(bf16_portable());
  if (choose_kernels("avx2")) CHECK(product(bf16_avx2()) == bf16);
  if (choose_kernels("avx512")) CHECK(product(bf16_avx512()) == bf16);
  for (const PanelFormat format : {PanelFormat::q8, PanelFormat::q4, PanelFormat::slices}) {
    Product quantised(320, format);
    std::fill_n(quantised.x.begin() + 3 * 320, 200, 1e-33f);  // as good as 0
    quantised.x[5 * 320 + 40] = 1e30f;
    const auto results = available(format == PanelFormat::slices ? Compute::exact : Compute::int8);
    const auto expected = quantised.multiply(*results.front(), true, rows);
    for (const MatMul* matmul : results) {
      CAPTURE(matmul->name, int(format));
      CHECK(quantised.multiply(*matmul, true, rows) == expected);
      CHECK(quantised.multiply(*matmul, true, 5) == expected);
    }
  }
#else
  WARN("SKIP: only one instruction set on this processor");
#endif
}

TEST_CASE("a row may be encoded in parts", "[cpu][matmul]") {
  for (const Compute compute : {Compute::f32, Compute::bf16, Compute::int8, Compute::exact})
    for (const MatMul* matmul : available(compute)) {
      CAPTURE(matmul->name);
      const uint32_t k = 200;
      const auto x = numbers(k, 5, 100);
      std::vector<char> whole(matmul->row_bytes(k), 0), parts = whole;
      matmul->encode(x.data(), 0, k, k, whole.data());
      for (uint32_t first = 0; first < k; first += 64)
        matmul->encode(x.data() + first, first, std::min(64u, k - first), k, parts.data());
      CHECK(parts == whole);
    }
}

TEST_CASE("int8 rows are the nearest integers in steps of a block's largest magnitude / 127", "[cpu][matmul]") {
  constexpr uint32_t k = 200;  // the last block is a quarter full
  auto x = numbers(k, 6, 100);
  std::fill_n(x.begin() + 32, 32, 0.f);
  x[64] = -1e6f;
  for (const MatMul* matmul : available(Compute::int8)) {
    CAPTURE(matmul->name);
    std::vector<char> row(matmul->row_bytes(k));
    matmul->encode(x.data(), 0, k, k, row.data());
    const EncodedRow encoded(row.data(), k);
    for (uint32_t b = 0; b < (k + 31) / 32; ++b) {
      CAPTURE(b);
      float largest = 0;
      for (uint32_t i = b * 32; i < std::min(k, b * 32 + 32); ++i) largest = std::max(largest, std::abs(x[i]));
      CHECK(encoded.scales[b] == largest / 127);
      int32_t sum = 0;
      for (uint32_t i = b * 32; i < b * 32 + 32; ++i) {
        const float steps = i < k && largest > 0 ? x[i] * (127 / largest) : 0;
        CHECK(encoded.numbers[i] == static_cast<int>(std::nearbyint(steps)));
        sum += encoded.numbers[i];
      }
      CHECK(encoded.sums[b] == encoded.scales[b] * static_cast<float>(sum));
      CHECK(encoded.offsets[b] == -128 * sum);
    }
  }
}

TEST_CASE("a number that is not finite makes all that its row is multiplied with none", "[cpu][matmul][exact]") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    for (const PanelFormat format : {PanelFormat::q8, PanelFormat::q4, PanelFormat::slices}) {
      Product product(96, format);
      product.x[17 * 96 + 60] = product.x[70 * 96] = bad;
      for (const MatMul* matmul : available(format == PanelFormat::slices ? Compute::exact : Compute::int8)) {
        CAPTURE(matmul->name, int(format), bad);
        const auto c = product.multiply(*matmul, true, rows);
        for (uint32_t r = 0; r < rows; ++r)
          for (uint32_t n = 0; n < width; ++n) REQUIRE(std::isnan(c[r * stride + n]) == (r == 17 || r == 70));
      }
    }
}
