// The parsed template.
#pragma once
#include <memory>
#include <string>
#include <vector>
#include "value.hpp"

namespace sextant::jinja {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct Argument {
  enum class Kind { positional, keyword, spread, spread_dict };
  Kind kind = Kind::positional;
  std::string name;  // of a keyword
  ExprPtr value;
};

struct Expr {
  enum class Kind {
    constant,     // constant
    name,         // name
    list, tuple,  // parts
    dict,         // parts: key, value, key, value, ...
    attribute,    // parts[0].name
    item,         // parts[0][parts[1]]
    slice,        // parts[0][parts[1]:parts[2]:parts[3]], each of the last three may be null
    unary,        // name is "not", "-" or "+"
    binary,       // name is the operator
    compare,      // parts[0] ops[0] parts[1] ops[1] parts[2] ...
    concat,       // parts[0] ~ parts[1] ~ ...
    conjunction, disjunction,  // parts[0], parts[1]
    conditional,  // parts[0] if parts[1] else parts[2]; the last may be null
    call,         // parts[0](arguments)
    filter,       // parts[0]|name(arguments); parts[0] is null for the innermost filter of a block
    test,         // parts[0] is name(arguments)
  };
  Kind kind;
  int line;
  std::string name = {};
  Value constant = {};
  std::vector<ExprPtr> parts = {};
  std::vector<std::string> ops = {};
  std::vector<Argument> arguments = {};
  uint32_t depth = 1;  // of the tree from here on
};

struct Stmt;
using Body = std::vector<Stmt>;

struct Parameter {
  std::string name;
  ExprPtr otherwise;  // null: required, or undefined if it is missing
};

struct Macro {
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
  bool takes_varargs = false, takes_kwargs = false, takes_caller = false;  // the body mentions them
};

struct Stmt {
  enum class Kind {
    text,          // text
    print,         // expr
    branch,        // expr: body, else otherwise
    loop,          // target in expr if condition: body, else otherwise
    assign,        // target = expr
    assign_block,  // target = the output of body, through the filters in expr
    macro,         // macro
    call_block,    // macro is the caller, expr the call
    filter_block,  // body through the filters in expr
    scope,         // {% with %}: targets = values, then body; {% block %} and {% generation %} with none
    break_loop, continue_loop,
  };
  Kind kind;
  int line;
  std::string text = {};
  ExprPtr target = {}, expr = {}, condition = {};
  Body body = {}, otherwise = {};
  std::unique_ptr<Macro> macro = {};
  std::vector<std::pair<ExprPtr, ExprPtr>> bindings = {};
  bool recursive = false;
};

}  // namespace sextant::jinja
