// What a step launches, recorded as a CUDA graph: replaying it costs one call where launching costs hundreds, which is what a
// small model's decoding would wait for.
#pragma once
#include <functional>
#include <map>
#include <vector>
#include "error.hpp"

namespace sextant::cuda {

class RecordedSteps {
 public:
  RecordedSteps() = default;
  ~RecordedSteps() { clear(); }
  RecordedSteps(const RecordedSteps&) = delete;
  RecordedSteps& operator=(const RecordedSteps&) = delete;

  /// Has `launches` put its work into the stream, or replays what it launched under an equal key. The key holds everything that
  /// the launches depend on. The first time nothing is recorded: many steps never come back, and kernels must not be loaded
  /// while a stream is recorded.
  void run(const std::vector<size_t>& key, cudaStream_t stream, const std::function<void()>& launches);
  uint64_t replayed() const { return replayed_; }

 private:
  static cudaGraphExec_t record(cudaStream_t stream, const std::function<void()>& launches);
  void clear();

  std::map<std::vector<size_t>, cudaGraphExec_t> steps_;  // null: seen once
  uint64_t replayed_ = 0;
};

}  // namespace sextant::cuda
