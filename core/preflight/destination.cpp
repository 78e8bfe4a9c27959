#include "destination.hpp"
#include <cerrno>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace sextant::preflight {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t bytes_min = 32 << 10;   // the files of a run without samples

// The folder itself, or the nearest one above it that exists: what is missing below is made by the run.
fs::path existing(fs::path folder) {
  std::error_code code;
  for (folder = fs::absolute(folder, code).lexically_normal(); folder.has_parent_path() && folder != folder.parent_path();
       folder = folder.parent_path())
    if (const fs::file_status status = fs::status(folder, code); fs::exists(status)) break;
  return folder;
}

}  // namespace

void check_destination(const fs::path& work_dir, uint64_t bytes, Findings& findings) {
  const fs::path folder = existing(work_dir);
  const auto refuse = [&](const std::string& what) { findings.refuse("", {Error::Kind::io, what}); };
  std::error_code code;
  const std::string wanted = fmt::format("the run's folder cannot be made in {}", work_dir.string());
  if (!fs::is_directory(folder, code))
    return refuse(fmt::format("{}: {} is not a folder; choose another --work-dir", wanted, folder.string()));
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    return refuse(fmt::format("{}: {} ({}); check its permissions or choose another --work-dir", wanted,
                              errno == EROFS ? "the file system may only be read" : "this user may not write there",
                              folder.string()));
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0) return;  // it is said by whoever writes
  const uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize, needed = bytes + bytes_min;
  if (disk.f_blocks > 0 && free < needed)
    refuse(
        fmt::format("No space left for this run in {}: {:.2f} MiB are free, and it writes at least {:.2f} MiB; free some space "
                    "or choose another --work-dir",
                    folder.string(), static_cast<double>(free) / 1048576, static_cast<double>(needed) / 1048576));
}

}  // namespace sextant::preflight
