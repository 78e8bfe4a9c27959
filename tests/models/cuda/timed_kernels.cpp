#include "timed_kernels.hpp"
#include <cmath>
#include <memory>
#include <vector>
#include "../../../models/cuda/attention_plan.hpp"
#include "../../../models/cuda/gemm.hpp"
#include "../../../models/cuda/memory.hpp"
#include "../../../models/engine/checkpoint/dequantize.hpp"
#include "sextant/sdk.hpp"

namespace sextant::cuda {
namespace {

// ---- arrays ----

// Numbers of both signs up to 1: neither zeros, which a GPU may multiply faster, nor NaN.
template <class T> std::shared_ptr<DeviceMemory> numbers(size_t count) {
  std::vector<T> host(std::min<size_t>(count, 1 << 20));
  uint32_t state = 1;
  for (T& x : host) {
    state = state * 1664525 + 1013904223;
    const float number = static_cast<float>(static_cast<int32_t>(state)) / 2147483648.0f;
    if constexpr (std::is_same_v<T, bf16>) x = __float2bfloat16(number);
    else x = number;
  }
  auto memory = std::make_shared<DeviceMemory>(count * sizeof(T));
  for (size_t done = 0; done < count; done += host.size())
    CUDA_CHECK(cudaMemcpy(reinterpret_cast<T*>(memory->data()) + done, host.data(),
                          std::min(host.size(), count - done) * sizeof(T), cudaMemcpyHostToDevice));
  return memory;
}
template <class T> std::shared_ptr<DeviceMemory> table(const std::vector<T>& values) {
  auto memory = std::make_shared<DeviceMemory>(std::max<size_t>(values.size(), 1) * sizeof(T));
  if (!values.empty()) CUDA_CHECK(cudaMemcpy(memory->data(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  return memory;
}
template <class T> T* at(const std::shared_ptr<DeviceMemory>& memory) { return reinterpret_cast<T*>(memory->data()); }

// ---- cases ----

Timed norm(const Keys& k) {
  const uint32_t rows = k.at("rows"), width = k.at("width");
  return {size_t{rows} * width * 8, [=](cudaStream_t stream) -> std::function<void()> {
            const auto x = numbers<float>(size_t{rows} * width), weight = numbers<float>(width);
            const auto add = numbers<bf16>(size_t{rows} * width), y = numbers<bf16>(size_t{rows} * width);
            return [=] {
              CUDA_CHECK(residual_norm(ResidualNorm<bf16>{at<float>(x), at<bf16>(add), nullptr, nullptr, at<float>(weight),
                                                          at<bf16>(y), nullptr, rows, width, 1.0f, 1e-5f},
                                       stream));
            };
          }};
}

Timed gate_up(const Keys& k) {
  const uint32_t rows = k.at("rows"), width = k.at("width");
  return {size_t{rows} * width * 6, [=](cudaStream_t stream) -> std::function<void()> {
            const auto in = numbers<bf16>(size_t{rows} * width * 2), out = numbers<bf16>(size_t{rows} * width);
            return [=] {
              CUDA_CHECK(gate(Gate<bf16>{at<bf16>(in), nullptr, at<bf16>(out), rows, width, GateFunction::silu}, stream));
            };
          }};
}

// `sequences` of them; the last `rows` of `context` tokens ask, and the first `shared` tokens are the same in all.
Timed attend(uint32_t sequences, uint32_t rows, uint32_t context, uint32_t shared, const Keys& k) {
  const uint32_t heads = k.at("heads"), kv_heads = k.at("kv_heads"), head_dim = k.at("head_dim");
  const uint32_t common = shared / page_tokens, pages = engine::pages_for(context), own = pages - common;
  engine::Batch batch;
  for (uint32_t s = 0; s < sequences; ++s) {
    batch.runs.push_back({s * rows, rows, context - rows, static_cast<uint32_t>(batch.pages.size()), 0});
    for (uint32_t p = 0; p < pages; ++p) batch.pages.push_back(p < common ? p : common + s * own + p - common);
    for (uint32_t r = 0; r < rows; ++r) {
      batch.tokens.push_back(0);
      batch.positions.push_back(context - rows + r);
    }
  }
  const uint32_t limit = attention_rows(heads / kv_heads, head_dim, true);
  if (limit == 0) throw PluginError(SXT_UNSUPPORTED, "attention has no kernel for this shape");
  int processors = 0;
  CUDA_CHECK(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, 0));
  constexpr uint32_t partials = 16384;
  auto plan = plan_attention(batch, {limit, 0, (2 * static_cast<uint32_t>(processors) + kv_heads - 1) / kv_heads, partials});
  const size_t page = size_t{kv_heads} * page_tokens * head_dim, cache = (common + size_t{own} * sequences) * page;
  return {cache * 4 + size_t{sequences} * rows * heads * head_dim * 4, [=](cudaStream_t stream) -> std::function<void()> {
            const size_t all_rows = size_t{sequences} * rows;
            const auto qkv = numbers<bf16>(all_rows * (heads + 2 * kv_heads) * head_dim), keys = numbers<bf16>(cache);
            const auto values = numbers<bf16>(cache), out = numbers<bf16>(all_rows * heads * head_dim);
            const auto row_list = table(plan.rows), positions = table(batch.positions), page_list = table(batch.pages);
            const auto tasks = table(plan.tasks);
            const auto merges = table(plan.merges);
            const size_t parts = plan.merges.empty() ? 1 : partials;
            const auto partial_out = std::make_shared<DeviceMemory>(parts * heads * head_dim * sizeof(float));
            const auto partial_state = std::make_shared<DeviceMemory>(parts * heads * sizeof(float2));
            const auto task_count = static_cast<uint32_t>(plan.tasks.size()),
                       merge_count = static_cast<uint32_t>(plan.merges.size());
            return [=] {
              CUDA_CHECK(attention(
                  Attention<bf16>{at<bf16>(qkv), at<bf16>(keys), at<bf16>(values), at<bf16>(out), at<uint32_t>(row_list),
                                  at<uint32_t>(positions), at<uint32_t>(page_list), at<AttentionTask>(tasks),
                                  at<float>(partial_out), at<float2>(partial_state), task_count, heads, kv_heads, head_dim, 0,
                                  1 / std::sqrt(static_cast<float>(head_dim)), 0},
                  stream));
              if (merge_count)
                CUDA_CHECK(
                    merge_splits(MergeSplits<bf16>{at<AttentionMerge>(merges), at<float>(partial_out),
                                                   at<float2>(partial_state), at<bf16>(out), merge_count, heads, head_dim},
                                 stream));
            };
          }};
}
Timed prefill(const Keys& k) { return attend(k.at("sequences"), k.at("tokens"), k.at("tokens"), 0, k); }
Timed decode(const Keys& k) { return attend(k.at("sequences"), 1, k.at("context"), k.at("shared"), k); }

// ---- products ----

/// cuBLAS' own first choice for exactly this product, whatever it does to the order of additions.
class FreeProduct {
 public:
  FreeProduct(uint32_t rows, uint32_t inputs, uint32_t outputs) : workspace_(Gemm::workspace_bytes) {
    const cublasOperation_t transposed = CUBLAS_OP_T;
    const uint64_t workspace = Gemm::workspace_bytes;
    CUDA_CHECK(cublasLtCreate(&handle_));
    CUDA_CHECK(cublasLtMatmulDescCreate(&description_, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    CUDA_CHECK(cublasLtMatmulDescSetAttribute(description_, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof transposed));
    CUDA_CHECK(cublasLtMatrixLayoutCreate(&w_, CUDA_R_16BF, inputs, outputs, inputs));
    CUDA_CHECK(cublasLtMatrixLayoutCreate(&x_, CUDA_R_16BF, inputs, rows, inputs));
    CUDA_CHECK(cublasLtMatrixLayoutCreate(&y_, CUDA_R_16BF, outputs, rows, outputs));
    CUDA_CHECK(cublasLtMatmulPreferenceCreate(&preference_));
    CUDA_CHECK(cublasLtMatmulPreferenceSetAttribute(preference_, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace,
                                                    sizeof workspace));
    int found = 0;
    CUDA_CHECK(cublasLtMatmulAlgoGetHeuristic(handle_, description_, w_, x_, y_, y_, preference_, 1, &choice_, &found));
    if (found == 0) throw PluginError(SXT_UNSUPPORTED, "cuBLAS has no algorithm for this product");
  }
  ~FreeProduct() {
    (void)cublasLtMatmulPreferenceDestroy(preference_);
    for (const cublasLtMatrixLayout_t l : {w_, x_, y_}) (void)cublasLtMatrixLayoutDestroy(l);
    (void)cublasLtMatmulDescDestroy(description_);
    (void)cublasLtDestroy(handle_);
  }
  FreeProduct(const FreeProduct&) = delete;
  void multiply(const bf16* x, const bf16* w, bf16* y, cudaStream_t stream) {
    const float one = 1, zero = 0;
    CUDA_CHECK(cublasLtMatmul(handle_, description_, &one, w, w_, x, x_, &zero, y, y_, y, y_, &choice_.algo, workspace_.data(),
                              workspace_.bytes(), stream));
  }

 private:
  DeviceMemory workspace_;
  cublasLtHandle_t handle_ = nullptr;
  cublasLtMatmulDesc_t description_ = nullptr;
  cublasLtMatrixLayout_t w_ = nullptr, x_ = nullptr, y_ = nullptr;
  cublasLtMatmulPreference_t preference_ = nullptr;
  cublasLtMatmulHeuristicResult_t choice_{};
};

struct Product {
  uint32_t rows, inputs, outputs, rows_max;
  explicit Product(const Keys& k)
      : rows(k.at("rows")), inputs(k.at("inputs")), outputs(k.at("outputs")), rows_max(std::max(rows, k.at("rows_max"))) {}
  // of x and y, for choosing and for padding
  size_t all_rows() const { return (size_t{rows_max} + Gemm::padded_rows - 1) / Gemm::padded_rows * Gemm::padded_rows; }
  // only what is read and written each time is there once a set
  size_t bytes() const { return 2 * (size_t{inputs} * outputs + size_t{rows} * (inputs + outputs)); }
};

// As the backend multiplies: one algorithm for this shape, chosen for rows_max rows.
Timed product(const Keys& k) {
  const Product p(k);
  const auto workspace = std::make_shared<DeviceMemory>(Gemm::workspace_bytes);
  return {p.bytes(), [=, gemm = std::shared_ptr<Gemm>()](cudaStream_t stream) mutable -> std::function<void()> {
            const auto x = numbers<bf16>(p.all_rows() * p.inputs), w = numbers<bf16>(size_t{p.inputs} * p.outputs);
            const auto y = numbers<bf16>(p.all_rows() * p.outputs);
            if (!gemm) {
              gemm = std::make_shared<Gemm>(workspace->data(), stream);
              gemm->choose(Gemm::Use::gate_up, at<bf16>(x), at<bf16>(w), at<bf16>(y), p.rows_max, p.inputs, p.outputs,
                           p.outputs);
            }
            return [=, gemm = gemm, workspace = workspace] {
              gemm->multiply(Gemm::Use::gate_up, at<bf16>(x), at<bf16>(w), at<bf16>(y), p.rows, p.inputs, p.outputs, p.outputs);
            };
          }};
}
Timed free_product(const Keys& k) {
  const Product p(k);
  const auto free = std::make_shared<FreeProduct>(p.rows, p.inputs, p.outputs);
  return {p.bytes(), [=](cudaStream_t stream) -> std::function<void()> {
            const auto x = numbers<bf16>(size_t{p.rows} * p.inputs), w = numbers<bf16>(size_t{p.inputs} * p.outputs);
            const auto y = numbers<bf16>(size_t{p.rows} * p.outputs);
            return [=] { free->multiply(at<bf16>(x), at<bf16>(w), at<bf16>(y), stream); };
          }};
}

// A matrix of that BlockType that stays in its blocks.
Timed product_of_blocks(const Keys& k) {
  const uint32_t rows = k.at("rows"), inputs = k.at("inputs"), outputs = k.at("outputs");
  const engine::BlockFormat& format = engine::block_format(static_cast<engine::TensorType>(k.at("type")));
  const uint32_t row_bytes = inputs / format.elements * format.bytes;
  return {size_t{outputs} * row_bytes + size_t{rows} * (inputs + outputs) * 2,
          [=](cudaStream_t stream) -> std::function<void()> {
            const auto x = numbers<bf16>(size_t{rows} * inputs), y = numbers<bf16>(size_t{rows} * outputs);
            const auto w = numbers<bf16>(size_t{outputs} * row_bytes / 2);  // as bits: as halves these are numbers, too
            return [=] {
              BlockProduct<bf16> product{at<bf16>(x), {}, at<bf16>(y), nullptr, rows, inputs, outputs};
              product.parts[0] = {at<uint8_t>(w), outputs, row_bytes, static_cast<BlockType>(k.at("type"))};
              CUDA_CHECK(block_product(product, stream));
            };
          }};
}

}  // namespace

const std::map<std::string_view, MakeTimed>& timed_kernels() {
  static const std::map<std::string_view, MakeTimed> all = {{"norm", norm},
                                                            {"gate", gate_up},
                                                            {"prefill", prefill},
                                                            {"decode", decode},
                                                            {"product", product},
                                                            {"free_product", free_product},
                                                            {"block_product", product_of_blocks}};
  return all;
}

}  // namespace sextant::cuda
