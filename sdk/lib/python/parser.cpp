// Python's grammar, as far as functions over rows use it.
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include "../jinja/lexer.hpp"
#include "syntax.hpp"

namespace sextant::python {
namespace {

constexpr uint32_t depth_max = 100;
constexpr std::string_view keywords[] = {"and",    "as",   "assert", "async",  "await",  "break",   "class",    "continue",
                                         "def",    "del",  "elif",   "else",   "except", "finally", "for",      "from",
                                         "global", "if",   "import", "in",     "is",     "lambda",  "nonlocal", "not",
                                         "or",     "pass", "raise",  "return", "try",    "while",   "with",     "yield"};
bool is_keyword(std::string_view word) {
  return std::find(std::begin(keywords), std::end(keywords), word) != std::end(keywords);
}

class Parser {
 public:
  Parser(std::string_view source, std::vector<Token> tokens) : source_(source), tokens_(std::move(tokens)) {}

  Block module() {
    Block out;
    while (now().kind != Token::Kind::end) {
      const size_t begin = at_;
      try {
        statement(out);
      } catch (const Failure& f) {
        Statement unknown{Statement::Kind::unknown, f.line > 0 ? f.line : tokens_[begin].line};
        unknown.name = f.what();
        skip_statement(begin);
        // what it would have named is known to be unknown
        for (size_t i = begin; i + 1 < tokens_.size() && (i == begin || i < begin + 2); ++i)
          if ((tokens_[i].is_word("def") || tokens_[i].is_word("class")) && tokens_[i + 1].kind == Token::Kind::name)
            unknown.names.emplace_back(tokens_[i + 1].text, "");
        if (tokens_[begin].kind == Token::Kind::name && tokens_[begin + 1].is("="))
          unknown.names.emplace_back(tokens_[begin].text, "");
        out.push_back(std::move(unknown));
      }
    }
    return out;
  }
  NodePtr alone() {
    NodePtr out = tuple();
    if (now().kind != Token::Kind::line_end && now().kind != Token::Kind::end) unexpected("the end");
    return out;
  }

 private:
  using Kind = Node::Kind;
  using Does = Statement::Kind;
  struct Deeper {
    explicit Deeper(Parser& p) : parser(p) {
      if (++parser.depth_ > depth_max) throw Failure("it nests too deeply", parser.now().line);
    }
    ~Deeper() { --parser.depth_; }
    Parser& parser;
  };

  const Token& now() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token take() { return at_ + 1 < tokens_.size() ? tokens_[at_++] : tokens_[at_]; }
  bool skip(std::string_view sign) { return now().is(sign) && (take(), true); }
  bool skip_word(std::string_view word) { return now().is_word(word) && (take(), true); }
  void expect(std::string_view sign) {
    if (!skip(sign)) unexpected(fmt::format("'{}'", sign));
  }
  void expect_word(std::string_view word) {
    if (!skip_word(word)) unexpected(fmt::format("'{}'", word));
  }
  std::string expect_name() {
    if (now().kind != Token::Kind::name || is_keyword(now().text)) unexpected("a name");
    return take().text;
  }
  [[noreturn]] void unexpected(std::string_view wanted) const {
    const Token& token = now();
    if (token.kind == Token::Kind::broken) throw Failure(token.text, token.line);
    const std::string found = token.kind == Token::Kind::line_end ? "the end of the line"
                              : token.kind == Token::Kind::end    ? "the end"
                              : token.text.empty()                ? "an indentation"
                                                                  : "'" + token.text.substr(0, 40) + "'";
    throw Failure(fmt::format("{} is not read where {} is expected", found, wanted), token.line);
  }
  // Behind the statement that begins there: its line, and the block below it.
  void skip_statement(size_t begin) {
    at_ = begin;
    for (size_t depth = 0; now().kind != Token::Kind::end;) {
      const Token::Kind kind = take().kind;
      if (kind == Token::Kind::broken) at_ = tokens_.size() - 1;
      if (kind == Token::Kind::indent) ++depth;
      if (kind == Token::Kind::dedent && depth > 0) --depth;
      const bool ends = kind == Token::Kind::line_end || kind == Token::Kind::dedent;
      if (ends && depth == 0 && now().kind != Token::Kind::indent) {
        if (now().is_word("else") || now().is_word("elif") || now().is_word("except") || now().is_word("finally")) continue;
        return;
      }
    }
  }
  static NodePtr make(Kind kind, int line, std::string name = {}) {
    NodePtr out(new Node{kind, line});
    out->name = std::move(name);
    return out;
  }
  template <class... Parts> static NodePtr join(Kind kind, int line, std::string name, Parts... parts) {
    NodePtr out = make(kind, line, std::move(name));
    (out->parts.push_back(std::move(parts)), ...);
    return out;
  }

  // statements

  Block block() {
    expect(":");
    Block out;
    if (now().kind != Token::Kind::line_end) {
      simple_line(out);
      return out;
    }
    take();
    if (now().kind != Token::Kind::indent) unexpected("a block");
    take();
    const Deeper deeper(*this);
    while (now().kind != Token::Kind::dedent && now().kind != Token::Kind::end) statement(out);
    if (now().kind == Token::Kind::dedent) take();
    return out;
  }
  void statement(Block& out) {
    const Token& token = now();
    Statement made{Does::pass, token.line};
    if (token.is_word("def")) made = define();
    else if (token.is_word("if")) made = branch();
    else if (token.is_word("for")) made = each();
    else if (token.is_word("while")) {
      take();
      made.kind = Does::repeat;
      made.value = expression();
      made.body = block();
      if (now().is_word("else")) unexpected("the next statement");
    } else if (token.is_word("with")) {
      take();
      made.kind = Does::with;
      made.value = expression();
      expect_word("as");
      made.targets.push_back(make(Kind::name, token.line, expect_name()));
      made.body = block();
    } else {
      return simple_line(out);
    }
    out.push_back(std::move(made));
  }
  Statement branch() {
    Statement out{Does::branch, take().line};
    out.value = expression();
    out.body = block();
    if (now().is_word("elif")) {
      const Deeper deeper(*this);
      out.otherwise.push_back(branch());
    } else if (skip_word("else")) out.otherwise = block();
    return out;
  }
  Statement each() {
    Statement out{Does::each, take().line};
    out.targets.push_back(target());
    expect_word("in");
    out.value = tuple();
    out.body = block();
    if (now().is_word("else")) unexpected("the next statement");
    return out;
  }
  Statement define() {
    const Token begin = take();
    Statement out{Does::define, begin.line};
    auto definition = std::make_shared<Definition>();
    definition->line = begin.line;
    definition->name = expect_name();
    expect("(");
    definition->parameters = parameters(")");
    expect(")");
    if (skip("->")) expression();
    definition->body = block();
    definition->text =
        at_margin(begin.begin, tokens_[at_ - 1].kind == Token::Kind::dedent || tokens_[at_ - 1].kind == Token::Kind::line_end
                                   ? last_end()
                                   : now().begin);
    out.definition = std::move(definition);
    return out;
  }
  // Where the last token ends that is one of the text.
  size_t last_end() const {
    for (size_t i = at_; i-- > 0;)
      if (tokens_[i].kind != Token::Kind::dedent && tokens_[i].kind != Token::Kind::line_end &&
          tokens_[i].kind != Token::Kind::indent)
        return tokens_[i].end;
    return source_.size();
  }
  // The text of a def, its lines moved left by what stands before the first. Lines inside of texts move, too, if they begin
  // with as many blanks: such a def is refused.
  std::string at_margin(size_t begin, size_t end) const {
    size_t column = begin;
    while (column > 0 && source_[column - 1] != '\n') --column;
    const std::string_view indent = source_.substr(column, begin - column);
    const std::string_view text = source_.substr(begin, end - begin);
    if (indent.empty()) return std::string(text);
    for (const Token& token : tokens_)
      if ((token.kind == Token::Kind::string || token.kind == Token::Kind::format) && token.begin >= begin &&
          token.end <= end && source_.substr(token.begin, token.end - token.begin).find('\n') != std::string_view::npos)
        return {};
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const size_t line_end = std::min(text.find('\n', at), text.size());
      std::string_view line = text.substr(at, line_end - at);
      if (at > 0 && line.starts_with(indent)) line.remove_prefix(indent.size());
      out += line;
      if (line_end < text.size()) out += '\n';
      at = line_end + 1;
    }
    return out;
  }
  std::vector<Parameter> parameters(std::string_view end) {
    std::vector<Parameter> out;
    while (!now().is(end)) {
      Parameter one;
      if (skip("**")) one.kind = Parameter::Kind::named_rest;
      else if (skip("*")) {
        if (skip(",")) continue;  // what follows is given by name
        one.kind = Parameter::Kind::rest;
      }
      one.name = expect_name();
      if (end == ")" && skip(":")) expression();
      if (skip("=")) one.otherwise = expression();
      out.push_back(std::move(one));
      if (!skip(",")) break;
    }
    return out;
  }
  void simple_line(Block& out) {
    do {
      if (now().kind == Token::Kind::line_end) break;
      out.push_back(simple());
    } while (skip(";"));
    if (now().kind != Token::Kind::line_end) unexpected("the end of the line");
    take();
  }
  Statement simple() {
    const Token& token = now();
    Statement out{Does::pass, token.line};
    if (skip_word("pass")) return out;
    if (skip_word("break")) return out.kind = Does::leave, std::move(out);
    if (skip_word("continue")) return out.kind = Does::next, std::move(out);
    if (skip_word("return")) {
      out.kind = Does::give;
      if (now().kind != Token::Kind::line_end) out.value = tuple();
      return out;
    }
    if (skip_word("raise")) {
      out.kind = Does::raise;
      if (now().kind != Token::Kind::line_end) out.value = expression();
      return out;
    }
    if (skip_word("assert")) {
      out.kind = Does::require;
      out.value = expression();
      if (skip(",")) expression();
      return out;
    }
    if (token.is_word("import") || token.is_word("from")) return import();
    out.value = tuple();
    if (now().is("=")) {
      out.kind = Does::assign;
      while (skip("=")) {
        check_target(*out.value);
        out.targets.push_back(std::move(out.value));
        out.value = tuple();
      }
      return out;
    }
    if (skip(":")) {  // a type
      check_target(*out.value);
      out.targets.push_back(std::move(out.value));
      expression();
      if (!skip("=")) return out.kind = Does::pass, std::move(out);
      out.kind = Does::assign;
      out.value = tuple();
      return out;
    }
    for (const char* op : {"+", "-", "*", "/", "//", "%"})
      if (skip(std::string(op) + "=")) {
        check_target(*out.value);
        out.kind = Does::grow;
        out.name = op;
        out.targets.push_back(std::move(out.value));
        out.value = tuple();
        return out;
      }
    out.kind = Does::expression;
    return out;
  }
  Statement import() {
    Statement out{Does::import, now().line};
    const auto module = [&] {
      std::string name;
      while (now().is(".") || now().is("...")) name += take().text;
      if (now().kind == Token::Kind::name && !is_keyword(now().text)) name += take().text;
      while (skip(".")) name += "." + expect_name();
      return name;
    };
    if (skip_word("import")) {
      out.name = module();
      const std::string first = out.name.substr(0, out.name.find('.'));
      out.names.emplace_back("", skip_word("as") ? expect_name() : first);
      if (now().is(",")) {
        Statement more{Does::branch, out.line};  // import a, b: as many imports
        unexpected("the end of the line");
      }
      return out;
    }
    take();
    out.name = module();
    expect_word("import");
    const bool bracket = skip("(");
    if (now().is("*")) unexpected("a name");
    while (now().kind == Token::Kind::name) {
      const std::string name = expect_name();
      out.names.emplace_back(name, skip_word("as") ? expect_name() : name);
      if (!skip(",")) break;
    }
    if (bracket) expect(")");
    return out;
  }
  void check_target(const Node& node) const {
    if (node.kind == Kind::tuple || node.kind == Kind::list) {
      for (const NodePtr& part : node.parts) check_target(*part);
      return;
    }
    if (node.kind != Kind::name && node.kind != Kind::item)
      throw Failure("a value is assigned to what is neither a name nor an item", node.line);
  }

  // expressions

  NodePtr target() {
    const int line = now().line;
    const auto one = [&]() -> NodePtr {
      if (skip("(")) {
        NodePtr inside = target();
        expect(")");
        return inside;
      }
      return make(Kind::name, now().line, expect_name());
    };
    NodePtr first = one();
    if (!now().is(",")) return first;
    NodePtr out = join(Kind::tuple, line, "", std::move(first));
    while (skip(",") && !now().is_word("in")) out->parts.push_back(one());
    return out;
  }
  bool ends() const {
    const Token& token = now();
    return token.kind == Token::Kind::line_end || token.kind == Token::Kind::end || token.is(")") || token.is("]") ||
           token.is("}") || token.is("=") || token.is(":") || token.is(";");
  }
  NodePtr starred() {
    if (!now().is("*")) return expression();
    const int line = take().line;
    return join(Kind::starred, line, "", expression());
  }
  NodePtr tuple() {
    const int line = now().line;
    NodePtr first = starred();
    if (!now().is(",")) return first;
    NodePtr out = join(Kind::tuple, line, "", std::move(first));
    while (skip(",") && !ends()) out->parts.push_back(starred());
    return out;
  }
  NodePtr expression() {
    const Deeper deeper(*this);
    if (now().is_word("lambda")) return lambda();
    NodePtr node = disjunction();
    if (!now().is_word("if")) return node;
    const int line = take().line;
    NodePtr condition = disjunction();
    expect_word("else");
    return join(Kind::conditional, line, "", std::move(node), std::move(condition), expression());
  }
  NodePtr lambda() {
    const Token begin = take();
    auto definition = std::make_shared<Definition>();
    definition->line = begin.line;
    definition->parameters = parameters(":");
    expect(":");
    definition->result = expression();
    definition->text = std::string(source_.substr(begin.begin, tokens_[at_ - 1].end - begin.begin));
    NodePtr out = make(Kind::lambda, begin.line);
    out->definition = std::move(definition);
    return out;
  }
  NodePtr disjunction() {
    NodePtr left = conjunction();
    while (now().is_word("or")) {
      const int line = take().line;
      left = join(Kind::disjunction, line, "", std::move(left), conjunction());
    }
    return left;
  }
  NodePtr conjunction() {
    NodePtr left = negation();
    while (now().is_word("and")) {
      const int line = take().line;
      left = join(Kind::conjunction, line, "", std::move(left), negation());
    }
    return left;
  }
  NodePtr negation() {
    if (!now().is_word("not")) return comparison();
    const Deeper deeper(*this);
    const int line = take().line;
    return join(Kind::unary, line, "not", negation());
  }
  NodePtr comparison() {
    const int line = now().line;
    NodePtr first = sum();
    NodePtr out;
    for (;;) {
      std::string op;
      for (const char* sign : {"==", "!=", "<=", ">=", "<", ">"})
        if (now().is(sign)) op = take().text;
      if (op.empty() && skip_word("in")) op = "in";
      else if (op.empty() && now().is_word("not") && ahead().is_word("in")) take(), take(), op = "not in";
      else if (op.empty() && skip_word("is")) op = skip_word("not") ? "is not" : "is";
      if (op.empty()) break;
      if (!out) out = join(Kind::compare, line, "", std::move(first));
      out->ops.push_back(op);
      out->parts.push_back(sum());
    }
    return out ? std::move(out) : std::move(first);
  }
  NodePtr sum() {
    NodePtr left = product();
    while (now().is("+") || now().is("-")) {
      const Token op = take();
      left = join(Kind::binary, op.line, op.text, std::move(left), product());
    }
    return left;
  }
  NodePtr product() {
    NodePtr left = sign();
    while (now().is("*") || now().is("/") || now().is("//") || now().is("%")) {
      const Token op = take();
      left = join(Kind::binary, op.line, op.text, std::move(left), sign());
    }
    return left;
  }
  NodePtr sign() {
    const Deeper deeper(*this);
    if (now().is("-") || now().is("+")) {
      const Token op = take();
      return join(Kind::unary, op.line, op.text, sign());
    }
    NodePtr base = postfix(primary());
    if (!now().is("**")) return base;
    const int line = take().line;
    return join(Kind::binary, line, "**", std::move(base), sign());
  }
  NodePtr postfix(NodePtr node) {
    for (;;) {
      const int line = now().line;
      if (skip(".")) {
        node = join(Kind::attribute, line, expect_name(), std::move(node));
      } else if (now().is("(")) {
        node = join(Kind::call, line, "", std::move(node));
        node->given = arguments();
      } else if (skip("[")) {
        node = subscript(std::move(node), line);
      } else {
        return node;
      }
    }
  }
  NodePtr subscript(NodePtr node, int line) {
    NodePtr out = join(Kind::item, line, "", std::move(node));
    out->parts.push_back(now().is(":") ? nullptr : tuple());
    if (!now().is(":")) {
      expect("]");
      return out;
    }
    out->kind = Kind::slice;
    for (int i = 0; i < 2; ++i) out->parts.push_back(skip(":") && !now().is(":") && !now().is("]") ? expression() : nullptr);
    expect("]");
    return out;
  }
  std::vector<Given> arguments() {
    std::vector<Given> out;
    expect("(");
    while (!now().is(")")) {
      Given one;
      if (skip("**")) one.kind = Given::Kind::spread_dict;
      else if (skip("*")) one.kind = Given::Kind::spread;
      else if (now().kind == Token::Kind::name && ahead().is("="))
        one.kind = Given::Kind::keyword, one.name = take().text, take();
      one.value = expression();
      if (now().is_word("for")) one.value = comprehension(Kind::list_of, std::move(one.value));
      out.push_back(std::move(one));
      if (!skip(",")) break;
    }
    expect(")");
    return out;
  }
  NodePtr comprehension(Kind kind, NodePtr value, NodePtr of_key = nullptr) {
    NodePtr out = make(kind, now().line);
    out->parts.push_back(std::move(value));
    if (of_key) out->parts.push_back(std::move(of_key));
    while (skip_word("for")) {
      Loop loop;
      loop.target = target();
      expect_word("in");
      loop.over = disjunction();
      while (skip_word("if")) loop.conditions.push_back(disjunction());
      out->loops.push_back(std::move(loop));
    }
    return out;
  }
  NodePtr primary() {
    const Token& token = now();
    const int line = token.line;
    if (skip("(")) {
      if (skip(")")) return make(Kind::tuple, line);
      NodePtr inside = tuple();
      if (now().is_word("for")) inside = comprehension(Kind::list_of, std::move(inside));
      expect(")");
      return inside;
    }
    if (skip("[")) {
      NodePtr out = make(Kind::list, line);
      while (!now().is("]")) {
        out->parts.push_back(starred());
        if (now().is_word("for") && out->parts.size() == 1) {
          out = comprehension(Kind::list_of, std::move(out->parts[0]));
          break;
        }
        if (!skip(",")) break;
      }
      expect("]");
      return out;
    }
    if (skip("{")) return braces(line);
    if (token.kind == Token::Kind::string || token.kind == Token::Kind::format) return text();
    if (token.kind == Token::Kind::number) return number();
    if (token.kind != Token::Kind::name || is_keyword(token.text)) unexpected("an expression");
    const std::string name = take().text;
    NodePtr out = make(Kind::constant, line);
    if (name == "True" || name == "False") out->constant = Value(name == "True");
    else if (name == "None") out->constant = Value(jinja::None{});
    else out->kind = Kind::name, out->name = name;
    return out;
  }
  NodePtr braces(int line) {
    NodePtr out = make(Kind::dict, line);
    bool first = true;
    while (!now().is("}")) {
      if (skip("**")) {
        out->parts.push_back(nullptr);
        out->parts.push_back(expression());
      } else {
        NodePtr key = expression();
        if (first && !now().is(":")) {
          out->kind = Kind::set;
          out->parts.push_back(std::move(key));
          while (skip(",") && !now().is("}")) out->parts.push_back(expression());
          break;
        }
        expect(":");
        NodePtr value = expression();
        if (first && now().is_word("for")) {
          out = comprehension(Kind::dict_of, std::move(key), std::move(value));
          break;
        }
        out->parts.push_back(std::move(key));
        out->parts.push_back(std::move(value));
      }
      first = false;
      if (!skip(",")) break;
    }
    expect("}");
    return out;
  }
  NodePtr number() {
    const Token token = take();
    NodePtr out = make(Kind::constant, token.line);
    std::string_view text = token.text;
    const char mark = text.size() > 1 && text[0] == '0' ? static_cast<char>(text[1] | 0x20) : '0';
    const int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    if (base != 10) text.remove_prefix(2);
    int64_t whole = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), whole, base);
    if (code == std::errc() && end == text.data() + text.size()) return out->constant = Value(whole), std::move(out);
    double real = 0;
    const auto [real_end, real_code] = std::from_chars(text.data(), text.data() + text.size(), real);
    if (base != 10 || real_code != std::errc() || real_end != text.data() + text.size() ||
        text.find_first_of(".eE") == text.npos)
      throw Failure(fmt::format("the number {} is not read", token.text), token.line);
    out->constant = Value(real);
    return out;
  }
  NodePtr text() {
    NodePtr out = make(Kind::text, now().line);
    std::string plain;
    const auto flush = [&] {
      if (plain.empty()) return;
      NodePtr part = make(Kind::constant, out->line);
      part->constant = Value(std::exchange(plain, {}));
      out->parts.push_back(std::move(part));
    };
    bool format = false;
    while (now().kind == Token::Kind::string || now().kind == Token::Kind::format) {
      const Token token = take();
      if (token.kind == Token::Kind::string) plain += token.text;
      else format = true, places(token, *out, plain, flush);
    }
    if (!format) {
      out->kind = Kind::constant;
      out->constant = Value(std::move(plain));
      return out;
    }
    flush();
    return out;
  }
  template <class Flush> void places(const Token& token, Node& out, std::string& plain, const Flush& flush) {
    const std::string& s = token.text;
    std::string literal;
    const auto add_literal = [&] {
      plain += token.raw ? std::exchange(literal, {}) : jinja::unescaped(std::exchange(literal, {}), token.line);
    };
    for (size_t i = 0; i < s.size(); ++i) {
      if (!token.raw && s[i] == '\\' && i + 1 < s.size()) {
        literal += s[i], literal += s[++i];
        continue;
      }
      if ((s[i] == '{' || s[i] == '}') && i + 1 < s.size() && s[i + 1] == s[i]) {
        literal += s[i++];
        continue;
      }
      if (s[i] == '}') throw Failure("a '}' stands alone in an f-string", token.line);
      if (s[i] != '{') {
        literal += s[i];
        continue;
      }
      add_literal();
      flush();
      const size_t begin = ++i;
      size_t depth = 0;
      char quote = 0;
      for (; i < s.size(); ++i) {
        if (quote) quote = s[i] == quote ? 0 : quote;
        else if (s[i] == '\'' || s[i] == '"') quote = s[i];
        else if (s[i] == '(' || s[i] == '[' || s[i] == '{') ++depth;
        else if (depth > 0 && (s[i] == ')' || s[i] == ']' || s[i] == '}')) --depth;
        else if (depth == 0 && (s[i] == '}' || s[i] == ':' || (s[i] == '!' && i + 1 < s.size() && s[i + 1] != '='))) break;
      }
      if (i == s.size()) throw Failure("a '{' in an f-string has no end", token.line);
      NodePtr value = parse_expression(s.substr(begin, i - begin), token.line);
      std::string shape;
      if (s[i] != '}') {
        const size_t end = s.find('}', i);
        if (end == s.npos || s.substr(i, end - i).find('{') != s.npos)
          throw Failure("the format of a place in an f-string is not read", token.line);
        shape = "{" + s.substr(i, end - i) + "}";
        i = end;
      }
      out.parts.push_back(shape.empty() ? std::move(value) : join(Kind::placed, token.line, shape, std::move(value)));
    }
    add_literal();
  }

  std::string_view source_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
};

}  // namespace

Block parse(std::string_view source) { return Parser(source, tokenize(source)).module(); }

NodePtr parse_expression(std::string_view source, int line) {
  const size_t begin = std::min(source.find_first_not_of(" \t\n"), source.size());
  std::vector<Token> tokens = tokenize(source.substr(begin));
  for (Token& token : tokens) token.line += line - 1;
  return Parser(source.substr(begin), std::move(tokens)).alone();
}

}  // namespace sextant::python
