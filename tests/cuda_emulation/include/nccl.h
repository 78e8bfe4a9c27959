// The part of NCCL that the backend uses: GPUs of one process and the gathering of what each has. Names and values are
// NVIDIA's. The data moves when the streams get there, after the checks that the real one makes; where the real one would wait
// for ever, the program ends with a sentence.
#pragma once
#include "cuda_runtime.h"

enum ncclResult_t {
  ncclSuccess = 0,
  ncclUnhandledCudaError = 1,
  ncclSystemError = 2,
  ncclInternalError = 3,
  ncclInvalidArgument = 4,
  ncclInvalidUsage = 5,
  ncclRemoteError = 6,
  ncclInProgress = 7,
};
enum ncclDataType_t {
  ncclInt8 = 0,
  ncclUint8 = 1,
  ncclInt32 = 2,
  ncclUint32 = 3,
  ncclInt64 = 4,
  ncclUint64 = 5,
  ncclFloat16 = 6,
  ncclFloat32 = 7,
  ncclFloat64 = 8,
  ncclBfloat16 = 9
};
using ncclComm_t = struct ncclComm*;

extern "C" {
ncclResult_t ncclCommInitAll(ncclComm_t* communicators, int count, const int* devices);
ncclResult_t ncclCommDestroy(ncclComm_t communicator);
ncclResult_t ncclCommAbort(ncclComm_t communicator);
ncclResult_t ncclCommGetAsyncError(ncclComm_t communicator, ncclResult_t* error);
ncclResult_t ncclAllGather(const void* send, void* receive, size_t count, ncclDataType_t type, ncclComm_t communicator,
                           cudaStream_t stream);
ncclResult_t ncclGroupStart();
ncclResult_t ncclGroupEnd();
const char* ncclGetErrorString(ncclResult_t result);
const char* ncclGetLastError(ncclComm_t communicator);
}

namespace emulation {

/// What goes wrong with NCCL: "" nothing, "absent" the library, "fails:N" the gather that follows N others, "breaks:N" that one
/// while it runs, "skips:N" that one delivers nothing and says nothing. The environment's CUDA_EMULATION_NCCL is the default.
/// Begins to count anew.
void set_nccl(const char* fault);
/// Gathers so far, and the bytes that each device received in them.
struct NcclTraffic {
  uint64_t gathers, bytes;
};
NcclTraffic nccl_traffic();

}  // namespace emulation
