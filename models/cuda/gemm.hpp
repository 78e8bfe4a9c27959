// Matrix products by cuBLASLt, each shape by one algorithm that was chosen at load and never changes: it splits no sum, and a
// test has shown that a row's bits depend neither on how many rows there are nor on which one it is. What is chosen depends on the
// shape alone, not on how many rows there is memory for.
#pragma once
#include <map>
#include <memory>
#include <tuple>
#include <cublasLt.h>
#include "kernels/kernels.hpp"
#include "memory.hpp"

namespace sextant::cuda {

template <class T> constexpr cudaDataType_t data_type = CUDA_R_32F;
template <> inline constexpr cudaDataType_t data_type<bf16> = CUDA_R_16BF;
template <> inline constexpr cudaDataType_t data_type<fp16> = CUDA_R_16F;

class Gemm {
 public:
  static constexpr size_t workspace_bytes = 32 << 20;
  static constexpr uint32_t padded_rows = 256;  // at once, where no algorithm passed the test

  /// `workspace`, [workspace_bytes] on the device, outlives this.
  Gemm(void* workspace, cudaStream_t stream);
  ~Gemm();
  Gemm(const Gemm&) = delete;
  Gemm& operator=(const Gemm&) = delete;

  /// Chooses the algorithm for products of this shape that is fast for `fast_rows` rows, a constant. It is tested on x
  /// [padded_rows][inputs], w and y [padded_rows][y_stride]; what stands in x and y is lost. A shape that was chosen before costs
  /// nothing. y_stride: outputs, or more.
  template <class T, class Y>
  void choose(T* x, const T* w, Y* y, uint32_t fast_rows, uint32_t inputs, uint32_t outputs, uint32_t y_stride);
  /// y [rows][y_stride] = x [rows][inputs] * w [outputs][inputs]^T. Its shape must have been chosen. x and y reach to a multiple of
  /// padded_rows.
  template <class T, class Y>
  void multiply(const T* x, const T* w, Y* y, uint32_t rows, uint32_t inputs, uint32_t outputs, uint32_t y_stride);
  /// Shapes for which no algorithm passed the test; they are computed padded_rows rows at a time.
  uint32_t padded_shapes() const;

 private:
  struct Shape {
    cudaDataType_t in, out;
    uint32_t inputs, outputs, y_stride;
    auto operator<=>(const Shape&) const = default;
  };
  struct Plan {
    cublasLtMatmulAlgo_t algorithm{};
    bool padded = false;  // always padded_rows rows
  };
  struct Layouts;

  const Layouts& layouts(const Shape& shape, uint32_t rows);
  void run(const Shape& shape, const Plan& plan, const void* x, const void* w, void* y, uint32_t rows);
  void product(const Shape& shape, const Plan& plan, const void* x, const void* w, void* y, uint32_t rows);
  void choose(const Shape& shape, uint32_t fast_rows, void* x, const void* w, void* y);
  bool takes(const Shape& shape, const Plan& plan, uint32_t rows);
  bool rows_stand_alone(const Shape& shape, const Plan& plan, void* x, const void* w, void* y);

  cublasLtHandle_t handle_ = nullptr;
  cublasLtMatmulDesc_t description_ = nullptr;
  void* workspace_;
  cudaStream_t stream_;
  std::map<Shape, Plan> plans_;
  std::map<std::tuple<Shape, uint32_t>, std::unique_ptr<Layouts>> layouts_;
};

}  // namespace sextant::cuda
