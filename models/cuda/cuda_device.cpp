#include "cuda_device.hpp"
#include <algorithm>
#include <chrono>
#include <sextant/sdk.hpp>

namespace sextant::cuda {

using engine::Architecture;
using engine::Batch;

namespace {

constexpr size_t expert_tables_bytes = 1 << 20;  // at first

int current_gpu() {
  int gpu = 0;
  CUDA_CHECK(cudaGetDevice(&gpu));
  return gpu;
}

}  // namespace

template <class T>
CudaDevice<T>::CudaDevice(const engine::ModelTensors& tensors, const Architecture& a, const MemoryPlan& plan,
                          std::vector<int32_t> end, uint32_t multiprocessors)
    : gpu_(current_gpu()),
      architecture_(a),
      plan_(plan),
      qkv_width_((a.heads + 2 * a.kv_heads) * a.head_dim),
      query_width_(a.heads * a.head_dim),
      memory_(plan.total() + 2 * Carver::alignment),
      products_(
          [&] {
            Carver carver(memory_.data());
            weights_ = lay_out_weights<T>(tensors, a, plan.keep_quantised, carver);
            buffers_ = lay_out_buffers<T>(a, plan, carver);
            layer_stride_ = size_t{plan.pages} * a.kv_heads * page_tokens * a.head_dim;
            keys_ = carver.take<T>(a.layers.size() * layer_stride_);
            values_ = carver.take<T>(a.layers.size() * layer_stride_);
            return buffers_.workspace;
          }(),
          stream_),
      head_(architecture_, plan_, weights_, buffers_, products_),
      tables_(architecture_, plan_, std::move(end), multiprocessors, sizeof(T) == 2),
      expert_tables_(plan.slots > 0 ? expert_tables_bytes : 0) {
  load_weights(tensors, a, weights_, stream_);
  choose_products();
}

template <class T> void CudaDevice<T>::choose_products() {
  const Architecture& a = architecture_;
  constexpr uint32_t rows = rows_most;
  for (size_t l = 0; l < a.layers.size(); ++l) {
    const LayerWeights<T>& w = weights_.layers[l];
    products_.choose(buffers_.h, w.qkv, buffers_.qkv, rows, a.hidden, qkv_width_, qkv_width_);
    products_.choose(buffers_.attention, w.output, buffers_.add, rows, query_width_, a.hidden, a.hidden);
    if (a.layers[l].experts) {
      const uint32_t width = a.experts.feed_forward;
      products_.choose(buffers_.h, w.router, buffers_.router, rows, a.hidden, a.experts.count, a.experts.count);
      for (const FeedForwardWeights<T>& expert : w.experts) {
        products_.choose(buffers_.slot_in, expert.gate_up, buffers_.gate_up, rows, a.hidden, 2 * width, 2 * width);
        products_.choose(buffers_.act, expert.down, buffers_.slot_out, rows, width, a.hidden, a.hidden);
      }
    } else {
      products_.choose(buffers_.h, w.feed_forward.gate_up, buffers_.gate_up, rows, a.hidden, 2 * a.feed_forward, 2 * a.feed_forward);
      products_.choose(buffers_.act, w.feed_forward.down, buffers_.add, rows, a.feed_forward, a.hidden, a.hidden);
    }
  }
  head_.choose_products();
  if (plan_.slots > 0 && products_.padded_shapes() > 0)
    throw PluginError(SXT_UNSUPPORTED,
                      "cuBLAS has no algorithm for this model's experts whose results do not depend on the batch");
}

template <class T> engine::DeviceLimits CudaDevice<T>::limits() const {
  return {plan_.rows_max, plan_.pages, plan_.context, architecture_.vocab, true};
}

template <class T>
bool CudaDevice<T>::run(const Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) {
  CUDA_CHECK(cudaSetDevice(gpu_));
  const auto layers = static_cast<uint32_t>(architecture_.layers.size());
  const Places places = tables_.make(batch, stream_);
  for (size_t i = 0; i < places.copies.size(); ++i) copy(0, layers, places.copies[i], places.copy_counts[i]);
  if (places.is_step) {
    steps_.run(tables_.step_key(places), stream_, [&] { compute_layers(places, [] { return false; }); });
  } else if (!compute_layers(places, cancelled)) {
    stream_.wait();
    return false;
  }
  head_.look(batch, tables_, places, left_by(weights_.layers.back()), stream_);
  if (!wait(cancelled)) return false;
  head_.read(batch, ret_outputs);
  return true;
}

template <class T> bool CudaDevice<T>::compute_layers(const Places& places, const std::function<bool()>& cancelled) {
  const uint32_t rows = places.rows;
  CUDA_CHECK(embed(Embed<T>{tables_.at<int32_t>(places.tokens), weights_.embedding.numbers, buffers_.x, rows, architecture_.hidden,
                            architecture_.embedding_scale, weights_.embedding.blocks[0]},
                   stream_));
  compute_angles(rows, places);
  Joining joining;
  for (uint32_t l = 0; l < architecture_.layers.size(); ++l) {
    if (cancelled()) return false;
    normalise(joining, weights_.layers[l].attention_norm, rows);
    joining = attend(l, rows, places);
    normalise(joining, weights_.layers[l].feed_forward_norm, rows);
    feed_forward(l, rows);
    joining = left_by(weights_.layers[l]);
  }
  return true;
}

// The host looks at the event, so that it can ask whether to go on.
template <class T> bool CudaDevice<T>::wait(const std::function<bool()>& cancelled) {
  CUDA_CHECK(cudaEventRecord(done_, stream_));
  auto asked = std::chrono::steady_clock::now();
  for (;;) {
    const cudaError_t state = cudaEventQuery(done_);
    if (state == cudaSuccess) return true;
    if (state != cudaErrorNotReady) CUDA_CHECK(state);
    const auto now = std::chrono::steady_clock::now();
    if (now - asked < std::chrono::milliseconds(2)) continue;
    asked = now;
    if (cancelled()) {
      stream_.wait();  // what runs cannot be stopped, but lasts no longer than a batch
      return false;
    }
  }
}

template <class T> void CudaDevice<T>::copy(size_t first_layer, size_t layers, size_t copies, uint32_t count) {
  if (count == 0) return;
  CUDA_CHECK(copy_slots(
      CopySlots<T>{keys_ + first_layer * layer_stride_, values_ + first_layer * layer_stride_, tables_.at<SlotCopy>(copies),
                   count, static_cast<uint32_t>(layers), architecture_.kv_heads, architecture_.head_dim, layer_stride_},
      stream_));
}

template <class T> void CudaDevice<T>::compute_angles(uint32_t rows, const Places& places) {
  float2* out = buffers_.angles;
  for (size_t r = 0; r < architecture_.ropes.size(); ++r) {
    const engine::Rope& rope = architecture_.ropes[r];
    const uint32_t half = rope.dims / 2;
    if (half > 0)
      CUDA_CHECK(angles({tables_.at<double>(places.frequencies[r]), tables_.at<uint32_t>(places.row_class),
                         tables_.at<uint32_t>(places.positions), out, rows, half, rope.magnitude},
                        stream_));
    out += size_t{plan_.rows_max} * half;
  }
}

template <class T> void CudaDevice<T>::normalise(const Joining& joining, const float* weight, uint32_t rows) {
  CUDA_CHECK(residual_norm(
      ResidualNorm<T>{buffers_.x, joining.any ? buffers_.add : nullptr, joining.bias, joining.norm, weight, buffers_.h, nullptr,
                      rows, architecture_.hidden, architecture_.residual_scale, architecture_.norm_epsilon},
      stream_));
}

template <class T> Joining CudaDevice<T>::attend(uint32_t layer, uint32_t rows, const Places& places) {
  const Architecture& a = architecture_;
  const LayerWeights<T>& w = weights_.layers[layer];
  const engine::LayerShape& shape = a.layers[layer];
  T *keys = keys_ + layer * layer_stride_, *values = values_ + layer * layer_stride_;
  products_.multiply(buffers_.h, w.qkv, buffers_.qkv, rows, a.hidden, qkv_width_, qkv_width_);
  const float2* angles = nullptr;
  uint32_t dims = 0;
  if (shape.rope >= 0) {
    angles = buffers_.angles;
    for (int32_t r = 0; r < shape.rope; ++r) angles += size_t{plan_.rows_max} * (a.ropes[static_cast<size_t>(r)].dims / 2);
    dims = a.ropes[static_cast<size_t>(shape.rope)].dims;
  }
  CUDA_CHECK(place_keys(
      PlaceKeys<T>{buffers_.qkv, w.qkv_bias, w.q_norm, w.k_norm, dims ? angles : nullptr, tables_.at<uint32_t>(places.slots),
                   keys, values, rows, a.heads, a.kv_heads, a.head_dim, dims, a.norm_epsilon},
      stream_));
  copy(layer, 1, places.stores, places.store_count);
  const auto& plan = places.attention.at(shape.window);
  CUDA_CHECK(attention(
      Attention<T>{buffers_.qkv, keys, values, buffers_.attention, tables_.at<uint32_t>(plan.rows),
                   tables_.at<uint32_t>(places.positions), tables_.at<uint32_t>(places.pages),
                   tables_.at<AttentionTask>(plan.tasks), buffers_.partial_out, buffers_.partial_state, plan.task_count,
                   a.heads, a.kv_heads, a.head_dim, shape.window, a.attention_scale, a.attention_softcap},
      stream_));
  if (plan.merge_count > 0)
    CUDA_CHECK(
        merge_splits(MergeSplits<T>{tables_.at<AttentionMerge>(plan.merges), buffers_.partial_out, buffers_.partial_state,
                                    buffers_.attention, plan.merge_count, a.heads, a.head_dim},
                     stream_));
  products_.multiply(buffers_.attention, w.output, buffers_.add, rows, query_width_, a.hidden, a.hidden);
  return {w.output_bias, w.post_attention_norm, true};
}

template <class T> void CudaDevice<T>::feed_forward(uint32_t layer, uint32_t rows) {
  const Architecture& a = architecture_;
  const LayerWeights<T>& w = weights_.layers[layer];
  const FeedForwardWeights<T>& f = w.feed_forward;
  if (a.layers[layer].experts) return experts(w, rows);
  products_.multiply(buffers_.h, f.gate_up, buffers_.gate_up, rows, a.hidden, 2 * a.feed_forward, 2 * a.feed_forward);
  const auto function = static_cast<GateFunction>(a.activation);
  CUDA_CHECK(gate(Gate<T>{buffers_.gate_up, f.gate_up_bias, buffers_.act, rows, a.feed_forward, function}, stream_));
  products_.multiply(buffers_.act, f.down, buffers_.add, rows, a.feed_forward, a.hidden, a.hidden);
}
static_assert(static_cast<int>(GateFunction::silu) == static_cast<int>(engine::Activation::silu) &&
              static_cast<int>(GateFunction::gelu_tanh) == static_cast<int>(engine::Activation::gelu_tanh));

// Rows are gathered by expert, so that its weights are read once for all of them. Each expert's rows begin at a multiple of 16,
// where tensor cores want them.
template <class T> void CudaDevice<T>::experts(const LayerWeights<T>& w, uint32_t rows) {
  const Architecture& a = architecture_;
  const uint32_t count = a.experts.count, used = a.experts.used, width = a.experts.feed_forward, choices = rows * used;
  products_.multiply(buffers_.h, w.router, buffers_.router, rows, a.hidden, count, count);
  CUDA_CHECK(route({buffers_.router, buffers_.chosen, buffers_.choice, rows, count, used, a.experts.normalise}, stream_));
  grow(chosen_, choices * sizeof(uint32_t));
  CUDA_CHECK(cudaMemcpyAsync(chosen_.data(), buffers_.chosen, choices * sizeof(uint32_t), cudaMemcpyDeviceToHost, stream_));
  stream_.wait();

  const auto* chosen = reinterpret_cast<const uint32_t*>(chosen_.data());
  std::vector<uint32_t> first(count + 1), wanted(count), place(choices);
  for (uint32_t i = 0; i < choices; ++i) ++wanted[chosen[i]];
  for (uint32_t e = 0; e < count; ++e) first[e + 1] = first[e] + (wanted[e] + 15) / 16 * 16;
  std::vector<uint32_t> next(first.begin(), first.end() - 1), source(first[count], 0);
  for (uint32_t i = 0; i < choices; ++i) {
    place[i] = next[chosen[i]]++;
    source[place[i]] = i;
  }
  expert_tables_.clear();
  const size_t source_at = expert_tables_.add(source), place_at = expert_tables_.add(place);
  expert_tables_.send(stream_);

  CUDA_CHECK(gather_rows(
      GatherRows<T>{buffers_.h, expert_tables_.at<uint32_t>(source_at), buffers_.slot_in, first[count], a.hidden, used},
      stream_));
  for (uint32_t e = 0; e < count; ++e) {
    if (wanted[e] == 0) continue;
    const FeedForwardWeights<T>& f = w.experts[e];
    const size_t slot = first[e];
    T *both = buffers_.gate_up + slot * 2 * width, *act = buffers_.act + slot * width;
    products_.multiply(buffers_.slot_in + slot * a.hidden, f.gate_up, both, wanted[e], a.hidden, 2 * width, 2 * width);
    CUDA_CHECK(gate(Gate<T>{both, f.gate_up_bias, act, wanted[e], width, static_cast<GateFunction>(a.activation)}, stream_));
    products_.multiply(act, f.down, buffers_.slot_out + slot * a.hidden, wanted[e], width, a.hidden, a.hidden);
  }
  CUDA_CHECK(combine_experts(CombineExperts<T>{buffers_.slot_out, expert_tables_.at<uint32_t>(place_at), buffers_.choice,
                                               buffers_.add, rows, used, a.hidden},
                             stream_));
}

template class CudaDevice<bf16>;
template class CudaDevice<fp16>;
template class CudaDevice<float>;

}  // namespace sextant::cuda
