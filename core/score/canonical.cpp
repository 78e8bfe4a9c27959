// The canonical lines: what results_sha256 is made of, and nothing that depends on time, machine or schedule.
#include <cmath>
#include <fmt/format.h>
#include "score.hpp"

namespace sextant::score {

// 17 significant digits: every language's printf gives the same text, and every double its own.
std::string canonical_line(const data::Attempt& attempt, double score, bool repeats) {
  const auto number = [](double value) { return std::isfinite(value) ? fmt::format("{:.17g}", value) : std::string("null"); };
  std::string labels;
  for (const data::LabelScore& label : attempt.labels)
    labels += fmt::format("{}{{\"label\":{},\"value\":{}}}", labels.empty() ? "" : ",", json::quote(label.label), number(label.value));
  return fmt::format("{{\"index\":{},\"labels\":[{}],\"prediction\":{}{},\"score\":{}}}\n", attempt.id.row, labels,
                     json::quote(attempt.prediction), repeats ? fmt::format(",\"repeat\":{}", attempt.id.repeat) : std::string(), number(score));
}

}  // namespace sextant::score
