// Chat templates: the sandboxed Jinja subset that model files use. Pure: no file, clock or environment is read.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <sextant/json.hpp>

namespace sextant::engine {

struct ChatLimits {
  uint64_t steps = 2'000'000;          // evaluated nodes
  uint32_t depth = 200;                // nested calls, blocks and expressions
  uint64_t output_bytes = 16u << 20;
};

class ChatTemplate {
 public:
  /// Parses `source`; `name` (a path, or "tokenizer.chat_template of X.gguf") appears in errors with the line.
  static Result<ChatTemplate> parse(std::string source, std::string name);
  /// Renders one conversation. `input` is an object: {"messages", "add_generation_prompt", "bos_token", "eos_token", "tools"?,
  /// "kwargs"?: extra variables, "now"?: ISO 8601 local time for strftime_now}. Settings are transformers':
  /// trim_blocks, lstrip_blocks, loop controls, tojson as Python's json.dumps(ensure_ascii=False).
  Result<std::string> render(const json::Value& input, const ChatLimits& limits = {}) const;
  const std::string& source() const;

  struct Program;  // the parsed tree, private to the implementation

 private:
  std::string source_;
  std::shared_ptr<const Program> program_;
};

}  // namespace sextant::engine
