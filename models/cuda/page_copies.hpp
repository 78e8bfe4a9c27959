// Copies of pages that must happen one after the other, in rounds within which the order does not matter.
#pragma once
#include <algorithm>
#include <vector>
#include "../engine/schedule/device.hpp"
#include "kernels/kernels.hpp"

namespace sextant::cuda {

static_assert(page_tokens == engine::page_tokens);

/// Each round's pages are read and written by no other copy of that round.
inline std::vector<std::vector<SlotCopy>> rounds_of(const std::vector<engine::PageCopy>& copies) {
  std::vector<std::vector<SlotCopy>> rounds;
  std::vector<uint32_t> read, written;
  const auto has = [](const std::vector<uint32_t>& pages, uint32_t page) {
    return std::find(pages.begin(), pages.end(), page) != pages.end();
  };
  for (const engine::PageCopy& c : copies) {
    if (rounds.empty() || has(written, c.from) || has(written, c.to) || has(read, c.to)) {
      rounds.emplace_back();
      read.clear();
      written.clear();
    }
    rounds.back().push_back({c.from * page_tokens, c.to * page_tokens, page_tokens});
    read.push_back(c.from);
    written.push_back(c.to);
  }
  return rounds;
}

}  // namespace sextant::cuda
