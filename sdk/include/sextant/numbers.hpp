// Numbers in messages, as people read them.
#pragma once
#include <cstdint>
#include <string>

namespace sextant {

/// 12345 -> "12,345"
inline std::string with_commas(uint64_t n) {
  std::string digits = std::to_string(n);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

/// Bytes, rounded up: "1,234 MiB"
inline std::string mebibytes(uint64_t bytes) { return with_commas((bytes + (1u << 20) - 1) >> 20) + " MiB"; }

}  // namespace sextant
