// ReAct's text protocol (Yao et al. 2022): lines "Thought:", "Action:", "Action Input:", "Observation:" and "Final Answer:".
// Pure. Threads: [any].
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include "tools/tools.hpp"

namespace sextant::infer {

struct ReactReply {
  std::optional<std::string> answer;  // behind "Final Answer:"
  std::string action, input;          // of the first action; both empty where there is none
  std::string kept;                   // the reply up to what the model made up behind its action; no white space at its end
};

/// An action before a final answer counts: the rest of such a reply the model made up without knowing what the tool says.
ReactReply read_react(std::string_view reply);

/// What the model is told. `text` with {tools} and {tool_names} filled in; the built-in text where there is none.
std::string react_instructions(const std::optional<std::string>& text, std::span<const Tool* const> offered);

}  // namespace sextant::infer
