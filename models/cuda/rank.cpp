#include "rank.hpp"
#include <algorithm>
#include <sextant/sdk.hpp>

namespace sextant::cuda {

using Use = Gemm::Use;

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
Rank<T>::Rank(const engine::ModelTensors& tensors, const Architecture& whole, const MemoryPlan& plan, Part part,
              const std::vector<int32_t>& end, uint32_t multiprocessors)
    : gpu_(current_gpu()),
      part_(part),
      architecture_(part_of(whole, part)),
      plan_(plan),
      qkv_width_((architecture_.heads + 2 * architecture_.kv_heads) * architecture_.head_dim),
      query_width_(whole.heads * whole.head_dim),
      feed_forward_(whole.feed_forward),
      expert_feed_forward_(whole.experts.feed_forward),
      columns_(columns(whole.hidden, part.ranks).count(part.rank)),
      memory_(plan.total() + 2 * Carver::alignment),
      products_(
          [&] {
            const Architecture& a = architecture_;
            Carver carver(memory_.data());
            weights_ = lay_out_weights<T>(part_of(tensors, whole, part, plan.chunk), a, plan.keep_quantised, carver);
            buffers_ = lay_out_buffers<T>(whole, plan, carver);
            layer_stride_ = size_t{plan.pages} * a.kv_heads * page_tokens * a.head_dim;
            keys_ = carver.take<T>(a.layers.size() * layer_stride_);
            values_ = carver.take<T>(a.layers.size() * layer_stride_);
            return buffers_.workspace;
          }(),
          stream_),
      head_(architecture_, plan_, part, weights_, buffers_, products_),
      tables_(architecture_, plan_, part, end, multiprocessors, sizeof(T) == 2),
      expert_tables_(plan.slots > 0 ? expert_tables_bytes : 0) {
  load_weights(part_of(tensors, whole, part, plan.chunk), architecture_, weights_, stream_);
  choose_products(whole);
}

template <class T> void Rank<T>::choose_products(const Architecture& whole) {
  const Architecture& a = architecture_;
  constexpr uint32_t rows = rows_most;
  const auto choose = [&](Gemm::Use use, T* x, const Matrix<T>& w, T* y, uint32_t inputs, uint32_t outputs,
                          uint32_t whole_outputs) {
    const Gemm::Whole all{whole_outputs, keys_};
    products_.choose(use, x, w, y, rows, inputs, outputs, outputs, part_.ranks > 1 ? &all : nullptr);
  };
  for (size_t l = 0; l < a.layers.size(); ++l) {
    const LayerWeights<T>& w = weights_.layers[l];
    choose(Use::qkv, buffers_.h, w.qkv, buffers_.qkv, a.hidden, qkv_width_,
           (whole.heads + 2 * whole.kv_heads) * whole.head_dim);
    choose(Use::output, buffers_.attention, w.output, buffers_.add_part, query_width_, columns_, a.hidden);
    if (a.layers[l].experts) {
      const uint32_t width = a.experts.feed_forward;
      products_.choose(Use::router, buffers_.h, w.router, buffers_.router, rows, a.hidden, a.experts.count, a.experts.count);
      for (const FeedForwardWeights<T>& expert : w.experts) {
        choose(Use::expert_gate_up, buffers_.slot_in, expert.gate_up, buffers_.gate_up, a.hidden, 2 * width,
               2 * expert_feed_forward_);
        choose(Use::expert_down, buffers_.act, expert.down, buffers_.slot_out, expert_feed_forward_, columns_, a.hidden);
      }
    } else {
      choose(Use::gate_up, buffers_.h, w.feed_forward.gate_up, buffers_.gate_up, a.hidden, 2 * a.feed_forward,
             2 * feed_forward_);
      choose(Use::down, buffers_.act, w.feed_forward.down, buffers_.add_part, feed_forward_, columns_, a.hidden);
    }
  }
  head_.choose_products();
  if (plan_.slots > 0 && products_.padded_shapes() > 0)
    throw PluginError(SXT_UNSUPPORTED,
                      "cuBLAS has no algorithm for this model's experts whose results do not depend on the batch");
}

template <class T> void Rank<T>::begin(const Batch& batch) {
  places_ = tables_.make(batch, stream_);
  head_.reserve(batch);
  if (plan_.slots > 0) grow(chosen_, size_t{places_.rows} * architecture_.experts.used * sizeof(uint32_t));
  joining_ = {};
  const auto layers = static_cast<uint32_t>(architecture_.layers.size());
  for (size_t i = 0; i < places_.copies.size(); ++i) copy(0, layers, places_.copies[i], places_.copy_counts[i]);
}

template <class T> void Rank<T>::embed() {
  if (head_.ids().count(part_.rank) == 0) return;  // others have them all
  CUDA_CHECK(cuda::embed(
      Embed<T>{tables_.at<int32_t>(part_.ranks == 1 ? places_.tokens : places_.own_tokens), weights_.embedding.numbers,
               buffers_.x, places_.rows, architecture_.hidden, architecture_.embedding_scale, weights_.embedding.blocks[0]},
      stream_));
}

template <class T> void Rank<T>::take_embedded() {
  const auto* from = static_cast<const float*>(buffers_.gathered);
  CUDA_CHECK(gather_rows(
      GatherRows<float>{from, tables_.at<uint32_t>(places_.gathered_rows), buffers_.x, places_.rows, architecture_.hidden, 1},
      stream_));
}

template <class T> void Rank<T>::copy(size_t first_layer, size_t layers, size_t copies, uint32_t count) {
  if (count == 0) return;
  CUDA_CHECK(copy_slots(
      CopySlots<T>{keys_ + first_layer * layer_stride_, values_ + first_layer * layer_stride_, tables_.at<SlotCopy>(copies),
                   count, static_cast<uint32_t>(layers), architecture_.kv_heads, architecture_.head_dim, layer_stride_},
      stream_));
}

template <class T> void Rank<T>::compute_angles() {
  float2* out = buffers_.angles;
  for (size_t r = 0; r < architecture_.ropes.size(); ++r) {
    const engine::Rope& rope = architecture_.ropes[r];
    const uint32_t half = rope.dims / 2;
    if (half > 0)
      CUDA_CHECK(angles({tables_.at<double>(places_.frequencies[r]), tables_.at<uint32_t>(places_.row_class),
                         tables_.at<uint32_t>(places_.positions), out, places_.rows, half, rope.magnitude},
                        stream_));
    out += size_t{plan_.rows_max} * half;
  }
}

template <class T> void Rank<T>::normalise(const float* weight) {
  CUDA_CHECK(residual_norm(
      ResidualNorm<T>{buffers_.x, joining_.any ? buffers_.add : nullptr, joining_.bias, joining_.norm, weight, buffers_.h,
                      nullptr, places_.rows, architecture_.hidden, architecture_.residual_scale, architecture_.norm_epsilon},
      stream_));
}

template <class T> void Rank<T>::attend(uint32_t layer) {
  const Architecture& a = architecture_;
  const LayerWeights<T>& w = weights_.layers[layer];
  const engine::LayerShape& shape = a.layers[layer];
  const uint32_t rows = places_.rows;
  T *keys = keys_ + layer * layer_stride_, *values = values_ + layer * layer_stride_;
  normalise(w.attention_norm);
  products_.multiply(Use::qkv, buffers_.h, w.qkv, buffers_.qkv, rows, a.hidden, qkv_width_, qkv_width_);
  const float2* angles = nullptr;
  uint32_t dims = 0;
  if (shape.rope >= 0) {
    angles = buffers_.angles;
    for (int32_t r = 0; r < shape.rope; ++r) angles += size_t{plan_.rows_max} * (a.ropes[static_cast<size_t>(r)].dims / 2);
    dims = a.ropes[static_cast<size_t>(shape.rope)].dims;
  }
  CUDA_CHECK(place_keys(
      PlaceKeys<T>{buffers_.qkv, w.qkv_bias, w.q_norm, w.k_norm, dims ? angles : nullptr, tables_.at<uint32_t>(places_.slots),
                   keys, values, rows, a.heads, a.kv_heads, a.head_dim, dims, a.norm_epsilon},
      stream_));
  copy(layer, 1, places_.stores, places_.store_count);
  const auto& plan = places_.attention.at(shape.window);
  CUDA_CHECK(attention(
      Attention<T>{buffers_.qkv, keys, values, buffers_.attention_part, tables_.at<uint32_t>(plan.rows),
                   tables_.at<uint32_t>(places_.positions), tables_.at<uint32_t>(places_.pages),
                   tables_.at<AttentionTask>(plan.tasks), buffers_.partial_out, buffers_.partial_state, plan.task_count,
                   a.heads, a.kv_heads, a.head_dim, shape.window, a.attention_scale, a.attention_softcap},
      stream_));
  if (plan.merge_count > 0)
    CUDA_CHECK(
        merge_splits(MergeSplits<T>{tables_.at<AttentionMerge>(plan.merges), buffers_.partial_out, buffers_.partial_state,
                                    buffers_.attention_part, plan.merge_count, a.heads, a.head_dim},
                     stream_));
}

template <class T> void Rank<T>::project(uint32_t layer) {
  const LayerWeights<T>& w = weights_.layers[layer];
  products_.multiply(Use::output, buffers_.attention, w.output, buffers_.add_part, places_.rows, query_width_, columns_,
                     columns_);
  joining_ = {w.output_bias, w.post_attention_norm, true};
}

template <class T> void Rank<T>::gate(uint32_t layer) {
  const Architecture& a = architecture_;
  const LayerWeights<T>& w = weights_.layers[layer];
  const FeedForwardWeights<T>& f = w.feed_forward;
  normalise(w.feed_forward_norm);
  products_.multiply(Use::gate_up, buffers_.h, f.gate_up, buffers_.gate_up, places_.rows, a.hidden, 2 * a.feed_forward,
                     2 * a.feed_forward);
  const auto function = static_cast<GateFunction>(a.activation);
  CUDA_CHECK(cuda::gate(Gate<T>{buffers_.gate_up, f.gate_up_bias, buffers_.act_part, places_.rows, a.feed_forward, function},
                        stream_));
}
static_assert(static_cast<int>(GateFunction::silu) == static_cast<int>(engine::Activation::silu) &&
              static_cast<int>(GateFunction::gelu_tanh) == static_cast<int>(engine::Activation::gelu_tanh));

template <class T> void Rank<T>::project_gated(uint32_t layer) {
  const LayerWeights<T>& w = weights_.layers[layer];
  products_.multiply(Use::down, buffers_.act, w.feed_forward.down, buffers_.add_part, places_.rows, feed_forward_, columns_,
                     columns_);
  joining_ = left_by(w);
}

template <class T> void Rank<T>::route(uint32_t layer) {
  const Architecture& a = architecture_;
  const LayerWeights<T>& w = weights_.layers[layer];
  const uint32_t rows = places_.rows, count = a.experts.count, used = a.experts.used;
  normalise(w.feed_forward_norm);
  products_.multiply(Use::router, buffers_.h, w.router, buffers_.router, rows, a.hidden, count, count);
  CUDA_CHECK(cuda::route({buffers_.router, buffers_.chosen, buffers_.choice, rows, count, used, a.experts.normalise}, stream_));
  CUDA_CHECK(cudaMemcpyAsync(chosen_.data(), buffers_.chosen, size_t{rows} * used * sizeof(uint32_t), cudaMemcpyDeviceToHost,
                             stream_));
}

// Rows are gathered by expert, so that its weights are read once for all of them. Each expert's rows begin at a multiple of 16,
// where tensor cores want them.
template <class T> uint32_t Rank<T>::gate_experts(uint32_t layer) {
  const Architecture& a = architecture_;
  const uint32_t count = a.experts.count, used = a.experts.used, width = a.experts.feed_forward, choices = places_.rows * used;
  stream_.wait();
  const auto* chosen = reinterpret_cast<const uint32_t*>(chosen_.data());
  auto& [first, wanted, place_at] = expert_rows_;
  first.assign(count + 1, 0), wanted.assign(count, 0);
  for (uint32_t i = 0; i < choices; ++i) ++wanted[chosen[i]];
  for (uint32_t e = 0; e < count; ++e)
    first[e + 1] = first[e] + (wanted[e] + expert_rows_step - 1) / expert_rows_step * expert_rows_step;
  std::vector<uint32_t> next(first.begin(), first.end() - 1), source(first[count], 0), place(choices);
  for (uint32_t i = 0; i < choices; ++i) {
    place[i] = next[chosen[i]]++;
    source[place[i]] = i;
  }
  expert_tables_.clear();
  const size_t source_at = expert_tables_.add(source);
  place_at = expert_tables_.add(place);
  expert_tables_.send(stream_);

  CUDA_CHECK(gather_rows(
      GatherRows<T>{buffers_.h, expert_tables_.at<uint32_t>(source_at), buffers_.slot_in, first[count], a.hidden, used},
      stream_));
  for (uint32_t e = 0; e < count; ++e) {
    if (wanted[e] == 0) continue;
    const FeedForwardWeights<T>& f = weights_.layers[layer].experts[e];
    const size_t slot = first[e];
    T *both = buffers_.gate_up + slot * 2 * width, *act = buffers_.act_part + slot * width;
    products_.multiply(Use::expert_gate_up, buffers_.slot_in + slot * a.hidden, f.gate_up, both, wanted[e], a.hidden, 2 * width,
                       2 * width);
    CUDA_CHECK(
        cuda::gate(Gate<T>{both, f.gate_up_bias, act, wanted[e], width, static_cast<GateFunction>(a.activation)}, stream_));
  }
  return first[count];
}

template <class T> void Rank<T>::project_experts(uint32_t layer) {
  const Architecture& a = architecture_;
  const LayerWeights<T>& w = weights_.layers[layer];
  const uint32_t inputs = expert_feed_forward_;
  for (uint32_t e = 0; e < a.experts.count; ++e) {
    if (expert_rows_.wanted[e] == 0) continue;
    const size_t slot = expert_rows_.first[e];
    products_.multiply(Use::expert_down, buffers_.act + slot * inputs, w.experts[e].down, buffers_.slot_out + slot * columns_,
                       expert_rows_.wanted[e], inputs, columns_, columns_);
  }
  CUDA_CHECK(combine_experts(CombineExperts<T>{buffers_.slot_out, expert_tables_.at<uint32_t>(expert_rows_.place),
                                               buffers_.choice, buffers_.add_part, places_.rows, a.experts.used, columns_},
                             stream_));
  joining_ = left_by(w);
}

template <class T> bool Rank<T>::is_done() const {
  const cudaError_t state = cudaEventQuery(done_);
  if (state != cudaErrorNotReady) CUDA_CHECK(state);
  return state == cudaSuccess;
}

template class Rank<bf16>;
template class Rank<fp16>;
template class Rank<float>;

}  // namespace sextant::cuda
