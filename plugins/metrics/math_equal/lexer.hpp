// LaTeX, or what people write instead, as tokens. What only dresses a formula (dollars, \left, spaces, degrees) is left out.
// Linear in the text. Pure; [any] thread.
#pragma once
#include <gmpxx.h>
#include <string>
#include <vector>
#include "../../text/boxed.hpp"
#include "../../text/numbers.hpp"

namespace sextant::metric::math {

struct Token {
  enum class Kind { number, word, command, text, sign, end };
  Kind kind = Kind::end;
  std::string text;      // number: digits and one point; word: letters; command: without its backslash; sign: one character
};

/// `thousands`: 1,234 is one number.
class Lexer {
 public:
  Lexer(std::string_view text, bool thousands) : text_(text), thousands_(thousands) {}

  std::vector<Token> all() {
    while (at_ < text_.size()) next();
    tokens_.push_back({});
    return std::move(tokens_);
  }

 private:
  static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  void put(Token::Kind kind, std::string text) {
    if (kind == Token::Kind::word || kind == Token::Kind::command)
      for (const std::string_view name : {"sin", "cos", "tan", "cot", "sec", "csc"}) in_angle_ = in_angle_ || text == name;
    if (kind == Token::Kind::sign && (text == "," || text == ";" || text == "=")) in_angle_ = false;
    tokens_.push_back({kind, std::move(text)});
  }
  bool take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }

  void next() {
    const char c = text_[at_];
    if (text::is_ascii_digit(c) || (c == '.' && at_ + 1 < text_.size() && text::is_ascii_digit(text_[at_ + 1])))
      return take_number();
    if (letter(c)) return take_word();
    if (c == '\\') return take_command();
    if (take("^{\\circ}") || take("^\\circ") || take("°")) {
      if (in_angle_) put(Token::Kind::sign, "deg");
      return;
    }
    if (take("$") || take(" ") || take("\n") || take("\t") || take("~") || take("\u00A0")) return;
    constexpr std::pair<std::string_view, std::string_view> spelt[] = {
        {"−", "-"},  {"–", "-"},   {"×", "*"},   {"·", "*"},  {"⋅", "*"},   {"÷", "/"},  {"≤", "<="},
        {"≥", ">="}, {"<=", "<="}, {">=", ">="}, {"≠", "!="}, {"!=", "!="}, {"±", "+-"}, {"∪", "cup"},
        {"∈", "in"}, {"，", ","},  {"；", ";"},  {"（", "("}, {"）", ")"},  {"：", ":"}, {"**", "^"}};
    for (const auto& [from, to] : spelt)
      if (take(from)) return put(Token::Kind::sign, std::string(to));
    for (const auto& [from, to] : {std::pair<std::string_view, const char*>{"π", "pi"},
                                   {"∞", "infinity"},
                                   {"√", "sqrt"},
                                   {"∅", "emptyset"},
                                   {"θ", "theta"},
                                   {"α", "alpha"}})
      if (take(from)) return put(Token::Kind::command, to);
    const size_t size = utf8::at(text_, at_).size;
    put(Token::Kind::sign, std::string(text_.substr(at_, size)));
    at_ += size;
  }

  void take_number() {
    std::string digits;
    size_t end = thousands_ ? text::detail::whole_end(text_, at_, digits) : text::detail::digits_end(text_, at_);
    if (!thousands_) digits.assign(text_, at_, end - at_);
    if (take_repeating(digits, end)) return;
    if (end < text_.size() && text_[end] == '.') {
      const size_t decimals = text::detail::digits_end(text_, end + 1);
      if (decimals > end + 1) digits.append(text_, end, decimals - end), end = decimals;
      else if (end + 1 < text_.size()) ++end;  // "5. " ends a sentence, or is 5
    }
    at_ = end;
    put(Token::Kind::number, std::move(digits));
  }

  // 0.1\overline{6}, 0.\dot{3}, 0.(3): as the fraction that it is. `whole`: the digits before the point, which stands at `at`.
  bool take_repeating(const std::string& whole, size_t at) {
    if (at >= text_.size() || text_[at] != '.') return false;
    const size_t begin = text::detail::digits_end(text_, at + 1);
    const std::string fixed(text_.substr(at + 1, begin - at - 1));
    for (const auto& [open, close] : {std::pair<std::string_view, std::string_view>{"\\overline{", "}"},
                                      {"\\bar{", "}"},
                                      {"\\dot{", "}"},
                                      {"\\overline", ""},
                                      {"(", ")"}}) {
      const size_t inside = begin + open.size();
      if (!text_.substr(begin).starts_with(open)) continue;
      const size_t end = close.empty() ? std::min(inside + 1, text_.size()) : text::detail::digits_end(text_, inside);
      const std::string again(text_.substr(inside, end - inside));
      if (again.empty() || !text::is_ascii_digit(again[0]) || again.size() + fixed.size() > 30 ||
          !text_.substr(end).starts_with(close))
        continue;
      mpz_class all(whole + fixed + again, 10), before(whole + fixed == "" ? "0" : whole + fixed, 10), nines, scale;
      mpz_ui_pow_ui(nines.get_mpz_t(), 10, again.size());
      mpz_ui_pow_ui(scale.get_mpz_t(), 10, fixed.size());
      put(Token::Kind::sign, "{");
      put(Token::Kind::number, mpz_class(all - before).get_str());
      put(Token::Kind::sign, "/");
      put(Token::Kind::number, mpz_class((nines - 1) * scale).get_str());
      put(Token::Kind::sign, "}");
      at_ = end + close.size();
      return true;
    }
    return false;
  }

  void take_word() {
    const size_t begin = at_;
    while (at_ < text_.size() && letter(text_[at_])) ++at_;
    if (const std::string_view word = text_.substr(begin, at_ - begin); !put_sign_word(word))
      put(Token::Kind::word, std::string(word));
  }
  // words behind a number that are a sign: 5 percent, 3 squared
  bool put_sign_word(std::string_view word) {
    if (tokens_.empty()) return false;
    if (word == "percent") return put(Token::Kind::sign, "%"), true;
    if (word == "factorial") return put(Token::Kind::sign, "!"), true;
    if (word != "squared" && word != "cubed") return false;
    put(Token::Kind::sign, "^");
    put(Token::Kind::number, word == "squared" ? "2" : "3");
    return true;
  }

  void take_command() {
    ++at_;
    if (at_ >= text_.size()) return;
    const size_t begin = at_;
    while (at_ < text_.size() && letter(text_[at_])) ++at_;
    if (at_ == begin) {  // \, \! \; \: and blanks dress; \{ \} \% \| \\ mean something
      const char c = text_[at_++];
      if (c == '{' || c == '}' || c == '\\') put(Token::Kind::command, std::string(1, c));
      else if (c == '%') put(Token::Kind::sign, "%");
      else if (c == '|') put(Token::Kind::sign, "|");
      return;
    }
    std::string name(text_.substr(begin, at_ - begin));
    if (name == "degree" && in_angle_) return put(Token::Kind::sign, "deg");
    for (const std::string_view dress : {"left", "right", "displaystyle", "quad", "qquad", "big", "Big", "bigl", "bigr", "Bigl",
                                         "Bigr", "limits", "circ", "degree", "rm", "bf"})
      if (name == dress)
        return (name == "left" || name == "right") && at_ < text_.size() && text_[at_] == '.' ? void(++at_) : void();
    for (const std::string_view words : {"text", "textbf", "textit", "mbox", "mathrm", "operatorname", "textrm", "hbox"})
      if (name == words) return take_text();
    for (const std::string_view dress :
         {"mathbf", "boldsymbol", "mathit", "boxed", "fbox", "mathcal", "overline", "vec", "bar", "hat"})
      if (name == dress) return;  // what it dresses follows in braces
    if (name == "dfrac" || name == "tfrac" || name == "cfrac") name = "frac";
    constexpr std::pair<std::string_view, std::string_view> signs[] = {
        {"cdot", "*"},      {"times", "*"},     {"ast", "*"},       {"div", "/"},       {"le", "<="},   {"leq", "<="},
        {"leqslant", "<="}, {"ge", ">="},       {"geq", ">="},      {"geqslant", ">="}, {"lt", "<"},    {"gt", ">"},
        {"ne", "!="},       {"neq", "!="},      {"pm", "+-"},       {"mp", "+-"},       {"cup", "cup"}, {"in", "in"},
        {"colon", ":"},     {"lbrace", "set{"}, {"rbrace", "set}"}, {"vert", "|"},      {"mid", "|"},   {"lvert", "|"},
        {"rvert", "|"},     {"approx", "="},    {"equiv", "="}};
    for (const auto& [from, to] : signs)
      if (name == from) return put(Token::Kind::sign, std::string(to));
    put(Token::Kind::command, std::move(name));
  }

  void take_text() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ >= text_.size() || text_[at_] != '{') return;
    const size_t close = text::closing_brace(text_, at_);
    const size_t end = close == text_.npos ? text_.size() : close;
    if (const std::string_view words = text::strip(text_.substr(at_ + 1, end - at_ - 1)); !put_sign_word(words))
      put(Token::Kind::text, std::string(words));
    at_ = std::min(text_.size(), end + 1);
  }

  std::string_view text_;
  const bool thousands_;
  size_t at_ = 0;
  bool in_angle_ = false;  // behind sin and the like degrees count: there they are no dress
  std::vector<Token> tokens_;
};

}  // namespace sextant::metric::math
