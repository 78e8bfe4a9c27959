// Expressions.
#include <fmt/format.h>
#include "nesting.hpp"

namespace sextant::jinja {

void Evaluator::charge(uint64_t steps) {
  steps_ += steps + 1;
  if (steps_ > limits_.steps) throw Failure(fmt::format("the template needs more than {} steps", limits_.steps));
}

Evaluator::Deeper::Deeper(Evaluator& e) : evaluator(e) {
  if (++evaluator.depth_ > evaluator.limits_.depth) {
    --evaluator.depth_;
    throw Failure(fmt::format("calls, blocks and expressions nest deeper than {}", evaluator.limits_.depth));
  }
}

Value Evaluator::text(std::string s, bool markup) {
  if (s.size() > limits_.output_bytes) throw Failure(fmt::format("a text grew beyond {} bytes", limits_.output_bytes));
  charge(s.size() / 256);  // so that all texts together stay within a few hundred MiB
  return markup ? Value::markup(std::move(s)) : Value(std::move(s));
}

Value Evaluator::list(Values items, List::Kind kind) {
  charge(items.size() / 4);
  return Value(List{std::move(items), kind});
}

std::string Evaluator::print(const Value& v) {
  charge(v);
  return to_text(v, limits_.output_bytes);
}

Value Evaluator::evaluate(const Expr& e) {
  const Deeper deeper(*this);
  charge(0);
  try {
    return evaluate_kind(e);
  } catch (Failure& failure) {
    if (failure.line == 0) failure.line = e.line;
    throw;
  }
}

Value Evaluator::evaluate_kind(const Expr& e) {
  using Kind = Expr::Kind;
  const auto part = [&](size_t i) { return evaluate(*e.parts[i]); };
  switch (e.kind) {
    case Kind::constant: return e.constant;
    case Kind::name: return variable(e);
    case Kind::list:
    case Kind::tuple: {
      Values items;
      for (size_t i = 0; i < e.parts.size(); ++i) items.push_back(part(i));
      return list(std::move(items), e.kind == Kind::list ? List::Kind::list : List::Kind::tuple);
    }
    case Kind::dict: {
      Dict dict;
      for (size_t i = 0; i < e.parts.size(); i += 2) {
        Value key = part(i);
        if (!hashable(key)) throw Failure(fmt::format("a {} cannot be the key of a dict", type_name(key)));
        dict.set(std::move(key), part(i + 1));
      }
      return Value(std::move(dict));
    }
    case Kind::attribute: return attribute(part(0), e.name);
    case Kind::item: {
      const Value object = part(0);
      return item(object, part(1));
    }
    case Kind::slice: {
      const Value object = part(0);
      const auto bound = [&](size_t i) { return e.parts[i] ? part(i) : Value(None{}); };
      const Value start = bound(1), stop = bound(2);
      return slice(object, start, stop, bound(3));
    }
    case Kind::unary: return unary(e);
    case Kind::binary: {
      const Value left = part(0);
      return binary(e.name, left, part(1));
    }
    case Kind::compare: return compare(e);
    case Kind::concat: {
      std::string out;
      for (size_t i = 0; i < e.parts.size(); ++i) out += print(part(i));
      return text(std::move(out));
    }
    case Kind::conjunction: {
      Value left = part(0);
      return truth(left) ? part(1) : left;
    }
    case Kind::disjunction: {
      Value left = part(0);
      return truth(left) ? left : part(1);
    }
    case Kind::conditional:
      return truth(part(1)) ? part(0) : e.parts[2] ? part(2) : Value::undefined("the value of an if without else", false);
    case Kind::call: return call_expression(e);
    case Kind::filter: return filter(e, part(0));
    case Kind::test: return test(e);
  }
  return {};
}

Value Evaluator::variable(const Expr& e) {
  for (const Scope* scope = scope_; scope; scope = scope->outer)
    for (const auto& [name, value] : scope->variables)
      if (name == e.name) return value;
  if (find_builtin(e.name, environment_)) return Value(Function{e.name});
  for (const std::string_view known : {"self", "cycler", "joiner", "lipsum"})
    if (e.name == known) throw Failure("'" + e.name + "' is not supported");
  return undefined("'" + e.name + "'");
}

Value Evaluator::unary(const Expr& e) {
  const Value v = evaluate(*e.parts[0]);
  if (e.name == "not") return !truth(v);
  if (!v.is_number()) throw Failure(fmt::format("{} needs a number, not {}", e.name, describe(v)));
  if (v.real()) return e.name == "-" ? -*v.real() : *v.real();
  if (e.name == "-" && v.to_integer() == INT64_MIN) throw Failure("an integer is too large");
  return e.name == "-" ? -v.to_integer() : v.to_integer();
}

Value Evaluator::compare(const Expr& e) {
  Value left = evaluate(*e.parts[0]);
  for (size_t i = 0; i < e.ops.size(); ++i) {
    Value right = evaluate(*e.parts[i + 1]);
    if (!compare(e.ops[i], left, right)) return false;
    left = std::move(right);
  }
  return true;
}

Arguments Evaluator::arguments(const std::vector<Argument>& written) {
  Arguments out;
  for (const Argument& argument : written) {
    Value v = evaluate(*argument.value);
    switch (argument.kind) {
      case Argument::Kind::positional: out.positional.push_back(std::move(v)); break;
      case Argument::Kind::keyword: out.named.emplace_back(argument.name, std::move(v)); break;
      case Argument::Kind::spread:
        for (Value& item : iterate(v)) out.positional.push_back(std::move(item));
        break;
      case Argument::Kind::spread_dict:
        if (!v.dict()) throw Failure(fmt::format("** needs a dict, not {}", describe(v)));
        charge(v);
        for (const auto& [key, value] : v.dict()->members) {
          if (!key.string()) throw Failure("the keys of a dict after ** must be strings");
          out.named.emplace_back(*key.string(), value);
        }
    }
  }
  return out;
}

Value Evaluator::call_expression(const Expr& e, const Value* caller) {
  const Value function = evaluate(*e.parts[0]);
  Arguments given = arguments(e.arguments);
  if (caller) given.named.emplace_back("caller", *caller);
  return call(function, given);
}

Value Evaluator::call(const Value& callee, const Arguments& given) {
  const Deeper deeper(*this);
  charge(0);
  if (callee.is_undefined()) throw Failure(describe(callee));
  if (callee.loop()) return call_loop(*callee.loop(), given);
  const Function* f = callee.function();
  if (!f) throw Failure(fmt::format("{} cannot be called", describe(callee)));
  if (f->macro) return call_macro(*f, given);
  if (f->self.loop()) return call_loop_method(*f->self.loop(), f->name, given);
  if (!f->self.is_undefined()) return call_method(*this, f->self, f->name, given);
  return find_builtin(f->name, environment_)(*this, given);
}

Value Evaluator::filter(const Expr& e, const Value& subject) {
  const Filter f = find_filter(e.name, environment_);
  if (!f) throw Failure("no filter is named '" + e.name + "'");
  const Arguments given = arguments(e.arguments);
  charge(subject);
  return f(*this, subject, given);
}

Value Evaluator::test(const Expr& e) {
  const Test f = find_test(e.name);
  if (!f) throw Failure("no test is named '" + e.name + "'");
  const Value subject = evaluate(*e.parts[0]);
  return f(*this, subject, arguments(e.arguments));
}

}  // namespace sextant::jinja
