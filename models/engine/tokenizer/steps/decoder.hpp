// Decoders: what text a token stands for. After Hugging Face tokenizers 0.23, with one difference: a token's text depends on
// nothing but whether it is the first, so that a text can be written token by token, and bytes that are not UTF-8 are kept.
// Threads: const members are [any].
#pragma once
#include <functional>
#include <string>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::engine {

class Decoder {
 public:
  /// Changes a token's text in place; `first`: nothing stands before it.
  using Step = std::function<void(std::string&, bool first)>;
  void add(Step step) { steps_.push_back(std::move(step)); }
  std::string text(std::string token, bool first) const {
    for (const Step& step : steps_) step(token, first);
    return token;
  }
  /// The last token's text loses its trailing blank (BPEDecoder); seen only where a text is decoded as a whole.
  bool trims_last_blank = false;
  /// A token that gives no text leaves the one after it the first.
  bool first_until_text = false;

 private:
  std::vector<Step> steps_;
};

/// The "decoder" of a tokenizer.json; without one, tokens are joined by blanks.
Result<Decoder> read_decoder(const json::Value* value, const std::string& origin);

/// Steps for tokenizers that other files describe.
void decode_byte_alphabet(std::string& token, bool first);  // a token with other characters is left as it is
void decode_byte_token(std::string& token, bool first);     // <0x0A>
Decoder::Step replace_all(std::string from, std::string to);

}  // namespace sextant::engine
