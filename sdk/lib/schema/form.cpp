// Whether a schema is one: each keyword has a value of its form, wherever a reference leads.
#include "rules.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <unordered_set>
#include <rapidjson/pointer.h>
#include <sextant/message_text.hpp>

namespace sextant::schema {
namespace {

enum class Form {
  schema, schemas, schema_map, pattern_map, schema_or_bool, schema_or_schemas, dependencies,
  types, list, strings, count, number, factor, flag, regex
};

struct Keyword {
  std::string_view name;
  Form form;
};
constexpr Keyword keywords[] = {
    {"type", Form::types},
    {"enum", Form::list},
    {"properties", Form::schema_map},
    {"patternProperties", Form::pattern_map},
    {"additionalProperties", Form::schema_or_bool},
    {"required", Form::strings},
    {"minProperties", Form::count},
    {"maxProperties", Form::count},
    {"dependencies", Form::dependencies},
    {"items", Form::schema_or_schemas},
    {"additionalItems", Form::schema_or_bool},
    {"minItems", Form::count},
    {"maxItems", Form::count},
    {"uniqueItems", Form::flag},
    {"minLength", Form::count},
    {"maxLength", Form::count},
    {"pattern", Form::regex},
    {"minimum", Form::number},
    {"exclusiveMinimum", Form::flag},
    {"maximum", Form::number},
    {"exclusiveMaximum", Form::flag},
    {"multipleOf", Form::factor},
    {"allOf", Form::schemas},
    {"anyOf", Form::schemas},
    {"oneOf", Form::schemas},
    {"not", Form::schema},
    {"definitions", Form::schema_map},
    {"x-affects-results", Form::flag},
    {"x-secret", Form::flag},
};

std::string_view wanted(Form form) {
  switch (form) {
    case Form::schema: return "a schema (an object)";
    case Form::schemas: return "a list of schemas (objects) that is not empty";
    case Form::schema_map: return "an object of schemas (objects)";
    case Form::pattern_map: return "an object of schemas (objects) whose names are regular expressions";
    case Form::schema_or_bool: return "a schema (an object), true or false";
    case Form::schema_or_schemas: return "a schema (an object) or a list of schemas";
    case Form::dependencies: return "an object of schemas (objects) or lists of names";
    case Form::types: return R"("null", "boolean", "integer", "number", "string", "array", "object", or a list of these)";
    case Form::list: return "a list that is not empty";
    case Form::strings: return "a list of names";
    case Form::count: return "a whole number of 0 or more";
    case Form::number: return "a number";
    case Form::factor: return "a number above 0";
    case Form::flag: return "true or false";
    case Form::regex: return "a regular expression";
  }
  return "";
}

bool is_type(const json::Value& value) {
  constexpr std::string_view names[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
  return value.IsString() && std::find(std::begin(names), std::end(names), json::text(value)) != std::end(names);
}
bool is_schema(const json::Value& value) { return value.IsObject(); }
bool is_string(const json::Value& value) { return value.IsString(); }
bool is_list_of(const json::Value& value, bool (*item)(const json::Value&)) {
  return value.IsArray() && std::all_of(value.Begin(), value.End(), item);
}
bool is_regex(const json::Value& value) { return value.IsString() && schema_regex(json::text(value)); }
template <class F>
bool is_map_of(const json::Value& value, F member) {
  return value.IsObject() && std::all_of(value.MemberBegin(), value.MemberEnd(), member);
}

bool has_form(const json::Value& value, Form form) {
  switch (form) {
    case Form::schema: return is_schema(value);
    case Form::schemas: return is_list_of(value, is_schema) && !value.Empty();
    case Form::schema_map: return is_map_of(value, [](const auto& m) { return is_schema(m.value); });
    case Form::pattern_map: return is_map_of(value, [](const auto& m) { return is_regex(m.name) && is_schema(m.value); });
    case Form::schema_or_bool: return value.IsBool() || is_schema(value);
    case Form::schema_or_schemas: return is_schema(value) || is_list_of(value, is_schema);
    case Form::dependencies:
      return is_map_of(value, [](const auto& m) { return is_schema(m.value) || is_list_of(m.value, is_string); });
    case Form::types: return is_type(value) || (is_list_of(value, is_type) && !value.Empty());
    case Form::list: return value.IsArray() && !value.Empty();
    case Form::strings: return is_list_of(value, is_string);
    case Form::count: return value.IsUint64();
    case Form::number: return value.IsNumber();
    case Form::factor: return value.IsNumber() && value.GetDouble() > 0;
    case Form::flag: return value.IsBool();
    case Form::regex: return is_regex(value);
  }
  return false;
}

/// The schemas in a keyword's value, which has its form.
void add_schemas(const json::Value& value, Form form, std::vector<const json::Value*>& out) {
  switch (form) {
    case Form::schema_map:
    case Form::pattern_map:
    case Form::dependencies:
      for (const auto& member : value.GetObject())
        if (member.value.IsObject()) out.push_back(&member.value);
      return;
    case Form::schemas:
    case Form::schema_or_schemas:
      if (value.IsArray())
        for (const auto& item : value.GetArray()) out.push_back(&item);
      [[fallthrough]];
    case Form::schema:
    case Form::schema_or_bool:
      if (value.IsObject()) out.push_back(&value);
      return;
    default: return;
  }
}

}  // namespace

Result<Regex> schema_regex(std::string_view pattern) {
  RegexOptions options;
  options.unicode_classes = false;
  options.dollar_is_end = options.valid_text = true;  // ECMA 262
  // a sane pattern takes some hundred steps on a configuration's value; what backtracks without an end is ended within
  // milliseconds
  options.limits = {.steps = 100'000, .heap_kib = 16'384, .seconds = 1};
  options.error_kind = Error::Kind::data;
  return Regex::compile(pattern, std::move(options));
}

const json::Value* follow_references(const json::Value& schema, const json::Value& root) {
  const json::Value* target = &schema;
  constexpr int hops_max = 16;
  for (int hops = 0; target && target->IsObject(); ++hops) {
    const json::Value* reference = json::find(*target, "$ref");
    if (!reference) return target;
    if (!reference->IsString() || hops == hops_max || !json::text(*reference).starts_with('#')) return nullptr;
    const rapidjson::Pointer pointer(reference->GetString(), reference->GetStringLength());
    target = pointer.IsValid() ? pointer.Get(root) : nullptr;
  }
  return nullptr;
}

std::string schema_fault(const json::Value& root) {
  std::unordered_set<const json::Value*> seen;
  std::vector<const json::Value*> open = {&root};
  while (!open.empty()) {
    const json::Value* schema = open.back();
    open.pop_back();
    if (!seen.insert(schema).second) continue;
    if (const json::Value* reference = json::find(*schema, "$ref")) {
      const json::Value* target = follow_references(*schema, root);
      if (!target)
        return fmt::format("the \"$ref\" {}, which leads nowhere or in a circle", shorten(json::write(*reference), 120));
      open.push_back(target);
      continue;  // what stands beside a reference does not count
    }
    for (const auto& [name, form] : keywords) {
      const json::Value* value = json::find(*schema, name);
      if (!value) continue;
      if (!has_form(*value, form))
        return fmt::format("the \"{}\" {}, which must be {}", name, shorten(json::write(*value), 120), wanted(form));
      add_schemas(*value, form, open);
    }
  }
  return "";
}

}  // namespace sextant::schema
