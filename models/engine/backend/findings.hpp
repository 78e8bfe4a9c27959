// What looks wrong in a model's files though it can be computed: the mistakes that make an evaluation quietly worse. For
// `sextant model info`; nothing here changes what is computed. [any] thread.
#pragma once
#include <string>
#include <vector>
#include "../architecture/architecture.hpp"
#include "../chat/chat_template.hpp"
#include "special_tokens.hpp"

namespace sextant::engine {

struct ModelFiles {
  std::string name;  // the last component of the model's path
  const Tokenizer* tokenizer = nullptr;
  const Architecture* architecture = nullptr;
  const ChatTemplate* chat = nullptr;  // null: the model has none
  const SpecialTokenClaims* claims = nullptr;
};

struct Findings {
  std::vector<std::string> wrong;  // one sentence each, that names the file or the token, and what to do; a run logs them, too
  std::vector<std::string> notes;  // what is no matter here, but would be elsewhere
};
Findings findings(const ModelFiles& model);

/// What `chat` writes of a conversation of one question and, with `reply`, its answer; "" where it refuses that one.
std::string sample_chat(const ChatTemplate& chat, const Tokenizer& tokenizer, const char* reply);

}  // namespace sextant::engine
