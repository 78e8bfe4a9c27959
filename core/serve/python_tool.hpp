// The tool `python` of agents: a program that the model wrote, run in a sandbox of its own. Threads: [any].
#pragma once
#include <string>
#include <string_view>
#include "../config/run_config.hpp"

namespace sextant::serve {

/// What the program printed, cut where it is long; what went wrong with it is said as a text, because the model reads it. An
/// Error: the sandbox failed, which is not the model's fault.
Result<std::string> run_python(std::string_view arguments_json);

/// Whether the inferencer offers a tool that runs in a sandbox.
bool offers_programs(const config::Inferencer& inferencer);

}  // namespace sextant::serve
