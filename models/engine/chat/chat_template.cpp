#include "chat_template.hpp"
#include <fmt/format.h>
#include <unordered_map>
#include "evaluator.hpp"
#include "parser.hpp"

namespace sextant::engine {
namespace {

using jinja::Value;

Value from_json(const json::Value& v, uint32_t depth = 0) {
  if (depth > jinja::value_depth_max) throw jinja::Failure(fmt::format("the conversation nests deeper than {}", jinja::value_depth_max));
  if (v.IsNull()) return jinja::None{};
  if (v.IsBool()) return v.GetBool();
  if (v.IsInt64()) return v.GetInt64();
  if (v.IsUint64()) throw jinja::Failure(fmt::format("the number {} in the conversation is too large", v.GetUint64()));
  if (v.IsNumber()) return v.GetDouble();
  if (v.IsString()) return json::text(v);
  if (v.IsArray()) {
    jinja::List list;
    for (const json::Value& item : v.GetArray()) list.items.push_back(from_json(item, depth + 1));
    return list;
  }
  jinja::Dict dict;
  std::unordered_map<std::string_view, size_t> places;
  for (const auto& member : v.GetObject()) {
    Value value = from_json(member.value, depth + 1);
    const auto [place, is_new] = places.emplace(json::text(member.name), dict.members.size());
    if (is_new) dict.members.emplace_back(json::text(member.name), std::move(value));
    else dict.members[place->second].second = std::move(value);  // as Python: the last of a name counts
  }
  return dict;
}

Error failure(const std::string& name, const jinja::Failure& f, const char* doing) {
  return {Error::Kind::data, f.line > 0 ? fmt::format("{}:{}: {}: {}", name, f.line, doing, f.what()) : fmt::format("{}: {}: {}", name, doing, f.what())};
}

}  // namespace

struct ChatTemplate::Program {
  std::string name;
  jinja::Body body;
};

Result<ChatTemplate> ChatTemplate::parse(std::string source, std::string name) {
  if (utf8::valid_prefix(source) != source.size()) return Error{Error::Kind::data, name + ": the chat template is not UTF-8"};
  auto program = std::make_shared<Program>();
  try {
    program->body = jinja::Parser(jinja::tokenize(source)).run();
  } catch (const jinja::Failure& f) {
    return failure(name, f, "the chat template cannot be read");
  }
  program->name = std::move(name);
  ChatTemplate out;
  out.source_ = std::move(source);
  out.program_ = std::move(program);
  return out;
}

Result<std::string> ChatTemplate::render(const json::Value& input, const ChatLimits& limits) const {
  if (!json::find(input, "messages")) return Error{Error::Kind::data, program_->name + ": a conversation needs \"messages\", a list of turns"};
  jinja::Evaluator evaluator(limits, json::find_string(input, "now").value_or(""));
  try {
    // transformers passes these even where there are none
    evaluator.define("tools", jinja::None{});
    evaluator.define("documents", jinja::None{});
    evaluator.define("add_generation_prompt", false);
    const auto define_all = [&](const json::Value& object) {
      for (const auto& member : object.GetObject()) {
        const std::string_view key = json::text(member.name);
        if (&object != &input || (key != "kwargs" && key != "now")) evaluator.define(key, from_json(member.value));
      }
    };
    define_all(input);
    if (const json::Value* more = json::find(input, "kwargs"); more && more->IsObject()) define_all(*more);
    return evaluator.run(program_->body);
  } catch (const jinja::Failure& f) {
    return failure(program_->name, f, "the chat template refuses this conversation");
  }
}

const std::string& ChatTemplate::source() const { return source_; }

}  // namespace sextant::engine
