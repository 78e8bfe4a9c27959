// One generation: what it has said so far, and when it ends.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>
#include <sextant/abi.h>
#include "../tokenizer/tokenizer.hpp"

namespace sextant::engine {

/// How narrowly tokens were chosen: the least margin, and the first place that has it.
class Margins {
 public:
  /// `place`: how many tokens had been said before.
  void add(float margin, size_t place) {
    if (count_++ > 0 && !(margin < least_)) return;
    least_ = margin;
    place_ = static_cast<uint32_t>(place);
  }
  void write(sxt_result& result) const {
    result.least_margin = least_;
    result.least_margin_at = place_;
    result.margin_count = count_;
  }

 private:
  float least_ = 0;
  uint32_t place_ = 0, count_ = 0;
};

class Sequence {
 public:
  /// `room`: how many tokens may be generated (max_new_tokens, or what the context has left), at least 1.
  Sequence(const sxt_sampling& sampling, const Tokenizer& tokenizer, uint32_t room)
      : sampling_(&sampling), tokenizer_(&tokenizer), decoder_(tokenizer, true), room_(room) {}

  /// Takes the next token; returns true when the generation is over. `margin`: of its choice, where it is wanted.
  bool accept(int32_t token, std::optional<float> margin = std::nullopt);

  bool forbids_end() const { return ids_.size() < sampling_->min_new_tokens; }
  const sxt_sampling& sampling() const { return *sampling_; }
  const std::vector<int32_t>& ids() const { return ids_; }
  const std::string& text() const { return text_; }  // complete once accept() has returned true
  uint32_t finish() const { return finish_; }        // SXT_FINISH_*
  const Margins& margins() const { return margins_; }

 private:
  bool stopped(size_t from);

  const sxt_sampling* sampling_;
  const Tokenizer* tokenizer_;
  StreamDecoder decoder_;
  uint32_t room_, finish_ = SXT_FINISH_LENGTH;
  std::vector<int32_t> ids_;
  std::string text_;
  Margins margins_;
};

/// The token that a row of outputs says comes next: the best one, or a random one by the request's own key.
int32_t next_token(const sxt_sampling& sampling, int32_t best, std::span<const float> logits, std::span<const int32_t> end,
                   uint64_t position);

}  // namespace sextant::engine
