// sha256 in hex, for goldens that must not carry the data themselves.
#pragma once
#include <string>
#include <fmt/format.h>
#include <openssl/evp.h>

namespace sextant::test {

inline std::string sha256(const void* data, size_t size) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(data, size, digest, &length, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace sextant::test
