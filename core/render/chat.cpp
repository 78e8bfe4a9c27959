// Turns, and the model's chat template.
#include <optional>
#include "../data/message_text.hpp"
#include "assembly.hpp"

namespace sextant::render {
namespace {

constexpr std::string_view blanks = " \t\r\n";

struct Found {
  size_t at, end;
  size_t lead;                         // bytes that the template trimmed from the content's front
};
// Templates may trim what they are given.
std::optional<Found> find_content(std::string_view text, std::string_view content, size_t from) {
  if (const size_t at = text.find(content, from); at != text.npos) return Found{at, at + content.size(), 0};
  const size_t lead = content.find_first_not_of(blanks);
  if (lead == content.npos) return std::nullopt;
  content = content.substr(lead, content.find_last_not_of(blanks) - lead + 1);
  if (const size_t at = text.find(content, from); at != text.npos) return Found{at, at + content.size(), lead};
  return std::nullopt;
}

// Where the question stands, which begins `question_at` bytes into the last user turn: each turn is looked for behind the one
// before it, so that a short question is not mistaken for a part of the template. 0 (all is question) where it is not found.
size_t question_position(std::string_view text, const std::vector<Message>& messages, size_t question_at) {
  size_t last_user = messages.size(), from = 0;
  for (size_t i = 0; i < messages.size(); ++i)
    if (messages[i].role == "user") last_user = i;
  for (size_t i = 0; i < last_user; ++i)
    if (const auto found = find_content(text, messages[i].text(), from)) from = found->end;
  if (last_user == messages.size()) return 0;
  const auto found = find_content(text, messages[last_user].text(), from);
  if (!found) return 0;
  return found->at + (question_at > found->lead ? question_at - found->lead : 0);
}

std::string conversation(const std::vector<Message>& messages, bool add_generation_prompt, std::string_view tools_json = {}) {
  JsonText out(JsonText::Layout::compact);
  out.begin_object();
  out.key("messages");
  out.begin_array();
  for (const Message& message : messages) data::write(out, message);
  out.end_array();
  out.key("add_generation_prompt");
  out.boolean(add_generation_prompt);
  if (!tools_json.empty()) {
    out.key("tools");
    out.embed(tools_json);
  }
  out.end_object();
  return out.take();
}

}  // namespace

size_t append_turn(std::vector<Message>& messages, std::string_view role, std::string_view content) {
  if (messages.empty() || messages.back().role != role) messages.push_back({std::string(role), ""});
  else messages.back().append("\n");
  const size_t at = messages.back().text().size();
  messages.back().append(content);
  return at;
}

Result<Prompt> conversation_prompt(std::vector<Message> messages, std::string_view tools_json, const RenderChat& render_chat) {
  Prompt prompt;
  prompt.chat = true;
  SXT_TRY(prompt.text, render_chat(conversation(messages, true, tools_json)));
  prompt.question_bytes = prompt.text.size() - question_position(prompt.text, messages, 0);
  prompt.messages = std::move(messages);
  return prompt;
}

Result<Prompt> apply_chat_template(std::vector<Message> messages, size_t question_at, const Assembly& in) {
  if (!in.render_chat) return Error{Error::Kind::internal, "a chat prompt was asked for, but there is no chat template"};
  if (messages.empty())
    return Error{Error::Kind::data, "the prompt template gives no text at all for this row, so there is no turn to send"};
  Prompt prompt;
  prompt.chat = true;
  SXT_TRY(prompt.text, in.render_chat(conversation(messages, in.open())));
  prompt.question_bytes = prompt.text.size() - question_position(prompt.text, messages, question_at);
  prompt.messages = std::move(messages);
  return prompt;
}

Result<Prompt> apply_chat_template_to_prefix(std::vector<Message> messages, const Assembly& in) {
  if (!in.render_chat) return Error{Error::Kind::internal, "a chat prompt was asked for, but there is no chat template"};
  const std::string prefix(messages.back().text());
  const size_t begin = prefix.find_first_not_of(blanks);
  const std::string bare = begin == prefix.npos ? "" : prefix.substr(begin, prefix.find_last_not_of(blanks) - begin + 1);
  Prompt prompt;
  prompt.chat = true;
  SXT_TRY(const std::string text, in.render_chat(conversation(messages, false)));
  const size_t at = text.rfind(bare);
  if (at == text.npos)
    return Error{Error::Kind::data,
                 "the chat template leaves out the beginning of the reply (gen_prefix), so the model cannot go on from it"};
  // the blanks around it stay where the template keeps them
  prompt.text = text.substr(0, at) + (text.compare(at, prefix.size(), prefix) == 0 ? prefix : bare);
  prompt.messages = std::move(messages);
  return prompt;
}

}  // namespace sextant::render
