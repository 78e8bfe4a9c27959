// What the tests of this folder share: real template components, a chat template that can be read, and short names.
#pragma once
#include <catch2/catch.hpp>
#include "../../../core/render/render.hpp"
#include "../../../plugins/templates/components.hpp"

namespace sextant::test {

using config::Compat;
using data::Form;
using render::Piece;
using enum render::Piece::Section;  // begin, shot, round, end

/// One item through a template component, as the ABI gives it to the core.
template <class T = templates::DialogueTemplate>
std::string render_json(const std::string& config, const std::string& record, const std::vector<std::string>& shots = {},
                        bool generate = true, std::string_view output_column = "answer") {
  T component(Context(nullptr, borrow(config)));
  std::vector<sxt_str> borrowed;
  for (const std::string& shot : shots) borrowed.push_back(borrow(shot));
  // what the configuration says, or what it has
  const auto has = [&](const char* key) { return config.find(key) != config.npos; };
  uint32_t asked = generate                                        ? SXT_FORM_OPEN
                   : has("\"continuations\"")                      ? SXT_FORM_CONTINUATIONS
                   : has("\"labels\"") || has("\"choices\"") ? SXT_FORM_LABELS
                                                                   : SXT_FORM_WHOLE;
  for (uint32_t i = 0; i < std::size(templates::ask_names); ++i)
    if (config.find("\"form\": \"" + std::string(templates::ask_names[i]) + "\"") != config.npos) asked = i;
  return component.render({sizeof(sxt_render_item), asked, borrow(record), borrowed.data(), borrowed.size(),
                           borrow(output_column)});
}

template <class T> T value_of(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return *std::move(result);
}
template <class T> std::string message_of(const Result<T>& result) {
  return result ? "(no error)" : result.error().message;
}

inline render::Rendered parsed(const std::string& text, Form form) {
  return value_of(render::parse_rendered(value_of(json::parse(text, "answer")), form, "card x"));
}

/// "[user]...[/user]" for each turn, and "[assistant]" where a reply is asked for.
inline Result<std::string> bracket_chat(std::string_view conversation_json) {
  const json::Document conversation = value_of(json::parse(conversation_json, "conversation"));
  std::string text;
  for (const auto& message : conversation["messages"].GetArray()) {
    const std::string role = message["role"].GetString();
    text += "[" + role + "]" + std::string(json::text(message["content"])) + "[/" + role + "]";
  }
  return text + (conversation["add_generation_prompt"].GetBool() ? "[assistant]" : "");
}

inline Result<render::Prompts> assembled(const render::Rendered& rendered, Form form, const render::Format& format = {}) {
  return render::assemble(rendered, form, format, bracket_chat);
}
/// The only prompt.
inline render::Prompt assembled_one(std::vector<Piece> pieces, Form form, const render::Format& format = {}) {
  auto prompts = value_of(assembled({{{"", std::move(pieces)}}, {}}, form, format));
  REQUIRE(prompts.prompts.size() == 1);
  return prompts.prompts.front();
}
inline std::string question_of(const render::Prompt& prompt) {
  REQUIRE(prompt.question_bytes <= prompt.text.size());
  return prompt.text.str().substr(prompt.text.size() - prompt.question_bytes);
}

inline Piece human(Piece::Section section, std::string text, uint32_t shot = 0) { return {section, "HUMAN", "", shot,
    std::move(text)}; }
inline Piece bot(Piece::Section section, std::string text, uint32_t shot = 0) { return {section, "BOT", "", shot,
    std::move(text)}; }
inline Piece plain(Piece::Section section, std::string text, uint32_t shot = 0) { return {section, "", "", shot,
    std::move(text)}; }

}  // namespace sextant::test
