// Text to token ids and back. Ownership: a Tokenizer owns its tables. Threads: const members are [any].
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::engine {

struct EncodeOptions {
  bool add_special = false;    // BOS/EOS as the tokenizer's own files say (post-processor, add_bos_token)
  bool split_special = false;  // special tokens inside the text are plain text
};

struct Encoding {
  std::vector<int32_t> ids;
  std::vector<uint32_t> end;   // [ids] byte offset in the text just after each token; added specials: of what stands before
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  virtual uint32_t vocab_size() const = 0;
  /// Throws DataError where a regular expression of the tokenizer gives up on the text (text/oniguruma.hpp).
  virtual Encoding encode(std::string_view text, EncodeOptions options) const = 0;
  /// The bytes of the ids, invalid UTF-8 kept as it is; special tokens are written out unless skip_special.
  virtual std::string decode(std::span<const int32_t> ids, bool skip_special) const = 0;
  /// The bytes that one id adds to a text. `first`: nothing stands before it, where some tokenizers leave a blank out; becomes
  /// what is true of the id after it.
  virtual std::string decode_next(int32_t id, bool& first) const { return first = false, decode({&id, 1}, false); }
  /// The token's text as the vocabulary spells it when decoded ("<|im_end|>"), or nothing for an id out of range.
  virtual std::optional<std::string> piece(int32_t id) const = 0;
  virtual std::optional<int32_t> bos() const = 0;
  virtual std::optional<int32_t> eos() const = 0;
  /// Ids that end a generation: eos, end-of-turn, as the files say.
  virtual const std::vector<int32_t>& end_of_generation() const = 0;
  virtual bool is_special(int32_t id) const = 0;
};

/// Turns a stream of tokens into text without ever emitting half a character.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special) : tokenizer_(&tokenizer), skip_special_(skip_special) {}
  std::string push(int32_t id);   // what became complete
  std::string finish();           // the rest, repaired

 private:
  const Tokenizer* tokenizer_;
  bool skip_special_;
  bool first_ = true;
  std::string pending_;
};

}  // namespace sextant::engine
