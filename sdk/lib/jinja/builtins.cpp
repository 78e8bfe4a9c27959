// Arguments, and the functions that templates can call by name.
#include <algorithm>
#include <charconv>
#include <ctime>
#include <fmt/format.h>
#include "evaluator.hpp"

namespace sextant::jinja {

Bound::Bound(const char* callee, const Arguments& given, std::initializer_list<std::string_view> names, size_t required)
    : callee_(callee), values_(names.size()) {
  if (given.positional.size() > names.size())
    throw Failure(fmt::format("{} takes no more than {} arguments", callee, names.size()));
  std::copy(given.positional.begin(), given.positional.end(), values_.begin());
  for (const auto& [name, value] : given.named) {
    const auto at = static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (at == names.size()) throw Failure(fmt::format("{} takes no argument '{}'", callee, name));
    if (values_[at]) throw Failure(fmt::format("{}: '{}' is given twice", callee, name));
    values_[at] = value;
  }
  for (size_t i = 0; i < required; ++i)
    if (!values_[i]) throw Failure(fmt::format("{} needs '{}'", callee, *(names.begin() + i)));
}

int64_t Bound::integer(size_t i, int64_t otherwise) const {
  if (!values_[i] || values_[i]->is_none()) return otherwise;
  if (!values_[i]->is_integral())
    throw Failure(fmt::format("{} needs an integer, not a value of type {}", callee_, type_name(*values_[i])));
  return values_[i]->to_integer();
}

std::string Bound::text(size_t i, std::string_view otherwise) const {
  if (!values_[i]) return std::string(otherwise);
  if (!values_[i]->string())
    throw Failure(fmt::format("{} needs a string, not a value of type {}", callee_, type_name(*values_[i])));
  return *values_[i]->string();
}

namespace {

Value raise_exception(Evaluator& e, const Arguments& given) {
  throw Failure(e.print(*Bound("raise_exception()", given, {"message"}, 1)[0]));
}

Value range(Evaluator& e, const Arguments& given) {
  const Bound bound("range()", given, {"start", "stop", "step"}, 1);
  for (size_t i = 0; i < 3; ++i)
    if (bound[i] && !bound[i]->is_integral())
      throw Failure(fmt::format("range() needs integers, not a value of type {}", type_name(*bound[i])));
  int64_t start = bound.integer(0, 0), stop = bound.integer(1, 0);
  const int64_t step = bound.integer(2, 1);
  if (!bound[1]) stop = std::exchange(start, 0);
  if (step == 0) throw Failure("the step of range() is 0");
  constexpr size_t items_max = 100'000;  // as in Jinja2's sandbox
  List list{{}, List::Kind::range};
  for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (list.items.size() == items_max) throw Failure(fmt::format("range() would have more than {} items", items_max));
    list.items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  e.charge(list.items.size() / 4);
  list.label = step == 1 ? fmt::format("range({}, {})", start, stop) : fmt::format("range({}, {}, {})", start, stop, step);
  return Value(std::move(list));
}

Dict members(Evaluator& e, const char* callee, const Arguments& given) {
  Dict dict;
  if (given.positional.size() > 1) throw Failure(fmt::format("{} takes no more than one argument without a name", callee));
  if (!given.positional.empty()) {
    const Value& from = given.positional[0];
    e.charge(from);
    if (from.dict()) dict = *from.dict();
    else
      for (const Value& pair : e.iterate(from)) {
        const Values two = e.iterate(pair);
        if (two.size() != 2 || !hashable(two[0])) throw Failure(fmt::format("{} needs pairs of a key and a value", callee));
        dict.set(two[0], two[1]);
      }
  }
  for (const auto& [name, value] : given.named) dict.set(Value(name), value);
  return dict;
}

Value dict(Evaluator& e, const Arguments& given) { return Value(members(e, "dict()", given)); }
Value make_namespace(Evaluator& e, const Arguments& given) {
  Dict attributes = members(e, "namespace()", given);
  for (const auto& member : attributes.members)
    if (member.first.string()) check_attribute(*member.first.string());
  return Value(e.new_namespace(std::move(attributes)));
}
Value strftime_now(Evaluator& e, const Arguments& given) {
  return e.text(format_time(e.now(), Bound("strftime_now()", given, {"format"}, 1).text(0, "")));
}

}  // namespace

void check_attribute(std::string_view name) {
  if (name.starts_with('_'))
    throw Failure(fmt::format("a namespace takes no attribute that begins with _, such as '{}'", name));
}

Builtin find_builtin(std::string_view name, const Environment& environment) {
  static constexpr std::pair<std::string_view, Builtin> all[] = {
      {"range", range}, {"dict", dict}, {"namespace", make_namespace}};
  static constexpr std::pair<std::string_view, Builtin> of_chats[] = {{"raise_exception", raise_exception},
                                                                      {"strftime_now", strftime_now}};
  for (const auto& [known, f] : all)
    if (known == name) return f;
  if (environment.chat)
    for (const auto& [known, f] : of_chats)
      if (known == name) return f;
  return nullptr;
}

namespace {
std::string microseconds(std::string_view now) {
  std::string digits(now.size() > 20 && now[19] == '.' ? now.substr(20, 6) : "");
  digits.resize(std::min(digits.find_first_not_of("0123456789"), digits.size()));
  return digits + std::string(6 - digits.size(), '0');
}
}  // namespace

std::string format_time(std::string_view now, std::string_view format) {
  std::tm t{};
  const auto number = [&](size_t at, size_t digits, int& out) {
    const std::string_view part = at < now.size() ? now.substr(at, digits) : "";
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), out);
    return part.size() == digits && error == std::errc() && end == part.data() + part.size();
  };
  const bool date = number(0, 4, t.tm_year) && number(5, 2, t.tm_mon) && number(8, 2, t.tm_mday) && t.tm_mon >= 1 &&
                    t.tm_mon <= 12 && t.tm_mday >= 1 && t.tm_mday <= 31;
  const bool time =
      now.size() <= 10 || (number(11, 2, t.tm_hour) && number(14, 2, t.tm_min) && (now.size() < 19 || number(17, 2, t.tm_sec)));
  if (!date || !time || t.tm_year < 1)
    throw Failure("strftime_now() needs the conversation's \"now\", such as \"2024-05-31T12:00:00\"");
  // the day of the week by Sakamoto's method, and of the year; no clock or locale is asked
  constexpr int shift[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4},
                before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  const int year = t.tm_year, month = t.tm_mon, y = year - (month < 3);
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  t.tm_wday = (y + y / 4 - y / 100 + y / 400 + shift[month - 1] + t.tm_mday) % 7;
  t.tm_yday = before[month - 1] + t.tm_mday - 1 + (leap && month > 2);
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  if (format.size() > 4096) throw Failure("the format of strftime_now() is too long");
  // the conversation's time has no zone; the C library does not know Python's %f
  std::string terminated;
  for (size_t i = 0; i < format.size(); ++i) {
    const char next = format[i] == '%' && i + 1 < format.size() ? format[i + 1] : 0;
    if (next == 'f') terminated += microseconds(now);
    else if (next != 'Z' && next != 'z') terminated.append(format, i, next ? 2 : 1);
    i += next != 0;
  }
  terminated += '\x01';  // so that an empty result differs from none
  std::string out(256 + 64 * terminated.size(), '\0');
  out.resize(std::strftime(out.data(), out.size(), terminated.c_str(), &t));
  if (!out.empty()) out.pop_back();
  return out;
}

}  // namespace sextant::jinja
