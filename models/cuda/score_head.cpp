#include "score_head.hpp"
#include <algorithm>
#include <cmath>

namespace sextant::cuda {

template <class T> void ScoreHead<T>::choose_products() {
  const engine::Architecture& a = architecture_;
  const uint32_t end_id = ids_.first(part_.rank + 1);
  for (uint32_t id = ids_.first(part_.rank); id < end_id; id += plan_.chunk)
    products_.choose(Gemm::Use::head, buffers_.head, weights_.head, buffers_.logits, head_rows_most, a.hidden,
                     std::min(plan_.chunk, a.vocab - id), plan_.chunk);
}

template <class T> void ScoreHead<T>::reserve(const engine::Batch& batch) {
  const size_t states = batch.head.size() * sizeof(HeadState), targets = batch.targets.size() * sizeof(float);
  grow(states_, states);
  grow(target_logits_, targets);
  grow(results_, states + targets);
  if (part_.rank == 0) grow(state_rows_, batch.states.size() * architecture_.hidden * sizeof(float));
}

// Only rows that predict something, and the vocabulary in chunks: [rows][vocab] never exists.
template <class T>
void ScoreHead<T>::look(const BatchTables& tables, const BatchTables::Places& places, const Group& group, Joining joining,
                        cudaStream_t stream) {
  const engine::Architecture& a = architecture_;
  const bool alone = part_.ranks == 1;
  const uint32_t first_id = ids_.first(part_.rank), end_id = ids_.first(part_.rank + 1);
  HeadState* state = alone ? states() + group.first : buffers_.states_part;
  CUDA_CHECK(
      residual_norm(ResidualNorm<T>{buffers_.x, joining.any ? buffers_.add : nullptr, joining.bias, joining.norm,
                                    weights_.final_norm, buffers_.head, tables.at<uint32_t>(places.head_rows) + group.first,
                                    group.rows, a.hidden, a.residual_scale, a.norm_epsilon},
                    stream));
  for (uint32_t id = first_id; id < end_id; id += plan_.chunk) {
    const uint32_t ids = std::min(plan_.chunk, a.vocab - id);
    products_.multiply(Gemm::Use::head, buffers_.head, rows_of(weights_.head, id - first_id, ids, a.hidden), buffers_.logits,
                       group.rows, a.hidden, ids, plan_.chunk);
    CUDA_CHECK(head_chunk(
        {buffers_.logits, tables.at<HeadTask>(places.head_tasks) + group.first, tables.at<int32_t>(places.targets),
         tables.at<int32_t>(places.end), state, target_logits(), (alone ? buffers_.kept : buffers_.kept_part) + (id - first_id),
         group.rows, plan_.chunk, end_id - first_id, id, ids, tables.end_count(), a.logit_scale, a.logit_softcap, !alone,
         tables.at<engine::Adjustment>(places.adjustments)},
        stream));
    if (!alone) state += group.rows;
  }
}

template <class T> void ScoreHead<T>::join_states(const Group& group, cudaStream_t stream) {
  CUDA_CHECK(cuda::join_states({static_cast<const HeadState*>(buffers_.gathered), states() + group.first, group.rows,
                                part_.ranks, ids_.units(), ids_.units_most()},
                               stream));
}

template <class T> void ScoreHead<T>::join_kept(const Group& group, cudaStream_t stream) {
  const auto* from = static_cast<const float*>(buffers_.gathered);
  CUDA_CHECK(join_columns(
      JoinColumns<float>{from, buffers_.kept, group.draws, ids_.width, ids_.ranks, ids_.units(), ids_.unit}, stream));
}

// In stretches for which the logits' buffer has room.
template <class T>
void ScoreHead<T>::give_states(const BatchTables& tables, const BatchTables::Places& places, Joining joining,
                               cudaStream_t stream) {
  const engine::Architecture& a = architecture_;
  const auto room = static_cast<uint32_t>(size_t{plan_.head_rows} * plan_.chunk / a.hidden);
  for (uint32_t first = 0; first < places.state_count;) {
    const uint32_t rows = std::min(std::max(room, 1u), places.state_count - first);
    CUDA_CHECK(state_norm(
        ResidualNorm<T>{buffers_.x, joining.any ? buffers_.add : nullptr, joining.bias, joining.norm, weights_.final_norm,
                        nullptr, tables.at<uint32_t>(places.states) + first, rows, a.hidden, a.residual_scale, a.norm_epsilon},
        buffers_.logits, stream));
    const size_t row_bytes = a.hidden * sizeof(float);
    CUDA_CHECK(cudaMemcpyAsync(state_rows_.data() + first * row_bytes, buffers_.logits, rows * row_bytes,
                               cudaMemcpyDeviceToHost, stream));
    first += rows;
  }
}

template <class T>
void ScoreHead<T>::draw(const BatchTables& tables, const BatchTables::Places& places, const Group& group, cudaStream_t stream) {
  if (group.draws == 0) return;
  CUDA_CHECK(draw_tokens({buffers_.kept, tables.at<DrawTask>(places.draws) + group.first_draw, tables.at<int32_t>(places.end),
                          states(), group.draws, architecture_.vocab, tables.end_count()},
                         stream));
}

template <class T> void ScoreHead<T>::send(const engine::Batch& batch, cudaStream_t stream) {
  const size_t state_bytes = batch.head.size() * sizeof(HeadState), target_bytes = batch.targets.size() * sizeof(float);
  if (state_bytes > 0)
    CUDA_CHECK(cudaMemcpyAsync(results_.data(), states(), state_bytes, cudaMemcpyDeviceToHost, stream));
  if (target_bytes > 0)
    CUDA_CHECK(cudaMemcpyAsync(results_.data() + state_bytes, target_logits(), target_bytes, cudaMemcpyDeviceToHost, stream));
}

template <class T> void ScoreHead<T>::read_heads(std::vector<engine::HeadResult>& ret_heads) const {
  const auto* state = reinterpret_cast<const HeadState*>(results_.data());
  for (size_t i = 0; i < ret_heads.size(); ++i) ret_heads[i] = {state[i].maximum + std::log(state[i].sum), state[i].best};
}

template <class T> void ScoreHead<T>::read_targets(const engine::Batch& batch, std::vector<float>& ret_logits) const {
  const auto* logits = reinterpret_cast<const float*>(results_.data() + batch.head.size() * sizeof(HeadState));
  for (size_t t = 0; t < batch.targets.size(); ++t)
    if (ids_.owner(static_cast<uint32_t>(batch.targets[t])) == part_.rank) ret_logits[t] = logits[t];
}

template <class T> void ScoreHead<T>::read_states(const engine::Batch& batch, std::vector<float>& ret_states) const {
  const auto* states = reinterpret_cast<const float*>(state_rows_.data());
  ret_states.assign(states, states + batch.states.size() * architecture_.hidden);
}

template class ScoreHead<bf16>;
template class ScoreHead<fp16>;
template class ScoreHead<float>;

}  // namespace sextant::cuda
