// What a batch is, to the kernels: tables of 32-bit numbers, made on the host and sent to the device in one copy.
#pragma once
#include <cstring>
#include <vector>
#include "memory.hpp"

namespace sextant::cuda {

/// Collects tables, sends them together. Grows where a batch needs more room than any before.
class Tables {
 public:
  explicit Tables(size_t bytes) : host_(bytes), device_(bytes) {}

  void clear() { used_ = 0; }
  /// Returns where the table will stand, relative to the beginning.
  template <class T> size_t add(const T* values, size_t count) {
    const size_t at = used_, bytes = count * sizeof(T);
    used_ += (bytes + Carver::alignment - 1) / Carver::alignment * Carver::alignment;
    if (used_ > host_.bytes()) grow();
    if (bytes > 0) std::memcpy(host_.data() + at, values, bytes);
    return at;
  }
  template <class T> size_t add(const std::vector<T>& values) { return add(values.data(), values.size()); }
  void send(cudaStream_t stream) {
    if (used_ > device_.bytes()) device_ = DeviceMemory(host_.bytes());
    if (used_ > 0) CUDA_CHECK(cudaMemcpyAsync(device_.data(), host_.data(), used_, cudaMemcpyHostToDevice, stream));
  }
  template <class T> const T* at(size_t place) const { return reinterpret_cast<const T*>(device_.data() + place); }

 private:
  void grow() {
    PinnedMemory larger(2 * used_);
    std::memcpy(larger.data(), host_.data(), host_.bytes());
    host_ = std::move(larger);
  }
  PinnedMemory host_;
  DeviceMemory device_;
  size_t used_ = 0;
};

}  // namespace sextant::cuda
