// The order in which rows and keys meet: blocks of keys from position 0 on, and through each block the rows in groups that read
// the same pages. Paths that share their beginning, as answers to one few-shot prompt do, go through it together.
#pragma once
#include <cstdint>
#include "attention.hpp"

namespace sextant::cpu {
namespace {  // each instruction set has its own copy

constexpr uint32_t block_pages = key_block / page_keys;
constexpr float hidden_score = -1e30f;  // of a key that a row does not see; finite, so that differences stay numbers

// not the standard's: its instances would be shared between instruction sets
constexpr uint32_t lesser(uint32_t a, uint32_t b) { return a < b ? a : b; }
constexpr uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

/// The first key that a row sees.
inline uint32_t first_seen(const Attention& t, uint32_t row) {
  return t.window != 0 && t.position[row] >= t.window ? t.position[row] - t.window + 1 : 0;
}

/// The pages of a block. Those after the last key that any row of the group sees are missing: the last one that is stands in
/// for them, and its keys are masked.
struct Block {
  const char* page[block_pages];
  uint32_t first_key, keys;  // keys that any row sees, from the block's first on

  Block(const Attention& t, const uint32_t* pages, uint32_t first, uint32_t last_key)
      : first_key(first), keys(lesser(last_key - first + 1, key_block)) {
    for (uint32_t p = 0; p < block_pages; ++p) page[p] = t.page(pages[first / page_keys + lesser(p, (keys - 1) / page_keys)]);
  }
};

/// Calls body(first row, rows, block) for groups of up to MAX rows, some of which see keys of the block. A block that a row
/// does not see leaves its state as it is, to the bit: neither the blocks' beginning nor the groups matter to a row.
template <uint32_t MAX, class Body> inline void for_each_group(const Attention& t, const Body& body) {
  uint32_t begin = UINT32_MAX, end = 0;
  for (uint32_t r = 0; r < t.rows; ++r) {
    begin = lesser(begin, first_seen(t, r));
    end = larger(end, t.position[r]);
  }
  for (uint32_t first_key = begin / key_block * key_block; first_key <= end; first_key += key_block) {
    const PathRows* path = t.paths;
    for (uint32_t row = 0; row < t.rows;) {
      const uint32_t* pages = path->pages;
      uint32_t last_row = row + path++->rows;
      for (; last_row < t.rows && path->shared_pages * page_keys >= first_key + key_block; ++path) last_row += path->rows;
      for (uint32_t rows; row < last_row; row += rows) {
        rows = lesser(MAX, last_row - row);
        uint32_t first = UINT32_MAX, last = 0;
        for (uint32_t r = row; r < row + rows; ++r) {
          first = lesser(first, first_seen(t, r));
          last = larger(last, t.position[r]);
        }
        if (last >= first_key && first < first_key + key_block) body(row, rows, Block(t, pages, first_key, last));
      }
    }
  }
}

}  // namespace
}  // namespace sextant::cpu
