// Bytes made small, and bytes as text: what a page carries in itself. Pure; threads: [any].
#pragma once
#include <string>
#include <string_view>

namespace sextant {

/// zlib's format (RFC 1950), which browsers call "deflate".
std::string deflated(std::string_view bytes);

/// Base64 with padding (RFC 4648, section 4).
std::string base64(std::string_view bytes);

}  // namespace sextant
