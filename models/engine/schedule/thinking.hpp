// Ends a reply's thinking after so many tokens: the model's end tag is said in place of the token that the model would have
// said, and the model goes on behind it. Threads: [one at a time].
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>
#include <sextant/thinking.hpp>
#include "../tokenizer/tokenizer.hpp"

namespace sextant::engine {

class ThinkingBudget {
 public:
  /// `most`: tokens inside of blocks, in all of the reply's; tags are not counted. `prompt`: one that ends with an opening tag
  /// makes the reply begin inside a block.
  ThinkingBudget(uint32_t most, std::string_view prompt, const Tokenizer& tokenizer);

  /// What is said in place of `picked`: the next token of the end tag, where the budget is used up.
  int32_t next(int32_t picked) const { return forces() ? end_[forced_] : picked; }
  bool forces() const { return forced_ < end_.size(); }
  /// `token` has been said; `text` is the whole reply so far.
  void said(int32_t token, std::string_view text);

 private:
  void enter(const ThinkingTags& tags, std::string_view text);
  void leave(std::string_view text);
  bool ended(std::string_view text) const;
  bool ending(std::string_view text) const;
  std::string_view latest(std::string_view text) const;

  const Tokenizer* tokenizer_;
  uint32_t left_;
  const ThinkingTags* inside_ = nullptr;       // the block's family
  std::vector<std::vector<int32_t>> opening_;  // each family's tag as ids: special tokens do not show in a reply's text
  std::vector<int32_t> closing_;               // of the family of the block
  std::vector<int32_t> recent_;                // the last ids that were said, as many as the longest tag has
  size_t seen_ = 0;                            // bytes of the text that have been looked at
  std::vector<int32_t> end_;                   // what ends the block at hand
  size_t forced_ = 0;                          // of these, said; all: nothing is to be said
};

}  // namespace sextant::engine
