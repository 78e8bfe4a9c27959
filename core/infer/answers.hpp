// Answers of earlier runs in the same work dir, for --cache: looked up by content key, never written.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include "../store/journal.hpp"

namespace sextant::infer {

class Answers {
 public:
  /// `run_folder` is this run's own; its neighbours are read when a data set is first asked for. Empty: there are none.
  Answers(std::filesystem::path run_folder, std::string model) : run_folder_(std::move(run_folder)), model_(std::move(model)) {}
  const store::Sample* find(const std::string& task_name, const std::string& key);
  /// The data set is prepared: its answers need not be kept.
  void forget(const std::string& task_name) { by_task_.erase(task_name); }

 private:
  std::filesystem::path run_folder_;
  std::string model_;
  std::map<std::string, std::unordered_map<std::string, store::Sample>> by_task_;
};

}  // namespace sextant::infer
