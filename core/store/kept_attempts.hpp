// The attempts of a predictions file as the run that wrote it keeps them until it has scored them, so that nothing is parsed that
// was just written. They are what the file gives back, bit for bit; who scores later reads the file. Threads: [any].
#pragma once
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>
#include "../base/spool.hpp"
#include "../data/attempt.hpp"

namespace sextant::store {

class KeptAttempts {
 public:
  /// `folder`: for what does not fit into the memory. `task` is put into the attempts' ids.
  KeptAttempts(std::filesystem::path folder, std::string task, data::Form form, uint32_t repeats)
      : spool_(std::move(folder)), task_(std::move(task)), form_(form), repeats_(repeats) {}
  /// As PredictionsWriter::add.
  Result<void> add(uint64_t number, const data::Attempt& attempt);
  uint64_t size() const { return places_.size(); }
  /// As Predictions::read.
  Result<std::vector<data::Attempt>> read(uint64_t first, uint64_t n);

 private:
  struct Place {
    uint64_t offset = 0, size = 0;
  };
  std::mutex mutex_;
  Spool spool_;
  std::vector<Place> places_;        // [number]
  const std::string task_;
  const data::Form form_;
  const uint64_t repeats_;
};

}  // namespace sextant::store
