#include "template_choice.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include "../checkpoint/text_file.hpp"

namespace sextant::engine {
namespace {

constexpr const char* plain = "--chat-template none asks in plain text";

std::string names_of(const ChatTemplateSources& own) {
  std::vector<std::string> names;
  for (const ChatTemplateSource& one : own) names.push_back(one.name);
  std::sort(names.begin(), names.end());
  return fmt::format("{}", fmt::join(names, ", "));
}

const ChatTemplateSource* find(const ChatTemplateSources& own, std::string_view name) {
  const auto it = std::find_if(own.begin(), own.end(), [&](const ChatTemplateSource& one) { return one.name == name; });
  return it == own.end() ? nullptr : &*it;
}

TemplateChoice own_default(const ChatTemplateSources& own, const std::string& model) {
  TemplateChoice choice;
  if (own.empty()) return choice;
  const ChatTemplateSource* source = find(own, "default");
  if (!source) {
    choice.problem =
        fmt::format("{} has chat templates named {}, and none named default; give --chat-template NAME with one of these ({})",
                    model, names_of(own), plain);
    return choice;
  }
  const auto unusable = [](const std::string& why) {
    return fmt::format("the model's chat template cannot be used: {}; give another one as --chat-template FILE.jinja ({})", why,
                       plain);
  };
  if (!source->problem.empty()) {
    choice.problem = unusable(source->problem);
    return choice;
  }
  auto parsed = ChatTemplate::parse(source->text, source->origin);
  if (!parsed) {
    choice.problem = unusable(parsed.error().message);
    return choice;
  }
  choice.chat = *std::move(parsed);
  choice.origin = source->origin;
  if (const ChatTemplateSource* tools = find(own, "tool_use"))
    if (auto other = ChatTemplate::parse(tools->text, tools->origin)) choice.for_tools = *std::move(other);
  return choice;
}

}  // namespace

Result<TemplateChoice> choose_template(const std::string& setting, const ChatTemplateSources& own, const std::string& model) {
  if (setting == "none") return TemplateChoice();
  if (setting == "auto") return own_default(own, model);
  TemplateChoice choice;
  ChatTemplateSource file;
  const ChatTemplateSource* source = find(own, setting);
  if (!source) {
    auto text = read_text_file(setting, template_bytes_max);
    if (!text)
      return Error{Error::Kind::io,
                   fmt::format("chat_template: {}; give auto, none, {}or a .jinja file", text.error().message,
                               own.empty() ? "" : fmt::format("the name of one of the model's ({}), ", names_of(own)))};
    file = {setting, *std::move(text), setting, {}};
    source = &file;
  } else if (!source->problem.empty()) {
    return Error{Error::Kind::data, source->problem + "; give another one as --chat-template FILE.jinja"};
  }
  SXT_TRY(choice.chat, ChatTemplate::parse(source->text, source->origin));
  choice.origin = source->origin;
  return choice;
}

}  // namespace sextant::engine
