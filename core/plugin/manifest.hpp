// The manifest: x.json next to x.so, written by `sextant plugins describe`. Listing and help read only these.
//   {"schema": 1, "abi_major": 1, "abi_minor": 0, "sha256": "<of the .so>", "components": [{"kind": "metric", "id": "bleu",
//    "version": "1", "summary": "...", "license": "...", "capabilities": ["deterministic"], "schema": {JSON Schema},
//    "facts"?: {what sextant/abi/<kind>.h says}}]}
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include "registry.hpp"

namespace sextant::plugin {

/// "metric:bleu"
std::string component_name(Kind kind, std::string_view id);
/// "deterministic", ...; a bit that this program does not know is left out.
std::vector<std::string> capability_names(uint32_t capabilities);
/// [a-z0-9_]+, at most 128 bytes
bool is_component_id(std::string_view id);

/// `origin` names the manifest in errors (a file, or the probe's output); `library` is the .so that it describes.
Result<PluginFile> parse_manifest(std::string_view text, std::string_view origin, const std::filesystem::path& library);

/// What a loaded library says of itself, checked: ids, schemas, nothing twice. `sha256` is left empty.
Result<PluginFile> facts_of(const sxt_entry& entry, const std::filesystem::path& library);

json::Document manifest_json(const PluginFile& file);
json::Value component_json(const ComponentInfo& component, json::Document::AllocatorType& allocator);

}  // namespace sextant::plugin
