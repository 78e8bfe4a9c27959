// Templates that have joined their texts themselves, as lm-eval's tasks do: pieces without roles are one text, those with roles
// are turns.
#include "assembly.hpp"

namespace sextant::render {
namespace {

std::string_view chat_role(std::string_view role) { return role == "SYSTEM" ? "system" : role == "BOT" ? "assistant" : "user"; }

}  // namespace

Result<Prompt> assemble_verbatim(const Assembly& in) {
  if (!in.chat()) {
    std::string text;
    for (const Piece& piece : in.pieces) text += piece.text;
    Prompt prompt;
    prompt.text = std::move(text);
    return prompt;
  }
  std::vector<Message> messages;
  for (const Piece& piece : in.pieces) {
    messages.push_back({std::string(chat_role(piece.role)), ""});
    messages.back().append(piece.text);
  }
  if (messages.empty()) return Error{Error::Kind::data, "the prompt template gives no turn for this row"};
  Prompt prompt;
  if (messages.back().role == "assistant" && in.open()) {
    SXT_TRY(prompt, apply_chat_template_to_prefix(std::move(messages), in));
  } else {
    SXT_TRY(prompt, apply_chat_template(std::move(messages), 0, in));
  }
  prompt.question_bytes = 0;
  return prompt;
}

}  // namespace sextant::render
