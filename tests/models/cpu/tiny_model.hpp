// Tiny models of random weights in memory, for any table of flags.
#pragma once
#include <deque>
#include <random>
#include <vector>
#include "../../../models/engine/architecture/tensors.hpp"

namespace fakes {

using namespace sextant;
using namespace sextant::engine;

struct TinyModel {
  Architecture architecture;
  ModelTensors tensors;

  /// Fills in what the flags ask for. The vocabulary is that of `Bytes`.
  explicit TinyModel(const Architecture& a, uint64_t seed = 1) : architecture(a), random_(seed) {
    const uint32_t q = a.heads * a.head_dim, k = a.kv_heads * a.head_dim;
    tensors.embedding = matrix(a.vocab, a.hidden, 1);
    for (const LayerShape& shape : a.layers) {
      LayerTensors t;
      t.attention_norm = norm(a.hidden);
      t.feed_forward_norm = norm(a.hidden);
      if (a.post_norms) t.post_attention_norm = norm(a.hidden), t.post_feed_forward_norm = norm(a.hidden);
      if (a.qk_norm) t.q_norm = norm(a.head_dim), t.k_norm = norm(a.head_dim);
      t.q = matrix(q, a.hidden), t.k = matrix(k, a.hidden), t.v = matrix(k, a.hidden), t.output = matrix(a.hidden, q);
      if (a.qkv_bias) t.q_bias = vector(q), t.k_bias = vector(k), t.v_bias = vector(k);
      if (a.output_bias) t.output_bias = vector(a.hidden);
      if (!shape.experts) {
        t.feed_forward = feed_forward(a.feed_forward);
      } else {
        t.router = matrix(a.experts.count, a.hidden, 2);
        for (uint32_t e = 0; e < a.experts.count; ++e) t.experts.push_back(feed_forward(a.experts.feed_forward));
      }
      tensors.layers.push_back(std::move(t));
    }
    tensors.final_norm = norm(a.hidden);
    tensors.head = a.tied_embeddings ? tensors.embedding : matrix(a.vocab, a.hidden, 3);
  }
  TinyModel(const TinyModel&) = delete;

  /// Makes row `to` of a matrix a copy of row `from`.
  static void copy_row(const Rows& rows, uint64_t from, uint64_t to) {
    float* numbers = reinterpret_cast<float*>(const_cast<std::byte*>(rows.tensor->bytes.data()));
    std::copy_n(numbers + from * rows.tensor->columns(), rows.tensor->columns(), numbers + to * rows.tensor->columns());
  }

 private:
  Rows tensor(std::vector<uint64_t> shape, float middle, float deviation) {
    uint64_t n = 1;
    for (const uint64_t extent : shape) n *= extent;
    std::normal_distribution<float> normal(middle, deviation);
    auto& numbers = storage_.emplace_back(n);
    for (float& x : numbers) x = normal(random_);
    Rows rows;
    rows.count = rows.run = rows.stride = shape[0];
    rows.tensor = &tensors_.emplace_back(Tensor{"", TensorType::f32, std::move(shape), std::as_bytes(std::span(numbers))});
    return rows;
  }
  Rows matrix(uint32_t rows, uint32_t columns, float gain = 1) {
    return tensor({rows, columns}, 0, gain / std::sqrt(static_cast<float>(columns)));
  }
  Rows vector(uint32_t n) { return tensor({n}, 0, 0.3f); }
  Rows norm(uint32_t n) { return tensor({n}, 1 - architecture.norm_offset, 0.2f); }
  FeedForwardTensors feed_forward(uint32_t width) {
    const Architecture& a = architecture;
    FeedForwardTensors t{matrix(width, a.hidden), matrix(width, a.hidden), matrix(a.hidden, width), {}, {}, {}};
    if (a.feed_forward_bias) t.gate_bias = vector(width), t.up_bias = vector(width), t.down_bias = vector(a.hidden);
    return t;
  }

  std::mt19937_64 random_;
  std::deque<std::vector<float>> storage_;
  std::deque<Tensor> tensors_;
};

}  // namespace fakes
