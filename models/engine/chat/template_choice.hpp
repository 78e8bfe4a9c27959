// Which of a model's chat templates is used. [any] thread.
#pragma once
#include <optional>
#include <string>
#include "../tokenizer/open_vocabulary.hpp"
#include "chat_template.hpp"

namespace sextant::engine {

struct TemplateChoice {
  std::optional<ChatTemplate> chat, for_tools;  // for_tools: of conversations with tools, where it is another one
  std::string origin;                           // the file that `chat` is from
  /// Why none of the model's own is used though it has some, and what to do; conversations cannot be asked then, all else can.
  std::string problem;
};

/// `setting`: "auto" (the one named default, and with tools tool_use, as transformers does), "none", the name of one of `own`,
/// or a .jinja file. `model`: its path, for messages. An error where what somebody named is missing or broken.
Result<TemplateChoice> choose_template(const std::string& setting, const ChatTemplateSources& own, const std::string& model);

}  // namespace sextant::engine
