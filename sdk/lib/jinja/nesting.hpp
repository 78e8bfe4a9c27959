// What the evaluator's files share.
#pragma once
#include "evaluator.hpp"

namespace sextant::jinja {

struct Evaluator::Deeper {
  explicit Deeper(Evaluator& e);
  ~Deeper() { --evaluator.depth_; }
  Evaluator& evaluator;
};

/// A value in an error message: "'x' is undefined", or its type.
inline std::string describe(const Value& v) {
  if (v.is_undefined()) return (v.undefined_name().empty() ? "a value" : v.undefined_name()) + " is undefined";
  return std::string("a value of type ") + type_name(v);
}

}  // namespace sextant::jinja
