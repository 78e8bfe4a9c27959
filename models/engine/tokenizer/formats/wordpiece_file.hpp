// vocab.txt, the format of BERT's release: a wordpiece a line, its id the line's number. [any] thread.
#pragma once
#include <memory>
#include <string>
#include <vector>
#include "tokenizer_config.hpp"

namespace sextant::engine {

/// Normalised and cut as BERT does; do_lower_case, strip_accents and tokenize_chinese_chars of tokenizer_config.json count.
/// What else the folder's files say (cls_token, sep_token) is in `config`.
Result<std::unique_ptr<Tokenizer>> open_wordpiece_file(const std::string& folder, const TokenizerConfig& config,
                                                       std::vector<std::string>& warnings);

}  // namespace sextant::engine
