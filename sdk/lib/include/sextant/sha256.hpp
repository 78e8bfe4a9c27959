// SHA-256 (FIPS 180-4) through OpenSSL, as 64 lower-case hex digits. [any] thread.
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sextant/result.hpp>

namespace sextant {

std::string sha256_hex(std::span<const std::byte> bytes);
inline std::string sha256_hex(std::string_view text) { return sha256_hex(std::as_bytes(std::span(text))); }
/// Of a text that comes in parts. Threads: [owner].
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  ~Sha256();
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  /// Once, at the end.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};
/// A regular file, read in blocks.
Result<std::string> sha256_file(const std::filesystem::path& path);

}  // namespace sextant
