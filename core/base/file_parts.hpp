// Files that are too big to be held whole: read and written in parts. Errors name the path and the remedy, as those of
// files.hpp.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <sextant/result.hpp>

namespace sextant {

/// A regular file that is read in parts. Threads: const members are [any].
class InputFile {
 public:
  /// One that is missing is an Error of kind missing.
  static Result<InputFile> open(const std::filesystem::path& path);
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&& other) noexcept;
  ~InputFile();
  const std::filesystem::path& path() const { return path_; }
  /// In bytes, when it was opened.
  uint64_t size() const { return size_; }
  /// Fewer bytes where the file ends before.
  Result<std::string> read(uint64_t offset, uint64_t size) const;

 private:
  InputFile(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::filesystem::path path_;
  uint64_t size_ = 0;
};

/// Replaces a file as write_file() does, by content that comes in parts: it is there, whole, after commit(), and else never.
/// Threads: [owner].
class FileWriter {
 public:
  static Result<FileWriter> open(const std::filesystem::path& path);
  FileWriter(FileWriter&& other) noexcept;
  ~FileWriter();
  Result<void> write(std::string_view part);
  Result<void> commit();

 private:
  FileWriter(int fd, std::filesystem::path path, std::filesystem::path temporary)
      : fd_(fd), path_(std::move(path)), temporary_(std::move(temporary)) {}
  Result<void> flush();
  int fd_ = -1;
  std::filesystem::path path_, temporary_;
  std::string waiting_;              // to be written
};

}  // namespace sextant
