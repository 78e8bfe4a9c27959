// Pre-tokenizers: how a text is cut into words before a model makes tokens of each. A list of steps, each of which cuts the
// words that the one before left, and may change the text. After Hugging Face tokenizers 0.23. Threads: const members are
// [any].
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include "../text/aligned_text.hpp"
#include "../text/oniguruma.hpp"

namespace sextant::engine {

struct Span {
  size_t begin, end;
};

/// A text, and its words from left to right; what lies between them was removed.
struct Words {
  AlignedText text;
  std::vector<Span> spans;
};

class PreTokenizer {
 public:
  using Step = std::function<void(Words&)>;
  void add(Step step) { steps_.push_back(std::move(step)); }
  void apply(Words& words) const {
    for (const Step& step : steps_) step(words);
  }
  /// The last step was ByteLevel, which is left to the model: it takes the words' bytes as they are.
  bool bytes_for_the_model = false;

 private:
  std::vector<Step> steps_;
};

/// The "pre_tokenizer" of a tokenizer.json; null is none. `origin` names the file in errors.
Result<PreTokenizer> read_pre_tokenizer(const json::Value& value, const std::string& origin);

/// What happens to the places that a pattern finds (SplitDelimiterBehavior).
enum class Cut { removed, isolated, merged_with_previous, merged_with_next, contiguous };

PreTokenizer::Step cut_step(Regex regex, Cut behavior, bool invert = false);
/// Runs of characters of one kind: `is(c)`.
PreTokenizer::Step cut_characters_step(std::function<bool(char32_t)> is, Cut behavior);
/// Punctuation, ASCII's symbols included.
PreTokenizer::Step cut_punctuation_step(Cut behavior);
/// Every byte of every word in GPT-2's alphabet, for models that do not take bytes.
PreTokenizer::Step byte_alphabet_words_step();

}  // namespace sextant::engine
