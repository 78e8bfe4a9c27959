// The same prompt written otherwise: separators, marks of options and line ends of a template's own text, which say nothing and
// can move a score all the same (Sclar et al. 2024, "Quantifying language models' sensitivity to spurious features in prompt
// design"). Pure.
#pragma once
#include <cstdint>
#include <sextant/json.hpp>

namespace sextant::config {

inline constexpr uint32_t format_changes = 4;

/// Rewrites the texts of a template's configuration in the way of that number: 1 option marks "A. " become "(A) "; 2 blanks
/// behind colons become line ends; 3 line ends are doubled; 4 words before a colon are upper case. What stands in braces, and
/// Jinja, stays. False where nothing is changed.
bool change_format(json::Value& ret_template, uint32_t number, json::Document::AllocatorType& allocator);

}  // namespace sextant::config
