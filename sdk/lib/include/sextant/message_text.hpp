// The parts of sentences in messages. Pure; [any] thread.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace sextant {

/// The candidate nearest to `word` by Levenshtein distance on bytes (a name that `word` begins, or that begins with `word`,
/// counts as near), or "" where nothing is near enough to be meant.
std::string nearest_name(std::string_view word, std::span<const std::string> candidates);

/// " (did you mean 'ceval_gen'?)", or "" where nothing is near: to be put behind an error's first clause.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

/// Joins with `separator`: "a, b, c".
std::string join(std::span<const std::string> parts, std::string_view separator);

/// The first `bytes_max` bytes, cut at a character's start, with "..." where something was cut: for texts inside messages.
std::string shorten(std::string_view text, size_t bytes_max);

}  // namespace sextant
