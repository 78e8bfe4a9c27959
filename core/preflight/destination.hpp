// Where a run will write: may it, and is there room?
#pragma once
#include <cstdint>
#include <filesystem>
#include "findings.hpp"

namespace sextant::preflight {

/// `bytes`: what is surely written there. Nothing is made.
void check_destination(const std::filesystem::path& work_dir, uint64_t bytes, Findings& findings);

}  // namespace sextant::preflight
