// What files in JSON are built of here.
#pragma once
#include <sextant/json.hpp>

namespace sextant::exchange {

using Value = json::Value;
using Allocator = json::Document::AllocatorType;

inline Value object() { return Value(rapidjson::kObjectType); }
inline Value array() { return Value(rapidjson::kArrayType); }
inline Value null() { return Value(rapidjson::kNullType); }

}  // namespace sextant::exchange
