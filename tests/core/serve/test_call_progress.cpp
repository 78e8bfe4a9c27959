// What a progress line counts when calls of a model follow each other, overlap, or are equally long.
#include <catch2/catch.hpp>
#include <utility>
#include <vector>
#include "core/serve/call_progress.hpp"

TEST_CASE("tokens are counted once, however the reports of several calls are mixed") {
  using Reports = std::vector<std::pair<uint64_t, uint64_t>>;
  const auto [reports, tokens] = GENERATE(table<Reports, uint64_t>({
      {{{30, 100}, {100, 100}}, 100},
      {{{100, 100}, {40, 70}, {70, 70}}, 170},                              // one after the other
      {{{100, 100}, {30, 100}, {100, 100}}, 200},                           // equally long
      {{{10, 100}, {5, 70}, {60, 100}, {40, 70}, {100, 100}, {70, 70}}, 170},  // overlapping
      {{{10, 100}, {5, 100}, {60, 100}, {40, 100}, {100, 100}, {100, 100}}, 200},
      {{{10, 100}, {5, 100}, {60, 100}, {40, 100}}, 60},
      {{{20, 50}, {10, 50}, {30, 50}}, 30},                                 // reports of a call's threads, out of order
      {{{0, 0}, {0, 0}}, 0},
  }));
  sextant::serve::CallProgress calls;
  uint64_t sum = 0;
  for (const auto& [done, total] : reports) sum += calls.more(done, total);
  CHECK(sum == tokens);
}
