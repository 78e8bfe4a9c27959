#include "python_literal.hpp"
#include <charconv>
#include <sextant/utf8_text.hpp>

namespace sextant::load {
namespace {

constexpr unsigned depth_max = 100;

class Parser {
 public:
  Parser(std::string_view text, json::Document::AllocatorType& a) : text_(text), a_(a) {}

  std::optional<json::Value> whole() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    auto out = value(0);
    skip(true);
    if (at_ < text_.size()) return std::nullopt;
    return out;
  }

 private:
  // Line feeds count as blanks inside brackets, and behind the literal.
  void skip(bool lines) {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\f' ||
                                  (lines && (text_[at_] == '\n' || text_[at_] == '\r'))))
      ++at_;
  }
  bool take(char c) { return at_ < text_.size() && text_[at_] == c ? (++at_, true) : false; }
  bool word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  std::optional<json::Value> value(unsigned depth) {
    if (depth > depth_max || at_ >= text_.size()) return std::nullopt;
    const char c = text_[at_];
    if (c == '[') return ++at_, items(']', depth, false);
    if (c == '(') return ++at_, items(')', depth, true);
    if (c == '{') return ++at_, braces(depth);
    if (c == '\'' || c == '"') return strings(depth > 0);
    if (word("True")) return json::Value(true);
    if (word("False")) return json::Value(false);
    if (word("None")) return json::Value();
    return number();
  }

  std::optional<json::Value> items(char close, unsigned depth, bool tuple) {
    json::Value out(rapidjson::kArrayType);
    bool comma = false;
    for (skip(true); !take(close); skip(true)) {
      auto item = value(depth + 1);
      if (!item) return std::nullopt;
      out.PushBack(std::move(*item), a_);
      skip(true);
      if (take(',')) {
        comma = true;
        continue;
      }
      if (!take(close)) return std::nullopt;
      break;
    }
    if (tuple && out.Size() == 1 && !comma) return json::Value(out[0], a_);  // brackets around a value
    return out;
  }
  std::optional<json::Value> braces(unsigned depth) {
    skip(true);
    if (take('}')) return json::Value(rapidjson::kObjectType);
    json::Value map(rapidjson::kObjectType), set(rapidjson::kArrayType);
    for (;; skip(true)) {
      if (take('}')) break;
      auto first = value(depth + 1);
      if (!first) return std::nullopt;
      skip(true);
      if (take(':')) {
        skip(true);
        auto second = value(depth + 1);
        if (!second || !first->IsString()) return std::nullopt;
        json::set(map, json::text(*first), std::move(*second), a_);
      } else {
        set.PushBack(std::move(*first), a_);
      }
      skip(true);
      if (take(',')) continue;
      if (!take('}')) return std::nullopt;
      break;
    }
    if (!set.Empty() && !map.ObjectEmpty()) return std::nullopt;
    return set.Empty() ? std::move(map) : std::move(set);
  }

  // Texts that stand one behind the other are one.
  std::optional<json::Value> strings(bool inside) {
    std::string out;
    do {
      if (!string(out)) return std::nullopt;
      skip(inside);
    } while (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"'));
    return json::Value(out.data(), static_cast<rapidjson::SizeType>(out.size()), a_);
  }
  bool string(std::string& out) {
    const char quote = text_[at_];
    const bool triple = text_.substr(at_, 3) == std::string(3, quote);
    at_ += triple ? 3 : 1;
    while (at_ < text_.size()) {
      if (triple ? text_.substr(at_, 3) == std::string(3, quote) : text_[at_] == quote) {
        at_ += triple ? 3 : 1;
        return true;
      }
      const char c = text_[at_++];
      if (c == '\n' && !triple) return false;
      if (c != '\\') out += c;
      else if (!escape(out)) return false;
    }
    return false;
  }
  bool escape(std::string& out) {
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    constexpr std::string_view letters = "abfnrtv\\'\"", signs = "\a\b\f\n\r\t\v\\'\"";
    if (c == '\n') return true;
    if (const size_t place = letters.find(c); place != letters.npos) return out += signs[place], true;
    if (c == 'x') return code(out, 2);
    if (c == 'u') return code(out, 4);
    if (c == 'U') return code(out, 8);
    if (c == 'N') return false;
    if (c >= '0' && c <= '7') {
      uint32_t value = static_cast<uint32_t>(c - '0');
      for (int i = 0; i < 2 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7'; ++i)
        value = value * 8 + static_cast<uint32_t>(text_[at_++] - '0');
      utf8::append(out, value);
      return true;
    }
    out += '\\';
    out += c;
    return true;
  }
  bool code(std::string& out, size_t digits) {
    uint32_t value = 0;
    const char* begin = text_.data() + at_;
    if (text_.size() - at_ < digits) return false;
    const auto [end, failed] = std::from_chars(begin, begin + digits, value, 16);
    if (failed != std::errc() || end != begin + digits || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return false;
    at_ += digits;
    utf8::append(out, value);
    return true;
  }

  std::optional<json::Value> number() {
    const size_t begin = at_;
    if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
    const size_t digits = at_;
    while (at_ < text_.size() && std::string_view("0123456789.eE_").find(text_[at_]) != std::string_view::npos) {
      if ((text_[at_] == 'e' || text_[at_] == 'E') && at_ + 1 < text_.size() &&
          (text_[at_ + 1] == '-' || text_[at_ + 1] == '+'))
        ++at_;
      ++at_;
    }
    std::string text(text_.substr(begin, at_ - begin));
    std::erase(text, '_');
    if (text.starts_with('+')) text.erase(0, 1);
    if (at_ == digits || text.empty()) return std::nullopt;
    if (text.find_first_of(".eE") == text.npos) {
      const std::string_view plain = std::string_view(text).substr(text[0] == '-');
      int64_t value = 0;
      const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
      if (plain.size() > 1 && plain[0] == '0' && value != 0) return std::nullopt;
      return json::Value(value);
    }
    double value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return json::Value(value);
  }

  std::string_view text_;
  json::Document::AllocatorType& a_;
  size_t at_ = 0;
};

}  // namespace

std::optional<json::Value> python_literal(std::string_view text, json::Document::AllocatorType& allocator) {
  return Parser(text, allocator).whole();
}

}  // namespace sextant::load
