// Post-processors and metrics as functions, and the reader that is made of them: tests give plain functions, components.cpp the
// plugins'.
#pragma once
#include <functional>
#include "reading.hpp"

namespace sextant::score {

/// A text on its way to an answer. Everything is borrowed for the call.
struct Extract {
  std::string_view text, record_json;
  std::span<const std::string> attempts;   // the same of all attempts of the row
  uint32_t attempt = 0;                    // which of them this is
};
struct PostprocessorStep {
  std::string id;
  std::function<Result<std::vector<std::string>>(std::span<const Extract>)> apply;
};
struct MetricStep {
  std::string id;
  std::function<Result<std::vector<Verdict>>(std::span<const Judged>)> score;
  /// nothing: the core takes means. A JSON object of numbers.
  std::function<Result<std::optional<json::Document>>(std::span<const Judged>, std::span<const double>)> aggregate;
  bool aggregates = true;          // false: `aggregate` has nothing to say
  /// An attempt's first value by its labels' probabilities, NaN: none; left empty where `score` says it.
  std::function<double(const data::Attempt&)> of_labels = {};
};
struct FilterSteps {
  std::string name = "none";
  std::vector<PostprocessorStep> postprocessors;
  bool without_thinking = false;   // what a model thought before it answered is taken off before the first of them
};

/// All that one thread needs to read attempts.
struct Steps {
  std::vector<FilterSteps> filters;
  std::vector<PostprocessorStep> reference;
  std::vector<MetricStep> metrics;
};

/// Post-processors in order, for attempts without labels (a label that won needs no reading); the reference's; then every
/// metric. Where a call fails on many it is repeated for each alone, so that a sample costs itself only.
class StepReader : public Reader {
 public:
  explicit StepReader(Steps steps) : steps_(std::move(steps)) {}
  Result<std::vector<RowReading>> read(std::span<const Row> rows) override;
  Result<std::vector<bool>> aggregates() override;
  Result<Numbers> aggregate(size_t metric, std::span<const Judged> samples, std::span<const double> first) override;

 private:
  Result<void> read_references(std::span<const Row> rows, std::vector<RowReading>& out);
  Result<void> read_filter(const FilterSteps& filter, size_t number, std::span<const Row> rows, std::vector<RowReading>& out);
  Result<void> judge(size_t filter, std::span<const Row> rows, std::vector<RowReading>& out);
  Steps steps_;
};

}  // namespace sextant::score
