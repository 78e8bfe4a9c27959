#include "group.hpp"
#include <sextant/sdk.hpp>
#include "error.hpp"

namespace sextant::cuda {

using nccl::functions;
using nccl::Result;

Group::Group(const std::vector<int>& gpus) : gpus_(gpus) {
  std::vector<nccl::Communicator> made(gpus.size(), nullptr);
  NCCL_CHECK(functions().comm_init_all(made.data(), static_cast<int>(made.size()), gpus.data()), "ncclCommInitAll()");
  communicators_ = std::move(made);
  CUDA_CHECK(cudaSetDevice(gpus.front()));
}

Group::~Group() {
  for (const nccl::Communicator c : communicators_) (void)functions().comm_destroy(c);
}

void Group::all_gather(std::span<const Member> members, size_t bytes) {
  if (communicators_.empty())
    throw PluginError(SXT_NO_DEVICE, "the GPUs that hold the model together failed before; start again");
  const nccl::Functions& f = functions();
  try {
    NCCL_CHECK(f.group_start(), "ncclGroupStart()");
    Result put = Result::success;
    for (size_t rank = 0; rank < members.size() && put == Result::success; ++rank) {
      const Member& m = members[rank];
      put = f.all_gather(m.send, m.receive, bytes, nccl::type_uint8, communicators_[rank], m.stream);
    }
    const Result ended = f.group_end();  // also after a failure: the thread is left as it was
    NCCL_CHECK(put, "ncclAllGather()");
    NCCL_CHECK(ended, "ncclGroupEnd()");
  } catch (...) {
    abort();
    throw;
  }
}

void Group::check() {
  for (const nccl::Communicator c : communicators_) {
    Result state = Result::success;
    NCCL_CHECK(functions().comm_get_async_error(c, &state), "ncclCommGetAsyncError()");
    if (state == Result::success) continue;
    try {
      nccl::fail(state, "ncclAllGather()", __FILE__, __LINE__);
    } catch (...) {
      abort();
      throw;
    }
  }
}

void Group::abort() noexcept {
  for (const nccl::Communicator c : communicators_) (void)functions().comm_abort(c);
  communicators_.clear();
}

}  // namespace sextant::cuda
