// SHA-256 in hex, for goldens that must not carry the data themselves.
#pragma once
#include <sextant/sha256.hpp>

namespace sextant::test {

inline std::string sha256(const void* data, size_t size) {
  return sha256_hex(std::span(static_cast<const std::byte*>(data), size));
}

}  // namespace sextant::test
