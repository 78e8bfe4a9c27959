// Comparisons as text for a terminal and as JSON. Pure.
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "precision.hpp"

namespace sextant::compare {

/// One side: whose scores these are.
struct Side {
  std::string run, model;
};
struct Refused {
  std::string dataset, reason;
};
/// Everything that is said of two sides.
struct Report {
  Side a, b;
  std::vector<std::string> differences;      // of models, settings, versions: a sentence each
  std::vector<Comparison> comparisons;
  std::vector<Refused> refused;              // the same name, other questions: not compared
  std::vector<std::string> a_only, b_only;   // data sets that the other does not have
  std::string precision;                     // where both are one model in two precisions: what says so; or empty
  std::vector<Precision> precisions;         // then, of each data set whose predictions allow it
};

std::string to_text(const Report& report);
/// Where A and B are means over single questions and the tables' numbers are of the whole set: a sentence each.
std::vector<std::string> wholes(const std::vector<Comparison>& comparisons);

/// {"pairs": [{"dataset", "metric", "n", "a", "b", "difference", "low", "high", "p", "p_adjusted", "mde", "a_only", "b_only",
/// ...}], "comparisons":
/// [{"a": {"run", "model"}, "b", "differences", "average"?, "precision"?, "refused", "a_only", "b_only"}]}, in one line.
std::string to_json(const std::vector<Report>& reports);

}  // namespace sextant::compare
