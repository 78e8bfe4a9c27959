// Statements, and what changes a value: assignments, and methods such as append(), which give a name a new value.
#include <algorithm>
#include <fmt/format.h>
#include "../jinja/nesting.hpp"
#include "function_names.hpp"

namespace sextant::python {

void Interpreter::assign(const Node& target, const Value& value, Scope& scope) {
  using Kind = Node::Kind;
  if (target.kind == Kind::name) return scope.set(target.name, value);
  if (target.kind == Kind::tuple || target.kind == Kind::list) {
    const Values items = iterate(value);
    if (items.size() != target.parts.size())
      throw Failure(fmt::format("{} values for {} names", items.size(), target.parts.size()), target.line);
    for (size_t i = 0; i < items.size(); ++i) assign(*target.parts[i], items[i], scope);
    return;
  }
  if (target.kind != Kind::item) throw Failure("such a target of an assignment is not read", target.line);
  const Node& of = *target.parts[0];
  const Value key = evaluate(*target.parts[1], scope);
  if (of.kind == Kind::call && of.parts[0]->kind == Kind::name && of.parts[0]->name == "globals") {
    Scope* top = &scope;
    while (top->outer) top = top->outer;
    return top->set(library_->print(key), value);
  }
  const Value old = evaluate(of, scope);
  library_->charge(old);
  if (old.dict()) {
    Dict members{old.dict()->members, {}};
    if (!jinja::hashable(key)) throw Failure("such a key of a dict is not possible", target.line);
    members.set(key, value);
    return assign(of, Value(std::move(members)), scope);
  }
  if (!is_list(old) || !key.is_integral())
    throw Failure(fmt::format("an item of {} is assigned", jinja::describe(old)), target.line);
  Values items = old.list()->items;
  const auto n = static_cast<int64_t>(items.size());
  const int64_t at = key.to_integer() < 0 ? key.to_integer() + n : key.to_integer();
  if (at < 0 || at >= n) throw Failure("there is no such item to assign", target.line);
  items[static_cast<size_t>(at)] = value;
  assign(of, library_->list(std::move(items)), scope);
}

Interpreter::Flow Interpreter::run(const Block& block, Scope& scope) {
  for (const Statement& statement : block)
    if (const Flow flow = run(statement, scope); flow != Flow::normal) return flow;
  return Flow::normal;
}

Interpreter::Flow Interpreter::run(const Statement& s, Scope& scope) {
  using Kind = Statement::Kind;
  library_->charge(0);
  switch (s.kind) {
    case Kind::expression: evaluate(*s.value, scope); return Flow::normal;
    case Kind::assign: {
      const Value value = evaluate(*s.value, scope);
      for (const NodePtr& target : s.targets) assign(*target, value, scope);
      return Flow::normal;
    }
    case Kind::grow: {
      const Value old = evaluate(*s.targets[0], scope);
      const Value by = evaluate(*s.value, scope);
      if (s.name == "+" && is_list(old) && !is_list(by)) {  // += takes what can be iterated over
        Values items = old.list()->items;
        for (Value& item : iterate(by)) items.push_back(std::move(item));
        assign(*s.targets[0], library_->list(std::move(items)), scope);
      } else {
        assign(*s.targets[0], library_->binary(s.name, old, by), scope);
      }
      return Flow::normal;
    }
    case Kind::branch: return run(truth(evaluate(*s.value, scope)) ? s.body : s.otherwise, scope);
    case Kind::each:
      for (const Value& v : iterate(evaluate(*s.value, scope))) {
        library_->charge(0);
        assign(*s.targets[0], v, scope);
        const Flow flow = run(s.body, scope);
        if (flow == Flow::broken) break;
        if (flow == Flow::returned) return flow;
      }
      return Flow::normal;
    case Kind::repeat:
      while (truth(evaluate(*s.value, scope))) {
        const Flow flow = run(s.body, scope);
        if (flow == Flow::broken) break;
        if (flow == Flow::returned) return flow;
      }
      return Flow::normal;
    case Kind::give: returned_ = s.value ? evaluate(*s.value, scope) : Value(None{}); return Flow::returned;
    case Kind::define: scope.set(s.definition->name, define(s.definition, scope)); return Flow::normal;
    case Kind::import: import(s, scope); return Flow::normal;
    case Kind::with: assign(*s.targets[0], evaluate(*s.value, scope), scope); return run(s.body, scope);
    case Kind::require:
      if (!truth(evaluate(*s.value, scope))) throw Failure("an assertion does not hold", s.line);
      return Flow::normal;
    case Kind::raise: throw Failure("an error is raised", s.line);
    case Kind::pass: return Flow::normal;
    case Kind::leave: return Flow::broken;
    case Kind::next: return Flow::continued;
    case Kind::unknown: throw Failure(s.name, s.line);
  }
  return Flow::normal;
}

// Methods that change what they are called on: it gets a new value.
std::optional<Value> Interpreter::change(const Node& node, Scope& scope) {
  const Node& callee = *node.parts[0];
  const Node& of = *callee.parts[0];
  const std::string& name = callee.name;
  constexpr std::string_view changing[] = {"append", "extend",  "insert", "pop",       "remove",
                                           "sort",   "reverse", "update", "setdefault"};
  if (std::find(std::begin(changing), std::end(changing), name) == std::end(changing)) return std::nullopt;
  if (of.kind != Node::Kind::name) return std::nullopt;
  const Value old = evaluate(of, scope);
  const bool list = is_list(old), dict = old.dict() != nullptr;
  if (!list && !dict) return std::nullopt;
  const Arguments given = arguments(node, scope);
  const auto count = [&](size_t least, size_t most) {
    if (given.positional.size() < least || given.positional.size() > most)
      throw Failure(fmt::format("{}() has other arguments than are read", name));
  };
  library_->charge(old);
  Value result = None{};
  if (list) {
    Values items = old.list()->items;
    if (name == "append") count(1, 1), items.push_back(given.positional[0]);
    else if (name == "extend") {
      count(1, 1);
      for (Value& item : iterate(given.positional[0])) items.push_back(std::move(item));
    } else if (name == "insert") {
      count(2, 2);
      if (!given.positional[0].is_integral()) throw Failure("insert() needs a number");
      int64_t at = given.positional[0].to_integer();
      const auto n = static_cast<int64_t>(items.size());
      at = std::clamp<int64_t>(at < 0 ? at + n : at, 0, n);
      items.insert(items.begin() + at, given.positional[1]);
    } else if (name == "pop") {
      count(0, 1);
      if (!given.positional.empty() && !given.positional[0].is_integral()) throw Failure("pop() needs a number");
      int64_t at = given.positional.empty() ? -1 : given.positional[0].to_integer();
      const auto n = static_cast<int64_t>(items.size());
      if (at < 0) at += n;
      if (at < 0 || at >= n) throw Failure("pop(): there is no such item");
      result = items[static_cast<size_t>(at)];
      items.erase(items.begin() + at);
    } else if (name == "remove") {
      count(1, 1);
      const auto at =
          std::find_if(items.begin(), items.end(), [&](const Value& v) { return jinja::equal(v, given.positional[0]); });
      if (at == items.end()) throw Failure("remove(): there is no such item");
      items.erase(at);
    } else if (name == "reverse") {
      count(0, 0), std::reverse(items.begin(), items.end());
    } else if (name == "sort") {
      Arguments sorted = given;
      sorted.positional.insert(sorted.positional.begin(), old);
      items = iterate(find_builtin("sorted")(*this, sorted));
    } else {
      return std::nullopt;
    }
    assign(of, library_->list(std::move(items)), scope);
    return result;
  }
  Dict members = *old.dict();
  if (name == "update") {
    count(0, 1);
    if (!given.positional.empty()) {
      if (!given.positional[0].dict()) throw Failure("update() needs a dict");
      for (const auto& [key, value] : given.positional[0].dict()->members) members.set(key, value);
    }
    for (const auto& [key, value] : given.named) members.set(Value(key), value);
  } else if (name == "pop") {
    count(1, 2);
    const Value* found = members.find(given.positional[0]);
    if (!found && given.positional.size() < 2)
      throw Failure(fmt::format("there is no '{}'", library_->print(given.positional[0])));
    result = found ? *found : given.positional[1];
    members.members.erase(std::remove_if(members.members.begin(), members.members.end(),
                                         [&](const auto& member) { return jinja::equal(member.first, given.positional[0]); }),
                          members.members.end());
  } else if (name == "setdefault") {
    count(1, 2);
    const Value* found = members.find(given.positional[0]);
    result = found ? *found : given.positional.size() > 1 ? given.positional[1] : Value(None{});
    if (!found) members.set(given.positional[0], result);
  } else {
    return std::nullopt;
  }
  assign(of, Value(Dict{std::move(members.members), {}}), scope);
  return result;
}

}  // namespace sextant::python
