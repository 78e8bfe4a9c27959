// Whether a terminal gets colours: --color, NO_COLOR (no-color.org), and what stands at the other end.
#pragma once
#include <string>
#include <sextant/result.hpp>

namespace sextant::cli {

/// `flag`: --color's value; empty counts as "auto": a terminal that is not "dumb", unless NO_COLOR is set and not empty.
/// Another word than auto, always and never is an Error. Of stdout.
Result<bool> wants_colour(const std::string& flag);

}  // namespace sextant::cli
