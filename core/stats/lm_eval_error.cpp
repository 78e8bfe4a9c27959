#include "lm_eval_error.hpp"
#include <algorithm>
#include <atomic>
#include <cmath>
#include <system_error>
#include <thread>
#include <sextant/python_random.hpp>
#include "mean.hpp"

namespace sextant::stats {
namespace {

constexpr uint64_t chunk_draws = 1000;

void draw_chunk(uint64_t n, uint64_t seed, std::span<double> numbers, const Statistic& statistic) {
  PythonRandom random(seed);
  std::vector<uint32_t> places(n);
  for (double& number : numbers) {
    for (uint32_t& place : places) place = static_cast<uint32_t>(random.uniform() * static_cast<double>(n));
    number = statistic(places);
  }
}

}  // namespace

double lm_eval_error(uint64_t n, uint64_t draws, const Statistic& statistic, unsigned threads) {
  if (n < 2 || draws < 2) return not_known;
  const uint64_t size = std::min(chunk_draws, draws), chunks = draws / size;
  std::vector<double> numbers(chunks * size);
  std::atomic<uint64_t> next = 0;
  const auto work = [&] {
    for (uint64_t chunk; (chunk = next++) < chunks;)
      draw_chunk(n, chunk, std::span(numbers).subspan(chunk * size, size), statistic);
  };
  std::vector<std::thread> others;
  try {
    for (uint64_t i = 1; i < std::min<uint64_t>(threads, chunks); ++i) others.emplace_back(work);
  } catch (const std::system_error&) {
    // this user may have no more threads; fewer do
  }
  work();
  for (std::thread& other : others) other.join();
  const bool all = std::none_of(numbers.begin(), numbers.end(), [](double number) { return std::isnan(number); });
  return all ? spread_of(numbers).deviation : not_known;
}

}  // namespace sextant::stats
