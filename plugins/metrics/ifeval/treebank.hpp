// Words and signs of a sentence by the Penn Treebank's rules as NLTK 3.10 applies them. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include "punkt.hpp"

namespace sextant::metric::ifeval {

/// As nltk.NLTKWordTokenizer: "don't" is do and n't, quotes become `` and ''.
std::vector<std::string> treebank_tokens(std::string_view sentence);
/// As nltk.word_tokenize: sentence by sentence.
std::vector<std::string> treebank_tokens(std::string_view text, const Punkt& punkt);

}  // namespace sextant::metric::ifeval
