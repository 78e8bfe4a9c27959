// Normalizers: what a tokenizer changes in a text before it is cut. A list of steps; which offsets they keep is AlignedText's
// business. After Hugging Face tokenizers 0.23. Threads: const members are [any].
#pragma once
#include <functional>
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../text/aligned_text.hpp"

namespace sextant::engine {

class Normalizer {
 public:
  using Step = std::function<void(AlignedText&)>;
  void add(Step step) { steps_.push_back(std::move(step)); }
  bool empty() const { return steps_.empty(); }
  void apply(AlignedText& text) const {
    for (const Step& step : steps_) step(text);
  }

 private:
  std::vector<Step> steps_;
};

/// The "normalizer" of a tokenizer.json; null is none. `origin` names the file in errors.
Result<Normalizer> read_normalizer(const json::Value& value, const std::string& origin);

/// Steps for tokenizers that other files describe.
Normalizer::Step nfc_step();
Normalizer::Step replace_step(std::string from, std::string to);
Normalizer::Step prepend_step(std::string text);  // leaves an empty text empty

}  // namespace sextant::engine
