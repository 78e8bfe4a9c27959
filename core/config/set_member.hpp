// --set KEY=VALUE: one member of a card by its path, and values as a command line writes them. Pure.
#pragma once
#include <string>
#include <utility>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::config {

/// A --xxx-kwargs value as Python would read it: True, False, None, numbers, quoted or bare text; lists and objects as JSON.
json::Document parse_kwarg(const std::string& value);

/// Sets `card`'s member at a path such as "infer.inferencer.max_out_len" or "eval.metrics[0].type"; objects on the way are made
/// where they are missing. A path through a text or beyond a list's end is an Error that names it.
Result<void> set_member(json::Document& card, const std::string& path, const std::string& value);

}  // namespace sextant::config
