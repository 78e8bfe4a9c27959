// Pre-tokenizers: the regular expressions that cut a text into words before byte-pair merges, under the names that GGUF gives
// them ("tokenizer.ggml.pre"). Threads: const members are [any].
// What differs from the models' own tokenizers: letters and digits are those of PCRE2's Unicode (14 in 10.42), so newer
// characters may be cut elsewhere; and no text is normalised, where qwen2's would be brought to NFC (nearly every text is).
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::engine {

struct PreTokenizerRules {
  std::string_view name;
  /// Applied one after the other, each within the pieces that the one before left; what no match covers is a piece as well.
  std::vector<std::string_view> patterns;
  bool ignore_merges = false;    // a word that is a token is that token, whatever the merges would make of it
  bool add_bos = false;          // where the file does not say
};

/// The rules of that name; null where we do not know them.
const PreTokenizerRules* find_pre_tokenizer(std::string_view name);
/// "gpt-2, llama-bpe, ...", for messages.
std::string known_pre_tokenizers();

class PreTokenizer {
 public:
  /// Compiles the patterns (PCRE2, with its just-in-time compiler where there is one).
  static Result<PreTokenizer> compile(const PreTokenizerRules& rules);
  PreTokenizer(PreTokenizer&&) noexcept;
  PreTokenizer& operator=(PreTokenizer&&) noexcept;
  ~PreTokenizer();

  /// Appends the end offset of each piece of `text`, which must be valid UTF-8; the last one is the text's size.
  void split(std::string_view text, std::vector<size_t>& ends) const;

 private:
  struct Pattern;
  PreTokenizer();
  std::vector<std::unique_ptr<Pattern>> patterns_;
};

}  // namespace sextant::engine
