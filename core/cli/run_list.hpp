// The runs below a folder and how far each is, without holding any of them: what `sextant view` shows.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sextant::cli {

struct ListedRun {
  std::string name;  // its path below the folder
  std::filesystem::path path;
  std::string status, started, finished;  // as run.json has them; status "running" while a process writes there
  std::vector<std::string> models;
  uint64_t datasets = 0, tasks = 0, tasks_over = 0, tasks_failed = 0, samples = 0;
  uint64_t responses = 0;  // in the journals; counted while it is running
  std::string error;       // why run.json cannot be read; empty: it can
};

/// Threads: [owner].
class RunList {
 public:
  explicit RunList(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// The newest first. Links that lead out of the folder are left out.
  std::vector<ListedRun> read();
  /// The one of that name, among those that read() would give.
  std::optional<ListedRun> find(const std::string& name);
  /// {"runs": [...]}
  static std::string to_json(const std::vector<ListedRun>& runs);

 private:
  struct Counted {
    uint64_t bytes = 0, lines = 0;
  };
  uint64_t responses_of(const std::filesystem::path& run);
  ListedRun look_at(const std::filesystem::path& path, std::string name);
  std::filesystem::path folder_;
  std::map<std::filesystem::path, Counted> counted_;  // of each journal, so that only what is new is read
};

}  // namespace sextant::cli
