#include "answers.hpp"
#include <algorithm>
#include <vector>
#include "../store/run_folder.hpp"

namespace sextant::infer {
namespace fs = std::filesystem;

const store::Sample* Answers::find(const std::string& task_name, const std::string& key) {
  if (run_folder_.empty()) return nullptr;
  const auto [it, fresh] = by_task_.try_emplace(task_name);
  if (fresh) {
    std::vector<fs::path> runs;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(run_folder_.parent_path(), code))
      if (entry.is_directory(code) && entry.path() != run_folder_) runs.push_back(entry.path());
    std::sort(runs.begin(), runs.end());
    for (const fs::path& run : runs)
      for (store::Sample& sample : store::read_journal(store::journal_path(run, model_, task_name))) it->second.try_emplace(sample.key, std::move(sample));
  }
  const auto sample = it->second.find(key);
  return sample == it->second.end() ? nullptr : &sample->second;
}

}  // namespace sextant::infer
