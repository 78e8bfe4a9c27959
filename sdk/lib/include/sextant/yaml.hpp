// YAML as PyYAML's safe loader reads it: the scalars of YAML 1.1 (yes and off are booleans, 1e-5 without a dot is a text),
// merge keys, and of two equal keys the last. The tree comes out as JSON. Pure. Threads: [any].
#pragma once
#include <string>
#include <string_view>
#include <sextant/json.hpp>

namespace sextant::yaml {

/// What a file may hold: no file that a person writes comes near these, and one that was made to exhaust a reader is refused.
struct Limits {
  size_t bytes = 4u << 20;
  size_t values = 50'000;   // aliases counted as often as they are used
  unsigned depth = 60;
};

/// `origin` names the file in errors, which have line and column. A scalar tagged `!function` becomes {"!function":
/// "module.name"}; any other tag of its own is an Error. Numbers that JSON does not have (.nan, .inf) stay texts.
Result<json::Document> parse(std::string_view text, const std::string& origin, const Limits& limits = {});

}  // namespace sextant::yaml
