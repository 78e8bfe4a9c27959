// Matrix products whose right side is one of the model's matrices: by cuBLASLt where it is numbers, by block_product() where it
// stays in blocks. Which of the two never depends on the rows, nor do a row's bits: they add up in different orders.
#pragma once
#include <algorithm>
#include <iterator>
#include <type_traits>
#include "gemm.hpp"
#include "weights.hpp"

namespace sextant::cuda {

class Products {
 public:
  /// `workspace`: as Gemm's.
  Products(void* workspace, cudaStream_t stream) : gemm_(workspace, stream), stream_(stream) {}

  /// As Gemm::choose; nothing is to be chosen for a matrix in blocks, of which a part has the bits of the whole.
  template <class T, class Y>
  void choose(Gemm::Use use, T* x, const Matrix<T>& w, Y* y, uint32_t rows_max, uint32_t inputs, uint32_t outputs,
              uint32_t y_stride, const Gemm::Whole* whole = nullptr) {
    if (!w.in_blocks()) gemm_.choose(use, x, w.numbers, y, rows_max, inputs, outputs, y_stride, whole);
  }
  /// y [rows][y_stride] = x [rows][inputs] * w [outputs][inputs]^T.
  template <class T, class Y>
  void multiply(Gemm::Use use, const T* x, const Matrix<T>& w, Y* y, uint32_t rows, uint32_t inputs, uint32_t outputs,
                uint32_t y_stride) {
    if (!w.in_blocks()) return gemm_.multiply(use, x, w.numbers, y, rows, inputs, outputs, y_stride);
    BlockProduct<T> product{x, {}, nullptr, nullptr, rows, inputs, y_stride};
    std::copy(std::begin(w.blocks), std::end(w.blocks), product.parts);
    if constexpr (std::is_same_v<T, Y>) product.y = y;
    else product.wide_y = y;
    CUDA_CHECK(block_product(product, stream_));
  }
  uint32_t padded_shapes() const { return gemm_.padded_shapes(); }
  uint32_t deviating_shapes() const { return gemm_.deviating_shapes(); }

 private:
  Gemm gemm_;
  cudaStream_t stream_;
};

/// Rows first .. first + count - 1 of a matrix that has one part.
template <class T> Matrix<T> rows_of(Matrix<T> w, uint32_t first, uint32_t count, uint32_t inputs) {
  if (!w.in_blocks()) {
    w.numbers += size_t{first} * inputs;
    return w;
  }
  w.blocks[0].blocks += size_t{first} * w.blocks[0].row_bytes;
  w.blocks[0].rows = count;
  return w;
}

}  // namespace sextant::cuda
