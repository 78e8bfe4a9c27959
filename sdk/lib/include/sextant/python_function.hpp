// Functions over the rows of a data set, written in a part of Python that has no side effects: texts, numbers, lists, dicts,
// comprehensions, f-strings, re, json. extract() takes one out of its module with all that it uses, so that what runs later
// needs neither the module nor Python; what it cannot take is refused by file and line. Threads: const members are [any].
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::python {

/// A module of that function and what it needs, constants as their values.
struct Extracted {
  std::string source, name;
};
enum class Use {
  row,       // of a row: what it returns
  data_set,  // of all rows: filter(), map(), remove_columns(), rename_column() of them
  rows,      // of nothing: a list of rows
};
/// `function` is a name in the module file. Modules that it imports are read from their files; nothing else of them runs but
/// assignments and definitions. An Error of kind config.
Result<Extracted> extract(const std::filesystem::path& module, const std::string& function, Use use);

class Function {
 public:
  /// `origin` names it in messages.
  static Result<Function> load(const std::string& source, const std::string& name, const std::string& origin);
  Result<json::Value> operator()(const std::vector<const json::Value*>& arguments, json::Document::AllocatorType& a) const;

 private:
  struct Loaded;
  std::shared_ptr<Loaded> loaded_;
};

class RowSteps {
 public:
  static Result<RowSteps> load(const std::string& source, const std::string& name, const std::string& origin);
  /// What becomes of a row; false: it is left out.
  Result<bool> apply(json::Value& row, json::Document::AllocatorType& a) const;

 private:
  struct Loaded;
  std::shared_ptr<Loaded> loaded_;
};

}  // namespace sextant::python
