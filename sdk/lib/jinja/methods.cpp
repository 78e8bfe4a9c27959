// Methods of lists, dicts and strings. Those that change their value are missing: the sandbox forbids them.
#include <algorithm>
#include <fmt/format.h>
#include "nesting.hpp"

namespace sextant::jinja {
namespace {

constexpr std::string_view text_methods[] = {
    "capitalize", "casefold", "center",   "count",     "endswith",   "expandtabs", "find",      "format",       "index",
    "isalnum",    "isalpha",  "isascii",  "isdecimal", "isdigit",    "islower",    "isnumeric", "isprintable",  "isspace",
    "istitle",    "isupper",  "join",     "ljust",     "lower",      "lstrip",     "partition", "removeprefix", "removesuffix",
    "replace",    "rfind",    "rindex",   "rjust",     "rpartition", "rsplit",     "rstrip",    "split",        "splitlines",
    "startswith", "strip",    "swapcase", "title",     "upper",      "zfill"};
constexpr std::string_view dict_methods[] = {"copy", "get", "items", "keys", "values"};
constexpr std::string_view list_methods[] = {"copy", "count", "index"};

// What Python has beyond that: an error names it, where another unknown name is undefined.
constexpr std::string_view other_text[] = {"encode", "format_map", "isidentifier", "maketrans", "translate"};
constexpr std::string_view other_number[] = {"as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator",
                                             "from_bytes",       "fromhex",   "hex",        "imag",      "is_integer",
                                             "numerator",        "real",      "to_bytes"};
constexpr std::string_view other_range[] = {"start", "step", "stop"};

template <size_t n> bool among(const std::string_view (&names)[n], std::string_view name) {
  return std::find(names, names + n, name) != names + n;
}

Value call_dict_method(Evaluator& e, const Value& self, std::string_view name, const Arguments& given) {
  const Dict& dict = *self.dict();
  if (name == "get") {
    if (!given.named.empty()) throw Failure("get() takes no arguments with names");
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
  const Bound bound("a method of a list", given, {"value", "start", "stop"}, 1);
  if (!given.named.empty() || (name == "count" && bound[1]))
    throw Failure(fmt::format("{}() of a list takes no such argument", name));
  e.charge(self);
  const Values& items = self.list()->items;
  if (name == "index" && bound[1]) throw Failure("index() of a part of a list is not supported");
  if (name == "count")
    return static_cast<int64_t>(std::count_if(items.begin(), items.end(), [&](const Value& v) { return equal(v, *bound[0]); }));
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

bool is_unsupported(const Value& self, std::string_view name) {
  if (self.string()) return among(other_text, name);
  if (self.is_number()) return among(other_number, name);
  if (self.dict() || (self.function() && self.function()->name == "dict")) return name == "fromkeys";
  return self.list() && self.list()->kind == List::Kind::range && among(other_range, name);
}

namespace {

/// A safe string's methods make safe strings.
Value call_markup_method(Evaluator& e, const Value& self, std::string_view name, const Arguments& given) {
  for (const std::string_view escaping : {"format", "join", "replace", "ljust", "rjust", "center"})
    if (name == escaping) throw Failure(fmt::format("{}() of a safe string is not supported", name));
  const Value out = call_text_method(e, *self.string(), name, given);
  if (out.string()) return Value::markup(*out.string());
  if (!out.list()) return out;
  Values parts;
  for (const Value& part : out.list()->items) parts.push_back(Value::markup(*part.string()));
  return e.list(std::move(parts), out.list()->kind);
}

}  // namespace

Value call_method(Evaluator& e, const Value& self, std::string_view name, const Arguments& given) {
  e.charge(self);
  if (self.is_markup()) return call_markup_method(e, self, name, given);
  if (self.string()) return call_text_method(e, *self.string(), name, given);
  return self.dict() ? call_dict_method(e, self, name, given) : call_list_method(e, self, name, given);
}

}  // namespace sextant::jinja
