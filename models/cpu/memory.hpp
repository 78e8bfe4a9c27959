// Aligned arrays, zeroed, given by the system page by page as they are first touched; large ones ask for huge pages.
#pragma once
#include <cstddef>
#include <utility>

namespace sextant::cpu {

/// Zeroed memory of `bytes` bytes, aligned to 64; throws std::bad_alloc. 0 bytes are null.
void* take_memory(size_t bytes);
void give_memory_back(void* memory, size_t bytes);

template <class T> class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t count) : data_(static_cast<T*>(take_memory(count * sizeof(T)))), bytes_(count * sizeof(T)) {}
  ~Buffer() { give_memory_back(data_, bytes_); }
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  explicit operator bool() const { return data_ != nullptr; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  size_t bytes_ = 0;
};
using Floats = Buffer<float>;
using Bytes = Buffer<char>;

/// Bytes of memory that new work may use without swapping (MemAvailable, or a smaller cgroup limit); 0 if unknown.
size_t available_memory();

}  // namespace sextant::cpu
