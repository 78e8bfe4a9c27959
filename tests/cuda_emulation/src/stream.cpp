// Streams, events, graphs, copies and launches.
#include "stream.hpp"
#include <chrono>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>
#include "device.hpp"
#include "memory.hpp"
#include "shared_memory.hpp"

using Work = std::function<void()>;

struct CUgraph_st {
  int device;
  std::vector<Work> work;
};
struct CUgraphExec_st {
  int device;
  std::vector<Work> work;
};
struct CUstream_st {
  int device = emulation::current_device();
  std::deque<Work> waiting;
  uint64_t asked = 0, done = 0;
  std::unique_ptr<CUgraph_st> capture;
  std::thread::id capturing;  // the thread, where others may go on: cudaStreamCaptureModeThreadLocal
  bool capture_broken = false;

  void run_until(uint64_t position) {
    while (done < position && !waiting.empty()) {
      const Work work = std::move(waiting.front());
      waiting.pop_front();
      emulation::reach_only(device);
      work();
      ++done;
    }
  }
};
struct CUevent_st {
  using Clock = std::chrono::steady_clock;

  int device = emulation::current_device();
  cudaStream_t stream = nullptr;  // null: not recorded yet, which counts as over
  uint64_t position = 0;
  bool timed = false;
  std::shared_ptr<std::optional<Clock::time_point>> reached{};  // of the last record; its stream writes it
};

namespace emulation {
namespace {

std::set<cudaStream_t>& streams() {
  static std::set<cudaStream_t> all;
  return all;
}
std::set<cudaEvent_t>& events() {
  static std::set<cudaEvent_t> all;
  return all;
}
// of a kernel on a device
std::map<std::pair<const void*, int>, size_t>& shared_limits() {
  static std::map<std::pair<const void*, int>, size_t> all;
  return all;
}
thread_local cudaError_t last_error = cudaSuccess;

bool known(cudaStream_t stream) { return !stream || streams().count(stream); }
bool own(cudaStream_t stream) { return !stream || stream->device == current_device(); }
// What waits for the device may not be asked for while a stream is captured.
bool any_capture() {
  for (const cudaStream_t s : streams())
    if (s->capture && (s->capturing == std::thread::id() || s->capturing == std::this_thread::get_id())) {
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

void finish_streams(int device) {
  for (const cudaStream_t s : streams())
    if (device == any_device || s->device == device) s->run_until(s->asked);
}

bool can_gather(cudaStream_t stream, int device) {
  return stream && known(stream) && stream->device == device && !stream->capture;
}
uint64_t stream_end(cudaStream_t stream) { return stream->asked; }
void run_before(cudaStream_t stream, uint64_t end) { stream->run_until(end - 1); }

cudaError_t enqueue(cudaStream_t stream, Work work) {
  const Lock lock;
  if (!known(stream)) return report(cudaErrorInvalidResourceHandle);
  if (!stream) {
    if (any_capture()) return report(cudaErrorStreamCaptureUnsupported);
    finish_streams(current_device());
    reach_only(current_device());
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
  const Lock lock;
  if (bytes < 0 || static_cast<size_t>(bytes) > shared_most) return report(cudaErrorInvalidValue);
  shared_limits()[{kernel, current_device()}] = static_cast<size_t>(bytes);
  return cudaSuccess;
}

cudaError_t launch(const void* kernel, const cudaLaunchConfig_t& config, Work body) {
  const Lock lock;
  const dim3 grid = config.gridDim, block = config.blockDim;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > 1024 || block.z > 64 || grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffffu ||
      grid.y > 65535 || grid.z > 65535)
    return report(cudaErrorInvalidConfiguration);
  if (!known(config.stream) || !own(config.stream)) return report(cudaErrorInvalidResourceHandle);
  const auto limit = shared_limits().find({kernel, current_device()});
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
cudaError_t cudaDeviceSynchronize() {
  const Lock lock;
  if (any_capture()) return report(cudaErrorStreamCaptureUnsupported);
  finish_streams(current_device());
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
  const Lock lock;
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
  const Lock lock;
  return cudaMemcpyAsync(to, from, bytes, kind, nullptr);
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  const Lock lock;
  if (bytes == 0) return cudaSuccess;
  if (!is_device_memory(to, bytes)) return report(cudaErrorInvalidValue);
  return enqueue(stream, [to, value, bytes] { std::memset(to, value, bytes); });
}

// ---- streams and events ----

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const Lock lock;
  *stream = new CUstream_st;
  streams().insert(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Lock lock;
  if (!stream || !known(stream)) return report(cudaErrorInvalidResourceHandle);
  stream->run_until(stream->asked);
  for (const cudaEvent_t e : events())
    if (e->stream == stream) e->stream = nullptr;
  streams().erase(stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const Lock lock;
  if (!known(stream)) return report(cudaErrorInvalidResourceHandle);
  if (any_capture()) return report(cudaErrorStreamCaptureUnsupported);
  if (!stream) finish_streams(current_device());
  else stream->run_until(stream->asked);
  return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const Lock lock;
  if (!events().count(event)) return report(cudaErrorInvalidResourceHandle);
  const cudaStream_t other = event->stream;
  const uint64_t position = event->position;
  return enqueue(stream, [other, position] {
    if (other && streams().count(other)) other->run_until(position);
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  const Lock lock;
  *event = new CUevent_st;
  (*event)->timed = !(flags & cudaEventDisableTiming);
  events().insert(*event);
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const Lock lock;
  if (!events().erase(event)) return report(cudaErrorInvalidResourceHandle);
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const Lock lock;
  if (!events().count(event) || !known(stream) || event->device != (stream ? stream->device : current_device()))
    return report(cudaErrorInvalidResourceHandle);
  if (stream && stream->capture) return report(cudaErrorStreamCaptureUnsupported);
  if (event->timed) {
    event->reached = std::make_shared<std::optional<CUevent_st::Clock::time_point>>();
    enqueue(stream, [reached = event->reached] { *reached = CUevent_st::Clock::now(); });
  }
  event->stream = stream;
  event->position = stream ? stream->asked : 0;
  return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  const Lock lock;
  for (const cudaEvent_t e : {begin, end})
    if (!events().count(e) || !e->reached) return report(cudaErrorInvalidResourceHandle);
  if (!*begin->reached || !*end->reached) return report(cudaErrorNotReady);
  *milliseconds = std::chrono::duration<float, std::milli>(**end->reached - **begin->reached).count();
  return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  const Lock lock;
  if (!events().count(event)) return report(cudaErrorInvalidResourceHandle);
  if (!event->stream || event->stream->done >= event->position) return cudaSuccess;
  event->stream->run_until(event->stream->done + 1);  // time passes while one asks
  return cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const Lock lock;
  if (!events().count(event)) return report(cudaErrorInvalidResourceHandle);
  if (any_capture()) return report(cudaErrorStreamCaptureUnsupported);
  if (event->stream) event->stream->run_until(event->position);
  return cudaSuccess;
}

// ---- graphs ----

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  const Lock lock;
  if (!stream || !known(stream)) return report(cudaErrorInvalidResourceHandle);
  if (stream->capture) return report(cudaErrorInvalidValue);
  stream->capture = std::make_unique<CUgraph_st>(CUgraph_st{stream->device, {}});
  stream->capturing = mode == cudaStreamCaptureModeThreadLocal ? std::this_thread::get_id() : std::thread::id();
  stream->capture_broken = false;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const Lock lock;
  if (!stream || !known(stream) || !stream->capture) return report(cudaErrorInvalidValue);
  std::unique_ptr<CUgraph_st> captured = std::move(stream->capture);
  *graph = nullptr;
  if (stream->capture_broken) return report(cudaErrorStreamCaptureInvalidated);
  *graph = captured.release();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  const Lock lock;
  if (!graph) return report(cudaErrorInvalidValue);
  *executable = new CUgraphExec_st{graph->device, graph->work};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  const Lock lock;
  if (!executable) return report(cudaErrorInvalidValue);
  if (known(stream) && (stream ? stream->device : current_device()) != executable->device)
    return report(cudaErrorInvalidResourceHandle);
  for (const Work& work : executable->work)
    if (const cudaError_t error = enqueue(stream, work); error != cudaSuccess) return error;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  const Lock lock;
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  const Lock lock;
  delete executable;
  return cudaSuccess;
}
