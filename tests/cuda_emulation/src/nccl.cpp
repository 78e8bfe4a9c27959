// NCCL for the devices of the emulation. A gather stands in the streams of all its devices; the first stream that gets there
// lets the others catch up, as on real ones each waits for all.
#include "nccl.h"
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>
#include "device.hpp"
#include "dlfcn.h"
#include "failure.hpp"
#include "memory.hpp"
#include "stream.hpp"

struct ncclComm {
  struct Clique {  // the communicators that were made together
    int ranks;
    ncclResult_t state = ncclSuccess;
  };
  std::shared_ptr<Clique> clique;
  int rank, device;
  bool aborted = false;
};

namespace emulation {
namespace {

struct Member {
  ncclComm_t communicator;
  const void* send;
  void* receive;
  size_t bytes;
  cudaStream_t stream;
  uint64_t position = 0;
  int device = 0;
};
struct Gather {
  std::vector<Member> members;  // by rank
  bool delivers = true, done = false;
};

struct Fault {
  std::string kind;
  uint64_t after = 0;
};
Fault parse(const char* text) {
  const std::string all = text ? text : "";
  const size_t colon = all.find(':');
  return {all.substr(0, colon), colon == std::string::npos ? 0 : std::strtoull(all.c_str() + colon + 1, nullptr, 10)};
}
Fault& fault() {
  static Fault f = parse(std::getenv("CUDA_EMULATION_NCCL"));
  return f;
}
uint64_t gathers = 0, received = 0;
std::string last_error, open_error;

thread_local int depth = 0;
thread_local std::vector<Member> asked;

ncclResult_t refuse(ncclResult_t result, const std::string& why) {
  last_error = why;
  return result;
}

size_t size_of(ncclDataType_t type) {
  switch (type) {
    case ncclInt8: case ncclUint8: return 1;
    case ncclFloat16: case ncclBfloat16: return 2;
    case ncclInt32: case ncclUint32: case ncclFloat32: return 4;
    case ncclInt64: case ncclUint64: case ncclFloat64: return 8;
  }
  return 0;
}

void deliver(Gather& gather) {
  if (gather.done) return;
  gather.done = true;
  for (const Member& m : gather.members) run_before(m.stream, m.position);
  std::vector<unsigned char> all;
  for (const Member& m : gather.members) {
    reach_only(m.device);
    const auto* from = static_cast<const unsigned char*>(m.send);
    all.insert(all.end(), from, from + m.bytes);
  }
  for (const Member& m : gather.members) {
    if (!gather.delivers) continue;
    reach_only(m.device);
    std::memcpy(m.receive, all.data(), all.size());
  }
}

// All gathers of a group call: one for each communicator of each clique.
ncclResult_t put(std::vector<Member> members) {
  std::map<ncclComm::Clique*, std::vector<Member>> cliques;
  for (const Member& m : members) cliques[m.communicator->clique.get()].push_back(m);
  for (auto& [clique, of] : cliques) {
    auto gather = std::make_shared<Gather>();
    for (int rank = 0; rank < clique->ranks; ++rank) {
      const Member* found = nullptr;
      for (const Member& m : of)
        if (m.communicator->rank == rank) {
          if (found) return refuse(ncclInvalidUsage, "two gathers of one communicator in a group are not emulated");
          found = &m;
        }
      if (!found)
        fail("ncclAllGather: rank " + std::to_string(rank) + " of " + std::to_string(clique->ranks) +
             " takes no part before ncclGroupEnd; the others would wait for it for ever");
      if (found->bytes != of.front().bytes) fail("ncclAllGather: the ranks send different numbers of bytes");
      gather->members.push_back(*found);
    }
    const uint64_t before = gathers++;
    received += gather->members.front().bytes * static_cast<size_t>(clique->ranks);
    const bool is_faulty = before == fault().after;
    if (fault().kind == "fails" && is_faulty) return refuse(ncclSystemError, "a planted failure");
    if (fault().kind == "breaks" && is_faulty) clique->state = ncclRemoteError, last_error = "a planted failure on the way";
    gather->delivers = !(fault().kind == "skips" && is_faulty);
    for (Member& m : gather->members) {
      if (enqueue(m.stream, [gather] { deliver(*gather); }) != cudaSuccess) return refuse(ncclUnhandledCudaError, "the stream");
      m.position = stream_end(m.stream);
    }
  }
  return ncclSuccess;
}

constexpr char library_name[] = "libnccl.so.2";

}  // namespace

void set_nccl(const char* text) {
  const Lock lock;
  fault() = parse(text);
  gathers = received = 0;
}
NcclTraffic nccl_traffic() {
  const Lock lock;
  return {gathers, received};
}

#undef dlopen
#undef dlsym
#undef dlerror
void* open_library(const char* name, int mode) {
  const Lock lock;
  if (std::strcmp(name, library_name) != 0) return dlopen(name, mode);
  if (fault().kind != "absent") return &last_error;  // any address: it stands for the library
  open_error = std::string(library_name) + ": cannot open shared object file: No such file or directory";
  return nullptr;
}
void* find_function(void* library, const char* name) {
  if (library != &last_error) return dlsym(library, name);
  const std::map<std::string, void*> functions = {
      {"ncclCommInitAll", reinterpret_cast<void*>(ncclCommInitAll)},
      {"ncclCommDestroy", reinterpret_cast<void*>(ncclCommDestroy)},
      {"ncclCommAbort", reinterpret_cast<void*>(ncclCommAbort)},
      {"ncclCommGetAsyncError", reinterpret_cast<void*>(ncclCommGetAsyncError)},
      {"ncclAllGather", reinterpret_cast<void*>(ncclAllGather)},
      {"ncclGroupStart", reinterpret_cast<void*>(ncclGroupStart)},
      {"ncclGroupEnd", reinterpret_cast<void*>(ncclGroupEnd)},
      {"ncclGetErrorString", reinterpret_cast<void*>(ncclGetErrorString)},
      {"ncclGetLastError", reinterpret_cast<void*>(ncclGetLastError)},
  };
  const auto found = functions.find(name);
  return found == functions.end() ? nullptr : found->second;
}
char* library_error() { return open_error.empty() ? dlerror() : open_error.data(); }

}  // namespace emulation

using namespace emulation;

ncclResult_t ncclCommInitAll(ncclComm_t* communicators, int count, const int* devices) {
  const Lock lock;
  if (!communicators || count < 1) return refuse(ncclInvalidArgument, "no communicators");
  for (int i = 0; i < count; ++i) {
    const int device = devices ? devices[i] : i;
    if (device < 0 || device >= device_count()) return refuse(ncclUnhandledCudaError, "there is no such device");
    for (int j = 0; devices && j < i; ++j)
      if (devices[j] == device) return refuse(ncclInvalidUsage, "a device twice");
  }
  const auto clique = std::make_shared<ncclComm::Clique>(ncclComm::Clique{count});
  for (int i = 0; i < count; ++i) communicators[i] = new ncclComm{clique, i, devices ? devices[i] : i};
  return ncclSuccess;
}
ncclResult_t ncclCommDestroy(ncclComm_t communicator) {
  const Lock lock;
  delete communicator;
  return ncclSuccess;
}
ncclResult_t ncclCommAbort(ncclComm_t communicator) { return ncclCommDestroy(communicator); }
ncclResult_t ncclCommGetAsyncError(ncclComm_t communicator, ncclResult_t* error) {
  const Lock lock;
  if (!communicator || !error) return refuse(ncclInvalidArgument, "a null pointer");
  *error = communicator->clique->state;
  return ncclSuccess;
}

ncclResult_t ncclGroupStart() {
  ++depth;
  return ncclSuccess;
}
ncclResult_t ncclGroupEnd() {
  const Lock lock;
  if (depth == 0) return refuse(ncclInvalidUsage, "ncclGroupEnd without ncclGroupStart");
  if (--depth > 0) return ncclSuccess;
  return put(std::exchange(asked, {}));
}

ncclResult_t ncclAllGather(const void* send, void* receive, size_t count, ncclDataType_t type, ncclComm_t communicator,
                           cudaStream_t stream) {
  const Lock lock;
  const size_t bytes = count * size_of(type);
  if (!communicator || size_of(type) == 0) return refuse(ncclInvalidArgument, "the communicator or the type");
  if (bytes == 0) return ncclSuccess;
  const auto ranks = static_cast<size_t>(communicator->clique->ranks);
  if (device_of(send, bytes) != communicator->device || device_of(receive, ranks * bytes) != communicator->device)
    return refuse(ncclInvalidArgument, "memory that is not the communicator's device's");
  const auto *from = static_cast<const unsigned char*>(send), *to = static_cast<const unsigned char*>(receive);
  const bool apart = from + bytes <= to || to + ranks * bytes <= from;
  if (!apart && from != to + static_cast<size_t>(communicator->rank) * bytes)
    return refuse(ncclInvalidArgument, "what is sent overlaps what is received");
  if (!can_gather(stream, communicator->device))
    return refuse(ncclInvalidUsage, "a stream of another device, or one that is recorded");
  asked.push_back({communicator, send, receive, bytes, stream, 0, communicator->device});
  return depth > 0 ? ncclSuccess : put(std::exchange(asked, {}));
}

const char* ncclGetErrorString(ncclResult_t result) {
  switch (result) {
    case ncclSuccess: return "no error";
    case ncclUnhandledCudaError: return "unhandled cuda error";
    case ncclSystemError: return "unhandled system error";
    case ncclInternalError: return "internal error";
    case ncclInvalidArgument: return "invalid argument";
    case ncclInvalidUsage: return "invalid usage";
    case ncclRemoteError: return "remote process exited or there was a network error";
    case ncclInProgress: break;
  }
  return "NCCL operation in progress";
}
const char* ncclGetLastError(ncclComm_t) { return last_error.c_str(); }
