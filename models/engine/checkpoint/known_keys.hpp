// What every reader of a model's files asks of a key that it does not follow: is it known, and does it ask for anything? Pure;
// [any] thread.
#pragma once
#include <algorithm>
#include <iterator>
#include <string_view>
#include <sextant/json.hpp>

namespace sextant::engine {

template <size_t n> bool is_one_of(const std::string_view (&names)[n], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// null, false, {} and [] ask for nothing.
inline bool is_off(const json::Value& value) {
  return value.IsNull() || value.IsFalse() || (value.IsObject() && value.ObjectEmpty()) || (value.IsArray() && value.Empty());
}

}  // namespace sextant::engine
