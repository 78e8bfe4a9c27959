// Attention of one head over one text: its keys become panels of a matrix [head_dim][keys], its values panels of one
// [keys][head_dim], and both products are the backend's.
#include <algorithm>
#include "../widths.hpp"
#include "encoder_device.hpp"

namespace sextant::cpu {
namespace {

constexpr uint32_t queries_together = 48;  // whose scores are there at once

struct Scratch {
  size_t keys, values, query, scores, scores_in, out, floats;  // where each begins, and how many there are
  Scratch(const engine::EncoderShape& s, const MatMul& matmul, uint32_t tokens) {
    const size_t head = whole_panels(s.head_dim), columns = whole_panels(tokens);
    size_t at = 0;
    const auto take = [&](size_t n) { return std::exchange(at, at + (n + 15) / 16 * 16); };
    keys = take(columns * s.head_dim);
    values = take(tokens * head);
    query = take(queries_together * matmul.row_bytes(s.head_dim) / sizeof(float));
    scores = take(queries_together * columns);
    scores_in = take(queries_together * matmul.row_bytes(tokens) / sizeof(float));
    out = take(queries_together * head);
    floats = at;
  }
};

}  // namespace

size_t encoder_scratch_floats(const engine::EncoderShape& shape, const MatMul& matmul, uint32_t context) {
  return Scratch(shape, matmul, context).floats;
}

void EncoderDevice::attend(const engine::Run& run, uint32_t head, float* scratch) {
  const uint32_t n = run.rows, dim = shape_.head_dim, columns = whole_panels(n), width = whole_panels(dim);
  const Scratch at(shape_, matmul_, n);
  const float* rows = qkv_.data() + size_t{run.first_row} * qkv_width_ + head * dim;
  float *keys = scratch + at.keys, *values = scratch + at.values, *scores = scratch + at.scores, *out = scratch + at.out;
  // [key / 64][head_dim][64] and [head_dim / 64][key][64]: PanelFormat::f32
  std::fill_n(keys, size_t{columns} * dim, 0.f);
  std::fill_n(values, size_t{n} * width, 0.f);
  for (uint32_t j = 0; j < n; ++j) {
    const float *key = rows + size_t{j} * qkv_width_ + shape_.hidden, *value = key + shape_.hidden;
    for (uint32_t i = 0; i < dim; ++i) {
      keys[(size_t{j / panel} * dim + i) * panel + j % panel] = key[i];
      values[(size_t{i / panel} * n + j) * panel + i % panel] = value[i];
    }
  }
  const Panels key_panels{PanelFormat::f32, keys, dim, columns / panel},
      value_panels{PanelFormat::f32, values, n, width / panel};
  const size_t query_stride = matmul_.row_bytes(dim), score_stride = matmul_.row_bytes(n);
  char *query = reinterpret_cast<char*>(scratch + at.query), *weights = reinterpret_cast<char*>(scratch + at.scores_in);
  const float* bias = weights_.distances
                          ? weights_.distances.data() + size_t{head} * (2 * size_t{plan_.context} - 1) + plan_.context - 1
                          : nullptr;
  for (uint32_t first = 0; first < n; first += queries_together) {
    const uint32_t count = std::min(queries_together, n - first);
    for (uint32_t q = 0; q < count; ++q)
      matmul_.encode(rows + size_t{first + q} * qkv_width_, 0, dim, dim, query + q * query_stride);
    matmul_.multiply(query, query_stride, count, key_panels, scores, columns, false);
    for (uint32_t q = 0; q < count; ++q) {
      float* row = scores + size_t{q} * columns;
      kernels_.softmax(row, bias ? bias - (first + q) : nullptr, n);
      matmul_.encode(row, 0, n, n, weights + q * score_stride);
    }
    matmul_.multiply(weights, score_stride, count, value_panels, out, width, false);
    for (uint32_t q = 0; q < count; ++q)
      std::copy_n(out + size_t{q} * width, dim, attention_.data() + size_t{run.first_row + first + q} * hidden_ + head * dim);
  }
}

}  // namespace sextant::cpu
