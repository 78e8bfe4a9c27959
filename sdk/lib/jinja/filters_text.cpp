// Filters whose result is a text or a number.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <fmt/format.h>
#include <sextant/regex.hpp>
#include <sextant/utf8_text.hpp>
#include "evaluator.hpp"
#include "text.hpp"

namespace sextant::jinja {
namespace {

using Given = const Arguments&;

std::string word_titles(std::string_view text) {
  std::string out;
  bool starts = true;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    if (!c.valid) out += text[i];
    else starts ? append_upper(out, c.code) : append_lower(out, c.code);
    starts = is_blank(c.code) || std::string_view("-({[<").find(text[i]) != std::string_view::npos;
    i += c.size;
  }
  return out;
}

// A filter that works on str(subject) and has no arguments.
template <std::string (*f)(std::string_view)> Value on_text(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("the filter", given, {});
  return e.text(f(e.print(subject)), subject.is_markup() && f != word_titles);
}

Value trim(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("trim", given, {"chars"});
  const std::string s = e.print(subject);
  const bool blanks = !bound[0] || bound[0]->is_none();
  const std::string chars = blanks ? "" : bound.text(0, "");
  return e.text(std::string(strip(s, true, true, blanks ? std::nullopt : std::optional<std::string_view>(chars))),
                subject.is_markup());
}

Value center(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("center", given, {"width"});
  return e.text(centered(e.print(subject), std::min<int64_t>(bound.integer(0, 80), static_cast<int64_t>(e.byte_limit())), " "),
                subject.is_markup());
}

Value truncate(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("truncate", given, {"length", "killwords", "end", "leeway"});
  if (!subject.string()) throw Failure(fmt::format("truncate needs a string, not a value of type {}", type_name(subject)));
  const std::string end = bound.text(2, "...");
  const int64_t most = bound.integer(0, 255), leeway = bound.integer(3, 5),
                kept = most - static_cast<int64_t>(utf8::length(end));
  if (kept < 0 || leeway < 0) throw Failure("truncate needs a length that its end fits into, and a leeway of 0 or more");
  const auto all = characters(*subject.string());
  if (static_cast<int64_t>(all.size()) <= std::min<int64_t>(most, INT32_MAX) + std::min<int64_t>(leeway, INT32_MAX))
    return subject;
  std::string text =
      kept == 0 ? "" : subject.string()->substr(0, static_cast<size_t>(all[static_cast<size_t>(kept)].data() - all[0].data()));
  if (!bound.flag(1, false)) text.resize(std::min(text.rfind(' '), text.size()));
  return e.text(text + end, subject.is_markup());
}

// Jinja2's own: keys are sorted, and the text may stand in HTML.
Value tojson_for_html(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("tojson", given, {"indent"});
  JsonStyle style{true, true};
  if (bound[0] && truth(*bound[0])) {
    style.indent = bound[0]->string() ? *bound[0]->string()
                                      : std::string(static_cast<size_t>(std::clamp<int64_t>(bound.integer(0, 0), 0, 64)), ' ');
    style.item_separator = ",";
  }
  e.charge(subject.size().weight);
  std::string out;
  for (const char c : python_json(subject, style, e.byte_limit()))
    if (c == '<' || c == '>' || c == '&' || c == '\'') out += fmt::format("\\u{:04x}", c);
    else out += c;
  return e.text(std::move(out), true);
}

Value tojson(Evaluator& e, const Value& subject, Given given) {
  if (!e.environment().chat) return tojson_for_html(e, subject, given);
  const Bound bound("tojson", given, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style{bound.flag(0, false), bound.flag(3, false)};
  if (bound[1] && !bound[1]->is_none()) {
    style.indent = bound[1]->string() ? *bound[1]->string()
                                      : std::string(static_cast<size_t>(std::clamp<int64_t>(bound.integer(1, 0), 0, 64)), ' ');
    style.item_separator = ",";
  }
  if (bound[2] && !bound[2]->is_none()) {
    const Values two = e.iterate(*bound[2]);
    if (two.size() != 2 || !two[0].string() || !two[1].string()) throw Failure("tojson: separators are two strings");
    style.item_separator = *two[0].string();
    style.key_separator = *two[1].string();
  }
  e.charge(subject.size().weight);
  return e.text(python_json(subject, style, e.byte_limit()));
}

Value default_value(Evaluator&, const Value& subject, Given given) {
  const Bound bound("default", given, {"default_value", "boolean"});
  const bool missing = subject.is_undefined() || (bound.flag(1, false) && !truth(subject));
  return missing ? bound.get(0, Value("")) : subject;
}

Value string(Evaluator& e, const Value& subject, Given) { return subject.string() ? subject : e.text(e.print(subject)); }
Value safe(Evaluator& e, const Value& subject, Given) { return Value::markup(e.print(subject)); }
Value escape(Evaluator& e, const Value& subject, Given) {
  return subject.is_markup() ? subject : Value::markup(escaped(e.print(subject)));
}
Value forceescape(Evaluator& e, const Value& subject, Given) { return Value::markup(escaped(e.print(subject))); }

Value replace(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("replace", given, {"old", "new", "count"}, 2);
  const std::string s = e.print(subject), from = e.print(*bound[0]), to = e.print(*bound[1]);
  if (to.size() > 1 && s.size() / std::max<size_t>(1, from.size()) > e.byte_limit() / to.size())
    throw Failure("replace would make too large a text");
  return e.text(replaced(s, from, to, bound.integer(2, -1)));
}

// lm-eval's filter: re.sub(pattern, repl, string, count)
Value regex_replace(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("regex_replace", given, {"pattern", "repl", "count"}, 2);
  if (!subject.string()) throw Failure(fmt::format("regex_replace needs a string, not a value of type {}", type_name(subject)));
  const int64_t count = bound.integer(2, 0);
  RegexOptions options;
  options.syntax = RegexOptions::Syntax::python;
  options.valid_text = true;
  const auto regex = Regex::compile(bound.text(0, ""), std::move(options));
  if (!regex) throw Failure(regex.error().message);
  if (count < 0) return subject;  // as Python
  auto out = regex->replace(*subject.string(), bound.text(1, ""), static_cast<uint64_t>(count), e.byte_limit());
  if (!out) throw Failure(out.error().message);
  return e.text(*std::move(out));
}

Value indent(Evaluator& e, const Value& subject, Given given) {
  const Bound bound("indent", given, {"width", "first", "blank"});
  if (!subject.string()) throw Failure(fmt::format("indent needs a string, not a value of type {}", type_name(subject)));
  if (bound[0] && bound[0]->is_none()) throw Failure("indent needs a width");
  const std::string by = bound[0] && bound[0]->string()
                             ? *bound[0]->string()
                             : std::string(static_cast<size_t>(std::clamp<int64_t>(bound.integer(0, 4), 0, 1000)), ' ');
  const std::string s = *subject.string() + "\n";
  std::string out = bound.flag(1, false) ? by : "";
  bool first = true;
  for (const std::string_view line : lines(s)) {
    if (!first) out += '\n';
    if (!first && (bound.flag(2, false) || !line.empty())) out += by;
    out += line;
    first = false;
    if (out.size() > e.byte_limit()) throw Failure("indent would make too large a text");
  }
  return e.text(std::move(out), subject.is_markup());
}

bool is_plain_digit(char c) { return c >= '0' && c <= '9'; }

// What Python's float() reads.
std::optional<double> real_of(std::string_view text) {
  std::string s(strip(text, true, true));
  for (size_t i = 0; i < s.size(); ++i)
    if (s[i] == '_' && (i == 0 || i + 1 == s.size() || !is_plain_digit(s[i - 1]) || !is_plain_digit(s[i + 1]))) return {};
  s.erase(std::remove(s.begin(), s.end(), '_'), s.end());
  std::string_view digits = s;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  double real = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), real);
  if (end != digits.data() + digits.size() || error == std::errc::invalid_argument || digits.ends_with(')')) return {};
  return error == std::errc() ? real : std::strtod(s.c_str(), nullptr);  // beyond the range: infinite, or 0
}

// What Python's int() reads.
std::optional<int64_t> integer_of(std::string_view text, int base) {
  std::string s(strip(text, true, true));
  bool negative = false;
  if (s.starts_with('+') || s.starts_with('-')) negative = s[0] == '-', s.erase(0, 1);
  const char mark = s.size() > 1 && s[0] == '0' ? static_cast<char>(s[1] | 0x20) : 0;
  const bool prefixed = (base == 16 && mark == 'x') || (base == 8 && mark == 'o') || (base == 2 && mark == 'b');
  if (prefixed) s.erase(0, 2 + (s.size() > 2 && s[2] == '_'));
  if (s.empty() || s.starts_with('_') || s.ends_with('_') || s.find("__") != s.npos || s.starts_with('-')) return {};
  s.erase(std::remove(s.begin(), s.end(), '_'), s.end());
  if (negative) s.insert(0, 1, '-');
  int64_t whole = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), whole, base);
  if (end != s.data() + s.size() || error == std::errc::invalid_argument) return {};
  if (error != std::errc()) throw Failure("an integer is too large");
  return whole;
}

Value to_int(Evaluator&, const Value& subject, Given given) {
  const Bound bound("int", given, {"default", "base"});
  subject.expect_defined();
  if (subject.is_undefined()) throw Failure("the filter int needs a value");
  if (subject.is_integral()) return subject.to_integer();
  const auto from_real = [&](double d) -> Value {
    if (!std::isfinite(d)) return bound.get(0, Value(0));
    if (std::fabs(d) >= 9.2e18) throw Failure("an integer is too large");
    return static_cast<int64_t>(d);
  };
  if (subject.real()) return from_real(*subject.real());
  if (!subject.string()) return bound.get(0, Value(0));
  const int64_t base = bound.integer(1, 10);
  if (base < 2 || base > 36) throw Failure("the base of int is from 2 to 36");
  if (const auto whole = integer_of(*subject.string(), static_cast<int>(base))) return *whole;
  const auto real = real_of(*subject.string());
  return real ? from_real(*real) : bound.get(0, Value(0));
}

Value to_float(Evaluator&, const Value& subject, Given given) {
  const Bound bound("float", given, {"default"});
  subject.expect_defined();
  if (subject.is_undefined()) throw Failure("the filter float needs a value");
  if (subject.is_number()) return subject.to_real();
  const auto real = subject.string() ? real_of(*subject.string()) : std::nullopt;
  return real ? Value(*real) : bound.get(0, Value(0.0));
}

Value absolute(Evaluator&, const Value& subject, Given) {
  if (subject.real()) return std::fabs(*subject.real());
  if (!subject.is_integral() || subject.to_integer() == INT64_MIN)
    throw Failure(fmt::format("abs needs a number, not a value of type {}", type_name(subject)));
  return std::abs(subject.to_integer());
}

// To a multiple of 10^digits, ties to the even one.
Value rounded_integer(int64_t n, int64_t digits) {
  constexpr int64_t half_of_1e19 = 5'000'000'000'000'000'000;
  if (digits > 18 && (digits > 19 || (n >= -half_of_1e19 && n <= half_of_1e19))) return int64_t{0};
  int64_t unit = 1, out = 0;
  for (int64_t i = 0; i < std::min<int64_t>(digits, 18); ++i) unit *= 10;
  int64_t times = n / unit;
  const int64_t twice = 2 * (n % unit);
  const bool odd = times % 2 != 0;
  if (twice > unit || (twice == unit && odd)) ++times;
  if (twice < -unit || (twice == -unit && odd)) --times;
  if (digits > 18 || __builtin_mul_overflow(times, unit, &out)) throw Failure("an integer is too large");
  return out;
}

Value round(Evaluator&, const Value& subject, Given given) {
  const Bound bound("round", given, {"precision", "method"});
  if (!subject.is_number()) throw Failure(fmt::format("round needs a number, not a value of type {}", type_name(subject)));
  const std::string method = bound.text(1, "common");
  const int64_t precision = bound.integer(0, 0);
  if (precision < -300 || precision > 300) throw Failure("the precision of round is out of range");
  const double x = subject.to_real(), scale = std::pow(10.0, static_cast<double>(precision));
  // Python's ceil and floor make integers, which have no -0
  if (method == "ceil") return (std::ceil(x * scale) + 0.0) / scale;
  if (method == "floor") return (std::floor(x * scale) + 0.0) / scale;
  if (method != "common") throw Failure("round knows the methods common, ceil and floor");
  if (precision < 0 && subject.is_integral()) return rounded_integer(subject.to_integer(), -precision);
  if (precision < 0) return std::nearbyint(x * scale) / scale;
  // Python rounds the exact decimal value, ties to even; so does printing
  const std::string digits = fmt::format("{:.{}f}", x, precision);
  double rounded = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), rounded);
  return subject.real() ? Value(rounded) : Value(subject.to_integer());
}

Value format(Evaluator& e, const Value& subject, Given given) {
  if (!given.named.empty() && !given.positional.empty())
    throw Failure("format takes arguments with names or without, not both");
  Value arguments(List{given.positional, List::Kind::tuple});
  if (!given.named.empty()) {
    Dict dict;
    for (const auto& [name, value] : given.named) dict.set(Value(name), value);
    arguments = Value(std::move(dict));
  }
  return percent_format(e, e.print(subject), arguments);
}

Value wordcount(Evaluator& e, const Value& subject, Given) {
  const std::string s = e.print(subject);
  int64_t words = 0;
  bool inside = false;
  for (size_t i = 0; i < s.size();) {
    const utf8::Character c = utf8::at(s, i);
    const bool letter = is_letter(c.code) || is_numeric(c.code) || c.code == '_';
    words += letter && !inside;
    inside = letter;
    i += c.size;
  }
  return words;
}

}  // namespace

Filter find_text_filter(std::string_view name) {
  static constexpr std::pair<std::string_view, Filter> all[] = {{"trim", trim},
                                                                {"center", center},
                                                                {"truncate", truncate},
                                                                {"tojson", tojson},
                                                                {"default", default_value},
                                                                {"d", default_value},
                                                                {"string", string},
                                                                {"safe", safe},
                                                                {"replace", replace},
                                                                {"regex_replace", regex_replace},
                                                                {"indent", indent},
                                                                {"int", to_int},
                                                                {"float", to_float},
                                                                {"abs", absolute},
                                                                {"round", round},
                                                                {"format", format},
                                                                {"upper", on_text<upper>},
                                                                {"lower", on_text<lower>},
                                                                {"capitalize", on_text<capitalized>},
                                                                {"title", on_text<word_titles>},
                                                                {"escape", escape},
                                                                {"e", escape},
                                                                {"forceescape", forceescape},
                                                                {"wordcount", wordcount}};
  for (const auto& [known, f] : all)
    if (known == name) return f;
  return nullptr;
}

}  // namespace sextant::jinja
