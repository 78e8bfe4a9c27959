// One call of a model: requests lent to the backend, its results as responses. Threads: as the model's.
#pragma once
#include <functional>
#include <span>
#include "../data/request.hpp"
#include "../data/response.hpp"
#include "../plugin/components.hpp"

namespace sextant::serve {

/// `done` is called once per request, as soon as it is done, in any order, from any one thread at a time. A request that the backend never
/// answered gets an error of its own; where the call itself failed (or was cancelled), it is left unanswered.
Result<void> ask_model(plugin::Model& model, std::span<const data::Request* const> requests,
                       const std::function<void(size_t index, data::Response)>& done);
Result<json::Document> plan_call(plugin::Model& model, std::span<const data::Request* const> requests);

}  // namespace sextant::serve
