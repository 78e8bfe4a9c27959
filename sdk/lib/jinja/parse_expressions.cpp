#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include "library.hpp"
#include "parser.hpp"

namespace sextant::jinja {

namespace {
constexpr uint32_t depth_max = 200;  // of expressions within expressions, and of blocks within blocks

bool is_number(const Expr& e) {
  return e.kind == Expr::Kind::constant || (e.kind == Expr::Kind::unary && is_number(*e.parts[0]));
}
}

Parser::Nested::Nested(Parser& p) : parser(p) {
  if (++parser.depth_ > depth_max) {
    --parser.depth_;
    throw Failure(fmt::format("blocks or expressions nest deeper than {}", depth_max), parser.now().line);
  }
}

Token Parser::next() {
  Token token = std::move(tokens_[at_]);
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}
bool Parser::skip(std::string_view op) { return now().is(op) && (next(), true); }
bool Parser::skip_name(std::string_view word) { return now().is_name(word) && (next(), true); }
void Parser::expect(std::string_view op) {
  if (!skip(op)) unexpected(op);
}
void Parser::expect(Token::Kind kind) {
  if (now().kind != kind) unexpected(kind == Token::Kind::block_end ? "%}" : "}}");
  next();
}
std::string Parser::expect_name() {
  if (now().kind != Token::Kind::name) unexpected("a name");
  return next().text;
}

void Parser::unexpected(std::string_view wanted) const {
  using Kind = Token::Kind;
  const Kind k = now().kind;
  const std::string found = k == Kind::end         ? "the end of the template"
                            : k == Kind::block_end ? "%}"
                            : k == Kind::print_end ? "}}"
                            : k == Kind::string    ? "a string"
                                                   : "'" + now().text + "'";
  throw Failure(fmt::format("expected {}, found {}", wanted, found), now().line);
}

void Parser::deepen(Expr& outer, const Expr& inner) {
  outer.depth = std::max(outer.depth, inner.depth + 1);
  if (outer.depth > depth_max) throw Failure(fmt::format("an expression nests deeper than {}", depth_max), outer.line);
}

ExprPtr Parser::make(Expr::Kind kind, int line, std::vector<ExprPtr> parts, std::string name) {
  ExprPtr node(new Expr{kind, line});
  for (const ExprPtr& part : parts)
    if (part) deepen(*node, *part);
  node->parts = std::move(parts);
  node->name = std::move(name);
  return node;
}

bool Parser::at_expression_end(std::string_view end) const {
  const Token::Kind k = now().kind;
  return k == Token::Kind::block_end || k == Token::Kind::print_end || now().is(")") || (!end.empty() && now().is_name(end));
}

// a, b, c without parentheses; one item without a comma is that item.
ExprPtr Parser::tuple(bool conditional, std::string_view end) {
  const int line = now().line;
  std::vector<ExprPtr> parts;
  bool comma = false;
  while (!at_expression_end(end)) {
    parts.push_back(expression(conditional));
    if (!now().is(",")) break;
    comma = true;
    next();
  }
  if (parts.size() == 1 && !comma) return std::move(parts.front());
  if (parts.empty()) unexpected("an expression");
  return make(Expr::Kind::tuple, line, std::move(parts));
}

ExprPtr Parser::expression(bool conditional) {
  const Nested nested(*this);
  if (!conditional) {
    ExprPtr node = disjunction();
    check_known(*node);
    return node;
  }
  // what stands before "if" is read before it is known to be conditional, so unknown filters are judged afterwards
  const bool lenient = std::exchange(lenient_, true);
  ExprPtr node = disjunction();
  bool is_conditional = false;
  while (now().is_name("if")) {
    const int line = next().line;
    is_conditional = true;
    ExprPtr condition = disjunction(), otherwise;
    if (skip_name("else")) otherwise = expression();
    node = make(Expr::Kind::conditional, line, parts_of(std::move(node), std::move(condition), std::move(otherwise)));
  }
  lenient_ = lenient;
  if (!is_conditional) check_known(*node);
  return node;
}

// Jinja2 refuses a template that uses an unknown filter or test, unless a condition may keep it from being reached.
void Parser::check_known(const Expr& node) const {
  if (lenient_ || node.kind == Expr::Kind::conditional) return;
  if (node.kind == Expr::Kind::filter && !find_filter(node.name, environment_))
    throw Failure("no filter is named '" + node.name + "'", node.line);
  if (node.kind == Expr::Kind::test && !find_test(node.name)) throw Failure("no test is named '" + node.name + "'", node.line);
  for (const ExprPtr& part : node.parts)
    if (part) check_known(*part);
  for (const Argument& argument : node.arguments) check_known(*argument.value);
}

ExprPtr Parser::disjunction() {
  ExprPtr left = conjunction();
  while (now().is_name("or")) {
    const int line = next().line;
    left = make(Expr::Kind::disjunction, line, parts_of(std::move(left), conjunction()));
  }
  return left;
}

ExprPtr Parser::conjunction() {
  ExprPtr left = negation();
  while (now().is_name("and")) {
    const int line = next().line;
    left = make(Expr::Kind::conjunction, line, parts_of(std::move(left), negation()));
  }
  return left;
}

ExprPtr Parser::negation() {
  const Nested nested(*this);
  if (!now().is_name("not")) return comparison();
  const int line = next().line;
  return make(Expr::Kind::unary, line, parts_of(negation()), "not");
}

ExprPtr Parser::comparison() {
  const int line = now().line;
  std::vector<ExprPtr> parts;
  std::vector<std::string> ops;
  parts.push_back(sum());
  for (;;) {
    constexpr std::string_view signs[] = {"==", "!=", "<", "<=", ">", ">="};
    if (std::any_of(std::begin(signs), std::end(signs), [&](std::string_view op) { return now().is(op); }))
      ops.push_back(next().text);
    else if (skip_name("in")) ops.push_back("in");
    else if (now().is_name("not") && ahead().is_name("in")) next(), next(), ops.push_back("not in");
    else break;
    parts.push_back(sum());
  }
  if (ops.empty()) return std::move(parts.front());
  ExprPtr node = make(Expr::Kind::compare, line, std::move(parts));
  node->ops = std::move(ops);
  return node;
}

ExprPtr Parser::sum() {
  ExprPtr left = concat();
  while (now().is("+") || now().is("-")) {
    Token op = next();
    left = make(Expr::Kind::binary, op.line, parts_of(std::move(left), concat()), std::move(op.text));
  }
  return left;
}

ExprPtr Parser::concat() {
  const int line = now().line;
  std::vector<ExprPtr> parts;
  do parts.push_back(product());
  while (skip("~"));
  return parts.size() == 1 ? std::move(parts.front()) : make(Expr::Kind::concat, line, std::move(parts));
}

ExprPtr Parser::product() {
  ExprPtr left = power();
  while (now().is("*") || now().is("/") || now().is("//") || now().is("%")) {
    Token op = next();
    left = make(Expr::Kind::binary, op.line, parts_of(std::move(left), power()), std::move(op.text));
  }
  return left;
}

ExprPtr Parser::power() {
  const bool negative = now().is("-") && (ahead().kind == Token::Kind::integer || ahead().kind == Token::Kind::real);
  ExprPtr left = unary();
  while (now().is("**")) {
    const int line = next().line;
    ExprPtr right = unary();
    // Jinja2 writes -2 ** x down as Python, where it is -(2 ** x); with numbers on both sides it computes (-2) ** 2 itself
    const bool swapped =
        negative && left->kind == Expr::Kind::unary && left->parts[0]->kind == Expr::Kind::constant && !is_number(*right);
    ExprPtr base = swapped ? std::move(left->parts[0]) : std::move(left);
    left = make(Expr::Kind::binary, line, parts_of(std::move(base), std::move(right)), "**");
    if (swapped) left = make(Expr::Kind::unary, line, parts_of(std::move(left)), "-");
  }
  return left;
}

ExprPtr Parser::unary(bool with_filters) {
  const Nested nested(*this);
  ExprPtr node;
  if (now().is("-") || now().is("+")) {
    Token sign = next();
    node = make(Expr::Kind::unary, sign.line, parts_of(unary(false)), std::move(sign.text));
  } else {
    node = primary();
  }
  node = postfix(std::move(node));
  return with_filters ? filters_and_tests(std::move(node)) : std::move(node);
}

ExprPtr Parser::primary() {
  const Token& token = now();
  if (token.kind == Token::Kind::op) {
    if (token.is("[")) return bracketed_list();
    if (token.is("{")) return dict();
    if (!token.is("(")) unexpected("an expression");
    const int line = next().line;
    ExprPtr node = now().is(")") ? make(Expr::Kind::tuple, line) : tuple();
    expect(")");
    return node;
  }
  return name_or_constant();
}

ExprPtr Parser::name_or_constant() {
  using Kind = Token::Kind;
  ExprPtr node = make(Expr::Kind::constant, now().line);
  const Kind kind = now().kind;
  if (kind == Kind::string) {
    std::string text;
    while (now().kind == Kind::string) text += next().text;
    node->constant = Value(std::move(text));
  } else if (kind == Kind::real) {
    const std::string text = next().text;
    double number = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc::result_out_of_range)
      number = std::strtod(text.c_str(), nullptr);  // infinite, or 0
    node->constant = Value(number);
  } else if (kind == Kind::integer) {
    const Token token = next();
    std::string_view text = token.text;
    const char mark = text.size() > 1 ? static_cast<char>(text[1] | 0x20) : '0';
    const int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    if (base != 10) text.remove_prefix(2);
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc() || end != text.data() + text.size())
      throw Failure("'" + token.text + "' is not a number, or too large", token.line);
    node->constant = Value(number);
  } else if (kind == Kind::name) {
    const std::string name = next().text;
    if (name == "true" || name == "True") node->constant = Value(true);
    else if (name == "false" || name == "False") node->constant = Value(false);
    else if (name == "none" || name == "None") node->constant = Value(None{});
    else node->kind = Expr::Kind::name, node->name = name;
    for (Macro* macro : macros_) {
      macro->takes_varargs |= name == "varargs";
      macro->takes_kwargs |= name == "kwargs";
      macro->takes_caller |= name == "caller";
    }
  } else {
    unexpected("an expression");
  }
  return node;
}

ExprPtr Parser::bracketed_list() {
  const int line = next().line;
  std::vector<ExprPtr> parts;
  while (!now().is("]")) {
    if (!parts.empty()) expect(",");
    if (now().is("]")) break;
    parts.push_back(expression());
  }
  expect("]");
  return make(Expr::Kind::list, line, std::move(parts));
}

ExprPtr Parser::dict() {
  const int line = next().line;
  std::vector<ExprPtr> parts;
  while (!now().is("}")) {
    if (!parts.empty()) expect(",");
    if (now().is("}")) break;
    parts.push_back(expression());
    expect(":");
    parts.push_back(expression());
  }
  expect("}");
  return make(Expr::Kind::dict, line, std::move(parts));
}

}  // namespace sextant::jinja
