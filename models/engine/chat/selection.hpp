// Parts of items by name, as filters take them: "role", "function.name", 0.
#pragma once
#include "evaluator.hpp"

namespace sextant::engine::jinja {

/// The part of `v` that `name` leads to: an integer, or names between dots. Undefined where there is none.
Value part_of(Evaluator& e, const Value& v, const Value& name);
/// "a,b" as "a" and "b".
Values split_names(const Value& names);

}  // namespace sextant::engine::jinja
