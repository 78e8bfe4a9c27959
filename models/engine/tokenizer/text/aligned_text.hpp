// A text that normalizers may have changed, and where in the original each of its bytes came from. Threads: const members
// [any].
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::engine {

struct AlignedText {
  std::string bytes;             // UTF-8
  uint32_t base = 0;             // where `bytes` begins in the original, while nothing was changed
  std::vector<uint32_t> origin;  // [bytes + 1] offset in the original of each byte, then of the end; empty: bytes + base

  /// The offset in the original that stands for an offset here. What was inserted, and the inside of what was replaced, stands
  /// for the beginning of what follows or of what it replaces, so that offsets never decrease.
  uint32_t origin_of(size_t offset) const { return origin.empty() ? base + static_cast<uint32_t>(offset) : origin[offset]; }
};

/// Builds a changed text out of an old one, from left to right.
class Rewriter {
 public:
  explicit Rewriter(const AlignedText& from) : from_(from) {
    to_.base = from.base;
    to_.bytes.reserve(from.bytes.size() + 16);
    to_.origin.reserve(from.bytes.size() + 17);
  }
  void keep(size_t begin, size_t end) {
    to_.bytes.append(from_.bytes, begin, end - begin);
    for (size_t i = begin; i < end; ++i) to_.origin.push_back(from_.origin_of(i));
  }
  /// `bytes` in the place of what begins at `at`.
  void put(std::string_view bytes, size_t at) {
    to_.bytes += bytes;
    to_.origin.insert(to_.origin.end(), bytes.size(), from_.origin_of(at));
  }
  uint32_t origin_of(size_t offset) const { return from_.origin_of(offset); }
  size_t size() const { return to_.bytes.size(); }
  AlignedText finish() { return finish_at(from_.bytes.size()); }
  /// The text ends with what stood before `end`.
  AlignedText finish_at(size_t end) {
    to_.origin.push_back(from_.origin_of(end));
    return std::move(to_);
  }

 private:
  const AlignedText& from_;
  AlignedText to_;
};

}  // namespace sextant::engine
