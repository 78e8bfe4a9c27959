#include "chat_template.hpp"
#include <fmt/format.h>

namespace sextant::engine {

Result<ChatTemplate> ChatTemplate::parse(std::string source, std::string name) {
  SXT_TRY(jinja::Template parsed,
          jinja::Template::parse(std::move(source), std::move(name), jinja::Environment::chat_templates()));
  return ChatTemplate(std::move(parsed));
}

Result<std::string> ChatTemplate::render(const json::Value& input, const ChatLimits& limits) const {
  if (!json::find(input, "messages"))
    return Error{Error::Kind::data, template_.name() + ": a conversation needs \"messages\", a list of turns"};
  // transformers passes these even where there are none
  const json::Value no(false);
  std::vector<jinja::Template::Given> given = {{"tools", nullptr}, {"documents", nullptr}, {"add_generation_prompt", &no}};
  const auto add_all = [&](const json::Value& object) {
    for (const auto& member : object.GetObject()) {
      const std::string_view key = json::text(member.name);
      if (&object != &input || (key != "kwargs" && key != "now")) given.emplace_back(key, &member.value);
    }
  };
  add_all(input);
  if (const json::Value* more = json::find(input, "kwargs"); more && more->IsObject()) add_all(*more);
  return template_.render(given, limits, json::find_string(input, "now").value_or(""));
}

}  // namespace sextant::engine
