// Python's json.dumps, which transformers' tojson is.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/utf8.hpp>
#include "library.hpp"

namespace sextant::jinja {
namespace {

class Writer {
 public:
  Writer(const JsonStyle& style, size_t limit) : style_(style), limit_(limit) {}
  std::string take() { return std::move(out_); }

  void value(const Value& v) {
    if (out_.size() > limit_) throw Failure(fmt::format("a text grew beyond {} bytes", limit_));
    if (v.is_none()) out_ += "null";
    else if (const bool* b = v.boolean()) out_ += *b ? "true" : "false";
    else if (const int64_t* i = v.integer()) out_ += std::to_string(*i);
    else if (const double* d = v.real()) out_ += real(*d);
    else if (const std::string* s = v.string()) quote(*s);
    else if (const Dict* d = v.dict()) dict(*d);
    else if (const List* l = v.list(); l && (l->kind == List::Kind::list || l->kind == List::Kind::tuple)) list(*l);
    else throw Failure(fmt::format("a value of type {} cannot be written as JSON", type_name(v)));
  }

 private:
  static std::string real(double d) {
    return std::isnan(d) ? "NaN" : std::isinf(d) ? (d < 0 ? "-Infinity" : "Infinity") : real_text(d);
  }

  void quote(std::string_view s) {
    out_ += '"';
    for (size_t i = 0; i < s.size();) {
      const utf8::Character c = utf8::at(s, i);
      constexpr std::string_view marks = "\"\\\n\r\t\f\b", letters = "\"\\nrtfb";
      const size_t k = marks.find(s[i]);
      if (k != marks.npos) (out_ += '\\') += letters[k];
      else if (c.code >= 0x10000 && style_.ascii)
        out_ += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((c.code - 0x10000u) >> 10), 0xDC00 + ((c.code - 0x10000u) & 0x3FF));
      else if (c.code < 0x20 || (c.code >= 0x7F && style_.ascii))
        out_ += fmt::format("\\u{:04x}", static_cast<uint32_t>(c.code));
      else out_.append(s, i, c.size);
      i += c.size;
    }
    out_ += '"';
  }

  void line() {
    if (!style_.indent) return;
    out_ += '\n';
    for (uint32_t i = 0; i < depth_; ++i) out_ += *style_.indent;
  }
  void item(bool first) {
    if (!first) out_ += style_.item_separator;
    line();
  }

  void list(const List& l) {
    if (l.items.empty()) return void(out_ += "[]");
    out_ += '[';
    ++depth_;
    for (size_t i = 0; i < l.items.size(); ++i) {
      item(i == 0);
      value(l.items[i]);
    }
    --depth_;
    line();
    out_ += ']';
  }

  void dict(const Dict& d) {
    if (d.members.empty()) return void(out_ += "{}");
    std::vector<const std::pair<Value, Value>*> members;
    for (const auto& member : d.members) members.push_back(&member);
    if (style_.sort_keys)
      std::stable_sort(members.begin(), members.end(), [](auto* a, auto* b) { return less(a->first, b->first); });
    out_ += '{';
    ++depth_;
    for (size_t i = 0; i < members.size(); ++i) {
      item(i == 0);
      const Value& key = members[i]->first;
      if (key.string()) quote(*key.string());
      else if (key.is_number() || key.is_none()) (out_ += '"'), value(key), (out_ += '"');
      else throw Failure(fmt::format("a key of type {} cannot be written as JSON", type_name(key)));
      out_ += style_.key_separator;
      value(members[i]->second);
    }
    --depth_;
    line();
    out_ += '}';
  }

  const JsonStyle& style_;
  size_t limit_;
  uint32_t depth_ = 0;
  std::string out_;
};

}  // namespace

std::string python_json(const Value& v, const JsonStyle& style, size_t limit) {
  Writer writer(style, limit);
  writer.value(v);
  return writer.take();
}

}  // namespace sextant::jinja
