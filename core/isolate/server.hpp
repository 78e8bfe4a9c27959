// `sextant worker isolated SPEC`: this process shuts itself in (sandbox/confine.hpp), loads one component of a plugin, and answers
// docs/protocol.md for it; or becomes the program that the spec names.
#pragma once
#include <string>

namespace sextant::isolate {

/// Its exit code. `spec_json`: plugin::IsolatedSpec.
int serve_isolated_plugin(const std::string& spec_json);

}  // namespace sextant::isolate
