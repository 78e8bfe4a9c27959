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

/// chat_template.jinja with those of additional_chat_templates/, as transformers writes them since 4.50; where there are none
/// the "chat_template" of tokenizer_config.json: a text, which is the default, or several by name.
Result<ChatTemplateSources> find_folder_templates(const std::string& path);

}  // namespace sextant::engine
