// The conformance kit: every rule of the ABI, tried on one component in a child process, so that a rule that ends the process is a
// sentence like any other. `sextant plugins check` is its command.
#pragma once
#include <filesystem>
#include <string>
#include <vector>
#include <sextant/result.hpp>
#include "../plugin/registry.hpp"

namespace sextant::conformance {

struct Trial {
  std::filesystem::path file;
  plugin::Kind kind{};
  std::string id;
  std::string config;              // JSON; empty: what the schema's defaults make
  std::filesystem::path items;     // JSON lines; empty: the kit's own
  double limit_s = 30;             // of one rule
};
struct Outcome {
  std::string rule, place, what;
  enum State { holds, broken, untried } state = holds;
  std::string why;
};

/// Each rule of the component's kind, in order. An error: the child could not be started at all.
Result<std::vector<Outcome>> try_component(const Trial& trial);

/// The child's side: `sextant worker conformance`. Its exit code.
int serve_trial(int fd);

}  // namespace sextant::conformance
