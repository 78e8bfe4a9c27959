// What filters on items share. Parts by name: "role", "function.name", 0.
#pragma once
#include "evaluator.hpp"

namespace sextant::jinja {

/// The part of `v` that `name` leads to: an integer, or names between dots. Where there is none, also on the way: `otherwise`,
/// or undefined.
Value part_of(Evaluator& e, const Value& v, const Value& name, const Value* otherwise = nullptr);
/// "a,b" as "a" and "b".
Values split_names(const Value& names);
/// What is compared for sorting and grouping: strings without case unless it is asked for.
Value sort_key(const Value& v, bool case_sensitive);
/// The positions of the keys from the least to the greatest; equal ones keep their order.
std::vector<size_t> sorted_order(Evaluator& e, const Values& keys, bool reverse);

}  // namespace sextant::jinja
