// Python's ast.literal_eval as far as texts of data sets have it: lists, tuples, maps, texts, numbers, True, False, None. Pure.
// Threads: [any].
#pragma once
#include <optional>
#include <string_view>
#include <sextant/json.hpp>

namespace sextant::load {

/// Nothing where the text is not a literal. A tuple or set becomes a list; keys of maps must be texts.
std::optional<json::Value> python_literal(std::string_view text, json::Document::AllocatorType& allocator);

}  // namespace sextant::load
