// Names, values and expressions.
#include <algorithm>
#include <fmt/format.h>
#include "../jinja/nesting.hpp"
#include "function_names.hpp"

namespace sextant::python {
namespace fs = std::filesystem;
namespace {

constexpr uint32_t depth_max = 150;

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
          if (node.ops.size() > 1) throw Failure("to compare arrays in a chain is not read");
          return compare_arrays(op, left, right);
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

// Item by item, as numpy does; a value that is no array is compared with each.
Value Interpreter::compare_arrays(const std::string& op, const Value& left, const Value& right) {
  if (op == "in" || op == "not in") throw Failure("'in' is not read with arrays");
  for (const Value* side : {&left, &right})
    if (!is_array(*side) && !side->is_number() && !side->string() && !side->boolean())
      throw Failure(fmt::format("to compare an array with {} is not read", jinja::describe(*side)));
  const size_t n = (is_array(left) ? left : right).list()->items.size();
  if (is_array(left) && is_array(right) && right.list()->items.size() != n)
    throw Failure("arrays of different lengths are compared");
  const auto at = [](const Value& side, size_t i) -> const Value& {
    const Value& v = is_array(side) ? side.list()->items[i] : side;
    if (!v.is_number() && !v.string() && !v.boolean()) throw Failure("an array of lists is compared");
    return v;
  };
  library_->charge(n);
  Values out;
  for (size_t i = 0; i < n; ++i) {
    const Value &a = at(left, i), &b = at(right, i);
    if (bool(a.string()) != bool(b.string())) throw Failure("an array of numbers is compared with text");
    out.emplace_back(library_->compare(op, a, b));
  }
  return Value(List{std::move(out), List::Kind::list, "array"});
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
    if (find_builtin(full) || is_module(full) || is_text_method(full)) return function("known/" + full);
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

}  // namespace sextant::python
