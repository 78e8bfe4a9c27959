#include <sextant/json_schema.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <sextant/message_text.hpp>
#include "rules.hpp"

namespace sextant::schema {
namespace {

std::string type_text(const json::Value& schema) {
  std::vector<std::string> parts;
  if (const json::Value* values = json::find(schema, "enum"); values && values->IsArray()) {
    for (const auto& value : values->GetArray()) parts.push_back(json::write(value));
    return "one of " + join(parts, ", ");
  }
  for (const char* keyword : {"anyOf", "oneOf"})
    if (const json::Value* choices = json::find(schema, keyword); choices && choices->IsArray()) {
      for (const auto& choice : choices->GetArray()) parts.push_back(type_text(choice));
      return join(parts, " or ");
    }
  const json::Value* type = json::find(schema, "type");
  if (type && type->IsArray())
    for (const auto& name : type->GetArray()) parts.emplace_back(name.IsString() ? json::text(name) : "?");
  if (type && type->IsString()) parts.emplace_back(json::text(*type));
  return parts.empty() ? "any" : join(parts, "|");
}

/// The value as a message may show it.
std::string found(const json::Value& schema, const json::Value& value) {
  return json::find_bool(schema, "x-secret").value_or(false) ? "***" : shorten(json::write(value), 60);
}

/// What is wrong, as a sentence behind "origin: component ".
std::string sentence(const Breach& breach) {
  const std::string key = join(breach.path, ".");
  if (breach.keyword == "additionalProperties") {
    const std::vector<std::string> names = property_names(*breach.schema);
    const std::string others = names.empty() ? "it takes no configuration" : fmt::format("its keys are {}", join(names, ", "));
    return fmt::format("does not know the key '{}'{}; {}", key, did_you_mean(breach.path.back(), names), others);
  }
  if (breach.keyword == "required")
    for (const auto& name : (*breach.schema)["required"].GetArray())
      if (!breach.value->HasMember(name))
        return fmt::format("needs the key '{}{}', which is not given", key.empty() ? "" : key + ".", json::text(name));
  return (key.empty() ? "is configured with a value that " : fmt::format("has the key '{}', which ", key)) +
         complaint(breach);
}

void fill_defaults(const json::Value& schema, json::Value& config, json::Document::AllocatorType& allocator) {
  const json::Value* properties = json::find(schema, "properties");
  if (!properties || !properties->IsObject() || !config.IsObject()) return;
  for (const auto& member : properties->GetObject()) {
    const std::string_view name = json::text(member.name);
    if (const json::Value* otherwise = json::find(member.value, "default"); otherwise && !json::find(config, name))
      json::set(config, name, json::Value(*otherwise, allocator), allocator);
    if (const auto it = config.FindMember(member.name); it != config.MemberEnd())
      fill_defaults(member.value, it->value, allocator);
  }
}

void add_options(const json::Value& schema, const std::string& prefix, std::vector<Option>& out) {
  const json::Value* properties = json::find(schema, "properties");
  if (!properties || !properties->IsObject()) return;
  const json::Value* required = json::find(schema, "required");
  for (const auto& member : properties->GetObject()) {
    Option option;
    option.name = prefix + std::string(json::text(member.name));
    option.type = type_text(member.value);
    option.description = json::find_string(member.value, "description").value_or("");
    if (const json::Value* value = json::find(member.value, "default")) option.default_json = json::write(*value);
    if (required && required->IsArray())
      for (const auto& name : required->GetArray())
        option.required |= name.IsString() && json::text(name) == json::text(member.name);
    out.push_back(option);
    add_options(member.value, option.name + ".", out);
  }
}

}  // namespace

std::vector<std::string> property_names(const json::Value& schema) {
  std::vector<std::string> names;
  if (const json::Value* properties = json::find(schema, "properties"); properties && properties->IsObject())
    for (const auto& member : properties->GetObject()) names.emplace_back(json::text(member.name));
  return names;
}

std::string complaint(const Breach& breach) {
  const std::string_view keyword = breach.keyword;
  const json::Value &schema = *breach.schema, &value = *breach.value;
  const json::Value* limit = json::find(schema, keyword);
  const std::string wanted = limit ? shorten(json::write(*limit), 120) : "?";
  if (keyword == "type" || keyword == "enum") return fmt::format("must be {}, not {}", type_text(schema), found(schema, value));
  if (keyword == "minimum" || keyword == "exclusiveMinimum" || keyword == "maximum" || keyword == "exclusiveMaximum") {
    const bool lower = keyword.ends_with("inimum");
    const json::Value* bound = json::find(schema, lower ? "minimum" : "maximum");
    const json::Value* open = json::find(schema, lower ? "exclusiveMinimum" : "exclusiveMaximum");
    const bool exclusive = open && open->IsBool() && open->GetBool();
    return fmt::format("must be {}{} {}, not {}", exclusive ? (lower ? "greater than" : "less than") : "at ",
                       exclusive ? "" : (lower ? "least" : "most"), bound ? json::write(*bound) : "?", found(schema, value));
  }
  if (keyword == "multipleOf") return fmt::format("must be a multiple of {}, not {}", wanted, found(schema, value));
  if (keyword == "minLength") return fmt::format("must have at least {} characters, not {}", wanted, found(schema, value));
  if (keyword == "maxLength") return fmt::format("must have at most {} characters, not {}", wanted, found(schema, value));
  if (keyword == "pattern") return fmt::format("must match the pattern {}, not {}", wanted, found(schema, value));
  if (keyword == "minItems") return fmt::format("must have at least {} items", wanted);
  if (keyword == "maxItems" || keyword == "additionalItems")
    return fmt::format("has more items than the {} allowed", limit && limit->IsUint() ? wanted : "number");
  if (keyword == "uniqueItems") return "must not hold an item twice";
  if (keyword == "minProperties") return fmt::format("must have at least {} keys", wanted);
  if (keyword == "maxProperties") return fmt::format("must have at most {} keys", wanted);
  if (keyword == "anyOf" || keyword == "oneOf")
    return fmt::format("must be {}, not {}", type_text(schema), found(schema, value));
  return fmt::format("breaks the rule \"{}\" of its schema with {}", keyword, found(schema, value));
}

Result<json::Document> parse(std::string_view schema, std::string_view origin) {
  auto parsed = json::parse(schema, origin);
  if (!parsed) return Error{Error::Kind::data, parsed.error().message};
  if (!parsed->IsObject() || parsed->HasMember("$ref"))
    return Error{Error::Kind::data, fmt::format("{} must be a JSON Schema object without a $ref at its root", origin)};
  if (const std::string fault = schema_fault(*parsed); !fault.empty())
    return Error{Error::Kind::data, fmt::format("{} has {}", origin, fault)};
  if (const auto type = json::find_string(*parsed, "type"); type && *type != "object")
    return Error{Error::Kind::data,
                 fmt::format("{} describes a \"{}\"; a configuration is always an \"object\"", origin, *type)};
  return parsed;
}

Result<std::string> check_config(std::string_view component, std::string_view schema, std::string_view config_json,
                                 std::string_view origin) {
  SXT_TRY(const json::Document schema_root, parse(schema, fmt::format("the schema of {}", component)));
  SXT_TRY(json::Document config,
          json::parse(config_json.empty() ? "{}" : config_json, fmt::format("{}: {}", origin, component)));
  if (!config.IsObject())
    return Error{Error::Kind::config, fmt::format("{}: {} is configured with {}; give a JSON object", origin, component,
                                                  shorten(json::write(config), 60))};
  const auto breach = find_breach(schema_root, config);
  if (!breach) return Error{breach.error().kind, fmt::format("the schema of {} {}", component, breach.error().message)};
  if (*breach) return Error{Error::Kind::config, fmt::format("{}: {} {}", origin, component, sentence(**breach))};
  fill_defaults(schema_root, config, config.GetAllocator());
  return json::write(config);
}

bool says(std::string_view schema, std::string_view annotation) {
  const auto parsed = json::parse(schema, "schema");
  return parsed && json::find_bool(*parsed, annotation).value_or(false);
}

bool accepts(std::string_view schema, std::string_view property) {
  const auto parsed = json::parse(schema, "schema");
  if (!parsed) return false;
  const json::Value* properties = json::find(*parsed, "properties");
  return properties && json::find(*properties, property);
}

std::vector<Option> options(const json::Value& schema) {
  std::vector<Option> out;
  add_options(schema, "", out);
  return out;
}

}  // namespace sextant::schema
