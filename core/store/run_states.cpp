#include "run_states.hpp"
#include <algorithm>
#include <map>
#include <tuple>

namespace sextant::store {
namespace fs = std::filesystem;

Result<RunStates> RunStates::begin(const RunFolder& folder, RunRecord record) {
  record.status = "incomplete";
  record.finished.clear();
  std::error_code code;
  fs::remove(folder.states(), code);
  SXT_CHECK(write_file(folder.run_json(), to_json(record)));
  RunStates out;
  SXT_TRY(out.file_, AppendFile::open(folder.states()));
  return out;
}

void RunStates::add(const TaskRecord& task) {
  const std::lock_guard lock(*mutex_);
  if (file_) (void)file_->append(to_line(task) + "\n");
}

Result<void> RunStates::end(const RunFolder& folder, const RunRecord& record) {
  SXT_CHECK(write_file(folder.run_json(), to_json(record)));
  std::error_code code;
  fs::remove(folder.states(), code);  // run.json has an end now, so that they would not be read
  return {};
}

Result<RunRecord> read_run_record(const RunFolder& folder) {
  SXT_TRY(const std::string text, read_file(folder.run_json(), own_bytes_max));
  SXT_TRY(const json::Document document, json::parse(text, folder.run_json().string()));
  SXT_TRY(RunRecord record, run_record_from_json(document, folder.run_json().string()));
  std::error_code code;
  if (!record.finished.empty() || !fs::exists(folder.states(), code)) return record;
  SXT_TRY(const std::string lines, read_file(folder.states(), own_bytes_max));
  std::map<std::tuple<std::string, std::string, std::string>, size_t> place;
  const auto key = [](const TaskRecord& task) { return std::tuple(task.model, task.dataset, task.stage); };
  for (size_t i = 0; i < record.tasks.size(); ++i) place.emplace(key(record.tasks[i]), i);
  for (size_t begin = 0, end = 0; (end = lines.find('\n', begin)) != lines.npos;
       begin = end + 1) {  // a half line was cut by the kill
    auto task = task_record_from_line(std::string_view(lines).substr(begin, end - begin));
    if (!task) continue;
    const auto [it, fresh] = place.try_emplace(key(*task), record.tasks.size());
    if (fresh) record.tasks.push_back(*std::move(task));
    else record.tasks[it->second] = *std::move(task);
  }
  return record;
}

void set_incomplete(TaskRecord& task, std::string error) {
  task.status = "incomplete";
  task.error = std::move(error);
  task.error_kind = Error::Kind::cancelled;
}

}  // namespace sextant::store
