// Matrix products whose weights stay in the blocks of their file: read once, made numbers in registers. Every sum is one chain,
// whatever the number of rows: the inputs are taken in pieces of 32, warp w of eight takes the pieces w, w + 8, .. in ascending
// order, and the warps' sums are added in the order of the warps. How many rows and outputs a block of threads has is a matter
// of speed alone.
#include "blocks.cuh"

namespace sextant::cuda {
namespace {

constexpr int warps = 8, threads = warps * 32;
constexpr uint32_t piece = 32;  // inputs

// A warp's share of 16 m_tiles outputs for 8 n_tiles rows. Lane 4 g + t makes numbers of inputs 4 t .. and 16 + 4 t .. of a
// piece; of a finished tile it has, as value j, output g + 8 (j / 2) and row 2 t + j % 2: the layout of mma.m16n8k16. Which
// inputs a step of the tensor core calls its first is free, so they are those that are adjacent in a block.
template <class T, int m_tiles, int n_tiles> struct WarpSums {
  float sums[m_tiles][n_tiles][4] = {};

  template <BlockType type, class Weights, class Rows>
  __device__ __forceinline__ void add(const Weights& weights, const Rows& row_at, uint32_t first_input) {
    const uint32_t lane = threadIdx.x % 32, input = first_input + lane % 4 * 4;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      uint2 x[n_tiles];
#pragma unroll
      for (int n = 0; n < n_tiles; ++n) x[n] = *reinterpret_cast<const uint2*>(row_at(n * 8 + lane / 4) + input + half * 16);
#pragma unroll
      for (int m = 0; m < m_tiles; ++m) {
        uint32_t w[4];
#pragma unroll
        for (int e = 0; e < 2; ++e) {
          float v[4];
          four_numbers<type>(weights[m][e], input + half * 16, v);
          w[e] = pack<T>(v[0], v[1]);
          w[e + 2] = pack<T>(v[2], v[3]);
        }
#pragma unroll
        for (int n = 0; n < n_tiles; ++n) multiply_add<T>(sums[m][n], w, x[n].x, x[n].y);
      }
    }
  }
  __device__ __forceinline__ void finish() {}
};

// Without tensor cores, which round float32: for exactness, not for speed.
template <> struct WarpSums<float, 1, 1> {
  float parts[2][8] = {};  // of this lane's inputs: outputs g and g + 8, all rows
  float sums[1][1][4];

  template <BlockType type, class Weights, class Rows>
  __device__ __forceinline__ void add(const Weights& weights, const Rows& row_at, uint32_t first_input) {
    const uint32_t input = first_input + threadIdx.x % 4 * 4;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float w[2][4];
      for (int e = 0; e < 2; ++e) four_numbers<type>(weights[0][e], input + half * 16, w[e]);
#pragma unroll
      for (int row = 0; row < 8; ++row) {
        const float4 x = *reinterpret_cast<const float4*>(row_at(row) + input + half * 16);
#pragma unroll
        for (int e = 0; e < 2; ++e)
          parts[e][row] =
              __fmaf_rn(w[e][3], x.w, __fmaf_rn(w[e][2], x.z, __fmaf_rn(w[e][1], x.y, __fmaf_rn(w[e][0], x.x, parts[e][row]))));
      }
    }
  }
  __device__ __forceinline__ void finish() {
#pragma unroll
    for (int row = 0; row < 8; ++row)
#pragma unroll
      for (int e = 0; e < 2; ++e) {
        float sum = parts[e][row];
        for (int distance = 1; distance < 4; distance *= 2) sum += __shfl_xor_sync(all_lanes, sum, distance);
        if (int(threadIdx.x % 4) == row / 2) sums[0][0][2 * e + row % 2] = sum;
      }
  }
};

template <int m_tiles, int n_tiles> struct Tile {
  static constexpr uint32_t outputs = 16 * m_tiles, rows = 8 * n_tiles;
  static constexpr uint32_t stride = outputs + 4;  // a row of the sums in shared memory; lanes write to different banks
  static constexpr size_t bytes = sizeof(float) * warps * rows * stride;
};

// grid: tiles of outputs, each within one part of the matrix; tiles of rows
template <class T, int m_tiles, int n_tiles>
__global__ void __launch_bounds__(threads) block_product_kernel(const BlockProduct<T> a) {
  using Size = Tile<m_tiles, n_tiles>;
  DYNAMIC_SHARED(float, parts);  // [warps][rows][stride]
  BlockRows part = a.parts[0];
  uint32_t tile = blockIdx.x, first_of_part = 0;
#pragma unroll
  for (int p = 1; p < block_parts; ++p) {
    const uint32_t tiles = (part.rows + Size::outputs - 1) / Size::outputs;
    if (tile < tiles) break;
    tile -= tiles;
    first_of_part += part.rows;
    part = a.parts[p];
  }
  const uint32_t first_output = tile * Size::outputs, first_row = blockIdx.y * Size::rows;
  const uint32_t warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;

  // what is beyond the last output or row repeats it
  const uint8_t* weights[m_tiles][2];
#pragma unroll
  for (int m = 0; m < m_tiles; ++m)
#pragma unroll
    for (int e = 0; e < 2; ++e)
      weights[m][e] = part.blocks + size_t(min(first_output + m * 16 + g + 8 * e, part.rows - 1)) * part.row_bytes;
  const auto row_at = [&](uint32_t i) { return a.x + size_t(min(first_row + i, a.rows - 1)) * a.inputs; };

  WarpSums<T, m_tiles, n_tiles> mine;
  with_block_type(part.type, [&](auto tag) {
#pragma unroll(m_tiles* n_tiles == 1 ? 4 \
                                     : 1)  // few rows: a warp waits for memory, so that it should ask for much of it at once
    for (uint32_t input = warp * piece; input < a.inputs; input += warps * piece)
      mine.template add<decltype(tag)::type>(weights, row_at, input);
  });
  mine.finish();
#pragma unroll
  for (int m = 0; m < m_tiles; ++m)
#pragma unroll
    for (int n = 0; n < n_tiles; ++n)
#pragma unroll
      for (int j = 0; j < 4; ++j)
        parts[(warp * Size::rows + n * 8 + 2 * t + j % 2) * Size::stride + m * 16 + g + j / 2 * 8] = mine.sums[m][n][j];
  __syncthreads();
  for (uint32_t i = threadIdx.x; i < Size::rows * Size::outputs; i += threads) {
    const uint32_t row = i / Size::outputs, output = i % Size::outputs;
    if (first_row + row >= a.rows || first_output + output >= part.rows) continue;
    float sum = parts[row * Size::stride + output];
    for (uint32_t w = 1; w < warps; ++w) sum = __fadd_rn(sum, parts[(w * Size::rows + row) * Size::stride + output]);
    const size_t at = size_t(first_row + row) * a.y_stride + first_of_part + first_output + output;
    if (a.wide_y) a.wide_y[at] = sum;
    else a.y[at] = from_float<T>(sum);
  }
}

template <int m_tiles, int n_tiles, class T> cudaError_t launch_tiles(const BlockProduct<T>& a, cudaStream_t stream) {
  using Size = Tile<m_tiles, n_tiles>;
  uint32_t tiles = 0;
  for (const BlockRows& part : a.parts) tiles += (part.rows + Size::outputs - 1) / Size::outputs;
  const auto kernel = block_product_kernel<T, m_tiles, n_tiles>;
  const cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(Size::bytes));
  if (error != cudaSuccess) return error;
  return launch(kernel, dim3(tiles, (a.rows + Size::rows - 1) / Size::rows), threads, Size::bytes, stream, a);
}

}  // namespace

template <class T> cudaError_t block_product(const BlockProduct<T>& a, cudaStream_t stream) {
  if (a.inputs % piece != 0) return cudaErrorInvalidValue;
  if constexpr (sizeof(T) == 2) {
    if (a.rows > 32) return launch_tiles<2, 8>(a, stream);
    if (a.rows > 8) return launch_tiles<1, 4>(a, stream);
  }
  return launch_tiles<1, 1>(a, stream);
}
template cudaError_t block_product(const BlockProduct<bf16>&, cudaStream_t);
template cudaError_t block_product(const BlockProduct<fp16>&, cudaStream_t);
template cudaError_t block_product(const BlockProduct<float>&, cudaStream_t);

}  // namespace sextant::cuda
