// What is called: functions of the module, partials, library functions, methods, steps of a data set.
#include <algorithm>
#include <fmt/format.h>
#include "../jinja/nesting.hpp"
#include "function_names.hpp"

namespace sextant::python {

Value Interpreter::call_node(const Node& node, Scope& scope) {
  const Node& callee = *node.parts[0];
  if (callee.kind == Node::Kind::attribute) {
    if (auto changed = change(node, scope)) return *changed;
    // globals().update(NAMES)
    const Node& of = *callee.parts[0];
    if (callee.name == "update" && of.kind == Node::Kind::call && of.parts[0]->kind == Node::Kind::name &&
        of.parts[0]->name == "globals") {
      const Arguments given = arguments(node, scope);
      if (given.positional.size() != 1 || !given.positional[0].dict()) throw Failure("globals().update() needs a dict");
      Scope* top = &scope;
      while (top->outer) top = top->outer;
      for (const auto& [key, value] : given.positional[0].dict()->members) top->set(library_->print(key), value);
      return None{};
    }
  }
  const Value f = evaluate(callee, scope);
  return call(f, arguments(node, scope));
}

Value Interpreter::define(std::shared_ptr<const Definition> definition, Scope& scope) {
  Callable made;
  // a comprehension's names end with it, and a function that it makes would outlive them
  Scope* home = &scope;
  if (home->outer) {
    const bool kept = std::any_of(scopes_.begin(), scopes_.end(), [&](const Scope& s) { return &s == home; });
    if (!kept) home = &scopes_.emplace_back(scope);
  }
  made.scope = home;
  for (const Parameter& parameter : definition->parameters) {
    if (parameter.otherwise) made.defaults.emplace_back(evaluate(*parameter.otherwise, scope));
    else made.defaults.emplace_back();
  }
  made.definition = std::move(definition);
  callables_.push_back(std::move(made));
  return function(number_name("def", callables_.size() - 1));
}

Value Interpreter::call(const Value& f, Arguments given) {
  library_->charge(0);
  if (const Callable* callable = this->callable(f)) {
    if (callable->definition) return call_definition(*callable, std::move(given));
    Arguments all = callable->bound;
    all.positional.insert(all.positional.end(), given.positional.begin(), given.positional.end());
    for (auto& [name, value] : given.named) {
      const auto old =
          std::find_if(all.named.begin(), all.named.end(), [&, &name = name](const auto& each) { return each.first == name; });
      if (old != all.named.end()) old->second = value;
      else all.named.emplace_back(name, value);
    }
    return call(callable->base, std::move(all));
  }
  const jinja::Function* known = f.function();
  if (!known) throw Failure(fmt::format("{} cannot be called", jinja::describe(f)));
  if (const std::string name = known_name(f); !name.empty()) {
    if (name == "functools.partial") {
      if (given.positional.empty()) throw Failure("partial() needs a function");
      Callable made;
      made.base = given.positional[0];
      made.bound = std::move(given);
      made.bound.positional.erase(made.bound.positional.begin());
      callables_.push_back(std::move(made));
      return function(number_name("def", callables_.size() - 1));
    }
    if (name == "re.compile") {
      const jinja::Bound bound("re.compile()", given, {"pattern", "flags"}, 1);
      RegexOptions options;
      options.syntax = RegexOptions::Syntax::python;
      if (bound[1]) throw Failure("the flags of re.compile() are not read");
      auto regex = Regex::compile(bound.text(0, ""), options, "re.compile()");
      if (!regex) throw Failure(regex.error().message);
      patterns_.emplace_back(bound.text(0, ""), std::move(*regex));
      return function(number_name("pattern", patterns_.size() - 1));
    }
    if (is_text_method(name)) {
      if (given.positional.empty() || !given.positional[0].string()) throw Failure(fmt::format("{}() needs a text", name));
      const Value text = given.positional[0];
      given.positional.erase(given.positional.begin());
      return call(attribute(text, name.substr(4)), std::move(given));
    }
    const Builtin builtin = find_builtin(name);
    if (!builtin) throw Failure(fmt::format("'{}' cannot be called", name));
    return builtin(*this, given);
  }
  if (known->name.starts_with('.')) {
    const Value& self = known->self;
    const std::string method = known->name.substr(1);
    if (const auto number = number_of(self, "rows")) return call_rows(*number, method, given);
    if (number_of(self, "pattern")) {
      Arguments all = given;
      all.positional.insert(all.positional.begin(), Value(*pattern(self)));
      const Builtin builtin = find_builtin("re." + method);
      if (!builtin) throw Failure(fmt::format("the method {}() of a pattern is not read", method));
      return builtin(*this, all);
    }
    if (self.function()->name == "match") {
      if (method == "groups")
        return self.function()->self.list()->items.empty() ? self.function()->self
                                                           : library_->slice(self.function()->self, Value(1), None{}, None{});
      if (method == "group") return item(self.function()->self, given.positional.empty() ? Value(0) : given.positional[0]);
      throw Failure(fmt::format("the method {}() of a match is not read", method));
    }
    if (self.function()->name == "path" && method == "resolve") return self;
    if (self.function()->name == "path" && (method == "open" || method == "read_text"))
      return find_builtin("open")(*this, {{self.function()->self, Value(method)}, {}});
    throw Failure(fmt::format("the method {}() is not read", method));
  }
  if (!known->self.is_undefined()) {
    if (known->self.string() && known->name == "join" && given.positional.size() == 1)
      given.positional[0] = library_->list(iterate(given.positional[0]));
    return jinja::call_method(*library_, known->self, known->name, given);
  }
  throw Failure("what is called there is not read");
}

Value Interpreter::call_definition(const Callable& callable, Arguments given) {
  const Definition& definition = *callable.definition;
  const std::string called = definition.name.empty() ? "a lambda" : definition.name + "()";
  Scope& scope = scopes_.emplace_back(Scope{callable.scope, callable.scope->module, {}});
  size_t next = 0;
  std::vector<bool> used(given.named.size());
  for (size_t i = 0; i < definition.parameters.size(); ++i) {
    const Parameter& parameter = definition.parameters[i];
    if (parameter.kind == Parameter::Kind::rest) {
      Values rest(given.positional.begin() + static_cast<std::ptrdiff_t>(std::min(next, given.positional.size())),
                  given.positional.end());
      next = given.positional.size();
      scope.set(parameter.name, library_->list(std::move(rest), List::Kind::tuple));
      continue;
    }
    if (parameter.kind == Parameter::Kind::named_rest) {
      Dict rest;
      for (size_t k = 0; k < given.named.size(); ++k)
        if (!used[k]) used[k] = true, rest.set(Value(given.named[k].first), given.named[k].second);
      scope.set(parameter.name, Value(std::move(rest)));
      continue;
    }
    std::optional<Value> value;
    if (next < given.positional.size()) value = given.positional[next++];
    for (size_t k = 0; k < given.named.size(); ++k)
      if (given.named[k].first == parameter.name) {
        if (value) throw Failure(fmt::format("{} is given '{}' twice", called, parameter.name));
        used[k] = true;
        value = given.named[k].second;
      }
    if (!value) value = callable.defaults[i];
    if (!value) throw Failure(fmt::format("{} is not given '{}'", called, parameter.name));
    scope.set(parameter.name, *value);
  }
  if (next < given.positional.size() || std::find(used.begin(), used.end(), false) != used.end())
    throw Failure(called + " is given more than it takes");
  try {
    if (definition.result) return evaluate(*definition.result, scope);
    returned_ = None{};
    run(definition.body, scope);
    return std::exchange(returned_, None{});
  } catch (const Placed&) { throw; } catch (const Failure& failure) {
    throw Placed(fmt::format("{}:{}: {}", callable.scope->module->origin, failure.line > 0 ? failure.line : definition.line,
                             failure.what()));
  }
}

Value Interpreter::call_rows(size_t number, const std::string& method, const Arguments& given) {
  std::vector<Step> steps = rows_[number];
  const auto names = [&](const Value& v) {
    std::vector<std::string> out;
    if (v.string()) return out.push_back(*v.string()), out;
    for (const Value& name : iterate(v)) out.push_back(library_->print(name));
    return out;
  };
  if (method == "filter" || method == "map") {
    Step step{method == "filter" ? Step::Kind::filter : Step::Kind::map, {}};
    Value function;
    std::vector<std::string> dropped;
    if (given.positional.size() == 1) function = given.positional[0];
    else if (given.positional.size() > 1)
      throw Failure(fmt::format("{}() of a data set has other arguments than are read", method));
    for (const auto& [name, value] : given.named) {
      if (name == "function") function = value;
      else if (name == "remove_columns" && method == "map") dropped = names(value);
      else if (name != "num_proc" && name != "desc" && name != "load_from_cache_file" && name != "keep_in_memory")
        throw Failure(fmt::format("the argument {} of a data set's {}() is not read", name, method));
    }
    if (!function.function()) throw Failure(fmt::format("{}() of a data set needs a function", method));
    step.function = function;
    step.names = dropped;
    steps.push_back(std::move(step));
  } else if (method == "remove_columns") {
    const jinja::Bound bound("remove_columns()", given, {"column_names"}, 1);
    steps.push_back({Step::Kind::drop, {}, names(*bound[0])});
  } else if (method == "rename_column") {
    const jinja::Bound bound("rename_column()", given, {"original_column_name", "new_column_name"}, 2);
    steps.push_back({Step::Kind::rename, {}, {bound.text(0, ""), bound.text(1, "")}});
  } else {
    throw Failure(fmt::format("the method {}() of a data set is not read", method));
  }
  rows_.push_back(std::move(steps));
  return function(number_name("rows", rows_.size() - 1));
}

}  // namespace sextant::python
