// `sextant plugins run KIND:ID`: one plugin on JSON lines, for its author and for pipes.
#pragma once
#include <string>
#include <sextant/result.hpp>
#include "../plugin/components.hpp"

namespace sextant::cli {

struct RunOptions {
  plugin::Kind kind{};
  std::string id;
  std::string config = "{}";   // JSON, comments allowed
  std::string input;           // a file; empty: stdin
  std::string split;           // data sets only
};

/// Reads JSON lines and writes one for each, in order, as they come.
Result<void> run_plugin(plugin::Host& host, const RunOptions& options);

}  // namespace sextant::cli
