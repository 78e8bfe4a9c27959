// Python's two ways to fill in values: "%s" % x and "{}".format(x).
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <sextant/utf8_text.hpp>
#include "format_spec.hpp"
#include "nesting.hpp"
#include "text.hpp"

namespace sextant::jinja {
namespace {

bool among(char c, std::string_view characters) { return c != 0 && characters.find(c) != characters.npos; }

std::string ascii(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    if (c.code < 0x80) out += text[i];
    else if (c.code < 0x100) out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c.code));
    else if (c.code < 0x10000) out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c.code));
    else out += fmt::format("\\U{:08x}", static_cast<uint32_t>(c.code));
    i += c.size;
  }
  return out;
}

std::string character(const Value& v) {
  if (v.string() && utf8::length(*v.string()) == 1) return *v.string();
  if (!v.is_integral() || v.to_integer() < 0 || v.to_integer() > 0x10FFFF || (v.to_integer() >> 11) == 0x1B)
    throw Failure("%c needs one character, or its number");
  std::string out;
  utf8::append(out, static_cast<char32_t>(v.to_integer()));
  return out;
}

int64_t truncated(const Value& v) {
  if (v.is_integral()) return v.to_integer();
  if (!v.real()) throw Failure(fmt::format("a format needs a number, not {}", describe(v)));
  if (!(std::fabs(*v.real()) < 9.2e18)) throw Failure("an integer is too large");
  return static_cast<int64_t>(*v.real());
}

/// One place of a percent format.
std::string percent_text(Evaluator& e, FormatSpec spec, bool zeros, const Value& v) {
  const bool left = spec.align == '<';
  if (among(spec.type, "sra")) {
    const std::string text = spec.type == 's' ? e.print(v) : to_repr(v, e.byte_limit());
    return padded(spec, cut(spec.type == 'a' ? ascii(text) : text, spec.precision), '>');
  }
  if (spec.type == 'c') return padded(spec, character(v), '>');
  if (zeros && !left) spec.align = '=', spec.fill = "0";
  if (among(spec.type, "diu")) return integer_text(spec, truncated(v), spec.precision);
  if (among(spec.type, "xXo")) {
    if (!v.is_integral()) throw Failure(fmt::format("%{} needs an integer, not {}", spec.type, describe(v)));
    return integer_text(spec, v.to_integer(), spec.precision);
  }
  if (!among(spec.type, "eEfFgG")) throw Failure(fmt::format("a format has the unknown type '{}'", spec.type));
  if (!v.is_number()) throw Failure(fmt::format("a format needs a number, not {}", describe(v)));
  return real_number_text(spec, v.to_real());
}

}  // namespace

Value percent_format(Evaluator& e, const std::string& format, const Value& arguments) {
  const List* tuple = arguments.list() && arguments.list()->kind == List::Kind::tuple ? arguments.list() : nullptr;
  size_t used = 0;
  const auto next = [&]() -> Value {
    if (tuple ? used >= tuple->items.size() : used > 0) throw Failure("a format has more places than values");
    return tuple ? tuple->items[used++] : (++used, arguments);
  };
  const auto next_size = [&] {
    const Value v = next();
    if (!v.is_integral() || std::abs(v.to_integer()) > 100'000) throw Failure("* in a format needs a small integer");
    return v.to_integer();
  };
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    const Value* named = nullptr;
    if (++i < format.size() && format[i] == '(') {
      const size_t end = format.find(')', i);
      if (end != format.npos && arguments.dict())
        named = arguments.dict()->find(std::string_view(format).substr(i + 1, end - i - 1));
      if (!named) throw Failure("a format names a value that is missing");
      i = end + 1;
    }
    FormatSpec spec;
    bool zeros = false;
    for (; i < format.size() && among(format[i], "-0+ #"); ++i) {
      if (format[i] == '-') spec.align = '<';
      zeros |= format[i] == '0';
      if (format[i] == '+' || (format[i] == ' ' && spec.sign != '+')) spec.sign = format[i];
      spec.alternate |= format[i] == '#';
    }
    const auto size = [&](int64_t otherwise) {
      if (i >= format.size() || format[i] != '*') return read_number(format, i, otherwise);
      ++i;
      return next_size();
    };
    spec.width = size(0);
    if (spec.width < 0) spec.align = '<', spec.width = -spec.width;
    if (i < format.size() && format[i] == '.') ++i, spec.precision = std::max<int64_t>(0, size(0));
    if (i < format.size() && among(format[i], "hlL")) ++i;
    if (i >= format.size()) throw Failure("a format ends after %");
    spec.type = format[i];
    out += spec.type == '%' ? "%" : percent_text(e, spec, zeros, named ? *named : next());
    if (out.size() > e.byte_limit()) throw Failure("a format would make too large a text");
  }
  // what has items may go unused, as Python has it
  const List* list = arguments.list();
  const bool has_items = arguments.dict() || arguments.is_undefined() ||
                         (list && list->kind != List::Kind::generator && list->kind != List::Kind::view);
  if (tuple ? used < tuple->items.size() : used == 0 && !has_items) throw Failure("a format has fewer places than values");
  return e.text(std::move(out));
}

namespace {

FormatSpec read_spec(std::string_view text) {
  FormatSpec spec;
  size_t i = 0;
  const auto align_at = [&](size_t at) { return at < text.size() && among(text[at], "<>^="); };
  const size_t first = text.empty() ? 0 : utf8::at(text, 0).size;
  if (align_at(first)) spec.fill = std::string(text.substr(0, first)), i = first;
  if (align_at(i)) spec.align = text[i++];
  if (i < text.size() && among(text[i], "+- ")) spec.sign = text[i++];
  if (i < text.size() && text[i] == '#') spec.alternate = true, ++i;
  if (i < text.size() && text[i] == '0') {
    if (!spec.align) spec.fill = "0", spec.align = '0';  // '=' for numbers, '<' for texts
    else if (spec.fill == " ") spec.fill = "0";
    ++i;
  }
  spec.width = read_number(text, i, 0);
  if (i < text.size() && among(text[i], ",_")) spec.grouping = text[i++];
  if (i < text.size() && text[i] == '.') {
    spec.precision = read_number(text, ++i, -1);
    if (spec.precision < 0) throw Failure("a format has no precision after the point");
  }
  if (i < text.size()) spec.type = text[i++];
  if (i != text.size()) throw Failure(fmt::format("'{}' is not a format that is known", text));
  return spec;
}

std::string text_by_spec(const FormatSpec& given, const std::string& text) {
  FormatSpec spec = given;
  if (spec.align == '0') spec.align = '<';
  if ((spec.type != 0 && spec.type != 's') || spec.sign || spec.alternate || spec.grouping || spec.align == '=')
    throw Failure("a format for numbers is used for a string");
  return padded(spec, cut(text, spec.precision), '<');
}

std::string number_by_spec(const FormatSpec& given, const Value& v) {
  FormatSpec spec = given;
  if (spec.align == '0') spec.align = '=';
  const bool whole = v.is_integral() && (spec.type == 0 || among(spec.type, "dxXobnc"));
  if (!whole && spec.type != 0 && !among(spec.type, "eEfFgGn%"))
    throw Failure(fmt::format("format(): '{}' does not go with {}", spec.type, describe(v)));
  if (spec.grouping && (among(spec.type, "nc") || (spec.grouping == ',' && among(spec.type, "xXob"))))
    throw Failure("a format groups digits that cannot be grouped");
  if (!whole) return real_number_text(spec, v.to_real());
  if (spec.precision >= 0) throw Failure("a format for integers has a precision");
  if (spec.type != 'c') return integer_text(spec, v.to_integer());
  if (spec.sign || spec.alternate) throw Failure("a format for a character has a sign");
  return padded(spec, character(v), '<');
}

/// "{...}" filled in from the arguments of one call.
class BraceFormat {
 public:
  BraceFormat(Evaluator& e, const Arguments& given) : e_(e), given_(given) {}

  std::string fill(std::string_view format, int depth = 0) {
    if (depth > 1) throw Failure("the places of a format nest too deep");
    std::string out;
    for (size_t i = 0; i < format.size(); ++i) {
      const char c = format[i];
      if (c != '{' && c != '}') {
        out += c;
        continue;
      }
      if (i + 1 < format.size() && format[i + 1] == c) {
        out += c;
        ++i;
        continue;
      }
      if (c == '}') throw Failure("format(): a single '}'");
      const size_t end = closing(format, i + 1);
      out += field(format.substr(i + 1, end - i - 1), depth);
      if (out.size() > e_.byte_limit()) throw Failure("format() would make too large a text");
      i = end;
    }
    return out;
  }

 private:
  static size_t closing(std::string_view format, size_t at) {
    for (int open = 1; at < format.size(); ++at) {
      if (format[at] == '{') ++open;
      if (format[at] == '}' && --open == 0) return at;
    }
    throw Failure("format(): a '{' is not closed");
  }

  Value argument(std::string_view name) {
    size_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    const bool numbered = !name.empty() && error == std::errc() && end == name.data() + name.size();
    if (!numbered && !name.empty()) {
      for (const auto& [known, value] : given_.named)
        if (known == name) return value;
      throw Failure(fmt::format("format() has no value named '{}'", name));
    }
    if (numbered_ && *numbered_ != numbered) throw Failure("format() mixes numbered places with places that are not");
    numbered_ = numbered;
    if (!numbered) index = next_++;
    if (index >= given_.positional.size()) throw Failure("format() has more places than values");
    return given_.positional[index];
  }

  /// name.attribute[item]!r:spec
  std::string field(std::string_view text, int depth) {
    size_t end = 0;
    for (bool inside = false; end < text.size() && (inside || !among(text[end], "!:")); ++end) {
      if (text[end] == '{' || text[end] == '}') throw Failure("format(): a brace stands in the name of a value");
      inside = text[end] == '[' || (inside && text[end] != ']');
    }
    const std::string_view name = text.substr(0, end);
    char conversion = 0;
    if (end < text.size() && text[end] == '!') {
      if (end + 1 >= text.size() || !among(text[end + 1], "rsa") || (end + 2 < text.size() && text[end + 2] != ':'))
        throw Failure("format() knows !r, !s and !a");
      conversion = text[end + 1];
      end += 2;
    }
    const Value v = value(name);
    const FormatSpec spec = read_spec(end < text.size() ? fill(text.substr(end + 1), depth + 1) : "");
    const bool plain = end + 1 >= text.size();
    if (conversion) {
      const std::string converted = conversion == 's' ? e_.print(v) : to_repr(v, e_.byte_limit());
      return text_by_spec(spec, conversion == 'a' ? ascii(converted) : converted);
    }
    if (v.string()) return text_by_spec(spec, *v.string());
    if (plain) return e_.print(v);
    if (!v.is_number()) throw Failure(fmt::format("a format does not go with {}", describe(v)));
    return number_by_spec(spec, v);
  }

  Value value(std::string_view name) {
    const size_t first = std::min(name.find_first_of(".["), name.size());
    Value v = argument(name.substr(0, first));
    for (std::string_view rest = name.substr(first); !rest.empty();) {
      const bool attribute = rest[0] == '.';
      if (!attribute && rest[0] != '[') throw Failure("format(): only . or [ can follow ]");
      const size_t stop = attribute ? std::min(rest.find_first_of(".[", 1), rest.size()) : rest.find(']');
      if (stop == rest.npos) throw Failure("format(): a '[' is not closed");
      const std::string_view key = rest.substr(1, stop - 1);
      if (key.empty()) throw Failure("format(): the name of an attribute is empty");
      int64_t index = 0;
      const auto number = std::from_chars(key.data(), key.data() + key.size(), index);
      v = attribute ? e_.attribute(v, key) : e_.item(v, number.ptr == key.data() + key.size() ? Value(index) : Value(key));
      rest.remove_prefix(stop + !attribute);
    }
    return v;
  }

  Evaluator& e_;
  const Arguments& given_;
  std::optional<bool> numbered_;
  size_t next_ = 0;
};

}  // namespace

Value brace_format(Evaluator& e, const std::string& format, const Arguments& given) {
  return e.text(BraceFormat(e, given).fill(format));
}

}  // namespace sextant::jinja
