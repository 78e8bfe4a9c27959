#include "share.hpp"
#include <algorithm>
#include "job.hpp"

namespace sextant::engine {
namespace {

// An item in depth-first order.
struct Stop {
  uint32_t item;
  uint64_t alone;   // tokens to compute and generate where no other item of the share came before
  uint64_t behind;  // where the item before it did
};

// [items] the node in which each ends.
std::vector<uint32_t> ends_of(const Job& job) {
  const auto& nodes = job.trie.nodes();
  std::vector<uint32_t> ends(job.items.size());
  for (uint32_t n = 0; n < nodes.size(); ++n)
    for (uint32_t item = nodes[n].first_end; item != TokenTrie::none; item = job.trie.next_end(item)) ends[item] = n;
  return ends;
}

std::vector<Stop> depth_first(const Job& job) {
  const auto& nodes = job.trie.nodes();
  std::vector<Stop> stops;
  std::vector<uint32_t> open{0};
  uint64_t fresh = 0;
  while (!open.empty()) {
    const auto& node = nodes[open.back()];
    open.pop_back();
    fresh += node.length;
    for (uint32_t item = node.first_end; item != TokenTrie::none; item = job.trie.next_end(item)) {
      const uint64_t room = job.items[item].new_tokens;
      stops.push_back({item, uint64_t{node.position} + node.length + room, fresh + room});
      fresh = 0;
    }
    for (uint32_t child = node.last_child; child != TokenTrie::none; child = nodes[child].previous) open.push_back(child);
  }
  return stops;
}

// Gives body(stop, worker) for shares of at most `most` tokens, each as long as it can be. Returns how many there are.
template <class Body> uint64_t fill(const std::vector<Stop>& stops, uint64_t most, Body&& body) {
  uint64_t shares = 0, tokens = 0;
  for (const Stop& stop : stops) {
    if (shares > 0 && tokens + stop.behind <= most) tokens += stop.behind;
    else tokens = stop.alone, ++shares;
    body(stop, static_cast<uint32_t>(shares - 1));
  }
  return shares;
}

}  // namespace

std::vector<uint32_t> cut(const Job& job, uint32_t workers) {
  const std::vector<Stop> stops = depth_first(job);
  uint64_t low = 0, high = 0;
  for (const Stop& stop : stops) low = std::max(low, stop.alone), high += stop.behind;
  while (low < high) {  // a share only becomes smaller where it begins later, so filling up needs the fewest of them
    const uint64_t middle = low + (high - low) / 2;
    if (fill(stops, middle, [](const Stop&, uint32_t) {}) <= workers) high = middle;
    else low = middle + 1;
  }
  std::vector<uint32_t> worker(job.items.size());
  fill(stops, high, [&](const Stop& stop, uint32_t share) { worker[stop.item] = share; });
  return worker;
}

void share_out(Job& job, uint32_t workers) {
  const auto& nodes = job.trie.nodes();
  const std::vector<uint32_t> ends = ends_of(job), worker = cut(job, workers);
  Share empty;
  empty.items.resize(job.items.size());
  empty.nodes.resize(nodes.size());
  empty.scored_from.assign(nodes.size(), Share::unscored);
  empty.payer.resize(nodes.size());
  if (wants_moments(job)) empty.moments_from = empty.scored_from;
  job.shares.assign(workers, empty);
  for (JobRequest& outcome : job.outcome) outcome.computed_tokens = 0;
  job.computed_tokens = 0;
  for (uint32_t item = 0; item < job.items.size();
       ++item) {  // requests come in order: the lowest-numbered one meets a token first
    const JobItem& i = job.items[item];
    Share& share = job.shares[worker[item]];
    share.items[item] = true;
    share.new_tokens += i.new_tokens;
    uint32_t tokens = 0;
    for (uint32_t n = ends[item]; n != TokenTrie::none && !share.nodes[n]; n = nodes[n].parent) {
      share.nodes[n] = true;
      share.payer[n] = i.request;
      tokens += nodes[n].length;
    }
    if (!generates(*job.requests[i.request])) {
      // where an item wants as much or more, it does so on the whole path above
      const auto want = [&](std::vector<uint32_t>& ret_from, uint32_t from) {
        for (uint32_t n = ends[item]; n != TokenTrie::none && ret_from[n] > from; n = nodes[n].parent) ret_from[n] = from;
      };
      want(share.scored_from, wants_total(*job.requests[i.request]) ? 1 : i.start);
      if (wants_moments(*job.requests[i.request])) want(share.moments_from, i.start);
    }
    job.outcome[i.request].computed_tokens += tokens;
    share.computed_tokens += tokens;
    job.computed_tokens += tokens;
  }
}

}  // namespace sextant::engine
