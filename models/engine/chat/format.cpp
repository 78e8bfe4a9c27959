// Python's two ways to fill in values: "%s" % x and "{}".format(x).
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include "nesting.hpp"
#include "text.hpp"

namespace sextant::engine::jinja {
namespace {

constexpr int64_t width_max = 100'000;

struct Spec {
  bool left = false, center = false, zero = false, plus = false, blank = false, comma = false;
  std::string fill = " ";
  int64_t width = 0, precision = -1;
  char type = 0;
};

int64_t read_number(std::string_view format, size_t& at, int64_t otherwise) {
  int64_t n = otherwise;
  const auto [end, error] = std::from_chars(format.data() + at, format.data() + format.size(), n);
  if (error == std::errc()) at = static_cast<size_t>(end - format.data());
  if (n > width_max || error == std::errc::result_out_of_range) throw Failure("a width or precision in a format is too large");
  return n;
}

std::string padded(const Spec& spec, std::string text, bool number) {
  const auto size = static_cast<int64_t>(length(text));
  if (size >= spec.width) return text;
  const int64_t missing = spec.width - size, before = spec.left ? 0 : spec.center ? missing / 2 : missing;
  if (spec.zero && number && !spec.left && !spec.center) {
    const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    return text.insert(sign, static_cast<size_t>(missing), '0');
  }
  std::string out;
  for (int64_t i = 0; i < before; ++i) out += spec.fill;
  out += text;
  for (int64_t i = before; i < missing; ++i) out += spec.fill;
  return out;
}

std::string with_commas(std::string digits) {
  size_t end = digits.find('.');
  if (end == digits.npos) end = digits.size();
  const size_t begin = digits.starts_with('-') ? 1 : 0;
  for (size_t i = end; i > begin + 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string number_text(const Spec& spec, const Value& v) {
  if (!v.is_number()) throw Failure(fmt::format("a format needs a number, not {}", describe(v)));
  std::string out;
  const int precision = static_cast<int>(spec.precision < 0 ? 6 : spec.precision);
  switch (spec.type) {
    case 'd': case 'i': case 'u': out = fmt::format("{}", v.real() ? static_cast<int64_t>(std::clamp(*v.real(), -9.2e18, 9.2e18)) : v.to_integer()); break;
    case 'x': case 'X': case 'o': case 'b': {
      if (!v.is_integral()) throw Failure("a format needs an integer");
      const int64_t i = v.to_integer();
      out = spec.type == 'x' ? fmt::format("{:x}", i) : spec.type == 'X' ? fmt::format("{:X}", i) : spec.type == 'o' ? fmt::format("{:o}", i) : fmt::format("{:b}", i);
      break;
    }
    case 'e': out = fmt::format("{:.{}e}", v.to_real(), precision); break;
    case 'g': out = fmt::format("{:.{}g}", v.to_real(), precision); break;
    case '%': out = fmt::format("{:.{}f}%", v.to_real() * 100, precision); break;
    default: out = fmt::format("{:.{}f}", v.to_real(), precision); break;
  }
  if (spec.comma) out = with_commas(std::move(out));
  if (out[0] != '-' && (spec.plus || spec.blank)) out.insert(0, spec.plus ? "+" : " ");
  return padded(spec, std::move(out), true);
}

std::string cut(std::string text, int64_t precision) {
  if (precision < 0) return text;
  const auto all = characters(text);
  if (static_cast<size_t>(precision) >= all.size()) return text;
  return text.substr(0, static_cast<size_t>(all[static_cast<size_t>(precision)].data() - text.data()));
}

}  // namespace

Value percent_format(Evaluator& e, const std::string& format, const Value& arguments) {
  const List* tuple = arguments.list() && arguments.list()->kind == List::Kind::tuple ? arguments.list() : nullptr;
  size_t used = 0;
  bool by_name = false;
  const auto next = [&]() -> Value {
    if (tuple ? used >= tuple->items.size() : used > 0) throw Failure("a format has more places than values");
    return tuple ? tuple->items[used++] : (++used, arguments);
  };
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    Spec spec;
    Value v;
    bool named = false;
    if (++i < format.size() && format[i] == '(') {
      const size_t end = format.find(')', i);
      const Value* member = end != format.npos && arguments.dict() ? arguments.dict()->find(std::string_view(format).substr(i + 1, end - i - 1)) : nullptr;
      if (!member) throw Failure("a format names a value that is not there");
      v = *member, named = by_name = true, i = end + 1;
    }
    for (; i < format.size() && std::string_view("-0+ #").find(format[i]) != std::string_view::npos; ++i) {
      spec.left |= format[i] == '-';
      spec.zero |= format[i] == '0';
      spec.plus |= format[i] == '+';
      spec.blank |= format[i] == ' ';
    }
    spec.width = read_number(format, i, 0);
    if (i < format.size() && format[i] == '.') spec.precision = read_number(format, ++i, 0);
    if (i >= format.size()) throw Failure("a format ends after %");
    spec.type = format[i];
    if (spec.type == '%') {
      out += '%';
      continue;
    }
    if (!named) v = next();
    if (spec.type == 's') out += padded(spec, cut(e.print(v), spec.precision), false);
    else if (spec.type == 'r') out += padded(spec, cut(to_repr(v, e.byte_limit()), spec.precision), false);
    else if (std::string_view("diuxXofFeEgG").find(spec.type) != std::string_view::npos) out += number_text(spec, v);
    else throw Failure(fmt::format("a format has the unknown type '{}'", spec.type));
    if (out.size() > e.byte_limit()) throw Failure("a format would make too large a text");
  }
  if (tuple ? used < tuple->items.size() : used == 0 && !by_name && !arguments.dict() && !arguments.list()) throw Failure("a format has fewer places than values");
  return e.text(std::move(out));
}

namespace {

Spec read_spec(std::string_view text) {
  Spec spec;
  size_t i = 0;
  const auto align = [&](size_t at) { return at < text.size() && std::string_view("<>^").find(text[at]) != std::string_view::npos; };
  bool aligned = false;
  if (!text.empty()) {
    const size_t first = characters(text).front().size();
    if (align(first)) spec.fill = std::string(text.substr(0, first)), i = first;
    if (align(i)) spec.left = text[i] == '<', spec.center = text[i] == '^', aligned = true, ++i;
  }
  if (i < text.size() && text[i] == '+') spec.plus = true, ++i;
  if (i < text.size() && text[i] == ' ') spec.blank = true, ++i;
  if (i < text.size() && text[i] == '0') spec.zero = true, ++i;
  spec.width = read_number(text, i, 0);
  if (i < text.size() && text[i] == ',') spec.comma = true, ++i;
  if (i < text.size() && text[i] == '.') spec.precision = read_number(text, ++i, 0);
  if (i < text.size()) spec.type = text[i++];
  if (i != text.size() || std::string_view("\0sdxXobfFeg%", 12).find(spec.type) == std::string_view::npos) throw Failure(fmt::format("'{}' is no format that is known", text));
  if (!aligned && spec.type == 0) spec.center = false;
  return spec;
}

}  // namespace

Value brace_format(Evaluator& e, const std::string& format, const Arguments& given) {
  std::string out;
  size_t used = 0;
  const auto find = [&](std::string_view name) -> Value {
    size_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (name.empty()) index = used++;
    if (name.empty() || (error == std::errc() && end == name.data() + name.size())) {
      if (index >= given.positional.size()) throw Failure("format() has more places than values");
      return given.positional[index];
    }
    for (const auto& [known, value] : given.named)
      if (known == name) return value;
    throw Failure(fmt::format("format() has no value named '{}'", name));
  };
  for (size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if ((c == '{' || c == '}') && i + 1 < format.size() && format[i + 1] == c) {
      out += c;
      ++i;
      continue;
    }
    if (c == '}') throw Failure("format(): a single '}'");
    if (c != '{') {
      out += c;
      continue;
    }
    const size_t end = format.find('}', i);
    if (end == format.npos) throw Failure("format(): a '{' is not closed");
    std::string_view field = std::string_view(format).substr(i + 1, end - i - 1), spec_text;
    if (const size_t colon = field.find(':'); colon != field.npos) spec_text = field.substr(colon + 1), field = field.substr(0, colon);
    bool repr = false;
    if (field.size() >= 2 && field[field.size() - 2] == '!') repr = field.back() == 'r', field.remove_suffix(2);
    // {0.name} and {a[key]} lead on from a value
    const size_t part = std::min(field.find_first_of(".["), field.size());
    Value v = find(field.substr(0, part));
    for (std::string_view rest = field.substr(part); !rest.empty();) {
      const bool attribute = rest[0] == '.';
      const size_t stop = attribute ? std::min(rest.find_first_of(".[", 1), rest.size()) : std::min(rest.find(']'), rest.size());
      const std::string_view key = rest.substr(1, stop - 1);
      int64_t index = 0;
      const auto number = std::from_chars(key.data(), key.data() + key.size(), index);
      v = attribute ? e.attribute(v, key) : e.item(v, !key.empty() && number.ptr == key.data() + key.size() ? Value(index) : Value(key));
      rest.remove_prefix(std::min(rest.size(), stop + !attribute));
    }
    Spec spec = read_spec(spec_text);
    const bool number = !repr && (v.integer() || v.real() || (v.boolean() && spec.type != 0 && spec.type != 's'));
    if (number && spec.type == 0) spec.type = v.real() ? (spec.precision < 0 ? 0 : 'g') : 'd';
    if (number && spec.type != 0 && spec.type != 's') out += number_text(spec, v);
    else {
      if (spec.type != 0 && spec.type != 's') throw Failure(fmt::format("format(): '{}' does not go with {}", spec.type, describe(v)));
      const bool aligns_left = spec_text.find('>') == spec_text.npos && !spec.center && !v.is_number();
      spec.left |= aligns_left;
      out += padded(spec, cut(repr ? to_repr(v, e.byte_limit()) : e.print(v), v.real() ? -1 : spec.precision), v.is_number());
    }
    if (out.size() > e.byte_limit()) throw Failure("format() would make too large a text");
    i = end;
  }
  return e.text(std::move(out));
}

}  // namespace sextant::engine::jinja
