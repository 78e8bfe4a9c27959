#include "tools.hpp"
#include <fmt/format.h>
#include "../../base/text.hpp"
#include "../words.hpp"
#include "calculator.hpp"

namespace sextant::infer {
namespace {

constexpr Tool table[] = {
    {"calculator", "Computes an arithmetic expression of numbers, + - * / // % ** and parentheses, such as (3 + 4.5) * 2.",
     R"({"type": "object", "properties": {"expression": {"type": "string", "description": "the expression"}}, "required": ["expression"]})",
     [](const json::Value& arguments) -> std::string {
       const json::Value* expression = json::find(arguments, "expression");
       if (expression && expression->IsNumber()) return calculate(json::write(*expression));
       if (!expression || !expression->IsString()) return "error: the calculator needs the text \"expression\"";
       return calculate(json::text(*expression));
     }},
    {"python",
     "Runs a Python program and gives what it prints, and the value of its last line. Nothing is kept between two programs.",
     R"({"type": "object", "properties": {"code": {"type": "string", "description": "the program"}}, "required": ["code"]})",
     nullptr},
};

json::Document parsed(std::string_view text) {
  auto out = json::parse(text, "tool");
  return out ? *std::move(out) : json::Document();
}

}  // namespace

std::span<const Tool> tools() { return table; }

const Tool* find_tool(std::string_view name) {
  for (const Tool& tool : table)
    if (tool.name == name) return &tool;
  return nullptr;
}

std::string tools_json(std::span<const Tool* const> offered) {
  json::Document out(rapidjson::kArrayType);
  auto& a = out.GetAllocator();
  for (const Tool* tool : offered) {
    json::Value function(rapidjson::kObjectType), item(rapidjson::kObjectType);
    json::set(function, "name", tool->name, a);
    json::set(function, "description", tool->description, a);
    json::set(function, "parameters", json::Value(parsed(tool->parameters), a), a);
    json::set(item, "type", "function", a);
    json::set(item, "function", std::move(function), a);
    out.PushBack(std::move(item), a);
  }
  return json::write(out);
}

std::string arguments_of_text(const Tool& tool, std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('{'))
    if (const json::Document object = parsed(text); object.IsObject()) return json::write(object);
  const json::Document schema = parsed(tool.parameters);
  const json::Value* required = json::find(schema, "required");
  json::Document out(rapidjson::kObjectType);
  if (required && required->IsArray() && !required->Empty())
    json::set(out, json::text((*required)[0]), text, out.GetAllocator());
  return json::write(out);
}

Result<std::string> run_tool(std::string_view name, std::string_view arguments_json) {
  const Tool* tool = find_tool(name);
  if (!tool) {
    std::vector<std::string> names;
    for (const Tool& each : table) names.emplace_back(each.name);
    return Error{Error::Kind::config,
                 fmt::format("there is no tool '{}'{}; there are {}", name, did_you_mean(name, names), join(names, ", "))};
  }
  if (!tool->run)
    return Error{Error::Kind::internal, fmt::format("the tool '{}' runs in a sandbox, and was asked for without one", name)};
  const json::Document arguments = parsed(arguments_json);
  if (!arguments.IsObject()) return std::string("error: the arguments are not a JSON object");
  return tool->run(arguments);
}

}  // namespace sextant::infer
