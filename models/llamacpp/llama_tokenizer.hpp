// libllama's vocabulary behind the engine's Tokenizer, so that boundaries, truncation and stop strings follow the same rules as
// with the native backends. Threads: const members are [any]. The model outlives it.
#pragma once
#include <tokenizer/tokenizer.hpp>
#include "library.hpp"

namespace sextant::llamacpp {

class LlamaTokenizer : public engine::Tokenizer {
 public:
  explicit LlamaTokenizer(const llama_model& model);
  uint32_t vocab_size() const override { return static_cast<uint32_t>(llama_vocab_n_tokens(vocab_)); }
  engine::Encoding encode(std::string_view text, engine::EncodeOptions options) const override;
  std::string decode(std::span<const int32_t> ids, bool skip_special) const override;
  std::string decode_next(int32_t id, bool& first) const override;
  std::optional<std::string> piece(int32_t id) const override;
  std::optional<int32_t> bos() const override { return token(llama_vocab_bos(vocab_)); }
  std::optional<int32_t> eos() const override { return token(llama_vocab_eos(vocab_)); }
  const std::vector<int32_t>& end_of_generation() const override { return end_; }
  bool is_special(int32_t id) const override { return llama_vocab_is_control(vocab_, id); }

 private:
  static std::optional<int32_t> token(llama_token id) { return id < 0 ? std::nullopt : std::optional<int32_t>(id); }
  std::string bytes(int32_t id) const;

  const llama_vocab* vocab_;
  bool drops_blank_;  // of the first token of a text
  std::vector<int32_t> end_;
};

}  // namespace sextant::llamacpp
