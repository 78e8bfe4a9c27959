#include "exchanges.hpp"
#include <algorithm>
#include <fmt/format.h>

namespace sextant::infer {
namespace {

Error bad_column(const std::string& name, std::string_view what) {
  return {Error::Kind::data, fmt::format("the column '{}', which inferencer:chat takes its turns from, {}", name, what)};
}

Result<std::vector<data::Message>> column_turns(const Question& question, const TurnColumn& column) {
  std::vector<data::Message> out;
  if (column.name.empty()) return out;
  SXT_TRY(const json::Document record, json::parse(question.sample.record_json, "the record"));
  const json::Value* list = json::find(record, column.name);
  if (!list || !list->IsArray()) return bad_column(column.name, "is not a list of turns in this row");
  for (rapidjson::SizeType i = 0; i < list->Size(); ++i) {
    const json::Value& item = (*list)[i];
    if (i < column.in_prompt) continue;
    if (item.IsString()) {
      out.emplace_back("user", std::string(json::text(item)));
      continue;
    }
    if (!item.IsObject()) return bad_column(column.name, fmt::format("has a turn {} that is neither a text nor an object", i));
    SXT_TRY(data::Message message, data::message_from_json(item, fmt::format("{}[{}]", column.name, i)));
    out.push_back(std::move(message));
  }
  return out;
}

}  // namespace

Result<Script> read_script(const Question& question, const data::Prompt& prompt, const TurnColumn& column, bool split_prompt) {
  SXT_TRY(std::vector<data::Message> column_messages, column_turns(question, column));
  const std::vector<data::Message>& turns = prompt.messages;
  Script script;
  const auto is_reply = [](const data::Message& message) { return message.role == "assistant"; };
  if (prompt.chat) {
    script.prompt_messages = turns.size();
    // examples are turns as well: whether the model's turns are an example's or the dialogue's only the sample tells
    if (split_prompt && question.sample.shots.empty())
      script.prompt_messages = static_cast<size_t>(std::find_if(turns.begin(), turns.end(), is_reply) - turns.begin());
    else if (!turns.empty() && is_reply(turns.back()))
      --script.prompt_messages;
  }
  std::vector<data::Message> rest;
  if (prompt.chat) rest.assign(turns.begin() + static_cast<std::ptrdiff_t>(script.prompt_messages), turns.end());
  std::move(column_messages.begin(), column_messages.end(), std::back_inserter(rest));

  Exchange current;
  bool due = true;  // something has been said that wants a reply; of the first exchange the prompt has
  const auto close = [&] {
    script.exchanges.push_back(std::exchange(current, {}));
    due = false;
  };
  for (data::Message& message : rest) {
    if (is_reply(message)) {
      current.given = message.text();
      close();
      continue;
    }
    if (due && message.role == "user") close();
    due = due || message.role == "user";
    current.said.push_back(std::move(message));
  }
  if (due) close();
  return script;
}

}  // namespace sextant::infer
