// A template's text as tokens, by Jinja2's rules.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/jinja.hpp>

namespace sextant::jinja {

struct Token {
  enum class Kind { data, print_begin, print_end, block_begin, block_end, name, string, integer, real, op, end };
  Kind kind;
  std::string text;  // of a string: its value; of a number: without underscores
  int line;

  bool is(std::string_view symbol) const { return kind == Kind::op && text == symbol; }
  bool is_name(std::string_view word) const { return kind == Kind::name && text == word; }
};

/// Throws Failure with the line. The last token is `end`.
std::vector<Token> tokenize(std::string_view source, const Environment& environment);

/// What stands between the quotes of a string, with Python's escapes.
std::string unescaped(std::string_view text, int line);

}  // namespace sextant::jinja
