// What an encoder computes between its products. A part of kernels.inc.hpp, which includes it inside its namespaces.

// The sums of two chains of lanes, then of what is left over, in double.
template <class Of> SXT_INLINE double sum_over(uint32_t n, const float* x, const Of& of) {
  Vector sums[norm_chains];
  SXT_UNROLL for (uint32_t j = 0; j < norm_chains; ++j) sums[j] = splat(0.f);
  uint32_t i = 0;
  for (; i + norm_chains * width <= n; i += norm_chains * width)
    SXT_UNROLL for (uint32_t j = 0; j < norm_chains; ++j) sums[j] = sums[j] + of(load(x + i + j * width));
  double sum = sum_of(sums);
  for (; i < n; ++i) {
    float one[width];
    store(one, of(splat(x[i])));
    sum += one[0];
  }
  return sum;
}

void layer_norm(const float* x, const float* w, const float* b, float* y, uint32_t n, float epsilon) {
  const auto mean = static_cast<float>(sum_over(n, x, [](Vector v) { return v; }) / n);
  const Vector middle = splat(mean);
  const double squares = sum_over(n, x, [&](Vector v) { return (v - middle) * (v - middle); });
  const auto factor = static_cast<float>(1 / std::sqrt(squares / n + static_cast<double>(epsilon)));
  uint32_t i = 0;
  for (; i + width <= n; i += width) store(y + i, (load(x + i) - middle) * splat(factor) * load(w + i) + load(b + i));
  for (; i < n; ++i) y[i] = (x[i] - mean) * factor * w[i] + b[i];
}

// 1 - erf(z) for z >= 0 by formula 7.1.26 of Abramowitz and Stegun's handbook (1964), which is within 1.5e-7.
SXT_INLINE Vector erfc_of(Vector z) {
  const Vector t = splat(1.f) / fma(splat(0.3275911f), z, splat(1.f));
  Vector r = splat(1.061405429f);
  r = fma(r, t, splat(-1.453152027f));
  r = fma(r, t, splat(1.421413741f));
  r = fma(r, t, splat(-0.284496736f));
  r = fma(r, t, splat(0.254829592f));
  return r * t * exp2_of(splat(-log2_e) * z * z);
}

void gelu(float* x, uint32_t n) {
  const Vector zero = splat(0.f);
  for (uint32_t i = 0; i < n; i += width) {
    const Vector v = load(x + i), z = max(v, zero - v) * splat(0.707106781186547524f), tail = erfc_of(z);
    const Vector one_and_erf = v < zero ? tail : splat(2.f) - tail;
    store(x + i, splat(0.5f) * v * one_and_erf);
  }
}

void softmax(float* x, const float* bias, uint32_t n) {
  const uint32_t padded = (n + 15) / 16 * 16;
  if (bias)
    for (uint32_t i = 0; i < n; ++i) x[i] += bias[i];
  for (uint32_t i = n; i < padded; ++i) x[i] = hidden_score;
  Vector top = load(x);
  for (uint32_t i = width; i < padded; i += width) top = max(top, load(x + i));
  const float highest = max_of(top);
  Vector sum = splat(0.f);
  for (uint32_t i = 0; i < padded; i += width) {
    const Vector e = exp2_of((load(x + i) - splat(highest)) * splat(log2_e));
    store(x + i, e);
    sum = sum + e;
  }
  const Vector inverse = splat(1.f / sum_of(sum));
  for (uint32_t i = 0; i < padded; i += width) store(x + i, load(x + i) * inverse);
}
