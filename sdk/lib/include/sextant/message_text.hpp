// What sentences for persons are put together from. Pure; [any] thread.
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

enum class Lines { one, many };
/// The text as a terminal or a log may get it: valid UTF-8 in which what would command a terminal or turn the direction of writing
/// (control characters, the beginnings of escape sequences, bidirectional overrides, Unicode's line separators) can be seen but does
/// nothing: "\x1B", "\u202E". A line feed and a tab stay as they are where there may be many lines.
std::string printable(std::string_view text, Lines lines = Lines::one);

/// The same of JSON text, whose values stay what they are: inside its strings stands "\u202E", outside there is nothing of the kind.
std::string printable_json(std::string_view json);

}  // namespace sextant
