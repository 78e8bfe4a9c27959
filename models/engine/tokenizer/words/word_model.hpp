// A tokenizer's model: what makes tokens of one word. Threads: const members are [any].
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sextant::engine {

/// A token of a word: its id and where it ends in the word's bytes.
struct WordToken {
  int32_t id;
  uint32_t end;
};

class WordModel {
 public:
  virtual ~WordModel() = default;
  /// Appends the tokens of `word`, valid UTF-8 and not empty. Their ends do not decrease.
  virtual void encode(std::string_view word, std::vector<WordToken>& tokens) const = 0;
};

/// Ids by spelling; looks up a string_view without copying it.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using TokenIds = std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>>;

inline int32_t find_id(const TokenIds& ids, std::string_view token) {
  const auto it = ids.find(token);
  return it == ids.end() ? -1 : it->second;
}

/// "<0x0A>": how vocabularies spell the token of a byte that no other token covers.
std::string byte_token(uint8_t byte);
/// The byte that such a token stands for, or -1.
int byte_of_token(std::string_view token);

}  // namespace sextant::engine
