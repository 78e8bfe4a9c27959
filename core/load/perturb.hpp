// What a variant of a data set changes in its rows (config/perturb.hpp), as a step that stands among the derived columns and
// makes the whole record. Pure. Threads: [any].
#pragma once
#include "../config/perturb.hpp"
#include "derive.hpp"

namespace sextant::load {

std::shared_ptr<const DeriveStep> perturb_step(config::Perturbation how);

}  // namespace sextant::load
