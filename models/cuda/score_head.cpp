#include "score_head.hpp"
#include <algorithm>
#include <cmath>

namespace sextant::cuda {

template <class T> void ScoreHead<T>::choose_products() {
  const engine::Architecture& a = architecture_;
  for (const uint32_t ids : {std::min(plan_.chunk, a.vocab), a.vocab % plan_.chunk})
    if (ids > 0) products_.choose(buffers_.head, weights_.head, buffers_.logits, head_rows_most, a.hidden, ids, plan_.chunk);
}

// Only rows that predict something, and the vocabulary in chunks: [rows][vocab] never exists.
template <class T>
void ScoreHead<T>::look(const engine::Batch& batch, const BatchTables& tables, const BatchTables::Places& places, Joining joining,
                        cudaStream_t stream) {
  const engine::Architecture& a = architecture_;
  const auto rows = static_cast<uint32_t>(batch.head.size());
  grow(target_logits_, batch.targets.size() * sizeof(float));
  auto* target_logits = reinterpret_cast<float*>(target_logits_.data());
  grow(states_, rows * sizeof(HeadState));
  auto* states = reinterpret_cast<HeadState*>(states_.data());
  const auto* end = tables.at<int32_t>(places.end);
  for (const auto& group : places.head_groups) {
    CUDA_CHECK(residual_norm(ResidualNorm<T>{buffers_.x, joining.any ? buffers_.add : nullptr, joining.bias, joining.norm,
                                             weights_.final_norm, buffers_.head, tables.at<uint32_t>(places.head_rows) + group.first,
                                             group.rows, a.hidden, a.residual_scale, a.norm_epsilon},
                             stream));
    for (uint32_t id = 0; id < a.vocab; id += plan_.chunk) {
      const uint32_t ids = std::min(plan_.chunk, a.vocab - id);
      products_.multiply(buffers_.head, rows_of(weights_.head, id, ids, a.hidden), buffers_.logits, group.rows, a.hidden, ids, plan_.chunk);
      CUDA_CHECK(head_chunk({buffers_.logits, tables.at<HeadTask>(places.head_tasks) + group.first, tables.at<int32_t>(places.targets), end,
                             states + group.first, target_logits, buffers_.kept, group.rows, plan_.chunk, a.vocab, id, ids,
                             tables.end_count(), a.logit_scale, a.logit_softcap},
                            stream));
    }
    if (group.draws > 0)
      CUDA_CHECK(draw_tokens({buffers_.kept, tables.at<DrawTask>(places.draws) + group.first_draw, end, states, group.draws,
                              a.vocab, tables.end_count()},
                             stream));
  }
  const size_t state_bytes = rows * sizeof(HeadState), target_bytes = batch.targets.size() * sizeof(float);
  grow(results_, state_bytes + target_bytes);
  if (state_bytes > 0)
    CUDA_CHECK(cudaMemcpyAsync(results_.data(), states, state_bytes, cudaMemcpyDeviceToHost, stream));
  if (target_bytes > 0)
    CUDA_CHECK(cudaMemcpyAsync(results_.data() + state_bytes, target_logits, target_bytes, cudaMemcpyDeviceToHost, stream));
}

template <class T> void ScoreHead<T>::read(const engine::Batch& batch, engine::Outputs& ret_outputs) const {
  const auto* state = reinterpret_cast<const HeadState*>(results_.data());
  ret_outputs.head.resize(batch.head.size());
  for (size_t i = 0; i < batch.head.size(); ++i) ret_outputs.head[i] = {state[i].maximum + std::log(state[i].sum), state[i].best};
  const auto* logits = reinterpret_cast<const float*>(state + batch.head.size());
  ret_outputs.target_logits.assign(logits, logits + batch.targets.size());
}

template class ScoreHead<bf16>;
template class ScoreHead<fp16>;
template class ScoreHead<float>;

}  // namespace sextant::cuda
