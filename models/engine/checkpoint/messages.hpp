// What error messages about files that anybody may have made are built from.
#pragma once
#include <string>
#include <string_view>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/utf8.hpp>

namespace sextant::engine {

/// Text out of such a file: quoted, escaped and cut after 80 bytes.
inline std::string shown(std::string_view name) {
  const std::string_view cut = name.substr(0, 80);
  return json::quote(cut.substr(0, utf8::valid_prefix(cut))) + (cut.size() < name.size() ? "..." : "");
}

/// `what` says what is wrong and what to do.
inline Error refused(std::string_view path, std::string_view what) {
  return {Error::Kind::data, fmt::format("{}: {}", path, what)};
}

}  // namespace sextant::engine
