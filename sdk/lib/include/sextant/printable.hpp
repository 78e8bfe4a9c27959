// Text from outside (models, cards, data, plugins, file names) as it may be printed or logged. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>

namespace sextant {

enum class Lines { one, many };
/// The text as a terminal or a log may get it: valid UTF-8 in which what would command a terminal or turn the direction of
/// writing (control characters, the beginnings of escape sequences, bidirectional overrides, Unicode's line separators) can be
/// seen but does nothing: "\x1B", "\u202E". A line feed and a tab stay as they are where there may be many lines.
std::string printable(std::string_view text, Lines lines = Lines::one);

/// The same of JSON text, whose values stay what they are: inside its strings stands "\u202E", outside there is nothing of the
/// kind.
std::string printable_json(std::string_view json);

}  // namespace sextant
