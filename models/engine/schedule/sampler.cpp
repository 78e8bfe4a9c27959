#include "sampler.hpp"
#include <algorithm>
#include <cmath>

namespace sextant::engine {
namespace {
uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}
}  // namespace

double uniform(uint64_t seed, uint64_t id, uint64_t position) {
  return static_cast<double>(mix(mix(mix(seed) ^ id) ^ position) >> 11) * 0x1p-53;
}

int32_t sample(std::span<const float> logits, const sxt_sampling& sampling, std::span<const int32_t> forbidden, double random) {
  struct Candidate { double p; int32_t id; };
  const auto better = [](const Candidate& a, const Candidate& b) { return a.p != b.p ? a.p > b.p : a.id < b.id; };
  const double top = *std::max_element(logits.begin(), logits.end());
  std::vector<Candidate> candidates;
  candidates.reserve(logits.size());
  for (size_t id = 0; id < logits.size(); ++id)
    if (std::find(forbidden.begin(), forbidden.end(), static_cast<int32_t>(id)) == forbidden.end())
      candidates.push_back({std::exp((logits[id] - top) / sampling.temperature), static_cast<int32_t>(id)});
  if (sampling.top_k && sampling.top_k < candidates.size()) {
    std::nth_element(candidates.begin(), candidates.begin() + sampling.top_k, candidates.end(), better);
    candidates.resize(sampling.top_k);
    std::sort(candidates.begin(), candidates.end(), better);
  }
  double total = 0;
  for (const Candidate& c : candidates) total += c.p;
  if (sampling.top_p < 1) {  // the smallest set whose probability reaches top_p
    // all that lie below this together hold less than 1 - top_p: they need not be sorted
    const double low = (1 - static_cast<double>(sampling.top_p)) * total / static_cast<double>(candidates.size());
    std::erase_if(candidates, [&](const Candidate& c) { return c.p < low; });
    std::sort(candidates.begin(), candidates.end(), better);
    double sum = 0;
    size_t n = 0;
    while (n < candidates.size() && (n == 0 || sum < sampling.top_p * total)) sum += candidates[n++].p;
    total = sum;
    candidates.resize(n);
  }
  double rest = random * total;
  for (const Candidate& c : candidates)
    if ((rest -= c.p) < 0) return c.id;
  return candidates.back().id;
}

}  // namespace sextant::engine
