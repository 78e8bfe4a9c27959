#include "sampler.hpp"
#include <algorithm>

namespace sextant::engine {
namespace {
uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}
}  // namespace

uint64_t random_bits(uint64_t seed, uint64_t id, uint64_t position) { return mix(mix(mix(seed) ^ id) ^ position) >> 11; }

Draw draw_at(const sxt_sampling& s, uint64_t position) {
  const float min_p = SXT_HAS(&s, min_p) ? s.min_p : 0;
  return {s.temperature, s.top_p, s.top_k, random_bits(s.seed, s.id, position), min_p};
}

int32_t sample(std::span<const float> logits, const Draw& draw, std::span<const int32_t> forbidden) {
  struct Candidate { uint32_t rank; int32_t id; uint64_t weight; };
  const auto better = [](const Candidate& a, const Candidate& b) { return a.rank != b.rank ? a.rank > b.rank : a.id < b.id; };
  std::vector<Candidate> candidates;
  candidates.reserve(logits.size());
  for (size_t id = 0; id < logits.size(); ++id)
    if (std::find(forbidden.begin(), forbidden.end(), static_cast<int32_t>(id)) == forbidden.end())
      candidates.push_back({draw::rank(logits[id]), static_cast<int32_t>(id), 0});
  const float highest = draw::logit_of(std::min_element(candidates.begin(), candidates.end(), better)->rank);
  if (draw.top_k && draw.top_k < candidates.size()) {
    std::nth_element(candidates.begin(), candidates.begin() + draw.top_k, candidates.end(), better);
    candidates.resize(draw.top_k);
  }
  uint64_t total = 0;
  for (Candidate& c : candidates) total += c.weight = draw::weight(draw::logit_of(c.rank), highest, draw.temperature);
  if (total == 0) return candidates.back().id;  // not for finite logits
  if (draw.top_p < 1) {  // the smallest set of the highest that reaches its share
    const uint64_t enough = draw::share(draw.top_p, total);
    // all that lie below this together hold less than the rest: they need not be sorted
    const uint64_t low = (total - enough) / candidates.size();
    std::erase_if(candidates, [&](const Candidate& c) { return c.weight < low; });
    std::sort(candidates.begin(), candidates.end(), better);
    size_t n = 0;
    for (total = 0; n < candidates.size() && total < enough; ++n) total += candidates[n].weight;
    candidates.resize(n);
  }
  if (const uint64_t least = draw::least(draw.min_p); least > 0) {
    std::erase_if(candidates, [&](const Candidate& c) { return c.weight < least; });
    total = 0;
    for (const Candidate& c : candidates) total += c.weight;
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  uint64_t before = draw::point(draw.random, total);
  for (const Candidate& c : candidates) {
    if (before < c.weight) return c.id;
    before -= c.weight;
  }
  return candidates.back().id;
}

}  // namespace sextant::engine
