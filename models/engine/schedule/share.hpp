// Who computes what where several workers, each with a device of its own, run one job: its items are cut into shares along the
// trie. What two shares have in common is computed by both, and counted twice. Nothing but the items and the number of workers
// decides the cut; with one worker the share is the job.
#pragma once
#include <cstdint>
#include <vector>

namespace sextant::engine {

struct Job;

/// What one worker does.
struct Share {
  static constexpr uint32_t unscored = UINT32_MAX;
  std::vector<bool> items;   // [items]
  std::vector<bool> nodes;   // [nodes of the trie] in which, or below which, one of its items ends
  std::vector<uint32_t> scored_from;  // [nodes of the trie] the position from which on some item that passes it wants
                                      // probabilities, or `unscored`
  std::vector<uint32_t> moments_from;  // likewise for what ln p is expected to be; empty: none wants it
  std::vector<uint32_t> payer;  // [nodes of the trie] the request that each of `nodes` is charged to
  uint64_t computed_tokens = 0, new_tokens = 0;
};

/// [items] the worker of each. Shares are stretches of the depth-first order, so that two neighbours have in common one path at
/// most; the largest of them, in tokens to compute and to generate, is as small as such a cut can make it. Where there is less
/// work than workers, the last ones get none.
std::vector<uint32_t> cut(const Job& job, uint32_t workers);

/// Cuts the job and settles who pays: in each share a token is charged to the lowest-numbered request that uses it. Fills
/// `shares` and all counts of computed tokens. [any] thread.
void share_out(Job& job, uint32_t workers);

}  // namespace sextant::engine
