// What tokenizers have in common once their tables are read: ids to text and back to meaning. Encoding is left to those
// derived.
#pragma once
#include <algorithm>
#include <string>
#include <vector>
#include <sextant/result.hpp>
#include "pipeline_tokenizer.hpp"
#include "tokenizer.hpp"

namespace sextant::engine {

class VocabularyBase : public Tokenizer {
 public:
  uint32_t vocab_size() const override { return static_cast<uint32_t>(texts_.size()); }
  std::optional<int32_t> bos() const override { return tables_.bos; }
  std::optional<int32_t> eos() const override { return tables_.eos; }
  const std::vector<int32_t>& end_of_generation() const override { return tables_.end_of_generation; }
  bool is_special(int32_t id) const override { return in_range(id) && special_[static_cast<size_t>(id)]; }
  std::optional<std::string> piece(int32_t id) const override {
    return in_range(id) ? std::optional(texts_[static_cast<size_t>(id)]) : std::nullopt;
  }
  std::string decode(std::span<const int32_t> ids, bool skip_special) const override;
  std::string decode_next(int32_t id, bool& first) const override;
  /// Adds the tokens before and after, and repairs broken UTF-8 before encode_valid sees it.
  Encoding encode(std::string_view text, EncodeOptions options) const override;

 protected:
  /// Checks `tables` and spells out every token through `decoder`.
  Result<void> take(VocabularyTables tables, const Decoder& decoder, bool added_tokens_are_decoded);
  virtual void encode_valid(std::string_view text, EncodeOptions options, Encoding& out) const = 0;

  bool in_range(int32_t id) const { return id >= 0 && static_cast<size_t>(id) < texts_.size(); }
  static void add(Encoding& out, int32_t id, size_t end) {
    out.ids.push_back(id);
    // a token found in the blanks that another one took along would end before it
    out.end.push_back(std::max(static_cast<uint32_t>(end), out.end.empty() ? 0 : out.end.back()));
  }

  VocabularyTables tables_;

 private:
  std::vector<std::string> texts_;                          // [vocab] where something stands before
  std::vector<std::pair<int32_t, std::string>> first_;      // the texts that differ where nothing does, by id
  std::vector<bool> special_;
  bool trims_last_blank_ = false, first_until_text_ = false;
};

}  // namespace sextant::engine
