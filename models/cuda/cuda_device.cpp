#include "cuda_device.hpp"
#include <atomic>
#include <chrono>
#include "../engine/schedule/workers.hpp"

namespace sextant::cuda {

using engine::Architecture;
using engine::Batch;

// Each GPU is filled by a thread of its own: a large model comes through the link to each at the same time.
template <class T>
CudaDevice<T>::CudaDevice(const engine::ModelTensors& tensors, const Architecture& a, const MemoryPlan& plan,
                          const std::vector<int32_t>& end, int first_gpu, uint32_t multiprocessors)
    : architecture_(a), plan_(plan), ranks_(plan.ranks) {
  std::vector<int> gpus;
  for (uint32_t rank = 0; rank < plan.ranks; ++rank) gpus.push_back(first_gpu + static_cast<int>(rank));
  if (plan.ranks > 1) group_ = std::make_unique<Group>(gpus);  // first: it fails sooner than the weights are there
  std::atomic<bool> failed = false;
  engine::on_workers(plan.ranks, failed, [&](uint32_t rank) {
    CUDA_CHECK(cudaSetDevice(gpus[rank]));
    ranks_[rank] = std::make_unique<Rank<T>>(tensors, a, plan, Part{rank, plan.ranks}, end, multiprocessors);
  });
}

template <class T> engine::DeviceLimits CudaDevice<T>::limits() const {
  return {.rows_max = plan_.rows_max,
          .pages = plan_.pages,
          .context = plan_.context,
          .vocab = architecture_.vocab,
          .draws = true,
          .hidden = architecture_.hidden};
}

template <class T> template <class Body> void CudaDevice<T>::each(Body&& body) {
  for (const auto& rank : ranks_) {
    rank->choose();
    body(*rank);
  }
}

template <class T> void CudaDevice<T>::gather(const std::function<const void*(const Buffers<T>&)>& part, size_t bytes) {
  std::vector<Group::Member> members;
  for (const auto& rank : ranks_) members.push_back({part(rank->buffers()), rank->buffers().gathered, rank->stream()});
  group_->all_gather(members, bytes);
}

template <class T>
void CudaDevice<T>::gather(T* Buffers<T>::*part, T* Buffers<T>::*whole, uint32_t rows, const Shares& shares) {
  if (!group_) return;
  gather([part](const Buffers<T>& b) { return b.*part; }, size_t{rows} * shares.most() * sizeof(T));
  each([&](Rank<T>& rank) {
    const Buffers<T>& b = rank.buffers();
    CUDA_CHECK(join_columns(JoinColumns<T>{static_cast<const T*>(b.gathered), b.*whole, rows, shares.width, shares.ranks,
                                           shares.units(), shares.unit},
                            rank.stream()));
  });
}

template <class T>
bool CudaDevice<T>::run(const Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) {
  try {
    return compute(batch, cancelled, ret_outputs);
  } catch (...) {
    if (group_) group_->abort();  // a gather that will never end must not be waited for
    throw;
  }
}

template <class T>
bool CudaDevice<T>::compute(const Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) {
  each([&](Rank<T>& rank) { rank.begin(batch); });
  Rank<T>& first = *ranks_.front();
  if (first.places().is_step) {
    steps_.run(first.tables().step_key(first.places()), first.stream(), [&] { compute_layers([] { return false; }); });
  } else if (!compute_layers(cancelled)) {
    return wait([] { return true; });  // false; what runs cannot be stopped, but lasts no longer than a batch
  }
  look(batch);
  if (!wait(cancelled)) return false;
  ret_outputs.head.resize(batch.head.size());
  first.head().read_heads(ret_outputs.head);
  ret_outputs.target_logits.resize(batch.targets.size());
  for (const auto& rank : ranks_) rank->head().read_targets(batch, ret_outputs.target_logits);
  first.head().read_states(batch, ret_outputs.states);
  return true;
}

template <class T> bool CudaDevice<T>::compute_layers(const std::function<bool()>& cancelled) {
  const Architecture& a = architecture_;
  const uint32_t rows = ranks_.front()->places().rows;
  const Shares heads{a.heads * a.head_dim, a.head_dim, plan_.ranks}, stream = columns(a.hidden, plan_.ranks);
  each([](Rank<T>& rank) { rank.embed(); });
  if (group_) {
    gather([](const Buffers<T>& b) { return b.x; }, size_t{rows} * a.hidden * sizeof(float));
    each([](Rank<T>& rank) { rank.take_embedded(); });
  }
  each([](Rank<T>& rank) { rank.compute_angles(); });
  for (uint32_t l = 0; l < a.layers.size(); ++l) {
    if (cancelled()) return false;
    each([l](Rank<T>& rank) { rank.attend(l); });
    gather(&Buffers<T>::attention_part, &Buffers<T>::attention, rows, heads);
    each([l](Rank<T>& rank) { rank.project(l); });
    gather(&Buffers<T>::add_part, &Buffers<T>::add, rows, stream);
    feed_forward(l);
    gather(&Buffers<T>::add_part, &Buffers<T>::add, rows, stream);
  }
  return true;
}

template <class T> void CudaDevice<T>::feed_forward(uint32_t l) {
  const Architecture& a = architecture_;
  if (a.layers[l].experts) {
    uint32_t slots = 0;  // the same on all: they chose from the same numbers
    each([l](Rank<T>& rank) { rank.route(l); });
    if (group_) wait([] { return false; });  // what was chosen lies behind a gather, which may fail
    each([&](Rank<T>& rank) { slots = rank.gate_experts(l); });
    gather(&Buffers<T>::act_part, &Buffers<T>::act, slots, columns(a.experts.feed_forward, plan_.ranks));
    each([l](Rank<T>& rank) { rank.project_experts(l); });
  } else {
    each([l](Rank<T>& rank) { rank.gate(l); });
    gather(&Buffers<T>::act_part, &Buffers<T>::act, ranks_.front()->places().rows, columns(a.feed_forward, plan_.ranks));
    each([l](Rank<T>& rank) { rank.project_gated(l); });
  }
}

template <class T> void CudaDevice<T>::look(const Batch& batch) {
  Rank<T>& first = *ranks_.front();
  for (const BatchTables::Places::Group& g : first.places().head_groups) {
    each([&](Rank<T>& rank) { rank.head().look(rank.tables(), rank.places(), g, rank.joining_head(), rank.stream()); });
    if (group_) {
      const ScoreHead<T>& head = first.head();
      gather([](const Buffers<T>& b) { return b.states_part; }, size_t{head.ids().units_most()} * g.rows * sizeof(HeadState));
      each([&](Rank<T>& rank) { rank.head().join_states(g, rank.stream()); });
      if (g.draws > 0) {
        gather([](const Buffers<T>& b) { return b.kept_part; }, size_t{g.draws} * head.ids().most() * sizeof(float));
        each([&](Rank<T>& rank) { rank.head().join_kept(g, rank.stream()); });
      }
    }
    first.choose();
    first.head().draw(first.tables(), first.places(), g, first.stream());
  }
  first.choose();
  first.head().give_states(first.tables(), first.places(), first.joining_head(), first.stream());
  each([&](Rank<T>& rank) { rank.head().send(batch, rank.stream()); });
}

// Until all is done, whether it is cancelled or not. The host looks at the events, so that it can ask, and see that a gather
// has failed: a stream behind it would never end.
template <class T> bool CudaDevice<T>::wait(const std::function<bool()>& cancelled) {
  each([](Rank<T>& rank) { rank.mark_end(); });
  bool go_on = true;
  auto asked = std::chrono::steady_clock::now();
  for (const auto& rank : ranks_) {
    while (!rank->is_done()) {
      const auto now = std::chrono::steady_clock::now();
      if (now - asked < std::chrono::milliseconds(2)) continue;
      asked = now;
      if (group_) group_->check();
      go_on = go_on && !cancelled();
    }
  }
  return go_on;
}

template class CudaDevice<bf16>;
template class CudaDevice<fp16>;
template class CudaDevice<float>;

}  // namespace sextant::cuda
