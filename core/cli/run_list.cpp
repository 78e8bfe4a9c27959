#include "run_list.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <set>
#include <sstream>
#include <sys/stat.h>
#include <tuple>
#include "../base/file_parts.hpp"
#include "../base/files.hpp"
#include "../store/run_folder.hpp"

namespace sextant::cli {
namespace fs = std::filesystem;
namespace {

constexpr int depth_max = 3;  // outputs/NAME/TIMESTAMP, and one folder above
constexpr uint64_t run_json_bytes_max = uint64_t{256} << 20;

// Whether somebody holds the folder's lock. Taking it to find out could make that somebody fail, so the kernel's list is read:
// "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF".
bool is_locked(const fs::path& run) {
  struct stat status {};
  if (::stat((run / ".lock").c_str(), &status) != 0) return false;
  const std::string end = fmt::format(":{}", status.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, advisory, mode, pid, file;
    if (words >> number >> kind >> advisory >> mode >> pid >> file && kind == "FLOCK" && file.ends_with(end)) return true;
  }
  return false;
}

// A run.json that is being written is replaced at once, so that it is whole.
Result<store::RunRecord> record_of(const fs::path& run) {
  const fs::path path = run / "run.json";
  SXT_TRY(const std::string text, read_file(path, run_json_bytes_max));
  SXT_TRY(const json::Document document, json::parse(text, path.string()));
  return store::run_record_from_json(document, path.string());
}

// The tasks that a run at work has been through, by their last lines in states.jsonl.
std::map<std::tuple<std::string, std::string, std::string>, std::string> over_of(const fs::path& run) {
  std::map<std::tuple<std::string, std::string, std::string>, std::string> out;
  std::ifstream states(run / "states.jsonl");
  for (std::string line; std::getline(states, line);)
    if (const auto task = store::task_record_from_line(line)) out[{task->model, task->dataset, task->stage}] = task->status;
  return out;
}

}  // namespace

uint64_t RunList::responses_of(const fs::path& run) {
  uint64_t out = 0;
  std::error_code code;
  for (fs::recursive_directory_iterator entry(run / "journal", code), end; !code && entry != end; entry.increment(code)) {
    std::error_code ignored;
    if (!entry->is_regular_file(ignored)) continue;
    Counted& known = counted_[entry->path()];
    const uint64_t size = entry->file_size(ignored);
    if (size < known.bytes) known = {};
    std::ifstream file(entry->path(), std::ios::binary);
    file.seekg(static_cast<std::streamoff>(known.bytes));
    std::string part(size_t{1} << 20, '\0');
    while (file.read(part.data(), static_cast<std::streamsize>(part.size())), file.gcount() > 0) {
      const auto n = file.gcount();
      known.lines += static_cast<uint64_t>(std::count(part.begin(), part.begin() + n, '\n'));
      known.bytes += static_cast<uint64_t>(n);
    }
    out += known.lines;
  }
  return out;
}

ListedRun RunList::look_at(const fs::path& path, std::string name) {
  ListedRun out;
  out.name = std::move(name);
  out.path = path;
  const auto record = record_of(path);
  if (!record) {
    out.status = "unreadable";
    out.error = record.error().message;
    return out;
  }
  out.status = record->status;
  out.started = record->started;
  out.finished = record->finished;
  const auto over = over_of(path);
  std::set<std::string> models, datasets;
  for (const store::TaskRecord& task : record->tasks) {
    if (!task.stage.empty()) continue;
    if (models.insert(task.model).second) out.models.push_back(task.model);
    datasets.insert(task.dataset);
    const auto last = over.find({task.model, task.dataset, task.stage});
    const std::string& status = last == over.end() ? task.status : last->second;
    ++out.tasks;
    out.tasks_over += status != "incomplete";
    out.tasks_failed += status == "failed" || status == "missing";
    out.samples += task.samples;
  }
  out.datasets = datasets.size();
  if (record->finished.empty() && is_locked(path)) {
    out.status = "running";
    out.responses = responses_of(path);
  }
  return out;
}

std::vector<ListedRun> RunList::read() {
  std::vector<ListedRun> out;
  std::error_code code;
  const fs::path top = fs::canonical(folder_, code);
  if (code) return out;
  if (fs::is_regular_file(top / "run.json", code)) out.push_back(look_at(top, top.filename().string()));
  for (fs::recursive_directory_iterator entry(top, fs::directory_options::skip_permission_denied, code), end;
       !code && entry != end; entry.increment(code)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored) || entry->is_symlink(ignored)) continue;  // a link may lead elsewhere
    const bool is_run = fs::is_regular_file(entry->path() / "run.json", ignored);
    if (is_run) out.push_back(look_at(entry->path(), entry->path().lexically_relative(top).string()));
    if (is_run || entry.depth() + 1 >= depth_max) entry.disable_recursion_pending();
  }
  std::sort(out.begin(), out.end(),
            [](const ListedRun& a, const ListedRun& b) { return std::tie(a.started, a.name) > std::tie(b.started, b.name); });
  return out;
}

std::optional<ListedRun> RunList::find(const std::string& name) {
  for (ListedRun& run : read())
    if (run.name == name) return std::move(run);
  return std::nullopt;
}

std::string RunList::to_json(const std::vector<ListedRun>& runs) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  json::Value list(rapidjson::kArrayType);
  for (const ListedRun& run : runs) {
    json::Value item(rapidjson::kObjectType), models(rapidjson::kArrayType);
    for (const auto& [name, text] :
         {std::pair("name", &run.name), std::pair("status", &run.status), std::pair("started", &run.started),
          std::pair("finished", &run.finished), std::pair("error", &run.error)})
      json::set(item, name, *text, a);
    for (const std::string& model : run.models) models.PushBack(json::Value(model, a), a);
    json::set(item, "models", std::move(models), a);
    for (const auto& [name, count] : {std::pair("datasets", run.datasets), std::pair("tasks", run.tasks),
                                      std::pair("tasks_over", run.tasks_over), std::pair("tasks_failed", run.tasks_failed),
                                      std::pair("samples", run.samples), std::pair("responses", run.responses)})
      json::set(item, name, json::Value(count), a);
    list.PushBack(std::move(item), a);
  }
  json::set(out, "runs", std::move(list), a);
  return json::write(out);
}

}  // namespace sextant::cli
