// SHA-256 (FIPS 180-4) by OpenSSL. Pure; [any] thread.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <sextant/result.hpp>

namespace sextant::engine {

/// 64 lower-case hex digits.
Result<std::string> sha256_hex(std::span<const std::byte> bytes);

}  // namespace sextant::engine
