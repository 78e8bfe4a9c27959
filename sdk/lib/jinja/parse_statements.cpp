#include <algorithm>
#include <fmt/format.h>
#include "parser.hpp"

namespace sextant::jinja {

Body Parser::run() { return body({}, {}); }

// Statements up to one of the words in `ends`, which is left to the caller to read; {% has been read.
Body Parser::body(std::initializer_list<std::string_view> ends, std::string_view opened_by) {
  const Nested nested(*this);
  Body out;
  const int line = now().line;
  for (;;) {
    switch (now().kind) {
      case Token::Kind::end:
        if (ends.size() > 0)
          throw Failure(fmt::format("{{% {} %}} is not closed by {{% {} %}}", opened_by, *(ends.end() - 1)), line);
        return out;
      case Token::Kind::data: {
        const int at = now().line;
        out.push_back({Stmt::Kind::text, at, next().text});
        break;
      }
      case Token::Kind::print_begin: {
        Stmt stmt{Stmt::Kind::print, next().line};
        stmt.expr = tuple();
        expect(Token::Kind::print_end);
        out.push_back(std::move(stmt));
        break;
      }
      default:
        next();  // {%
        if (std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return now().is_name(end); })) return out;
        statement(out);
        expect(Token::Kind::block_end);
    }
  }
}

void Parser::statement(Body& out) {
  const Token& token = now();
  if (token.kind != Token::Kind::name) unexpected("a statement");
  if (token.is_name("if")) return out.push_back(branch());
  if (token.is_name("set")) return out.push_back(set());
  if (environment_.chat && (token.is_name("break") || token.is_name("continue"))) {
    if (loops_ == 0) throw Failure("{% " + token.text + " %} stands outside of a loop", token.line);
    return out.push_back({token.is_name("break") ? Stmt::Kind::break_loop : Stmt::Kind::continue_loop, next().line});
  }
  if (token.is_name("print")) return print(out);
  const bool lenient = std::exchange(lenient_, false);
  if (token.is_name("for")) out.push_back(loop(lenient));
  else if (token.is_name("macro")) out.push_back(macro());
  else if (token.is_name("call")) out.push_back(call_block(lenient));
  else if (token.is_name("filter")) out.push_back(filter_block());
  else if (token.is_name("with") || token.is_name("block") || (environment_.chat && token.is_name("generation")))
    out.push_back(scope(token.text, lenient));
  else if (token.is_name("include") || token.is_name("import") || token.is_name("from") || token.is_name("extends"))
    throw Failure("{% " + token.text + " %} needs other files, which a template does not have", token.line);
  else throw Failure("{% " + token.text + " %} is not a statement that templates know, or stands where it cannot", token.line);
  lenient_ = lenient;
}

void Parser::print(Body& out) {
  const int line = next().line;
  do {
    if (now().kind == Token::Kind::block_end) break;
    Stmt stmt{Stmt::Kind::print, line};
    stmt.expr = expression();
    out.push_back(std::move(stmt));
  } while (skip(","));
}

Stmt Parser::branch() {
  const bool lenient = std::exchange(lenient_, true);
  Stmt stmt{Stmt::Kind::branch, next().line};
  Stmt* last = &stmt;
  uint32_t nested = 0;  // an elif is a branch within else
  for (;;) {
    last->expr = tuple(false);
    expect(Token::Kind::block_end);
    last->body = body({"elif", "else", "endif"}, "if");
    if (!now().is_name("elif")) break;
    if (++nested > 200) throw Failure("more than 200 elif in one statement", now().line);
    last->otherwise.push_back({Stmt::Kind::branch, next().line});
    last = &last->otherwise.back();
  }
  if (skip_name("else")) {
    expect(Token::Kind::block_end);
    last->otherwise = body({"endif"}, "if");
  }
  next();  // endif
  lenient_ = lenient;
  return stmt;
}

// `lenient`: whether what the loop goes over may use unknown filters (its body may not).
Stmt Parser::loop(bool lenient) {
  Stmt stmt{Stmt::Kind::loop, next().line};
  ++loop_variables_, ++inner_scopes_;
  stmt.target = target(false);
  if (!skip_name("in")) unexpected("'in'");
  lenient_ = lenient;
  stmt.expr = tuple(false, "recursive");
  lenient_ = false;
  if (skip_name("if")) stmt.condition = expression();
  stmt.recursive = skip_name("recursive");
  expect(Token::Kind::block_end);
  ++loops_;
  stmt.body = body({"else", "endfor"}, "for");
  --loops_;
  if (skip_name("else")) {
    expect(Token::Kind::block_end);
    stmt.otherwise = body({"endfor"}, "for");
  }
  next();
  --loop_variables_, --inner_scopes_;
  return stmt;
}

// What can stand left of an assignment: names, tuples of them, and, for set, attributes of a namespace.
ExprPtr Parser::target(bool with_namespace) {
  const int line = now().line;
  std::vector<ExprPtr> parts;
  bool comma = false;
  while (now().kind != Token::Kind::block_end && !now().is("=") && !now().is_name("in") && !now().is(")") && !now().is("|")) {
    if (skip("(")) {
      parts.push_back(target(with_namespace));
      expect(")");
    } else {
      const int at = now().line;
      const std::string name = expect_name();
      for (const std::string_view taken : {"true", "false", "none", "True", "False", "None"})
        if (name == taken) throw Failure("'" + name + "' cannot be assigned to", at);
      if (loop_variables_ > 0 && name == "loop" && !now().is("."))
        throw Failure("'loop' cannot be assigned to inside of a loop", at);
      ExprPtr node = make(Expr::Kind::name, at, {}, name);
      if (with_namespace && skip(".")) node = make(Expr::Kind::attribute, at, parts_of(std::move(node)), expect_name());
      parts.push_back(std::move(node));
    }
    comma = skip(",");
    if (!comma) break;
    if (now().is("=")) unexpected("a name");
  }
  if (parts.empty()) unexpected("a name");
  if (parts.size() == 1 && !comma) return std::move(parts.front());
  return make(Expr::Kind::tuple, line, std::move(parts));
}

Stmt Parser::set() {
  Stmt stmt{Stmt::Kind::assign, next().line};
  stmt.target = target(true);
  if (skip("=")) {
    stmt.expr = tuple();
    return stmt;
  }
  stmt.kind = Stmt::Kind::assign_block;
  const bool lenient = std::exchange(lenient_, false);
  stmt.expr = filters(nullptr);
  if (stmt.expr) check_known(*stmt.expr);
  expect(Token::Kind::block_end);
  stmt.body = body({"endset"}, "set");
  next();
  lenient_ = lenient;
  return stmt;
}

void Parser::signature(Macro& macro) {
  expect("(");
  while (!now().is(")")) {
    if (!macro.parameters.empty()) expect(",");
    Parameter parameter{expect_name(), nullptr};
    for (const Parameter& other : macro.parameters)
      if (other.name == parameter.name) throw Failure("two parameters are named '" + other.name + "'", now().line);
    if (skip("=")) parameter.otherwise = expression();
    else if (!macro.parameters.empty() && macro.parameters.back().otherwise)
      throw Failure("a parameter without a default follows one that has one", now().line);
    macro.parameters.push_back(std::move(parameter));
  }
  expect(")");
}

Body Parser::macro_body(Macro& macro, std::string_view end, std::string_view opened_by) {
  expect(Token::Kind::block_end);
  macros_.push_back(&macro);
  const uint32_t loops = std::exchange(loops_, 0);
  ++inner_scopes_;
  Body out = body({end}, opened_by);
  --inner_scopes_;
  loops_ = loops;
  macros_.pop_back();
  next();
  // a parameter of such a name is an ordinary one
  for (const Parameter& parameter : macro.parameters) {
    if (parameter.name == "caller" && macro.takes_caller && !parameter.otherwise)
      throw Failure("a parameter named 'caller' needs a default", now().line);
    if (parameter.name == "varargs") macro.takes_varargs = false;
    if (parameter.name == "kwargs") macro.takes_kwargs = false;
  }
  return out;
}

Stmt Parser::macro() {
  Stmt stmt{Stmt::Kind::macro, next().line};
  stmt.macro = std::make_unique<Macro>();
  stmt.macro->name = expect_name();
  signature(*stmt.macro);
  stmt.macro->body = macro_body(*stmt.macro, "endmacro", "macro");
  return stmt;
}

Stmt Parser::call_block(bool lenient) {
  Stmt stmt{Stmt::Kind::call_block, next().line};
  stmt.macro = std::make_unique<Macro>();
  stmt.macro->name = "caller";
  if (now().is("(")) signature(*stmt.macro);
  lenient_ = lenient;
  stmt.expr = expression();
  lenient_ = false;
  if (stmt.expr->kind != Expr::Kind::call) throw Failure("{% call %} needs the call of a macro", stmt.line);
  stmt.macro->body = macro_body(*stmt.macro, "endcall", "call");
  return stmt;
}

Stmt Parser::filter_block() {
  Stmt stmt{Stmt::Kind::filter_block, next().line};
  // {% filter a|b %}: the first has no bar before it
  tokens_.insert(tokens_.begin() + static_cast<std::ptrdiff_t>(at_), Token{Token::Kind::op, "|", stmt.line});
  stmt.expr = filters(nullptr);
  check_known(*stmt.expr);
  expect(Token::Kind::block_end);
  stmt.body = body({"endfilter"}, "filter");
  next();
  return stmt;
}

Stmt Parser::scope(std::string_view opened_by, bool lenient) {
  const std::string word(opened_by), end = "end" + word;
  Stmt stmt{Stmt::Kind::scope, next().line};
  if (word == "block") {
    if (inner_scopes_ > 0) throw Failure("{% block %} inside of a loop, a macro or {% with %} is not supported", stmt.line);
    const std::string name = expect_name();
    if (!blocks_.insert(name).second) throw Failure("two blocks are named '" + name + "'", stmt.line);
    if (now().is_name("scoped") || now().is_name("required"))
      throw Failure("{% block " + name + " " + now().text + " %} is not supported", stmt.line);
  }
  lenient_ = lenient;
  while (word == "with" && now().kind != Token::Kind::block_end) {
    if (!stmt.bindings.empty()) expect(",");
    ExprPtr name = target(false);
    expect("=");
    stmt.bindings.emplace_back(std::move(name), expression());
  }
  lenient_ = false;
  expect(Token::Kind::block_end);
  const uint32_t loops = loops_;
  if (word == "generation") loops_ = 0;  // Jinja2 makes a macro of it
  inner_scopes_ += word == "with";
  stmt.body = body({end}, word);
  inner_scopes_ -= word == "with";
  loops_ = loops;
  next();
  if (word == "block" && now().kind == Token::Kind::name) next();
  return stmt;
}

}  // namespace sextant::jinja
