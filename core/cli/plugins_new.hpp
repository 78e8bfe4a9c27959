// `sextant plugins new KIND NAME`: a folder with a component that works, made of the files that are installed in share/sextant/new.
#pragma once
#include <string>
#include <sextant/result.hpp>
#include "../plugin/registry.hpp"

namespace sextant::cli {

struct NewPlugin {
  std::string told;   // what was written, and what to do next
};

/// language: cpp, c or python. folder: empty for ./NAME. What is there already is an error, and stays as it is.
Result<NewPlugin> new_plugin(plugin::Kind kind, const std::string& name, const std::string& language, const std::string& folder);

}  // namespace sextant::cli
