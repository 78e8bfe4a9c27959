#include <sextant/json_text.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <sextant/utf8_text.hpp>

namespace sextant {
namespace {

// What a byte is within a text in quotes.
enum Class : uint8_t { plain = 0, beyond_ascii = 1, escaped = 2 };
constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> out{};
  for (size_t c = 0; c < 256; ++c) out[c] = c < ' ' || c == '"' || c == '\\' ? escaped : c >= 0x80 ? beyond_ascii : plain;
  return out;
}
constexpr std::array<uint8_t, 256> classes = make_classes();
uint8_t class_of(char c) { return classes[static_cast<unsigned char>(c)]; }

void append_escaped(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[c & 15];
  }
}

// `size` blanks behind a line feed.
void append_line(std::string& out, size_t size) {
  out += '\n';
  out.append(size, ' ');
}

constexpr size_t indent = 2;
constexpr unsigned depth_max = 64;   // what nests deeper is left to the parser

// One pass over JSON text that checks and copies. Whatever it is not sure of ends it.
class Passage {
 public:
  /// `out` null: nothing is copied.
  Passage(std::string_view in, std::string* out, bool pretty, size_t depth) : in_(in), out_(out), pretty_(pretty), depth_(depth) {}

  bool whole() { return value(0) && (blanks(), at_ == in_.size()); }
  /// Where the names of the outermost object's members go.
  void name_members(std::vector<std::string_view>& ret_names) { names_ = &ret_names; }

  /// The members of an object; the first one called `name` is copied.
  Member member(std::string_view name, std::string& ret_json) {
    Member found = Member::absent;
    blanks();
    if (!take('{')) return Member::unknown;
    blanks();
    if (take('}')) return (blanks(), at_ == in_.size()) ? found : Member::unknown;
    do {
      blanks();
      const size_t begin = at_ + 1;
      if (!string()) return Member::unknown;
      const std::string_view key = in_.substr(begin, at_ - 1 - begin);
      if (key.find('\\') != key.npos) return Member::unknown;
      blanks();
      if (!take(':')) return Member::unknown;
      const bool wanted = found == Member::absent && key == name;
      if (wanted) out_ = &ret_json, found = Member::found;
      if (!value(1)) return Member::unknown;
      out_ = nullptr;
      blanks();
    } while (take(','));
    return take('}') && (blanks(), at_ == in_.size()) ? found : Member::unknown;
  }

 private:
  void blanks() {
    while (at_ < in_.size() && (in_[at_] == ' ' || in_[at_] == '\n' || in_[at_] == '\r' || in_[at_] == '\t')) ++at_;
  }
  char next() const { return at_ < in_.size() ? in_[at_] : '\0'; }
  bool take(char c) {
    if (next() != c) return false;
    ++at_;
    return true;
  }
  void put(std::string_view text) {
    if (out_) *out_ += text;
  }
  void line(unsigned depth) {
    if (out_ && pretty_) append_line(*out_, indent * (depth_ + depth));
  }

  bool value(unsigned depth) {
    blanks();
    switch (next()) {
      case '"': return string();
      case '{': return list('{', '}', depth);
      case '[': return list('[', ']', depth);
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: return number();
    }
  }

  bool list(char open, char close, unsigned depth) {
    if (depth >= depth_max) return false;
    ++at_;
    put({&open, 1});
    blanks();
    if (take(close)) {
      put({&close, 1});
      return true;
    }
    for (;;) {
      line(depth + 1);
      if (open == '{') {
        blanks();
        const size_t begin = at_;
        if (!string()) return false;
        if (names_ && depth == 0) names_->push_back(in_.substr(begin + 1, at_ - begin - 2));
        blanks();
        if (!take(':')) return false;
        put(pretty_ ? ": " : ":");
      }
      if (!value(depth + 1)) return false;
      blanks();
      if (!take(',')) break;
      put(",");
    }
    if (!take(close)) return false;
    line(depth);
    put({&close, 1});
    return true;
  }

  // Escapes that would be written otherwise are not plain.
  bool string() {
    const size_t begin = at_;
    if (!take('"')) return false;
    uint8_t seen = plain;
    for (;; ++at_) {
      for (; at_ < in_.size() && class_of(in_[at_]) != escaped; ++at_) seen |= class_of(in_[at_]);
      if (at_ == in_.size()) return false;
      if (in_[at_] == '"') break;
      if (in_[at_] != '\\' || ++at_ == in_.size() || std::string_view("\"\\bfnrt").find(in_[at_]) == std::string_view::npos)
        return false;
    }
    const std::string_view quoted = in_.substr(begin, ++at_ - begin);
    if (seen != plain && !utf8::is_valid(quoted)) return false;
    put(quoted);
    return true;
  }

  bool word(std::string_view word) {
    if (!in_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    put(word);
    return true;
  }

  // Whole numbers that fit into 64 bits are written as they are read; others may be.
  bool number() {
    constexpr size_t digits_max = 18;
    const size_t begin = at_;
    take('-');
    const size_t first = at_;
    while (next() >= '0' && next() <= '9') ++at_;
    const size_t digits = at_ - first;
    if (digits == 0 || digits > digits_max || (in_[first] == '0' && (digits > 1 || first > begin) && next() != '.')) return false;
    if (next() == '.' || next() == 'e' || next() == 'E') return fraction(begin);
    put(in_.substr(begin, at_ - begin));
    return true;
  }
  // The text that the writer gives the double is the one that stands here.
  bool fraction(size_t begin) {
    while (at_ < in_.size() && std::string_view("0123456789.eE+-").find(in_[at_]) != std::string_view::npos) ++at_;
    const std::string_view text = in_.substr(begin, at_ - begin);
    double value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size() || json::write(json::Value(value)) != text) return false;
    put(text);
    return true;
  }

  std::string_view in_;
  std::string* out_;
  const bool pretty_;
  const size_t depth_;
  size_t at_ = 0;
  std::vector<std::string_view>* names_ = nullptr;
};

bool append_passage(std::string& out, std::string_view json_text, bool pretty, size_t depth) {
  const size_t before = out.size();
  if (Passage(json_text, &out, pretty, depth).whole()) return true;
  out.resize(before);
  return false;
}

// Every line feed in JSON text that is not within a text is the layout's own.
void append_indented(std::string& out, std::string_view pretty, size_t blanks) {
  for (size_t lf = pretty.find('\n'); lf != pretty.npos; lf = pretty.find('\n')) {
    out += pretty.substr(0, lf);
    append_line(out, blanks);
    pretty.remove_prefix(lf + 1);
  }
  out += pretty;
}

}  // namespace

void append_quoted(std::string& out, std::string_view bytes) {
  const size_t before = out.size();
  out += '"';
  uint8_t seen = plain;
  for (size_t begin = 0, at = 0;; begin = ++at) {
    for (; at < bytes.size() && class_of(bytes[at]) != escaped; ++at) seen |= class_of(bytes[at]);
    out += bytes.substr(begin, at - begin);
    if (at == bytes.size()) break;
    append_escaped(out, bytes[at]);
  }
  if (seen != plain && !utf8::is_valid(bytes)) {
    out.resize(before);
    return append_quoted(out, utf8::repair(bytes));
  }
  out += '"';
}

bool append_plain(std::string& out, std::string_view json_text) { return append_passage(out, json_text, false, 0); }

bool append_plain_object(std::string& out, std::string_view json_text, std::vector<std::string_view>& ret_names) {
  const size_t before = out.size(), first = json_text.find_first_not_of(" \t\r\n");
  Passage passage(json_text, &out, false, 0);
  passage.name_members(ret_names);
  if (first != json_text.npos && json_text[first] == '{' && passage.whole()) return true;
  out.resize(before);
  return false;
}

Member find_plain_member(std::string_view object, std::string_view name, std::string& ret_json) {
  const Member found = Passage(object, nullptr, false, 0).member(name, ret_json);
  if (found != Member::found) ret_json.clear();
  return found;
}

std::string text_or_json(std::string_view json_text) {
  const auto stands_for_itself = [](char c) { return class_of(c) == plain; };
  if (json_text.size() >= 2 && json_text.front() == '"' && json_text.back() == '"' &&
      std::all_of(json_text.begin() + 1, json_text.end() - 1, stands_for_itself))
    return std::string(json_text.substr(1, json_text.size() - 2));
  if (json_text.starts_with('"'))
    if (const auto parsed = json::parse(json_text, "a text"); parsed && parsed->IsString()) return std::string(json::text(*parsed));
  return std::string(json_text);
}

void JsonText::line(size_t depth) { append_line(out_, indent * (outer_ + depth)); }

void JsonText::place() {
  if (std::exchange(after_key_, false) || open_ == 0) return;
  if (filled_ & 1) out_ += ',';
  filled_ |= 1;
  if (layout_ == Layout::pretty) line(open_);
}

void JsonText::begin(char bracket) {
  place();
  out_ += bracket;
  filled_ <<= 1;
  ++open_;
}

void JsonText::end(char bracket) {
  const bool filled = filled_ & 1;
  filled_ >>= 1;
  --open_;
  if (filled && layout_ == Layout::pretty) line(open_);
  out_ += bracket;
}

void JsonText::key(std::string_view name) {
  place();
  append_quoted(out_, name);
  out_ += layout_ == Layout::pretty ? ": " : ":";
  after_key_ = true;
}

void JsonText::text(std::string_view bytes) {
  place();
  append_quoted(out_, bytes);
}

void JsonText::word(std::string_view word) {
  place();
  out_ += word;
}

void JsonText::number(uint64_t value) {
  char digits[20];
  word({digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits)});
}

void JsonText::integer(int64_t value) {
  char digits[20];
  word({digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits)});
}

void JsonText::number(double number) { value(json::Value(number)); }

void JsonText::value(const json::Value& value) {
  place();
  if (layout_ == Layout::compact) out_ += json::write(value);
  else append_indented(out_, json::write_pretty(value), indent * (outer_ + open_));
}

void JsonText::embed(std::string_view json_text) {
  place();
  const bool pretty = layout_ == Layout::pretty;
  if (append_passage(out_, json_text, pretty, outer_ + open_)) return;
  after_key_ = true;                 // its place has been made
  if (const auto parsed = json::parse(json_text, "")) value(*parsed);
  else text(json_text);
}

}  // namespace sextant
