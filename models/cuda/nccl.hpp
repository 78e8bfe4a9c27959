// NCCL, opened when a model is held by several GPUs and not before: nothing is linked and no header of it is needed. What is
// called is declared here, with the names and values of NCCL 2 (2.13 and later).
#pragma once
#include <cstddef>
#include <cuda_runtime.h>

namespace sextant::cuda::nccl {

using Communicator = struct ncclComm*;
enum class Result : int { success = 0 };
inline constexpr int type_uint8 = 1;

struct Functions {
  Result (*comm_init_all)(Communicator* communicators, int count, const int* devices);
  Result (*comm_destroy)(Communicator communicator);
  Result (*comm_abort)(Communicator communicator);
  Result (*comm_get_async_error)(Communicator communicator, Result* error);
  Result (*all_gather)(const void* send, void* receive, size_t count, int type, Communicator communicator, cudaStream_t stream);
  Result (*group_start)();
  Result (*group_end)();
  const char* (*get_error_string)(Result result);
  const char* (*get_last_error)(Communicator communicator);
};

/// Opens libnccl.so.2 at the first call; it is never closed. Throws SXT_NO_DEVICE, with what to install, where it is missing or
/// lacks a function. [any] thread.
const Functions& functions();

[[noreturn]] void fail(Result result, const char* call, const char* file, int line);
inline void check(Result result, const char* call, const char* file, int line) {
  if (result != Result::success) fail(result, call, file, line);
}

}  // namespace sextant::cuda::nccl

// function: as NCCL's users know it, "ncclAllGather()"
#define NCCL_CHECK(result, function) ::sextant::cuda::nccl::check(result, function, __FILE__, __LINE__)
