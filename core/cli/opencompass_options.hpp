// The options of OpenCompass 0.5.4's command that are none of ours: each is mapped, taken with a warning that says why nothing
// has to be done for it, or refused by a sentence that says what to write instead. None is unknown, and none is silent.
#pragma once
#include "options.hpp"

namespace sextant::cli {

void add_opencompass_options(po::options_description& options);

/// `-sp` has two letters behind one dash, which no other option has.
std::vector<std::string> with_long_names(const std::vector<std::string>& args);

/// Into `flags` and its warnings; the first that is refused is the Error.
Result<void> take_opencompass_options(const po::variables_map& values, RunCommandFlags& flags);

}  // namespace sextant::cli
