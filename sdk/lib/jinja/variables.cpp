#include "variables.hpp"
#include <algorithm>
#include "library.hpp"

namespace sextant::jinja {
namespace {

// Walks the tree in the order of the text. A name counts where nothing before it, in its scope or around it, has set it; what
// only one branch of an if sets is taken as set, for whether it was depends on the values.
class Walk {
 public:
  explicit Walk(const Environment& environment) : environment_(environment) {}
  std::vector<Variable> take() { return std::move(found_); }

  void body(const Body& statements) {
    for (const Stmt& stmt : statements) statement(stmt);
  }

 private:
  struct Inner {
    explicit Inner(Walk& w) : walk(w), size(w.known_.size()) {}
    ~Inner() { walk.known_.resize(size); }
    Walk& walk;
    size_t size;
  };

  void statement(const Stmt& stmt) {
    switch (stmt.kind) {
      case Stmt::Kind::loop: {
        expression(stmt.expr.get());
        {
          const Inner inner(*this);
          known_.emplace_back("loop");
          target(*stmt.target);
          expression(stmt.condition.get());
          body(stmt.body);
        }
        const Inner inner(*this);
        body(stmt.otherwise);
        return;
      }
      case Stmt::Kind::macro:
        known_.push_back(stmt.macro->name);
        return macro(*stmt.macro);
      case Stmt::Kind::call_block:
        expression(stmt.expr.get());
        return macro(*stmt.macro);
      case Stmt::Kind::scope: {
        const Inner inner(*this);
        for (const auto& [name, value] : stmt.bindings) {
          expression(value.get());
          target(*name);
        }
        return body(stmt.body);
      }
      case Stmt::Kind::assign_block:
      case Stmt::Kind::filter_block: {
        {
          const Inner inner(*this);
          body(stmt.body);
        }
        expression(stmt.expr.get());
        if (stmt.target) target(*stmt.target);
        return;
      }
      default:
        expression(stmt.expr.get());
        if (stmt.target) target(*stmt.target);
        body(stmt.body);
        body(stmt.otherwise);
    }
  }

  void macro(const Macro& macro) {
    const Inner inner(*this);
    for (const Parameter& parameter : macro.parameters) {
      known_.push_back(parameter.name);
      expression(parameter.otherwise.get());
    }
    for (const char* own : {"caller", "varargs", "kwargs"}) known_.emplace_back(own);
    body(macro.body);
  }

  void target(const Expr& e) {
    if (e.kind == Expr::Kind::name) known_.push_back(e.name);
    else if (e.kind == Expr::Kind::attribute) expression(e.parts[0].get());
    else
      for (const ExprPtr& part : e.parts) target(*part);
  }

  void expression(const Expr* e) {
    if (!e) return;
    if (e->kind == Expr::Kind::name) return name(e->name, false);
    const bool asks = (e->kind == Expr::Kind::test && (e->name == "defined" || e->name == "undefined")) ||
                      (e->kind == Expr::Kind::filter && (e->name == "default" || e->name == "d"));
    for (size_t i = 0; i < e->parts.size(); ++i) {
      const Expr* part = e->parts[i].get();
      if (asks && i == 0 && part && part->kind == Expr::Kind::name) name(part->name, true);
      else expression(part);
    }
    for (const Argument& argument : e->arguments) expression(argument.value.get());
  }

  void name(const std::string& name, bool may_be_missing) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end() || find_builtin(name, environment_)) return;
    const auto it = std::find_if(found_.begin(), found_.end(), [&](const Variable& v) { return v.name == name; });
    if (it == found_.end()) found_.push_back({name, may_be_missing});
    else it->may_be_missing |= may_be_missing;
  }

  const Environment& environment_;
  std::vector<std::string> known_;
  std::vector<Variable> found_;
};

}  // namespace

std::vector<Variable> variables_of(const Body& body, const Environment& environment) {
  Walk walk(environment);
  walk.body(body);
  return walk.take();
}

}  // namespace sextant::jinja
