// Which components run in a process of their own (--isolate), and how: the component `command` runs this program as
// `sextant worker isolated`, which loads the plugin there and speaks docs/protocol.md, or becomes the program that a "command" names.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>
#include "registry.hpp"

namespace sextant::plugin {

/// What --isolate says: "all", a kind, KIND:ID (with * and ?), a folder of plugins; deadline=S and memory=SIZE.
struct Isolation {
  std::vector<std::string> what;
  double deadline_s = 30;                      // of one sample
  bool deadline_given = false;                 // else a model has more
  uint64_t memory_bytes = uint64_t{4} << 30;   // of one process; a model's has no limit
  /// A plugin whose folder holds a file named `isolate` is isolated whatever is said.
  bool applies(const Found& found) const;
};
Result<Isolation> parse_isolation(const std::vector<std::string>& words);

/// The isolation of this process and all that it starts, which is kept in $SEXTANT_ISOLATE. Set it before a thread runs.
const Isolation& isolation();
/// What runs in this process is isolated already: nothing applies from here on.
void within_isolation();
Result<void> set_isolation(const std::vector<std::string>& words);

/// A program whose configuration says "confined": it is isolated whatever --isolate says.
bool asks_to_be_confined(const Found& found, const std::string& config);

/// How long a component may take to be created, whatever a sample may take.
inline constexpr double isolated_start_s = 60, isolated_model_s = 600;

/// What `sextant worker isolated` is told.
struct IsolatedSpec {
  std::string file, kind, id;          // a plugin's component
  std::vector<std::string> command;    // or a program
  std::vector<std::string> readable;
  std::string scratch;                 // an empty folder in whose place a program has one in memory; empty: none
  bool network = false;
  uint64_t memory_bytes = 0;
  double deadline_s = 30;
};
std::string to_json(const IsolatedSpec& spec);
Result<IsolatedSpec> isolated_spec_from(std::string_view json_text);

/// The configuration of `command` that stands for the component with that (checked) configuration.
Result<std::string> isolated_config(const Found& found, const std::string& config);

}  // namespace sextant::plugin
