// Tokens to expressions, by recursive descent. An answer that the grammar does not know is nothing, and is compared as text.
// Linear in the tokens, of which there are at most 4,000. Pure; [any] thread.
#pragma once
#include <algorithm>
#include <array>
#include <optional>
#include "expression.hpp"
#include "lexer.hpp"

namespace sextant::metric::math {

class Parser {
 public:
  /// `sign`: what ± stands for, 1 or -1.
  Parser(std::vector<Token> tokens, int sign) : tokens_(std::move(tokens)), sign_(sign) {}

  std::optional<Tree> answer() {
    if (tokens_.size() < 2 || tokens_.size() > 4000) return std::nullopt;
    Tree out = list();
    skip_units();
    if (failed_ || !at_end()) return std::nullopt;
    return out;
  }
  bool saw_plus_minus() const { return saw_plus_minus_; }

 private:
  using K = Token::Kind;
  static constexpr int depth_max = 60;

  struct Deeper {
    explicit Deeper(Parser& parser_) : parser(parser_) { parser.failed_ = parser.failed_ || ++parser.depth_ > depth_max; }
    ~Deeper() { --parser.depth_; }
    Parser& parser;
  };

  const Token& here() const { return tokens_[at_]; }
  bool at_end() const { return here().kind == K::end; }
  bool is(K kind, std::string_view text) const { return here().kind == kind && here().text == text; }
  bool is_sign(std::string_view text) const { return is(K::sign, text); }
  bool take(K kind, std::string_view text) {
    if (!is(kind, text)) return false;
    ++at_;
    return true;
  }
  bool take_sign(std::string_view text) { return take(K::sign, text); }
  Tree fail() {
    failed_ = true;
    return number(0);
  }
  void need_sign(std::string_view text) {
    if (!take_sign(text)) failed_ = true;
  }

  // between commas, semicolons, "and" and "or"
  bool take_separator() {
    bool taken = false;
    for (;; taken = true) {
      if (take_sign(",") || take_sign(";")) continue;
      if ((here().kind == K::text || here().kind == K::word) &&
          (here().text == "and" || here().text == "or" || here().text == ", and" || here().text == ",")) {
        ++at_;
        continue;
      }
      return taken;
    }
  }
  Tree list() {
    std::vector<Tree> parts{relation()};
    while (!failed_ && take_separator() && !at_end()) parts.push_back(relation());
    return parts.size() == 1 ? parts.front() : make(Kind::list, std::move(parts));
  }

  Tree relation() {
    Tree left = united();
    for (;;) {
      std::string name;
      for (const std::string_view sign : {"=", "<", "<=", ">", ">=", "!=", "in"})
        if (take_sign(sign)) name = sign;
      if (name.empty() || failed_) return left;
      left = make(Kind::relation, {left, united()}, std::move(name));
    }
  }

  Tree united() {
    std::vector<Tree> parts{sum()};
    while (!failed_ && take_sign("cup")) parts.push_back(sum());
    return parts.size() == 1 ? parts.front() : make(Kind::unite, std::move(parts));
  }

  Tree sum() {
    const Deeper deeper(*this);
    if (failed_) return fail();
    std::vector<Tree> parts;
    int sign = 1;
    bool any_sign = false;
    const auto take_plus_or_minus = [&] {
      if (take_sign("+")) return true;
      if (take_sign("-")) return sign = -sign, true;
      if (take_sign("+-")) return saw_plus_minus_ = true, sign *= sign_, true;
      return false;
    };
    while (take_plus_or_minus()) any_sign = true;
    (void)any_sign;
    for (;;) {
      Tree one = term();
      parts.push_back(sign < 0 ? negative(std::move(one)) : std::move(one));
      skip_units();
      sign = 1;
      if (failed_ || !take_plus_or_minus()) break;
      while (take_plus_or_minus()) {}
    }
    return parts.size() == 1 ? parts.front() : make(Kind::add, std::move(parts));
  }

  // What follows a value without a sign and is not a factor: "cm", "square feet", \text{ dollars}
  void skip_units() {
    while (at_ > 0) {
      if (here().kind == K::text && here().text != "and" && here().text != "or" && here().text != ", and" &&
          here().text != ",") {
        ++at_;
        if (is_sign("^")) {  // \text{cm}^2
          ++at_;
          if (here().kind == K::number) ++at_;
          else if (is_sign("{")) {
            while (!at_end() && !is_sign("}")) ++at_;
            take_sign("}");
          }
        }
      } else if (here().kind == K::word && is_unit(here().text)) {
        ++at_;
        if (is_sign("^") && at_ + 1 < tokens_.size() && tokens_[at_ + 1].kind == K::number) at_ += 2;
        if (is_sign("/") && at_ + 1 < tokens_.size() && tokens_[at_ + 1].kind == K::word &&
            (is_unit(tokens_[at_ + 1].text) || tokens_[at_ + 1].text == "h" || tokens_[at_ + 1].text == "s"))
          at_ += 2;  // km/h
      } else if (here().kind == K::sign && is_counted(here().text)) {
        ++at_;
      } else {
        return;
      }
    }
  }
  // 12元, 3个, 5厘米: characters of which units are made; 万 and 亿 are none
  static bool is_counted(std::string_view sign) {
    static constexpr std::string_view units[] = {"元", "角", "分", "个", "人", "名", "米", "厘", "毫", "克", "斤",
                                                 "吨", "升", "天", "年", "岁", "只", "本", "张", "次", "时", "小",
                                                 "钟", "秒", "页", "颗", "块", "条", "台", "辆", "棵", "件", "箱",
                                                 "袋", "瓶", "里", "公", "周", "月", "平", "方", "立", "度"};
    return std::find(std::begin(units), std::end(units), sign) != std::end(units);
  }
  static bool is_unit(std::string_view word) {
    static constexpr std::string_view units[] = {"cm", "mm",  "km", "kg",  "mg", "ft", "in", "mph", "kph", "sec", "min",
                                                 "hr", "hrs", "lb", "lbs", "oz", "mL", "ml", "pm",  "am",  "yd",  "cc"};
    for (const std::string_view unit : units)
      if (word == unit) return true;
    for (const std::string_view changes : {"half", "below", "negative", "minus"})   // another number
      if (word == changes) return false;
    return word.size() >= 4 && !is_function(word) && word != "infinity" && word != "sqrt" && word != "frac";
  }

  static bool is_function(std::string_view name) {
    static constexpr std::string_view names[] = {"sin",  "cos",  "tan",  "cot", "sec", "csc", "arcsin", "arccos", "arctan",
                                                 "sinh", "cosh", "tanh", "ln",  "log", "exp", "asin",   "acos",   "atan"};
    for (const std::string_view one : names)
      if (name == one) return true;
    return false;
  }

  bool begins_factor() const {
    switch (here().kind) {
      case K::number: return true;
      case K::word: return here().text != "and" && here().text != "or" && !is_unit(here().text);
      case K::command:
        return here().text != "}" && here().text != "\\" && here().text != "end" && here().text != "rfloor" &&
               here().text != "rceil" && here().text != "rangle";
      case K::sign: return here().text == "(" || here().text == "{" || here().text == "[" || (here().text == "|" && bars_ == 0);
      default: return false;
    }
  }

  Tree term() {
    Tree left = factor();
    for (;;) {
      if (failed_) return left;
      if (take_sign("*")) {
        int sign = 1;
        while (take_sign("-")) sign = -sign;
        Tree right = factor();
        left = make(Kind::multiply, {left, sign < 0 ? negative(std::move(right)) : std::move(right)});
      } else if (take_sign("/")) {
        int sign = 1;
        while (take_sign("-")) sign = -sign;
        Tree right = factor();
        left = make(Kind::divide, {left, sign < 0 ? negative(std::move(right)) : std::move(right)});
      } else if (begins_factor()) {
        const bool after_number = left->kind == Kind::number, fraction = is(K::command, "frac");
        if (after_number && here().kind == K::number) {  // "1 1/2"; two other numbers side by side are none
          Tree whole = left, above = factor();
          if (!take_sign("/")) return fail();
          return make(Kind::add, {whole, make(Kind::divide, {above, factor()})});
        }
        Tree right = factor();
        const bool mixed = after_number && fraction && left->value > 0 && left->value.get_den() == 1 &&
                           right->kind == Kind::divide && right->parts[0]->kind == Kind::number &&
                           right->parts[1]->kind == Kind::number;
        left = make(mixed ? Kind::add : Kind::multiply, {left, right});
      } else if (const long scale = here().kind == K::word ? scale_of(here().text) : 0) {
        ++at_;  // 5 million
        left = make(Kind::multiply, {left, number(scale)});
      } else {
        return left;
      }
    }
  }
  static long scale_of(std::string_view word) {
    static constexpr std::pair<std::string_view, long> scales[] = {
        {"dozen", 12}, {"hundred", 100}, {"thousand", 1000}, {"million", 1'000'000}, {"billion", 1'000'000'000}};
    for (const auto& [name, value] : scales)
      if (word == name) return value;
    return 0;
  }

  Tree factor() {
    Tree out = base();
    for (;;) {
      if (failed_) return out;
      if (take_sign("^")) out = make(Kind::power, {out, argument()});
      else if (take_sign("!")) out = make(Kind::call, {out}, "factorial");
      else if (take_sign("%")) out = percent(out);
      else if (take_sign("deg")) out = make(Kind::multiply, {out, make(Kind::divide, {symbol("pi"), number(180)})});
      else if (take_sign("'")) out = make(Kind::call, {out}, "prime");
      else return out;
    }
  }
  static Tree percent(const Tree& of) {
    if (of->kind != Kind::number) return make(Kind::divide, {of, number(100)});
    Node out = *of;
    out.percent = true;
    return std::make_shared<Node>(std::move(out));
  }

  // what ^, \frac, \sqrt take: a group in braces, one digit, one letter, or a command with its own arguments
  Tree argument() {
    const Deeper deeper(*this);
    if (failed_) return fail();
    if (take_sign("{")) {
      Tree out = list();
      need_sign("}");
      return out;
    }
    if (take_sign("-")) return negative(argument());
    if (here().kind == K::number && here().text.size() > 1 && here().text.find('.') == std::string::npos && tight_) {
      Tree out = number(mpq_class(here().text.substr(0, 1)));
      tokens_[at_].text.erase(0, 1);
      return out;
    }
    if (here().kind == K::word && here().text.size() > 1) {
      Tree out = symbol(here().text.substr(0, 1));
      tokens_[at_].text.erase(0, 1);
      return out;
    }
    return base();
  }
  Tree tight_argument() {
    tight_ = true;
    Tree out = argument();
    tight_ = false;
    return out;
  }

  Tree base() {
    const Deeper deeper(*this);
    if (failed_) return fail();
    const Token token = here();
    if (token.kind == K::number) return ++at_, literal(token.text);
    if (token.kind == K::word) return ++at_, word(token.text);
    if (token.kind == K::command) return ++at_, command(token.text);
    if (token.kind != K::sign) return fail();
    if (take_sign("(") || take_sign("[")) return bracketed(token.text);
    if (take_sign("{")) {
      Tree out = list();
      need_sign("}");
      return out;
    }
    if (take_sign("set{")) return set("set}");
    if (take_sign("|")) {
      ++bars_;
      Tree out = sum();
      --bars_;
      need_sign("|");
      return make(Kind::call, {out}, "abs");
    }
    return fail();
  }

  Tree literal(const std::string& digits) {
    if (digits.size() > 400) return fail();
    const size_t point = digits.find('.');
    std::string plain = digits;
    if (point != digits.npos) plain.erase(point, 1);
    mpq_class value(plain, 10);
    if (point != digits.npos) {
      mpz_class below;
      mpz_ui_pow_ui(below.get_mpz_t(), 10, digits.size() - point - 1);
      value /= below;
    }
    // 1e5, 2.5E-3
    if (here().kind == K::word && (here().text == "e" || here().text == "E") && point != digits.npos &&
        at_ + 1 < tokens_.size()) {
      const bool minus = tokens_[at_ + 1].text == "-";
      const size_t digits_at = at_ + 1 + (minus || tokens_[at_ + 1].text == "+");
      if (digits_at < tokens_.size() && tokens_[digits_at].kind == K::number && tokens_[digits_at].text.size() < 4 &&
          tokens_[digits_at].text.find('.') == std::string::npos) {
        mpz_class scale;
        mpz_ui_pow_ui(scale.get_mpz_t(), 10, std::stoul(tokens_[digits_at].text));
        value = minus ? mpq_class(value / scale) : mpq_class(value * scale);
        at_ = digits_at + 1;
      }
    }
    if (take_sign("_")) return make(Kind::call, {number(value), argument()}, "base");
    return number(value, point != digits.npos);
  }

  Tree word(const std::string& name) {
    if (name == "sqrt") return root();
    if (name == "pi" || name == "infinity") return symbol(name);
    if (name == "inf") return symbol("infinity");
    if (is_function(name)) return function(name);
    if (name.size() == 1) return variable(name);
    std::vector<Tree> letters;  // xy is x times y
    for (size_t i = 0; i + 1 < name.size(); ++i) letters.push_back(symbol(name.substr(i, 1)));
    letters.push_back(variable(name.substr(name.size() - 1)));
    if (is_sign("^")) {
      ++at_;
      letters.back() = make(Kind::power, {letters.back(), argument()});
    }
    return make(Kind::multiply, std::move(letters));
  }
  Tree variable(std::string name) {
    if (!take_sign("_")) return symbol(std::move(name));
    if (here().kind == K::number || here().kind == K::word) return name += "_" + tokens_[at_++].text, symbol(std::move(name));
    if (!take_sign("{")) return fail();
    name += "_";
    while (!at_end() && !is_sign("}")) name += tokens_[at_++].text;
    need_sign("}");
    return symbol(std::move(name));
  }

  Tree command(const std::string& name) {
    if (name == "frac") {
      Tree above = tight_argument(), below = tight_argument();
      return make(Kind::divide, {above, below});
    }
    if (name == "sqrt") return root();
    if (name == "binom" || name == "dbinom" || name == "tbinom") {
      Tree n = tight_argument(), k = tight_argument();
      return make(Kind::call, {n, k}, "binom");
    }
    if (name == "pi" || name == "infinity") return symbol(name);
    if (name == "infty") return symbol("infinity");
    if (name == "emptyset" || name == "varnothing") return make(Kind::set, {});
    if (name == "{") return set("}");
    if (name == "lfloor" || name == "lceil") {
      Tree inside = sum();
      if (!take(K::command, name == "lfloor" ? "rfloor" : "rceil")) failed_ = true;
      return make(Kind::call, {inside}, name == "lfloor" ? "floor" : "ceil");
    }
    if (name == "langle") {
      Tree inside = list();
      if (!take(K::command, "rangle")) failed_ = true;
      return make(Kind::bracketed, inside->kind == Kind::list ? inside->parts : std::vector{inside}, "()");
    }
    if (is_function(name)) return function(name);
    if (name == "begin") return matrix();
    if (name == "mathbb" || name == "mathfrak") {
      Tree of = argument();
      return of->kind == Kind::symbol ? symbol("set " + of->name) : fail();
    }
    if (name == "end" || name == "\\" || name == "}" || name == "rfloor" || name == "rceil" || name == "rangle") return fail();
    return variable(name);  // \alpha, \theta, and what nobody knows here
  }

  Tree root() {
    Tree degree = number(2);
    if (take_sign("[")) {
      degree = sum();
      need_sign("]");
    }
    if (take_sign("(")) {
      Tree inside = sum();
      need_sign(")");
      return make(Kind::power, {inside, make(Kind::divide, {number(1), degree})});
    }
    return make(Kind::power, {tight_argument(), make(Kind::divide, {number(1), degree})});
  }

  Tree function(const std::string& name) {
    Tree exponent, base_of_log;
    for (int i = 0; i < 2; ++i) {
      if (take_sign("^")) exponent = argument();
      if (name == "log" && take_sign("_")) base_of_log = tight_argument();
    }
    Tree of;
    if (take_sign("(")) {
      of = sum();
      need_sign(")");
    } else {
      of = factor();  // \sin 2x takes both
      while (!failed_ && begins_factor() && here().kind != K::command && !is_sign("("))
        of = make(Kind::multiply, {of, factor()});
    }
    if (exponent && exponent->kind == Kind::multiply && exponent->parts.size() == 2 && exponent->parts[0]->value == -1 &&
        exponent->parts[1]->kind == Kind::number && exponent->parts[1]->value == 1 &&
        (name == "sin" || name == "cos" || name == "tan"))
      return make(Kind::call, {of}, "arc" + name);  // \sin^{-1}
    Tree out = make(Kind::call, {of}, name == "log" && !base_of_log ? "log" : name == "log" ? "ln" : name);
    if (base_of_log) out = make(Kind::divide, {out, make(Kind::call, {base_of_log}, "ln")});
    return exponent ? make(Kind::power, {out, exponent}) : out;
  }

  Tree bracketed(const std::string& open) {
    Tree inside = list();
    const bool round = take_sign(")");
    if (!round && !take_sign("]")) return fail();
    const bool several = inside->kind == Kind::list;
    if (!several && open == "(" && round) return inside;  // a group
    if (!several && open == "[" && !round) return inside;
    return make(Kind::bracketed, several ? inside->parts : std::vector{inside}, open + (round ? ")" : "]"));
  }

  Tree set(const std::string& close) {
    const auto closed = [&] { return close == "}" ? take(K::command, "}") : take_sign(close); };
    if (closed()) return make(Kind::set, {});
    Tree inside = list();
    if (!closed()) return fail();
    return make(Kind::set, inside->kind == Kind::list ? inside->parts : std::vector{inside});
  }

  // \begin{pmatrix} a & b \\ c & d \end{pmatrix}; the kind of brackets does not count
  Tree matrix() {
    const auto name = [&] {
      std::string out;
      need_sign("{");
      while (!failed_ && !at_end() && !is_sign("}")) out += tokens_[at_++].text;
      need_sign("}");
      return out;
    };
    const std::string kind = name();
    if (kind == "array") name();
    if (kind.find("matrix") == kind.npos && kind != "array") return fail();
    std::vector<Tree> rows;
    std::vector<Tree> cells{sum()};
    while (!failed_) {
      if (take_sign("&")) {
        cells.push_back(sum());
      } else if (take(K::command, "\\")) {
        rows.push_back(make(Kind::list, std::move(cells)));
        cells.clear();
        if (is(K::command, "end")) break;
        cells.push_back(sum());
      } else {
        break;
      }
    }
    if (!cells.empty()) rows.push_back(make(Kind::list, std::move(cells)));
    if (!take(K::command, "end")) return fail();
    name();
    return make(Kind::matrix, std::move(rows));
  }

  std::vector<Token> tokens_;
  const int sign_;
  size_t at_ = 0;
  int depth_ = 0, bars_ = 0;
  bool failed_ = false, tight_ = false, saw_plus_minus_ = false;
};

}  // namespace sextant::metric::math
