// sentencepiece's compiled normalization rules ("precompiled_charsmap"): a double array trie (darts-clone's units) from strings
// to their replacements. Threads: const members are [any].
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/result.hpp>
#include "aligned_text.hpp"

namespace sextant::engine {

class Charsmap {
 public:
  /// Bytes: the trie's size in bytes as uint32 LE, its units, then the replacements, each ended by a NUL. Every step that a
  /// lookup could take is checked, so that other readers of the same bytes are safe as well.
  static Result<Charsmap> read(std::string_view bytes);

  /// As Hugging Face tokenizers applies it: a grapheme cluster of under six bytes as a whole, else character by character, and
  /// of the rules that begin there the shortest.
  void apply_to_graphemes(AlignedText& text) const;

 private:
  /// The replacement of the shortest prefix of `part` that has one, or null.
  const char* shortest(std::string_view part) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace sextant::engine
