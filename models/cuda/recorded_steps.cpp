#include "recorded_steps.hpp"

namespace sextant::cuda {
namespace {

constexpr size_t steps_max = 256;  // beyond, all are forgotten: they come back quickly

}  // namespace

void RecordedSteps::run(const std::vector<size_t>& key, cudaStream_t stream, const std::function<void()>& launches) {
  if (steps_.size() >= steps_max && !steps_.count(key)) clear();
  const auto [step, is_new] = steps_.try_emplace(key, nullptr);
  if (is_new) return launches();
  if (!step->second) step->second = record(stream, launches);
  CUDA_CHECK(cudaGraphLaunch(step->second, stream));
  ++replayed_;
}

cudaGraphExec_t RecordedSteps::record(cudaStream_t stream, const std::function<void()>& launches) {
  CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  cudaGraph_t graph = nullptr;
  try {
    launches();
  } catch (...) {
    (void)cudaStreamEndCapture(stream, &graph);
    if (graph) (void)cudaGraphDestroy(graph);
    throw;
  }
  CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  cudaGraphExec_t step = nullptr;
  const cudaError_t made = cudaGraphInstantiate(&step, graph, 0);
  (void)cudaGraphDestroy(graph);
  CUDA_CHECK(made);
  return step;
}

void RecordedSteps::clear() {
  for (const auto& [key, step] : steps_)
    if (step) (void)cudaGraphExecDestroy(step);
  steps_.clear();
}

}  // namespace sextant::cuda
