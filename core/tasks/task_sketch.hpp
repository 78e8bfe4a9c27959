// What a task file is called, without reading its YAML: thousands of files are looked through for one task's name. Pure. Threads: [any].
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::tasks {

/// The keys that say what a file is, as they stand in it; nothing: the key is not there.
struct Sketch {
  bool is_class = false;
  std::optional<std::string> task, group;          // empty: it is no text (a list)
  std::optional<std::vector<std::string>> tags;
  std::vector<std::string> includes;
};

/// Nothing where the file is written in a way that only a parser can tell. What stands below those keys may still be wrong.
std::optional<Sketch> sketch_of(std::string_view yaml);

}  // namespace sextant::tasks
