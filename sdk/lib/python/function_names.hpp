// What stands behind the functions that values name: "def/3" is the interpreter's third callable, "known/re.sub" one of ours.
#pragma once
#include <fmt/format.h>
#include <optional>
#include <string>
#include <string_view>
#include "interpreter.hpp"

namespace sextant::python {

inline std::string number_name(const char* kind, size_t number) { return fmt::format("{}/{}", kind, number); }
/// The number of "kind/number".
inline std::optional<size_t> number_of(const Value& v, std::string_view kind) {
  const jinja::Function* f = v.function();
  if (!f || !f->name.starts_with(kind) || f->name.size() <= kind.size() || f->name[kind.size()] != '/') return std::nullopt;
  return static_cast<size_t>(std::stoull(f->name.substr(kind.size() + 1)));
}
inline Value function(std::string name) { return Value(jinja::Function{std::move(name)}); }

inline bool is_list(const Value& v) { return v.list() && v.list()->kind == List::Kind::list; }

}  // namespace sextant::python
