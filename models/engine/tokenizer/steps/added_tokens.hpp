// Tokens in addition to a model's own: found in a text before it is normalised and cut. After Hugging Face tokenizers 0.23
// (AddedVocabulary). Threads: const members are [any].
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include "../text/trie.hpp"

namespace sextant::engine {

struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool special = false;
  bool normalized = false;   // searched for in the normalised text
  bool lstrip = false, rstrip = false;  // takes the white space next to it along
  bool single_word = false;  // not next to a letter, a digit, ...
};

/// The tokens to be found in one kind of text, the original or the normalised one.
class AddedTokenFinder {
 public:
  AddedTokenFinder() = default;
  /// The longest that begins leftmost is found.
  explicit AddedTokenFinder(std::vector<AddedToken> tokens);
  bool empty() const { return trie_.empty(); }

  /// Calls plain(begin, end) for the text between tokens and found(id, begin, end) for the tokens, from left to right.
  /// `split_special`: what looks like a special token is plain text.
  template <class Plain, class Found> void scan(std::string_view text, bool split_special, Plain plain, Found found) const {
    size_t from = 0;
    for (size_t at = 0; at < text.size();) {
      size_t size = 0;
      int32_t index = Trie::none;
      if (trie_.begins(text[at]))
        trie_.for_each_prefix(text.substr(at), [&](size_t n, int32_t value) { size = n, index = value; });
      if (index == Trie::none) {
        ++at;
        continue;
      }
      const AddedToken& token = tokens_[static_cast<size_t>(index)];
      size_t begin = at, end = at + size;
      at = end;  // what is not taken is not searched again; what is stripped is, as in the reference
      if ((split_special && token.special) || (token.single_word && !stands_alone(text, begin, end))) continue;
      if (token.lstrip) begin = std::max(from, blank_before(text, begin));
      if (token.rstrip) end = blank_after(text, end);
      if (from < begin) plain(from, begin);
      found(token.id, begin, end);
      from = end;
    }
    if (from < text.size()) plain(from, text.size());
  }

 private:
  static bool stands_alone(std::string_view text, size_t begin, size_t end);
  static size_t blank_before(std::string_view text, size_t begin);
  static size_t blank_after(std::string_view text, size_t end);

  std::vector<AddedToken> tokens_;
  Trie trie_;  // values are indices of tokens_
};

}  // namespace sextant::engine
