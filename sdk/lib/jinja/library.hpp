// What templates can use by name: filters, tests, functions, and the methods of strings, lists and dicts.
#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <sextant/jinja.hpp>
#include "value.hpp"

namespace sextant::jinja {

class Evaluator;

/// The arguments of a call as they were written.
struct Arguments {
  Values positional = {};
  std::vector<std::pair<std::string, Value>> named = {};
};

/// Arguments by the names of their parameters, in Python's way.
class Bound {
 public:
  /// Throws Failure, which names `callee`, for an argument too many, an unknown name, or one of the first `required` missing.
  Bound(const char* callee, const Arguments& arguments, std::initializer_list<std::string_view> names, size_t required = 0);
  const Value* operator[](size_t i) const { return values_[i] ? &*values_[i] : nullptr; }
  Value get(size_t i, Value otherwise) const { return values_[i].value_or(std::move(otherwise)); }
  bool flag(size_t i, bool otherwise) const { return values_[i] ? truth(*values_[i]) : otherwise; }
  int64_t integer(size_t i, int64_t otherwise) const;
  std::string text(size_t i, std::string_view otherwise) const;  // of a string; anything else is a Failure

 private:
  std::string callee_;
  std::vector<std::optional<Value>> values_;
};

using Filter = Value (*)(Evaluator&, const Value& subject, const Arguments&);
using Test = bool (*)(Evaluator&, const Value& subject, const Arguments&);
using Builtin = Value (*)(Evaluator&, const Arguments&);

/// Throws Failure for a name that begins with _: transformers keeps such attributes out of namespaces.
void check_attribute(std::string_view name);
Filter find_filter(std::string_view name, const Environment& environment);  // null: unknown
Filter find_text_filter(std::string_view name);      // the half of find_filter in filters_text.cpp
Filter find_sequence_filter(std::string_view name);  // the half in filters_sequence.cpp
Filter find_selecting_filter(std::string_view name); // map, select and their kin
Filter find_grouping_filter(std::string_view name);  // batch, slice, groupby
Test find_test(std::string_view name);
Builtin find_builtin(std::string_view name, const Environment& environment);
/// Whether Python's type has that method and the sandbox allows it (it forbids what changes a value).
bool has_method(const Value& self, std::string_view name);
/// Whether Python's type has that attribute and this folder does not.
bool is_unsupported(const Value& self, std::string_view name);
Value call_method(Evaluator&, const Value& self, std::string_view name, const Arguments&);
Value call_text_method(Evaluator&, const std::string& self, std::string_view name, const Arguments&);

Value percent_format(Evaluator&, const std::string& format, const Value& arguments);            // "%s" % x
Value brace_format(Evaluator&, const std::string& format, const Arguments& arguments);          // "{}".format(x)

/// Throws Failure where it nests too deeply or has a number beyond 64 bits.
Value from_json(const json::Value& v, uint32_t depth = 0);

struct JsonStyle {
  bool ascii = false, sort_keys = false;
  std::optional<std::string> indent = {};
  std::string item_separator = ", ", key_separator = ": ";
};
std::string python_json(const Value& v, const JsonStyle& style, size_t limit);
/// `now`: ISO 8601 local time. Throws Failure where it is missing or broken.
std::string format_time(std::string_view now, std::string_view format);

}  // namespace sextant::jinja
