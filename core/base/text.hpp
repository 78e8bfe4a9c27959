// Small text helpers that several rooms of the core share. Pure; [any] thread.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// The candidate nearest to `word` by Levenshtein distance on bytes (a name that `word` begins, or that begins with `word`,
/// counts as near), or "" where nothing is near enough to be meant.
std::string nearest_name(std::string_view word, std::span<const std::string> candidates);

/// " (did you mean 'ceval_gen'?)", or "" where nothing is near: to be put behind an error's first clause.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

/// Shell-style match over the whole of `text`: * and ? are wild; letters match in either case.
bool glob_match(std::string_view pattern, std::string_view text);

/// Joins with `separator`: "a, b, c".
std::string join(std::span<const std::string> parts, std::string_view separator);

/// "8G", "1.5 GiB", "512MB" or "1000000": bytes, with K, M, G and T as powers of 1024; nothing where it is no such text.
std::optional<uint64_t> parse_size(std::string_view text);

/// The first `bytes_max` bytes, cut at a character's start, with "..." where something was cut: for texts inside messages.
std::string shorten(std::string_view text, size_t bytes_max);

}  // namespace sextant
