#include "meta_template.hpp"
#include <fmt/format.h>

namespace sextant::render {
namespace {

Error wrong(const std::string& where, std::string_view what) {
  return {Error::Kind::config, fmt::format("meta_template: {} {}", where, what)};
}

Result<Role> read_role(const json::Value& value, const std::string& where) {
  const auto name = json::find_string(value, "role");
  if (!name || name->empty()) return wrong(where, "must be an object with a \"role\", such as {\"role\": \"HUMAN\"}");
  Role role{*name, json::find_string(value, "begin").value_or(""), json::find_string(value, "end").value_or(""),
            json::find_string(value, "prompt").value_or(""), json::find_bool(value, "generate").value_or(false)};
  // api_role, which OpenCompass' model files also carry, only matters where turns are sent as such
  for (const auto& member : value.GetObject()) {
    const std::string_view key = json::text(member.name);
    const bool text = key == "role" || key == "begin" || key == "end" || key == "prompt" || key == "api_role";
    if (!text && key != "generate")
      return wrong(where, fmt::format("has the unknown key \"{}\"; known are role, begin, end, prompt, generate", key));
    if (text ? !member.value.IsString() : !member.value.IsBool())
      return wrong(fmt::format("{}.{}", where, key), text ? "must be a text" : "must be true or false");
  }
  return role;
}

Result<std::vector<Role>> read_roles(const json::Value& object, const char* key) {
  std::vector<Role> roles;
  const json::Value* list = json::find(object, key);
  if (!list) return roles;
  if (!list->IsArray()) return wrong(key, "must be a list of roles");
  for (const auto& item : list->GetArray()) {
    SXT_TRY(Role role, read_role(item, fmt::format("{}[{}]", key, roles.size())));
    roles.push_back(std::move(role));
  }
  return roles;
}

}  // namespace

const Role* MetaTemplate::find(std::string_view role, std::string_view fallback_role) const {
  for (const std::string_view name : {role, fallback_role}) {
    if (name.empty()) continue;
    for (const auto* roles : {&round, &reserved})
      for (const Role& known : *roles)
        if (known.name == name) return &known;
  }
  return nullptr;
}

Result<const Role*> MetaTemplate::find_or_fail(std::string_view role, std::string_view fallback_role) const {
  if (const Role* known = find(role, fallback_role)) return known;
  std::string names;
  for (const auto* roles : {&round, &reserved})
    for (const Role& known : *roles) names += (names.empty() ? "" : ", ") + known.name;
  return wrong(fmt::format("does not know the role \"{}\"", role),
               fmt::format("that the template uses (it has {}); add it to reserved_roles, or give the turn a fallback_role",
                           names));
}

const Role* MetaTemplate::generating() const {
  for (const Role& role : round)
    if (role.generate) return &role;
  return nullptr;
}

Result<MetaTemplate> parse_meta_template(std::string_view json_text) {
  SXT_TRY(const json::Document document, json::parse(json_text, "meta_template"));
  if (!document.IsObject()) return wrong("must be an object", "with a \"round\"");
  for (const auto& member : document.GetObject()) {
    const std::string_view key = json::text(member.name);
    if (key == "begin" || key == "end") {
      if (!member.value.IsString()) return wrong(std::string(key), "must be a text");
    } else if (key != "round" && key != "reserved_roles") {
      return wrong(fmt::format("has the unknown key \"{}\";", key), "known are begin, round, end, reserved_roles");
    }
  }
  MetaTemplate meta;
  meta.begin = json::find_string(document, "begin").value_or("");
  meta.end = json::find_string(document, "end").value_or("");
  SXT_TRY(meta.round, read_roles(document, "round"));
  SXT_TRY(meta.reserved, read_roles(document, "reserved_roles"));
  if (meta.round.empty()) return wrong("round", "must list at least one role");
  return meta;
}

}  // namespace sextant::render
