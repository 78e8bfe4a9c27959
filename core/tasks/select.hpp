// From names on the command line to the tasks that they stand for: groups, tags, globs and files, with the keys that each level
// sets. Of two levels the outer one wins, as in lm-eval; a key that stands with the task in its group's own list wins over
// all.
#pragma once
#include <string>
#include <vector>
#include "task_folder.hpp"

namespace sextant::tasks {

/// A task with all its keys, none of them `include`, `tag` or `group`.
struct ChosenTask {
  std::string name;
  std::filesystem::path path;
  json::Document keys;
};
/// A group that says how its tasks' numbers come to one. Numbers that weigh their tasks otherwise, or are of others, are a group
/// of the same name beside it.
struct ChosenGroup {
  std::string name, alias;
  std::vector<std::string> tasks;   // all tasks below it, its groups' included, that have these filters
  bool by_size = true;              // weight_by_size
  std::vector<std::string> metrics = {};  // each with the filter, where it names one: "exact_match,strict_match"
};
struct Selection {
  std::vector<ChosenTask> tasks;
  std::vector<ChosenGroup> groups;  // children before parents
};

/// Each of `names`: a task, a group, a tag, a glob over these, a .yaml file, or a folder of them. A task that two names lead to
/// is an Error, as is a group that contains itself; a name that does not exist suggests the nearest.
Result<Selection> select(TaskFolder& folder, const std::vector<std::string>& names);

}  // namespace sextant::tasks
