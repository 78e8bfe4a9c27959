// The values that a template computes with. They behave as Python's do and never change once made (transformers runs
// templates in an immutable sandbox), except namespaces, loops and scopes, which the running evaluator owns: so no value can
// contain itself, and copying one is cheap.
#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sextant::jinja {

/// Why a template cannot be parsed or rendered. Thrown inside this folder only; Template turns it into an Error.
struct Failure : std::runtime_error {
  explicit Failure(const std::string& text, int at = 0) : std::runtime_error(text), line(at) {}
  int line = 0;  // 0: not known here; the statement that runs fills it in
};

struct List;
struct Dict;
struct Namespace;
struct Loop;
struct Function;

struct Undefined {
  std::string name;     // what was looked for, for errors; empty: no hint
  bool strict = false;  // Jinja2's StrictUndefined: to print, to compare or to test it is an error
};
struct None {};
using String = std::shared_ptr<const std::string>;

class Value {
 public:
  Value() = default;  // undefined
  Value(None) : data_(None{}) {}
  Value(bool v) : data_(v) {}
  Value(int64_t v) : data_(v) {}
  Value(int v) : data_(int64_t{v}) {}
  Value(double v) : data_(v) {}
  Value(std::string v) : data_(std::make_shared<const std::string>(std::move(v))) {}
  Value(std::string_view v) : Value(std::string(v)) {}
  Value(const char* v) : Value(std::string(v)) {}
  Value(List list);
  Value(Dict dict);
  Value(Function function);
  Value(Namespace* ns) : data_(ns) {}
  Value(Loop* loop) : data_(loop) {}
  /// What the filter safe returns: HTML, with which + joins other strings escaped (Jinja2's Markup). Printed as any string.
  static Value markup(std::string text) {
    Value v(std::move(text));
    v.markup_ = true;
    return v;
  }
  static Value undefined(std::string name, bool strict) {
    Value v;
    v.data_ = std::make_shared<const Undefined>(Undefined{std::move(name), strict});
    return v;
  }

  bool is_undefined() const { return std::holds_alternative<UndefinedPtr>(data_); }
  bool is_none() const { return std::holds_alternative<None>(data_); }
  const bool* boolean() const { return std::get_if<bool>(&data_); }
  const int64_t* integer() const { return std::get_if<int64_t>(&data_); }
  const double* real() const { return std::get_if<double>(&data_); }
  const std::string* string() const { return pointee<String>(); }
  bool is_markup() const { return markup_; }
  const List* list() const { return pointee<ListPtr>(); }
  const Dict* dict() const { return pointee<DictPtr>(); }
  const Function* function() const { return pointee<FunctionPtr>(); }
  Namespace* ns() const { const auto* p = std::get_if<Namespace*>(&data_); return p ? *p : nullptr; }
  Loop* loop() const { const auto* p = std::get_if<Loop*>(&data_); return p ? *p : nullptr; }
  bool is_strict() const { const Undefined* p = pointee<UndefinedPtr>(); return p && p->strict; }
  /// Throws Failure where the value is strictly undefined.
  void expect_defined() const { if (is_strict()) throw Failure(undefined_name() + " is undefined"); }
  std::string undefined_name() const { const Undefined* p = pointee<UndefinedPtr>(); return p ? p->name : std::string(); }

  bool is_number() const { return boolean() || integer() || real(); }
  /// True, 1: what Python takes for an index or a count.
  bool is_integral() const { return boolean() || integer(); }
  int64_t to_integer() const { return boolean() ? *boolean() : *integer(); }
  double to_real() const { return real() ? *real() : static_cast<double>(to_integer()); }
  /// How deeply lists and dicts nest in it, and how much there is to walk over or to print: lists may share their parts.
  struct Size {
    uint32_t depth = 0;
    uint64_t weight = 1;
  };
  Size size() const;

 private:
  using UndefinedPtr = std::shared_ptr<const Undefined>;
  using ListPtr = std::shared_ptr<const List>;
  using DictPtr = std::shared_ptr<const Dict>;
  using FunctionPtr = std::shared_ptr<const Function>;
  template <class Ptr> auto pointee() const -> decltype(std::declval<const Ptr&>().get()) {
    const Ptr* p = std::get_if<Ptr>(&data_);
    return p ? p->get() : nullptr;
  }
  std::variant<UndefinedPtr, None, bool, int64_t, double, String, ListPtr, DictPtr, FunctionPtr, Namespace*, Loop*> data_;
  bool markup_ = false;
};

using Values = std::vector<Value>;
// far more than any conversation or record has
inline constexpr uint32_t value_depth_max = 256;
inline constexpr uint64_t value_weight_max = 8'000'000;
inline constexpr uint64_t bytes_per_weight = 64;

/// Everything that Python iterates over by position.
struct List {
  enum class Kind {
    list,
    tuple,
    generator,  // what most filters return: truthy, without length or index, and gone once it was read
    view,       // dict.items() and the like: with length, without index
    range,
  };
  Values items;
  Kind kind = Kind::list;
  std::string label = {};               // how a view or range prints; "group" for what groupby makes
  mutable size_t taken = 0;             // of a generator: how many items were read
  Value::Size size = {};
};

/// In the order of insertion, as Python's. Lookups are linear: chat messages and tool schemas are small.
struct Dict {
  std::vector<std::pair<Value, Value>> members;
  Value::Size size = {};
  const Value* find(std::string_view key) const;
  const Value* find(const Value& key) const;
  void set(Value key, Value value);
};

struct Namespace { Dict members; };

struct Loop {
  Values items;
  size_t index = 0;
  uint32_t nesting = 0;
  const struct Stmt* statement = nullptr;  // of a recursive loop, what loop(...) runs again
  struct Scope* outer = nullptr;
  Value changed = {};  // what loop.changed() was last given
};

/// What can be called: a method of a value, a function known by name, or a macro with the scope that it was defined in.
struct Function {
  std::string name;
  Value self = {};                         // of a method
  const struct Macro* macro = nullptr;
  struct Scope* scope = nullptr;           // of a macro
  Value caller = {};                       // unused by functions and methods
  Value::Size size = {};
};

const char* type_name(const Value& v);     // as Python names it, for errors
bool truth(const Value& v);
bool equal(const Value& a, const Value& b);
bool hashable(const Value& v);
/// Python's <; throws Failure where Python has no order.
bool less(const Value& a, const Value& b);
/// Python's str() and repr(); `limit` bounds the bytes.
std::string to_text(const Value& v, size_t limit);
std::string to_repr(const Value& v, size_t limit);
std::string real_text(double v);

}  // namespace sextant::jinja
