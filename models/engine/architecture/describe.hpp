// The table of flags as JSON, for `sextant model info`.
#pragma once
#include <sextant/json.hpp>
#include "architecture.hpp"

namespace sextant::engine {

/// Writes one object: every width, and every flag that says something.
void write_architecture(json::Writer& writer, const Architecture& architecture);

}  // namespace sextant::engine
