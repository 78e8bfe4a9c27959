// Tokens drawn from rows of logits, as the engine's sample() draws them: weights are whole numbers (engine/schedule/draw.hpp),
// so that top-k and top-p are found by counting digits, in whatever order, and the token is the engine's own.
#include "gpu.cuh"
#include "kernels.hpp"

namespace sextant::cuda {
namespace {

namespace draw = engine::draw;
using Weight = unsigned long long;
constexpr uint32_t threads = 256;

struct Kept {  // the ids above this rank, and of those at it the first `ties`
  uint32_t rank, ties;
};

// One block a row.
class Row {
 public:
  __device__ Row(const DrawTokens& a, const DrawTask& task, const float* logits, float highest)
      : a_(a), task_(task), logits_(logits), highest_(highest) {}

  __device__ bool is_there(uint32_t id) const {
    bool found = false;
    for (uint32_t e = 0; task_.forbid_end && e < a_.end_count; ++e) found |= uint32_t(a_.end[e]) == id;
    return !found;
  }
  __device__ uint32_t rank(uint32_t id) const { return draw::rank(logits_[id]); }
  __device__ Weight weight(uint32_t rank) const {
    const Weight w = draw::weight(draw::logit_of(rank), highest_, task_.draw.temperature);
    return w < least_ ? 0 : w;
  }
  /// From here on what is below this weight weighs nothing (min_p).
  __device__ void drop_below(Weight least) { least_ = least; }

  /// The sum of what is kept, for every thread. parts: [threads], shared.
  __device__ Weight total(Kept kept, Weight* parts) const {
    Weight sum = 0;
    for (uint32_t id = threadIdx.x; id < a_.vocab; id += threads)
      if (is_there(id) && rank(id) > kept.rank) sum += weight(rank(id));
    parts[threadIdx.x] = sum;
    __syncthreads();
    sum = kept.ties ? kept.ties * weight(kept.rank) : 0;
    for (uint32_t t = 0; t < threads; ++t) sum += parts[t];
    __syncthreads();
    return sum;
  }

  /// The fewest of the highest, from `floor` on, that reach `wanted`: ids where not weighed, else weight. The rank is found
  /// digit by digit. digits: [256], found: [2], shared.
  __device__ Kept reach(Weight wanted, bool weighed, uint32_t floor, Weight* digits, Weight* found) const {
    uint32_t prefix = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
      digits[threadIdx.x] = 0;
      __syncthreads();
      for (uint32_t id = threadIdx.x; id < a_.vocab; id += threads) {
        const uint32_t r = rank(id);
        if (r < floor || !is_there(id) || (shift < 24 && r >> (shift + 8) != prefix)) continue;
        atomicAdd(digits + (r >> shift & 255), weighed ? weight(r) : Weight{1});
      }
      __syncthreads();
      if (threadIdx.x == 0) {
        uint32_t digit = 255;
        for (; digit > 0 && digits[digit] < wanted; --digit) wanted -= digits[digit];
        found[0] = digit;
        found[1] = wanted;
      }
      __syncthreads();
      prefix = prefix << 8 | uint32_t(found[0]);
      wanted = found[1];
    }
    const Weight drawn = weighed ? weight(prefix) : Weight{1}, each = drawn > 0 ? drawn : Weight{1};  // 0: a row of no numbers
    return {prefix, uint32_t((wanted + each - 1) / each)};
  }

 private:
  const DrawTokens& a_;
  const DrawTask& task_;
  const float* logits_;
  const float highest_;
  Weight least_ = 0;
};

__global__ void __launch_bounds__(threads) draw_kernel(const DrawTokens a) {
  SHARED_ARRAY(Weight, sums, threads);
  SHARED_ARRAY(Weight, found, 2);
  SHARED_ARRAY(uint32_t, equals, threads);
  const DrawTask task = a.tasks[blockIdx.x];
  Row row(a, task, a.logits + size_t(blockIdx.x) * a.vocab, a.state[task.head].maximum);
  Kept kept{0, 0};
  if (task.draw.top_k > 0 && task.draw.top_k < a.vocab - (task.forbid_end ? a.end_count : 0))
    kept = row.reach(task.draw.top_k, false, 0, sums, found);
  if (task.draw.top_p < 1)
    kept = row.reach(draw::share(task.draw.top_p, row.total(kept, sums)), true, kept.rank, sums, found);
  row.drop_below(draw::least(task.draw.min_p));
  const Weight point = draw::point(task.draw.random, row.total(kept, sums)), tie = kept.ties ? row.weight(kept.rank) : 0;

  // each thread takes consecutive ids
  const uint32_t each = (a.vocab + threads - 1) / threads;
  const uint32_t first = min(a.vocab, threadIdx.x * each), last = min(a.vocab, first + each);
  Weight sum = 0;
  uint32_t equal = 0;
  for (uint32_t id = first; id < last; ++id) {
    const uint32_t r = row.rank(id);
    if (r < kept.rank || !row.is_there(id)) continue;
    if (r == kept.rank) ++equal;
    else sum += row.weight(r);
  }
  sums[threadIdx.x] = sum;
  equals[threadIdx.x] = equal;
  __syncthreads();
  Weight before = 0;
  uint32_t ties = 0;
  for (uint32_t t = 0; t < threadIdx.x; ++t) {
    before += sums[t] + (ties < kept.ties ? min(equals[t], kept.ties - ties) * tie : 0);
    ties += equals[t];
  }
  for (uint32_t id = first; id < last && before <= point; ++id) {
    const uint32_t r = row.rank(id);
    if (r < kept.rank || !row.is_there(id)) continue;
    if (r == kept.rank && ties++ >= kept.ties) continue;
    const Weight w = r == kept.rank ? tie : row.weight(r);
    if (point < before + w) a.state[task.head].best = int32_t(id);  // true once in the block
    before += w;
  }
}

}  // namespace

cudaError_t draw_tokens(const DrawTokens& a, cudaStream_t stream) {
  return launch(draw_kernel, dim3(a.rows), threads, 0, stream, a);
}

}  // namespace sextant::cuda
