#include "value.hpp"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include "text.hpp"

namespace sextant::jinja {
namespace {

// The size of what contains these parts.
class Sum {
 public:
  void add(const Value& part) {
    const Value::Size s = part.size();
    sum_.depth = std::max(sum_.depth, s.depth);
    sum_.weight += s.weight;
  }
  Value::Size take() {
    if (++sum_.depth > value_depth_max) throw Failure(fmt::format("lists and dicts nest deeper than {}", value_depth_max));
    if (sum_.weight > value_weight_max) throw Failure("a list or dict became too large");
    return sum_;
  }

 private:
  Value::Size sum_;
};

class Printer {
 public:
  explicit Printer(size_t limit) : limit_(limit) {}
  std::string take() { return std::move(out_); }

  void text(const Value& v) {
    if (const auto* s = v.string()) add(*s);
    else if (v.is_undefined()) v.expect_defined();
    else repr(v);
  }

  void repr(const Value& v) {
    if (v.is_undefined()) add("Undefined");
    else if (v.is_none()) add("None");
    else if (const bool* b = v.boolean()) add(*b ? "True" : "False");
    else if (const int64_t* i = v.integer()) add(std::to_string(*i));
    else if (const double* d = v.real()) add(real_text(*d));
    else if (const auto* s = v.string()) add(quoted(*s));
    else if (const List* l = v.list()) list(*l);
    else if (const Dict* d = v.dict()) dict(*d);
    else if (const Namespace* n = v.ns()) add("<Namespace "), dict(n->members), add(">");
    else if (v.loop()) add(fmt::format("<LoopContext {}/{}>", v.loop()->index + 1, v.loop()->items.size()));
    else if (v.function()->macro) add("<Macro " + quoted(v.function()->name) + ">");
    else add("<function " + v.function()->name + ">");
  }

 private:
  void add(std::string_view s) {
    if (out_.size() + s.size() > limit_) throw Failure(fmt::format("a text grew beyond {} bytes", limit_));
    out_ += s;
  }
  // namespaces may contain themselves
  struct Nested {
    explicit Nested(uint32_t& d) : depth(d) {
      if (++depth > 2 * value_depth_max) throw Failure("a namespace that contains itself cannot be printed");
    }
    ~Nested() { --depth; }
    uint32_t& depth;
  };
  void items(const Values& values) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (i) add(", ");
      repr(values[i]);
    }
  }
  void list(const List& l) {
    const Nested nested(depth_);
    if (l.kind == List::Kind::range && l.label.empty()) throw Failure("printing a part of a range() is not supported");
    if (l.kind == List::Kind::range) return add(l.label);
    if (l.kind == List::Kind::generator) return add("<generator object>");
    const bool tuple = l.kind == List::Kind::tuple;
    if (l.kind == List::Kind::view) add(l.label + "(");
    add(tuple ? "(" : "[");
    items(l.items);
    add(tuple ? l.items.size() == 1 ? ",)" : ")" : "]");
    if (l.kind == List::Kind::view) add(")");
  }
  void dict(const Dict& d) {
    const Nested nested(depth_);
    add("{");
    for (size_t i = 0; i < d.members.size(); ++i) {
      if (i) add(", ");
      repr(d.members[i].first);
      add(": ");
      repr(d.members[i].second);
    }
    add("}");
  }

  std::string out_;
  size_t limit_;
  uint32_t depth_ = 0;
};

bool equal_members(const Dict& a, const Dict& b) {
  if (a.members.size() != b.members.size()) return false;
  return std::all_of(a.members.begin(), a.members.end(), [&](const auto& member) {
    const Value* other = b.find(member.first);
    return other && equal(member.second, *other);
  });
}

}  // namespace

Value::Value(List list) {
  Sum sum;
  for (const Value& item : list.items) sum.add(item);
  list.size = sum.take();
  data_ = std::make_shared<const List>(std::move(list));
}

Value::Value(Dict dict) {
  Sum sum;
  for (const auto& [key, value] : dict.members) sum.add(key), sum.add(value);
  dict.size = sum.take();
  data_ = std::make_shared<const Dict>(std::move(dict));
}

Value::Value(Function function) {
  Sum sum;
  sum.add(function.self);
  sum.add(function.caller);
  function.size = sum.take();
  data_ = std::make_shared<const Function>(std::move(function));
}

Value::Size Value::size() const {
  if (const std::string* s = string()) return {0, 1 + s->size() / bytes_per_weight};
  if (const List* l = list()) return l->size;
  if (const Dict* d = dict()) return d->size;
  if (const Function* f = function()) return f->size;
  return {};
}

const Value* Dict::find(std::string_view key) const {
  for (const auto& member : members)
    if (const std::string* s = member.first.string(); s && *s == key) return &member.second;
  return nullptr;
}

const Value* Dict::find(const Value& key) const {
  if (const std::string* s = key.string()) return find(std::string_view(*s));
  for (const auto& member : members)
    if (equal(member.first, key)) return &member.second;
  return nullptr;
}

void Dict::set(Value key, Value value) {
  for (auto& member : members)
    if (equal(member.first, key)) return void(member.second = std::move(value));
  members.emplace_back(std::move(key), std::move(value));
}

const char* type_name(const Value& v) {
  if (v.is_undefined()) return "undefined";
  if (v.is_none()) return "None";
  if (v.boolean()) return "bool";
  if (v.integer()) return "int";
  if (v.real()) return "float";
  if (v.string()) return "str";
  if (v.dict()) return "dict";
  if (v.ns()) return "namespace";
  if (v.loop()) return "loop";
  if (v.function()) return v.function()->macro ? "macro" : "function";
  switch (v.list()->kind) {
    case List::Kind::list: return "list";
    case List::Kind::tuple: return "tuple";
    case List::Kind::generator: return "generator";
    case List::Kind::view: return "view of a dict";
    case List::Kind::range: return "range";
  }
  return "value";
}

bool truth(const Value& v) {
  if (v.is_undefined() || v.is_none()) return v.expect_defined(), false;
  if (const bool* b = v.boolean()) return *b;
  if (const int64_t* i = v.integer()) return *i != 0;
  if (const double* d = v.real()) return *d != 0;
  if (const auto* s = v.string()) return !s->empty();
  if (const List* l = v.list()) return l->kind == List::Kind::generator || !l->items.empty();
  if (const Dict* d = v.dict()) return !d->members.empty();
  return true;
}

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number())
    return a.real() || b.real() ? a.to_real() == b.to_real() : a.to_integer() == b.to_integer();
  if (a.string() && b.string()) return *a.string() == *b.string();
  if (a.is_undefined() || b.is_undefined()) a.expect_defined(), b.expect_defined();
  if (a.is_undefined() || a.is_none()) return a.is_undefined() == b.is_undefined() && a.is_none() == b.is_none();
  if (a.dict() && b.dict()) return equal_members(*a.dict(), *b.dict());
  if (a.list() && b.list()) {
    const List &x = *a.list(), &y = *b.list();
    if (&x == &y) return true;
    const bool comparable = x.kind == y.kind && x.kind != List::Kind::generator && x.label != "dict_values";
    return comparable && std::equal(x.items.begin(), x.items.end(), y.items.begin(), y.items.end(), equal);
  }
  if (a.ns() || a.loop()) return a.ns() == b.ns() && a.loop() == b.loop();
  if (const Function *f = a.function(), *g = b.function(); f && g)
    return f->name == g->name && f->macro == g->macro && f->scope == g->scope && equal(f->self, g->self);
  return false;
}

bool hashable(const Value& v) {
  const List* l = v.list();
  if (l && l->kind == List::Kind::tuple) return std::all_of(l->items.begin(), l->items.end(), hashable);
  v.expect_defined();
  return !v.dict() && !(l && (l->kind == List::Kind::list || (l->kind == List::Kind::view && l->label != "dict_values")));
}

bool less(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return a.real() || b.real() ? a.to_real() < b.to_real() : a.to_integer() < b.to_integer();
  if (a.string() && b.string()) return *a.string() < *b.string();  // the bytes of UTF-8 have the order of the code points
  const List *x = a.list(), *y = b.list();
  if (x && y && x->kind == y->kind && (x->kind == List::Kind::list || x->kind == List::Kind::tuple)) {
    for (size_t i = 0; i < x->items.size() && i < y->items.size(); ++i)
      if (!equal(x->items[i], y->items[i])) return less(x->items[i], y->items[i]);
    return x->items.size() < y->items.size();
  }
  throw Failure(fmt::format("{} and {} have no order", type_name(a), type_name(b)));
}

std::string to_text(const Value& v, size_t limit) {
  Printer printer(limit);
  printer.text(v);
  return printer.take();
}

std::string to_repr(const Value& v, size_t limit) {
  Printer printer(limit);
  printer.repr(v);
  return printer.take();
}

// The shortest digits that read back as the same number, with an exponent from 1e16 up and below 1e-4.
std::string real_text(double v) {
  if (std::isnan(v)) return "nan";
  if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
  char digits[64];
  const double size = std::fabs(v);
  const bool exponent = size != 0 && (size < 1e-4 || size >= 1e16);
  const auto end =
      std::to_chars(digits, digits + sizeof digits, v, exponent ? std::chars_format::scientific : std::chars_format::fixed).ptr;
  std::string out(digits, end);
  if (!exponent && out.find('.') == out.npos) out += ".0";
  return out;
}

}  // namespace sextant::jinja
