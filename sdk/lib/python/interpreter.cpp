// Expressions, statements, calls.
#include "interpreter.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include "../jinja/nesting.hpp"

namespace sextant::python {
namespace fs = std::filesystem;
namespace {

constexpr uint32_t depth_max = 150;
constexpr size_t module_bytes_max = 4u << 20;

std::string number_name(const char* kind, size_t number) { return fmt::format("{}/{}", kind, number); }
// The number of "kind/number".
std::optional<size_t> number_of(const Value& v, std::string_view kind) {
  const jinja::Function* f = v.function();
  if (!f || !f->name.starts_with(kind) || f->name.size() <= kind.size() || f->name[kind.size()] != '/') return std::nullopt;
  return static_cast<size_t>(std::stoull(f->name.substr(kind.size() + 1)));
}
Value function(std::string name) { return Value(jinja::Function{std::move(name)}); }

bool is_list(const Value& v) { return v.list() && v.list()->kind == List::Kind::list; }

}  // namespace

const Value* Scope::find(std::string_view name) const {
  for (const auto& [known, value] : names)
    if (known == name) return &value;
  return nullptr;
}
void Scope::set(std::string_view name, Value value) {
  for (auto& [known, old] : names)
    if (known == name) return void(old = std::move(value));
  names.emplace_back(name, std::move(value));
}

Interpreter::Interpreter() { renew(); }
void Interpreter::renew() { library_.emplace(jinja::Environment::lm_eval(), jinja::Limits{}, std::string()); }

void Interpreter::back_to(const Mark& mark) {
  scopes_.resize(mark.scopes);
  callables_.resize(mark.callables);
  rows_.resize(mark.rows);
  while (patterns_.size() > mark.patterns) patterns_.pop_back();
}

const Callable* Interpreter::callable(const Value& v) const {
  const auto number = number_of(v, "def");
  return number ? &callables_[*number] : nullptr;
}
const std::string* Interpreter::pattern(const Value& v) const {
  const auto number = number_of(v, "pattern");
  return number ? &patterns_[*number].first : nullptr;
}
const std::vector<Step>* Interpreter::steps_of(const Value& v) const {
  const auto number = number_of(v, "rows");
  return number ? &rows_[*number] : nullptr;
}
std::string Interpreter::known_name(const Value& v) {
  const jinja::Function* f = v.function();
  return f && f->self.is_undefined() && f->name.starts_with("known/") ? f->name.substr(6) : std::string();
}
bool Interpreter::is_builtin(std::string_view name) { return find_builtin(name) && name.find('.') == name.npos; }

Value Interpreter::rows() {
  rows_.emplace_back();
  return function(number_name("rows", rows_.size() - 1));
}

Module& Interpreter::load(const fs::path& path) {
  for (Module& module : modules_)
    if (module.path == path) return module;
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file || text.size() > module_bytes_max) throw Placed(fmt::format("{} cannot be read as Python", path.string()));
  Module& module = modules_.emplace_back();
  module.path = path;
  module.origin = path.string();
  module.source = std::move(text);
  return run_module(module);
}
Module& Interpreter::load_text(std::string source, std::string origin) {
  Module& module = modules_.emplace_back();
  module.source = std::move(source);
  module.origin = std::move(origin);
  return run_module(module);
}

Module& Interpreter::run_module(Module& module) {
  module.scope.module = &module;
  module.scope.set("__file__", Value(module.path.string()));
  module.scope.set("__name__", Value(module.path.stem().string()));
  module.body = parse(module.source);
  for (const Statement& statement : module.body) {
    const auto unknown = [&](const std::string& why) {
      for (const NodePtr& target : statement.targets)
        if (target->kind == Node::Kind::name) module.unknown[target->name] = why;
      for (const auto& [name, as] : statement.names) module.unknown[as.empty() ? name : as] = why;
      if (statement.definition) module.unknown[statement.definition->name] = why;
    };
    try {
      if (statement.kind == Statement::Kind::unknown) throw Failure(statement.name, statement.line);
      run(statement, module.scope);
    } catch (const Placed& placed) { unknown(placed.what()); } catch (const Failure& failure) {
      unknown(fmt::format("{}:{}: {}", module.origin, failure.line > 0 ? failure.line : statement.line, failure.what()));
    }
  }
  return module;
}

const Value* Interpreter::find(const Scope& from, const std::string& name) {
  const Scope* scope = &from;
  for (; scope->outer; scope = scope->outer)
    if (const Value* found = scope->find(name)) return found;
  if (const Value* found = scope->find(name)) return found;
  Module* module = scope->module;
  if (!module) return nullptr;
  if (const auto late = module->imported.find(name); late != module->imported.end()) {
    const Module::Imported what = late->second;
    module->imported.erase(late);
    try {
      module->scope.set(name, imported(what, name, *module));
    } catch (const Failure& failure) {
      const bool placed = dynamic_cast<const Placed*>(&failure) != nullptr;
      module->unknown[name] = placed ? failure.what() : fmt::format("{}:{}: {}", module->origin, what.line, failure.what());
    }
    if (const Value* found = module->scope.find(name)) return found;
  }
  if (const auto why = module->unknown.find(name); why != module->unknown.end()) throw Placed(why->second);
  return nullptr;
}

Value Interpreter::global(Module& module, const std::string& name) {
  if (const Value* found = find(module.scope, name)) return *found;
  throw Placed(fmt::format("{}: there is no '{}'", module.origin, name));
}

Value Interpreter::name(const Node& node, Scope& scope) {
  if (const Value* found = find(scope, node.name)) return *found;
  if (is_builtin(node.name)) return function("known/" + node.name);
  throw Failure(fmt::format("the name '{}' is not known", node.name));
}

Value Interpreter::evaluate(const Node& node, Scope& scope) {
  library_->charge(0);
  if (++depth_ > depth_max) {
    --depth_;
    throw Failure("calls and expressions nest too deeply", node.line);
  }
  try {
    Value out = evaluate_kind(node, scope);
    --depth_;
    return out;
  } catch (const Placed&) {
    --depth_;
    throw;
  } catch (Failure& failure) {
    --depth_;
    if (failure.line == 0) failure.line = node.line;
    throw;
  }
}

Values Interpreter::iterate(const Value& v) {
  if (v.list() && v.list()->label == "set") throw Failure("the order of a set is not defined; use a list");
  if (v.function()) throw Failure("a function or data set is iterated over");
  return library_->iterate(v);
}

Value Interpreter::evaluate_kind(const Node& node, Scope& scope) {
  using Kind = Node::Kind;
  const auto part = [&](size_t i) { return evaluate(*node.parts[i], scope); };
  switch (node.kind) {
    case Kind::constant: return node.constant;
    case Kind::name: return name(node, scope);
    case Kind::list:
    case Kind::tuple:
    case Kind::set: {
      Values items;
      for (const NodePtr& each : node.parts) {
        if (each->kind == Kind::starred) {
          for (Value& item : iterate(evaluate(*each->parts[0], scope))) items.push_back(std::move(item));
        } else {
          items.push_back(evaluate(*each, scope));
        }
      }
      if (node.kind == Kind::set) return find_builtin("set")(*this, {{library_->list(std::move(items))}, {}});
      return library_->list(std::move(items), node.kind == Kind::list ? List::Kind::list : List::Kind::tuple);
    }
    case Kind::dict: {
      Dict dict;
      for (size_t i = 0; i < node.parts.size(); i += 2) {
        Value value = part(i + 1);
        if (!node.parts[i]) {
          if (!value.dict()) throw Failure("** needs a dict");
          for (const auto& [key, item] : value.dict()->members) dict.set(key, item);
          continue;
        }
        Value key = part(i);
        if (!jinja::hashable(key)) throw Failure(fmt::format("a {} cannot be the key of a dict", jinja::type_name(key)));
        dict.set(std::move(key), std::move(value));
      }
      return Value(std::move(dict));
    }
    case Kind::attribute: return attribute(part(0), node.name);
    case Kind::item: {
      const Value object = part(0);
      return item(object, part(1));
    }
    case Kind::slice: {
      const Value object = part(0);
      const auto bound = [&](size_t i) { return node.parts[i] ? part(i) : Value(None{}); };
      const Value start = bound(1), stop = bound(2);
      return library_->slice(object, start, stop, bound(3));
    }
    case Kind::unary: {
      const Value v = part(0);
      if (is_array(v)) throw Failure("to compute with arrays is not read");
      if (node.name == "not") return Value(!truth(v));
      return library_->binary(node.name, Value(0), v);
    }
    case Kind::binary: {
      const Value left = part(0), right = part(1);
      if (left.function() && left.function()->name == "path" && node.name == "/" && right.string())
        return Value(jinja::Function{"path", Value((fs::path(*left.function()->self.string()) / *right.string()).string())});
      if (is_array(left) || is_array(right)) throw Failure("to compute with arrays is not read");
      return library_->binary(node.name, left, right);
    }
    case Kind::compare: {
      Value left = part(0);
      for (size_t i = 0; i < node.ops.size(); ++i) {
        Value right = part(i + 1);
        const std::string& op = node.ops[i];
        bool holds = false;
        if (op == "is" || op == "is not") {
          const auto single = [](const Value& v) { return v.is_none() || v.boolean(); };
          if (!single(left) && !single(right)) throw Failure("'is' is read with None, True and False alone");
          const bool same =
              (left.is_none() && right.is_none()) || (left.boolean() && right.boolean() && *left.boolean() == *right.boolean());
          holds = same == (op == "is");
        } else if (is_array(left) || is_array(right)) {
          throw Failure("to compare arrays is not read");
        } else if (left.function() || right.function()) {
          throw Failure("a function is compared");
        } else {
          holds = library_->compare(op, left, right);
        }
        if (!holds) return Value(false);
        left = std::move(right);
      }
      return Value(true);
    }
    case Kind::conjunction: {
      Value left = part(0);
      return truth(left) ? part(1) : left;
    }
    case Kind::disjunction: {
      Value left = part(0);
      return truth(left) ? left : part(1);
    }
    case Kind::conditional: return truth(part(1)) ? part(0) : part(2);
    case Kind::call: return call_node(node, scope);
    case Kind::lambda: return define(node.definition, scope);
    case Kind::list_of:
    case Kind::dict_of: return comprehension(node, scope);
    case Kind::text: {
      std::string out;
      for (size_t i = 0; i < node.parts.size(); ++i) {
        const Value v = part(i);
        if (v.function()) throw Failure("a function is printed");
        out += library_->print(v);
      }
      return library_->text(std::move(out));
    }
    case Kind::placed: return jinja::brace_format(*library_, node.name, {{part(0)}, {}});
    case Kind::starred: throw Failure("a * is not read here");
  }
  return {};
}

Value Interpreter::item(const Value& object, const Value& key) {
  if (const Dict* dict = object.dict()) {
    library_->charge(dict->members.size() / 16);
    if (!jinja::hashable(key)) throw Failure(fmt::format("a {} cannot be a key", jinja::type_name(key)));
    if (const Value* found = dict->find(key)) return *found;
    throw Failure(fmt::format("there is no '{}'", library_->print(key)));
  }
  if (object.function()) {
    const jinja::Function& f = *object.function();
    if (f.name == "match") return item(f.self, key);
    throw Failure("an item of a function or data set is asked for");
  }
  if (!key.is_integral()) throw Failure(fmt::format("an item of {} by {}", jinja::describe(object), jinja::describe(key)));
  const Value out = library_->item(object, key);
  if (out.is_undefined()) throw Failure(fmt::format("there is no item {}", key.to_integer()));
  return out;
}

Value Interpreter::attribute(const Value& object, const std::string& name) {
  if (const std::string known = known_name(object); !known.empty()) {
    const std::string full = known + "." + name;
    if (auto constant = module_constant(full)) return *constant;
    if (find_builtin(full) || is_module(full)) return function("known/" + full);
    throw Failure(fmt::format("'{}' is not read", full));
  }
  if (const jinja::Function* f = object.function()) {
    if (f->name == "path" && name == "parent")
      return Value(jinja::Function{"path", Value(fs::path(*f->self.string()).parent_path().string())});
    if (f->name == "path" && name == "name") return Value(fs::path(*f->self.string()).filename().string());
    if (f->name == "path" && name == "stem") return Value(fs::path(*f->self.string()).stem().string());
    if (number_of(object, "module")) {
      Module& module = modules_[*number_of(object, "module")];
      return global(module, name);
    }
    if (f->name == "path" || f->name == "match" || number_of(object, "rows") || number_of(object, "pattern"))
      return Value(jinja::Function{"." + name, object});
    throw Failure(fmt::format("the member '{}' of a function is not read", name));
  }
  if (jinja::has_method(object, name)) return Value(jinja::Function{name, object});
  throw Failure(fmt::format("{} has no '{}' that is read", jinja::describe(object), name));
}

Arguments Interpreter::arguments(const Node& node, Scope& scope) {
  Arguments out;
  for (const Given& given : node.given) {
    Value v = evaluate(*given.value, scope);
    switch (given.kind) {
      case Given::Kind::positional: out.positional.push_back(std::move(v)); break;
      case Given::Kind::keyword: out.named.emplace_back(given.name, std::move(v)); break;
      case Given::Kind::spread:
        for (Value& item : iterate(v)) out.positional.push_back(std::move(item));
        break;
      case Given::Kind::spread_dict:
        if (!v.dict()) throw Failure("** needs a dict");
        for (const auto& [key, value] : v.dict()->members) out.named.emplace_back(library_->print(key), value);
    }
  }
  return out;
}

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

Value Interpreter::comprehension(const Node& node, Scope& outer) {
  Scope inner{&outer, outer.module, {}};
  Values items;
  Dict dict;
  const bool keyed = node.kind == Node::Kind::dict_of;
  const auto round = [&](const auto& self, size_t at) -> void {
    if (at == node.loops.size()) {
      Value value = evaluate(*node.parts[0], inner);
      if (keyed) dict.set(value, evaluate(*node.parts[1], inner));
      else items.push_back(std::move(value));
      return;
    }
    const Loop& loop = node.loops[at];
    for (const Value& v : iterate(evaluate(*loop.over, inner))) {
      library_->charge(0);
      assign(*loop.target, v, inner);
      if (std::all_of(loop.conditions.begin(), loop.conditions.end(),
                      [&](const NodePtr& c) { return truth(evaluate(*c, inner)); }))
        self(self, at + 1);
    }
  };
  round(round, 0);
  return keyed ? Value(std::move(dict)) : library_->list(std::move(items));
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

// A module of the same folder, or of the package that the module is a part of; others are not read.
Value Interpreter::module_value(const std::string& name, const Module& of) {
  if (is_module(name)) return function("known/" + name);
  const fs::path& here = of.path;
  if (here.empty()) throw Failure(fmt::format("the module {} is not read", name));
  std::string tail = name;
  std::vector<fs::path> roots = {here.parent_path()};
  if (name.starts_with('.')) {
    const size_t dots = name.find_first_not_of('.');
    if (dots == name.npos) throw Failure("'from . import' is not read");
    for (size_t i = 1; i < dots; ++i) roots[0] = roots[0].parent_path();
    tail = name.substr(dots);
  } else {
    const std::string package = name.substr(0, name.find('.'));
    for (fs::path folder = here.parent_path(); folder != folder.parent_path(); folder = folder.parent_path())
      if (folder.filename() == package) roots.push_back(folder.parent_path());
  }
  std::replace(tail.begin(), tail.end(), '.', '/');
  for (const fs::path& root : roots) {
    std::error_code code;
    for (const fs::path& path : {root / (tail + ".py"), root / tail / "__init__.py"})
      if (fs::is_regular_file(path, code)) {
        Module& module = load(path);
        const auto place = std::find_if(modules_.begin(), modules_.end(), [&](const Module& m) { return &m == &module; });
        return function(number_name("module", static_cast<size_t>(place - modules_.begin())));
      }
  }
  throw Failure(fmt::format("the module {} is not read", name));
}

Value Interpreter::imported(const Module::Imported& from, const std::string& as, Module& module) {
  if (!from.what.empty()) return attribute(module_value(from.module, module), from.what);
  const bool renamed = as != from.module.substr(0, from.module.find('.'));  // import a.b: the name a
  return module_value(renamed ? from.module : as, module);
}

void Interpreter::import(const Statement& s, Scope& scope) {
  for (const auto& [what, as] : s.names) {
    const Module::Imported from{s.name, what, s.line};
    if (!scope.outer && scope.module) scope.module->imported[as] = from;
    else scope.set(as, imported(from, as, *scope.module));
  }
}

}  // namespace sextant::python
