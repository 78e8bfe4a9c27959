// Scoring with plugins that come in as functions: pure, so that tests need none.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include "evaluate.hpp"

namespace sextant::score {

struct PostprocessorStep {
  std::string id;
  std::function<Result<std::vector<std::string>>(std::span<const plugin::ExtractItem>)> apply;
};
struct MetricStep {
  std::string id;
  std::function<Result<std::vector<double>>(std::span<const plugin::Judged>)> score;
  /// nothing: the core takes the mean of the scores times 100, under the metric's id
  std::function<Result<std::optional<json::Document>>(std::span<const plugin::Judged>, std::span<const double>)> aggregate;
};

/// Post-processors in order (gen only: a label that won needs no reading), then every metric. The details and the hash hold the
/// first metric's scores. A sample that a plugin fails on is named in the error.
Result<Evaluated> score(const config::DatasetConfig& dataset, const std::vector<PostprocessorStep>& postprocessors,
                        const std::vector<MetricStep>& metrics, const std::vector<data::Attempt>& predictions);

/// What results_sha256 is made of: one line per sample with its LF (docs/files.md). `score` NaN: null.
std::string canonical_line(const data::Attempt& prediction, double score);

}  // namespace sextant::score
