// Filters on lists, dicts and what else can be iterated over.
#include <algorithm>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>
#include "evaluator.hpp"
#include "selection.hpp"
#include "text.hpp"

namespace sextant::jinja {
namespace {

using Given = const Arguments&;

Value length_of(Evaluator&, const Value& subject, Given) {
  if (const std::string* s = subject.string()) return static_cast<int64_t>(utf8::length(*s));
  if (const Dict* d = subject.dict()) return static_cast<int64_t>(d->members.size());
  if (const Loop* l = subject.loop()) return static_cast<int64_t>(l->items.size());
  if (subject.is_undefined()) return subject.expect_defined(), 0;
  const List* list = subject.list();
  if (!list || list->kind == List::Kind::generator)
    throw Failure(fmt::format("a value of type {} has no length", type_name(subject)));
  return static_cast<int64_t>(list->items.size());
}

Value first(Evaluator& e, const Value& subject, Given) {
  if (const List* list = subject.list()) {
    const bool generator = list->kind == List::Kind::generator;
    const size_t at = generator ? list->taken : 0;
    if (at >= list->items.size()) return e.undefined("the first item of an empty list");
    if (generator) ++list->taken;
    return list->items[at];
  }
  const Values items = e.iterate(subject);
  return items.empty() ? e.undefined("the first item of an empty list") : items.front();
}

Value last(Evaluator& e, const Value& subject, Given) {
  if (subject.list() && subject.list()->kind == List::Kind::generator)
    throw Failure("a generator has no last item; make a list of it first");
  if (subject.list())
    return subject.list()->items.empty() ? e.undefined("the last item of an empty list") : subject.list()->items.back();
  const Values items = e.iterate(subject);
  return items.empty() ? e.undefined("the last item of an empty list") : items.back();
}

Value list(Evaluator& e, const Value& subject, Given) { return e.list(e.iterate(subject)); }

Value join(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("join", given, {"d", "attribute"});
  const std::string between = bound[0] ? e.print(*bound[0]) : "";
  std::string out;
  bool first = true;
  for (const Value& item : e.iterate(subject)) {
    if (!first) out += between;
    first = false;
    out += e.print(bound[1] && !bound[1]->is_none() ? part_of(e, item, *bound[1]) : item);
    if (out.size() > e.byte_limit()) throw Failure("join would make too large a text");
    e.charge(between.size() / 256);
  }
  return e.text(std::move(out));
}

Value pair(const Value& a, const Value& b) { return Value(List{{a, b}, List::Kind::tuple}); }

Value items(Evaluator& e, const Value& subject, Given) {
  if (subject.is_undefined()) return e.list({}, List::Kind::generator);
  if (!subject.dict()) throw Failure(fmt::format("items needs a dict, not a value of type {}", type_name(subject)));
  Values out;
  for (const auto& [key, value] : subject.dict()->members) out.push_back(pair(key, value));
  return e.list(std::move(out), List::Kind::generator);
}

Values sorted(Evaluator& e, const Values& values, const Values& keys, bool reverse) {
  Values out;
  for (const size_t i : sorted_order(e, keys, reverse)) out.push_back(values[i]);
  return out;
}

Value sort(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("sort", given, {"reverse", "case_sensitive", "attribute"});
  Values values = e.iterate(subject), keys;
  for (const Value& v : values) {
    if (!bound[2] || bound[2]->is_none()) {
      keys.push_back(sort_key(v, bound.flag(1, false)));
      continue;
    }
    Values parts;  // "a,b" sorts by a, then by b
    for (const Value& name : split_names(*bound[2])) parts.push_back(sort_key(part_of(e, v, name), bound.flag(1, false)));
    keys.push_back(e.list(std::move(parts)));
  }
  return e.list(sorted(e, values, keys, bound.flag(0, false)));
}

Value dictsort(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("dictsort", given, {"case_sensitive", "by", "reverse"});
  if (!subject.dict()) throw Failure(fmt::format("dictsort needs a dict, not a value of type {}", type_name(subject)));
  const std::string by = bound.text(1, "key");
  if (by != "key" && by != "value") throw Failure("dictsort sorts by key or by value");
  Values values, keys;
  for (const auto& [key, value] : subject.dict()->members) {
    values.push_back(pair(key, value));
    keys.push_back(sort_key(by == "key" ? key : value, bound.flag(0, false)));
  }
  return e.list(sorted(e, values, keys, bound.flag(2, false)));
}

Value unique(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("unique", given, {"case_sensitive", "attribute"});
  Values out, seen;
  for (const Value& v : e.iterate(subject)) {
    Value key = sort_key(bound[1] && !bound[1]->is_none() ? part_of(e, v, *bound[1]) : v, bound.flag(0, false));
    if (!hashable(key)) throw Failure(fmt::format("unique cannot tell values of type {} apart", type_name(key)));
    e.charge(seen.size());
    if (std::any_of(seen.begin(), seen.end(), [&](const Value& other) { return equal(other, key); })) continue;
    seen.push_back(std::move(key));
    out.push_back(v);
  }
  return e.list(std::move(out), List::Kind::generator);
}

template <bool greatest> Value extreme(Evaluator& e, const Value& subject, Given given) {
  const Bound bound(greatest ? "max" : "min", given, {"case_sensitive", "attribute"});
  Value best, best_key;
  bool any = false;
  for (const Value& v : e.iterate(subject)) {
    Value key = sort_key(bound[1] && !bound[1]->is_none() ? part_of(e, v, *bound[1]) : v, bound.flag(0, false));
    if (any && !(greatest ? less(best_key, key) : less(key, best_key))) continue;
    best = v, best_key = std::move(key), any = true;
  }
  return any ? best : e.undefined("the extreme of no items");
}

Value sum(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("sum", given, {"attribute", "start"});
  Value out = bound.get(1, Value(0));
  if (out.string()) throw Failure("sum does not join strings");
  for (const Value& v : e.iterate(subject)) out = e.add(out, bound[0] && !bound[0]->is_none() ? part_of(e, v, *bound[0]) : v);
  return out;
}

Value reverse(Evaluator& e, const Value& subject, Given) {
  Values items = e.iterate(subject);
  std::reverse(items.begin(), items.end());
  const bool was_generator = subject.list() && subject.list()->kind == List::Kind::generator;  // Jinja2 makes a list of it
  if (!subject.string()) return e.list(std::move(items), was_generator ? List::Kind::list : List::Kind::generator);
  std::string out;
  for (const Value& c : items) out += *c.string();
  return e.text(std::move(out));
}

Value attr(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("attr", given, {"name"}, 1);
  if (subject.dict() && !has_method(subject, bound.text(0, ""))) return e.undefined("an attribute of a dict");
  return e.attribute(subject, bound.text(0, ""));
}

}  // namespace

Filter find_sequence_filter(std::string_view name) {
  static constexpr std::pair<std::string_view, Filter> all[] = {
      {"length", length_of},  {"count", length_of},    {"first", first}, {"last", last},         {"list", list},
      {"join", join},         {"items", items},        {"sort", sort},   {"dictsort", dictsort}, {"unique", unique},
      {"max", extreme<true>}, {"min", extreme<false>}, {"sum", sum},     {"reverse", reverse},   {"attr", attr}};
  for (const auto& [known, f] : all)
    if (known == name) return f;
  return nullptr;
}

Filter find_filter(std::string_view name, const Environment& environment) {
  if (name == "regex_replace") return environment.regex_replace ? find_text_filter(name) : nullptr;
  for (const auto find : {find_text_filter, find_sequence_filter, find_selecting_filter, find_grouping_filter})
    if (const Filter f = find(name)) return f;
  return nullptr;
}

}  // namespace sextant::jinja
