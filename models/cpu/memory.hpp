// Aligned float arrays, zeroed, given by the system page by page as they are first touched; large ones ask for huge pages.
#pragma once
#include <cstddef>
#include <utility>

namespace sextant::cpu {

class Floats {
 public:
  Floats() = default;
  explicit Floats(size_t count);  // throws std::bad_alloc
  ~Floats();
  Floats(Floats&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}
  Floats& operator=(Floats&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  explicit operator bool() const { return data_ != nullptr; }
  float* data() { return data_; }
  const float* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  float& operator[](size_t i) { return data_[i]; }
  const float& operator[](size_t i) const { return data_[i]; }

 private:
  float* data_ = nullptr;
  size_t bytes_ = 0;
};

/// Bytes of memory that new work may use without swapping (MemAvailable, or a smaller cgroup limit); 0 if unknown.
size_t available_memory();

}  // namespace sextant::cpu
