// Runs the part of Python that syntax.hpp reads, on jinja's values: lists and dicts are copied where Python would share them,
// so what would change a shared one is refused before (check.hpp). Nothing is read but modules and data files beside them.
// Threads: [owner].
#pragma once
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>
#include <sextant/regex.hpp>
#include "../jinja/evaluator.hpp"
#include "syntax.hpp"

namespace sextant::python {

using jinja::Arguments;
using jinja::Dict;
using jinja::List;
using jinja::None;
using jinja::Values;

/// A failure whose text says the file and line.
struct Placed : Failure {
  using Failure::Failure;
};

struct Module;
struct Scope {
  Scope* outer = nullptr;  // null: a module's
  Module* module = nullptr;
  std::vector<std::pair<std::string, Value>> names = {};
  const Value* find(std::string_view name) const;
  void set(std::string_view name, Value value);
};
struct Module {
  std::filesystem::path path;  // empty: written out by extract()
  std::string source, origin;  // origin: in messages
  Block body;
  Scope scope;
  std::map<std::string, std::string, std::less<>> unknown;  // names, and why they have no value
  struct Imported {
    std::string module, what;  // what: empty: the module
    int line;
  };
  std::map<std::string, Imported, std::less<>> imported;  // names that nobody has asked for yet
};

/// What is called, by the number in the name of a jinja::Function.
struct Callable {
  std::shared_ptr<const Definition> definition;  // null: a partial
  Scope* scope = nullptr;                        // where it was defined
  std::vector<std::optional<Value>> defaults = {};
  Value base = {};  // of a partial
  Arguments bound = {};
};
struct Step {  // of a data set's rows
  enum class Kind { filter, map, drop, rename } kind;
  Value function;
  std::vector<std::string> names = {};  // columns
};

class Interpreter {
 public:
  Interpreter();
  /// Runs it once. `path` is read; a module that is no file is an error.
  Module& load(const std::filesystem::path& path);
  Module& load_text(std::string source, std::string origin);
  /// The value of a name there or further out, or null. Throws Placed where it is known to have none.
  const Value* find(const Scope& scope, const std::string& name);
  /// Throws Placed where it has no value.
  Value global(Module& module, const std::string& name);
  Value call(const Value& function, Arguments given);
  Value rows();  // a data set that remembers what is done to its rows
  const std::vector<Step>* steps_of(const Value& rows) const;
  const Callable* callable(const Value& function) const;
  const std::string* pattern(const Value& function) const;  // of re.compile
  /// "re" of the module, "re.sub" of what it has; empty: none of these.
  static std::string known_name(const Value& function);
  static bool is_builtin(std::string_view name);
  /// numpy's: to compute with it is not read, and a list's operators would mean something else.
  static bool is_array(const Value& v) { return v.list() && v.list()->label == "array"; }
  /// Each call from outside has the steps of one again; what it leaves behind is gone once its result was taken.
  void renew();
  struct Mark {
    size_t scopes, callables, rows, patterns;
  };
  Mark mark() const { return {scopes_.size(), callables_.size(), rows_.size(), patterns_.size()}; }
  void back_to(const Mark& mark);
  Values iterate(const Value& v);
  jinja::Evaluator& library() { return *library_; }

 private:
  friend struct Builtins;
  enum class Flow { normal, broken, continued, returned };
  Value evaluate(const Node& node, Scope& scope);
  Value evaluate_kind(const Node& node, Scope& scope);
  Value name(const Node& node, Scope& scope);
  Value compare_arrays(const std::string& op, const Value& left, const Value& right);
  Value item(const Value& object, const Value& key);
  Value attribute(const Value& object, const std::string& name);
  Value call_node(const Node& node, Scope& scope);
  std::optional<Value> change(const Node& node, Scope& scope);  // x.append(...) and its like
  Value comprehension(const Node& node, Scope& scope);
  Arguments arguments(const Node& node, Scope& scope);
  Value define(std::shared_ptr<const Definition> definition, Scope& scope);
  Value call_definition(const Callable& callable, Arguments given);
  Value call_rows(size_t number, const std::string& method, const Arguments& given);
  void assign(const Node& target, const Value& value, Scope& scope);
  Flow run(const Block& block, Scope& scope);
  Flow run(const Statement& statement, Scope& scope);
  void import(const Statement& statement, Scope& scope);
  Module& run_module(Module& module);
  Value imported(const Module::Imported& from, const std::string& as, Module& module);
  Value module_value(const std::string& name, const Module& module);
  bool truth(const Value& v) { return v.function() ? true : jinja::truth(v); }

  std::optional<jinja::Evaluator> library_;
  std::deque<Module> modules_;
  std::deque<Scope> scopes_;
  std::deque<Callable> callables_;
  std::deque<std::vector<Step>> rows_;
  std::deque<std::pair<std::string, Regex>> patterns_;
  Value returned_;
  uint32_t depth_ = 0;
};

/// A function of this folder: builtins, and the members of modules ("re.sub").
using Builtin = Value (*)(Interpreter&, const Arguments&);
Builtin find_builtin(std::string_view name);
Builtin find_score(std::string_view name);   // of scikit-learn's metrics and numpy
bool is_module(std::string_view name);
bool is_text_method(std::string_view name);  // "str.lower": the text is its first argument
std::optional<Value> module_constant(std::string_view name);  // "string.digits"

}  // namespace sextant::python
