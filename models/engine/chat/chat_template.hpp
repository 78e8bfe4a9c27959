// Chat templates: Jinja as transformers renders it for conversations. Pure; const members are [any] thread.
#pragma once
#include <sextant/jinja.hpp>

namespace sextant::engine {

using ChatLimits = jinja::Limits;

class ChatTemplate {
 public:
  /// Parses `source`; `name` (a path, or "tokenizer.chat_template of X.gguf") appears in errors with the line.
  static Result<ChatTemplate> parse(std::string source, std::string name);
  /// Renders one conversation. `input` is an object: {"messages", "add_generation_prompt", "bos_token", "eos_token", "tools"?,
  /// "kwargs"?: extra variables, "now"?: ISO 8601 local time for strftime_now}.
  Result<std::string> render(const json::Value& input, const ChatLimits& limits = {}) const;
  const std::string& source() const { return template_.source(); }
  /// The names that it takes from the conversation.
  const std::vector<jinja::Variable>& variables() const { return template_.variables(); }

 private:
  explicit ChatTemplate(jinja::Template t) : template_(std::move(t)) {}
  jinja::Template template_;
};

}  // namespace sextant::engine
