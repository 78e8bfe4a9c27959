// predictions/<model>/<task>.json: what came of each attempt, in OpenCompass' form with members more, from which a set is
// scored again and its samples file written anew (docs/files.md). Written and read an attempt at a time: what is kept in memory
// is where each stands.
#pragma once
#include <filesystem>
#include <string_view>
#include <vector>
#include "../base/file_parts.hpp"
#include "../base/spool.hpp"
#include "../data/attempt.hpp"

namespace sextant::store {

/// gen: {"0": {"origin_prompt", "prediction", "gold", ...}}; ppl: {"0": {"label: A": {"testing input", "prompt", "PPL", "BPB"},
/// ..., "origin_prompt", "prediction", "gold", ...}}; for continuations "logprob" and "tokens" instead. Doubles survive being
/// read back. Attempts come in whatever order; the file has those of the first repeat in the order of their numbers, then those
/// of the next. Threads: [owner].
class PredictionsWriter {
 public:
  PredictionsWriter(std::filesystem::path path, data::Form form, uint32_t repeats)
      : path_(std::move(path)), form_(form), repeats_(repeats), spool_(path_.parent_path()) {}
  /// `number`: its place among all attempts, row by row, then repeat by repeat.
  Result<void> add(uint64_t number, const data::Attempt& attempt);
  /// Writes the file, at once. Every number up to the highest has been added.
  Result<void> finish();

 private:
  struct Place {
    uint64_t offset = 0, size = 0;
  };
  std::filesystem::path path_;
  data::Form form_;
  uint64_t repeats_;
  Spool spool_;
  std::vector<Place> places_;        // [number]
};

/// A predictions file, its attempts read when they are asked for. Threads: const members are [any].
class Predictions {
 public:
  /// `task` is put into the attempts' ids. Looks at where the attempts stand, and not into them.
  static Result<Predictions> open(const std::filesystem::path& path, std::string_view task = {});
  uint64_t size() const { return places_.size(); }
  /// Attempts `first` to `first + n - 1` in the file's order. Prompts come back as OpenCompass' form holds them: the first
  /// one's text, or its turns.
  Result<std::vector<data::Attempt>> read(uint64_t first, uint64_t n) const;

 private:
  struct Place {
    uint64_t begin = 0, end = 0;
  };
  Predictions(InputFile file, std::string_view task) : file_(std::move(file)), task_(task) {}
  Result<void> find_places();
  Error broken(const std::string& what) const;
  InputFile file_;
  std::string task_;
  std::vector<Place> places_;
};

}  // namespace sextant::store
