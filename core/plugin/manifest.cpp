#include "manifest.hpp"
#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <sextant/json_schema.hpp>
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "call.hpp"
#include "elf_check.hpp"
#include "facts.hpp"

namespace sextant::plugin {
namespace fs = std::filesystem;
namespace {

constexpr int64_t manifest_schema = 1;
constexpr std::array<std::pair<Kind, std::string_view>, 7> kinds{{{Kind::dataset, "dataset"}, {Kind::template_, "template"},
    {Kind::retriever, "retriever"}, {Kind::inferencer, "inferencer"}, {Kind::model, "model"}, {Kind::metric, "metric"},
    {Kind::postprocessor, "postprocessor"}}};
constexpr std::array<std::pair<uint32_t, std::string_view>, 3> capabilities_known{{{SXT_CAP_CONCURRENT, "concurrent"},
    {SXT_CAP_DETERMINISTIC, "deterministic"}, {SXT_CAP_NEEDS_GPU, "needs_gpu"}}};

Error bad_manifest(std::string_view origin, const fs::path& library, std::string_view why) {
  return {Error::Kind::data,
          fmt::format("{}: {}; write it anew with 'sextant plugins describe {}'", origin, why, library.string())};
}

Result<ComponentInfo> parse_component(const json::Value& value, std::string_view origin, const fs::path& library) {
  for (const char* key : {"kind", "id", "version"})
    if (!json::find_string(value, key))
      return bad_manifest(origin, library, fmt::format("a component lacks the text \"{}\"", key));
  ComponentInfo out;
  const auto kind = kind_from_name(*json::find_string(value, "kind"));
  if (!kind) return bad_manifest(origin, library, kind.error().message);
  out.kind = *kind;
  out.id = *json::find_string(value, "id");
  out.version = *json::find_string(value, "version");
  out.summary = json::find_string(value, "summary").value_or("");
  out.license = json::find_string(value, "license").value_or("");
  if (!is_component_id(out.id))
    return bad_manifest(origin, library, fmt::format("the id {} may only hold a-z, 0-9 and _", json::quote(out.id)));
  const json::Value* schema = json::find(value, "schema");
  if (!schema || !schema->IsObject())
    return bad_manifest(origin, library, fmt::format("{} lacks its \"schema\"", component_name(out.kind, out.id)));
  out.schema = json::write(*schema);
  if (const json::Value* names = json::find(value, "capabilities"); names && names->IsArray())
    for (const auto& name : names->GetArray())
      for (const auto& [bit, known] : capabilities_known)
        if (name.IsString() && json::text(name) == known) out.capabilities |= bit;
  if (const json::Value* facts = json::find(value, "facts")) out.facts = json::write(*facts);
  if (const auto sound = check_facts(out); !sound) return bad_manifest(origin, library, sound.error().message);
  return out;
}

Result<void> check_unique(const std::vector<ComponentInfo>& components, const fs::path& library) {
  for (size_t i = 0; i < components.size(); ++i)
    for (size_t k = 0; k < i; ++k)
      if (components[i].kind == components[k].kind && components[i].id == components[k].id)
        return Error{Error::Kind::data, fmt::format("{} holds {} twice; rename one of them", library.string(),
                                                    component_name(components[i].kind, components[i].id))};
  return {};
}

std::string text_or_empty(const char* text) { return text ? text : ""; }

json::Value text_value(std::string_view text, json::Document::AllocatorType& allocator) {
  return {text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator};
}

}  // namespace

std::string_view kind_name(Kind kind) {
  for (const auto& [known, name] : kinds)
    if (known == kind) return name;
  return "component";
}

Result<Kind> kind_from_name(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& [kind, known] : kinds) {
    if (known == name) return kind;
    names.emplace_back(known);
  }
  return Error{Error::Kind::usage,
               fmt::format("there is no kind '{}'{}; the kinds are {}", name, did_you_mean(name, names), join(names, ", "))};
}

std::string component_name(Kind kind, std::string_view id) { return fmt::format("{}:{}", kind_name(kind), id); }

std::vector<std::string> capability_names(uint32_t capabilities) {
  std::vector<std::string> names;
  for (const auto& [bit, name] : capabilities_known)
    if (capabilities & bit) names.emplace_back(name);
  return names;
}

bool is_component_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         std::all_of(id.begin(), id.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

Result<PluginFile> parse_manifest(std::string_view text, std::string_view origin, const fs::path& library) {
  auto parsed = json::parse(text, origin);
  if (!parsed)
    return Error{Error::Kind::data,
                 fmt::format("{}; write it anew with 'sextant plugins describe {}'", parsed.error().message, library.string())};
  const json::Document& document = *parsed;
  const auto schema = json::find_int(document, "schema"), major = json::find_int(document, "abi_major"),
             minor = json::find_int(document, "abi_minor");
  if (!schema) return bad_manifest(origin, library, "it lacks the number \"schema\", so it is not a plugin manifest");
  if (*schema != manifest_schema)
    return bad_manifest(origin, library, fmt::format("its \"schema\" is {}, this program reads {}", *schema, manifest_schema));
  if (!major || !minor || *major < 0 || *minor < 0 || *major > UINT32_MAX || *minor > UINT32_MAX)
    return bad_manifest(origin, library, "it lacks \"abi_major\" or \"abi_minor\"");
  SXT_CHECK(check_abi(static_cast<uint32_t>(*major), static_cast<uint32_t>(*minor), library));
  const auto sha256 = json::find_string(document, "sha256");
  if (!sha256 || sha256->size() != 64)
    return bad_manifest(origin, library, "it lacks the \"sha256\" of the library (64 hex digits)");
  const json::Value* components = json::find(document, "components");
  if (!components || !components->IsArray() || components->Empty())
    return bad_manifest(origin, library, "it lists no \"components\"");
  PluginFile out;
  out.path = library;
  out.sha256 = *sha256;
  out.abi_major = static_cast<uint32_t>(*major);
  out.abi_minor = static_cast<uint32_t>(*minor);
  for (const auto& value : components->GetArray()) {
    SXT_TRY(ComponentInfo component, parse_component(value, origin, library));
    out.components.push_back(std::move(component));
  }
  SXT_CHECK(check_unique(out.components, library));
  return out;
}

Result<PluginFile> facts_of(const sxt_entry& entry, const fs::path& library) {
  const auto bad = [&](std::string_view why) { return Error{Error::Kind::data, fmt::format("{} {}", library.string(), why)}; };
  PluginFile out;
  out.path = library;
  out.abi_major = entry.abi_major;
  out.abi_minor = entry.abi_minor;
  if (!entry.components) return bad("has a " SXT_ENTRY_SYMBOL " without components");
  for (uint32_t i = 0; i < entry.component_count; ++i) {
    const sxt_component* component = entry.components[i];
    if (!component || !SXT_HAS(component, create) || !component->id)
      return bad(fmt::format("has no usable component {} (it is NULL, too small, or lacks id or create)", i));
    ComponentInfo info;
    info.kind = static_cast<Kind>(component->kind);
    info.id = component->id;
    if (!is_component_id(info.id))
      return bad(fmt::format("has the id \"{}\"; an id may only hold a-z, 0-9 and _", shorten(one_line(info.id), 40)));
    if (kind_name(info.kind) == "component")
      return bad(fmt::format("has '{}' of the unknown kind {}", shorten(info.id, 40), component->kind));
    info.version = text_or_empty(component->version);
    info.summary = text_or_empty(component->summary);
    info.license = text_or_empty(component->license);
    for (const std::string* text : {&info.version, &info.summary, &info.license})
      if (!utf8::is_valid(*text))
        return bad(fmt::format("describes {} in a text that is not UTF-8", component_name(info.kind, info.id)));
    info.capabilities = component->capabilities;
    const std::string name = component_name(info.kind, info.id);
    SXT_TRY(const json::Document schema,
            schema::parse(component->config_schema ? component->config_schema : R"({"type":"object"})",
                         fmt::format("{}: the schema of {}", library.string(), name)));
    info.schema = json::write(schema);
    if (SXT_HAS(component, facts_json)) info.facts = component->facts_json;
    if (const auto sound = check_facts(info); !sound)
      return Error{Error::Kind::data, fmt::format("{}: {}", library.string(), sound.error().message)};
    out.components.push_back(std::move(info));
  }
  SXT_CHECK(check_unique(out.components, library));
  return out;
}

json::Value component_json(const ComponentInfo& component, json::Document::AllocatorType& allocator) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "kind", kind_name(component.kind), allocator);
  json::set(out, "id", component.id, allocator);
  json::set(out, "version", component.version, allocator);
  json::set(out, "summary", component.summary, allocator);
  json::set(out, "license", component.license, allocator);
  json::Value names(rapidjson::kArrayType);
  for (const std::string& name : capability_names(component.capabilities))
    names.PushBack(text_value(name, allocator), allocator);
  json::set(out, "capabilities", std::move(names), allocator);
  json::Value schema(rapidjson::kObjectType);
  if (const auto parsed = json::parse(component.schema, component.id)) schema.CopyFrom(*parsed, allocator);
  json::set(out, "schema", std::move(schema), allocator);
  if (component.facts.empty()) return out;
  json::Value facts(rapidjson::kObjectType);
  if (const auto parsed = json::parse(component.facts, component.id)) facts.CopyFrom(*parsed, allocator);
  json::set(out, "facts", std::move(facts), allocator);
  return out;
}

json::Document manifest_json(const PluginFile& file) {
  json::Document out(rapidjson::kObjectType);
  auto& allocator = out.GetAllocator();
  json::set(out, "schema", json::Value(manifest_schema), allocator);
  json::set(out, "abi_major", json::Value(file.abi_major), allocator);
  json::set(out, "abi_minor", json::Value(file.abi_minor), allocator);
  json::set(out, "sha256", file.sha256, allocator);
  json::Value components(rapidjson::kArrayType);
  for (const ComponentInfo& component : file.components) components.PushBack(component_json(component, allocator), allocator);
  json::set(out, "components", std::move(components), allocator);
  return out;
}

}  // namespace sextant::plugin
