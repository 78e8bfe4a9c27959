// The parsed part of Python: what functions over rows of a data set are written in. What is not here is refused where it
// stands.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include "../jinja/value.hpp"

namespace sextant::python {

using jinja::Failure;
using jinja::Value;

struct Node;
using NodePtr = std::unique_ptr<Node>;
struct Statement;
using Block = std::vector<Statement>;

struct Given {
  enum class Kind { positional, keyword, spread, spread_dict };
  Kind kind = Kind::positional;
  std::string name;  // of a keyword
  NodePtr value;
};

struct Parameter {
  enum class Kind { plain, rest, named_rest };  // a, *a, **a
  std::string name;
  NodePtr otherwise;
  Kind kind = Kind::plain;
};

/// A def or a lambda.
struct Definition {
  std::string name;  // "": a lambda
  int line = 0;
  std::vector<Parameter> parameters;
  Block body;        // of a def
  NodePtr result;    // of a lambda
  std::string text;  // as it is written, moved to the margin
};

struct Loop {  // of a comprehension
  NodePtr target, over;
  std::vector<NodePtr> conditions;
};

struct Node {
  enum class Kind {
    constant,
    name,
    list,
    tuple,
    set,
    dict,       // dict: parts: key, value, ...; a null key: **value
    attribute,  // parts[0].name
    item,       // parts[0][parts[1]]
    slice,      // parts[0][parts[1]:parts[2]:parts[3]]
    unary,
    binary,   // name is the operator
    compare,  // parts[0] ops[0] parts[1] ...
    conjunction,
    disjunction,
    conditional,  // parts[0] if parts[1] else parts[2]
    call,         // parts[0](given)
    lambda,       // definition
    list_of,
    dict_of,  // [parts[0] for ...], {parts[0]: parts[1] for ...}
    text,     // an f-string: parts, each printed
    placed,   // of one: parts[0] formatted by name, "{:...}"
    starred,  // *parts[0], of a target or display
  };
  Kind kind;
  int line;
  std::string name = {};
  Value constant = {};
  std::vector<NodePtr> parts = {};
  std::vector<std::string> ops = {};
  std::vector<Given> given = {};
  std::vector<Loop> loops = {};
  std::shared_ptr<const Definition> definition = {};
};

struct Statement {
  enum class Kind {
    expression,  // value
    assign,      // targets = value
    grow,        // targets[0] name= value
    branch,      // if value: body, else otherwise
    each,        // for targets[0] in value: body
    repeat,      // while value: body
    give,        // return value, which may be null
    define,      // definition
    import,      // name: the module; names: what is taken of it (module, as); empty: the module itself as `as`
    with,        // with value as targets[0]: body
    require,     // assert value
    raise,
    pass,
    leave,
    next,
    unknown,  // what is not read: name says why; only who needs it minds
  };
  Kind kind;
  int line;
  std::string name = {};
  std::vector<NodePtr> targets = {};
  NodePtr value = {};
  Block body = {}, otherwise = {};
  std::vector<std::pair<std::string, std::string>> names = {};
  std::shared_ptr<const Definition> definition = {};
};

struct Token {
  enum class Kind { name, number, string, format, op, line_end, indent, dedent, end, broken };
  Kind kind;
  std::string text;  // of a string: its value; of a format: what stands between the quotes; of broken: why
  int line;
  size_t begin, end;  // in the source
  bool raw = false;   // of a format
  bool is(std::string_view symbol) const { return kind == Kind::op && text == symbol; }
  bool is_word(std::string_view word) const { return kind == Kind::name && text == word; }
};
std::vector<Token> tokenize(std::string_view source);

/// A module. A statement at the margin that cannot be read is `unknown`; inside a function it makes all of it unknown.
Block parse(std::string_view source);
/// One expression, from `line` on.
NodePtr parse_expression(std::string_view source, int line);

}  // namespace sextant::python
