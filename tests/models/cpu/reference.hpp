// The transformer of architecture.hpp in double precision, a token after the other, as plainly as it can be said. Asked for
// bf16 or int8, it rounds where models/cpu/matmul.hpp and attention.hpp say that the CPU backend rounds, and nowhere else; two slices it leaves
// as they are.
#pragma once
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>
#include <vector>
#include "../../../models/cpu/half.hpp"
#include "../../../models/cpu/matmul.hpp"
#include "../../../models/engine/architecture/tensors.hpp"
#include "../../../models/engine/checkpoint/dequantize.hpp"

namespace reference {

using namespace sextant::engine;
using Numbers = std::vector<double>;
using sextant::cpu::Compute;

inline Numbers row(const Rows& rows, uint64_t i) {
  std::vector<float> out(rows.tensor->columns());
  read_row(rows, i, out.data());
  return {out.begin(), out.end()};
}
inline Numbers vector(const Rows& rows, double offset = 0) {
  std::vector<float> out(rows.count);
  read_vector(rows, 0, out.data());
  Numbers numbers(out.begin(), out.end());
  for (double& x : numbers) x += offset;
  return numbers;
}
inline double bf16(double x) {
  return static_cast<double>(sextant::cpu::from_bf16(sextant::cpu::to_bf16(static_cast<float>(x))));
}

/// How the inputs of a matrix lie: groups of `length` numbers, each filled up to `padded`. int8 blocks are counted over all.
struct Layout {
  size_t length, padded;
};
enum class Operand { activations, weights };

/// What is left of a product's operand: `row` is one row of activations, or of weights.
inline void round_row(Numbers& row, Compute compute, Operand operand, Layout layout) {
  if (compute == Compute::bf16)
    for (double& x : row) x = bf16(x);
  if (compute != Compute::int8) return;
  const auto block = [&](size_t i) { return (i / layout.length * layout.padded + i % layout.length) / 32; };
  std::map<size_t, double> scale;
  for (size_t i = 0; i < row.size(); ++i) scale[block(i)] = std::max(scale[block(i)], std::abs(row[i]) / 127);
  if (operand == Operand::weights)
    for (auto& [at, s] : scale) s = static_cast<double>(half_to_float(sextant::cpu::to_f16(static_cast<float>(s))));
  for (size_t i = 0; i < row.size(); ++i)
    if (const double s = scale[block(i)]; s > 0) row[i] = std::clamp(std::nearbyint(row[i] / s), -127.0, 127.0) * s;
}

inline Numbers norm(const Numbers& x, const Rows& weight, const Architecture& a) {
  const double squares = std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
  Numbers y = vector(weight, static_cast<double>(a.norm_offset));
  for (size_t i = 0; i < y.size(); ++i)
    y[i] *= x[i] / std::sqrt(squares / static_cast<double>(x.size()) + static_cast<double>(a.norm_epsilon));
  return y;
}
inline double capped(double s, float cap) {
  const double c = static_cast<double>(cap);
  return cap == 0 ? s : c * std::tanh(s / c);
}
inline double activation(double g, Activation kind) {
  constexpr double pi = 3.14159265358979323846;
  if (kind == Activation::silu) return g / (1 + std::exp(-g));
  return g / 2 * (1 + std::tanh(std::sqrt(2 / pi) * (g + 0.044715 * g * g * g)));
}
/// One request: keys and values of each layer grow by a token at a time.
class Model {
 public:
  Model(const ModelTensors& tensors, const Architecture& a, uint32_t rope_length, Compute compute = Compute::f32)
      : t_(tensors), a_(a), compute_(compute), keys_(a.layers.size()), values_(a.layers.size()) {
    for (const Rope& rope : a.ropes) frequencies_.push_back(rope_frequencies(rope, rope_length));
  }

  /// ln p of every token after this one.
  Numbers next(int32_t token) {
    Numbers x = row(t_.embedding, static_cast<uint64_t>(token));
    for (double& v : x) v *= static_cast<double>(a_.embedding_scale);
    for (size_t l = 0; l < a_.layers.size(); ++l) {
      const LayerTensors& t = t_.layers[l];
      add(x, attention(l, norm(x, t.attention_norm, a_)), t.post_attention_norm);
      const Numbers h = norm(x, t.feed_forward_norm, a_);
      add(x, a_.layers[l].experts ? experts(t, h) : feed_forward(t.feed_forward, h), t.post_feed_forward_norm);
    }
    ++position_;
    Numbers logits = product(t_.head, norm(x, t_.final_norm, a_));
    for (size_t i = 0; i < logits.size(); ++i)
      logits[i] = capped(static_cast<double>(a_.logit_scale) * logits[i], a_.logit_softcap);
    const double most = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const double l : logits) sum += std::exp(l - most);
    for (double& l : logits) l -= most + std::log(sum);
    return logits;
  }

 private:
  // The rows of a matrix as the compute type leaves them, read once.
  const std::vector<Numbers>& rows_of(const Rows& matrix, Compute compute, Layout layout) {
    auto& rows = matrices_[&matrix];
    for (uint64_t i = rows.size(); i < matrix.count; ++i) {
      Numbers w = row(matrix, i);
      if (&matrix == &t_.head && a_.head_normalised) {
        const double size = std::sqrt(std::inner_product(w.begin(), w.end(), w.begin(), 0.0));
        for (double& x : w) x /= size;
      }
      round_row(w, compute, Operand::weights, layout);
      rows.push_back(std::move(w));
    }
    return rows;
  }
  Numbers product(const Rows& matrix, Numbers x, const Rows& bias = {}) {
    return product(matrix, std::move(x), bias, compute_, {matrix.tensor->columns(), matrix.tensor->columns()});
  }
  Numbers product(const Rows& matrix, Numbers x, const Rows& bias, Compute compute, Layout layout) {
    const std::vector<Numbers>& rows = rows_of(matrix, compute, layout);
    round_row(x, compute, Operand::activations, layout);
    Numbers y = bias ? vector(bias) : Numbers(matrix.count);
    for (uint64_t i = 0; i < matrix.count; ++i) y[i] += std::inner_product(rows[i].begin(), rows[i].end(), x.begin(), 0.0);
    return y;
  }
  Numbers feed_forward(const FeedForwardTensors& t, const Numbers& h) {
    Numbers gate = product(t.gate, h, t.gate_bias);
    const Numbers up = product(t.up, h, t.up_bias);
    for (size_t i = 0; i < gate.size(); ++i) gate[i] = activation(gate[i], a_.activation) * up[i];
    return product(t.down, gate, t.down_bias);
  }
  Numbers experts(const LayerTensors& t, const Numbers& h) {
    const Numbers logits = product(t.router, h, {}, Compute::f32, {h.size(), h.size()});
    std::vector<size_t> order(logits.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) { return logits[i] > logits[j]; });
    order.resize(a_.experts.used);
    double divisor = 0;
    if (a_.experts.normalise)
      for (const size_t e : order) divisor += std::exp(logits[e]);
    else
      for (const double l : logits) divisor += std::exp(l);
    Numbers y(a_.hidden);
    for (const size_t e : order) {
      const Numbers part = feed_forward(t.experts[e], h);
      for (size_t i = 0; i < y.size(); ++i) y[i] += std::exp(logits[e]) / divisor * part[i];
    }
    return y;
  }
  void add(Numbers& x, Numbers y, const Rows& post_norm) const {
    if (post_norm) y = norm(y, post_norm, a_);
    for (size_t i = 0; i < x.size(); ++i) x[i] += static_cast<double>(a_.residual_scale) * y[i];
  }
  // one head of queries or keys
  Numbers head(const Numbers& all, uint32_t index, const Rows& weight, int32_t rope) const {
    Numbers x(all.begin() + index * a_.head_dim, all.begin() + (index + 1) * a_.head_dim);
    if (weight) x = norm(x, weight, a_);
    if (rope < 0) return x;
    const auto k = static_cast<size_t>(rope);
    const uint32_t half = a_.ropes[k].dims / 2;
    for (uint32_t i = 0; i < half; ++i) {
      const double angle = position_ * frequencies_[k][i], m = a_.ropes[k].magnitude;
      const double c = std::cos(angle) * m, s = std::sin(angle) * m, first = x[i], second = x[half + i];
      x[i] = first * c - second * s;
      x[half + i] = second * c + first * s;
    }
    return x;
  }
  Numbers attention(size_t l, const Numbers& h) {
    const LayerTensors& t = t_.layers[l];
    const LayerShape& shape = a_.layers[l];
    const Numbers q = product(t.q, h, t.q_bias), k = product(t.k, h, t.k_bias), v = product(t.v, h, t.v_bias);
    for (uint32_t g = 0; g < a_.kv_heads; ++g) {
      keys_[l].push_back(narrow(head(k, g, t.k_norm, shape.rope)));
      values_[l].push_back(narrow({v.begin() + g * a_.head_dim, v.begin() + (g + 1) * a_.head_dim}));
    }
    Numbers out;
    for (uint32_t i = 0; i < a_.heads; ++i) {
      const Numbers query = narrow(head(q, i, t.q_norm, shape.rope));
      const uint32_t g = i / (a_.heads / a_.kv_heads);
      Numbers sum(a_.head_dim);
      double total = 0, most = -1e30;  // of the blocks so far: the weights are rounded relative to it
      const uint32_t from = shape.window && position_ >= shape.window ? position_ - shape.window + 1 : 0;
      for (uint32_t block = from / 64 * 64; block <= position_; block += 64) {
        const uint32_t first = std::max(from, block), last = std::min(position_, block + 63);
        Numbers scores;
        for (uint32_t p = first; p <= last; ++p) {
          const Numbers& key = keys_[l][p * a_.kv_heads + g];
          const double dot = std::inner_product(query.begin(), query.end(), key.begin(), 0.0);
          scores.push_back(capped(static_cast<double>(a_.attention_scale) * dot, a_.attention_softcap));
        }
        const double before = std::exchange(most, std::max(most, *std::max_element(scores.begin(), scores.end())));
        total *= std::exp(before - most);
        for (double& s : sum) s *= std::exp(before - most);
        for (uint32_t p = first; p <= last; ++p) {
          const double e = std::exp(scores[p - first] - most), weight = compute_ == Compute::bf16 ? bf16(e) : e;
          total += e;
          for (uint32_t d = 0; d < a_.head_dim; ++d) sum[d] += weight * values_[l][p * a_.kv_heads + g][d];
        }
      }
      for (const double s : sum) out.push_back(s / total);
    }
    return product(t.output, out, t.output_bias, compute_, {a_.head_dim, (a_.head_dim + 15) / 16 * 16});
  }
  // queries, keys and values. Two slices of int8 are not rounded here: that is little beside what int8 rounds elsewhere
  Numbers narrow(Numbers x) const {
    if (compute_ == Compute::bf16)
      for (double& v : x) v = bf16(v);
    return x;
  }

  const ModelTensors& t_;
  const Architecture& a_;
  const Compute compute_;
  std::map<const Rows*, std::vector<Numbers>> matrices_;
  std::vector<Numbers> frequencies_;
  std::vector<std::vector<Numbers>> keys_, values_;  // [layers][positions * kv_heads]
  uint32_t position_ = 0;
};

}  // namespace reference
