// One function of a module and all that it uses, written out as a module of its own.
#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <set>
#include <sextant/python_function.hpp>
#include "../jinja/nesting.hpp"
#include "interpreter.hpp"

namespace sextant::python {
namespace {

constexpr size_t source_bytes_max = 1u << 20;

[[noreturn]] void refuse(const Module& module, int line, const std::string& what) {
  throw Placed(fmt::format("{}:{}: {}", module.origin, line, what));
}

bool is_method(const std::string& name) {
  constexpr std::string_view others[] = {
      "append", "extend",         "insert",        "pop",   "remove", "sort", "reverse", "update", "setdefault", "filter",
      "map",    "remove_columns", "rename_column", "group", "groups", "sub",  "search",  "match",  "findall",    "split"};
  static const Value text(""), list(List{}), dict(Dict{});
  return jinja::has_method(text, name) || jinja::has_method(list, name) || jinja::has_method(dict, name) ||
         std::find(std::begin(others), std::end(others), name) != std::end(others);
}
bool changes(const std::string& method) {
  constexpr std::string_view changing[] = {"append", "extend",  "insert", "pop",       "remove",
                                           "sort",   "reverse", "update", "setdefault"};
  return std::find(std::begin(changing), std::end(changing), method) != std::end(changing);
}

// Walks everything in a definition, also in those inside of it.
class Walk {
 public:
  std::function<void(const Node&)> on_node;
  std::function<void(const Statement&)> on_statement;
  std::function<void(const Definition&)> on_definition;
  bool inside = true;  // also what definitions inside of it say

  void definition(const Definition& d) const {
    if (on_definition) on_definition(d);
    for (const Parameter& parameter : d.parameters) node(parameter.otherwise.get());
    block(d.body);
    node(d.result.get());
  }
  void block(const Block& b) const {
    for (const Statement& s : b) statement(s);
  }
  void statement(const Statement& s) const {
    if (on_statement) on_statement(s);
    for (const NodePtr& target : s.targets) node(target.get());
    node(s.value.get());
    block(s.body);
    block(s.otherwise);
    if (s.definition) inner(*s.definition);
  }
  void node(const Node* n) const {
    if (!n) return;
    if (on_node) on_node(*n);
    for (const NodePtr& part : n->parts) node(part.get());
    for (const Given& given : n->given) node(given.value.get());
    for (const Loop& loop : n->loops) {
      node(loop.target.get());
      node(loop.over.get());
      for (const NodePtr& condition : loop.conditions) node(condition.get());
    }
    if (n->definition) inner(*n->definition);
  }

 private:
  void inner(const Definition& d) const {
    if (inside) definition(d);
    else if (on_definition) on_definition(d);
  }
};

void names_of(const Node& target, std::set<std::string>& out) {
  if (target.kind == Node::Kind::name) out.insert(target.name);
  if (target.kind == Node::Kind::tuple || target.kind == Node::Kind::list)
    for (const NodePtr& part : target.parts) names_of(*part, out);
}

// The names that a definition, or one inside of it, gives values to.
std::set<std::string> own_names(const Definition& d) {
  std::set<std::string> out;
  Walk walk;
  walk.on_definition = [&](const Definition& inner) {
    if (&inner != &d) out.insert(inner.name);
    for (const Parameter& parameter : inner.parameters) out.insert(parameter.name);
  };
  walk.on_statement = [&](const Statement& s) {
    if (s.kind == Statement::Kind::assign || s.kind == Statement::Kind::each || s.kind == Statement::Kind::with ||
        s.kind == Statement::Kind::grow)
      for (const NodePtr& target : s.targets) names_of(*target, out);
    for (const auto& [name, as] : s.names) out.insert(as);
  };
  walk.on_node = [&](const Node& n) {
    for (const Loop& loop : n.loops) names_of(*loop.target, out);
  };
  walk.definition(d);
  return out;
}

// Values that nothing else holds, so that changing them changes nothing else.
bool is_fresh(const Node& n) {
  using Kind = Node::Kind;
  switch (n.kind) {
    case Kind::constant:
    case Kind::list:
    case Kind::tuple:
    case Kind::set:
    case Kind::dict:
    case Kind::binary:
    case Kind::slice:
    case Kind::list_of:
    case Kind::dict_of:
    case Kind::text:
    case Kind::call:
    case Kind::compare:
    case Kind::unary: return true;
    case Kind::conditional: return is_fresh(*n.parts[0]) && is_fresh(*n.parts[2]);
    case Kind::disjunction: return is_fresh(*n.parts[0]) && is_fresh(*n.parts[1]);
    default: return false;
  }
}

class Writer {
 public:
  explicit Writer(Interpreter& in) : in_(in) {}

  void need(const std::string& name, const Value& v) {
    if (const std::string known = Interpreter::known_name(v); !known.empty()) {
      if (known == name && Interpreter::is_builtin(name)) return;
      return put(name, known_text(name, known));
    }
    if (const Callable* callable = in_.callable(v)) return need_callable(name, *callable, v);
    if (const std::string* pattern = in_.pattern(v)) {
      put("re", "import re");
      return put(name, fmt::format("{} = re.compile({})", name, repr(Value(*pattern))));
    }
    put(name, fmt::format("{} = {}", name, repr(v)));
  }
  std::string repr(const Value& v) {
    if (v.function()) throw Failure("a value that is used cannot be written out");
    if (v.list() && v.list()->label == "set")
      return "set(" + jinja::to_repr(in_.library().list(v.list()->items), source_bytes_max) + ")";
    return jinja::to_repr(v, source_bytes_max);
  }
  std::string text() const {
    std::string out;
    for (const std::string& name : order_) {
      const std::string& part = parts_.at(name);
      out += part + "\n";
      if (part.starts_with("def ")) out += "\n";
    }
    return out;
  }
  /// Definitions that change what they are given, by name: only what map() calls may.
  const std::map<std::string, std::string>& changers() const { return changers_; }

 private:
  static std::string known_text(const std::string& name, const std::string& known) {
    if (is_module(known)) return known == name ? "import " + known : fmt::format("import {} as {}", known, name);
    const size_t dot = known.rfind('.');
    if (dot == known.npos || is_text_method(known)) return fmt::format("{} = {}", name, known);
    const std::string member = known.substr(dot + 1);
    return fmt::format("from {} import {}{}", known.substr(0, dot), member, member == name ? "" : " as " + name);
  }
  // After what it needs, since that was put before.
  void put(const std::string& name, std::string text) {
    const auto [place, fresh] = parts_.try_emplace(name, text);
    if (!fresh && place->second != text && !place->second.empty())
      throw Failure(fmt::format("two values are called '{}'", name));
    place->second = std::move(text);
    if (std::find(order_.begin(), order_.end(), name) == order_.end()) order_.push_back(name);
    if ((bytes_ += parts_.at(name).size()) > source_bytes_max) throw Failure("what it uses is too large");
  }

  void need_callable(const std::string& name, const Callable& callable, const Value& v) {
    if (!callable.definition) {
      put("partial", "from functools import partial");
      std::string text = fmt::format("{} = partial({}", name, argument(name + "_0", callable.base));
      size_t number = 0;
      for (const Value& given : callable.bound.positional) text += ", " + argument(fmt::format("{}_{}", name, ++number), given);
      for (const auto& [key, given] : callable.bound.named)
        text += fmt::format(", {}={}", key, argument(name + "_" + key, given));
      return put(name, text + ")");
    }
    const Definition& d = *callable.definition;
    if (!d.name.empty() && d.name != name) {
      need(d.name, v);
      return put(name, fmt::format("{} = {}", name, d.name));
    }
    if (const auto done = done_.find(name); done != done_.end()) {
      if (done->second != &d) throw Failure(fmt::format("two functions are called '{}'", name));
      return;
    }
    done_[name] = &d;
    const Module& module = *callable.scope->module;
    if (d.text.empty()) refuse(module, d.line, "a function inside of another has texts over several lines");
    check(d, module);
    const std::set<std::string> own = own_names(d);
    Walk walk;
    walk.on_node = [&](const Node& n) {
      if (n.kind != Node::Kind::name || own.contains(n.name)) return;
      try {
        if (const Value* found = in_.find(*callable.scope, n.name)) need(n.name, Value(*found));
        else if (!Interpreter::is_builtin(n.name)) throw Failure(fmt::format("the name '{}' is not known", n.name));
      } catch (const Placed&) { throw; } catch (const Failure& failure) {
        refuse(module, n.line, fmt::format("'{}': {}", n.name, failure.what()));
      }
    };
    walk.definition(d);
    put(name, d.name.empty() ? fmt::format("{} = {}", name, d.text) : d.text);
  }
  std::string argument(const std::string& hint, const Value& v) {
    if (!v.function()) return repr(v);
    if (const std::string known = Interpreter::known_name(v); Interpreter::is_builtin(known)) return known;
    const Callable* callable = in_.callable(v);
    const std::string name =
        callable && callable->definition && !callable->definition->name.empty() ? callable->definition->name : hint;
    need(name, v);
    return name;
  }

  // What is not read, and what would change a value that something else holds.
  void check(const Definition& d, const Module& module) {
    std::set<std::string> parameters;
    for (const Parameter& parameter : d.parameters) parameters.insert(parameter.name);
    std::map<std::string, bool> fresh;  // names that have values here: are all of them fresh?
    Walk values;
    values.inside = false;
    values.on_statement = [&](const Statement& s) {
      if (s.kind == Statement::Kind::unknown) refuse(module, s.line, s.name);
      std::set<std::string> names;
      for (const NodePtr& target : s.targets) names_of(*target, names);
      const bool one = s.targets.size() == 1 && s.targets[0]->kind == Node::Kind::name;
      for (const std::string& name : names) {
        const bool own = (s.kind == Statement::Kind::assign && one && is_fresh(*s.value)) || s.kind == Statement::Kind::grow;
        const auto [place, first] = fresh.try_emplace(name, own);
        if (!first) place->second = place->second && own;
      }
    };
    values.block(d.body);

    const auto changed = [&](const std::string& name, int line) {
      if (parameters.contains(name)) {
        changers_.try_emplace(d.name, fmt::format("{}:{}: it changes what it is given, '{}'", module.origin, line, name));
        return;
      }
      const auto place = fresh.find(name);
      if (place == fresh.end() || !place->second)
        refuse(module, line, fmt::format("'{}' is changed where something else may hold it, too; give it a copy", name));
    };
    Walk uses;
    uses.inside = false;
    uses.on_definition = [&](const Definition& inner) {
      if (&inner != &d) check(inner, module);
    };
    uses.on_statement = [&](const Statement& s) {
      if (s.kind != Statement::Kind::assign && s.kind != Statement::Kind::grow) return;
      for (const NodePtr& target : s.targets) {
        if (target->kind != Node::Kind::item) continue;
        const Node& of = *target->parts[0];
        if (of.kind == Node::Kind::name) changed(of.name, s.line);
        else refuse(module, s.line, "an item inside of an item is assigned");
      }
    };
    uses.on_node = [&](const Node& n) {
      if (n.kind != Node::Kind::attribute) return;
      const Node& of = *n.parts[0];
      const auto is_own = [&](const std::string& name) { return parameters.contains(name) || fresh.contains(name); };
      if (const std::string known = known_module(of, module, is_own); !known.empty()) {
        const std::string full = known + "." + n.name;
        if (!find_builtin(full) && !is_module(full) && !module_constant(full))
          refuse(module, n.line, fmt::format("'{}' is not read", full));
        return;
      }
      // of a type itself: str.lower
      if (of.kind == Node::Kind::name && !is_own(of.name) && Interpreter::is_builtin(of.name) && !has_value(module, of.name)) {
        const std::string full = of.name + "." + n.name;
        if (!find_builtin(full) && !is_text_method(full)) refuse(module, n.line, fmt::format("'{}' is not read", full));
        return;
      }
      const bool of_path = of.kind == Node::Kind::name && of.name == "Path";
      if (!is_method(n.name) && !of_path)
        refuse(module, n.line, fmt::format("the method or member '{}' is not read", n.name));
      if (!changes(n.name)) return;
      if (of.kind == Node::Kind::name) changed(of.name, n.line);
      else if (n.name != "pop" && n.name != "remove" && n.name != "insert")
        refuse(module, n.line, fmt::format("{}() changes what has no name", n.name));
    };
    uses.definition(d);
  }
  bool has_value(const Module& module, const std::string& name) {
    try {
      return in_.find(module.scope, name) != nullptr;
    } catch (const Placed&) { return true; }
  }
  // "os.path" of os.path; empty: it is none of the modules that are known.
  std::string known_module(const Node& of, const Module& module, const std::function<bool(const std::string&)>& is_own) {
    if (of.kind == Node::Kind::attribute) {
      const std::string outer = known_module(*of.parts[0], module, is_own), full = outer + "." + of.name;
      return !outer.empty() && is_module(full) ? full : std::string();
    }
    if (of.kind != Node::Kind::name || is_own(of.name)) return {};
    try {
      const Value* found = in_.find(module.scope, of.name);   // import numpy as np
      if (const std::string known = found ? Interpreter::known_name(*found) : ""; is_module(known)) return known;
    } catch (const Placed&) {
      // it has no value, which is said where it is used
    }
    return is_module(of.name) ? of.name : std::string();
  }

  Interpreter& in_;
  std::map<std::string, std::string> parts_;
  std::vector<std::string> order_;
  std::map<std::string, const Definition*> done_;
  std::map<std::string, std::string> changers_;
  size_t bytes_ = 0;
};

}  // namespace

Result<Extracted> extract(const std::filesystem::path& path, const std::string& function, Use use) {
  try {
    // a module is read once for all of its functions: hundreds of tasks share one
    static thread_local std::map<std::filesystem::path, std::unique_ptr<Interpreter>> modules;
    auto& kept = modules[path];
    if (!kept) kept = std::make_unique<Interpreter>();
    Interpreter& in = *kept;
    in.renew();
    Module& module = in.load(path);
    in.renew();
    const Value v = in.global(module, function);
    Extracted out{"", function};
    Writer writer(in);
    if (use == Use::rows) {
      Value rows = v.function() ? in.call(v, {}) : v;
      if (!rows.list()) throw Failure("it gives no list of rows");
      out.source = fmt::format("{} = lambda: {}\n", function, writer.repr(rows));
      return out;
    }
    if (!v.function()) throw Failure(fmt::format("'{}' is no function", function));
    writer.need(function, v);
    out.source = writer.text();
    // what it does to a data set is known now; that it can be done at all, too
    std::set<std::string> called;
    if (use == Use::data_set) {
      Interpreter own;
      const std::vector<Step>* steps =
          own.steps_of(own.call(own.global(own.load_text(out.source, path.string()), function), {{own.rows()}, {}}));
      if (!steps) throw Failure("it returns no data set");
      for (const Step& step : *steps)
        if (const Callable* callable = own.callable(step.function); callable && step.kind == Step::Kind::map) {
          const Callable* inner = callable;
          while (inner && !inner->definition) inner = own.callable(inner->base);
          if (inner) called.insert(inner->definition->name);
        }
    }
    for (const auto& [name, why] : writer.changers())
      if (!called.contains(name)) throw Placed(why);
    return out;
  } catch (const Failure& failure) {
    const bool placed = dynamic_cast<const Placed*>(&failure) != nullptr;
    return Error{Error::Kind::config,
                 placed ? failure.what() : fmt::format("{}: {}: {}", path.string(), function, failure.what())};
  }
}

}  // namespace sextant::python
