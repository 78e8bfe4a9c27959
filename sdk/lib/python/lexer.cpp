// Python's tokens.
#include <fmt/format.h>
#include "../jinja/lexer.hpp"
#include "syntax.hpp"

namespace sextant::python {
namespace {

constexpr size_t nesting_max = 100;

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0; }
bool digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    while (at_ < text_.size())
      if (!begin_line() || !rest_of_line()) break;
    while (levels_.size() > 1) levels_.pop_back(), add(Token::Kind::dedent, at_);
    add(Token::Kind::end, at_);
    return std::move(tokens_);
  }

 private:
  char peek(size_t n = 0) const { return at_ + n < text_.size() ? text_[at_ + n] : '\0'; }
  void add(Token::Kind kind, size_t begin, std::string text = {}) {
    tokens_.push_back({kind, std::move(text), line_, begin, at_});
  }
  bool broken(std::string why) { return add(Token::Kind::broken, at_, std::move(why)), false; }

  // The indentation of a line that is not empty.
  bool begin_line() {
    for (;;) {
      size_t column = 0;
      const size_t begin = at_;
      while (peek() == ' ' || peek() == '\t') column += peek() == '\t' ? 8 - column % 8 : 1, ++at_;
      if (peek() == '#')
        while (at_ < text_.size() && peek() != '\n') ++at_;
      if (peek() == '\r') ++at_;
      if (peek() == '\n') {
        ++at_, ++line_;
        continue;
      }
      if (at_ == text_.size()) return false;
      if (column > levels_.back()) {
        if (levels_.size() > nesting_max) return broken("blocks nest too deeply");
        levels_.push_back(column);
        add(Token::Kind::indent, begin);
      }
      for (; column < levels_.back(); levels_.pop_back()) add(Token::Kind::dedent, begin);
      return column == levels_.back() || broken("the indentation fits no block");
    }
  }

  bool rest_of_line() {
    for (size_t open = 0;;) {
      const char c = peek();
      if (at_ == text_.size() || (c == '\n' && open == 0)) {
        add(Token::Kind::line_end, at_);
        if (at_ < text_.size()) ++at_, ++line_;
        return true;
      }
      if (c == '\n') ++at_, ++line_;
      else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') ++at_;
      else if (c == '#')
        while (at_ < text_.size() && peek() != '\n') ++at_;
      else if (c == '\\' && peek(1) == '\n') at_ += 2, ++line_;
      else if (c == '\\' && peek(1) == '\r' && peek(2) == '\n') at_ += 3, ++line_;
      else if (string_begins()) {
        if (!string()) return false;
      } else if (begins_name(c)) {
        const size_t begin = at_;
        while (begins_name(peek()) || digit(peek())) ++at_;
        add(Token::Kind::name, begin, std::string(text_.substr(begin, at_ - begin)));
      } else if (digit(c) || (c == '.' && digit(peek(1)))) {
        number();
      } else if (!op(open)) {
        return broken(fmt::format("the sign '{}' is not known", c));
      }
    }
  }

  bool op(size_t& open) {
    constexpr std::string_view signs[] = {"**=", "//=", "...", ">>=", "<<=", "**", "//", "==", "!=", "<=", ">=", "+=",
                                          "-=",  "*=",  "/=",  "%=",  "->",  ":=", "|=", "&=", "^=", "<<", ">>", "+",
                                          "-",   "*",   "/",   "%",   "(",   ")",  "[",  "]",  "{",  "}",  ",",  ":",
                                          ".",   ";",   "@",   "=",   "<",   ">",  "|",  "&",  "^",  "~"};
    for (const std::string_view sign : signs) {
      if (!text_.substr(at_).starts_with(sign)) continue;
      if (sign == "(" || sign == "[" || sign == "{") ++open;
      if ((sign == ")" || sign == "]" || sign == "}") && open > 0) --open;
      const size_t begin = at_;
      at_ += sign.size();
      add(Token::Kind::op, begin, std::string(sign));
      return true;
    }
    return false;
  }

  void number() {
    const size_t begin = at_;
    std::string digits;
    const bool other = peek() == '0' && (peek(1) | 0x20) != 'e' && begins_name(peek(1));
    for (; digit(peek()) || begins_name(peek()) ||
           (!other && (peek() == '.' || ((peek() == '+' || peek() == '-') && (digits.back() | 0x20) == 'e')));
         ++at_)
      if (peek() != '_') digits += peek();
    add(Token::Kind::number, begin, std::move(digits));
  }

  // How many letters stand before the quotes; the quote itself ends them.
  bool string_begins() const {
    size_t n = 0;
    while (n < 2 && std::string_view("rRbBuUfF").find(peek(n)) != std::string_view::npos && peek(n) != '\0') ++n;
    return peek(n) == '"' || peek(n) == '\'';
  }
  bool string() {
    const size_t begin = at_;
    const int line = line_;
    bool raw = false, format = false, bytes = false;
    for (; peek() != '"' && peek() != '\''; ++at_) {
      const char c = static_cast<char>(peek() | 0x20);
      raw |= c == 'r', format |= c == 'f', bytes |= c == 'b';
    }
    const char quote = peek();
    const size_t marks = peek(1) == quote && peek(2) == quote ? 3 : 1;
    at_ += marks;
    const size_t from = at_;
    for (;; ++at_) {
      if (at_ >= text_.size() || (marks == 1 && peek() == '\n')) return broken("a text has no end");
      if (peek() == '\n') ++line_;
      if (peek() == '\\') {
        if (peek(1) == '\n') ++line_;
        ++at_;
      } else if (peek() == quote && (marks == 1 || (peek(1) == quote && peek(2) == quote))) {
        break;
      }
    }
    std::string inside(text_.substr(from, at_ - from));
    at_ += marks;
    if (bytes) return broken("bytes are not read");
    try {
      tokens_.push_back({format ? Token::Kind::format : Token::Kind::string,
                         raw || format ? inside : jinja::unescaped(inside, line), line, begin, at_, raw});
    } catch (const Failure& f) { return broken(f.what()); }
    return true;
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::vector<size_t> levels_ = {0};
  size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace sextant::python
