// Are two sides of a comparison one model in two precisions?
#pragma once
#include <optional>
#include <string>
#include "compare_runs.hpp"

namespace sextant::cli {

/// A name without what says of weights in which format they are: "tiny.Q4_K_M.gguf" and "Tiny-bf16" are both "tiny". Of a
/// name that says nothing of it, all of it in lower case.
std::string without_format(std::string_view name);

/// What says so, as a sentence; nothing: nothing does. The same weights and another compute type are certain. Of other weights
/// names and tokens decide: the same tokenizer, and names that differ in the format alone.
std::optional<std::string> precisions_of(const Subject& a, const Subject& b);

}  // namespace sextant::cli
