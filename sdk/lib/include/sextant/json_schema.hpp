// JSON Schema, draft 4: whether a schema is one, the first of its rules that a value breaks, defaults, the schema read as a
// list of options for help, and two annotations of Sextant's own that may stand in any property's schema:
//   "x-affects-results": false   no result depends on the key, so that it is not part of what tells results apart
//   "x-secret": true             the value must not be shown or written anywhere
// RapidJSON's validator is not used: it ends the program with an assertion, or worse, where a schema is malformed, and it
// follows circles. Pure; [any] thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::schema {

/// The schema as JSON; it must be an object whose "type", if it has one, is "object". `origin` names it in the error.
Result<json::Document> parse(std::string_view schema, std::string_view origin);

struct Breach {
  const json::Value* schema;      // that has the keyword
  std::string keyword;
  std::vector<std::string>
      path;  // keys and indices that lead to the value; for additionalProperties its last is the unknown key
  const json::Value* value;
};

/// The first rule of `root` (a schema without a fault) that `value` breaks, or nothing. An error is a schema that cannot be
/// checked within bounds: it refers to itself without an end, or a pattern backtracks without one. Members are looked at in
/// their order, and what lies in an object before what the object must have.
Result<std::optional<Breach>> find_breach(const json::Value& root, const json::Value& value);

/// What the broken rule wants of the value: "must be at least 1, not 0".
std::string complaint(const Breach& breach);
/// The keys that a schema of objects names.
std::vector<std::string> property_names(const json::Value& schema);

/// The configuration with the schema's defaults filled in (of nested objects as well), or one sentence with `origin`, the
/// component, the dotted key, and what is wrong; an unknown key suggests the nearest. An empty configuration is {}.
Result<std::string> check_config(std::string_view component, std::string_view schema, std::string_view config_json,
                                 std::string_view origin);

/// Does the schema declare that property at its top level?
bool accepts(std::string_view schema, std::string_view property);
/// Has the schema "annotation": true at its top level?
bool says(std::string_view schema, std::string_view annotation);

/// One line of help.
struct Option {
  std::string name;           // dotted for nested objects
  std::string type;           // "string", "integer|null", "one of \"a\", \"b\""
  std::string default_json;   // "" where there is none
  std::string description;
  bool required = false;
};
std::vector<Option> options(const json::Value& schema);

// What is annotated, also through "$ref", "allOf", "anyOf" and "oneOf", in "items", "additionalProperties" and
// "patternProperties". What is said of an object holds for all that lies in it.

/// False where the schema says so of the (dotted) key or of an object that it lies in.
bool affects_results(const json::Value& schema, std::string_view key);
/// Takes out of a configuration what no result depends on.
void remove_without_effect(const json::Value& schema, json::Value& config);
/// The dotted keys of what is secret, "*" for the items of a list or a key of any name.
std::vector<std::string> secret_keys(const json::Value& schema);
/// Takes the secrets out of a configuration and returns them (texts as they are, all else as JSON), so that they can be struck
/// from messages too.
std::vector<std::string> remove_secrets(const json::Value& schema, json::Value& config);

/// What a secret is written as.
inline constexpr std::string_view hidden = "***";
/// Writes it for every secret that is set; null and "" stay.
void hide_secrets(const json::Value& schema, json::Value& config, json::Document::AllocatorType& allocator);
/// The dotted keys of the secrets that have been hidden.
std::vector<std::string> hidden_secrets(const json::Value& schema, const json::Value& config);

}  // namespace sextant::schema
