// Methods of lists, dicts and strings. Those that change their value are not there: the sandbox forbids them.
#include <algorithm>
#include <fmt/format.h>
#include "nesting.hpp"

namespace sextant::engine::jinja {
namespace {

constexpr std::string_view text_methods[] = {
    "capitalize", "casefold", "center", "count", "endswith", "find", "format", "index", "isalnum", "isalpha", "isdecimal", "isdigit", "islower",
    "isnumeric", "isspace", "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind",
    "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper", "zfill"};
constexpr std::string_view dict_methods[] = {"copy", "get", "items", "keys", "values"};
constexpr std::string_view list_methods[] = {"copy", "count", "index"};

template <size_t n> bool among(const std::string_view (&names)[n], std::string_view name) { return std::find(names, names + n, name) != names + n; }

Value call_dict_method(Evaluator& e, const Value& self, std::string_view name, const Arguments& given) {
  const Dict& dict = *self.dict();
  if (name == "get") {
    const Bound bound("get()", given, {"key", "default"}, 1);
    if (!hashable(*bound[0])) throw Failure(fmt::format("a {} cannot be the key of a dict", type_name(*bound[0])));
    e.charge(dict.members.size() / 16);
    const Value* v = dict.find(*bound[0]);
    return v ? *v : bound.get(1, Value(None{}));
  }
  const Bound bound("a method of a dict", given, {});
  if (name == "copy") return self;
  e.charge(dict.members.size());
  List view{{}, List::Kind::view, "dict_" + std::string(name)};
  for (const auto& [key, value] : dict.members)
    view.items.push_back(name == "keys" ? key : name == "values" ? value : Value(List{{key, value}, List::Kind::tuple}));
  return Value(std::move(view));
}

Value call_list_method(Evaluator& e, const Value& self, std::string_view name, const Arguments& given) {
  if (name == "copy") return self;
  const Bound bound("a method of a list", given, {"value"}, 1);
  e.charge(self);
  const Values& items = self.list()->items;
  if (name == "count") return static_cast<int64_t>(std::count_if(items.begin(), items.end(), [&](const Value& v) { return equal(v, *bound[0]); }));
  const auto at = std::find_if(items.begin(), items.end(), [&](const Value& v) { return equal(v, *bound[0]); });
  if (at == items.end()) throw Failure("index(): the list has no such value");
  return static_cast<int64_t>(at - items.begin());
}

}  // namespace

bool has_method(const Value& self, std::string_view name) {
  if (self.string()) return among(text_methods, name);
  if (self.dict()) return among(dict_methods, name);
  const List* list = self.list();
  if (!list || list->kind == List::Kind::generator || list->kind == List::Kind::view) return false;
  return among(list_methods, name) && (name != "copy" || list->kind == List::Kind::list);
}

Value call_method(Evaluator& e, const Value& self, std::string_view name, const Arguments& given) {
  e.charge(self);
  if (self.string()) return call_text_method(e, *self.string(), name, given);
  return self.dict() ? call_dict_method(e, self, name, given) : call_list_method(e, self, name, given);
}

}  // namespace sextant::engine::jinja
