// A backend's answer becomes part of its sample. Pure.
#pragma once
#include "../config/run_config.hpp"
#include "../data/response.hpp"
#include "../store/sample.hpp"

namespace sextant::infer {

/// Moves a response into its sample; an error where the backend's numbers make no sense.
Result<void> take_result(store::Sample& sample, data::Form form, data::Response& response);

}  // namespace sextant::infer
