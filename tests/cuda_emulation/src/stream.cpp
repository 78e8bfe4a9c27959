// Streams, events, graphs, copies and launches.
#include "stream.hpp"
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>
#include "memory.hpp"

using Work = std::function<void()>;

struct CUgraph_st {
  std::vector<Work> work;
};
struct CUgraphExec_st {
  std::vector<Work> work;
};
struct CUstream_st {
  std::deque<Work> waiting;
  uint64_t asked = 0, done = 0;
  std::unique_ptr<CUgraph_st> capture;
  bool capture_broken = false;

  void run_until(uint64_t position) {
    while (done < position && !waiting.empty()) {
      const Work work = std::move(waiting.front());
      waiting.pop_front();
      work();
      ++done;
    }
  }
};
struct CUevent_st {
  cudaStream_t stream = nullptr;  // null: not recorded yet, which counts as over
  uint64_t position = 0;
};

namespace emulation {
namespace {

constexpr size_t shared_default = 48 << 10, shared_most = 227 << 10;  // bytes a block, of sm_90

std::set<cudaStream_t>& streams() {
  static std::set<cudaStream_t> all;
  return all;
}
std::set<cudaEvent_t>& events() {
  static std::set<cudaEvent_t> all;
  return all;
}
std::map<const void*, size_t>& shared_limits() {
  static std::map<const void*, size_t> all;
  return all;
}
cudaError_t last_error = cudaSuccess;

bool known(cudaStream_t stream) { return !stream || streams().count(stream); }
// What waits for the device may not be asked for while a stream is captured.
bool any_capture() {
  for (const cudaStream_t s : streams())
    if (s->capture) {
      s->capture_broken = true;
      return true;
    }
  return false;
}

}  // namespace

cudaError_t report(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

void finish_all_streams() {
  for (const cudaStream_t s : streams()) s->run_until(s->asked);
}

cudaError_t enqueue(cudaStream_t stream, Work work) {
  if (!known(stream)) return report(cudaErrorInvalidResourceHandle);
  if (!stream) {
    if (any_capture()) return report(cudaErrorStreamCaptureUnsupported);
    finish_all_streams();
    work();
  } else if (stream->capture) {
    stream->capture->work.push_back(std::move(work));
  } else {
    stream->waiting.push_back(std::move(work));
    ++stream->asked;
  }
  return cudaSuccess;
}

cudaError_t allow_shared(const void* kernel, int bytes) {
  if (bytes < 0 || static_cast<size_t>(bytes) > shared_most) return report(cudaErrorInvalidValue);
  shared_limits()[kernel] = static_cast<size_t>(bytes);
  return cudaSuccess;
}

cudaError_t launch(const void* kernel, const cudaLaunchConfig_t& config, Work body) {
  const dim3 grid = config.gridDim, block = config.blockDim;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > 1024 || block.z > 64 || grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffu ||
      grid.y > 65535 || grid.z > 65535)
    return report(cudaErrorInvalidConfiguration);
  const auto limit = shared_limits().find(kernel);
  const size_t allowed = limit == shared_limits().end() ? shared_default : std::max(shared_default, limit->second);
  if (config.dynamicSmemBytes > allowed) return report(cudaErrorInvalidValue);
  const size_t shared = config.dynamicSmemBytes;
  return enqueue(config.stream, [grid, block, shared, body = std::move(body)] { run_grid(grid, block, shared, body); });
}

}  // namespace emulation

using namespace emulation;

// ---- errors and the device ----

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "cudaSuccess";
    case cudaErrorInvalidValue: return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration: return "cudaErrorInvalidConfiguration";
    case cudaErrorInsufficientDriver: return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice: return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice: return "cudaErrorInvalidDevice";
    case cudaErrorInvalidResourceHandle: return "cudaErrorInvalidResourceHandle";
    case cudaErrorNotReady: return "cudaErrorNotReady";
    case cudaErrorStreamCaptureUnsupported: return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated: return "cudaErrorStreamCaptureInvalidated";
    case cudaErrorUnknown: break;
  }
  return "cudaErrorUnknown";
}
const char* cudaGetErrorString(cudaError_t error) { return cudaGetErrorName(error); }
cudaError_t cudaPeekAtLastError() { return last_error; }
cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }
cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : report(cudaErrorInvalidDevice); }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device != 0) return report(cudaErrorInvalidDevice);
  *properties = {"CUDA emulation", 0, 9, 0, 8};
  size_t free = 0;
  return cudaMemGetInfo(&free, &properties->totalGlobalMem);
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (device != 0) return report(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount: *value = 8; return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor: *value = 9; return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor: *value = 0; return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = static_cast<int>(shared_most); return cudaSuccess;
  }
  return report(cudaErrorInvalidValue);
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) { return cudaDriverGetVersion(version); }
cudaError_t cudaDeviceSynchronize() {
  if (any_capture()) return report(cudaErrorStreamCaptureUnsupported);
  finish_all_streams();
  return cudaSuccess;
}

// ---- copies ----

namespace {

cudaError_t check_copy(const void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  const bool to_device = is_device_memory(to, bytes), from_device = is_device_memory(from, bytes);
  const bool fits = kind == cudaMemcpyHostToDevice   ? to_device && !from_device
                    : kind == cudaMemcpyDeviceToHost ? !to_device && from_device
                    : kind == cudaMemcpyHostToHost   ? !to_device && !from_device
                    : kind == cudaMemcpyDeviceToDevice ? to_device && from_device
                                                       : true;
  return fits && to && from ? cudaSuccess : report(cudaErrorInvalidValue);
}

}  // namespace

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  if (const cudaError_t error = check_copy(to, from, bytes, kind); error != cudaSuccess) return error;
  if (is_device_memory(from, bytes) || is_pinned_memory(from, bytes))  // read when the copy's turn comes
    return enqueue(stream, [to, from, bytes] { std::memcpy(to, from, bytes); });
  if (stream && stream->capture) return report(cudaErrorStreamCaptureUnsupported);
  const auto* first = static_cast<const unsigned char*>(from);  // pageable: staged before the call returns
  return enqueue(stream, [to, staged = std::vector<unsigned char>(first, first + bytes)] {
    std::memcpy(to, staged.data(), staged.size());
  });
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return cudaMemcpyAsync(to, from, bytes, kind, nullptr);
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  if (!is_device_memory(to, bytes)) return report(cudaErrorInvalidValue);
  return enqueue(stream, [to, value, bytes] { std::memset(to, value, bytes); });
}

// ---- streams and events ----

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st;
  streams().insert(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  if (!stream || !known(stream)) return report(cudaErrorInvalidResourceHandle);
  stream->run_until(stream->asked);
  for (const cudaEvent_t e : events())
    if (e->stream == stream) e->stream = nullptr;
  streams().erase(stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (!known(stream)) return report(cudaErrorInvalidResourceHandle);
  if (any_capture()) return report(cudaErrorStreamCaptureUnsupported);
  if (!stream) finish_all_streams();
  else stream->run_until(stream->asked);
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (!events().count(event)) return report(cudaErrorInvalidResourceHandle);
  const cudaStream_t other = event->stream;
  const uint64_t position = event->position;
  return enqueue(stream, [other, position] {
    if (other && streams().count(other)) other->run_until(position);
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  events().insert(*event);
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  if (!events().erase(event)) return report(cudaErrorInvalidResourceHandle);
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  if (!events().count(event) || !known(stream)) return report(cudaErrorInvalidResourceHandle);
  if (stream && stream->capture) return report(cudaErrorStreamCaptureUnsupported);
  event->stream = stream;
  event->position = stream ? stream->asked : 0;
  return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (!events().count(event)) return report(cudaErrorInvalidResourceHandle);
  if (!event->stream || event->stream->done >= event->position) return cudaSuccess;
  event->stream->run_until(event->stream->done + 1);  // time passes while one asks
  return cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (!events().count(event)) return report(cudaErrorInvalidResourceHandle);
  if (any_capture()) return report(cudaErrorStreamCaptureUnsupported);
  if (event->stream) event->stream->run_until(event->position);
  return cudaSuccess;
}

// ---- graphs ----

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (!stream || !known(stream)) return report(cudaErrorInvalidResourceHandle);
  if (stream->capture) return report(cudaErrorInvalidValue);
  stream->capture = std::make_unique<CUgraph_st>();
  stream->capture_broken = false;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (!stream || !known(stream) || !stream->capture) return report(cudaErrorInvalidValue);
  std::unique_ptr<CUgraph_st> captured = std::move(stream->capture);
  *graph = nullptr;
  if (stream->capture_broken) return report(cudaErrorStreamCaptureInvalidated);
  *graph = captured.release();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  if (!graph) return report(cudaErrorInvalidValue);
  *executable = new CUgraphExec_st{graph->work};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  if (!executable) return report(cudaErrorInvalidValue);
  for (const Work& work : executable->work)
    if (const cudaError_t error = enqueue(stream, work); error != cudaSuccess) return error;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}
