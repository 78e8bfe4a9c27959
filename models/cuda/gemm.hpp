// Matrix products by cuBLASLt, each shape by one algorithm that was chosen at load and never changes: it splits no sum, and a
// test has shown that a row's bits depend neither on how many rows there are nor on which one it is. What is chosen depends on
// the shape alone, not on how many rows there is memory for. Where a GPU has some columns of a product, the algorithm is the
// one that a GPU with all of them takes, and a test has shown that it gives the same bits.
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

  /// The product that a product is some columns of, and room on the device for its matrix and result: proof_bytes. What stands
  /// there is lost.
  struct Whole {
    uint32_t outputs;
    void* room;
  };
  template <class T> static size_t proof_bytes(size_t inputs, size_t whole_outputs) {
    return whole_outputs * (inputs + padded_rows) * sizeof(T) + 2 * Carver::alignment;
  }

  /// Where a product stands. Each place has its own algorithm: products of one shape may be parts of unlike wholes, or have
  /// other rows to be fast for.
  enum class Use { qkv, output, router, gate_up, down, expert_gate_up, expert_down, head };

  /// Chooses the algorithm for products of this shape and use that is fast for `fast_rows` rows, a constant of the use. It is
  /// tested on x [padded_rows][inputs], w and y [padded_rows][y_stride]; what stands in x and y is lost. A shape that was
  /// chosen before costs nothing. y_stride: outputs, or more. `whole`: null where these are all columns; else x and y are of
  /// one type.
  template <class T, class Y>
  void choose(Use use, T* x, const T* w, Y* y, uint32_t fast_rows, uint32_t inputs, uint32_t outputs, uint32_t y_stride,
              const Whole* whole = nullptr);
  /// y [rows][y_stride] = x [rows][inputs] * w [outputs][inputs]^T. Its shape must have been chosen. x and y reach to a
  /// multiple of padded_rows.
  template <class T, class Y>
  void multiply(Use use, const T* x, const T* w, Y* y, uint32_t rows, uint32_t inputs, uint32_t outputs, uint32_t y_stride);
  /// Shapes for which no algorithm passed the test; they are computed padded_rows rows at a time.
  uint32_t padded_shapes() const;
  /// Shapes whose bits are not those of the whole product, because its algorithm does not compute some of its columns alike.
  uint32_t deviating_shapes() const { return deviating_; }

 private:
  static constexpr uint32_t test_rows = 200;
  static_assert(test_rows <= padded_rows);

  struct Shape {
    Use use;
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
  Plan choose(const Shape& shape, uint32_t fast_rows, void* x, const void* w, void* y);
  Plan choose_as_whole(const Shape& shape, const Whole& whole, uint32_t fast_rows, void* x, const void* w, void* y);
  bool takes_any(const Shape& shape, const Plan& plan, uint32_t fast_rows);
  bool takes(const Shape& shape, const Plan& plan, uint32_t rows);
  bool rows_stand_alone(const Shape& shape, const Plan& plan, void* x, const void* w, void* y);

  cublasLtHandle_t handle_ = nullptr;
  cublasLtMatmulDesc_t description_ = nullptr;
  void* workspace_;
  cudaStream_t stream_;
  uint32_t deviating_ = 0;
  std::map<Shape, Plan> plans_;
  std::map<std::tuple<Shape, uint32_t>, std::unique_ptr<Layouts>> layouts_;
};

}  // namespace sextant::cuda
