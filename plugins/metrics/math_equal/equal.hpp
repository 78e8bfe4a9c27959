// Are two answers the same mathematical thing? docs/extraction.md says what is. Pure; [any] thread.
#pragma once
#include <algorithm>
#include <functional>
#include "exact.hpp"
#include "numeric.hpp"
#include "parser.hpp"
#include "units.hpp"

namespace sextant::metric::math {

/// Words, and what the grammar does not know: without case, blanks (but for those between numbers), dollars and dress.
inline std::string plain_words(std::string_view given) {
  std::string out;
  Token::Kind last = Token::Kind::end;
  for (const Token& token : Lexer(given, false).all()) {
    if (last == Token::Kind::number && token.kind == last) out += '\x01';
    out += token.text;
    last = token.kind;
  }
  // quotes that enclose it are dress; x' is not x
  if (out.size() > 2 && (out.front() == '\'' || out.front() == '"') && out.back() == out.front())
    out = out.substr(1, out.size() - 2);
  out = text::lower(text::without(out, [](char32_t c) { return text::is_blank(c) || c == '"'; }));
  while (out.ends_with('.')) out.pop_back();
  if (out.size() == 3 && out.front() == '(' && out.back() == ')') return out.substr(1, 1);  // (A) is A
  return out;
}

/// A word of three letters or more, "no" and the like (others of two may be products), or what stands in \text{} alone.
inline bool is_word(std::string_view given) {
  std::string_view plain = text::strip(given);
  for (const std::string_view word : {"no", "on", "it", "is", "up", "us", "we", "he", "go", "do", "to"})
    if (plain.size() == 2 && text::lower(plain) == word) return true;
  if (plain.starts_with("\\text"))
    return text::closing_brace(plain, std::min(plain.find('{'), plain.size())) == plain.size() - 1;
  size_t letters = 0;
  for (const char c : plain) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && c != ' ' && c != '-' && c != '\'' && c != '.') return false;
    letters += letter;
  }
  return letters >= 3 && plain != "infinity";
}

/// Without what encloses a whole answer: dollars, \( \), \[ \], a box, a final dot.
inline std::string_view bare(std::string_view given) {
  std::string_view out = text::strip(given);
  for (size_t size = 0; size != out.size();) {
    size = out.size();
    if (out.ends_with('.') || out.ends_with(',')) out = text::strip(out.substr(0, out.size() - 1));
    for (const auto& [open, close] :
         {std::pair<std::string_view, std::string_view>{"$$", "$$"}, {"$", "$"}, {"\\(", "\\)"}, {"\\[", "\\]"}})
      if (out.size() > open.size() + close.size() && out.starts_with(open) && out.ends_with(close))
        out = text::strip(out.substr(open.size(), out.size() - open.size() - close.size()));
    if (out.starts_with("\\boxed{") && text::closing_brace(out, 6) == out.size() - 1)
      out = text::strip(out.substr(7, out.size() - 8));
  }
  return out;
}

inline std::optional<Tree> read(std::string_view given, bool thousands) {
  Parser plus(Lexer(given, thousands).all(), 1);
  auto out = plus.answer();
  if (!out || !plus.saw_plus_minus()) return out;
  const auto other = Parser(Lexer(given, thousands).all(), -1).answer();
  if (!other) return std::nullopt;
  return make(Kind::list, {*out, *other});  // both values
}

class Equality {
 public:
  bool operator()(const Tree& given, const Tree& wanted) { return compare(given, wanted); }

 private:
  static constexpr int work_max = 4000;   // comparisons of parts; of sets each with each

  static bool is_relation(const Tree& tree, std::string_view name) {
    return tree->kind == Kind::relation && tree->name == name;
  }
  // a = 3, b = 4: then places count against a list without names
  static bool is_named(const Tree& list) {
    const auto named = [](const Tree& part) { return is_relation(part, "=") && part->parts[0]->kind == Kind::symbol; };
    return list->parts.size() > 1 && std::all_of(list->parts.begin(), list->parts.end(), named) &&
           std::any_of(list->parts.begin(), list->parts.end(),
                       [&](const Tree& part) { return part->parts[0]->name != list->parts[0]->parts[0]->name; });
  }
  static bool is_name(const Tree& tree) {
    return tree->kind == Kind::symbol ||
           (tree->kind == Kind::multiply && tree->parts.size() == 2 && tree->parts[0]->kind == Kind::symbol);  // y, f(x)
  }

  bool compare(Tree a, Tree b) {
    if (++work_ > work_max) return false;
    // x = 5 is 5, x in S is S
    const auto value_of = [](const Tree& tree) {
      return (is_relation(tree, "=") && (is_name(tree->parts[0]) || tree->parts[0]->kind == Kind::relation)) ||
                     is_relation(tree, "in")
                 ? tree->parts[1]
                 : tree;
    };
    if (a->kind == Kind::relation && b->kind == Kind::relation && a->name == "=" && b->name == "=") {
      if (compare(a->parts[1], b->parts[1]) &&
          (compare(a->parts[0], b->parts[0]) || (is_name(a->parts[0]) && is_name(b->parts[0]) &&
                                                 a->parts[0]->kind != b->parts[0]->kind)))  // y and f(x), but not x and y
        return true;
      return same_equation(a, b);
    }
    a = value_of(a);
    b = value_of(b);
    a = as_interval(a);
    b = as_interval(b);
    if (a->kind == Kind::relation || b->kind == Kind::relation)
      return a->kind == b->kind && a->name == b->name && compare(a->parts[0], b->parts[0]) && compare(a->parts[1], b->parts[1]);
    if (a->kind == Kind::matrix && b->kind == Kind::matrix) return in_order(a, b);
    if (a->kind == Kind::unite && b->kind == Kind::unite) return in_any_order(a, b);
    if (a->kind == Kind::bracketed && b->kind == Kind::bracketed) return a->name == b->name && in_order(a, b);
    const auto loose = [](const Tree& tree) { return tree->kind == Kind::list || tree->kind == Kind::set; };
    if (a->kind == Kind::list && b->kind == Kind::list && is_named(a) != is_named(b)) return in_order(a, b);
    if (loose(a) && loose(b)) return in_any_order(a, b);
    const auto point = [](const Tree& tree) {
      return tree->kind == Kind::bracketed && (tree->name == "()" || tree->parts.size() != 2);
    };
    if (point(a) && b->kind == Kind::list) return in_order(a, b);
    if (a->kind == Kind::list && point(b)) return in_order(a, b);
    if (a->kind == Kind::set && a->parts.size() == 1) return compare(a->parts[0], b);   // {5} is 5
    if (b->kind == Kind::set && b->parts.size() == 1) return compare(a, b->parts[0]);
    if (a->kind == Kind::call && b->kind == Kind::call && a->name == "base" && b->name == "base") return in_order(a, b);
    if (a->kind == Kind::call && a->name == "base") return compare(a->parts[0], b);   // the base that only one names
    if (b->kind == Kind::call && b->name == "base") return compare(a, b->parts[0]);
    return same_scalar(a, b);
  }

  bool in_order(const Tree& a, const Tree& b) {
    if (a->parts.size() != b->parts.size()) return false;
    for (size_t i = 0; i < a->parts.size(); ++i)
      if (!compare(a->parts[i], b->parts[i])) return false;
    return true;
  }
  bool in_any_order(const Tree& a, const Tree& b) {
    if (a->kind == Kind::set || b->kind == Kind::set) return covers(a, b) && covers(b, a);
    if (a->parts.size() != b->parts.size()) return false;
    std::vector<bool> used(b->parts.size());
    for (const Tree& part : a->parts) {
      size_t i = 0;
      while (i < b->parts.size() && (used[i] || !compare(part, b->parts[i]))) ++i;
      if (i == b->parts.size()) return false;
      used[i] = true;
    }
    return true;
  }
  bool covers(const Tree& a, const Tree& b) {
    return std::all_of(b->parts.begin(), b->parts.end(), [&](const Tree& part) {
      return std::any_of(a->parts.begin(), a->parts.end(), [&](const Tree& other) { return compare(other, part); });
    });
  }

  // 1 < x <= 3 as (1, 3], x > 2 as (2, infinity)
  static Tree as_interval(const Tree& tree) {
    if (tree->kind != Kind::relation) return tree;
    const auto less = [](const Tree& of) { return of->name == "<" || of->name == "<="; };
    const auto greater = [](const Tree& of) { return of->name == ">" || of->name == ">="; };
    const auto open = [](const Tree& of) { return of->name.size() == 1; };
    const Tree &left = tree->parts[0], &right = tree->parts[1];
    if (left->kind == Kind::relation && is_name(left->parts[1]) &&
        ((less(left) && less(tree)) || (greater(left) && greater(tree)))) {
      const bool up = less(tree);
      const Tree &low = up ? left : tree, &high = up ? tree : left;
      return make(Kind::bracketed, {up ? left->parts[0] : right, up ? right : left->parts[0]},
                  std::string(open(low) ? "(" : "[") + (open(high) ? ")" : "]"));
    }
    if (!less(tree) && !greater(tree)) return tree;
    const bool name_left = is_name(left), name_right = is_name(right);
    if (name_left == name_right) return tree;
    const Tree& bound = name_left ? right : left;
    const bool above = name_left == greater(tree);   // the values lie above the bound
    if (above) return make(Kind::bracketed, {bound, symbol("infinity")}, open(tree) ? "()" : "[)");
    return make(Kind::bracketed, {negative(symbol("infinity")), bound}, open(tree) ? "()" : "(]");
  }

  // l = r and m = s, where (l - r) is a multiple of (m - s)
  static bool same_equation(const Tree& a, const Tree& b) {
    const auto difference = [](const Tree& of) { return Exact::of(make(Kind::add, {of->parts[0], negative(of->parts[1])})); };
    const auto x = difference(a), y = difference(b);
    if (!x || !y || x->above.is_zero() || y->above.is_zero()) return false;
    const Polynomial scaled = x->above * Polynomial(y->above.terms().begin()->second),
                     other = y->above * Polynomial(x->above.terms().begin()->second);
    return scaled == other;
  }

  static bool has_decimals(const Tree& tree) {
    return tree->decimal || std::any_of(tree->parts.begin(), tree->parts.end(), has_decimals);
  }
  static bool has_percent(const Tree& tree) {
    return tree->percent || (tree->kind == Kind::multiply && std::any_of(tree->parts.begin(), tree->parts.end(), has_percent));
  }

  // A decimal stands for what it was rounded from: to six places, and to three digits where there are fewer places before them.
  template <class T> static bool is_close(const T& difference, const T& size) {
    return difference <= T(1) / 2'000'000 && difference * 1000 <= size;
  }

  bool same_scalar(const Tree& a, const Tree& b) {
    if (same_value(a, b)) return true;
    // 50% is 50 and 0.5
    if (has_percent(a) != has_percent(b))
      return has_percent(a) ? same_value(make(Kind::divide, {a, number(100)}), b)
                            : same_value(a, make(Kind::divide, {b, number(100)}));
    return false;
  }
  static bool same_value(const Tree& a, const Tree& b) {
    const auto x = Exact::of(a), y = Exact::of(b);
    const bool decimals = has_decimals(a) || has_decimals(b);
    if (x && y) {
      if (*x == *y) return true;
      const auto v = x->constant(), w = y->constant();
      if (v && w) return decimals && is_close<mpq_class>(abs(*v - *w), std::max(mpq_class(abs(*v)), mpq_class(abs(*w))));
      if (!x->inexact && !y->inexact && !decimals) return false;
    } else if (a->kind == Kind::text || b->kind == Kind::text) {
      return false;
    }
    if (decimals) {
      const Complex u = AtPoint(0)(a), w = AtPoint(0)(b), u2 = AtPoint(1)(a), w2 = AtPoint(1)(b);
      if (is_close(std::abs(u - w), std::max(std::abs(u), std::abs(w))) &&
          is_close(std::abs(u2 - w2), std::max(std::abs(u2), std::abs(w2))))
        return true;
      if (x && y && !x->inexact && !y->inexact) return false;
    }
    return same_values(a, b);
  }

  int work_ = 0;
};

/// "1e-5" alone, written out; else nothing. Inside of formulas 2e-3 is twice e, less 3.
inline std::string written_out(std::string_view given) {
  const size_t e = given.find_first_of("eE"), begin = given.starts_with('-') ? 1 : 0;
  if (e == given.npos || given.find_first_not_of("0123456789.eE+-") != given.npos) return {};
  const auto number = text::number_at(given, begin);
  return number && number->end == given.size() && number->value.find('e') == std::string::npos
             ? std::string(given.substr(0, begin)) + number->value
             : std::string();
}

/// The whole comparison. Answers that are too long are compared as texts.
inline bool equal(std::string_view one, std::string_view other) {
  const std::string given_owner = utf8::half_width(one), wanted_owner = utf8::half_width(other);
  const std::string_view given = bare(given_owner), wanted = bare(wanted_owner);
  if (given.empty() || wanted.empty()) return given == wanted && !wanted.empty();
  if (given == wanted) return true;
  const std::string words = plain_words(given), meant = plain_words(wanted);
  if (!words.empty() && words == meant) return true;
  if (given.size() > 4000 || wanted.size() > 4000 || is_word(wanted) || is_word(given) || units_differ(given, wanted))
    return false;
  const auto same = [](std::string_view given, std::string_view wanted) {
    for (const bool thousands : {true, false}) {
      const auto a = read(given, thousands), b = read(wanted, thousands);
      if (a && b && Equality()(*a, *b)) return true;
      if (given.find(',') == given.npos && wanted.find(',') == wanted.npos) break;  // read alike
    }
    return false;
  };
  if (same(given, wanted)) return true;
  const std::string plain_given = written_out(given), plain_wanted = written_out(wanted);
  return (!plain_given.empty() || !plain_wanted.empty()) &&
         same(plain_given.empty() ? given : plain_given, plain_wanted.empty() ? wanted : plain_wanted);
}

}  // namespace sextant::metric::math
