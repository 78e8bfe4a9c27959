// What follows an expression: attributes, items, slices, calls, filters, tests.
#include <algorithm>
#include "parser.hpp"

namespace sextant::jinja {

ExprPtr Parser::postfix(ExprPtr node) {
  for (;;) {
    if (now().is(".") || now().is("[")) node = subscript(std::move(node));
    else if (now().is("(")) node = call(std::move(node));
    else return node;
  }
}

ExprPtr Parser::subscript(ExprPtr node) {
  const int line = now().line;
  if (skip(".")) {
    if (now().kind == Token::Kind::integer) return make(Expr::Kind::item, line, parts_of(std::move(node), name_or_constant()));
    return make(Expr::Kind::attribute, line, parts_of(std::move(node)), expect_name());
  }
  expect("[");
  std::vector<ExprPtr> parts = parts_of(std::move(node));
  const auto part_ends = [&] { return now().is(":") || now().is("]"); };
  parts.push_back(part_ends() ? nullptr : expression());
  if (!now().is(":")) {
    if (!parts.back()) unexpected("an index");
    expect("]");
    return make(Expr::Kind::item, line, std::move(parts));
  }
  for (int i = 0; i < 2; ++i) parts.push_back(skip(":") && !part_ends() ? expression() : nullptr);
  expect("]");
  return make(Expr::Kind::slice, line, std::move(parts));
}

ExprPtr Parser::call(ExprPtr node) {
  const int line = now().line;
  node = make(Expr::Kind::call, line, parts_of(std::move(node)));
  node->arguments = arguments();
  for (const Argument& argument : node->arguments) deepen(*node, *argument.value);
  return node;
}

std::vector<Argument> Parser::arguments() {
  using Kind = Argument::Kind;
  std::vector<Argument> out;
  const int line = now().line;
  expect("(");
  const auto has = [&](Kind kind) {
    return std::any_of(out.begin(), out.end(), [&](const Argument& a) { return a.kind == kind; });
  };
  while (!now().is(")")) {
    if (!out.empty()) expect(",");
    if (now().is(")")) break;
    Argument argument;
    if (skip("*")) argument.kind = Kind::spread;
    else if (skip("**")) argument.kind = Kind::spread_dict;
    else if (now().kind == Token::Kind::name && ahead().is("="))
      argument.kind = Kind::keyword, argument.name = next().text, next();
    argument.value = expression();
    const bool late = has(Kind::spread_dict) ||
                      (has(Kind::spread) && (argument.kind == Kind::spread || argument.kind == Kind::positional)) ||
                      (has(Kind::keyword) && argument.kind == Kind::positional);
    if (late) throw Failure("the arguments of a call are in no valid order", line);
    out.push_back(std::move(argument));
  }
  expect(")");
  return out;
}

ExprPtr Parser::filters(ExprPtr node) {
  while (skip("|")) {
    const int line = now().line;
    std::string name = expect_name();
    node = make(Expr::Kind::filter, line, parts_of(std::move(node)), std::move(name));
    if (now().is("(")) node->arguments = arguments();
    for (const Argument& argument : node->arguments) deepen(*node, *argument.value);
  }
  return node;
}

ExprPtr Parser::filters_and_tests(ExprPtr node) {
  for (;;) {
    if (now().is("|")) node = filters(std::move(node));
    else if (now().is_name("is")) node = test(std::move(node));
    else if (now().is("(")) node = call(std::move(node));
    else return node;
  }
}

ExprPtr Parser::test(ExprPtr node) {
  const int line = next().line;
  const bool negated = skip_name("not");
  std::string name = expect_name();
  node = make(Expr::Kind::test, line, parts_of(std::move(node)), std::move(name));
  using Kind = Token::Kind;
  const Token& token = now();
  const bool word = token.kind == Kind::name && !token.is_name("else") && !token.is_name("or") && !token.is_name("and");
  if (token.is("(")) {
    node->arguments = arguments();
  } else if (word || token.kind == Kind::string || token.kind == Kind::integer || token.kind == Kind::real || token.is("[") ||
             token.is("{")) {
    // x is divisibleby 3: one argument may stand without parentheses
    if (token.is_name("is")) throw Failure("tests cannot be chained with is", line);
    Argument argument;
    argument.value = postfix(primary());
    node->arguments.push_back(std::move(argument));
  }
  for (const Argument& argument : node->arguments) deepen(*node, *argument.value);
  return negated ? make(Expr::Kind::unary, line, parts_of(std::move(node)), "not") : std::move(node);
}

}  // namespace sextant::jinja
