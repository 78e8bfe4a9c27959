// A pattern that stands in this folder's own code: it cannot be wrong.
#pragma once
#include <cassert>
#include <sextant/regex.hpp>

namespace sextant::score {

inline Regex built_in_pattern(const char* text) {
  auto made = Regex::compile(text, {.syntax = RegexOptions::Syntax::python});
  assert(made && "a pattern of the program's own is broken");
  return *std::move(made);
}

}  // namespace sextant::score
