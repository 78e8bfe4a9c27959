// `sextant model info` as text: whatever members a backend describes a model with, as a person reads them.
#pragma once
#include <string>
#include <sextant/json.hpp>

namespace sextant::cli {

/// One line a member, names on the left; the members of an object are indented below its name, sentences stand each on a line
/// of its own. Bytes are in MiB as well.
std::string model_info_text(const json::Value& about);

}  // namespace sextant::cli
