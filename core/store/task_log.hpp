// logs/infer/<model>/<task>.out and logs/eval/...: what happened to one task, for a person; its end is shown when it failed.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::store {

class TaskLog {
 public:
  static constexpr size_t stamp_bytes = 20;  // "2026-11-23 21:00:00 "
  explicit TaskLog(std::filesystem::path path) : path_(std::move(path)) {}
  /// Appends "2026-11-23 21:00:00 line"; a failure to write is ignored, the log is not a result.
  void line(std::string_view text) const;
  const std::filesystem::path& path() const { return path_; }
  /// The last `count` lines of the file.
  static std::vector<std::string> tail(const std::filesystem::path& path, size_t count);

 private:
  std::filesystem::path path_;
};

}  // namespace sextant::store
