// Attention on tensor cores (mma.sync m16n8k16), FlashAttention-2's layout in registers. A block has 16 rows for each warp: the
// tokens of its task times the query heads of one key head, so that keys are read once for a whole group. Tiles of 32 keys, at
// absolute positions, are brought in by cp.async while the tile before is used. Prefill and decode are this one kernel: a
// decode task has few rows and one split of the keys.
#include "gpu.cuh"
#include "kernels.hpp"
#include "splits.cuh"

namespace sextant::cuda {
namespace {

constexpr int tile = 32;  // keys
constexpr int pad = 8;    // elements: rows of shared memory start in different banks

// Beyond 128 dimensions two warps share 16 rows, each with half of the output: one could not hold it in registers.
template <int dim> struct Shape {
  static constexpr int warps = 4, threads = warps * 32, stride = dim + pad;
  static constexpr int shares = dim <= 128 ? 1 : 2, out_dim = dim / shares, rows = warps / shares * 16;
  static constexpr bool query_in_registers = dim <= 128;
  static constexpr size_t tiles_bytes = sizeof(uint16_t) * 2 * 2 * tile * stride;  // two stages of keys and values
  static constexpr size_t bytes = tiles_bytes + sizeof(float) * rows * dim;    // and the sum of finished splits
};

template <class T, int dim> struct Tiles {
  T* shared;  // [2][key, value][tile][stride]
  __device__ T* keys(int stage) const { return shared + stage * 2 * tile * Shape<dim>::stride; }
  __device__ T* values(int stage) const { return keys(stage) + tile * Shape<dim>::stride; }

  // Keys beyond the task's last are zeros: nothing that stands in memory by chance may meet a weight of zero.
  __device__ void load(const Attention<T>& a, const AttentionTask& task, uint32_t kv_head, uint32_t first_key,
                       int stage) const {
    constexpr int pieces = dim / 8;  // of 16 bytes a row
    for (int i = threadIdx.x; i < tile * pieces; i += Shape<dim>::threads) {
      const uint32_t key = first_key + i / pieces, d = i % pieces * 8;
      const bool there = key < task.key_end && d < a.head_dim;
      size_t from = 0;
      if (there)
        from =
            ((size_t(a.pages[task.first_page + key / page_tokens]) * a.kv_heads + kv_head) * page_tokens + key % page_tokens) *
                a.head_dim +
            d;
      copy_async(keys(stage) + i / pieces * Shape<dim>::stride + d, a.keys + from, there);
      copy_async(values(stage) + i / pieces * Shape<dim>::stride + d, a.values + from, there);
    }
    copy_async_commit();
  }
};

// dim: head_dim, rounded up; what is beyond is zero.
template <class T, int dim> __global__ void __launch_bounds__(Shape<dim>::threads, 1) attention_kernel(const Attention<T> a) {
  using S = Shape<dim>;
  DYNAMIC_SHARED(unsigned char, shared);
  const Tiles<T, dim> tiles{reinterpret_cast<T*>(shared)};
  float* const finished = reinterpret_cast<float*>(shared + S::tiles_bytes);  // [rows][dim], each element its owner's alone
  const AttentionTask task = a.tasks[blockIdx.x];
  if (task.rows == 0) return;
  const uint32_t kv_head = blockIdx.y, group = a.heads / a.kv_heads, row_count = task.rows * group;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4 * 2;
  const int first_row = warp / S::shares * 16, first_dim = warp % S::shares * S::out_dim;
  const bool warp_has_rows = uint32_t(first_row) < row_count;

  // this thread's two rows: a token and a query head each
  uint32_t row[2], head[2], position[2], oldest[2];
  const T* query[2];
#pragma unroll
  for (int e = 0; e < 2; ++e) {
    const uint32_t i = min(uint32_t(first_row + g + 8 * e), row_count - 1);  // rows beyond the last repeat it
    row[e] = a.rows[task.first + i / group];
    head[e] = kv_head * group + i % group;
    position[e] = a.positions[row[e]];
    oldest[e] = a.window > 0 && position[e] >= a.window ? position[e] - a.window + 1 : 0;
    query[e] = a.qkv + (size_t(row[e]) * (a.heads + 2 * a.kv_heads) + head[e]) * a.head_dim;
  }
  const auto load_query = [&](int i, uint32_t (&ret)[4]) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const uint32_t d = i * 16 + t + j / 2 * 8;
      ret[j] = d < a.head_dim ? *reinterpret_cast<const uint32_t*>(query[j % 2] + d) : 0;
    }
  };
  uint32_t q[S::query_in_registers ? dim / 16 : 1][4];
  if constexpr (S::query_in_registers) {
#pragma unroll
    for (int i = 0; i < dim / 16; ++i) load_query(i, q[i]);
  }

  float out[S::out_dim / 8][4] = {};
  SoftmaxState state[2], total[2];
  bool any_finished = false;
  const auto finish_split = [&] {
#pragma unroll
    for (int e = 0; e < 2; ++e) {
#pragma unroll
      for (int distance = 1; distance < 4; distance *= 2) state[e].sum += __shfl_xor_sync(all_lanes, state[e].sum, distance);
      const MergeFactors f = merge(total[e], state[e]);
#pragma unroll
      for (int n = 0; n < S::out_dim / 8; ++n) {
        float2* const sum = reinterpret_cast<float2*>(finished + (first_row + g + 8 * e) * dim + first_dim + n * 8 + t);
        const float2 left = any_finished ? *sum : make_float2(0, 0);
        *sum = make_float2(merged(left.x, out[n][2 * e], f), merged(left.y, out[n][2 * e + 1], f));
        out[n][2 * e] = out[n][2 * e + 1] = 0;
      }
      state[e] = SoftmaxState{};
    }
    any_finished = true;
  };

  tiles.load(a, task, kv_head, task.key_first, 0);
  int stage = 0;
  for (uint32_t first_key = task.key_first; first_key < task.key_end; first_key += tile, stage ^= 1) {
    if (first_key + tile < task.key_end) {
      tiles.load(a, task, kv_head, first_key + tile, stage ^ 1);
      copy_async_wait<1>();
    } else {
      copy_async_wait<0>();
    }
    __syncthreads();
    if (warp_has_rows) {
      const T *keys = tiles.keys(stage), *values = tiles.values(stage);
      float s[tile / 8][4] = {};  // scores: rows g and g + 8, keys 8 n + t and the next
#pragma unroll
      for (int i = 0; i < dim / 16; i += 2) {
        uint32_t other[2][4];
        if constexpr (!S::query_in_registers) load_query(i, other[0]), load_query(i + 1, other[1]);
#pragma unroll
        for (int n = 0; n < tile / 8; ++n) {
          uint32_t k[4];  // keys 8 n .., dimensions 16 i .. 16 i + 31
          load_matrices<false>(k, keys + (n * 8 + lane % 8) * S::stride + i * 16 + lane / 8 * 8);
          if constexpr (S::query_in_registers) {
            multiply_add<T>(s[n], q[i], k[0], k[1]);
            multiply_add<T>(s[n], q[i + 1], k[2], k[3]);
          } else {
            multiply_add<T>(s[n], other[0], k[0], k[1]);
            multiply_add<T>(s[n], other[1], k[2], k[3]);
          }
        }
      }
      float maximum[2] = {state[0].maximum, state[1].maximum};
#pragma unroll
      for (int n = 0; n < tile / 8; ++n)
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          const uint32_t key = first_key + n * 8 + t + j % 2;
          const bool seen = key <= position[j / 2] && key >= oldest[j / 2];
          s[n][j] = seen ? score(s[n][j], a.scale, a.softcap) : -INFINITY;
          maximum[j / 2] = fmaxf(maximum[j / 2], s[n][j]);
        }
      float factor[2];
#pragma unroll
      for (int e = 0; e < 2; ++e) {
#pragma unroll
        for (int distance = 1; distance < 4; distance *= 2)
          maximum[e] = fmaxf(maximum[e], __shfl_xor_sync(all_lanes, maximum[e], distance));
        factor[e] = maximum[e] > -INFINITY ? exp2f(state[e].maximum - maximum[e]) : 1.0f;
        state[e].maximum = maximum[e];
        state[e].sum *= factor[e];
      }
      uint32_t p[tile / 16][4];  // the layout of an accumulator is that of the next product's left side
#pragma unroll
      for (int n = 0; n < tile / 8; ++n) {
        float weight[4];
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          weight[j] = maximum[j / 2] > -INFINITY ? exp2f(s[n][j] - maximum[j / 2]) : 0.0f;
          state[j / 2].sum += weight[j];
        }
        p[n / 2][n % 2 * 2] = pack<T>(weight[0], weight[1]);
        p[n / 2][n % 2 * 2 + 1] = pack<T>(weight[2], weight[3]);
      }
#pragma unroll
      for (int n = 0; n < S::out_dim / 8; ++n) {
#pragma unroll
        for (int j = 0; j < 4; ++j) out[n][j] *= factor[j / 2];
        uint32_t v[4];  // keys 0 .. 31, dimensions 8 n ..
        load_matrices<true>(v, values + lane * S::stride + first_dim + n * 8);
        multiply_add<T>(out[n], p[0], v[0], v[1]);
        multiply_add<T>(out[n], p[1], v[2], v[3]);
      }
      if ((first_key + tile) % split_keys == 0 && first_key + tile < task.key_end) finish_split();
    }
    __syncthreads();
  }
  if (!warp_has_rows) return;
  finish_split();

#pragma unroll
  for (int e = 0; e < 2; ++e) {
    const uint32_t i = first_row + g + 8 * e;
    if (i >= row_count) continue;
    const size_t partial = size_t(task.partial) + i / group;
    if (task.partial != no_index && t == 0 && first_dim == 0)
      a.partial_state[partial * a.heads + head[e]] = make_float2(total[e].maximum, total[e].sum);
#pragma unroll
    for (int n = 0; n < S::out_dim / 8; ++n) {
      const uint32_t d = first_dim + n * 8 + t;
      if (d >= a.head_dim) continue;
      const float2 sum = *reinterpret_cast<const float2*>(finished + i * dim + d);
      if (task.partial != no_index) {
        *reinterpret_cast<float2*>(a.partial_out + (partial * a.heads + head[e]) * a.head_dim + d) = sum;
      } else {
        const uint32_t both = pack<T>(sum.x / total[e].sum, sum.y / total[e].sum);
        *reinterpret_cast<uint32_t*>(a.out + (size_t(row[e]) * a.heads + head[e]) * a.head_dim + d) = both;
      }
    }
  }
}

template <int dim, class T> cudaError_t launch_attention(const Attention<T>& a, cudaStream_t stream) {
  const auto kernel = attention_kernel<T, dim>;
  const cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(Shape<dim>::bytes));
  if (error != cudaSuccess) return error;
  return launch(kernel, dim3(a.task_count, a.kv_heads), Shape<dim>::threads, Shape<dim>::bytes, stream, a);
}

template <class T> cudaError_t launch_for_width(const Attention<T>& a, cudaStream_t stream) {
  if (a.head_dim <= 64) return launch_attention<64>(a, stream);
  if (a.head_dim <= 96) return launch_attention<96>(a, stream);
  if (a.head_dim <= 128) return launch_attention<128>(a, stream);
  return launch_attention<256>(a, stream);
}

}  // namespace

template <> cudaError_t attention(const Attention<bf16>& a, cudaStream_t stream) { return launch_for_width(a, stream); }
template <> cudaError_t attention(const Attention<fp16>& a, cudaStream_t stream) { return launch_for_width(a, stream); }

uint32_t attention_rows(uint32_t group, uint32_t head_dim, bool is_16_bit) {
  if ((is_16_bit && head_dim % 8 != 0) || head_dim > 256 || group == 0) return 0;  // cp.async moves 16 bytes
  const uint32_t rows = !is_16_bit || head_dim <= 128 ? 64 : 32;
  return rows / group;
}

}  // namespace sextant::cuda
