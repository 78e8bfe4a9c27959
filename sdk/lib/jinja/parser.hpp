// Tokens to the tree. Jinja2's grammar without what needs a loader (extends, include, import).
#pragma once
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>
#include "ast.hpp"
#include "lexer.hpp"

namespace sextant::jinja {

class Parser {
 public:
  Parser(std::vector<Token> tokens, const Environment& environment) : tokens_(std::move(tokens)), environment_(environment) {}
  /// The whole template. Throws Failure with the line.
  Body run();

 private:
  // statements (parse_statements.cpp)
  Body body(std::initializer_list<std::string_view> ends, std::string_view opened_by);
  void statement(Body& out);
  Stmt branch();
  Stmt loop(bool lenient);
  Stmt set();
  Stmt macro();
  Stmt call_block(bool lenient);
  Stmt filter_block();
  Stmt scope(std::string_view word, bool lenient);
  void print(Body& out);
  void signature(Macro& macro);
  Body macro_body(Macro& macro, std::string_view end, std::string_view opened_by);
  ExprPtr target(bool with_namespace);

  // expressions (parse_expressions.cpp); `conditional` false leaves "if" to the for loop
  ExprPtr tuple(bool conditional = true, std::string_view end = {});
  ExprPtr expression(bool conditional = true);
  ExprPtr disjunction();
  ExprPtr conjunction();
  ExprPtr negation();
  ExprPtr comparison();
  ExprPtr sum();
  ExprPtr concat();
  ExprPtr product();
  ExprPtr power();
  ExprPtr unary(bool with_filters = true);
  ExprPtr primary();
  ExprPtr name_or_constant();
  ExprPtr bracketed_list();
  ExprPtr dict();
  ExprPtr postfix(ExprPtr node);
  ExprPtr subscript(ExprPtr node);
  ExprPtr call(ExprPtr node);
  ExprPtr filters(ExprPtr node);   // any number of |name(...)
  ExprPtr filters_and_tests(ExprPtr node);
  ExprPtr test(ExprPtr node);
  std::vector<Argument> arguments();

  // what both use
  const Token& now() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token next();
  bool skip(std::string_view op);
  bool skip_name(std::string_view word);
  void expect(std::string_view op);
  void expect(Token::Kind kind);
  std::string expect_name();
  bool at_expression_end(std::string_view end) const;
  [[noreturn]] void unexpected(std::string_view wanted) const;
  ExprPtr make(Expr::Kind kind, int line, std::vector<ExprPtr> parts = {}, std::string name = {});
  static void deepen(Expr& outer, const Expr& inner);
  void check_known(const Expr& node) const;

  struct Nested;
  std::vector<Token> tokens_;
  const Environment& environment_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  bool lenient_ = false;              // inside {% if %} or x if y: unknown filters and tests fail only when they are reached
  std::vector<Macro*> macros_;        // being read
  std::set<std::string> blocks_;      // the names that were seen
  uint32_t loops_ = 0;                // being read, that {% break %} would leave
  uint32_t loop_variables_ = 0;       // being read, in which `loop` cannot be assigned to
  uint32_t inner_scopes_ = 0;         // being read, whose variables a {% block %} would not see
};

struct Parser::Nested {
  explicit Nested(Parser& p);
  ~Nested() { --parser.depth_; }
  Parser& parser;
};

/// Any number of one's own: `f(make_parts(a, b))`, since unique pointers cannot be listed in braces.
template <class... Parts> std::vector<ExprPtr> parts_of(Parts... parts) {
  std::vector<ExprPtr> out;
  (out.push_back(std::move(parts)), ...);
  return out;
}

}  // namespace sextant::jinja
