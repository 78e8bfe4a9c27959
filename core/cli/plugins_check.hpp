// `sextant plugins check FILE.so|COMMAND...`: the file's form, its manifest, and then every rule of the ABI, tried in a child
// process (core/conformance).
#pragma once
#include <string>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::cli {

struct CheckOptions {
  std::vector<std::string> words;   // FILE.so, or a program and its arguments
  std::string config, items, kind;  // of the component; empty: none, the kit's own, whatever it says of itself
  double limit_s = 30;              // of one rule
  bool json = false, verbose = false;
};

/// Its exit code: 0, or 65 where a rule is broken.
Result<int> check_plugin(const CheckOptions& options);

}  // namespace sextant::cli
