#include "lexer.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>
#include "text.hpp"
#include "value.hpp"

namespace sextant::jinja {
namespace {

// All line ends become \n, and one at the very end goes, unless it is kept.
std::string normalized(std::string_view source, bool keep_trailing_newline) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') out += source[i];
    else if (i + 1 == source.size() || source[i + 1] != '\n') out += '\n';
  }
  if (!keep_trailing_newline && !out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  Lexer(std::string_view source, const Environment& environment)
      : text_(normalized(source, environment.keep_trailing_newline)), environment_(environment) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) root();
    add(Token::Kind::end, "");
    return std::move(tokens_);
  }

 private:
  bool starts(std::string_view s) const { return std::string_view(text_).substr(at_, s.size()) == s; }
  void add(Token::Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }
  void advance(size_t n) {
    n = std::min(n, text_.size() - at_);
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(at_ + n), '\n'));
    at_ += n;
  }
  void skip_blanks() {
    const std::string_view rest = std::string_view(text_).substr(at_);
    advance(rest.size() - strip(rest, true, false).size());
  }
  // A sign right after an opening mark: - strips all blanks before it, + keeps even those that lstrip_blocks would strip.
  char sign_at(size_t offset) const {
    return offset < text_.size() && (text_[offset] == '-' || text_[offset] == '+') ? text_[offset] : 0;
  }

  // The text before a mark, without what `sign` and lstrip_blocks strip.
  std::string before_mark(size_t end, char sign, bool block) const {
    std::string_view data = std::string_view(text_).substr(at_, end - at_);
    if (sign == '-') return std::string(strip(data, false, true));
    if (sign == '+' || !block || !environment_.lstrip_blocks) return std::string(data);
    const size_t newline = data.rfind('\n');
    const size_t line = newline == data.npos ? 0 : newline + 1;
    if ((newline != data.npos || line_starts_) && strip(data.substr(line), true, false).empty()) data = data.substr(0, line);
    return std::string(data);
  }

  // After a closing mark of a block or comment: -%} strips blanks, %} one newline, +%} nothing.
  void close(size_t mark, char sign, bool trims = true) {
    advance(mark);
    const size_t from = at_;
    if (sign == '-') skip_blanks();
    else if (sign != '+' && trims && environment_.trim_blocks && starts("\n")) advance(1);
    line_starts_ = at_ > from && text_[at_ - 1] == '\n';
  }

  void root() {
    size_t mark = at_;
    for (; mark < text_.size(); ++mark)
      if (text_[mark] == '{' && mark + 1 < text_.size() &&
          (text_[mark + 1] == '{' || text_[mark + 1] == '%' || text_[mark + 1] == '#'))
        break;
    if (mark >= text_.size()) {
      add(Token::Kind::data, text_.substr(at_));
      advance(text_.size() - at_);
      return;
    }
    const char kind = text_[mark + 1], sign = sign_at(mark + 2);
    std::string data = before_mark(mark, sign, kind != '{');
    if (!data.empty()) add(Token::Kind::data, std::move(data));
    advance(mark - at_ + 2 + (sign != 0));
    line_starts_ = false;
    if (kind == '#') return comment();
    if (kind == '%' && raw()) return;
    add(kind == '{' ? Token::Kind::print_begin : Token::Kind::block_begin, "");
    inside(kind == '{');
  }

  void comment() {
    const size_t end = text_.find("#}", at_);
    if (end == text_.npos) throw Failure("a comment is not closed by #}", line_);
    const char sign = end > at_ ? sign_at(end - 1) : 0;
    close(end - at_ + 2, sign);
  }

  // {% raw %} ... {% endraw %}; false, and nothing read, where something else stands.
  bool raw() {
    const auto word = [&](size_t i, std::string_view name, size_t& end) {
      while (i < text_.size() && is_blank(static_cast<unsigned char>(text_[i]))) ++i;
      if (std::string_view(text_).substr(i, name.size()) != name) return false;
      for (i += name.size(); i < text_.size() && is_blank(static_cast<unsigned char>(text_[i]));) ++i;
      const bool sign = sign_at(i) != 0;
      end = i + sign + 2;
      return std::string_view(text_).substr(i + sign, 2) == "%}";
    };
    size_t end = 0;
    if (!word(at_, "raw", end) || text_[end - 3] == '+') return false;
    close(end - at_, text_[end - 3] == '-' ? '-' : 0, false);
    for (size_t mark = text_.find("{%", at_); mark != text_.npos; mark = text_.find("{%", mark + 1)) {
      const char sign = sign_at(mark + 2);
      if (!word(mark + 2 + (sign != 0), "endraw", end)) continue;
      add(Token::Kind::data, before_mark(mark, sign, true));
      close(end - at_, sign_at(end - 3));
      return true;
    }
    throw Failure("{% raw %} is not closed by {% endraw %}", line_);
  }

  void inside(bool print) {
    const std::string_view end_mark = print ? "}}" : "%}";
    std::vector<char> open;
    for (;;) {
      skip_blanks();
      if (at_ >= text_.size()) throw Failure(fmt::format("{} is not closed by {}", print ? "{{" : "{%", end_mark), line_);
      if (open.empty()) {
        const char sign = sign_at(at_);
        const bool signed_end = sign != 0 && !(print && sign == '+') && std::string_view(text_).substr(at_ + 1, 2) == end_mark;
        if (signed_end || starts(end_mark)) {
          add(print ? Token::Kind::print_end : Token::Kind::block_end, "");
          return close(2 + signed_end, signed_end ? sign : 0, !print);
        }
      }
      token(open);
    }
  }

  void token(std::vector<char>& open) {
    const char c = text_[at_];
    if (digit(c)) return number();
    if (is_word(c)) {
      size_t end = at_;
      while (end < text_.size() && is_word(text_[end])) ++end;
      add(Token::Kind::name, text_.substr(at_, end - at_));
      return advance(end - at_);
    }
    if (c == '\'' || c == '"') {
      size_t end = at_ + 1;
      while (end < text_.size() && text_[end] != c) end += text_[end] == '\\' ? 2 : 1;
      if (end >= text_.size()) throw Failure("a string is not closed", line_);
      add(Token::Kind::string, unescaped(std::string_view(text_).substr(at_ + 1, end - at_ - 1), line_));
      return advance(end + 1 - at_);
    }
    for (const std::string_view op : {"**", "//", "==", "!=", "<=", ">="})
      if (starts(op)) {
        add(Token::Kind::op, std::string(op));
        return advance(2);
      }
    if (std::string_view("+-*/%~[](){}<>=.:|,;").find(c) == std::string_view::npos)
      throw Failure(fmt::format("an unexpected '{}'", text_.substr(at_, utf8::at(text_, at_).size)), line_);
    if (c == '(' || c == '[' || c == '{') open.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c) throw Failure(fmt::format("an unexpected '{}'", c), line_);
      open.pop_back();
    }
    add(Token::Kind::op, std::string(1, c));
    advance(1);
  }

  void number() {
    size_t end = at_;
    const auto digits = [&] {
      while (end < text_.size() &&
             (digit(text_[end]) || (text_[end] == '_' && end + 1 < text_.size() && digit(text_[end + 1]))))
        ++end;
    };
    const auto digit_at = [&](size_t i) { return i < text_.size() && digit(text_[i]); };
    const char base = text_[at_] == '0' && at_ + 1 < text_.size()
                          ? static_cast<char>(lower(static_cast<char32_t>(static_cast<unsigned char>(text_[at_ + 1]))))
                          : 0;
    bool real = false;
    if (base == 'x' || base == 'o' || base == 'b') {
      end += 2;
      while (end < text_.size() && static_cast<unsigned char>(text_[end]) < 0x80 && is_word(text_[end])) ++end;
    } else {
      digits();
      // messages.0.x is an item's item: a fraction cannot follow a dot
      const bool after_dot = !tokens_.empty() && tokens_.back().is(".");
      if (!after_dot && end < text_.size() && text_[end] == '.' && digit_at(end + 1)) real = true, ++end, digits();
      if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E') && !after_dot) {
        const size_t first = end + 1 + (end + 1 < text_.size() && (text_[end + 1] == '+' || text_[end + 1] == '-'));
        if (digit_at(first)) real = true, end = first, digits();
      }
    }
    std::string text = text_.substr(at_, end - at_);
    text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
    if (!real && base >= '0' && base <= '9' && text.find_first_not_of('0') != text.npos)
      throw Failure("a number begins with 0", line_);
    add(real ? Token::Kind::real : Token::Kind::integer, std::move(text));
    advance(end - at_);
  }

  std::string text_;
  const Environment& environment_;
  size_t at_ = 0;
  int line_ = 1;
  bool line_starts_ = true;  // the text before at_ ended a line
  std::vector<Token> tokens_;
};

}  // namespace

std::string unescaped(std::string_view s, int line) {
  std::string out;
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '\\' || i + 1 == s.size()) {
      out += s[i];
      continue;
    }
    constexpr std::string_view letters = "abfnrtv\\'\"", meant = "\a\b\f\n\r\t\v\\'\"";
    const char c = s[++i];
    if (const size_t k = letters.find(c); k != letters.npos) {
      out += meant[k];
    } else if (c == '\n') {
      continue;
    } else if (c >= '0' && c <= '7') {
      char32_t code = 0;
      size_t n = 0;
      for (; n < 3 && i + n < s.size() && s[i + n] >= '0' && s[i + n] <= '7'; ++n)
        code = code * 8 + static_cast<char32_t>(s[i + n] - '0');
      utf8::append(out, code);
      i += n - 1;
    } else if (c == 'N') {
      throw Failure("\\N in a string is not supported", line);
    } else if (const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0) {
      char32_t code = 0;
      if (i + digits >= s.size()) throw Failure("a string ends inside an escape", line);
      for (size_t n = 1; n <= digits; ++n) {
        const size_t value = std::string_view("0123456789abcdef")
                                 .find(static_cast<char>(lower(static_cast<char32_t>(static_cast<unsigned char>(s[i + n])))));
        if (value == std::string_view::npos) throw Failure("a string has a broken escape", line);
        code = code << 4 | static_cast<char32_t>(value);
      }
      if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        throw Failure("a string has an escape that is not a character", line);
      utf8::append(out, code);
      i += digits;
    } else {
      (out += '\\') += c;
    }
  }
  return out;
}

std::vector<Token> tokenize(std::string_view source, const Environment& environment) {
  return Lexer(source, environment).run();
}

}  // namespace sextant::jinja
