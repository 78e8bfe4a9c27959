#include "destination.hpp"
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace sextant::preflight {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t bytes_min = 256 << 10;  // the files of a run without samples

// The folder itself, or the nearest one above it that exists: what is missing below is made by the run.
fs::path existing(fs::path folder) {
  std::error_code code;
  for (folder = fs::absolute(folder, code).lexically_normal(); folder.has_parent_path() && folder != folder.parent_path(); folder = folder.parent_path())
    if (const fs::file_status status = fs::status(folder, code); fs::exists(status)) break;
  return folder;
}

}  // namespace

void check_destination(const fs::path& work_dir, uint64_t bytes, Findings& findings) {
  const fs::path folder = existing(work_dir);
  const auto refuse = [&](const std::string& what) { findings.refuse("", {Error::Kind::io, what}); };
  std::error_code code;
  if (!fs::is_directory(folder, code)) return refuse(fmt::format("{} is not a folder; choose another --work-dir", folder.string()));
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    return refuse(fmt::format("nothing can be written in {}: {}; choose another --work-dir", folder.string(), std::strerror(errno)));
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0) return;  // it is said by whoever writes
  const uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize, needed = bytes + bytes_min;
  if (disk.f_blocks > 0 && free < needed)
    refuse(fmt::format("{} has {:.1f} MiB free, and this run writes at least {:.1f} MiB there; free some space or choose another --work-dir", folder.string(),
                       static_cast<double>(free) / 1048576, static_cast<double>(needed) / 1048576));
}

}  // namespace sextant::preflight
