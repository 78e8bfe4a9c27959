// What the tests of kernels share: arrays on the device, numbers to fill them with, and the orders of threads that must give
// the same bits. On a GPU there is one order, its own.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include "../../../models/cuda/kernels/kernels.hpp"

namespace device_test {

using sextant::cuda::bf16;
using sextant::cuda::fp16;

inline float wide(float x) { return x; }
inline float wide(bf16 x) { return __bfloat162float(x); }
inline float wide(fp16 x) { return __half2float(x); }
template <class T> T narrow(double x);
template <> inline float narrow<float>(double x) { return static_cast<float>(x); }
template <> inline bf16 narrow<bf16>(double x) { return __float2bfloat16(static_cast<float>(x)); }
template <> inline fp16 narrow<fp16>(double x) { return __float2half(static_cast<float>(x)); }
/// The relative error of one rounding to T, and a little for the arithmetic before it.
template <class T> constexpr double tolerance = 2e-6;
template <> inline constexpr double tolerance<bf16> = 1.0 / 200;
template <> inline constexpr double tolerance<fp16> = 1.0 / 1600;

#define CUDA_REQUIRE(call) REQUIRE(std::string(cudaGetErrorName(call)) == "cudaSuccess")

template <class T> class DeviceArray {
 public:
  explicit DeviceArray(size_t n) : size_(n) { CUDA_REQUIRE(cudaMalloc(&data_, std::max<size_t>(n, 1) * sizeof(T))); }
  DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) { set(values); }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  operator T*() const { return data_; }
  T* get() const { return data_; }
  void set(const std::vector<T>& values) {
    CUDA_REQUIRE(cudaMemcpy(data_, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  }
  std::vector<T> host() const {
    std::vector<T> values(size_);
    CUDA_REQUIRE(cudaMemcpy(values.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost));
    return values;
  }

 private:
  T* data_ = nullptr;
  size_t size_;
};

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  double normal() { return normal_(engine_); }
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(engine_() % n); }
  template <class T> std::vector<T> numbers(size_t n, double scale = 1) {
    std::vector<T> values(n);
    for (T& v : values) v = narrow<T>(scale * normal());
    return values;
  }

 private:
  std::mt19937 engine_;
  std::normal_distribution<double> normal_;
};

template <class T> bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// Runs `work`, which returns a vector, in every order; all must return the same bits.
template <class Work> auto in_all_orders(Work&& work) {
#ifdef CUDA_EMULATION
  // after forward; a sanitized build takes long, and sees most of what depends on the order without its changing
#if EMULATION_FEW_ORDERS
  const std::vector<const char*> orders = {"reverse", "greedy", "random:1"};
#else
  const std::vector<const char*> orders = {"reverse", "greedy", "greedy-reverse", "random:1", "random:2"};
#endif
  emulation::set_order("forward");
  const auto first = work();
  for (const char* order : orders) {
    INFO("order " << order);
    emulation::set_order(order);
    CHECK(same_bits(work(), first));
  }
  emulation::set_order("forward");
  return first;
#else
  const auto first = work();
  CHECK(same_bits(work(), first));
  return first;
#endif
}

/// The largest difference, relative to the largest expected number.
template <class T> double difference(const std::vector<T>& got, const std::vector<double>& expected) {
  REQUIRE(got.size() == expected.size());
  double worst = 0, largest = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    if (std::isnan(wide(got[i]))) return INFINITY;
    worst = std::max(worst, std::abs(wide(got[i]) - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  return largest > 0 ? worst / largest : worst;
}

}  // namespace device_test
