#include "files.hpp"
#include "file_parts.hpp"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <mutex>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>
#include "io.hpp"

namespace sextant {
namespace fs = std::filesystem;
namespace {

Error io_error(std::string_view what, const fs::path& path, int code) {
  return {Error::Kind::io, fmt::format("cannot {} {}: {}", what, path.string(), io_reason(code))};
}

// write(2) until all is out; errno is left for the caller
bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

fs::path xdg_folder(const char* variable, const char* below_home) {
  if (const char* value = std::getenv(variable); value && *value == '/') return fs::path(value) / "sextant";
  const char* home = std::getenv("HOME");
  const passwd* user = home && *home ? nullptr : ::getpwuid(::getuid());
  if (user) home = user->pw_dir;
  return fs::path(home && *home ? home : "/nonexistent") / below_home / "sextant";
}

// What descriptors were opened on. A plugin may close any, and its number goes to the next file that is opened: what is
// appended would stand there.
class OpenedFiles {
 public:
  void note(int fd) {
    struct stat status{};
    const std::lock_guard lock(mutex_);
    if (::fstat(fd, &status) == 0) files_[fd] = {status.st_dev, status.st_ino};
  }
  void forget(int fd) {
    const std::lock_guard lock(mutex_);
    files_.erase(fd);
  }
  bool is_still(int fd, const struct stat& status) {
    const std::lock_guard lock(mutex_);
    const auto it = files_.find(fd);
    return it != files_.end() && it->second == std::pair(status.st_dev, status.st_ino);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<int, std::pair<dev_t, ino_t>> files_;
};
OpenedFiles& opened_files() {
  static auto* instance = new OpenedFiles;  // never destroyed: files may be closed late
  return *instance;
}

}  // namespace

std::string io_reason(int code) {
  const char* remedy = "";
  switch (code) {
    case EACCES: case EPERM: case EROFS: remedy = "; check its permissions"; break;
    case ENOSPC: case EDQUOT: remedy = "; free some space there or choose another folder"; break;
    case ENOENT: remedy = "; check the path"; break;
    case EFBIG: remedy = "; allow larger files (ulimit -f) or choose another folder"; break;
    case EMFILE: remedy = "; allow this process more open files (ulimit -n)"; break;
    case ENFILE: remedy = "; this machine has no more open files to give (sysctl fs.file-max)"; break;
    case ENAMETOOLONG: remedy = "; choose a shorter path"; break;
    default: break;
  }
  return std::string(std::strerror(code)) + remedy;
}

int open_file(const fs::path& path, int flags) {
  return beyond_standard(::open(path.c_str(), flags | O_CLOEXEC, 0666));
}

int beyond_standard(int fd) {
  if (fd < 0 || fd > 2) return fd;
  const int safe = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  const int code = errno;
  ::close(fd);
  errno = code;
  return safe;
}

Result<InputFile> InputFile::open(const fs::path& path) {
  // O_NONBLOCK: opening a pipe that nobody writes must not hang
  const int fd = open_file(path, O_RDONLY | O_NONBLOCK);
  if (fd < 0) {
    const int code = errno;
    Error error = io_error("read", path, code);
    if (code == ENOENT) error.kind = Error::Kind::missing;
    return error;
  }
  InputFile file(fd, path);
  struct stat status{};
  if (::fstat(fd, &status) != 0) return io_error("read", path, errno);
  if (S_ISDIR(status.st_mode)) return Error{Error::Kind::io, fmt::format("{} is a directory; name a file", path.string())};
  if (!S_ISREG(status.st_mode))
    return Error{Error::Kind::io,
                 fmt::format("{} is not a regular file (a pipe or device?); copy it to a file first", path.string())};
  file.size_ = static_cast<uint64_t>(status.st_size);
  return file;
}
InputFile::InputFile(InputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), size_(other.size_) {}
InputFile& InputFile::operator=(InputFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  std::swap(size_, other.size_);
  return *this;
}
InputFile::~InputFile() {
  if (fd_ >= 0) ::close(fd_);
}
Result<std::string> InputFile::read(uint64_t offset, uint64_t size) const {
  std::string out(size, '\0');
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("read", path_, errno);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  out.resize(done);
  return out;
}

Result<std::string> read_file(const fs::path& path, uint64_t bytes_max) {
  auto file = InputFile::open(path);
  if (!file) return Error{Error::Kind::io, file.error().message};
  if (file->size() > bytes_max)
    return Error{Error::Kind::io, fmt::format("{} has {} bytes, more than the {} that such a file may have", path.string(),
                                              file->size(), bytes_max)};
  return file->read(0, file->size());
}

Result<void> make_folders(const fs::path& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return io_error("make the folder", folder, code.value());
  return {};
}

Result<FileWriter> FileWriter::open(const fs::path& path) {
  if (path.has_parent_path()) SXT_CHECK(make_folders(path.parent_path()));
  fs::path temporary = path;
  temporary += fmt::format(".{}.tmp", ::getpid());
  const int fd = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
  if (fd < 0) return io_error("write", path, errno);
  return FileWriter(fd, path, std::move(temporary));
}
FileWriter::FileWriter(FileWriter&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      waiting_(std::move(other.waiting_)) {}
FileWriter::~FileWriter() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}
Result<void> FileWriter::flush() {
  if (!write_all(fd_, waiting_)) return io_error("write", path_, errno);
  waiting_.clear();
  return {};
}
Result<void> FileWriter::write(std::string_view part) {
  constexpr size_t waiting_max = 256 << 10;
  waiting_ += part;
  return waiting_.size() < waiting_max ? Result<void>() : flush();
}
Result<void> FileWriter::commit() {
  SXT_CHECK(flush());
  if (::fsync(fd_) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) return io_error("write", path_, errno);
  ::close(std::exchange(fd_, -1));
  return {};
}

Result<void> write_file(const fs::path& path, std::string_view content) {
  SXT_TRY(FileWriter file, FileWriter::open(path));
  SXT_CHECK(file.write(content));
  return file.commit();
}

Result<AppendFile> AppendFile::open(const fs::path& path) {
  if (path.has_parent_path()) SXT_CHECK(make_folders(path.parent_path()));
  const int fd = open_file(path, O_WRONLY | O_CREAT | O_APPEND);
  if (fd < 0) return io_error("write", path, errno);
  opened_files().note(fd);
  return AppendFile(fd, path);
}
AppendFile::AppendFile(AppendFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  return *this;
}
AppendFile::~AppendFile() {
  if (fd_ < 0) return;
  opened_files().forget(fd_);
  ::close(fd_);
}
Result<void> AppendFile::append(std::string_view lines) {
  struct stat before{};
  if (::fstat(fd_, &before) != 0 || !opened_files().is_still(fd_, before))
    return Error{Error::Kind::io,
                 fmt::format("{} was closed while it was being written, which only a plugin of this run can have done; nothing "
                             "more can be kept there",
                             path_.string())};
  if (before.st_nlink == 0)
    return Error{Error::Kind::io,
                 fmt::format("{} was removed while it was being written; nothing more can be kept there", path_.string())};
  if (write_all(fd_, lines)) return {};
  const int code = errno;
  if (::ftruncate(fd_, before.st_size) != 0) return io_error("write (and could not take back a half line of)", path_, code);
  return io_error("write", path_, code);
}

fs::path cache_folder() { return xdg_folder("XDG_CACHE_HOME", ".cache"); }
fs::path data_folder() { return xdg_folder("XDG_DATA_HOME", ".local/share"); }

}  // namespace sextant
