// What a request's settings do to the logits of its next token: penalties for what has been said, ids that are never picked. It
// depends on the request's own tokens alone, so that a result never depends on what else was generated in the same batch.
#pragma once
#include <cstdint>
#include <utility>
#include <vector>
#include <sextant/abi.h>
#include "draw.hpp"

namespace sextant::engine {

class Adjustments {
 public:
  /// Whether the settings ask for any; else none need be made.
  static bool wanted(const sxt_sampling& sampling);

  /// `sampling` outlives this. Ids from `vocab` on are passed over.
  Adjustments(const sxt_sampling& sampling, const std::vector<int32_t>& prompt, uint32_t vocab);

  /// The reply goes on with this token.
  void add(int32_t token);
  /// Of the token that comes next: by id, each once.
  void append_to(std::vector<Adjustment>& to) const;

 private:
  std::vector<int32_t> forbidden() const;  // ascending, each once

  const sxt_sampling* sampling_;
  uint32_t vocab_, generated_ = 0;
  std::vector<std::pair<int32_t, uint32_t>> seen_;  // ids, ascending, and how often the reply has each
  std::vector<int32_t> history_;                    // prompt and reply; empty without no_repeat_ngram_size
};

}  // namespace sextant::engine
