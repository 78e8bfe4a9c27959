// journal/<model>/<task>.jsonl: one line a finished sample, appended before the sample counts. Format: docs/files.md.
// A killed run leaves at most one half line at the end, which is cut off when the journal is opened again.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include "../base/files.hpp"
#include "sample.hpp"

namespace sextant::store {

class Journal {
 public:
  /// Opens or makes the file and reads what is there; a half last line is cut off, a broken line elsewhere is skipped with a
  /// warning (its sample is computed again).
  static Result<Journal> open(const std::filesystem::path& path);
  /// The sample of that key that was there when the file was opened, or null. Keys: content_key().
  const Sample* find(const std::string& key) const;
  /// Nothing more will be looked for: lets go of what find() could give.
  void forget();
  size_t size() const { return by_key_.size(); }
  /// Writes the sample's line unless its key is there; keeps nothing but the key.
  Result<void> append(const Sample& sample);

 private:
  explicit Journal(AppendFile file) : file_(std::move(file)) {}
  AppendFile file_;
  std::unordered_map<std::string, std::optional<Sample>> by_key_;
};

/// The samples of another run's journal; empty where there is none. Never writes.
std::vector<Sample> read_journal(const std::filesystem::path& path);

/// What an answer depends on: sha256 over the canonical JSON of these. A change of any gives another key, so an old answer is
/// never reused for a new question.
struct KeyParts {
  std::string record_json;        // the data row
  std::vector<std::string> prompts;   // rendered texts (and continuations) in order
  std::string weights_sha256;
  std::string model_config;       // the backend's id and resolved configuration, without what cannot change an answer
  std::string generation;         // canonical JSON of method, lengths, sampling, stops
  std::string code_version;       // sextant's version and the backend plugin's sha256
  uint64_t index = 0;             // equal rows are still two samples
};
std::string content_key(const KeyParts& parts);

}  // namespace sextant::store
