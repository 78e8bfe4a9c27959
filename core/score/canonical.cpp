// The canonical lines: what results_sha256 is made of, and nothing that depends on time, machine or schedule.
#include <cmath>
#include <fmt/format.h>
#include "score.hpp"

namespace sextant::score {

std::string canonical_line(const LineParts& attempt, double score, bool repeats) {
  return fmt::format("{{\"index\":{},\"labels\":[{}],\"prediction\":{}{},\"score\":{}}}\n", attempt.row, attempt.labels,
                     attempt.prediction, repeats ? fmt::format(",\"repeat\":{}", attempt.repeat) : std::string(),
                     canonical_number(score));
}

}  // namespace sextant::score
