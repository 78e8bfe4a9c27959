// What a model would have to compute. Plain data.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../store/run_folder.hpp"

namespace sextant::serve {

struct Plan {
  std::vector<store::TaskRecord> tasks;     // status "planned", "missing" or "failed"
  uint64_t prompt_tokens = 0, computed_tokens = 0;
  uint64_t kv_bytes = 0;                    // the most of any wave
  uint64_t peak_bytes = 0;                  // what the backend plans, and what this process holds in addition
  uint64_t beside_bytes = 0;                // of these, what is not the backend's plan
  bool exact = true;                        // false: what is asked depends on what the model says; the numbers are the least
  uint64_t devices = 1;                     // that the model's memory is spread over
  std::optional<double> seconds;            // nothing where the backend does not say
};
/// One JSON object, as `sextant run --dry-run --json` prints it.
std::string to_json(const Plan& plan);

/// Adds up what a backend plans for one wave after the other.
class PlanOfWaves {
 public:
  /// `resident`: bytes that the process takes with the model loaded.
  explicit PlanOfWaves(uint64_t resident) : resident_(resident) {}
  /// `text`: bytes of the wave's texts.
  void add(const json::Value& planned, uint64_t text);
  Plan take();

 private:
  const uint64_t resident_;
  Plan plan_;
  std::deque<uint64_t> held_;               // text of the latest waves
  uint64_t held_most_ = 0, backend_resident_ = 0;
};

}  // namespace sextant::serve
