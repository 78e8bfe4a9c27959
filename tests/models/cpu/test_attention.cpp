// Paged attention in f32 and bf16 of every instruction set that this processor has, against softmax(q k) v in double.
#include <cmath>
#include <vector>
#include <catch2/catch.hpp>
#include "../../../models/cpu/half.hpp"
#include "../../../models/cpu/isa.hpp"
#include "numbers.hpp"

using namespace sextant;
using namespace sextant::cpu;

namespace {

std::vector<const AttentionFormat*> available(Compute compute) {
  std::vector<const AttentionFormat*> out;
  for (const char* isa : {"portable", "avx2", "avx512", "amx"})
    if (const auto format = choose_attention(isa, compute)) out.push_back(*format);
    else WARN("SKIP: " << format.error().message);
#if defined(__x86_64__)
  if (compute == Compute::bf16 && choose_kernels("avx512")) out.push_back(&attention_bf16_avx512());
#endif
  return out;
}

std::vector<float> numbers(size_t n, uint64_t seed) {
  std::vector<float> out = fakes::numbers(n, seed);
  for (float& x : out) x = from_bf16(to_bf16(x));  // what is left of them once they are encoded
  return out;
}

constexpr float log2_e = 1.44269504f;
constexpr uint32_t tokens = 13, group = 3, rows = tokens * group;

struct Case {
  uint32_t head_dim, first;  // the first query's position
  float softcap;
  uint32_t window;

  uint32_t keys() const { return first + tokens; }
  float scale() const { return static_cast<float>(1 / std::sqrt(double(head_dim))); }
};

struct Problem {
  Case c;
  std::vector<float> q = numbers(rows * c.head_dim, 1), k = numbers(c.keys() * c.head_dim, 2),
                     v = numbers(c.keys() * c.head_dim, 3);

  struct Expected {
    double value, spread;  // spread: the sum of weights times |values|
  };
  std::vector<Expected> expected() const {
    std::vector<Expected> out;
    for (uint32_t r = 0; r < rows; ++r) {
      const uint32_t position = c.first + r / group, from = c.window && position + 1 > c.window ? position + 1 - c.window : 0;
      std::vector<Expected> sum(c.head_dim);
      double total = 0;
      for (uint32_t j = from; j <= position; ++j) {
        double score = 0;
        for (uint32_t i = 0; i < c.head_dim; ++i) score += double(q[r * c.head_dim + i]) * k[j * c.head_dim + i];
        score *= c.scale();
        if (c.softcap > 0) score = c.softcap * std::tanh(score / c.softcap);
        total += std::exp(score);
        for (uint32_t i = 0; i < c.head_dim; ++i) {
          const double part = std::exp(score) * v[j * c.head_dim + i];
          sum[i].value += part;
          sum[i].spread += std::abs(part);
        }
      }
      for (const Expected& x : sum) out.push_back({x.value / total, x.spread / total});
    }
    return out;
  }

  // `step` rows a call
  std::vector<float> attend(const AttentionFormat& format, uint32_t step) const {
    const size_t bytes = format.page_bytes(c.head_dim), page_count = (c.keys() + page_keys - 1) / page_keys;
    std::vector<char> memory(page_count * bytes + 64);
    char* first = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64;
    std::vector<const void*> pages;
    const uint32_t seen = c.window && c.first >= c.window ? (c.first - c.window + 1) / key_block * key_block : 0;
    // what lies before the first row's window is not read
    for (size_t p = 0; p < page_count; ++p) pages.push_back(p * page_keys < seen ? nullptr : first + p * bytes);
    for (uint32_t j = seen; j < c.keys(); ++j)
      format.put(k.data() + j * c.head_dim, v.data() + j * c.head_dim, c.head_dim, j % page_keys,
                 first + j / page_keys * bytes);
    std::vector<float> y(rows * c.head_dim), scratch(format.scratch_floats(c.head_dim));
    std::vector<const float*> query;
    std::vector<float*> out;
    std::vector<uint32_t> position;
    for (uint32_t r = 0; r < rows; ++r) {
      query.push_back(q.data() + r * c.head_dim);
      out.push_back(y.data() + r * c.head_dim);
      position.push_back(c.first + r / group);
    }
    for (uint32_t r = 0; r < rows; r += step)
      format.attend({query.data() + r, position.data() + r, out.data() + r, std::min(step, rows - r), c.head_dim, pages.data(),
                     c.scale() * log2_e, scratch.data(), c.window, c.softcap * log2_e});
    return y;
  }
};

}  // namespace

TEST_CASE("attention is softmax(q k) v over the keys that a row sees, the same bits for any grouping of rows", "[cpu][attention]") {
  const Case cases[] = {{64, 0, 0, 0},   {64, 50, 0, 0},    {64, 200, 0, 0},  {16, 70, 0, 0},   {80, 120, 0, 0},   {256, 40, 0, 0},
                        {64, 150, 2, 0}, {16, 0, 0, 1},     {64, 150, 0, 20}, {64, 200, 0, 64}, {80, 250, 0, 190}, {96, 300, 5, 100}};
  // Float32 noise of up to 313 keys. In bf16 each weight of a value is rounded to 8 bits besides; queries,
  // keys and values are bf16 numbers from the start here.
  constexpr double noise = 5e-6, rounding = 0x1p-8;
  for (const Compute compute : {Compute::f32, Compute::bf16})
    for (const Case& c : cases) {
      const Problem problem{c};
      const auto expected = problem.expected();
      for (const AttentionFormat* format : available(compute)) {
        CAPTURE(format->name, int(compute), c.head_dim, c.first, c.softcap, c.window);
        const auto y = problem.attend(*format, rows);
        double worst = 0;  // as a part of its limit
        for (size_t i = 0; i < y.size(); ++i) {
          const double limit = noise + (compute == Compute::bf16 ? rounding * expected[i].spread : 0);
          worst = std::max(worst, std::abs(static_cast<double>(y[i]) - expected[i].value) / limit);
        }
        CHECK(worst < 1);
        for (uint32_t step = 1; step < rows; ++step) REQUIRE(problem.attend(*format, step) == y);
      }
    }
}
