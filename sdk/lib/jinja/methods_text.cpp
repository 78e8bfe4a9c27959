// The methods of Python's str.
#include <algorithm>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>
#include "nesting.hpp"
#include "text.hpp"

namespace sextant::jinja {
namespace {

using Given = const Arguments&;
using Text = const std::string&;

Value as_list(Evaluator& e, const std::vector<std::string_view>& parts, List::Kind kind = List::Kind::list) {
  Values out;
  for (const std::string_view part : parts) out.push_back(e.text(std::string(part)));
  return e.list(std::move(out), kind);
}

bool absent(const Bound& bound, size_t i) { return !bound[i] || bound[i]->is_none(); }

Value split(Evaluator& e, Text self, Given given, bool from_right) {
  const Bound bound("split()", given, {"sep", "maxsplit"});
  int64_t left = bound.integer(1, -1);
  std::vector<std::string_view> out;
  std::string_view rest = self;
  if (absent(bound, 0)) {  // at runs of blanks
    for (rest = strip(rest, !from_right, from_right); !rest.empty(); rest = strip(rest, !from_right, from_right)) {
      size_t begin = 0, end = rest.size();
      for (size_t i = 0; i < rest.size();) {
        const utf8::Character c = utf8::at(rest, i);
        if (is_blank(c.code) && !from_right) {
          end = i;
          break;
        }
        i += c.size;
        if (is_blank(c.code)) begin = i;
      }
      if (left-- == 0) begin = 0, end = rest.size();
      out.push_back(rest.substr(begin, end - begin));
      e.charge(from_right ? rest.size() / 64 : 0);
      rest = from_right ? rest.substr(0, begin) : rest.substr(end);
    }
    // what the limit leaves over keeps its outer blanks on the far side only, which the loop has stripped on the near one
  } else {
    const std::string separator = bound.text(0, "");
    if (separator.empty()) throw Failure("split() needs a separator that is not empty");
    for (;;) {
      const size_t at = left == 0 ? rest.npos : from_right ? rest.rfind(separator) : rest.find(separator);
      --left;
      if (at == rest.npos) break;
      out.push_back(from_right ? rest.substr(at + separator.size()) : rest.substr(0, at));
      rest = from_right ? rest.substr(0, at) : rest.substr(at + separator.size());
    }
    out.push_back(rest);
  }
  if (from_right) std::reverse(out.begin(), out.end());
  return as_list(e, out);
}

Value splitlines(Evaluator& e, Text self, Given given) {
  return as_list(e, lines(self, Bound("splitlines()", given, {"keepends"}).flag(0, false)));
}

Value stripped(Evaluator& e, Text self, Given given, bool left, bool right) {
  const Bound bound("strip()", given, {"chars"});
  const std::string chars = absent(bound, 0) ? "" : bound.text(0, "");
  return e.text(
      std::string(strip(self, left, right, absent(bound, 0) ? std::nullopt : std::optional<std::string_view>(chars))));
}

// The part of `text` between two positions in characters, as startswith, find and count take them; `offset`: where it begins.
std::string_view part(std::string_view text, const Bound& bound, size_t first, size_t& offset) {
  offset = 0;
  if (absent(bound, first) && absent(bound, first + 1)) return text;
  const auto all = characters(text);
  const auto n = static_cast<int64_t>(all.size());
  const auto clamp = [&](int64_t v) { return std::clamp<int64_t>(v < 0 ? std::max<int64_t>(v, -n) + n : v, 0, n); };
  const int64_t begin = clamp(bound.integer(first, 0)), end = clamp(bound.integer(first + 1, n));
  for (int64_t i = 0; i < begin; ++i) offset += all[static_cast<size_t>(i)].size();
  size_t bytes = 0;
  for (int64_t i = begin; i < end; ++i) bytes += all[static_cast<size_t>(i)].size();
  return text.substr(offset, bytes);
}

Value begins_or_ends(Text self, Given given, bool begins) {
  const Bound bound(begins ? "startswith()" : "endswith()", given, {"prefix", "start", "end"}, 1);
  size_t offset = 0;
  const std::string_view text = part(self, bound, 1, offset);
  const auto fits = [&](const Value& v) {
    if (!v.string()) throw Failure(fmt::format("startswith() and endswith() need a string, not {}", describe(v)));
    const std::string& s = *v.string();
    return text.size() >= s.size() && text.substr(begins ? 0 : text.size() - s.size(), s.size()) == s;
  };
  const List* several = bound[0]->list();
  if (several && several->kind == List::Kind::tuple) return std::any_of(several->items.begin(), several->items.end(), fits);
  return fits(*bound[0]);
}

Value found(Text self, Given given, bool last, bool must) {
  const Bound bound("find()", given, {"sub", "start", "end"}, 1);
  size_t offset = 0;
  const std::string_view text = part(self, bound, 1, offset);
  const size_t at = last ? text.rfind(bound.text(0, "")) : text.find(bound.text(0, ""));
  if (at == text.npos && must) throw Failure("index(): the string has no such part");
  return at == text.npos ? int64_t{-1} : static_cast<int64_t>(utf8::length(std::string_view(self).substr(0, offset + at)));
}

Value count(Text self, Given given) {
  const Bound bound("count()", given, {"sub", "start", "end"}, 1);
  size_t offset = 0;
  const std::string_view text = part(self, bound, 1, offset);
  const std::string sub = bound.text(0, "");
  if (sub.empty()) return static_cast<int64_t>(utf8::length(text)) + 1;
  int64_t n = 0;
  for (size_t at = text.find(sub); at != text.npos; at = text.find(sub, at + sub.size())) ++n;
  return n;
}

Value replace(Evaluator& e, Text self, Given given) {
  const Bound bound("replace()", given, {"old", "new", "count"}, 2);
  const std::string from = bound.text(0, ""), to = bound.text(1, "");
  if (to.size() > 1 && self.size() / std::max<size_t>(1, from.size()) > e.byte_limit() / to.size())
    throw Failure("replace() would make too large a text");
  return e.text(replaced(self, from, to, bound.integer(2, -1)));
}

Value join(Evaluator& e, Text self, Given given) {
  const Bound bound("join()", given, {"iterable"}, 1);
  std::string out;
  bool first = true;
  for (const Value& v : e.iterate(*bound[0])) {
    if (!v.string()) throw Failure(fmt::format("join() needs strings, not {}", describe(v)));
    if (!first) out += self;
    first = false;
    out += *v.string();
    if (out.size() > e.byte_limit()) throw Failure("join() would make too large a text");
  }
  return e.text(std::move(out));
}

Value partition(Evaluator& e, Text self, Given given, bool last) {
  const std::string separator = Bound("partition()", given, {"sep"}, 1).text(0, "");
  if (separator.empty()) throw Failure("partition() needs a separator that is not empty");
  const std::string_view text = self;
  const size_t at = last ? text.rfind(separator) : text.find(separator);
  if (at == text.npos)
    return last ? as_list(e, {"", "", text}, List::Kind::tuple) : as_list(e, {text, "", ""}, List::Kind::tuple);
  return as_list(e, {text.substr(0, at), separator, text.substr(at + separator.size())}, List::Kind::tuple);
}

Value removed(Evaluator& e, Text self, Given given, bool prefix) {
  const std::string s = Bound("removeprefix()", given, {"prefix"}, 1).text(0, "");
  const bool fits = self.size() >= s.size() && self.compare(prefix ? 0 : self.size() - s.size(), s.size(), s) == 0;
  return fits ? e.text(prefix ? self.substr(s.size()) : self.substr(0, self.size() - s.size())) : Value(self);
}

// ljust, rjust, center, zfill
Value padded(Evaluator& e, Text self, std::string_view name, Given given) {
  const Bound bound("padding", given, {"width", "fillchar"}, 1);
  const std::string fill = name == "zfill" ? "0" : bound.text(1, " ");
  if (utf8::length(fill) != 1) throw Failure("the fill of ljust(), rjust() and center() is one character");
  const int64_t missing = bound.integer(0, 0) - static_cast<int64_t>(utf8::length(self));
  if (missing <= 0) return Value(self);
  if (missing > static_cast<int64_t>(e.byte_limit())) throw Failure("padding would make too large a text");
  if (name == "center") return e.text(centered(self, bound.integer(0, 0), fill));
  const int64_t left = name == "ljust" ? 0 : missing;
  std::string out;
  const bool sign = name == "zfill" && !self.empty() && (self[0] == '-' || self[0] == '+');
  if (sign) out += self[0];
  for (int64_t i = 0; i < left; ++i) out += fill;
  out += sign ? self.substr(1) : self;
  for (int64_t i = left; i < missing; ++i) out += fill;
  return e.text(std::move(out));
}

// isdigit and its kin: every character, and at least one
template <class Is> bool all_are(std::string_view text, const Is& is) {
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    if (!is(c.code)) return false;
    i += c.size;
  }
  return !text.empty();
}

bool is_titled(std::string_view text) {
  bool inside = false, any = false;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    const bool begins = is_upper(c.code) || is_title(c.code), goes_on = is_lower(c.code);
    if (begins ? inside : goes_on && !inside) return false;
    inside = begins || goes_on;
    any |= inside;
    i += c.size;
  }
  return any;
}

Value expandtabs(Evaluator& e, Text self, Given given) {
  const int64_t size = std::clamp<int64_t>(Bound("expandtabs()", given, {"tabsize"}).integer(0, 8), 0, 1000);
  std::string out;
  int64_t column = 0;
  for (const std::string_view c : characters(self)) {
    if (c != "\t") out += c;
    else if (size > 0) out.append(static_cast<size_t>(size - column % size), ' ');
    column = c == "\n" || c == "\r" ? 0 : c == "\t" ? (size > 0 ? column + size - column % size : column) : column + 1;
    if (out.size() > e.byte_limit()) throw Failure("expandtabs() would make too large a text");
  }
  return e.text(std::move(out));
}

}  // namespace

Value call_text_method(Evaluator& e, const std::string& self, std::string_view name, const Arguments& given) {
  const bool by_name = name == "split" || name == "rsplit" || name == "splitlines" || name == "expandtabs" || name == "format";
  if (!by_name && !given.named.empty()) throw Failure(fmt::format("{}() takes no arguments with names", name));
  if (name == "expandtabs") return expandtabs(e, self, given);
  if (name == "split" || name == "rsplit") return split(e, self, given, name == "rsplit");
  if (name == "splitlines") return splitlines(e, self, given);
  if (name == "strip" || name == "lstrip" || name == "rstrip")
    return stripped(e, self, given, name != "rstrip", name != "lstrip");
  if (name == "startswith" || name == "endswith") return begins_or_ends(self, given, name == "startswith");
  if (name == "replace") return replace(e, self, given);
  if (name == "join") return join(e, self, given);
  if (name == "find" || name == "rfind") return found(self, given, name == "rfind", false);
  if (name == "index" || name == "rindex") return found(self, given, name == "rindex", true);
  if (name == "count") return count(self, given);
  if (name == "format") return brace_format(e, self, given);
  if (name == "partition" || name == "rpartition") return partition(e, self, given, name == "rpartition");
  if (name == "removeprefix" || name == "removesuffix") return removed(e, self, given, name == "removeprefix");
  if (name == "ljust" || name == "rjust" || name == "center" || name == "zfill") return padded(e, self, name, given);
  const Bound none("a method of a string", given, {});
  if (name == "upper") return e.text(upper(self));
  if (name == "lower") return e.text(lower(self));
  if (name == "casefold") return e.text(folded(self));
  if (name == "title") return e.text(titled(self));
  if (name == "capitalize") return e.text(capitalized(self));
  if (name == "swapcase") return e.text(swapped(self));
  if (name == "istitle") return is_titled(self);
  if (name == "isascii")
    return std::all_of(self.begin(), self.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (name == "isprintable") return self.empty() || all_are(self, is_printable);
  if (name == "isspace") return all_are(self, is_blank);
  if (name == "isalpha") return all_are(self, is_letter);
  if (name == "isalnum") return all_are(self, [](char32_t c) { return is_letter(c) || is_numeric(c); });
  if (name == "isdecimal") return all_are(self, is_decimal);
  if (name == "isnumeric") return all_are(self, is_numeric);
  if (name == "isupper") return is_upper(self);
  if (name == "islower") return is_lower(self);
  return all_are(self, is_digit);  // isdigit
}

}  // namespace sextant::jinja
