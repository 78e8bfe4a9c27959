// What a plain scalar of YAML 1.1 is: https://yaml.org/type/, as PyYAML resolves it.
#pragma once
#include <string_view>
#include <sextant/json.hpp>

namespace sextant::yaml {

/// Null, a boolean, a number, or the text itself.
json::Value plain_scalar(std::string_view text, json::Document::AllocatorType& allocator);

}  // namespace sextant::yaml
