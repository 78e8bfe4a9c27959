// Words of a text as NLTK's word_tokenize(text, preserve_line=True) cuts them: the conventions of the Penn Treebank (R.
// MacIntyre's script) with NLTK's additions. A text is taken as one sentence: cutting it into sentences first needs Punkt's
// trained data. Text without blanks, such as Chinese, stays one word but for its ASCII punctuation. Pure; [any].
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace sextant::retrieve {

std::vector<std::string> words_of(std::string_view text);

}  // namespace sextant::retrieve
