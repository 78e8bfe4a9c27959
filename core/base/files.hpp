// Files as the core reads and writes them: whole, checked, and never half-written. Errors name the path and the remedy.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/result.hpp>

namespace sextant {

/// A regular file's whole content (at most `bytes_max`; a pipe or device is refused, a directory named as one).
Result<std::string> read_file(const std::filesystem::path& path, uint64_t bytes_max = uint64_t{1} << 32);

/// Replaces the file at once: written to a temporary file in its folder, flushed to the disk, renamed. After a crash the old or
/// the new content is there, whole. Folders on the way are made.
Result<void> write_file(const std::filesystem::path& path, std::string_view content);

Result<void> make_folders(const std::filesystem::path& folder);

/// An open file that lines are appended to; each append is one write(2) and reaches the kernel before it returns, so a
/// SIGKILL loses no finished line. Threads: [owner].
class AppendFile {
 public:
  static Result<AppendFile> open(const std::filesystem::path& path);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;
  ~AppendFile();
  /// `lines` is one or more whole lines with their LF. A write that ended short (full disk) is taken back before the error
  /// is returned, so that no half line stays.
  Result<void> append(std::string_view lines);

 private:
  AppendFile(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::filesystem::path path_;
};

/// $XDG_CACHE_HOME/sextant or ~/.cache/sextant; likewise data ($XDG_DATA_HOME/sextant or ~/.local/share/sextant).
std::filesystem::path cache_folder();
std::filesystem::path data_folder();

}  // namespace sextant
