// {% for %}, and the variable `loop`.
#include <fmt/format.h>
#include "nesting.hpp"

namespace sextant::jinja {

Evaluator::Flow Evaluator::loop(const Stmt& stmt, const Value& over, Scope* outer, uint32_t nesting, std::string& out) {
  Loop& state = loops_.emplace_back();
  state.items = iterate(over);
  state.nesting = nesting;
  state.statement = stmt.recursive ? &stmt : nullptr;
  state.outer = outer;
  if (stmt.condition) {
    Scope& inner = scopes_.emplace_back();
    Values kept;
    for (const Value& v : state.items) {
      inner.outer = outer;
      Scope* const before = std::exchange(scope_, &inner);
      assign(*stmt.target, v);
      if (truth(evaluate(*stmt.condition))) kept.push_back(v);
      scope_ = before;
    }
    state.items = std::move(kept);
  }
  return state.items.empty() ? otherwise(stmt, outer, out) : rounds(stmt, state, outer, out);
}

// Jinja2 takes {% else %} where no round came to its end, also where all were left by continue or the first by break.
Evaluator::Flow Evaluator::otherwise(const Stmt& stmt, Scope* outer, std::string& out) {
  if (stmt.otherwise.empty()) return Flow::normal;
  Scope& inner = scopes_.emplace_back();
  inner.outer = outer;
  return scoped(stmt.otherwise, out, &inner);
}

Evaluator::Flow Evaluator::rounds(const Stmt& stmt, Loop& loop, Scope* outer, std::string& out) {
  Scope* inner = nullptr;
  bool finished = false;  // a round came to its end
  for (; loop.index < loop.items.size(); ++loop.index) {
    charge(0);
    // each round begins with fresh variables
    if (!inner || inner->captured) inner = &scopes_.emplace_back();
    inner->variables.clear();
    inner->outer = outer;
    inner->variables.emplace_back("loop", Value(&loop));
    Scope* const before = std::exchange(scope_, inner);
    assign(*stmt.target, loop.items[loop.index]);
    const Flow flow = execute(stmt.body, out);
    scope_ = before;
    if (flow == Flow::broken) break;
    finished |= flow == Flow::normal;
  }
  if (!inner->captured) inner->variables.clear();
  return finished ? Flow::normal : otherwise(stmt, outer, out);
}

// loop(items) inside of {% for ... recursive %}
Value Evaluator::call_loop(Loop& outer, const Arguments& given) {
  const Bound bound("loop", given, {"iterable"}, 1);
  if (!outer.statement) throw Failure("loop(...) needs a loop that is marked as recursive");
  std::string out;
  loop(*outer.statement, *bound[0], outer.outer, outer.nesting + 1, out);
  return text(std::move(out));
}

Value Evaluator::loop_attribute(const Loop& loop, std::string_view name) {
  const auto n = static_cast<int64_t>(loop.items.size()), i = static_cast<int64_t>(loop.index);
  if (name == "index") return i + 1;
  if (name == "index0") return i;
  if (name == "revindex") return n - i;
  if (name == "revindex0") return n - i - 1;
  if (name == "first") return i == 0;
  if (name == "last") return i == n - 1;
  if (name == "length") return n;
  if (name == "depth") return int64_t{loop.nesting} + 1;
  if (name == "depth0") return int64_t{loop.nesting};
  if (name == "previtem") return i > 0 ? loop.items[loop.index - 1] : undefined("'loop.previtem' of the first round");
  if (name == "nextitem") return i + 1 < n ? loop.items[loop.index + 1] : undefined("'loop.nextitem' of the last round");
  if (name == "cycle" || name == "changed") return Value(Function{std::string(name), Value(const_cast<Loop*>(&loop))});
  return undefined(fmt::format("'loop.{}'", name));
}

Value Evaluator::call_loop_method(Loop& loop, std::string_view name, const Arguments& given) {
  if (name == "cycle") {
    if (given.positional.empty()) throw Failure("loop.cycle() needs values to choose from");
    return given.positional[loop.index % given.positional.size()];
  }
  Value now = list(given.positional, List::Kind::tuple);
  charge(now);
  if (equal(loop.changed, now)) return false;
  loop.changed = std::move(now);
  return true;
}

Namespace* Evaluator::new_namespace(Dict members) {
  namespaces_.push_back({std::move(members)});
  return &namespaces_.back();
}

}  // namespace sextant::jinja
