#include "stream.hpp"
#include <charconv>
#include <sextant/sha256.hpp>

namespace sextant::stats {

uint64_t stream_key(std::string_view name) {
  const std::string hash = sha256_hex(name);
  uint64_t key = 0;
  std::from_chars(hash.data(), hash.data() + 16, key, 16);
  return key;
}

}  // namespace sextant::stats
