// The transformer as architecture.hpp describes it, in double precision and as plainly as can be: what readers are checked with
// before any device is, and devices after them. One sequence at a time, everything recomputed.
#pragma once
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>
#include "../../../../models/engine/architecture/tensors.hpp"

namespace sextant::test {

using Vector = std::vector<double>;

class Reference {
 public:
  Reference(const engine::Checkpoint& checkpoint, const engine::Architecture& a)
      : a_(a), tensors_(*engine::find_tensors(checkpoint, a)) {}

  /// ln p of each next token: [ids - 1]
  Vector log_probs(const std::vector<int32_t>& ids) const {
    std::vector<Vector> x;
    for (const int32_t id : ids) x.push_back(scaled(row(tensors_.embedding, static_cast<uint64_t>(id)), a_.embedding_scale));
    for (size_t l = 0; l < a_.layers.size(); ++l) {
      const engine::LayerTensors& t = tensors_.layers[l];
      std::vector<Vector> h;
      for (const Vector& row : x) h.push_back(norm(row, t.attention_norm));
      h = attend(l, h);
      for (size_t i = 0; i < x.size(); ++i) {
        add(x[i], scaled(a_.post_norms ? norm(h[i], t.post_attention_norm) : h[i], a_.residual_scale));
        const Vector f = feed_forward(l, norm(x[i], t.feed_forward_norm));
        add(x[i], scaled(a_.post_norms ? norm(f, t.post_feed_forward_norm) : f, a_.residual_scale));
      }
    }
    Vector result;
    for (size_t i = 0; i + 1 < ids.size(); ++i) result.push_back(log_prob(norm(x[i], tensors_.final_norm), ids[i + 1]));
    return result;
  }

 private:
  static Vector row(const engine::Rows& rows, uint64_t i) {
    std::vector<float> out(rows.tensor->columns());
    engine::read_row(rows, i, out.data());
    return {out.begin(), out.end()};
  }
  static Vector vector(const engine::Rows& rows, float offset = 0) {
    std::vector<float> out(rows.count);
    engine::read_vector(rows, offset, out.data());
    return {out.begin(), out.end()};
  }
  static double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }
  static void add(Vector& to, const Vector& x) { std::transform(to.begin(), to.end(), x.begin(), to.begin(), std::plus<>()); }
  static Vector scaled(Vector x, double scale) {
    for (double& v : x) v *= scale;
    return x;
  }
  static double capped(double x, double cap) { return cap > 0 ? cap * std::tanh(x / cap) : x; }

  Vector norm(const Vector& x, const engine::Rows& weight) const {
    const Vector w = vector(weight, a_.norm_offset);
    const double inverse = 1 / std::sqrt(dot(x, x) / static_cast<double>(x.size()) + a_.norm_epsilon);
    Vector out(x.size());
    for (size_t i = 0; i < x.size(); ++i) out[i] = x[i] * inverse * w[i];
    return out;
  }
  static Vector project(const Vector& x, const engine::Rows& matrix, const engine::Rows& bias) {
    Vector out = bias ? vector(bias) : Vector(matrix.count);
    for (uint64_t r = 0; r < matrix.count; ++r) out[r] += dot(row(matrix, r), x);
    return out;
  }

  // [heads][head_dim], normalised and rotated
  std::vector<Vector> heads(const Vector& all, const engine::Rows& weight, int32_t rope, size_t position, size_t length) const {
    std::vector<Vector> out;
    for (size_t first = 0; first < all.size(); first += a_.head_dim) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
      Vector head(begin, begin + a_.head_dim);
      if (weight) head = norm(head, weight);
      if (rope >= 0) {
        const engine::Rope& r = a_.ropes[static_cast<size_t>(rope)];
        const auto frequency = engine::rope_frequencies(r, engine::rope_length(a_, static_cast<uint32_t>(length)));
        for (size_t i = 0; i < r.dims / 2; ++i) {
          const double angle = static_cast<double>(position) * frequency[i];
          const double c = r.magnitude * std::cos(angle), s = r.magnitude * std::sin(angle);
          const double p = head[i], q = head[i + r.dims / 2];
          head[i] = p * c - q * s, head[i + r.dims / 2] = q * c + p * s;
        }
      }
      out.push_back(std::move(head));
    }
    return out;
  }

  std::vector<Vector> attend(size_t layer, const std::vector<Vector>& h) const {
    const engine::LayerTensors& t = tensors_.layers[layer];
    const engine::LayerShape& shape = a_.layers[layer];
    std::vector<std::vector<Vector>> keys, values;
    std::vector<Vector> out;
    for (size_t i = 0; i < h.size(); ++i) {
      keys.push_back(heads(project(h[i], t.k, t.k_bias), t.k_norm, shape.rope, i, h.size()));
      values.push_back(heads(project(h[i], t.v, t.v_bias), {}, -1, i, h.size()));
      const auto queries = heads(project(h[i], t.q, t.q_bias), t.q_norm, shape.rope, i, h.size());
      const size_t first = shape.window != 0 && i + 1 > shape.window ? i + 1 - shape.window : 0;
      Vector joined;
      for (size_t head = 0; head < queries.size(); ++head) {
        const size_t g = head * a_.kv_heads / a_.heads;
        Vector weights;
        for (size_t j = first; j <= i; ++j)
          weights.push_back(capped(dot(queries[head], keys[j][g]) * a_.attention_scale, a_.attention_softcap));
        softmax(weights);
        Vector mixed(a_.head_dim);
        for (size_t j = first; j <= i; ++j) add(mixed, scaled(values[j][g], weights[j - first]));
        joined.insert(joined.end(), mixed.begin(), mixed.end());
      }
      out.push_back(project(joined, t.output, t.output_bias));
    }
    return out;
  }

  static void softmax(Vector& x) {
    const double most = *std::max_element(x.begin(), x.end());
    for (double& v : x) v = std::exp(v - most);
    const double sum = std::accumulate(x.begin(), x.end(), 0.0);
    for (double& v : x) v /= sum;
  }
  double activate(double x) const {
    if (a_.activation == engine::Activation::silu) return x / (1 + std::exp(-x));
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  }
  Vector dense(const engine::FeedForwardTensors& t, const Vector& h) const {
    Vector gate = project(h, t.gate, t.gate_bias);
    const Vector up = project(h, t.up, t.up_bias);
    for (size_t i = 0; i < gate.size(); ++i) gate[i] = activate(gate[i]) * up[i];
    return project(gate, t.down, t.down_bias);
  }
  Vector feed_forward(size_t layer, const Vector& h) const {
    const engine::LayerTensors& t = tensors_.layers[layer];
    if (!a_.layers[layer].experts) return dense(t.feed_forward, h);
    Vector weights = project(h, t.router, {});
    softmax(weights);
    std::vector<size_t> order(weights.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return weights[a] > weights[b]; });
    order.resize(a_.experts.used);
    double sum = 0;
    for (const size_t e : order) sum += weights[e];
    Vector out(h.size());
    for (const size_t e : order) add(out, scaled(dense(t.experts[e], h), weights[e] / (a_.experts.normalise ? sum : 1)));
    return out;
  }

  double log_prob(const Vector& h, int32_t target) const {
    Vector logits;
    for (uint64_t r = 0; r < tensors_.head.count; ++r) {
      const Vector weight = row(tensors_.head, r);
      const double length = a_.head_normalised ? std::sqrt(dot(weight, weight)) : 1;
      logits.push_back(capped(a_.logit_scale * dot(weight, h) / length, a_.logit_softcap));
    }
    const double most = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const double x : logits) sum += std::exp(x - most);
    return logits[static_cast<size_t>(target)] - most - std::log(sum);
  }

  const engine::Architecture& a_;
  const engine::ModelTensors tensors_;
};

}  // namespace sextant::test
