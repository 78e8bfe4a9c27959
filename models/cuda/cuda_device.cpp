#include "cuda_device.hpp"
#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <sextant/sdk.hpp>
#include "page_copies.hpp"

namespace sextant::cuda {

using engine::Architecture;
using engine::Batch;
using engine::Run;

namespace {

constexpr size_t tables_bytes = 1 << 20;  // at first
constexpr uint32_t step_rows_max = 1024;  // more rows keep the GPU busy for longer than launching takes
template <class T> void fill_up(std::vector<T>& table, size_t size, T value) { table.resize(std::max(table.size(), size), value); }
template <class A> void grow(A& allocation, size_t bytes) {
  if (allocation.bytes() < bytes) allocation = A(2 * bytes);
}

}  // namespace

template <class T>
CudaDevice<T>::CudaDevice(const engine::ModelTensors& tensors, const Architecture& a, const MemoryPlan& plan,
                          std::vector<int32_t> end, uint32_t multiprocessors)
    : architecture_(a),
      plan_(plan),
      end_(std::move(end)),
      multiprocessors_(multiprocessors),
      qkv_width_((a.heads + 2 * a.kv_heads) * a.head_dim),
      query_width_(a.heads * a.head_dim),
      memory_(plan.total() + 2 * Carver::alignment),
      gemm_(
          [&] {
            Carver carver(memory_.data());
            weights_ = lay_out_weights<T>(tensors, a, carver);
            buffers_ = lay_out_buffers<T>(a, plan, carver);
            layer_stride_ = size_t{plan.pages} * a.kv_heads * page_tokens * a.head_dim;
            keys_ = carver.take<T>(a.layers.size() * layer_stride_);
            values_ = carver.take<T>(a.layers.size() * layer_stride_);
            return buffers_.workspace;
          }(),
          stream_),
      tables_(tables_bytes),
      expert_tables_(plan.slots > 0 ? tables_bytes : 0),
      frequencies_(a.ropes.size()) {
  load_weights(tensors, a, weights_, stream_);
  choose_products();
}

template <class T> void CudaDevice<T>::choose_products() {
  const Architecture& a = architecture_;
  const uint32_t rows = plan_.rows_max;
  for (size_t l = 0; l < a.layers.size(); ++l) {
    const LayerWeights<T>& w = weights_.layers[l];
    gemm_.choose(buffers_.h, w.qkv, buffers_.qkv, rows, a.hidden, qkv_width_, qkv_width_);
    gemm_.choose(buffers_.attention, w.output, buffers_.add, rows, query_width_, a.hidden, a.hidden);
    if (a.layers[l].experts) {
      const uint32_t width = a.experts.feed_forward;
      gemm_.choose(buffers_.h, w.router, buffers_.router, rows, a.hidden, a.experts.count, a.experts.count);
      gemm_.choose(buffers_.slot_in, w.experts[0].gate_up, buffers_.gate_up, rows, a.hidden, 2 * width, 2 * width);
      gemm_.choose(buffers_.act, w.experts[0].down, buffers_.slot_out, rows, width, a.hidden, a.hidden);
    } else {
      gemm_.choose(buffers_.h, w.feed_forward.gate_up, buffers_.gate_up, rows, a.hidden, 2 * a.feed_forward,
                   2 * a.feed_forward);
      gemm_.choose(buffers_.act, w.feed_forward.down, buffers_.add, rows, a.feed_forward, a.hidden, a.hidden);
    }
  }
  for (const uint32_t ids : {std::min(plan_.chunk, a.vocab), a.vocab % plan_.chunk})
    if (ids > 0) gemm_.choose(buffers_.head, weights_.head, buffers_.logits, plan_.head_rows, a.hidden, ids, plan_.chunk);
  if (plan_.slots > 0 && gemm_.padded_shapes() > 0)
    throw PluginError(SXT_UNSUPPORTED,
                      "cuBLAS has no algorithm for this model's experts whose results do not depend on the batch");
}

template <class T> engine::DeviceLimits CudaDevice<T>::limits() const {
  return {plan_.rows_max, plan_.pages, plan_.context, architecture_.vocab};
}

// ---- tables ----

template <class T> typename CudaDevice<T>::Places CudaDevice<T>::make_tables(const Batch& batch) {
  tables_.clear();
  Places places{};
  // experts are chosen on the host, in the middle of a layer
  places.is_step = batch.runs.size() == batch.rows() && batch.rows() <= step_rows_max && batch.stores.empty() && plan_.slots == 0;
  places.rows = places.is_step ? std::bit_ceil(batch.rows()) : batch.rows();
  std::vector<int32_t> tokens = batch.tokens;
  fill_up(tokens, places.rows, 0);
  places.tokens = tables_.add(tokens);
  add_positions(batch, places);
  add_attention(batch, places);
  places.pages = tables_.add(batch.pages);
  for (const auto& round : rounds_of(batch.copies)) {
    places.copies.push_back(tables_.add(round));
    places.copy_counts.push_back(static_cast<uint32_t>(round.size()));
  }
  add_head(batch, places);
  tables_.send(stream_);
  return places;
}

// All that the launches of compute_layers are given, but for what never changes.
template <class T> std::vector<size_t> CudaDevice<T>::step_key(const Places& p) const {
  std::vector<size_t> key{reinterpret_cast<size_t>(tables_.at<std::byte>(0)), p.rows, p.tokens, p.positions, p.slots, p.row_class, p.pages};
  key.insert(key.end(), p.frequencies.begin(), p.frequencies.end());
  for (const auto& [window, a] : p.attention) key.insert(key.end(), {a.rows, a.tasks, a.merges, a.task_count, a.merge_count});
  return key;
}

template <class T> void CudaDevice<T>::add_positions(const Batch& batch, Places& ret) {
  std::vector<uint32_t> positions = batch.positions, slots(ret.rows, no_index), row_class(ret.rows), classes;
  fill_up(positions, ret.rows, 0u);
  for (const Run& run : batch.runs) {
    auto found = std::find(classes.begin(), classes.end(), run.rope_length);
    if (found == classes.end()) found = classes.insert(classes.end(), run.rope_length);
    for (uint32_t r = run.first_row; r < run.first_row + run.rows; ++r) {
      const uint32_t position = batch.positions[r];
      slots[r] = batch.pages[run.first_page + position / page_tokens] * page_tokens + position % page_tokens;
      row_class[r] = static_cast<uint32_t>(found - classes.begin());
    }
  }
  ret.positions = tables_.add(positions);
  ret.slots = tables_.add(slots);
  ret.row_class = tables_.add(row_class);
  std::vector<SlotCopy> stores;
  for (const engine::ExtraStore& s : batch.stores) stores.push_back({slots[s.row], s.page * page_tokens + s.offset, 1});
  ret.stores = tables_.add(stores);
  ret.store_count = static_cast<uint32_t>(stores.size());
  for (size_t r = 0; r < architecture_.ropes.size(); ++r) {
    std::vector<double> frequencies;
    for (const uint32_t length : classes) {
      auto& known = frequencies_[r][length];
      if (known.empty()) known = engine::rope_frequencies(architecture_.ropes[r], length);
      frequencies.insert(frequencies.end(), known.begin(), known.end());
    }
    ret.frequencies.push_back(tables_.add(frequencies));
  }
}

template <class T> void CudaDevice<T>::add_attention(const Batch& batch, Places& ret) {
  const Architecture& a = architecture_;
  for (const engine::LayerShape& layer : a.layers) {
    if (ret.attention.count(layer.window)) continue;
    AttentionPlan plan =
        plan_attention(batch, {attention_rows(a.heads / a.kv_heads, a.head_dim, sizeof(T) == 2), layer.window,
                               (2 * multiprocessors_ + a.kv_heads - 1) / a.kv_heads, plan_.partials});
    if (ret.is_step) {
      fill_up(plan.rows, ret.rows, 0u);
      fill_up(plan.tasks, std::bit_ceil(plan.tasks.size()), AttentionTask{});
      if (!plan.merges.empty()) fill_up(plan.merges, std::bit_ceil(plan.merges.size()), AttentionMerge{});
    }
    ret.attention[layer.window] = {tables_.add(plan.rows),
                                   tables_.add(plan.tasks),
                                   tables_.add(plan.merges),
                                   static_cast<uint32_t>(plan.tasks.size()),
                                   static_cast<uint32_t>(plan.merges.size())};
  }
}

template <class T> void CudaDevice<T>::add_head(const Batch& batch, Places& ret) {
  std::vector<uint32_t> rows;
  std::vector<HeadTask> tasks;
  for (const engine::HeadRow& h : batch.head) {
    rows.push_back(h.row);
    tasks.push_back({h.first_target, h.target_count, h.forbid_end, h.logits != nullptr});
  }
  ret.head_rows = tables_.add(rows);
  ret.head_tasks = tables_.add(tasks);
  ret.targets = tables_.add(batch.targets);
  ret.end = tables_.add(end_);
}

// ---- a batch ----

template <class T>
bool CudaDevice<T>::run(const Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) {
  const auto layers = static_cast<uint32_t>(architecture_.layers.size());
  const Places places = make_tables(batch);
  for (size_t i = 0; i < places.copies.size(); ++i) copy(0, layers, places.copies[i], places.copy_counts[i]);
  if (places.is_step) {
    steps_.run(step_key(places), stream_, [&] { compute_layers(places, [] { return false; }); });
  } else if (!compute_layers(places, cancelled)) {
    stream_.wait();
    return false;
  }
  look(batch, places, left_by(weights_.layers.back()));
  if (!wait(cancelled)) return false;
  const auto* state = reinterpret_cast<const HeadState*>(results_.data());
  ret_outputs.head.resize(batch.head.size());
  for (size_t i = 0; i < batch.head.size(); ++i) {
    ret_outputs.head[i] = {state[i].maximum + std::log(state[i].sum), state[i].best};
    if (std::is_same_v<T, fp16> && !std::isfinite(ret_outputs.head[i].log_sum_exp))
      throw PluginError(SXT_UNSUPPORTED, "compute: this model's numbers grow beyond what fp16 holds (65,504); use bf16 or f32");
  }
  const auto* logits = reinterpret_cast<const float*>(state + batch.head.size());
  ret_outputs.target_logits.assign(logits, logits + batch.targets.size());
  return true;
}

template <class T> bool CudaDevice<T>::compute_layers(const Places& places, const std::function<bool()>& cancelled) {
  const uint32_t rows = places.rows;
  CUDA_CHECK(embed(Embed<T>{tables_.at<int32_t>(places.tokens), weights_.embedding, buffers_.x, rows, architecture_.hidden,
                            architecture_.embedding_scale},
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

template <class T> typename CudaDevice<T>::Joining CudaDevice<T>::attend(uint32_t layer, uint32_t rows, const Places& places) {
  const Architecture& a = architecture_;
  const LayerWeights<T>& w = weights_.layers[layer];
  const engine::LayerShape& shape = a.layers[layer];
  T *keys = keys_ + layer * layer_stride_, *values = values_ + layer * layer_stride_;
  gemm_.multiply(buffers_.h, w.qkv, buffers_.qkv, rows, a.hidden, qkv_width_, qkv_width_);
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
  gemm_.multiply(buffers_.attention, w.output, buffers_.add, rows, query_width_, a.hidden, a.hidden);
  return {w.output_bias, w.post_attention_norm, true};
}

template <class T> void CudaDevice<T>::feed_forward(uint32_t layer, uint32_t rows) {
  const Architecture& a = architecture_;
  const LayerWeights<T>& w = weights_.layers[layer];
  const FeedForwardWeights<T>& f = w.feed_forward;
  if (a.layers[layer].experts) return experts(w, rows);
  gemm_.multiply(buffers_.h, f.gate_up, buffers_.gate_up, rows, a.hidden, 2 * a.feed_forward, 2 * a.feed_forward);
  const auto function = static_cast<GateFunction>(a.activation);
  CUDA_CHECK(gate(Gate<T>{buffers_.gate_up, f.gate_up_bias, buffers_.act, rows, a.feed_forward, function}, stream_));
  gemm_.multiply(buffers_.act, f.down, buffers_.add, rows, a.feed_forward, a.hidden, a.hidden);
}
static_assert(static_cast<int>(GateFunction::silu) == static_cast<int>(engine::Activation::silu) &&
              static_cast<int>(GateFunction::gelu_tanh) == static_cast<int>(engine::Activation::gelu_tanh));

// Rows are gathered by expert, so that its weights are read once for all of them. Each expert's rows begin at a multiple of 16,
// where tensor cores want them.
template <class T> void CudaDevice<T>::experts(const LayerWeights<T>& w, uint32_t rows) {
  const Architecture& a = architecture_;
  const uint32_t count = a.experts.count, used = a.experts.used, width = a.experts.feed_forward, choices = rows * used;
  gemm_.multiply(buffers_.h, w.router, buffers_.router, rows, a.hidden, count, count);
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
    gemm_.multiply(buffers_.slot_in + slot * a.hidden, f.gate_up, both, wanted[e], a.hidden, 2 * width, 2 * width);
    CUDA_CHECK(gate(Gate<T>{both, f.gate_up_bias, act, wanted[e], width, static_cast<GateFunction>(a.activation)}, stream_));
    gemm_.multiply(act, f.down, buffers_.slot_out + slot * a.hidden, wanted[e], width, a.hidden, a.hidden);
  }
  CUDA_CHECK(combine_experts(CombineExperts<T>{buffers_.slot_out, expert_tables_.at<uint32_t>(place_at), buffers_.choice,
                                               buffers_.add, rows, used, a.hidden},
                             stream_));
}

// Only rows that predict something, and the vocabulary in chunks: [rows][vocab] never exists.
template <class T> void CudaDevice<T>::look(const Batch& batch, const Places& places, const Joining& joining) {
  const Architecture& a = architecture_;
  const auto rows = static_cast<uint32_t>(batch.head.size());
  grow(target_logits_, batch.targets.size() * sizeof(float));
  auto* target_logits = reinterpret_cast<float*>(target_logits_.data());
  for (uint32_t first = 0; first < rows; first += plan_.head_rows) {
    const uint32_t some = std::min(plan_.head_rows, rows - first);
    CUDA_CHECK(residual_norm(ResidualNorm<T>{buffers_.x, joining.any ? buffers_.add : nullptr, joining.bias, joining.norm,
                                             weights_.final_norm, buffers_.head, tables_.at<uint32_t>(places.head_rows) + first,
                                             some, a.hidden, a.residual_scale, a.norm_epsilon},
                             stream_));
    for (uint32_t id = 0; id < a.vocab; id += plan_.chunk) {
      const uint32_t ids = std::min(plan_.chunk, a.vocab - id);
      gemm_.multiply(buffers_.head, weights_.head + size_t{id} * a.hidden, buffers_.logits, some, a.hidden, ids, plan_.chunk);
      CUDA_CHECK(
          head_chunk({buffers_.logits, tables_.at<HeadTask>(places.head_tasks) + first, tables_.at<int32_t>(places.targets),
                      tables_.at<int32_t>(places.end), buffers_.state + first, target_logits, some, plan_.chunk, id, ids,
                      static_cast<uint32_t>(end_.size()), a.logit_scale, a.logit_softcap},
                     stream_));
      for (uint32_t r = 0; r < some; ++r)
        if (float* logits = batch.head[first + r].logits)
          CUDA_CHECK(cudaMemcpyAsync(logits + id, buffers_.logits + size_t{r} * plan_.chunk, ids * sizeof(float),
                                     cudaMemcpyDeviceToHost, stream_));
    }
  }
  const size_t state_bytes = rows * sizeof(HeadState), target_bytes = batch.targets.size() * sizeof(float);
  grow(results_, state_bytes + target_bytes);
  if (state_bytes > 0)
    CUDA_CHECK(cudaMemcpyAsync(results_.data(), buffers_.state, state_bytes, cudaMemcpyDeviceToHost, stream_));
  if (target_bytes > 0)
    CUDA_CHECK(cudaMemcpyAsync(results_.data() + state_bytes, target_logits, target_bytes, cudaMemcpyDeviceToHost, stream_));
}

template class CudaDevice<bf16>;
template class CudaDevice<fp16>;
template class CudaDevice<float>;

}  // namespace sextant::cuda
