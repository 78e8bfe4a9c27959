// Filters that make groups of items, and the order that they and sorting use.
#include <algorithm>
#include <fmt/format.h>
#include "selection.hpp"
#include "text.hpp"

namespace sextant::jinja {

Value sort_key(const Value& v, bool case_sensitive) { return v.string() && !case_sensitive ? Value(lower(*v.string())) : v; }

std::vector<size_t> sorted_order(Evaluator& e, const Values& keys, bool reverse) {
  std::vector<size_t> order(keys.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    e.charge(std::min(keys[a].size().weight, keys[b].size().weight) / 8);
    return reverse ? less(keys[b], keys[a]) : less(keys[a], keys[b]);
  });
  return order;
}

namespace {

using Given = const Arguments&;

Value batch(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("batch", given, {"linecount", "fill_with"}, 1);
  const int64_t size = bound.integer(0, 1);
  if (size < 1 || size > 100'000) throw Failure("the size of batch is out of range");
  Values out, row;
  for (Value& v : e.iterate(subject)) {
    if (row.size() == static_cast<size_t>(size)) out.push_back(e.list(std::exchange(row, {})));
    row.push_back(std::move(v));
  }
  if (bound[1] && !bound[1]->is_none() && !row.empty()) row.resize(static_cast<size_t>(size), *bound[1]);
  if (!row.empty()) out.push_back(e.list(std::move(row)));
  return e.list(std::move(out), List::Kind::generator);
}

// In as many columns as asked for, the first ones longer where it does not divide.
Value slice(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("slice", given, {"slices", "fill_with"}, 1);
  const int64_t slices = bound.integer(0, 1);
  if (slices < 1 || slices > 100'000) throw Failure("the number of slices is out of range");
  const Values items = e.iterate(subject);
  const size_t each = items.size() / static_cast<size_t>(slices), longer = items.size() % static_cast<size_t>(slices);
  Values out;
  auto at = items.begin();
  for (size_t i = 0; i < static_cast<size_t>(slices); ++i) {
    const auto end = at + static_cast<std::ptrdiff_t>(each + (i < longer));
    Values part(at, end);
    at = end;
    if (bound[1] && !bound[1]->is_none() && i >= longer) part.push_back(*bound[1]);
    out.push_back(e.list(std::move(part)));
  }
  return e.list(std::move(out), List::Kind::generator);
}

// Pairs of what the items have in common (as the first of them has it) and a list of them, by that.
Value groupby(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("groupby", given, {"attribute", "default", "case_sensitive"}, 1);
  const Values items = e.iterate(subject);
  Values common, keys;
  for (const Value& item : items) {
    Value part = part_of(e, item, *bound[0], bound[1] && !bound[1]->is_none() ? bound[1] : nullptr);
    keys.push_back(sort_key(part, bound.flag(2, false)));
    common.push_back(std::move(part));
  }
  Values out;
  const std::vector<size_t> order = sorted_order(e, keys, false);
  for (size_t i = 0; i < order.size();) {
    const size_t first = order[i];
    Values members;
    for (; i < order.size() && equal(keys[order[i]], keys[first]); ++i) members.push_back(items[order[i]]);
    out.emplace_back(List{{common[first], e.list(std::move(members))}, List::Kind::tuple, "group"});
  }
  return e.list(std::move(out));
}

}  // namespace

Filter find_grouping_filter(std::string_view name) {
  if (name == "batch") return batch;
  if (name == "slice") return slice;
  if (name == "groupby") return groupby;
  return nullptr;
}

}  // namespace sextant::jinja
