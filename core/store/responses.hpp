// The responses that a model has given in this run (and, for --cache, in earlier ones), by content key:
// journal/<model>/<task>.jsonl, one line each, appended before it counts. What stands there is asked no model again, whichever
// task asks. Format: docs/files.md. A killed run leaves at most one half line at a file's end, which is cut off when the file
// is opened again. Only places are kept in memory; a line is parsed when it is asked for. Threads: [owner].
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include "../base/file_parts.hpp"
#include "../base/files.hpp"
#include "../data/response.hpp"

namespace sextant::store {

class Responses {
 public:
  /// Reads what is there below `folder` (journal/<model> of a run). `earlier`: the same folders of earlier runs, never written.
  /// A broken line is skipped with a warning: what stood there is asked again.
  static Result<Responses> open(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& earlier = {});
  /// Nothing is kept and nothing is known: for a plan, and for a command that has no run.
  static Responses none() { return Responses({}); }

  /// The file of a task, which append() will write, can be written. Few are kept open: a run may have more sets than a process
  /// may have open files.
  Result<void> open_task(const std::string& task);
  bool knows(std::string_view key) const;
  /// The response of that key, where there is one that can be read. A line that cannot be is forgotten with a warning: it is
  /// asked again.
  std::optional<data::Response> find(std::string_view key);
  /// Writes the line to the task's file, unless this run has the key.
  Result<void> append(const std::string& task, const data::Response& response);
  struct Entry {
    const std::string* task = nullptr;
    const data::Response* response = nullptr;
  };
  /// The same for several, with one write(2) for each file.
  Result<void> append(std::span<const Entry> entries);
  /// True the first time that it is asked of a response which stood here when the run began: its tokens are counted once.
  bool take_charge(std::string_view key);
  size_t size() const { return places_.size(); }

 private:
  using Key = std::array<uint64_t, 2>;  // the first 128 bits of the SHA-256
  struct Hash {
    size_t operator()(const Key& key) const noexcept { return static_cast<size_t>(key[0]); }
  };
  struct Place {
    uint64_t offset = 0;
    uint64_t size : 40 = 0, file : 23 = 0, charged : 1 = 0;
  };
  struct File {
    std::filesystem::path path;
    bool own = true;
    uint64_t size = 0;                     // of what was read and written
    std::optional<AppendFile> out;
  };
  explicit Responses(std::filesystem::path folder) : folder_(std::move(folder)) {}
  static std::optional<Key> packed(std::string_view hex);
  Result<uint32_t> read(const std::filesystem::path& path, bool own);
  std::optional<Key> key_of_line(std::string_view line) const;
  void remember(const Key& key, const Place& place);
  std::optional<data::Response> read_line(const Place& place);
  Result<AppendFile*> opened(uint32_t number);
  Result<uint32_t> file_of(const std::string& task);

  std::filesystem::path folder_;
  std::vector<File> files_;
  std::map<std::string, uint32_t> by_task_;
  std::deque<uint32_t> open_;              // files that are open, the one that was opened first in front
  std::unordered_map<Key, Place, Hash> places_;
  std::optional<std::pair<uint32_t, InputFile>> being_read_;
};

/// All responses of a journal's file; empty where there is none. Never writes.
std::vector<data::Response> read_journal(const std::filesystem::path& path);

}  // namespace sextant::store
