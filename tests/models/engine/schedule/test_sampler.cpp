// Drawing a token: the weights against exp(), and which tokens are left against probabilities in double precision.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>
#include <catch2/catch.hpp>
#include "../../../../models/engine/schedule/adjustments.hpp"
#include "../../../../models/engine/schedule/sampler.hpp"
#include "../compare_sampling.hpp"

using namespace sextant::engine;

TEST_CASE("a weight is exp(), rounded to units of 2^-40", "[schedule]") {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const float highest = static_cast<float>(random() % 1000) / 37 - 13,
                logit = highest - static_cast<float>(random() % 100'000) / 2000;
    const float temperature = 0.05f + static_cast<float>(random() % 100) / 30;
    const double expected = std::exp((double{logit} - highest) / temperature) * 0x1p40;
    REQUIRE(std::abs(static_cast<double>(draw::weight(logit, highest, temperature)) - expected) <= 0.501 + expected * 1e-15);
  }
  CHECK(draw::weight(3, 3, 0.5f) == uint64_t{1} << 40);
  CHECK(draw::weight(NAN, 3, 1) == 0);
  CHECK(draw::weight(-INFINITY, 3, 1) == 0);
}

TEST_CASE("a point is random / 2^53 of the total", "[schedule]") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t r = random() >> 11, total = random() >> (2 + i % 60);
    __extension__ using Wide = unsigned __int128;
    REQUIRE(draw::point(r, total) == static_cast<uint64_t>(Wide{r} * total >> 53));
  }
}

TEST_CASE("tokens come as often as their probabilities say, and only those that top_k and top_p leave", "[schedule]") {
  struct Case { float temperature, top_p; uint32_t top_k; };
  const Case c = GENERATE(Case{1, 1, 0}, Case{0.7f, 0.9f, 0}, Case{2, 1, 3}, Case{1.5f, 0.6f, 5}, Case{1, 1e-6f, 0});
  CAPTURE(c.temperature, c.top_p, c.top_k);
  const std::vector<float> logits{1, 2.5f, -3, 2.5f, 0, 1.75f, 9, -0.0f, 0.5f};
  const std::vector<int32_t> forbidden{6};
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::erase(order, 6);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)]; });
  if (c.top_k) order.resize(c.top_k);
  const auto p = [&](int32_t id) { return std::exp(double{logits[static_cast<size_t>(id)]} / c.temperature); };
  double total = 0, sum = 0;
  for (const int32_t id : order) total += p(id);
  size_t left = 0;
  while (left < order.size() && (left == 0 || sum < c.top_p * total)) sum += p(order[left++]);
  order.resize(left);
  constexpr int draws = 20'000;
  std::vector<double> count(logits.size());
  for (int i = 0; i < draws; ++i)
    ++count[static_cast<size_t>(
        sample(logits, {c.temperature, c.top_p, c.top_k, random_bits(5, 6, static_cast<uint64_t>(i))}, forbidden))];
  for (size_t id = 0; id < logits.size(); ++id) {
    CAPTURE(id);
    const bool there = std::find(order.begin(), order.end(), static_cast<int32_t>(id)) != order.end();
    const double expected = there ? p(static_cast<int32_t>(id)) / sum : 0;
    CHECK(std::abs(count[id] / draws - expected) <= 5 * std::sqrt(expected * (1 - expected) / draws));
  }
}

TEST_CASE("penalties and forbidden ids change logits as transformers changes them", "[schedule]") {
  const auto goldens = sextant::test::sampling_goldens();
  for (const auto& one : sextant::json::find(goldens, "logits")->GetArray()) {
    CAPTURE(sextant::json::write(*sextant::json::find(one, "settings")));
    const sextant::test::SamplingSettings settings(*sextant::json::find(one, "settings"));
    const auto& given = *sextant::json::find(one, "logits");
    std::vector<float> logits;
    for (const auto& x : given.GetArray()) logits.push_back(x.GetFloat());
    REQUIRE(Adjustments::wanted(settings.sampling));
    Adjustments adjustments(settings.sampling, sextant::test::ids_of(sextant::json::find(one, "prompt")), given.Size());
    for (const int32_t id : sextant::test::ids_of(sextant::json::find(one, "reply"))) adjustments.add(id);
    std::vector<Adjustment> list;
    adjustments.append_to(list);
    for (size_t i = 0; i + 1 < list.size(); ++i) REQUIRE(list[i].id < list[i + 1].id);
    for (const Adjustment& a : list) logits[static_cast<size_t>(a.id)] = draw::adjusted(logits[static_cast<size_t>(a.id)], a);
    const auto& expected = *sextant::json::find(one, "expected");
    for (rapidjson::SizeType id = 0; id < expected.Size(); ++id) {
      CAPTURE(id);
      if (expected[id].IsNull()) CHECK(logits[id] == draw::never);
      else CHECK(logits[id] == Approx(expected[id].GetDouble()).epsilon(1e-6).margin(1e-6));
    }
  }
}

TEST_CASE("nothing is adjusted where nothing asks for it, nor by a caller that knows nothing of it", "[schedule]") {
  sxt_sampling sampling{};
  sampling.struct_size = sizeof sampling;
  CHECK_FALSE(Adjustments::wanted(sampling));
  sampling.repetition_penalty = 1;
  CHECK_FALSE(Adjustments::wanted(sampling));
  sampling.repetition_penalty = 1.5f, sampling.min_p = 0.5f;
  CHECK(Adjustments::wanted(sampling));
  sampling.struct_size = offsetof(sxt_sampling, min_p);
  CHECK_FALSE(Adjustments::wanted(sampling));
  CHECK(draw_at(sampling, 0).min_p == 0);
}

TEST_CASE("min_p leaves what transformers leaves, after temperature, top_k and top_p", "[schedule]") {
  const auto goldens = sextant::test::sampling_goldens();
  for (const auto& one : sextant::json::find(goldens, "left")->GetArray()) {
    const auto number = [&](const char* key) { return static_cast<float>(*sextant::json::find_number(one, key)); };
    CAPTURE(number("min_p"), number("top_p"), number("top_k"));
    std::vector<float> logits;
    for (const auto& x : sextant::json::find(one, "logits")->GetArray()) logits.push_back(x.GetFloat());
    std::set<int32_t> drawn;
    for (uint64_t i = 0; i < 4000; ++i)
      drawn.insert(sample(logits,
                          {number("temperature"), number("top_p"), static_cast<uint32_t>(number("top_k")), random_bits(5, 6, i),
                           number("min_p")},
                          {}));
    const auto left = sextant::test::ids_of(sextant::json::find(one, "left"));
    CHECK(std::vector<int32_t>(drawn.begin(), drawn.end()) == left);
  }
}
