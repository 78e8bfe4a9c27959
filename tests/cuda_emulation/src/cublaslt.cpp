// cuBLASLt over OpenBLAS's sgemm. Rows and columns of the result are computed in blocks of fixed numbers, so that an element's
// bits do not depend on how many there are, as with a real algorithm that splits nothing. One such algorithm goes through k at
// once and is the fastest for large products, one in steps, for small ones: their bits differ, so that a backend whose choice
// depends on what must not matter shows. One that splits k is there, too.
#include "cublasLt.h"
#include <cblas.h>
#include <vector>
#include "device.hpp"

struct cublasLtContext {
  int device = emulation::current_device();
};
struct cublasLtMatmulDescOpaque_t {
  cublasOperation_t a = CUBLAS_OP_N, b = CUBLAS_OP_N;
};
struct cublasLtMatrixLayoutOpaque_t {
  cudaDataType type;
  uint64_t rows, columns;
  int64_t leading;
};
struct cublasLtMatmulPreferenceOpaque_t {
  uint64_t workspace = 0;
  uint32_t reductions = 0x3f;
};

namespace {

using Layout = cublasLtMatrixLayoutOpaque_t;
constexpr int column_block = 16, row_block = 64;
constexpr uint64_t large_columns = 1024, large_rows = 64;
constexpr uint64_t at_once = 21, in_steps = 6;  // algorithms
constexpr int k_step = 16;

size_t size_of(cudaDataType type) { return type == CUDA_R_32F ? 4 : 2; }
template <class T>
bool read_as(const void* value, size_t bytes, T& ret) {
  if (!value || bytes != sizeof(T)) return false;
  __builtin_memcpy(&ret, value, sizeof(T));
  return true;
}

struct Shape {
  int m, n, k;
};
// The shapes and types that the real one takes for CUBLAS_COMPUTE_32F.
cublasStatus_t check(const cublasLtMatmulDescOpaque_t* op, const Layout* a, const Layout* b, const Layout* c, const Layout* d,
                     Shape& ret) {
  if (!op || !a || !b || !c || !d) return CUBLAS_STATUS_INVALID_VALUE;
  const auto m = op->a == CUBLAS_OP_N ? a->rows : a->columns, k = op->a == CUBLAS_OP_N ? a->columns : a->rows;
  const auto k_b = op->b == CUBLAS_OP_N ? b->rows : b->columns, n = op->b == CUBLAS_OP_N ? b->columns : b->rows;
  if (k != k_b || d->rows != m || d->columns != n || c->rows != m || c->columns != n) return CUBLAS_STATUS_INVALID_VALUE;
  if (m == 0 || n == 0 || k == 0) return CUBLAS_STATUS_INVALID_VALUE;
  for (const Layout* l : {a, b, c, d}) {
    if (l->leading < static_cast<int64_t>(l->rows)) return CUBLAS_STATUS_INVALID_VALUE;
    if (l->leading * size_of(l->type) % 16 != 0 && l->type != CUDA_R_32F) return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  if (a->type != b->type || c->type != d->type) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (d->type != CUDA_R_32F && d->type != a->type) return CUBLAS_STATUS_NOT_SUPPORTED;
  ret = {static_cast<int>(m), static_cast<int>(n), static_cast<int>(k)};
  return CUBLAS_STATUS_SUCCESS;
}

float load(const void* p, cudaDataType type, size_t i) {
  switch (type) {
    case CUDA_R_32F: return static_cast<const float*>(p)[i];
    case CUDA_R_16F: return __half2float(static_cast<const __half*>(p)[i]);
    case CUDA_R_16BF: break;
  }
  return __bfloat162float(static_cast<const __nv_bfloat16*>(p)[i]);
}
void store(void* p, cudaDataType type, size_t i, float value) {
  switch (type) {
    case CUDA_R_32F: static_cast<float*>(p)[i] = value; break;
    case CUDA_R_16F: static_cast<__half*>(p)[i] = __float2half_rn(value); break;
    case CUDA_R_16BF: static_cast<__nv_bfloat16*>(p)[i] = __float2bfloat16_rn(value); break;
  }
}

// A block of columns of a column-major matrix as float32, padded with zeros: out [columns][rows].
void widen(const void* p, const Layout& l, uint64_t first, uint64_t columns, std::vector<float>& ret) {
  ret.assign(l.rows * columns, 0.0f);
  for (uint64_t c = 0; c < columns && first + c < l.columns; ++c) {
    const size_t at = (first + c) * static_cast<size_t>(l.leading);
    float* out = ret.data() + c * l.rows;
    if (l.type == CUDA_R_32F) std::memcpy(out, static_cast<const float*>(p) + at, l.rows * 4);
    else
      for (uint64_t r = 0; r < l.rows; ++r) out[r] = load(p, l.type, at + r);
  }
}

void multiply(bool transpose_a, float alpha, const void* a, Layout la, const void* b, Layout lb, float beta, const void* c,
              void* d, Layout ld, Shape s, int step_k) {
  openblas_set_num_threads(1);
  const int step_m = transpose_a ? row_block : s.m, rows = (s.m + step_m - 1) / step_m * step_m;
  std::vector<float> wide_a, wide_b, block(static_cast<size_t>(rows) * column_block);
  widen(a, la, 0, transpose_a ? static_cast<uint64_t>(rows) : la.columns, wide_a);
  const int leading_a = static_cast<int>(la.rows);
  for (int first = 0; first < s.n; first += column_block) {
    widen(b, lb, static_cast<uint64_t>(first), column_block, wide_b);
    for (int m = 0; m < rows; m += step_m)
      for (int k = 0; k < s.k; k += step_k)
        cblas_sgemm(CblasColMajor, transpose_a ? CblasTrans : CblasNoTrans, CblasNoTrans, step_m, column_block,
                    std::min(step_k, s.k - k), alpha, wide_a.data() + m * leading_a + (transpose_a ? k : k * leading_a),
                    leading_a, wide_b.data() + k, s.k, k == 0 ? 0.0f : 1.0f, block.data() + m, rows);
    for (int n = 0; n < column_block && first + n < s.n; ++n)
      for (int m = 0; m < s.m; ++m) {
        const size_t at = static_cast<size_t>(first + n) * static_cast<size_t>(ld.leading) + static_cast<size_t>(m);
        float value = block[static_cast<size_t>(n) * static_cast<size_t>(rows) + static_cast<size_t>(m)];
        if (beta != 0) value += beta * load(c, ld.type, at);
        store(d, ld.type, at, value);
      }
  }
}

bool aligned(const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; }

}  // namespace

const char* cublasLtGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_NOT_SUPPORTED: break;
  }
  return "CUBLAS_STATUS_NOT_SUPPORTED";
}
size_t cublasLtGetVersion() { return 130000; }

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  *handle = new cublasLtContext;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* description, cublasComputeType_t compute, cudaDataType_t scale) {
  if (compute != CUBLAS_COMPUTE_32F || scale != CUDA_R_32F) return CUBLAS_STATUS_NOT_SUPPORTED;
  *description = new cublasLtMatmulDescOpaque_t;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t description) {
  delete description;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t description, cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, size_t bytes) {
  cublasOperation_t operation;
  if (!description || !read_as(value, bytes, operation)) return CUBLAS_STATUS_INVALID_VALUE;
  (attribute == CUBLASLT_MATMUL_DESC_TRANSA ? description->a : description->b) = operation;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType_t type, uint64_t rows, uint64_t columns,
                                          int64_t leading) {
  *layout = new Layout{type, rows, columns, leading};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete layout;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  *preference = new cublasLtMatmulPreferenceOpaque_t;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete preference;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute, const void* value,
                                                    size_t bytes) {
  if (!preference) return CUBLAS_STATUS_INVALID_VALUE;
  const bool read = attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES ? read_as(value, bytes, preference->workspace)
                                                                          : read_as(value, bytes, preference->reductions);
  return read ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

// The fastest first, says the manual; here that is one that splits k.
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t description,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                                              cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t* results, int* found) {
  *found = 0;
  if (!handle || !preference || wanted < 1) return CUBLAS_STATUS_INVALID_VALUE;
  Shape shape;
  if (const cublasStatus_t status = check(description, a, b, c, d, shape); status != CUBLAS_STATUS_SUCCESS) return status;
  const bool is_large = d->columns >= large_columns && d->rows >= large_rows;
  const cublasLtMatmulAlgo_t candidates[] = {{{at_once, 4, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE}},
                                             {{is_large ? at_once : in_steps, 1, 0}},
                                             {{is_large ? in_steps : at_once, 1, 0}}};
  for (const cublasLtMatmulAlgo_t& algorithm : candidates) {
    if (algorithm.data[2] & ~uint64_t{preference->reductions} || *found == wanted) continue;
    results[(*found)++] = {algorithm, 0, CUBLAS_STATUS_SUCCESS, 1.0f, {}};
  }
  return *found ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t* algorithm,
                                                    cublasLtMatmulAlgoConfigAttributes_t attribute, void* value, size_t bytes,
                                                    size_t* written) {
  if (!algorithm || !value || bytes != 4) return CUBLAS_STATUS_INVALID_VALUE;
  const auto number = static_cast<uint32_t>(algorithm->data[attribute == CUBLASLT_ALGO_CONFIG_ID           ? 0
                                                            : attribute == CUBLASLT_ALGO_CONFIG_SPLITK_NUM ? 1
                                                                                                           : 2]);
  __builtin_memcpy(value, &number, 4);
  if (written) *written = 4;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t handle, cublasLtMatmulDesc_t description, cublasLtMatrixLayout_t a,
                                       cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                       const cublasLtMatmulAlgo_t* algorithm, cublasLtMatmulHeuristicResult_t* result) {
  if (!handle || !algorithm || !result) return CUBLAS_STATUS_INVALID_VALUE;
  Shape shape;
  const cublasStatus_t status = check(description, a, b, c, d, shape);
  *result = {*algorithm, 0, status, 1.0f, {}};
  return status;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t description, const void* alpha, const void* a,
                              cublasLtMatrixLayout_t a_layout, const void* b, cublasLtMatrixLayout_t b_layout, const void* beta,
                              const void* c, cublasLtMatrixLayout_t c_layout, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void*, size_t, cudaStream_t stream) {
  if (!handle || !alpha || !beta || !a || !b || !d || !algorithm) return CUBLAS_STATUS_INVALID_VALUE;
  Shape s;
  if (const cublasStatus_t status = check(description, a_layout, b_layout, c_layout, d_layout, s);
      status != CUBLAS_STATUS_SUCCESS)
    return status;
  if (description->b != CUBLAS_OP_N) return CUBLAS_STATUS_NOT_SUPPORTED;  // the real one can; the backend has no use for it
  if (handle->device != emulation::current_device()) return CUBLAS_STATUS_INVALID_VALUE;
  if (!aligned(a) || !aligned(b) || !aligned(d)) return CUBLAS_STATUS_NOT_SUPPORTED;
  for (const auto& [pointer, layout] : {std::pair{a, a_layout}, {b, b_layout}, {static_cast<const void*>(d), d_layout}})
    if (!emulation::is_device_memory(pointer, (layout->leading * (layout->columns - 1) + layout->rows) * size_of(layout->type)))
      return CUBLAS_STATUS_INVALID_VALUE;  // the real one would end with an illegal address, later
  const float factor = *static_cast<const float*>(alpha), add = *static_cast<const float*>(beta);
  const int split = static_cast<int>(algorithm->data[1]),
            step_k = algorithm->data[0] == in_steps ? k_step : (s.k + split - 1) / split;
  const bool transposed = description->a == CUBLAS_OP_T;
  const cudaError_t error =
      emulation::enqueue(stream, [=, la = *a_layout, lb = *b_layout, ld = *d_layout] {
        multiply(transposed, factor, a, la, b, lb, add, c, d, ld, s, step_k);
      });
  return error == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}
