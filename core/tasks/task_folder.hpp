// lm-eval's task files in folders: which tasks, groups and tags there are, and a file with what it includes. What a task says
// is task_file.hpp's. docs/tasks.md describes the format as far as it is read. Threads: [owner].
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include "task_sketch.hpp"

namespace sextant::tasks {

/// A task whose key `class` names Python code is another kind than one of keys alone.
enum class Kind { task, group, code };

struct Entry {
  std::string name;
  Kind kind = Kind::task;
  std::filesystem::path path;
  std::vector<std::string> tags;
};
/// A file without a task, or could not be read: lm-eval leaves it out without a word.
struct Problem {
  std::filesystem::path path;
  std::string what;
};

/// A member `!function` of what is read: {"!function": "utils.process_docs", "!in": folder of the file that has it}.
bool is_function(const json::Value& value);
/// The module's file and the name in it: beside the file that has it, else where a folder above has a package of that name.
std::pair<std::filesystem::path, std::string> function_place(const json::Value& function);
/// "utils.process_docs of FOLDER/utils.py"
std::string function_text(const json::Value& function);

class TaskFolder {
 public:
  /// Reads every .yaml file below the roots. Of two of one name in one root the first in the order of paths counts; a later
  /// root's wins over an earlier one's.
  static TaskFolder open(const std::vector<std::filesystem::path>& roots);

  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  const std::map<std::string, std::vector<std::string>, std::less<>>& tags() const { return tags_; }
  const std::vector<Problem>& problems() const { return problems_; }
  const Entry* find(std::string_view name) const;

  /// A file's keys with those of the files that it includes: the later include wins, the file's own keys win over all; a key is
  /// replaced whole.
  Result<json::Document> read(const std::filesystem::path& path);

 private:
  Result<std::shared_ptr<const json::Document>> merged(const std::filesystem::path& path, std::vector<std::string>& chain,
                                                       bool keep);
  std::optional<Sketch> sketched(const std::filesystem::path& path, size_t depth);
  Result<Entry> entry_of(const std::filesystem::path& path);
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, std::vector<std::string>, std::less<>> tags_;   // names of tasks, sorted
  std::vector<Problem> problems_;
  std::map<std::string, std::shared_ptr<const json::Document>> included_;   // by path: most tasks include one of a few files
  std::map<std::string, std::optional<Sketch>> sketches_;                   // of those, too
};

/// What kind of entry these keys make, and its name; nothing where they belong to neither a task nor a group.
std::optional<std::pair<Kind, std::string>> kind_of(const json::Value& keys);
/// A text, or a list of texts; anything else gives nothing.
std::vector<std::string> texts_of(const json::Value* value);

}  // namespace sextant::tasks
