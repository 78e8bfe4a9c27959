// A component's configuration against the JSON Schema (draft 4) that it publishes: one sentence for what is wrong, the
// defaults filled in, and the schema read as a list of options for help. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::plugin {

/// The schema as JSON; it must be an object whose "type", if it has one, is "object". `origin` names it in the error.
Result<json::Document> parse_schema(std::string_view schema, std::string_view origin);

/// The configuration with the schema's defaults filled in (of nested objects as well), or one sentence with `origin`, the
/// component, the dotted key, and what is wrong; an unknown key suggests the nearest. An empty configuration is {}.
Result<std::string> check_config(std::string_view component, std::string_view schema, std::string_view config_json,
                                 std::string_view origin);

/// Does the schema declare that property at its top level?
bool schema_accepts(std::string_view schema, std::string_view property);

/// One line of help.
struct Option {
  std::string name;           // dotted for nested objects
  std::string type;           // "string", "integer|null", "one of \"a\", \"b\""
  std::string default_json;   // "" where there is none
  std::string description;
  bool required = false;
};
std::vector<Option> options_of(const json::Value& schema);

}  // namespace sextant::plugin
