// Every kernel of every instruction set that this processor has, against the same sum in double.
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>
#include <catch2/catch.hpp>
#include "../../../models/cpu/isa.hpp"
#include "numbers.hpp"

using namespace sextant;
using namespace sextant::cpu;
using fakes::numbers;

namespace {

std::vector<const Kernels*> available(std::initializer_list<Compute> computes = {Compute::f32, Compute::exact}) {
  std::vector<const Kernels*> out;
  for (const Compute compute : computes)
    for (const char* isa : {"portable", "avx2", "avx512"})
      if (const auto kernels = choose_kernels(isa, compute)) out.push_back(*kernels);
      else WARN("SKIP: " << kernels.error().message);
  return out;
}

// Numbers of every size, the smallest among them.
std::vector<float> of_every_size(size_t n, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> out;
  while (out.size() < n)
    if (const float x = std::bit_cast<float>(static_cast<uint32_t>(random())); std::isfinite(x)) out.push_back(x);
  return out;
}

std::vector<uint32_t> bits_of_all(const std::vector<float>& numbers) {
  std::vector<uint32_t> out;
  for (const float x : numbers) out.push_back(std::isnan(x) ? 0xffffffff : std::bit_cast<uint32_t>(x));
  return out;
}

}  // namespace

TEST_CASE("the exact kernels have the same bits on every instruction set", "[cpu][kernels][exact]") {
  const auto run = [](const Kernels& k, const std::vector<float>& x, const std::vector<float>& w) {
    const auto n = static_cast<uint32_t>(x.size()), padded = n / 16 * 16;
    std::vector<float> all;
    const auto keep = [&](const std::vector<float>& y) { all.insert(all.end(), y.begin(), y.end()); };
    std::vector<float> y(n);
    k.rms_norm(x.data(), w.data(), y.data(), n, 1e-5f), keep(y);
    k.layer_norm(x.data(), w.data(), w.data(), y.data(), n, 1e-5f), keep(y);
    y = x, k.rope(y.data(), w.data(), w.data() + n / 2, n / 2), keep(y);
    for (const auto gate : {k.swiglu, k.geglu}) {
      for (uint32_t i = 0; i + panel <= n; i += panel) gate(x.data() + i, w.data() + i, y.data() + i);
      keep(y);
    }
    y = x, k.scale_and_cap(y.data(), padded, 0.3f, 5), keep(y);
    y = x, k.gelu(y.data(), padded), keep(y);
    std::vector<float> logits = numbers(padded, 3, 30);
    const VocabularyChunk chunk = k.vocabulary(logits.data(), padded);
    keep({chunk.max, chunk.sum, static_cast<float>(chunk.best)});
    logits.resize(padded + 16);
    k.softmax(logits.data(), nullptr, padded - 3), keep(logits);
    std::vector<float> product(7 * panel, 0.25f);  // the routers'
    const uint32_t depth = padded / 16;
    k.matmul.multiply(x.data(), depth * sizeof(float), 7, {PanelFormat::f32, w.data(), padded / panel, 1}, product.data(), panel,
                      true);
    keep(product);
    return bits_of_all(all);
  };
  const auto exact = available({Compute::exact});
  for (uint64_t seed = 1; seed <= 8; ++seed)
    for (const uint32_t n : {1216u, 1220u}) {
      const auto x = seed < 5 ? numbers(n, seed, 5) : of_every_size(n, seed), w = numbers(n, seed + 100);
      const auto expected = run(*exact.front(), x, w);
      for (const Kernels* kernels : exact) {
        CAPTURE(kernels->name, seed, n);
        REQUIRE(run(*kernels, x, w) == expected);
      }
    }
}

TEST_CASE("rms_norm divides by the root of the mean square", "[cpu][kernels]") {
  for (const Kernels* kernels : available())
    for (const uint32_t n : {16u, 96u, 100u, 576u}) {
      CAPTURE(kernels->name, n);
      const auto x = numbers(n, 4, 3), w = numbers(n, 5);
      std::vector<float> y(n);
      kernels->rms_norm(x.data(), w.data(), y.data(), n, 1e-5f);
      double squares = 0;
      for (const float v : x) squares += static_cast<double>(v) * v;
      for (uint32_t i = 0; i < n; ++i)
        REQUIRE(y[i] == Approx(x[i] / std::sqrt(squares / n + 1e-5) * w[i]).epsilon(1e-6).margin(1e-7));
    }
}

TEST_CASE("rope turns pairs", "[cpu][kernels]") {
  for (const Kernels* kernels : available())
    for (const uint32_t half : {8u, 20u, 32u}) {
      CAPTURE(kernels->name, half);
      const auto x = numbers(2 * half, 6), angle = numbers(half, 7, 3);
      std::vector<float> cosine, sine, y = x;
      for (const float a : angle) cosine.push_back(std::cos(a)), sine.push_back(std::sin(a));
      kernels->rope(y.data(), cosine.data(), sine.data(), half);
      for (uint32_t i = 0; i < half; ++i) {
        REQUIRE(y[i] == Approx(double(x[i]) * cosine[i] - double(x[half + i]) * sine[i]).margin(1e-6));
        REQUIRE(y[half + i] == Approx(double(x[half + i]) * cosine[i] + double(x[i]) * sine[i]).margin(1e-6));
      }
    }
}

TEST_CASE("swiglu is silu(gate) * up, for large numbers too", "[cpu][kernels]") {
  auto gate = numbers(panel, 8, 4);
  gate[0] = -200, gate[1] = 200, gate[2] = 0, gate[3] = -88;
  const auto up = numbers(panel, 9);
  for (const Kernels* kernels : available()) {
    CAPTURE(kernels->name);
    std::vector<float> y(panel);
    kernels->swiglu(gate.data(), up.data(), y.data());
    for (uint32_t i = 0; i < panel; ++i)
      REQUIRE(y[i] == Approx(gate[i] / (1 + std::exp(-double(gate[i]))) * up[i]).epsilon(1e-6).margin(1e-30));
  }
}

TEST_CASE("geglu is gelu(gate) * up by tanh, for large numbers too", "[cpu][kernels]") {
  auto gate = numbers(panel, 18, 3);
  gate[0] = -200, gate[1] = 200, gate[2] = 0, gate[3] = -6;
  const auto up = numbers(panel, 19);
  for (const Kernels* kernels : available()) {
    CAPTURE(kernels->name);
    std::vector<float> y(panel);
    kernels->geglu(gate.data(), up.data(), y.data());
    for (uint32_t i = 0; i < panel; ++i) {
      const double g = gate[i];
      const double gelu = g / (1 + std::exp(-2 * std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g)));
      REQUIRE(y[i] == Approx(gelu * up[i]).epsilon(1e-6).margin(1e-9));
    }
  }
}

TEST_CASE("a soft cap is a tanh to six digits, from tiny numbers to huge ones", "[cpu][kernels]") {
  std::vector<float> x;
  for (int e = -30; e <= 20; ++e)
    for (const float sign : {-1.f, 1.f}) x.push_back(sign * 0.7f * std::exp2(static_cast<float>(e) / 3));
  x.insert(x.end(), {0.f, 1e30f, -1e30f, 0.625f, -0.625f});
  while (x.size() % 16 != 0) x.push_back(static_cast<float>(x.size()) / 100);
  for (const Kernels* kernels : available()) {
    CAPTURE(kernels->name);
    for (const float scale : {1.f, 0.3f}) {
      auto y = x, scaled = x;
      kernels->scale_and_cap(y.data(), static_cast<uint32_t>(y.size()), scale, 30);
      kernels->scale_and_cap(scaled.data(), static_cast<uint32_t>(x.size()), scale, 0);
      for (size_t i = 0; i < x.size(); ++i) {
        REQUIRE(y[i] == Approx(30 * std::tanh(double(x[i]) * double(scale) / 30)).epsilon(1e-6).margin(0));
        REQUIRE(scaled[i] == x[i] * scale);
      }
    }
  }
}

TEST_CASE("vocabulary finds the first best and the sum of exponentials", "[cpu][kernels]") {
  for (const Kernels* kernels : available())
    for (const uint32_t n : {16u, 48u, 512u}) {
      CAPTURE(kernels->name, n);
      auto logits = numbers(n, 10, 5);
      logits[n / 2] = logits[n - 1] = 40;
      const VocabularyChunk got = kernels->vocabulary(logits.data(), n);
      double sum = 0;
      for (const float x : logits) sum += std::exp(double(x) - 40);
      CHECK(got.best == n / 2);
      CHECK(got.max == 40);
      CHECK(got.sum == Approx(sum).epsilon(1e-6));
    }
}

TEST_CASE("one logit that is not a number makes the sum none", "[cpu][kernels]") {
  for (const Kernels* kernels : available())
    for (uint32_t at = 0; at < 48; ++at) {
      CAPTURE(kernels->name, at);
      auto logits = numbers(48, 10, 5);
      logits[at] = std::numeric_limits<float>::quiet_NaN();
      CHECK(std::isnan(kernels->vocabulary(logits.data(), 48).sum));
    }
}
