// What a progress line counts when calls of a model follow each other, overlap, or are equally long.
#include <catch2/catch.hpp>
#include <utility>
#include <vector>
#include "core/serve/call_progress.hpp"

TEST_CASE("tokens are counted once, however the reports of several calls are mixed") {
  using Reports = std::vector<std::pair<uint64_t, uint64_t>>;  // call, tokens done
  const auto [reports, tokens] = GENERATE(table<Reports, uint64_t>({
      {{{1, 30}, {1, 100}}, 100},
      {{{1, 100}, {2, 40}, {2, 70}}, 170},                              // one after the other
      {{{1, 10}, {2, 5}, {1, 60}, {2, 40}, {1, 100}, {2, 70}}, 170},    // overlapping
      {{{1, 10}, {2, 5}, {1, 60}, {2, 40}, {1, 100}, {2, 100}}, 200},   // equally long
      {{{1, 10}, {2, 40}, {1, 60}, {2, 5}}, 100},                       // equally long, the second one ahead
      {{{1, 20}, {1, 10}, {1, 30}}, 30},                                // reports of a call's threads, out of order
      {{{1, 0}, {2, 0}}, 0},
  }));
  sextant::serve::CallProgress calls;
  uint64_t sum = 0;
  for (const auto& [call, done] : reports) sum += calls.more(call, done);
  CHECK(sum == tokens);
}

TEST_CASE("a call that has ended is forgotten, and a number used again counts anew") {
  sextant::serve::CallProgress calls;
  CHECK(calls.more(1, 30) == 30);
  calls.ended(1);
  CHECK(calls.more(1, 30) == 30);
}
