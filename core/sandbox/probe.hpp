// Whether sandboxes work here, found out by trying: no setting that can be read tells.
#pragma once
#include <string>
#include "plan.hpp"

namespace sextant::sandbox {

/// What is missing, with the remedy; empty: a whole sample has been run. For the supervisor's process, which is what it will be
/// when it runs programs.
std::string try_sandboxes(const Machine& machine, int stop);

/// What to do where that step of making a sandbox failed with this errno. Pure.
std::string remedy_of(std::string_view step, int code);

}  // namespace sextant::sandbox
