// vocab.json with merges.txt, the format of GPT-2's release, which many models since have kept with or instead of a
// tokenizer.json. [any] thread.
#pragma once
#include <memory>
#include <string>
#include <vector>
#include "tokenizer_config.hpp"

namespace sextant::engine {

/// Cut as GPT-2's tokenizer does, or as Qwen2's where `config` names its class.
Result<std::unique_ptr<Tokenizer>> open_byte_level_files(const std::string& folder, const TokenizerConfig& config,
                                                         std::vector<std::string>& warnings);

}  // namespace sextant::engine
