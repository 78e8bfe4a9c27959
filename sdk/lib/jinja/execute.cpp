// Statements.
#include <fmt/format.h>
#include "nesting.hpp"

namespace sextant::jinja {

void Evaluator::define(std::string_view name, Value value) {
  for (auto& variable : globals_.variables)
    if (variable.first == name) return void(variable.second = std::move(value));
  globals_.variables.emplace_back(name, std::move(value));
}

std::string Evaluator::run(const Body& body) {
  std::string out;
  Scope& top = scopes_.emplace_back();
  top.outer = &globals_;
  scoped(body, out, &top);
  return out;
}

void Evaluator::emit(std::string& out, std::string_view s) {
  if (out.size() + s.size() > limits_.output_bytes)
    throw Failure(fmt::format("the output grew beyond {} bytes", limits_.output_bytes));
  out += s;
}

Evaluator::Flow Evaluator::scoped(const Body& body, std::string& out, Scope* scope) {
  Scope* const before = std::exchange(scope_, scope);
  const Flow flow = execute(body, out);
  scope_ = before;  // an exception ends the whole run
  return flow;
}

Evaluator::Flow Evaluator::execute(const Body& body, std::string& out) {
  const Deeper deeper(*this);
  for (const Stmt& stmt : body) {
    charge(0);
    try {
      const Flow flow = execute(stmt, out);
      if (flow != Flow::normal) return flow;
    } catch (Failure& failure) {
      if (failure.line == 0) failure.line = stmt.line;
      throw;
    }
  }
  return Flow::normal;
}

Evaluator::Flow Evaluator::execute(const Stmt& stmt, std::string& out) {
  using Kind = Stmt::Kind;
  switch (stmt.kind) {
    case Kind::text: emit(out, stmt.text); break;
    case Kind::print: emit(out, print(evaluate(*stmt.expr))); break;
    case Kind::branch: {
      const Stmt* at = &stmt;
      while (!truth(evaluate(*at->expr))) {
        const bool elif = at->otherwise.size() == 1 && at->otherwise[0].kind == Kind::branch;
        if (!elif) return execute(at->otherwise, out);
        at = &at->otherwise[0];
      }
      return execute(at->body, out);
    }
    case Kind::loop: return loop(stmt, evaluate(*stmt.expr), scope_, 0, out);
    case Kind::assign: assign(*stmt.target, evaluate(*stmt.expr)); break;
    case Kind::assign_block:
    case Kind::filter_block: {
      Value output;
      const Flow flow = capture(stmt.body, output);
      if (flow != Flow::normal) return flow;
      output = through_filters(stmt.expr.get(), std::move(output));
      if (stmt.kind == Kind::assign_block) assign(*stmt.target, output);
      else emit(out, print(output));
      break;
    }
    case Kind::macro:
    case Kind::call_block: {
      for (Scope* scope = scope_; scope && !scope->captured; scope = scope->outer) scope->captured = true;
      const Value macro(Function{stmt.macro->name, {}, stmt.macro.get(), scope_});
      if (stmt.kind == Kind::macro) set_variable(stmt.macro->name, macro);
      else emit(out, print(call_expression(*stmt.expr, &macro)));
      break;
    }
    case Kind::scope: {
      Scope& inner = scopes_.emplace_back();
      inner.outer = scope_;
      for (const auto& [target, expr] : stmt.bindings) {
        const Value value = evaluate(*expr);
        Scope* const before = std::exchange(scope_, &inner);
        assign(*target, value);
        scope_ = before;
      }
      return scoped(stmt.body, out, &inner);
    }
    case Kind::break_loop: return Flow::broken;
    case Kind::continue_loop: return Flow::continued;
  }
  return Flow::normal;
}

void Evaluator::set_variable(std::string_view name, Value value) {
  for (auto& variable : scope_->variables)
    if (variable.first == name) return void(variable.second = std::move(value));
  scope_->variables.emplace_back(name, std::move(value));
}

void Evaluator::assign(const Expr& target, const Value& value) {
  if (target.kind == Expr::Kind::name) return set_variable(target.name, value);
  if (target.kind == Expr::Kind::attribute) {
    const Value object = evaluate(*target.parts[0]);
    if (!object.ns())
      throw Failure(fmt::format("only a namespace's attributes can be set; {} is not a namespace", target.parts[0]->name));
    check_attribute(target.name);
    object.ns()->members.set(Value(target.name), value);
    return;
  }
  if (value.is_undefined()) throw Failure(describe(value));
  const Values items = iterate(value);
  if (items.size() != target.parts.size())
    throw Failure(fmt::format("{} values cannot be assigned to {} names", items.size(), target.parts.size()));
  for (size_t i = 0; i < items.size(); ++i) assign(*target.parts[i], items[i]);
}

Evaluator::Flow Evaluator::capture(const Body& body, Value& ret_output) {
  std::string out;
  Scope& inner = scopes_.emplace_back();
  inner.outer = scope_;
  const Flow flow = scoped(body, out, &inner);
  ret_output = text(std::move(out));
  return flow;
}

Value Evaluator::through_filters(const Expr* chain, Value value) {
  if (!chain) return value;
  const Deeper deeper(*this);
  return filter(*chain, through_filters(chain->parts[0].get(), std::move(value)));
}

Value Evaluator::call_macro(const Function& f, const Arguments& given) {
  const Macro& macro = *f.macro;
  Scope& inner = scopes_.emplace_back();
  inner.outer = f.scope;
  Values rest;
  Dict more;
  std::vector<bool> bound(macro.parameters.size());
  const auto find = [&](const std::string& name) {
    size_t i = 0;
    while (i < macro.parameters.size() && macro.parameters[i].name != name) ++i;
    return i;
  };
  inner.variables.resize(macro.parameters.size());
  for (size_t i = 0; i < macro.parameters.size(); ++i)
    inner.variables[i] = {macro.parameters[i].name, undefined("parameter '" + macro.parameters[i].name + "'")};
  for (size_t i = 0; i < given.positional.size(); ++i) {
    if (i < macro.parameters.size()) inner.variables[i].second = given.positional[i], bound[i] = true;
    else rest.push_back(given.positional[i]);
  }
  Value caller = undefined("'caller'");
  for (const auto& [name, value] : given.named) {
    const size_t i = find(name);
    if (i < bound.size()) {
      if (bound[i]) throw Failure(fmt::format("{}(): '{}' is given twice", macro.name, name));
      inner.variables[i].second = value, bound[i] = true;
    } else if (name == "caller" && macro.takes_caller) {
      caller = value;
    } else if (macro.takes_kwargs) {
      more.set(Value(name), value);
    } else {
      throw Failure(fmt::format("{}() takes no argument '{}'", macro.name, name));
    }
  }
  if (!rest.empty() && !macro.takes_varargs)
    throw Failure(fmt::format("{}() takes no more than {} arguments", macro.name, macro.parameters.size()));
  if (macro.takes_varargs) inner.variables.emplace_back("varargs", list(std::move(rest), List::Kind::tuple));
  if (macro.takes_kwargs) inner.variables.emplace_back("kwargs", Value(std::move(more)));
  if (macro.takes_caller && find("caller") == bound.size()) inner.variables.emplace_back("caller", caller);
  Scope* const before = std::exchange(scope_, &inner);
  for (size_t i = 0; i < bound.size(); ++i)
    if (!bound[i] && macro.parameters[i].otherwise) inner.variables[i].second = evaluate(*macro.parameters[i].otherwise);
  std::string out;
  execute(macro.body, out);
  scope_ = before;
  return text(std::move(out));
}

}  // namespace sextant::jinja
