// SHA-256 (FIPS 180-4) through OpenSSL. [any] thread.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <sextant/result.hpp>

namespace sextant {

std::string sha256_hex(std::string_view bytes);                          // 64 lower-case hex digits
Result<std::string> sha256_file(const std::filesystem::path& path);      // a regular file, read in blocks

}  // namespace sextant
