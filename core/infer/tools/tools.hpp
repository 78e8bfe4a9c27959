// The tools that an agent may ask for. An inferencer only names them; whoever answers Ask::tool runs them. Threads: [any].
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::infer {

struct Tool {
  std::string_view name, description;
  std::string_view parameters;      // JSON Schema of its arguments, an object
  std::string (*run)(const json::Value& arguments);   // null: it runs in a sandbox, which whoever answers Ask::tool has
};
std::span<const Tool> tools();
const Tool* find_tool(std::string_view name);

/// The tools as chat templates and served models take them: [{"type": "function", "function": {"name", "description",
/// "parameters"}}...].
std::string tools_json(std::span<const Tool* const> offered);

/// Arguments for a tool out of what a model wrote behind "Action Input:": an object as it is; any other text becomes the tool's
/// first required parameter.
std::string arguments_of_text(const Tool& tool, std::string_view text);

/// What the tool says. What is wrong with the arguments is said as a text as well, because the model reads it; an Error only
/// where there is no such tool, or it is one that runs in a sandbox.
Result<std::string> run_tool(std::string_view name, std::string_view arguments_json);

}  // namespace sextant::infer
