// Modules: read once, their names looked up when somebody asks for them, imports of files beside them.
#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include "function_names.hpp"

namespace sextant::python {
namespace fs = std::filesystem;
namespace {

constexpr size_t module_bytes_max = 4u << 20;

}  // namespace

Module& Interpreter::load(const fs::path& path) {
  for (Module& module : modules_)
    if (module.path == path) return module;
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file || text.size() > module_bytes_max) throw Placed(fmt::format("{} cannot be read as Python", path.string()));
  Module& module = modules_.emplace_back();
  module.path = path;
  module.origin = path.string();
  module.source = std::move(text);
  return run_module(module);
}
Module& Interpreter::load_text(std::string source, std::string origin) {
  Module& module = modules_.emplace_back();
  module.source = std::move(source);
  module.origin = std::move(origin);
  return run_module(module);
}

Module& Interpreter::run_module(Module& module) {
  module.scope.module = &module;
  module.scope.set("__file__", Value(module.path.string()));
  module.scope.set("__name__", Value(module.path.stem().string()));
  module.body = parse(module.source);
  for (const Statement& statement : module.body) {
    const auto unknown = [&](const std::string& why) {
      for (const NodePtr& target : statement.targets)
        if (target->kind == Node::Kind::name) module.unknown[target->name] = why;
      for (const auto& [name, as] : statement.names) module.unknown[as.empty() ? name : as] = why;
      if (statement.definition) module.unknown[statement.definition->name] = why;
    };
    try {
      if (statement.kind == Statement::Kind::unknown) throw Failure(statement.name, statement.line);
      run(statement, module.scope);
    } catch (const Placed& placed) { unknown(placed.what()); } catch (const Failure& failure) {
      unknown(fmt::format("{}:{}: {}", module.origin, failure.line > 0 ? failure.line : statement.line, failure.what()));
    }
  }
  return module;
}

const Value* Interpreter::find(const Scope& from, const std::string& name) {
  const Scope* scope = &from;
  for (; scope->outer; scope = scope->outer)
    if (const Value* found = scope->find(name)) return found;
  if (const Value* found = scope->find(name)) return found;
  Module* module = scope->module;
  if (!module) return nullptr;
  if (const auto late = module->imported.find(name); late != module->imported.end()) {
    const Module::Imported what = late->second;
    module->imported.erase(late);
    try {
      module->scope.set(name, imported(what, name, *module));
    } catch (const Failure& failure) {
      const bool placed = dynamic_cast<const Placed*>(&failure) != nullptr;
      module->unknown[name] = placed ? failure.what() : fmt::format("{}:{}: {}", module->origin, what.line, failure.what());
    }
    if (const Value* found = module->scope.find(name)) return found;
  }
  if (const auto why = module->unknown.find(name); why != module->unknown.end()) throw Placed(why->second);
  return nullptr;
}

Value Interpreter::global(Module& module, const std::string& name) {
  if (const Value* found = find(module.scope, name)) return *found;
  throw Placed(fmt::format("{}: there is no '{}'", module.origin, name));
}

// A module of the same folder, or of the package that the module is a part of; others are not read.
Value Interpreter::module_value(const std::string& name, const Module& of) {
  if (is_module(name)) return function("known/" + name);
  const fs::path& here = of.path;
  if (here.empty()) throw Failure(fmt::format("the module {} is not read", name));
  std::string tail = name;
  std::vector<fs::path> roots = {here.parent_path()};
  if (name.starts_with('.')) {
    const size_t dots = name.find_first_not_of('.');
    if (dots == name.npos) throw Failure("'from . import' is not read");
    for (size_t i = 1; i < dots; ++i) roots[0] = roots[0].parent_path();
    tail = name.substr(dots);
  } else {
    const std::string package = name.substr(0, name.find('.'));
    for (fs::path folder = here.parent_path(); folder != folder.parent_path(); folder = folder.parent_path())
      if (folder.filename() == package) roots.push_back(folder.parent_path());
  }
  std::replace(tail.begin(), tail.end(), '.', '/');
  for (const fs::path& root : roots) {
    std::error_code code;
    for (const fs::path& path : {root / (tail + ".py"), root / tail / "__init__.py"})
      if (fs::is_regular_file(path, code)) {
        Module& module = load(path);
        const auto place = std::find_if(modules_.begin(), modules_.end(), [&](const Module& m) { return &m == &module; });
        return function(number_name("module", static_cast<size_t>(place - modules_.begin())));
      }
  }
  throw Failure(fmt::format("the module {} is not read", name));
}

Value Interpreter::imported(const Module::Imported& from, const std::string& as, Module& module) {
  if (!from.what.empty()) return attribute(module_value(from.module, module), from.what);
  const bool renamed = as != from.module.substr(0, from.module.find('.'));  // import a.b: the name a
  return module_value(renamed ? from.module : as, module);
}

void Interpreter::import(const Statement& s, Scope& scope) {
  for (const auto& [what, as] : s.names) {
    const Module::Imported from{s.name, what, s.line};
    if (!scope.outer && scope.module) scope.module->imported[as] = from;
    else scope.set(as, imported(from, as, *scope.module));
  }
}

}  // namespace sextant::python
