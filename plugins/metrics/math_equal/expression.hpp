// What an answer is, once it is read: a number, a formula, a list, a set, an interval, a matrix, an equation, a word. Plain
// data.
#pragma once
#include <gmpxx.h>
#include <memory>
#include <string>
#include <vector>

namespace sextant::metric::math {

struct Node;
using Tree = std::shared_ptr<const Node>;

enum class Kind {
  number,      // value; decimal: written with a point, percent: with a percent sign
  symbol,      // name: a variable, or pi, e, i, infinity
  add, multiply, divide, power,
  call,        // name(parts): sin, ln, abs, factorial, binom, ...
  list,        // parts, between commas; ordered by brackets alone
  bracketed,   // name: the brackets "()", "[]", "(]", "[)"; parts: a point, or an interval where there are two
  set,         // between braces: order and repetition do not count
  unite,       // parts of \cup
  matrix,      // parts: rows, which are lists
  relation,    // name: "=", "<", "<=", ">", ">=", "!=", "in"; two parts
  text,        // name: words in lower case, without blanks
};

struct Node {
  Kind kind;
  std::string name = {};
  std::vector<Tree> parts = {};
  mpq_class value = 0;
  bool decimal = false, percent = false;
};

inline Tree make(Kind kind, std::vector<Tree> parts, std::string name = {}) {
  return std::make_shared<Node>(Node{kind, std::move(name), std::move(parts)});
}
inline Tree number(mpq_class value, bool decimal = false) {
  return std::make_shared<Node>(Node{Kind::number, {}, {}, std::move(value), decimal});
}
inline Tree symbol(std::string name) { return make(Kind::symbol, {}, std::move(name)); }
inline Tree negative(Tree of) { return make(Kind::multiply, {number(-1), std::move(of)}); }

}  // namespace sextant::metric::math
