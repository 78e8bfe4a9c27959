// What the library shows of this folder: a template, parsed once and rendered for records.
#include <fmt/format.h>
#include <sextant/jinja.hpp>
#include <unordered_map>
#include <sextant/utf8_text.hpp>
#include "evaluator.hpp"
#include "parser.hpp"
#include "variables.hpp"

namespace sextant::jinja {
Value from_json(const json::Value& v, uint32_t depth) {
  if (depth > value_depth_max) throw Failure(fmt::format("a value that it is given nests deeper than {}", value_depth_max));
  if (v.IsNull()) return None{};
  if (v.IsBool()) return v.GetBool();
  if (v.IsInt64()) return v.GetInt64();
  if (v.IsUint64()) throw Failure(fmt::format("the number {} that it is given is too large", v.GetUint64()));
  if (v.IsNumber()) return v.GetDouble();
  if (v.IsString()) return json::text(v);
  if (v.IsArray()) {
    List list;
    for (const json::Value& item : v.GetArray()) list.items.push_back(from_json(item, depth + 1));
    return list;
  }
  Dict dict;
  std::unordered_map<std::string_view, size_t> places;
  for (const auto& member : v.GetObject()) {
    Value value = from_json(member.value, depth + 1);
    const auto [place, is_new] = places.emplace(json::text(member.name), dict.members.size());
    if (is_new) dict.members.emplace_back(json::text(member.name), std::move(value));
    else dict.members[place->second].second = std::move(value);  // as Python: the last of a name counts
  }
  return dict;
}

struct Template::Program {
  std::string source, name;
  Environment environment;
  Body body;
  std::vector<Variable> variables;

  Error failure(const Failure& f, std::string_view what) const {
    const std::string place = f.line > 0 ? fmt::format("{}:{}", name, f.line) : name;
    return {Error::Kind::data, fmt::format("{}: the {} {}: {}", place, environment.noun, what, f.what())};
  }
};

Environment Environment::chat_templates() {
  Environment out;
  out.noun = "chat template";
  out.refusal = "refuses this conversation";
  out.trim_blocks = out.lstrip_blocks = out.chat = true;
  return out;
}

Environment Environment::lm_eval() {
  Environment out;
  out.keep_trailing_newline = out.strict_undefined = out.regex_replace = true;
  return out;
}

Result<Template> Template::parse(std::string source, std::string name, Environment environment) {
  auto program = std::make_shared<Program>();
  program->source = std::move(source);
  program->name = std::move(name);
  program->environment = environment;
  if (!utf8::is_valid(program->source))
    return Error{Error::Kind::data, fmt::format("{}: the {} is not UTF-8", program->name, environment.noun)};
  try {
    program->body = Parser(tokenize(program->source, program->environment), program->environment).run();
    program->variables = variables_of(program->body, program->environment);
  } catch (const Failure& f) {
    return program->failure(f, "cannot be read");
  }
  Template out;
  out.program_ = std::move(program);
  return out;
}

Result<std::string> Template::render(const std::vector<Given>& given, const Limits& limits, std::string now) const {
  Evaluator evaluator(program_->environment, limits, std::move(now));
  try {
    for (const auto& [name, value] : given) evaluator.define(name, value ? from_json(*value) : Value(None{}));
    return evaluator.run(program_->body);
  } catch (const Failure& f) {
    return program_->failure(f, program_->environment.refusal);
  }
}

Result<std::string> Template::render(const json::Value& record, const Limits& limits) const {
  std::vector<Given> given;
  if (!record.IsObject())
    return Error{Error::Kind::data, fmt::format("{}: a template is rendered for a JSON object, not for {}", program_->name,
                                                json::write(record).substr(0, 60))};
  for (const auto& member : record.GetObject()) given.emplace_back(json::text(member.name), &member.value);
  return render(given, limits);
}

const std::vector<Variable>& Template::variables() const { return program_->variables; }
const std::string& Template::source() const { return program_->source; }
const std::string& Template::name() const { return program_->name; }

}  // namespace sextant::jinja
