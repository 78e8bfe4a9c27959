// `sextant run --baseline RUN --sequential`: the questions of all data sets in one random order, asked in growing blocks until
// it is known whether the run is at most a margin worse than the baseline.
#pragma once
#include <map>
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../plugin/components.hpp"
#include "../stats/gate.hpp"
#include "run_view.hpp"

namespace sextant::cli {

class Sequence {
 public:
  /// Reads the baseline's scores and the run's rows. An Error where the two cannot be compared question by question: another
  /// question, no score, a metric without a range, a judge, clusters, several models.
  static Result<Sequence> open(plugin::Host& host, const config::RunConfig& run, const std::string& baseline, double margin);

  /// The run with the questions of the next block and of those before: what a journal has is not asked again. Data sets of
  /// which none has come yet are left out.
  config::RunConfig next();
  /// What the run's folder says of these questions.
  Result<void> look(const store::RunFolder& folder);
  bool over() const { return verdict_ != stats::Verdict::inconclusive || asked_ == order_.size(); }
  stats::Verdict verdict() const { return verdict_; }
  /// Not all questions were asked.
  bool stopped_early() const { return asked_ < order_.size(); }
  /// "go after 174 of 1500 questions: ..."
  std::string sentence() const;
  /// A member of run.json.
  std::string to_json() const;

 private:
  struct Place {
    size_t dataset = 0;  // of run_.datasets
    uint64_t row = 0;
    double baseline = 0;  // points, more is better
  };
  struct Set {
    std::string metric;
    double sign = 1, unit = 100;
    std::vector<uint64_t> rows;  // of the whole split
  };
  Sequence(const config::RunConfig& run, std::string baseline, double margin)
      : run_(run), baseline_(std::move(baseline)), margin_(margin) {}
  Result<void> add_set(plugin::Host& host, size_t number, const RunView& baseline, const std::string& model);

  config::RunConfig run_;
  std::string baseline_;
  double margin_ = 1, reach_ = 0, sum_ = 0;
  std::vector<Set> sets_;  // [dataset]
  std::vector<Place> order_;
  size_t asked_ = 0, looked_at_ = 0;
  std::optional<stats::Sequential> test_;
  stats::Verdict verdict_ = stats::Verdict::inconclusive;
};

}  // namespace sextant::cli
