// Attention against double precision, and its promise: whatever rows stand together and however keys are cut, the same bits.
#include "device_array.hpp"

using namespace device_test;
using namespace sextant::cuda;

namespace {

struct Shape { uint32_t heads, kv_heads, head_dim, window = 0; float softcap = 0; };

// One sequence of `length` tokens in pages that lie in no order; the last `queries` tokens ask.
template <class T> class Sequence {
 public:
  Sequence(const Shape& shape, uint32_t length, uint32_t queries, uint32_t seed) : s_(shape), queries_(queries) {
    Random random(seed);
    const uint32_t pages = (length + page_tokens - 1) / page_tokens;
    const size_t page = size_t{s_.kv_heads} * page_tokens * s_.head_dim;
    keys_.assign((pages + 1) * page, narrow<T>(NAN));
    values_ = keys_;
    for (uint32_t p = 0; p < pages; ++p) table_.push_back(pages - p);
    for (uint32_t key = 0; key < length; ++key)
      for (uint32_t h = 0; h < s_.kv_heads; ++h)
        for (uint32_t d = 0; d < s_.head_dim; ++d) {
          keys_[at(key, h) + d] = narrow<T>(random.normal());
          values_[at(key, h) + d] = narrow<T>(random.normal());
        }
    qkv_ = random.numbers<T>(size_t{queries} * (s_.heads + 2 * s_.kv_heads) * s_.head_dim, 2);
    for (uint32_t i = 0; i < queries; ++i) positions_.push_back(length - queries + i);
  }

  /// `cut`: rows of a task at most; `split`: one task for each split of the keys, merged afterwards.
  std::vector<T> run(uint32_t cut, bool split) const {
    const uint32_t group = s_.heads / s_.kv_heads, most = std::min(cut, attention_rows(group, s_.head_dim, sizeof(T) == 2));
    REQUIRE(most > 0);
    std::vector<AttentionTask> tasks;
    std::vector<AttentionMerge> merges;
    std::vector<uint32_t> rows;
    uint32_t partials = 0;
    for (uint32_t i = 0; i < queries_; ++i) rows.push_back(i);
    for (uint32_t first = 0; first < queries_; first += most) {
      const uint32_t count = std::min(most, queries_ - first), end = positions_[first + count - 1] + 1;
      const uint32_t oldest = s_.window && positions_[first] >= s_.window ? positions_[first] - s_.window + 1 : 0;
      if (!split) {
        tasks.push_back({first, count, 0, oldest / 32 * 32, end, no_index});
        continue;
      }
      const uint32_t first_split = oldest / split_keys, splits = (end + split_keys - 1) / split_keys - first_split;
      for (uint32_t i = 0; i < splits; ++i) {
        const uint32_t begin = (first_split + i) * split_keys;
        tasks.push_back(
            {first, count, 0, std::max(begin, oldest / 32 * 32), std::min(begin + split_keys, end), i * queries_ + first});
        partials = std::max(partials, (i + 1) * queries_);
      }
      for (uint32_t i = 0; i < count; ++i) merges.push_back({first + i, first + i, splits, queries_});
    }
    DeviceArray<T> qkv(qkv_), keys(keys_), values(values_), out(size_t{queries_} * s_.heads * s_.head_dim);
    DeviceArray<uint32_t> d_rows(rows), positions(positions_), pages(table_);
    DeviceArray<AttentionTask> d_tasks(tasks);
    DeviceArray<AttentionMerge> d_merges(merges);
    DeviceArray<float> partial_out(size_t{partials} * s_.heads * s_.head_dim);
    DeviceArray<float2> partial_state(size_t{partials} * s_.heads);
    CUDA_REQUIRE(attention(
        Attention<T>{qkv, keys, values, out, d_rows, positions, pages, d_tasks, partial_out, partial_state,
                     static_cast<uint32_t>(tasks.size()), s_.heads, s_.kv_heads, s_.head_dim, s_.window, scale(), s_.softcap},
        nullptr));
    if (split)
      CUDA_REQUIRE(merge_splits(MergeSplits<T>{d_merges, partial_out, partial_state, out, static_cast<uint32_t>(merges.size()),
                                               s_.heads, s_.head_dim},
                                nullptr));
    return out.host();
  }

  std::vector<double> expected() const {
    std::vector<double> out;
    for (uint32_t i = 0; i < queries_; ++i)
      for (uint32_t h = 0; h < s_.heads; ++h) {
        const T* q = qkv_.data() + (size_t{i} * (s_.heads + 2 * s_.kv_heads) + h) * s_.head_dim;
        const uint32_t kv = h / (s_.heads / s_.kv_heads), position = positions_[i];
        const uint32_t oldest = s_.window && position >= s_.window ? position - s_.window + 1 : 0;
        std::vector<double> weights, sum(s_.head_dim, 0);
        double total = 0;
        for (uint32_t key = oldest; key <= position; ++key) {
          double product = 0;
          for (uint32_t d = 0; d < s_.head_dim; ++d) product += double{wide(q[d])} * wide(keys_[at(key, kv) + d]);
          product *= scale();
          if (s_.softcap > 0) product = s_.softcap * std::tanh(product / s_.softcap);
          const double weight = std::exp(product);
          total += weight;
          for (uint32_t d = 0; d < s_.head_dim; ++d) sum[d] += weight * wide(values_[at(key, kv) + d]);
        }
        for (const double v : sum) out.push_back(v / total);
      }
    return out;
  }

 private:
  size_t at(uint32_t key, uint32_t kv_head) const {
    return ((size_t{table_[key / page_tokens]} * s_.kv_heads + kv_head) * page_tokens + key % page_tokens) * s_.head_dim;
  }
  float scale() const { return 1 / std::sqrt(static_cast<float>(s_.head_dim)); }

  Shape s_;
  uint32_t queries_;
  std::vector<T> keys_, values_, qkv_;
  std::vector<uint32_t> table_, positions_;
};

constexpr uint32_t all = 1000;

}  // namespace

TEMPLATE_TEST_CASE("attention is that of doubles", "", bf16, fp16, float) {
  struct Case { Shape shape; uint32_t length, queries; };
  const Case cases[] = {
      {{9, 3, 64}, 53, 21},           // more rows than a block has, a ragged last page
      {{6, 2, 16}, 40, 5},            // a head narrower than the tile
      {{4, 4, 96}, 33, 3},
      {{8, 1, 128, 0, 20.0f}, 70, 9},  // a soft cap
      {{2, 1, 256}, 50, 7},
      {{2, 1, 64, 24}, 90, 30},        // a window that starts behind key 0
      {{2, 2, 32}, 300, 2},            // two splits of the keys
  };
  for (const Case& c : cases) {
    CAPTURE(c.shape.heads, c.shape.kv_heads, c.shape.head_dim, c.shape.window, c.shape.softcap, c.length, c.queries);
    const Sequence<TestType> sequence(c.shape, c.length, c.queries, c.length);
    const auto got = in_all_orders([&] { return sequence.run(all, false); });
    CHECK(difference(got, sequence.expected()) < 1.5 * tolerance<TestType>);
  }
}

TEMPLATE_TEST_CASE("how attention is cut changes no bit", "", bf16, fp16, float) {
  struct Case { Shape shape; uint32_t length, queries; };
  const Case cases[] = {{{2, 1, 64}, 530, 40}, {{3, 1, 128, 300}, 600, 20}, {{2, 1, 256}, 270, 20}};
  for (const Case& c : cases) {
#if EMULATION_FEW_ORDERS
    if (c.shape.head_dim != 64) continue;
#endif
    CAPTURE(c.shape.head_dim, c.shape.window, c.length, c.queries);
    const Sequence<TestType> sequence(c.shape, c.length, c.queries, 11);
    const auto whole = sequence.run(all, false);
    for (const uint32_t cut : {1u, 7u}) CHECK(same_bits(sequence.run(cut, false), whole));
    for (const uint32_t cut : {1u, 7u}) CHECK(same_bits(sequence.run(cut, true), whole));
    CHECK(same_bits(in_all_orders([&] { return sequence.run(all, true); }), whole));
  }
}
