// Runs a parsed template. One evaluator renders once.
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <sextant/jinja.hpp>
#include "ast.hpp"
#include "library.hpp"

namespace sextant::jinja {

/// Variables of a block, a loop's round or a macro's call, and where to look further.
struct Scope {
  Scope* outer = nullptr;
  std::vector<std::pair<std::string_view, Value>> variables = {};  // names live in the tree or in the evaluator
  bool captured = false;                                           // a macro refers to it: not to be used again
};

class Evaluator {
 public:
  Evaluator(const Environment& environment, const Limits& limits, std::string now)
      : environment_(environment), limits_(limits), now_(std::move(now)) {}
  void define(std::string_view name, Value value);  // `name` must outlive the evaluator
  std::string run(const Body& body);

  // for the library
  /// Counts `steps` against the limit; whoever walks over a value counts its weight.
  void charge(uint64_t steps);
  void charge(const Value& v) { charge(v.size().weight / 8); }
  Value text(std::string s, bool markup = false);    // a new string, charged
  Value list(Values items, List::Kind kind = List::Kind::list);
  std::string print(const Value& v);                 // str(v)
  Values iterate(const Value& v);                    // consumes a generator
  Value attribute(const Value& object, std::string_view name);
  Value item(const Value& object, const Value& key);
  Value call(const Value& function, const Arguments& arguments);
  bool contains(const Value& container, const Value& v);
  Value add(const Value& a, const Value& b);
  Value binary(const std::string& op, const Value& a, const Value& b);
  bool compare(const std::string& op, const Value& a, const Value& b);
  Value slice(const Value& object, const Value& start, const Value& stop, const Value& step);
  Value undefined(std::string name) const { return Value::undefined(std::move(name), environment_.strict_undefined); }
  const Environment& environment() const { return environment_; }
  Namespace* new_namespace(Dict members);
  const std::string& now() const { return now_; }
  size_t byte_limit() const { return limits_.output_bytes; }

 private:
  enum class Flow { normal, broken, continued };
  struct Deeper;

  Flow execute(const Body& body, std::string& out);
  Flow execute(const Stmt& stmt, std::string& out);
  Flow loop(const Stmt& stmt, const Value& over, Scope* outer, uint32_t nesting, std::string& out);
  Flow rounds(const Stmt& stmt, Loop& loop, Scope* outer, std::string& out);
  Flow otherwise(const Stmt& stmt, Scope* outer, std::string& out);
  Flow scoped(const Body& body, std::string& out, Scope* scope);
  void assign(const Expr& target, const Value& value);
  void set_variable(std::string_view name, Value value);
  void emit(std::string& out, std::string_view s);
  Flow capture(const Body& body, Value& ret_output);  // of a block with a scope of its own; lost where a loop goes on or ends
  Value through_filters(const Expr* chain, Value value);
  Value call_macro(const Function& f, const Arguments& arguments);
  Value call_loop(Loop& loop, const Arguments& arguments);
  Value loop_attribute(const Loop& loop, std::string_view name);
  Value call_loop_method(Loop& loop, std::string_view name, const Arguments& arguments);

  Value evaluate(const Expr& e);
  Value evaluate_kind(const Expr& e);
  Value variable(const Expr& e);
  Value unary(const Expr& e);
  Value compare(const Expr& e);
  Value call_expression(const Expr& e, const Value* caller = nullptr);
  Value filter(const Expr& e, const Value& subject);
  Value test(const Expr& e);
  Arguments arguments(const std::vector<Argument>& written);

  Environment environment_;
  Limits limits_;
  std::string now_;
  uint64_t steps_ = 0;
  uint32_t depth_ = 0;
  std::deque<Scope> scopes_;            // addresses stay
  std::deque<Namespace> namespaces_;
  std::deque<Loop> loops_;
  Scope globals_;
  Scope* scope_ = &globals_;
};

}  // namespace sextant::jinja
