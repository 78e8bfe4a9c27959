// Text out of a file that anybody may have made, as an error message can show it.
#pragma once
#include <string>
#include <string_view>
#include <sextant/json.hpp>
#include <sextant/utf8.hpp>

namespace sextant::engine {

/// Quoted, escaped and cut after 80 bytes.
inline std::string shown(std::string_view name) {
  const std::string_view cut = name.substr(0, 80);
  return json::quote(cut.substr(0, utf8::valid_prefix(cut))) + (cut.size() < name.size() ? "..." : "");
}

}  // namespace sextant::engine
