// Which models of which runs go together, and what sets them apart: what compare and gate share.
#pragma once
#include <optional>
#include "../compare/format.hpp"
#include "../compare/gate.hpp"
#include "run_view.hpp"

namespace sextant::cli {

struct ComparisonFlags {
  std::vector<std::string> models, datasets;   // names or patterns; empty: all
  std::string metric;                          // empty: each data set's first
  bool common = false;                         // compare the questions that both have
  // how far probabilities have moved: not said, said where both are one model in two precisions, said of any two models
  enum class Precision { none, of_one_model, of_any } precision = Precision::none;
};

/// One model of one run.
struct Subject {
  const RunView* run = nullptr;
  std::string model;
};

/// Runs: the first one's models with each other's, by name where there are several; of a single run its first model with the
/// others.
Result<std::vector<std::pair<Subject, Subject>>> subjects(const std::vector<RunView>& runs,
                                                          const std::vector<std::string>& models);

/// Compares all data sets that both have scored; what cannot be compared is in the report's `refused`. p values are adjusted.
Result<compare::Report> compare_subjects(const Subject& a, const Subject& b, const ComparisonFlags& flags);

/// `sextant gate`: whether the run may take the baseline's place. Prints nothing but what differs and what it says nothing of.
struct GateRuns {
  std::string run, baseline;
  double margin = 1;
  ComparisonFlags comparison;
};
struct GateAnswer {
  compare::Report report;
  compare::Gate gate;
};
Result<GateAnswer> gate_runs(const GateRuns& runs);
/// 0, 1 or 2.
int exit_code_of(stats::Verdict verdict);

/// What a person should know in addition to the numbers: models, weights, compute types, settings, prompts, versions.
std::vector<std::string> what_differs(const Subject& a, const Subject& b);

}  // namespace sextant::cli
