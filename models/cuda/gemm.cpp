#include "gemm.hpp"
#include <algorithm>
#include <cassert>
#include <cstring>
#include <vector>

namespace sextant::cuda {
namespace {

constexpr size_t layouts_max = 4096;  // beyond, the cache is emptied: 100 bytes each
size_t size_of(cudaDataType_t type) { return type == CUDA_R_32F ? sizeof(float) : sizeof(uint16_t); }

// Numbers of both signs around 1.
std::vector<unsigned char> test_input(cudaDataType_t type, size_t count) {
  std::vector<unsigned char> input(count * size_of(type));
  uint32_t state = 1;
  for (size_t i = 0; i < input.size(); i += size_of(type)) {
    state = state * 1664525 + 1013904223;
    const uint32_t bits =
        (state & 0x807f0000u) | (0x3e000000u + (state >> 8 & 3) * 0x00800000u) | (type == CUDA_R_32F ? state & 0xffffu : 0);
    std::memcpy(input.data() + i, reinterpret_cast<const unsigned char*>(&bits) + 4 - size_of(type), size_of(type));
  }
  return input;
}

}  // namespace

// Row-major matrices are what cuBLAS calls transposed ones: y^T [outputs][rows] = w [outputs][inputs] * x^T, where w is stored
// with its rows as columns.
struct Gemm::Layouts {
  cublasLtMatrixLayout_t w = nullptr, x = nullptr, y = nullptr;

  Layouts(const Shape& s, uint32_t rows) {
    CUDA_CHECK(cublasLtMatrixLayoutCreate(&w, s.in, s.inputs, s.outputs, s.inputs));
    CUDA_CHECK(cublasLtMatrixLayoutCreate(&x, s.in, s.inputs, rows, s.inputs));
    CUDA_CHECK(cublasLtMatrixLayoutCreate(&y, s.out, s.outputs, rows, s.y_stride));
  }
  ~Layouts() {
    for (const cublasLtMatrixLayout_t l : {w, x, y})
      if (l) (void)cublasLtMatrixLayoutDestroy(l);
  }
  Layouts(const Layouts&) = delete;
  Layouts& operator=(const Layouts&) = delete;
};

Gemm::Gemm(void* workspace, cudaStream_t stream) : workspace_(workspace), stream_(stream) {
  const cublasOperation_t transposed = CUBLAS_OP_T;
  CUDA_CHECK(cublasLtCreate(&handle_));
  CUDA_CHECK(cublasLtMatmulDescCreate(&description_, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  CUDA_CHECK(cublasLtMatmulDescSetAttribute(description_, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof transposed));
}

Gemm::~Gemm() {
  layouts_.clear();
  if (description_) (void)cublasLtMatmulDescDestroy(description_);
  if (handle_) (void)cublasLtDestroy(handle_);
}

const Gemm::Layouts& Gemm::layouts(const Shape& shape, uint32_t rows) {
  if (layouts_.size() >= layouts_max) layouts_.clear();
  auto& entry = layouts_[{shape, rows}];
  if (!entry) entry = std::make_unique<Layouts>(shape, rows);
  return *entry;
}

void Gemm::run(const Shape& shape, const Plan& plan, const void* x, const void* w, void* y, uint32_t rows) {
  if (!plan.padded) return product(shape, plan, x, w, y, rows);
  const size_t x_row = size_of(shape.in) * shape.inputs, y_row = size_of(shape.out) * shape.y_stride;
  for (size_t r = 0; r < rows; r += padded_rows)
    product(shape, plan, static_cast<const std::byte*>(x) + r * x_row, w, static_cast<std::byte*>(y) + r * y_row, padded_rows);
}

void Gemm::product(const Shape& shape, const Plan& plan, const void* x, const void* w, void* y, uint32_t rows) {
  const float one = 1, zero = 0;
  const Layouts& l = layouts(shape, rows);
  CUDA_CHECK(cublasLtMatmul(handle_, description_, &one, w, l.w, x, l.x, &zero, y, l.y, y, l.y, &plan.algorithm, workspace_,
                            workspace_bytes, stream_));
}

// The candidates are cuBLAS's own, the fastest first. Those that split the sum over the inputs are left out: how they split
// depends on the number of rows.
Gemm::Plan Gemm::choose(const Shape& shape, uint32_t fast_rows, void* x, const void* w, void* y) {
  constexpr int most = 16;
  cublasLtMatmulHeuristicResult_t found[most];
  int count = 0;
  const Layouts& large = layouts(shape, fast_rows);
  cublasLtMatmulPreference_t preference = nullptr;
  const uint64_t workspace = workspace_bytes;
  const uint32_t whole_sums = CUBLASLT_REDUCTION_SCHEME_NONE;
  CUDA_CHECK(cublasLtMatmulPreferenceCreate(&preference));
  CUDA_CHECK(
      cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace));
  CUDA_CHECK(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &whole_sums,
                                                  sizeof whole_sums));
  const cublasStatus_t asked = cublasLtMatmulAlgoGetHeuristic(handle_, description_, large.w, large.x, large.y, large.y,
                                                              preference, most, found, &count);
  (void)cublasLtMatmulPreferenceDestroy(preference);
  CUDA_CHECK(asked);
  Plan first;
  bool any = false;
  for (int i = 0; i < count; ++i) {
    const Plan plan{found[i].algo, false};
    int32_t split = 1;
    CUDA_CHECK(
        cublasLtMatmulAlgoConfigGetAttribute(&plan.algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &split, sizeof split, nullptr));
    if (found[i].state != CUBLAS_STATUS_SUCCESS || split > 1) continue;
    if (!any) first = plan;
    any = true;
    if (takes_any(shape, plan, fast_rows) && rows_stand_alone(shape, plan, x, w, y)) return plan;
  }
  CUDA_CHECK(any ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED);
  first.padded = true;
  return first;
}

// The whole product's matrix is made of copies of the part, which stands at all multiples of its width there.
Gemm::Plan Gemm::choose_as_whole(const Shape& shape, const Whole& whole, uint32_t fast_rows, void* x, const void* w, void* y) {
  Shape all = shape;
  all.outputs = all.y_stride = whole.outputs;
  const size_t w_row = size_of(shape.in) * shape.inputs, size = size_of(shape.out);
  auto* const matrix = static_cast<std::byte*>(whole.room);
  for (uint32_t first = 0; first < all.outputs; first += shape.outputs)
    CUDA_CHECK(cudaMemcpyAsync(matrix + first * w_row, w, std::min(shape.outputs, all.outputs - first) * w_row,
                               cudaMemcpyDeviceToDevice, stream_));
  std::byte* const result = matrix + (all.outputs * w_row + Carver::alignment - 1) / Carver::alignment * Carver::alignment;
  const Plan plan = choose(all, fast_rows, x, matrix, result);
  const auto same_bits = [&] {
    const std::vector<unsigned char> input = test_input(shape.in, size_t{test_rows} * shape.inputs);
    std::vector<unsigned char> part(test_rows * size * shape.y_stride), of_whole(test_rows * size * all.outputs);
    CUDA_CHECK(cudaMemcpyAsync(x, input.data(), input.size(), cudaMemcpyHostToDevice, stream_));
    run(shape, plan, x, w, y, test_rows);
    run(all, plan, x, matrix, result, test_rows);
    CUDA_CHECK(cudaMemcpyAsync(part.data(), y, part.size(), cudaMemcpyDeviceToHost, stream_));
    CUDA_CHECK(cudaMemcpyAsync(of_whole.data(), result, of_whole.size(), cudaMemcpyDeviceToHost, stream_));
    CUDA_CHECK(cudaStreamSynchronize(stream_));
    for (size_t r = 0; r < test_rows; ++r)
      for (uint32_t first = 0; first < all.outputs; first += shape.outputs)
        if (std::memcmp(part.data() + r * size * shape.y_stride, of_whole.data() + (r * all.outputs + first) * size,
                        std::min(shape.outputs, all.outputs - first) * size))
          return false;
    return true;
  };
  const bool sound = plan.padded ? takes(shape, plan, padded_rows)
                                 : takes_any(shape, plan, fast_rows) && rows_stand_alone(shape, plan, x, w, y);
  if (sound && same_bits()) return plan;
  ++deviating_;
  return choose(shape, fast_rows, x, w, y);
}

// An algorithm may not take every number of rows.
bool Gemm::takes_any(const Shape& shape, const Plan& plan, uint32_t fast_rows) {
  for (const uint32_t count : {1u, 2u, 7u, 16u, 65u, test_rows, fast_rows})
    if (!takes(shape, plan, count)) return false;
  return true;
}

bool Gemm::takes(const Shape& shape, const Plan& plan, uint32_t rows) {
  cublasLtMatmulHeuristicResult_t result;
  const Layouts& l = layouts(shape, rows);
  return cublasLtMatmulAlgoCheck(handle_, description_, l.w, l.x, l.y, l.y, &plan.algorithm, &result) ==
             CUBLAS_STATUS_SUCCESS &&
         result.workspaceSize <= workspace_bytes;
}

// Some rows, computed in products of different sizes and at different places: all must have the same bits.
bool Gemm::rows_stand_alone(const Shape& shape, const Plan& plan, void* x, const void* w, void* y) {
  constexpr uint32_t rows = test_rows;
  const size_t x_row = size_of(shape.in) * shape.inputs, y_row = size_of(shape.out) * shape.y_stride;
  const std::vector<unsigned char> input = test_input(shape.in, size_t{rows} * shape.inputs);
  const auto of_rows = [&](uint32_t first, uint32_t count) {
    std::vector<unsigned char> out(count * y_row);
    CUDA_CHECK(cudaMemcpyAsync(x, input.data() + first * x_row, count * x_row, cudaMemcpyHostToDevice, stream_));
    run(shape, plan, x, w, y, count);
    CUDA_CHECK(cudaMemcpyAsync(out.data(), y, out.size(), cudaMemcpyDeviceToHost, stream_));
    CUDA_CHECK(cudaStreamSynchronize(stream_));
    return out;
  };
  const auto all = of_rows(0, rows);
  for (const auto& [first, count] :
       {std::pair{0u, 1u}, {rows - 1, 1u}, {rows / 3, 7u}, {rows / 2, rows - rows / 2}}) {
    const auto some = of_rows(first, count);
    for (uint32_t r = 0; r < count; ++r)
      if (std::memcmp(some.data() + r * y_row, all.data() + (first + r) * y_row, size_of(shape.out) * shape.outputs))
        return false;
  }
  return true;
}

uint32_t Gemm::padded_shapes() const {
  return static_cast<uint32_t>(std::count_if(plans_.begin(), plans_.end(), [](const auto& p) { return p.second.padded; }));
}

template <class T, class Y>
void Gemm::choose(Use use, T* x, const T* w, Y* y, uint32_t fast_rows, uint32_t inputs, uint32_t outputs, uint32_t y_stride,
                  const Whole* whole) {
  const Shape shape{use, data_type<T>, data_type<Y>, inputs, outputs, y_stride};
  if (!plans_.count(shape))
    plans_[shape] = whole ? choose_as_whole(shape, *whole, fast_rows, x, w, y) : choose(shape, fast_rows, x, w, y);
}

template <class T, class Y>
void Gemm::multiply(Use use, const T* x, const T* w, Y* y, uint32_t rows, uint32_t inputs, uint32_t outputs,
                    uint32_t y_stride) {
  const Shape shape{use, data_type<T>, data_type<Y>, inputs, outputs, y_stride};
  const auto plan = plans_.find(shape);
  assert(plan != plans_.end());
  run(shape, plan->second, x, w, y, rows);
}

template void Gemm::choose(Use, bf16*, const bf16*, bf16*, uint32_t, uint32_t, uint32_t, uint32_t, const Whole*);
template void Gemm::choose(Use, fp16*, const fp16*, fp16*, uint32_t, uint32_t, uint32_t, uint32_t, const Whole*);
template void Gemm::choose(Use, bf16*, const bf16*, float*, uint32_t, uint32_t, uint32_t, uint32_t, const Whole*);
template void Gemm::choose(Use, fp16*, const fp16*, float*, uint32_t, uint32_t, uint32_t, uint32_t, const Whole*);
template void Gemm::choose(Use, float*, const float*, float*, uint32_t, uint32_t, uint32_t, uint32_t, const Whole*);
template void Gemm::multiply(Use, const bf16*, const bf16*, bf16*, uint32_t, uint32_t, uint32_t, uint32_t);
template void Gemm::multiply(Use, const fp16*, const fp16*, fp16*, uint32_t, uint32_t, uint32_t, uint32_t);
template void Gemm::multiply(Use, const bf16*, const bf16*, float*, uint32_t, uint32_t, uint32_t, uint32_t);
template void Gemm::multiply(Use, const fp16*, const fp16*, float*, uint32_t, uint32_t, uint32_t, uint32_t);
template void Gemm::multiply(Use, const float*, const float*, float*, uint32_t, uint32_t, uint32_t, uint32_t);

}  // namespace sextant::cuda
