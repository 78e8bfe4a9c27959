// Device memory: one allocation, laid out once. The same code that hands out its parts counts, beforehand, what they need.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>
#include "error.hpp"

namespace sextant::cuda {

/// Owns a cudaMalloc or, with pinned = true, memory of the host that copies can go to and from while the host works on.
template <bool pinned> class Allocation {
 public:
  Allocation() = default;
  explicit Allocation(size_t bytes) : bytes_(bytes) {
    if (bytes == 0) return;
    if constexpr (pinned) CUDA_CHECK(cudaHostAlloc(&data_, bytes, cudaHostAllocDefault));
    else CUDA_CHECK(cudaMalloc(&data_, bytes));
  }
  Allocation(Allocation&& other) noexcept { swap(other); }
  Allocation& operator=(Allocation&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Allocation() {
    if constexpr (pinned) (void)cudaFreeHost(data_);
    else (void)cudaFree(data_);
  }
  std::byte* data() const { return static_cast<std::byte*>(data_); }
  size_t bytes() const { return bytes_; }

 private:
  void swap(Allocation& other) {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }
  void* data_ = nullptr;
  size_t bytes_ = 0;
};
using DeviceMemory = Allocation<false>;
using PinnedMemory = Allocation<true>;

/// Room for `bytes` at least; what stood there is lost where it was not.
template <bool pinned> void grow(Allocation<pinned>& allocation, size_t bytes) {
  if (allocation.bytes() < bytes) allocation = Allocation<pinned>(2 * bytes);
}

/// Takes parts off a stretch of memory, each aligned for tensor cores. Without memory it only counts.
class Carver {
 public:
  static constexpr size_t alignment = 256;

  explicit Carver(std::byte* memory = nullptr) : memory_(memory) {}
  template <class T> T* take(size_t count) {
    const size_t at = used_;
    used_ += (count * sizeof(T) + alignment - 1) / alignment * alignment;
    return memory_ ? reinterpret_cast<T*>(memory_ + at) : nullptr;
  }
  size_t used() const { return used_; }

 private:
  std::byte* memory_;
  size_t used_ = 0;
};

/// A stream, or an event, for as long as this lives.
class Stream {
 public:
  Stream() { CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() { (void)cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  operator cudaStream_t() const { return stream_; }
  void wait() const { CUDA_CHECK(cudaStreamSynchronize(stream_)); }

 private:
  cudaStream_t stream_ = nullptr;
};
class Event {
 public:
  Event() { CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming)); }
  ~Event() { (void)cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  operator cudaEvent_t() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace sextant::cuda
