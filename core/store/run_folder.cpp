#include "run_folder.hpp"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include "../base/files.hpp"
#include "../base/io.hpp"
#include "../base/local_time.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"

namespace sextant::store {
namespace fs = std::filesystem;
namespace {

constexpr const char* lock_name = ".lock";

// YYYYmmdd_HHMMSS, perhaps with _2
bool is_timestamp(const std::string& name) {
  if (name.size() < 15 || name[8] != '_') return false;
  for (size_t i = 0; i < 15; ++i)
    if (i != 8 && (name[i] < '0' || name[i] > '9')) return false;
  return name.size() == 15 ||
         (name[15] == '_' && name.size() > 16 && name.size() < 22 && name.find_first_not_of("0123456789", 16) == name.npos);
}
// by time, then by the number behind it: ..._2 before ..._10
std::pair<std::string, int> sort_key(const std::string& name) {
  return {name.substr(0, 15), name.size() > 16 ? std::atoi(name.c_str() + 16) : 1};
}

Result<std::string> last_run(const fs::path& work_dir) {
  std::error_code code;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(work_dir, code), end; !code && entry != end; entry.increment(code))
    if (std::error_code ignored; entry->is_directory(ignored) && is_timestamp(entry->path().filename().string()))
      names.push_back(entry->path().filename().string());
  if (code && code != std::errc::no_such_file_or_directory)
    return Error{Error::Kind::io,
                 fmt::format("cannot list {}: {}; choose another --work-dir", work_dir.string(), code.message())};
  if (names.empty()) return Error{Error::Kind::missing, fmt::format("there is no run in {} to reuse", work_dir.string())};
  return *std::max_element(names.begin(), names.end(), [](const auto& a, const auto& b) { return sort_key(a) < sort_key(b); });
}

// Takes the folder's lock, or says who has it. The lock goes with the process, however it ends; the file stays and names the
// last one that had it. -1: the folder may not be written; what only looks at it needs no lock, and who writes
// is told by the first file.
Result<int> lock(const fs::path& folder) {
  const fs::path path = folder / lock_name;
  const int fd = open_file(path, O_RDWR | O_CREAT);
  if (fd < 0 && (errno == EROFS || errno == EACCES || errno == EPERM)) return -1;
  if (fd < 0) return Error{Error::Kind::io, fmt::format("cannot write {}: {}", path.string(), io_reason(errno))};
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      log_warning(fmt::format("{} cannot be locked ({}); make sure that no other process writes that run", folder.string(),
                              std::strerror(errno)));
      return fd;
    }
    char owner[32] = {};
    const ssize_t n = ::pread(fd, owner, sizeof owner - 1, 0);
    ::close(fd);
    return Error{
        Error::Kind::io,
        fmt::format("{} is being written by {}; wait for it or choose another --work-dir", folder.string(),
                    n > 0 ? fmt::format("process {}", std::string_view(owner, static_cast<size_t>(n))) : "another process")};
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    // the lock holds all the same; only its owner's number is unknown to others
  }
  return fd;
}

}  // namespace

RunFolder::RunFolder(fs::path path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}
RunFolder::RunFolder(RunFolder&& other) noexcept : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)) {}
RunFolder::~RunFolder() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

Result<RunFolder> RunFolder::create(const fs::path& work_dir) {
  std::error_code code;
  if (fs::exists(work_dir, code) && !fs::is_directory(work_dir, code))
    return Error{Error::Kind::io, fmt::format("{} is not a folder; choose another --work-dir", work_dir.string())};
  SXT_CHECK(make_folders(work_dir));
  const std::string timestamp = local_time("%Y%m%d_%H%M%S");
  for (int i = 1; i < 10000; ++i) {
    const fs::path path = work_dir / (i == 1 ? timestamp : fmt::format("{}_{}", timestamp, i));
    if (!fs::create_directory(path, code)) {
      if (code)
        return Error{Error::Kind::io,
                     fmt::format("cannot make the folder {}: {}; choose another --work-dir", path.string(), code.message())};
      continue;  // taken
    }
    SXT_TRY(const int fd, lock(path));
    return RunFolder(path, fd);
  }
  return Error{Error::Kind::io, fmt::format("{} has no free name for a run at {}", work_dir.string(), timestamp)};
}

Result<RunFolder> RunFolder::reuse(const fs::path& work_dir, std::string_view timestamp) {
  std::error_code code;
  std::string name(timestamp);
  if (name.empty() || name == "latest") {
    SXT_TRY(name, last_run(work_dir));
  } else if (name == "." || name == ".." || !std::all_of(name.begin(), name.end(), is_file_name_byte)) {
    return Error{Error::Kind::usage,
                 fmt::format("'{}' names no run; give the name of a folder in {}", name, work_dir.string())};
  } else if (!fs::is_directory(work_dir / name, code)) {
    const auto last = last_run(work_dir);
    return Error{Error::Kind::missing, fmt::format("there is no run {} to reuse{}", (work_dir / name).string(),
                                                   last ? fmt::format(" (the last one there is {})", *last) : "")};
  }
  SXT_TRY(const int fd, lock(work_dir / name));
  return RunFolder(work_dir / name, fd);
}

const fs::path& RunFolder::path() const { return path_; }
std::string RunFolder::timestamp() const { return path_.filename().string(); }
fs::path RunFolder::config() const { return path_ / "configs" / "run.json"; }
fs::path RunFolder::graph() const { return path_ / "configs" / "graph.json"; }
fs::path RunFolder::run_json() const { return path_ / "run.json"; }
fs::path RunFolder::states() const { return path_ / "states.jsonl"; }
fs::path RunFolder::earlier() const { return path_ / "earlier"; }
fs::path RunFolder::journal(std::string_view model, std::string_view task) const { return journal_path(path_, model, task); }
fs::path RunFolder::infer_log(std::string_view model, std::string_view task) const {
  return path_ / "logs" / "infer" / safe_file_name(model) / (safe_file_name(task) + ".out");
}
fs::path RunFolder::eval_log(std::string_view model, std::string_view task) const {
  return path_ / "logs" / "eval" / safe_file_name(model) / (safe_file_name(task) + ".out");
}
fs::path RunFolder::predictions(std::string_view model, std::string_view task) const {
  return path_ / "predictions" / safe_file_name(model) / (safe_file_name(task) + ".json");
}
fs::path RunFolder::samples(std::string_view model, std::string_view task) const {
  return path_ / "samples" / safe_file_name(model) / (safe_file_name(task) + ".jsonl");
}
fs::path RunFolder::results(std::string_view model, std::string_view task) const {
  return path_ / "results" / safe_file_name(model) / (safe_file_name(task) + ".json");
}
fs::path RunFolder::summary(std::string_view extension) const {
  return path_ / "summary" / fmt::format("summary_{}.{}", timestamp(), extension);
}

std::string judged_name(std::string_view task, std::string_view model) { return fmt::format("{}@{}", task, model); }

fs::path journal_folder(const fs::path& run_folder, std::string_view model) {
  return run_folder / "journal" / safe_file_name(model);
}

fs::path journal_path(const fs::path& run_folder, std::string_view model, std::string_view task) {
  return journal_folder(run_folder, model) / (safe_file_name(task) + ".jsonl");
}

}  // namespace sextant::store
