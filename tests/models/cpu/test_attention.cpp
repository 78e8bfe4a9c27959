// Paged attention in f32, bf16 and two slices of int8 of every instruction set that this processor has, against softmax(q k) v in double.
#include <cmath>
#include <limits>
#include <numeric>
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
    const uint32_t page_count = (c.keys() + page_keys - 1) / page_keys;
    const uint32_t seen = c.window && c.first >= c.window ? (c.first - c.window + 1) / key_block * key_block : 0;
    Pages pages(format, c.head_dim, page_count);
    std::vector<uint32_t> table;
    // what lies before the first row's window is not read
    for (uint32_t p = 0; p < page_count; ++p) table.push_back(p * page_keys < seen ? UINT32_MAX : p);
    for (uint32_t j = seen; j < c.keys(); ++j)
      pages.put(j / page_keys, j % page_keys, k.data() + j * c.head_dim, v.data() + j * c.head_dim);
    Call call(*this);
    for (uint32_t r = 0; r < rows; r += step) {
      const PathRows path{std::min(step, rows - r), table.data(), 0};
      call(pages, r, path.rows, &path);
    }
    return call.y;
  }

  struct Pages {
    const AttentionFormat& format;
    uint32_t head_dim;
    std::vector<char> memory;
    Pages(const AttentionFormat& f, uint32_t dim, size_t count)
        : format(f), head_dim(dim), memory(count * f.page_bytes(dim) + 64) {}
    char* first() { return memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64; }
    void put(uint32_t page, uint32_t offset, const float* key, const float* value) {
      format.put(key, value, head_dim, offset, first() + page * format.page_bytes(head_dim));
    }
  };

  // Rows of one path after the other; position: of the rows.
  struct Call {
    const Problem& problem;
    std::vector<float> y = std::vector<float>(rows * problem.c.head_dim);
    std::vector<const float*> query;
    std::vector<float*> out;
    std::vector<uint32_t> position;

    explicit Call(const Problem& p) : problem(p) {
      for (uint32_t r = 0; r < rows; ++r) {
        query.push_back(p.q.data() + r * p.c.head_dim);
        out.push_back(y.data() + r * p.c.head_dim);
        position.push_back(p.c.first + r / group);
      }
    }
    void operator()(Pages& pages, uint32_t row, uint32_t count, const PathRows* paths) {
      const Case& c = problem.c;
      std::vector<float> scratch(pages.format.scratch_floats(c.head_dim));
      pages.format.attend({query.data() + row, position.data() + row, out.data() + row, count, c.head_dim, paths, pages.first(),
                           pages.format.page_bytes(c.head_dim), c.scale() * log2_e, scratch.data(), c.window,
                           c.softcap * log2_e});
    }
  };
};

}  // namespace

TEST_CASE("attention is softmax(q k) v over the keys that a row sees, the same bits for any grouping of rows",
          "[cpu][attention]") {
  const Case cases[] = {{64, 0, 0, 0},    {64, 50, 0, 0},   {64, 200, 0, 0},   {16, 70, 0, 0},
                        {80, 120, 0, 0},  {256, 40, 0, 0},  {64, 150, 2, 0},   {16, 0, 0, 1},
                        {64, 150, 0, 20}, {64, 200, 0, 64}, {80, 250, 0, 190}, {96, 300, 5, 100}};
  // Float32 noise of up to 313 keys. In bf16 each weight of a value is rounded to 8 bits besides; queries,
  // keys and values are bf16 numbers from the start here.
  // In slices a step of queries, keys and values is 2^-14 of their largest, of which a score of 256 products makes some 1e-4,
  // and a value half a step; its weight is rounded to 1 / 16256 of the block's largest, of which 64 values of up to 3 make some 2e-4.
  constexpr double noise = 5e-6, rounding = 0x1p-8, slices = 6e-4, step = 2.5e-4;
  for (const Compute compute : {Compute::f32, Compute::bf16, Compute::exact})
    for (const Case& c : cases) {
      const Problem problem{c};
      const auto expected = problem.expected();
      for (const AttentionFormat* format : available(compute)) {
        CAPTURE(format->name, int(compute), c.head_dim, c.first, c.softcap, c.window);
        const auto y = problem.attend(*format, rows);
        double worst = 0;  // as a part of its limit
        for (size_t i = 0; i < y.size(); ++i) {
          const double part = compute == Compute::bf16 ? rounding : compute == Compute::exact ? slices : 0;
          const double limit = noise + (compute == Compute::exact ? step : 0) + part * expected[i].spread;
          worst = std::max(worst, std::abs(static_cast<double>(y[i]) - expected[i].value) / limit);
        }
        CHECK(worst < 1);
        for (uint32_t n = 1; n < rows; ++n) REQUIRE(problem.attend(*format, n) == y);
        if (compute == Compute::exact) REQUIRE(y == problem.attend(attention_slices_portable(), rows));
      }
    }
}

TEST_CASE("paths that share their beginning go through it together, with the bits that each has alone", "[cpu][attention]") {
  struct Row { uint32_t rows, position; };  // rows of three heads from this position on
  // answers to one prompt of 128 tokens; others leave it earlier, inside a page, or are the prompt's own last tokens
  const Row paths[] = {{2, 126}, {1, 130}, {1, 170}, {3, 128}, {1, 69}, {2, 199}, {1, 128}, {2, 140}};
  const uint32_t shared[] = {0, 4, 4, 4, 2, 2, 4, 4};  // pages that are those of the path before
  const Case cases[] = {{64, 187, 0, 0}, {64, 187, 0, 40}, {80, 187, 3, 100}, {16, 187, 3, 0}};
  for (const Compute compute : {Compute::f32, Compute::bf16, Compute::exact})
    for (const Case& c : cases)
      for (const AttentionFormat* format : available(compute)) {
        CAPTURE(format->name, int(compute), c.head_dim, c.softcap, c.window);
        const Problem problem{c};
        const uint32_t length = 224, dim = c.head_dim;
        const auto k = numbers(std::size(paths) * length * dim, 4), v = numbers(std::size(paths) * length * dim, 5);
        Problem::Pages pages(*format, dim, std::size(paths) * length / page_keys);
        std::vector<std::vector<uint32_t>> tables;
        for (uint32_t p = 0; p < std::size(paths);
             ++p) {  // each path writes all pages; the shared ones are taken from the path before
          auto& table = tables.emplace_back();
          for (uint32_t i = 0; i < length / page_keys; ++i)
            table.push_back(i < shared[p] ? tables[p - 1][i] : p * length / page_keys + i);
          for (uint32_t j = shared[p] * page_keys; j < length; ++j)
            pages.put(table[j / page_keys], j % page_keys, k.data() + (p * length + j) * dim,
                      v.data() + (p * length + j) * dim);
        }
        std::vector<PathRows> together, alone;
        Problem::Call one(problem), each(problem);
        uint32_t row = 0;
        for (uint32_t p = 0; p < std::size(paths); ++p) {
          together.push_back({paths[p].rows * group, tables[p].data(), shared[p]});
          alone.push_back({paths[p].rows * group, tables[p].data(), 0});
          for (uint32_t i = 0; i < paths[p].rows * group; ++i, ++row)
            one.position[row] = each.position[row] = paths[p].position + i / group;
        }
        REQUIRE(row == rows);
        one(pages, 0, rows, together.data());
        for (uint32_t r = 0, p = 0; r < rows; r += alone[p++].rows) each(pages, r, alone[p].rows, &alone[p]);
        CHECK(one.y == each.y);
      }
}

TEST_CASE("a value that is not a number reaches the rows that see it, and no other", "[cpu][attention]") {
  // 13 tokens from 70 on; the bad one is the last key of the first block, one of their own, or the next one
  for (const uint32_t bad : {63u, 76u, 83u})
    for (const Compute compute : {Compute::f32, Compute::bf16, Compute::exact})
      for (const AttentionFormat* format : available(compute)) {
        CAPTURE(format->name, int(compute), bad);
        const Problem problem{{64, 70, 0, 0}};
        constexpr uint32_t keys = 96, dim = 64;
        const auto k = numbers(keys * dim, 4);
        auto v = numbers(keys * dim, 5);
        v[bad * dim + 7] = std::numeric_limits<float>::quiet_NaN();
        Problem::Pages pages(*format, dim, keys / page_keys);
        std::vector<uint32_t> table(keys / page_keys);
        std::iota(table.begin(), table.end(), 0);
        for (uint32_t j = 0; j < keys; ++j)
          pages.put(table[j / page_keys], j % page_keys, k.data() + j * dim, v.data() + j * dim);
        const PathRows path{rows, table.data(), 0};
        Problem::Call call(problem);
        call(pages, 0, rows, &path);
        for (uint32_t r = 0; r < rows; ++r)
          for (uint32_t i = 0; i < dim; ++i) REQUIRE(std::isnan(call.y[r * dim + i]) == (call.position[r] >= bad));
      }
}
