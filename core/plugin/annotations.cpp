#include "annotations.hpp"
#include <functional>

namespace sextant::plugin {
namespace {

/// Calls `use` with each member of `config` that the schema has as a property, its schema and its dotted name; where it says true,
/// the member is taken out.
void walk(json::Value& config, const json::Value& schema, const std::string& prefix,
          const std::function<bool(json::Value& value, const json::Value& schema, const std::string& name)>& use) {
  const json::Value* properties = json::find(schema, "properties");
  if (!config.IsObject() || !properties || !properties->IsObject()) return;
  for (const auto& property : properties->GetObject()) {
    const auto member = config.FindMember(property.name);
    if (member == config.MemberEnd()) continue;
    const std::string name = prefix + std::string(json::text(property.name));
    if (use(member->value, property.value, name)) config.EraseMember(member);
    else walk(member->value, property.value, name + ".", use);
  }
}

bool is_secret(const json::Value& schema) { return json::find_bool(schema, "x-secret").value_or(false); }

}  // namespace

void remove_without_effect(json::Value& config, const json::Value& schema) {
  walk(config, schema, "", [](json::Value&, const json::Value& property, const std::string&) {
    return !json::find_bool(property, "x-affects-results").value_or(true);
  });
}

void hide_secrets(json::Value& config, const json::Value& schema, json::Document::AllocatorType& allocator) {
  walk(config, schema, "", [&](json::Value& value, const json::Value& property, const std::string&) {
    const bool unset = value.IsNull() || (value.IsString() && value.GetStringLength() == 0);
    if (is_secret(property) && !unset) value.SetString(hidden.data(), static_cast<rapidjson::SizeType>(hidden.size()), allocator);
    return false;
  });
}

std::string with_hidden_secrets(std::string_view config_json, std::string_view schema_json) {
  auto config = json::parse(config_json, "");
  const auto schema = json::parse(schema_json, "");
  if (!config || !schema) return std::string(config_json);
  hide_secrets(*config, *schema, config->GetAllocator());
  return json::write(*config);
}

std::vector<std::string> hidden_secrets(const json::Value& config, const json::Value& schema) {
  std::vector<std::string> out;
  json::Document copy = json::copy(config);
  walk(copy, schema, "", [&](json::Value& value, const json::Value& property, const std::string& name) {
    if (is_secret(property) && value.IsString() && json::text(value) == hidden) out.push_back(name);
    return false;
  });
  return out;
}

}  // namespace sextant::plugin
