// Attributes, items, slices, iteration.
#include <fmt/format.h>
#include "nesting.hpp"
#include "text.hpp"

namespace sextant::jinja {
namespace {

Value missing(const Evaluator& e, const Value& object, const std::string& name) {
  return e.undefined(fmt::format("'{}' of {}", name, describe(object)));
}

// The position of a Python index among `size` items; `size` where there is none.
size_t position(int64_t index, size_t size) {
  const auto n = static_cast<int64_t>(size);
  if (index < 0) index += n;
  return index < 0 || index >= n ? size : static_cast<size_t>(index);
}

struct Range {
  int64_t start, stop, step;
};

// PySlice_AdjustIndices
Range adjusted(const Value& start, const Value& stop, const Value& step, int64_t size) {
  const auto number = [](const Value& v, int64_t otherwise) {
    if (v.is_none()) return otherwise;
    if (!v.is_integral()) throw Failure(fmt::format("a slice needs integers, not {}", describe(v)));
    return v.to_integer();
  };
  Range r{0, 0, number(step, 1)};
  if (r.step == 0) throw Failure("the step of a slice is 0");
  const int64_t low = r.step < 0 ? -1 : 0, high = r.step < 0 ? size - 1 : size;
  const auto clamp = [&](int64_t v) { return v < 0 ? std::max(v < -size ? low : v + size, low) : std::min(v, high); };
  r.start = start.is_none() ? (r.step < 0 ? high : low) : clamp(number(start, 0));
  r.stop = stop.is_none() ? (r.step < 0 ? low : high) : clamp(number(stop, 0));
  return r;
}

Value macro_attribute(const Evaluator& e, const Macro& macro, std::string_view name) {
  if (name == "name") return Value(macro.name);
  if (name == "catch_kwargs") return macro.takes_kwargs;
  if (name == "catch_varargs") return macro.takes_varargs;
  if (name == "caller") return macro.takes_caller;
  if (name != "arguments") return e.undefined(fmt::format("'{}' of a macro", name));
  List names{{}, List::Kind::tuple};
  for (const Parameter& parameter : macro.parameters) names.items.emplace_back(parameter.name);
  return Value(std::move(names));
}

template <class Items, class Take> void each(const Range& r, const Items& items, const Take& take) {
  for (int64_t i = r.start; r.step > 0 ? i < r.stop : i > r.stop;) {
    take(items[static_cast<size_t>(i)]);
    if (__builtin_add_overflow(i, r.step, &i)) return;
  }
}

}  // namespace

Value Evaluator::attribute(const Value& object, std::string_view name) {
  const bool hidden = name.substr(0, 2) == "__";  // Python's own, which the sandbox hides
  if (object.is_undefined() && name != "__class__") throw Failure(describe(object));
  if (hidden && !object.dict()) return missing(*this, object, std::string(name));
  if (const Namespace* ns = object.ns()) {
    const Value* v = ns->members.find(name);
    return v ? *v : missing(*this, object, std::string(name));
  }
  if (const Loop* loop = object.loop()) return loop_attribute(*loop, name);
  if (has_method(object, name)) return Value(Function{std::string(name), object});
  if (const Dict* dict = object.dict()) {
    charge(dict->members.size() / 16);
    if (const Value* v = dict->find(name)) return *v;
  }
  if (const List* list = object.list(); list && list->label == "group" && (name == "grouper" || name == "list"))
    return list->items[name == "list"];
  if (const Function* f = object.function(); f && f->macro) return macro_attribute(*this, *f->macro, name);
  if (is_unsupported(object, name)) throw Failure(fmt::format("'{}' of {} is not supported", name, describe(object)));
  return missing(*this, object, std::string(name));
}

Value Evaluator::item(const Value& object, const Value& key) {
  if (object.is_undefined()) throw Failure(describe(object));
  if (const Dict* dict = object.dict()) {
    charge(dict->members.size() / 16);
    if (const Value* v = hashable(key) ? dict->find(key) : nullptr) return *v;
  } else if (key.is_integral() && object.list()) {
    const List& list = *object.list();
    const bool indexed = list.kind != List::Kind::generator && list.kind != List::Kind::view;
    const size_t at = position(key.to_integer(), list.items.size());
    if (indexed && at < list.items.size()) return list.items[at];
  } else if (key.is_integral() && object.string()) {
    charge(object);
    const auto all = characters(*object.string());
    const size_t at = position(key.to_integer(), all.size());
    if (at < all.size()) return Value(all[at]);
  }
  // as Jinja2: what is not an item may still be an attribute
  if (key.string() && !object.dict()) return attribute(object, *key.string());
  if (key.string() && has_method(object, *key.string())) return Value(Function{*key.string(), object});
  return missing(*this, object, to_text(key, 1 << 20));
}

Value Evaluator::slice(const Value& object, const Value& start, const Value& stop, const Value& step) {
  charge(object.size().weight);
  if (const std::string* s = object.string()) {
    const auto all = characters(*s);
    std::string out;
    each(adjusted(start, stop, step, static_cast<int64_t>(all.size())), all, [&](std::string_view c) { out += c; });
    return text(std::move(out), object.is_markup());
  }
  const List* list = object.list();
  if (!list || list->kind == List::Kind::generator || list->kind == List::Kind::view)
    throw Failure(fmt::format("{} cannot be sliced", describe(object)));
  Values items;
  each(adjusted(start, stop, step, static_cast<int64_t>(list->items.size())), list->items,
       [&](const Value& v) { items.push_back(v); });
  return this->list(std::move(items), list->kind);
}

Values Evaluator::iterate(const Value& v) {
  Values out;
  if (const List* list = v.list()) {
    charge(list->items.size() / 4);
    if (list->kind != List::Kind::generator) return list->items;
    out.assign(list->items.begin() + static_cast<std::ptrdiff_t>(list->taken), list->items.end());
    list->taken = list->items.size();
  } else if (const Dict* dict = v.dict()) {
    charge(dict->members.size() / 4);
    for (const auto& member : dict->members) out.push_back(member.first);
  } else if (const std::string* s = v.string()) {
    charge(s->size());
    for (const std::string_view c : characters(*s)) out.emplace_back(c);
  } else if (v.loop()) {
    throw Failure("to iterate over 'loop' is not supported");
  } else if (v.is_undefined()) {
    v.expect_defined();
  } else {
    throw Failure(fmt::format("{} cannot be iterated over", describe(v)));
  }
  return out;
}

}  // namespace sextant::jinja
