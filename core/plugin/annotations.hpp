// What a component's schema says of its keys for the core (sextant/abi/base.h): "x-affects-results": false, "x-secret": true.
// Nested objects are looked into. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::plugin {

/// What a secret is written as.
inline constexpr std::string_view hidden = "***";

/// Takes the keys out of `config` that no answer can depend on.
void remove_without_effect(json::Value& config, const json::Value& schema);
/// Writes "***" for every secret that is set; null and "" stay.
void hide_secrets(json::Value& config, const json::Value& schema, json::Document::AllocatorType& allocator);
/// The same for texts; what cannot be parsed is returned as it is.
std::string with_hidden_secrets(std::string_view config_json, std::string_view schema_json);
/// Dotted names of the secrets that are "***" in `config`: they were hidden when it was written, and must be given anew.
std::vector<std::string> hidden_secrets(const json::Value& config, const json::Value& schema);

}  // namespace sextant::plugin
