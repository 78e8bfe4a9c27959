// Python's own functions and those of its library that functions over rows use.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <sextant/utf8_text.hpp>
#include "../jinja/nesting.hpp"
#include "../jinja/text.hpp"
#include "interpreter.hpp"

namespace sextant::python {
namespace {

using jinja::Bound;

Value named(const char* kind, Value self) { return Value(jinja::Function{kind, std::move(self)}); }
Values items_of(Interpreter& in, const Value& v) {  // also of a set, whose order does not matter to who asks
  return v.list() && v.list()->label == "set" ? v.list()->items : in.iterate(v);
}
Value list(Interpreter& in, Values items, List::Kind kind = List::Kind::list) {
  return in.library().list(std::move(items), kind);
}
Value key_of(Interpreter& in, const Value* key, const Value& item) {
  return !key || key->is_none() ? item : in.call(*key, {{item}, {}});
}

Value len(Interpreter& in, const Arguments& given) {
  const Bound bound("len()", given, {"obj"}, 1);
  const Value& v = *bound[0];
  if (v.string()) return Value(static_cast<int64_t>(jinja::characters(*v.string()).size()));
  if (v.dict()) return Value(static_cast<int64_t>(v.dict()->members.size()));
  if (v.list()) return Value(static_cast<int64_t>(v.list()->items.size()));
  (void)in;
  throw Failure(fmt::format("len() of {}", jinja::describe(v)));
}

Value str(Interpreter& in, const Arguments& given) {
  const Bound bound("str()", given, {"object"});
  if (!bound[0]) return Value("");
  if (bound[0]->function()) throw Failure("str() of a function");
  return in.library().text(in.library().print(*bound[0]));
}
Value repr(Interpreter& in, const Arguments& given) {
  const Bound bound("repr()", given, {"obj"}, 1);
  return in.library().text(jinja::to_repr(*bound[0], in.library().byte_limit()));
}

std::string number_text(std::string_view text) {
  std::string out(jinja::strip(text, true, true));
  out.erase(std::remove(out.begin(), out.end(), '_'), out.end());
  if (out.starts_with('+')) out.erase(0, 1);
  return out;
}
Value to_int(Interpreter&, const Arguments& given) {
  const Bound bound("int()", given, {"x"});
  if (!bound[0]) return Value(0);
  const Value& v = *bound[0];
  if (v.is_integral()) return Value(v.to_integer());
  if (v.real()) {
    if (!std::isfinite(*v.real()) || std::fabs(*v.real()) >= 9.2e18) throw Failure("int() of a number beyond 64 bits");
    return Value(static_cast<int64_t>(*v.real()));
  }
  if (v.string()) {
    const std::string text = number_text(*v.string());
    int64_t out = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (code == std::errc() && end == text.data() + text.size() && !text.empty()) return Value(out);
    throw Failure(fmt::format("int() of '{}'", *v.string()));
  }
  throw Failure(fmt::format("int() of {}", jinja::describe(v)));
}
Value to_float(Interpreter&, const Arguments& given) {
  const Bound bound("float()", given, {"x"});
  if (!bound[0]) return Value(0.0);
  const Value& v = *bound[0];
  if (v.is_number()) return Value(v.to_real());
  if (v.string()) {
    const std::string text = number_text(*v.string());
    double out = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (code == std::errc() && end == text.data() + text.size() && !text.empty()) return Value(out);
    throw Failure(fmt::format("float() of '{}'", *v.string()));
  }
  throw Failure(fmt::format("float() of {}", jinja::describe(v)));
}
Value to_bool(Interpreter&, const Arguments& given) {
  const Bound bound("bool()", given, {"x"});
  return Value(bound[0] && (bound[0]->function() || jinja::truth(*bound[0])));
}
Value to_list(Interpreter& in, const Arguments& given) {
  const Bound bound("list()", given, {"iterable"});
  return list(in, bound[0] ? in.iterate(*bound[0]) : Values());
}
Value to_tuple(Interpreter& in, const Arguments& given) {
  const Bound bound("tuple()", given, {"iterable"});
  return list(in, bound[0] ? in.iterate(*bound[0]) : Values(), List::Kind::tuple);
}
Value to_set(Interpreter& in, const Arguments& given) {
  const Bound bound("set()", given, {"iterable"});
  List out{{}, List::Kind::view, "set"};
  if (bound[0])
    for (Value& v : items_of(in, *bound[0])) {
      if (!jinja::hashable(v)) throw Failure(fmt::format("a set of {}", jinja::describe(v)));
      in.library().charge(out.items.size() / 16);
      if (std::none_of(out.items.begin(), out.items.end(), [&](const Value& old) { return jinja::equal(old, v); }))
        out.items.push_back(std::move(v));
    }
  return Value(std::move(out));
}
Value to_dict(Interpreter& in, const Arguments& given) {
  return jinja::find_builtin("dict", in.library().environment())(in.library(), given);
}
Value range(Interpreter& in, const Arguments& given) {
  return jinja::find_builtin("range", in.library().environment())(in.library(), given);
}
Value enumerate(Interpreter& in, const Arguments& given) {
  const Bound bound("enumerate()", given, {"iterable", "start"}, 1);
  int64_t at = bound.integer(1, 0);
  Values out;
  for (Value& v : in.iterate(*bound[0])) out.push_back(list(in, {Value(at++), std::move(v)}, List::Kind::tuple));
  return list(in, std::move(out));
}
Value zip(Interpreter& in, const Arguments& given) {
  std::vector<Values> columns;
  bool strict = false;
  for (const auto& [name, value] : given.named) {
    if (name != "strict") throw Failure("zip() takes strict alone by name");
    strict = jinja::truth(value);
  }
  for (const Value& v : given.positional) columns.push_back(in.iterate(v));
  size_t n = columns.empty() ? 0 : columns[0].size();
  for (const Values& column : columns) {
    if (strict && column.size() != n) throw Failure("zip(strict=True) of lists of different lengths");
    n = std::min(n, column.size());
  }
  Values out;
  for (size_t i = 0; i < n; ++i) {
    Values one;
    for (const Values& column : columns) one.push_back(column[i]);
    out.push_back(list(in, std::move(one), List::Kind::tuple));
  }
  return list(in, std::move(out));
}
Value sorted(Interpreter& in, const Arguments& given) {
  const Bound bound("sorted()", given, {"iterable", "key", "reverse"}, 1);
  std::vector<std::pair<Value, Value>> items;
  for (Value& v : items_of(in, *bound[0])) {
    Value key = key_of(in, bound[1], v);
    items.emplace_back(std::move(key), std::move(v));
  }
  in.library().charge(items.size() * 16);
  const bool reverse = bound.flag(2, false);
  std::stable_sort(items.begin(), items.end(), [&](const auto& a, const auto& b) {
    return reverse ? jinja::less(b.first, a.first) : jinja::less(a.first, b.first);
  });
  Values out;
  for (auto& [key, item] : items) out.push_back(std::move(item));
  return list(in, std::move(out));
}
Value reversed(Interpreter& in, const Arguments& given) {
  const Bound bound("reversed()", given, {"sequence"}, 1);
  Values items = in.iterate(*bound[0]);
  std::reverse(items.begin(), items.end());
  return list(in, std::move(items));
}
Value sum(Interpreter& in, const Arguments& given) {
  const Bound bound("sum()", given, {"iterable", "start"}, 1);
  Value out = bound.get(1, Value(0));
  for (const Value& v : items_of(in, *bound[0])) out = in.library().add(out, v);
  return out;
}
Value extreme(Interpreter& in, const Arguments& given, bool largest) {
  Arguments rest = given;
  const Value* key = nullptr;
  Value held, otherwise;
  bool has_default = false;
  for (const auto& [name, value] : given.named) {
    if (name == "key") held = value, key = &held;
    else if (name == "default") otherwise = value, has_default = true;
    else throw Failure("min() and max() take key and default alone by name");
  }
  const Values items = given.positional.size() == 1 ? items_of(in, given.positional[0]) : given.positional;
  if (items.empty() && has_default) return otherwise;
  if (items.empty()) throw Failure("min() or max() of nothing");
  size_t best = 0;
  Value best_key = key_of(in, key, items[0]);
  for (size_t i = 1; i < items.size(); ++i) {
    Value own = key_of(in, key, items[i]);
    if (largest ? jinja::less(best_key, own) : jinja::less(own, best_key)) best = i, best_key = std::move(own);
  }
  return items[best];
}
Value least(Interpreter& in, const Arguments& given) { return extreme(in, given, false); }
Value largest(Interpreter& in, const Arguments& given) { return extreme(in, given, true); }
Value any(Interpreter& in, const Arguments& given) {
  const Bound bound("any()", given, {"iterable"}, 1);
  const Values items = items_of(in, *bound[0]);
  return Value(std::any_of(items.begin(), items.end(), [](const Value& v) { return jinja::truth(v); }));
}
Value all(Interpreter& in, const Arguments& given) {
  const Bound bound("all()", given, {"iterable"}, 1);
  const Values items = items_of(in, *bound[0]);
  return Value(std::all_of(items.begin(), items.end(), [](const Value& v) { return jinja::truth(v); }));
}
Value absolute(Interpreter&, const Arguments& given) {
  const Bound bound("abs()", given, {"x"}, 1);
  if (!bound[0]->is_number()) throw Failure("abs() needs a number");
  return bound[0]->real() ? Value(std::fabs(*bound[0]->real()))
                          : Value(bound[0]->to_integer() < 0 ? -bound[0]->to_integer() : bound[0]->to_integer());
}
Value ord(Interpreter&, const Arguments& given) {
  const std::string text = Bound("ord()", given, {"c"}, 1).text(0, "");
  if (jinja::characters(text).size() != 1) throw Failure("ord() needs one character");
  return Value(static_cast<int64_t>(utf8::at(text, 0).code));
}
Value chr(Interpreter&, const Arguments& given) {
  const int64_t code = Bound("chr()", given, {"i"}, 1).integer(0, 0);
  if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) throw Failure("chr() of what is no character");
  std::string out;
  utf8::append(out, static_cast<char32_t>(code));
  return Value(std::move(out));
}
Value is_instance(Interpreter& in, const Arguments& given) {
  const Bound bound("isinstance()", given, {"obj", "class"}, 2);
  const Value& v = *bound[0];
  const auto is = [&](const Value& kind) {
    const std::string name = Interpreter::known_name(kind);
    if (name == "str") return v.string() != nullptr;
    if (name == "bool") return v.boolean() != nullptr;
    if (name == "int") return v.is_integral();
    if (name == "float") return v.real() != nullptr;
    if (name == "dict") return v.dict() != nullptr;
    if (name == "list" || name == "tuple")
      return v.list() && v.list()->kind == (name == "list" ? List::Kind::list : List::Kind::tuple);
    throw Failure("isinstance() is read with str, bool, int, float, list, tuple and dict");
  };
  if (!bound[1]->list()) return Value(is(*bound[1]));
  const Values kinds = in.iterate(*bound[1]);
  return Value(std::any_of(kinds.begin(), kinds.end(), is));
}
Value map(Interpreter& in, const Arguments& given) {
  const Bound bound("map()", given, {"function", "iterable"}, 2);
  Values out;
  for (const Value& v : in.iterate(*bound[1])) out.push_back(in.call(*bound[0], {{v}, {}}));
  return list(in, std::move(out));
}
Value filter(Interpreter& in, const Arguments& given) {
  const Bound bound("filter()", given, {"function", "iterable"}, 2);
  Values out;
  for (const Value& v : in.iterate(*bound[1]))
    if (bound[0]->is_none() ? jinja::truth(v) : jinja::truth(in.call(*bound[0], {{v}, {}}))) out.push_back(v);
  return list(in, std::move(out));
}
Value print(Interpreter&, const Arguments&) { return None{}; }
Value same(Interpreter&, const Arguments& given) {  // copies: no value is shared
  return Bound("copy()", given, {"x"}, 1).get(0, None{});
}

// re

Regex compiled(const Bound& bound, std::string_view callee) {
  RegexOptions options;
  options.syntax = RegexOptions::Syntax::python;
  auto regex = Regex::compile(bound.text(0, ""), options, callee);
  if (!regex) throw Failure(regex.error().message);
  return std::move(*regex);
}
template <class T> T found(Result<T> result) {
  if (!result) throw Failure(result.error().message);
  return *std::move(result);
}
Value group_value(const RegexMatch& match, size_t i) { return match.has(i) ? Value(match.groups[i]) : Value(None{}); }
Value re_sub(Interpreter& in, const Arguments& given) {
  const Bound bound("re.sub()", given, {"pattern", "repl", "string", "count"}, 3);
  const Regex regex = compiled(bound, "re.sub()");
  const std::string text = bound.text(2, "");
  if (bound[1]->string())
    return in.library().text(
        found(regex.replace(text, *bound[1]->string(), static_cast<uint64_t>(std::max<int64_t>(0, bound.integer(3, 0))),
                            in.library().byte_limit())));
  throw Failure("re.sub() with a function is not read");
}
Value match_of(const std::optional<RegexMatch>& match) {
  if (!match) return None{};
  List groups{{}, List::Kind::tuple};
  for (size_t i = 0; i < match->groups.size(); ++i) groups.items.push_back(group_value(*match, i));
  return named("match", Value(std::move(groups)));
}
Value re_search(Interpreter&, const Arguments& given) {
  const Bound bound("re.search()", given, {"pattern", "string"}, 2);
  const std::string text = bound.text(1, "");
  return match_of(found(compiled(bound, "re.search()").search(text)));
}
Value re_match(Interpreter&, const Arguments& given) {
  const Bound bound("re.match()", given, {"pattern", "string"}, 2);
  const std::string text = bound.text(1, "");
  RegexOptions options;
  options.syntax = RegexOptions::Syntax::python;
  const Regex regex = found(Regex::compile("\\A(?:" + bound.text(0, "") + ")", options, "re.match()"));
  return match_of(found(regex.search(text)));
}
Value re_findall(Interpreter& in, const Arguments& given) {
  const Bound bound("re.findall()", given, {"pattern", "string"}, 2);
  const std::string text = bound.text(1, "");
  Values out;
  for (const RegexMatch& match : found(compiled(bound, "re.findall()").find_all(text))) {
    const auto group = [&](size_t i) { return match.has(i) ? Value(match.groups[i]) : Value(""); };
    if (match.groups.size() <= 2) {
      out.push_back(group(match.groups.size() - 1));
      continue;
    }
    Values groups;
    for (size_t i = 1; i < match.groups.size(); ++i) groups.push_back(group(i));
    out.push_back(list(in, std::move(groups), List::Kind::tuple));
  }
  return list(in, std::move(out));
}
Value re_split(Interpreter& in, const Arguments& given) {
  const Bound bound("re.split()", given, {"pattern", "string"}, 2);
  const std::string text = bound.text(1, "");
  Values out;
  size_t at = 0;
  for (const RegexMatch& match : found(compiled(bound, "re.split()").find_all(text))) {
    out.emplace_back(text.substr(at, match.begin - at));
    for (size_t i = 1; i < match.groups.size(); ++i) out.push_back(group_value(match, i));
    at = match.end;
  }
  out.emplace_back(text.substr(at));
  return list(in, std::move(out));
}
Value re_escape(Interpreter& in, const Arguments& given) {
  return in.library().text(regex_escape(Bound("re.escape()", given, {"pattern"}, 1).text(0, "")));
}

// json, files beside the module

Value json_value(std::string_view text) {
  const auto parsed = json::parse(text, "json.loads()");
  if (!parsed) throw Failure(parsed.error().message);
  return jinja::from_json(*parsed);
}
Value json_loads(Interpreter&, const Arguments& given) {
  return json_value(Bound("json.loads()", given, {"s"}, 1).text(0, ""));
}
Value json_dumps(Interpreter& in, const Arguments& given) {
  const Bound bound("json.dumps()", given, {"obj", "ensure_ascii"}, 1);
  jinja::JsonStyle style;
  style.ascii = bound.flag(1, true);
  return in.library().text(jinja::python_json(*bound[0], style, in.library().byte_limit()));
}
Value json_load(Interpreter&, const Arguments& given) {
  const Bound bound("json.load()", given, {"fp"}, 1);
  const jinja::Function* f = bound[0]->function();
  if (!f || f->name != "file") throw Failure("json.load() needs a file");
  return json_value(*f->self.string());
}
Value path(Interpreter&, const Arguments& given) {
  const Bound bound("Path()", given, {"path"}, 1);
  return named("path", Value(bound.text(0, "")));
}
// A JSON file of at most a few MiB; only json.load() takes what comes of it.
Value open(Interpreter&, const Arguments& given) {
  const Bound bound("open()", given, {"file", "mode", "encoding"}, 1);
  const jinja::Function* f = bound[0]->function();
  const std::filesystem::path file = f && f->name == "path" ? *f->self.string() : bound.text(0, "");
  if (file.extension() != ".json") throw Failure(fmt::format("the file {} is opened; only .json is read", file.string()));
  std::error_code code;
  constexpr uintmax_t bytes_max = 4u << 20;
  if (!std::filesystem::is_regular_file(file, code) || std::filesystem::file_size(file, code) > bytes_max)
    throw Failure(fmt::format("{} is no file of at most 4 MiB", file.string()));
  std::ifstream in(file, std::ios::binary);
  return named("file", Value(std::string(std::istreambuf_iterator<char>(in), {})));
}
Value basename(Interpreter&, const Arguments& given) {
  return Value(std::filesystem::path(Bound("basename()", given, {"p"}, 1).text(0, "")).filename().string());
}
Value dirname(Interpreter&, const Arguments& given) {
  return Value(std::filesystem::path(Bound("dirname()", given, {"p"}, 1).text(0, "")).parent_path().string());
}
Value join_path(Interpreter&, const Arguments& given) {
  std::filesystem::path out;
  for (const Value& part : given.positional) {
    if (!part.string()) throw Failure("os.path.join() needs texts");
    out /= *part.string();
  }
  return Value(out.string());
}
// literal_eval: what is written as a value, without names and calls
Value literal(Interpreter& in, const Arguments& given) {
  const NodePtr node = parse_expression(Bound("literal_eval()", given, {"node"}, 1).text(0, ""), 1);
  const auto value = [&](const auto& self, const Node& n) -> Value {
    using Kind = Node::Kind;
    if (n.kind == Kind::constant) return n.constant;
    if (n.kind == Kind::unary && n.name == "-") return in.library().binary("-", Value(0), self(self, *n.parts[0]));
    if (n.kind == Kind::list || n.kind == Kind::tuple) {
      Values items;
      for (const NodePtr& part : n.parts) items.push_back(self(self, *part));
      return list(in, std::move(items), n.kind == Kind::list ? List::Kind::list : List::Kind::tuple);
    }
    if (n.kind == Kind::dict) {
      Dict out;
      for (size_t i = 0; i < n.parts.size(); i += 2) {
        if (!n.parts[i]) throw Failure("literal_eval() of what is no literal");
        out.set(self(self, *n.parts[i]), self(self, *n.parts[i + 1]));
      }
      return Value(std::move(out));
    }
    throw Failure("literal_eval() of what is no literal");
  };
  return value(value, *node);
}
Value not_called(Interpreter&, const Arguments&) { throw Failure("it cannot be called there"); }

constexpr std::pair<std::string_view, Builtin> table[] = {{"abs", absolute},
                                                          {"all", all},
                                                          {"any", any},
                                                          {"bool", to_bool},
                                                          {"chr", chr},
                                                          {"dict", to_dict},
                                                          {"enumerate", enumerate},
                                                          {"filter", filter},
                                                          {"float", to_float},
                                                          {"int", to_int},
                                                          {"isinstance", is_instance},
                                                          {"len", len},
                                                          {"list", to_list},
                                                          {"map", map},
                                                          {"max", largest},
                                                          {"min", least},
                                                          {"open", open},
                                                          {"ord", ord},
                                                          {"print", print},
                                                          {"range", range},
                                                          {"repr", repr},
                                                          {"reversed", reversed},
                                                          {"set", to_set},
                                                          {"sorted", sorted},
                                                          {"str", str},
                                                          {"sum", sum},
                                                          {"tuple", to_tuple},
                                                          {"zip", zip},
                                                          {"ast.literal_eval", literal},
                                                          {"copy.copy", same},
                                                          {"copy.deepcopy", same},
                                                          {"functools.partial", not_called},
                                                          {"json.dumps", json_dumps},
                                                          {"json.load", json_load},
                                                          {"json.loads", json_loads},
                                                          {"os.path.basename", basename},
                                                          {"os.path.dirname", dirname},
                                                          {"os.path.join", join_path},
                                                          {"pathlib.Path", path},
                                                          {"re.compile", not_called},
                                                          {"re.escape", re_escape},
                                                          {"re.findall", re_findall},
                                                          {"re.match", re_match},
                                                          {"re.search", re_search},
                                                          {"re.split", re_split},
                                                          {"re.sub", re_sub}};
constexpr std::string_view modules[] = {"ast", "copy",   "functools", "json",     "os",    "os.path",       "pathlib",
                                        "re",  "string", "typing",    "datasets", "numpy", "sklearn", "sklearn.metrics"};

}  // namespace

Builtin find_builtin(std::string_view name) {
  for (const auto& [known, f] : table)
    if (known == name) return f;
  return find_score(name);
}
bool is_module(std::string_view name) { return std::find(std::begin(modules), std::end(modules), name) != std::end(modules); }
bool is_text_method(std::string_view name) {
  static const Value text("");
  return name.starts_with("str.") && jinja::has_method(text, std::string(name.substr(4)));
}
std::optional<Value> module_constant(std::string_view name) {
  constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz", upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  if (name == "string.ascii_lowercase") return Value(lower);
  if (name == "string.ascii_uppercase") return Value(upper);
  if (name == "string.ascii_letters") return Value(std::string(lower) + std::string(upper));
  if (name == "string.digits") return Value("0123456789");
  if (name == "string.punctuation") return Value("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
  return std::nullopt;
}

}  // namespace sextant::python
