// Attention of a text's last tokens, with all that it needs: what instruction counts and rates are taken of.
#pragma once
#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>
#include "../../../models/cpu/attention.hpp"
#include "../../../models/cpu/memory.hpp"
#include "numbers.hpp"

namespace fakes {

/// `rows` rows, three heads a token, on one key head of 64 numbers; the last token sees `keys` keys. One thread at a time.
class TextAttention {
 public:
  TextAttention(const sextant::cpu::AttentionFormat& format, uint32_t rows, uint32_t keys)
      : format_(format),
        q_(numbers(size_t{rows} * head_dim, 1)),
        out_(size_t{rows} * head_dim),
        scratch_(format.scratch_floats(head_dim)),
        table_((keys + sextant::cpu::page_keys - 1) / sextant::cpu::page_keys),
        // as large as a pool of pages is, so that it lies in large pages of the system, too
        pages_(std::max<size_t>(table_.size() * format.page_bytes(head_dim), 8 << 20)) {
    using sextant::cpu::page_keys;
    std::iota(table_.begin(), table_.end(), 0);
    const auto k = numbers(size_t{keys} * head_dim, 2), v = numbers(size_t{keys} * head_dim, 3);
    for (uint32_t j = 0; j < keys; ++j)
      format.put(k.data() + j * head_dim, v.data() + j * head_dim, head_dim, j % page_keys,
                 pages_.data() + j / page_keys * format.page_bytes(head_dim));
    for (uint32_t r = 0; r < rows; ++r) {
      query_.push_back(q_.data() + size_t{r} * head_dim);
      to_.push_back(out_.data() + size_t{r} * head_dim);
      position_.push_back(keys - rows / group + r / group);
    }
  }
  TextAttention(const TextAttention&) = delete;  // its rows are pointers into itself
  TextAttention& operator=(const TextAttention&) = delete;
  void attend() {
    const auto rows = static_cast<uint32_t>(query_.size());
    const sextant::cpu::PathRows path{rows, table_.data(), 0};
    format_.attend({query_.data(), position_.data(), to_.data(), rows, head_dim, &path, pages_.data(),
                    format_.page_bytes(head_dim), 0.18f, scratch_.data()});
  }

 private:
  static constexpr uint32_t head_dim = 64, group = 3;
  const sextant::cpu::AttentionFormat& format_;
  std::vector<float> q_;
  sextant::cpu::Floats out_, scratch_;
  std::vector<uint32_t> table_, position_;
  sextant::cpu::Bytes pages_;
  std::vector<const float*> query_;
  std::vector<float*> to_;
};

}  // namespace fakes
