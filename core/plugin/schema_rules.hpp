// JSON Schema, draft 4: whether a schema is one, and the first of its rules that a value breaks. RapidJSON's validator is not used:
// it ends the program with an assertion, or worse, where a schema is malformed, and it follows circles. Pure; [any] thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include <sextant/regex.hpp>

namespace sextant::plugin {

/// The schema itself, or what its "$ref" leads to in `root`; nothing where that is nowhere, a circle, or no object.
const json::Value* follow_references(const json::Value& schema, const json::Value& root);

/// Why `root` and what it refers to cannot be used as a schema, behind "the schema of x has ", or "".
std::string schema_fault(const json::Value& root);

/// A pattern of a schema, with the bounds that they have.
Result<Regex> schema_regex(std::string_view pattern);

struct Breach {
  const json::Value* schema;      // that has the keyword
  std::string keyword;
  std::vector<std::string> path;  // keys and indices that lead to the value; for additionalProperties its last is the unknown key
  const json::Value* value;
};

/// The first rule of `root` (a schema without a fault) that `value` breaks, or nothing. An error is a schema that cannot be checked
/// within bounds: it refers to itself without an end, or a pattern backtracks without one. Members are looked at in their order,
/// and what lies in an object before what the object must have.
Result<std::optional<Breach>> find_breach(const json::Value& root, const json::Value& value);

}  // namespace sextant::plugin
