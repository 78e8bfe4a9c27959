// Why a path that somebody named leads to nothing: it is missing, or this user may not go there. Looked at before anything is
// opened, so that what cannot be read is not taken for what is empty.
#pragma once
#include <string>
#include <sextant/result.hpp>

namespace sextant::engine {

/// An error where there is neither file nor folder of that name, or a folder that may not be entered and listed. [any] thread.
Result<void> check_reachable(const std::string& path);

}  // namespace sextant::engine
