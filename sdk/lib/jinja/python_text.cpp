// What templates print and `tojson` writes, of JSON and without a template.
#include <sextant/python_text.hpp>
#include <limits>
#include "library.hpp"

namespace sextant {
namespace {

constexpr size_t unlimited = std::numeric_limits<size_t>::max();

template <class Write> std::string written(const json::Value& value, const Write& write) {
  try {
    return write(jinja::from_json(value));
  } catch (const jinja::Failure&) {
    return json::write(value);
  }
}

}  // namespace

std::string python_float(double value) { return jinja::real_text(value); }

std::string python_str(const json::Value& value) {
  if (value.IsString()) return std::string(json::text(value));
  return written(value, [](const jinja::Value& v) { return jinja::to_repr(v, unlimited); });
}

std::string python_dumps(const json::Value& value) {
  const jinja::JsonStyle style{false, false, "  ", ",", ": "};
  return written(value, [&](const jinja::Value& v) { return jinja::python_json(v, style, unlimited); });
}

}  // namespace sextant
