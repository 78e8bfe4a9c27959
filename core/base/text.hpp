// Small text helpers that several rooms of the core share. Pure; [any] thread.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/message_text.hpp>

namespace sextant {

/// Shell-style match over the whole of `text`: * and ? are wild; letters match in either case.
bool glob_match(std::string_view pattern, std::string_view text);

/// "a, b, c and 49 more": what there is, in a message that is read.
std::string first_names(std::span<const std::string> names, size_t named_max);

/// "8G", "1.5 GiB", "512MB" or "1000000": bytes, with K, M, G and T as powers of 1024; nothing for any other text.
std::optional<uint64_t> parse_size(std::string_view text);

}  // namespace sextant
