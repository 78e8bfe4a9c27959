// The vocabulary and the chat template of a Hugging Face folder. [any] thread.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include "../open_vocabulary.hpp"

namespace sextant::engine {

struct FolderVocabulary {
  std::unique_ptr<Tokenizer> tokenizer;
  std::vector<std::string> warnings;
};

Result<FolderVocabulary> open_folder_vocabulary(const std::string& path);

/// chat_template.jinja, as transformers writes it since 4.50, before the "chat_template" of tokenizer_config.json: a text, or of
/// several the one named "default".
Result<std::optional<ChatTemplateSource>> find_folder_template(const std::string& path);

}  // namespace sextant::engine
