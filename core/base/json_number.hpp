// Numbers in JSON, which has no NaN.
#pragma once
#include <cmath>
#include <sextant/json.hpp>

namespace sextant {

/// null where it is not finite.
inline json::Value number_or_null(double value) {
  return std::isfinite(value) ? json::Value(value) : json::Value(rapidjson::kNullType);
}

}  // namespace sextant
