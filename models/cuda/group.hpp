// GPUs that hold one model together, as the device sees them: what each has computed of some rows reaches all of them.
// One thread puts a gather into all streams at once, so no GPU ever waits for another whose work has not been asked for.
#pragma once
#include <cstddef>
#include <span>
#include <vector>
#include "nccl.hpp"

namespace sextant::cuda {

class Group {
 public:
  /// Of these GPUs; the calling thread may have any chosen, and has the first one afterwards.
  explicit Group(const std::vector<int>& gpus);
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  struct Member {
    const void* send;     // [bytes] of this GPU
    void* receive;        // [ranks][bytes]
    cudaStream_t stream;  // both are touched in its order
  };
  /// One member for each GPU, in their order. Where it fails, the group is given up.
  void all_gather(std::span<const Member> members, size_t bytes);
  /// Throws where a gather that runs has failed: nothing else would tell, and the streams would wait for ever.
  void check();
  /// Ends what runs; nothing can be gathered afterwards.
  void abort() noexcept;

 private:
  const std::vector<int> gpus_;
  std::vector<nccl::Communicator> communicators_;  // empty: given up
};

}  // namespace sextant::cuda
