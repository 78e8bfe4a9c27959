// The prompt as a model was really asked: an inferencer may put more in front of it than the card's template says, as an agent
// does with its instructions. Pure.
#pragma once
#include <string>
#include "../data/request.hpp"
#include "../data/sample.hpp"

namespace sextant::serve {

/// What the attempt's first request was made of. A conversation that the request goes on with, or shows the beginning of only,
/// keeps its prompt: its turns are recorded as turns.
data::Prompt sent_prompt(const data::Prompt& prompt, const data::Request& first);

/// Adds "tools", the schemas that the request offered, to an attempt's further values.
void note_tools(std::string& extra_json, const std::string& tools_json);

}  // namespace sextant::serve
