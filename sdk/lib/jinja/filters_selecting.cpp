// map, select and their kin: filters that apply other filters and tests to every item.
#include <algorithm>
#include <fmt/format.h>
#include "selection.hpp"

namespace sextant::jinja {

Value part_of(Evaluator& e, const Value& v, const Value& name, const Value* otherwise) {
  const auto known = [&](Value part) { return part.is_undefined() && otherwise ? *otherwise : part; };
  if (!name.string()) return known(e.item(v, name));
  Value out = v;
  std::string_view rest = *name.string();
  for (bool more = true; more;) {
    const size_t dot = rest.find('.');
    const std::string_view key = rest.substr(0, dot);
    more = dot != rest.npos;
    if (more) rest.remove_prefix(dot + 1);
    const bool number =
        !key.empty() && key.size() < 10 && std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
    out = known(e.item(out, number ? Value(int64_t{std::stoi(std::string(key))}) : Value(key)));
  }
  return out;
}

Values split_names(const Value& names) {
  if (!names.string()) return {names};
  Values out;
  std::string_view rest = *names.string();
  for (;;) {
    const size_t comma = rest.find(',');
    out.emplace_back(rest.substr(0, comma));
    if (comma == rest.npos) return out;
    rest.remove_prefix(comma + 1);
  }
}

namespace {

using Given = const Arguments&;

std::string first_text(const char* callee, Given given, size_t at) {
  if (!given.positional[at].string()) throw Failure(fmt::format("{} needs the name of a filter or test", callee));
  return *given.positional[at].string();
}

Arguments without_first(Given given, size_t count) {
  Arguments out = given;
  out.positional.erase(out.positional.begin(), out.positional.begin() + static_cast<std::ptrdiff_t>(count));
  return out;
}

Value map(Evaluator& e, const Value& subject, Given given) {
  Values out;
  if (!truth(subject)) return e.list({}, List::Kind::generator);  // Jinja2 takes none for no items here
  if (given.positional.empty()) {
    const Bound bound("map", given, {"attribute", "default"}, 1);
    const Value* otherwise = bound[1] && !bound[1]->is_none() ? bound[1] : nullptr;
    for (const Value& v : e.iterate(subject)) out.push_back(part_of(e, v, *bound[0], otherwise));
    return e.list(std::move(out), List::Kind::generator);
  }
  const std::string name = first_text("map", given, 0);
  const Filter f = find_filter(name, e.environment());
  if (!f) throw Failure("no filter is named '" + name + "'");
  const Arguments rest = without_first(given, 1);
  for (const Value& v : e.iterate(subject)) {
    e.charge(v);
    out.push_back(f(e, v, rest));
  }
  return e.list(std::move(out), List::Kind::generator);
}

// `by_part`: the first argument names the part of the item that is tested. Without a test, the truth decides.
template <bool keep, bool by_part> Value choose(Evaluator& e, const Value& subject, Given given) {
  constexpr const char* callee = by_part ? (keep ? "selectattr" : "rejectattr") : keep ? "select" : "reject";
  constexpr size_t used = by_part ? 1 : 0;
  if (!truth(subject)) return e.list({}, List::Kind::generator);
  if (given.positional.size() < used) throw Failure(fmt::format("{} needs the name of an attribute", callee));
  Test f = nullptr;
  if (given.positional.size() > used) {
    const std::string name = first_text(callee, given, used);
    f = find_test(name);
    if (!f) throw Failure("no test is named '" + name + "'");
  }
  const Arguments rest = without_first(given, used + (f ? 1 : 0));
  Values out;
  for (const Value& v : e.iterate(subject)) {
    e.charge(0);
    const Value tested = by_part ? part_of(e, v, given.positional[0]) : v;
    if ((f ? f(e, tested, rest) : truth(tested)) == keep) out.push_back(v);
  }
  return e.list(std::move(out), List::Kind::generator);
}

}  // namespace

Filter find_selecting_filter(std::string_view name) {
  if (name == "map") return map;
  if (name == "select") return choose<true, false>;
  if (name == "reject") return choose<false, false>;
  if (name == "selectattr") return choose<true, true>;
  if (name == "rejectattr") return choose<false, true>;
  return nullptr;
}

}  // namespace sextant::jinja
