// The train split of a data set: what retrievers take examples from. Rows are read when they are asked for, and kept.
// Threads: [owner].
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>
#include "../plugin/components.hpp"
#include "derive.hpp"

namespace sextant::load {

class Corpus {
 public:
  /// `count`: the split's rows. `name` and `path` are for messages.
  Corpus(plugin::Dataset loader, Derive derive, std::string split, uint64_t count, std::string name, std::string path);
  uint64_t size() const { return records_.size(); }
  /// The record of a row, as JSON, its derived columns set. A row that the split does not have is an Error that names it.
  Result<std::string> row(uint64_t index);
  Result<std::vector<std::string>> rows(std::span<const uint64_t> indices);
  /// Every row, in order.
  Result<std::vector<std::string>> all();

 private:
  Result<void> read(uint64_t first, uint64_t n);
  plugin::Dataset loader_;
  Derive derive_;
  std::string split_, name_, path_;
  std::vector<std::string> records_;   // empty: not read yet
};

/// Records `first` to `first + n - 1` of a split, their derived columns set; at most 1000 are asked of a loader at once.
Result<std::vector<std::string>> read_records(plugin::Dataset& loader, const Derive& derive, const std::string& split,
                                              uint64_t first, uint64_t n);

}  // namespace sextant::load
