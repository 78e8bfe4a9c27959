#include "intervals.hpp"
#include <algorithm>
#include <cmath>
#include "../stats/mean.hpp"
#include "../stats/stream.hpp"

namespace sextant::score {
namespace {

constexpr uint64_t replicates = 1000;              // of a bootstrap (Efron and Tibshirani 1993: for limits a thousand)
constexpr uint64_t replicates_min = 200;  // of one whose numbers take long; below that the jackknife is the better bargain
constexpr uint64_t jackknife_groups = 20;
// Bytes of predictions and references that a metric may read for one number's interval: a few seconds of BLEU.
constexpr uint64_t read_bytes_max = uint64_t{64} << 20;

stats::Range range_of(const ValueFacts& facts) {
  stats::Range out;
  if (std::isfinite(facts.low)) out.low = facts.low;
  if (std::isfinite(facts.high)) out.high = facts.high;
  return out;
}

// One metric's numbers over selections of units; what was computed for one number is kept for the next, which asks for the same
// ones.
class Replies {
 public:
  Replies(Reader& reader, size_t metric, std::span<const JudgedSet> repeats, const std::vector<std::vector<uint32_t>>& units,
          uint64_t rows)
      : reader_(reader), metric_(metric), repeats_(repeats), units_(units) {
    for (const JudgedSet& repeat : repeats) {
      std::vector<size_t>& places = places_.emplace_back(rows, SIZE_MAX);
      for (size_t i = 0; i < repeat.rows.size(); ++i) places[repeat.rows[i]] = i;
    }
  }
  void begin() { asked_ = 0; }
  double next(std::span<const uint32_t> units, const std::string& name) {
    if (asked_ == kept_.size()) kept_.push_back(failure_ ? std::vector<Row>() : ask(units));
    double sum = 0;
    for (const Row& row : kept_[asked_]) {
      const auto found = std::find_if(row.begin(), row.end(), [&](const auto& number) { return number.first == name; });
      sum += found == row.end() ? stats::not_known : found->second;
    }
    const size_t count = kept_[asked_++].size();
    return count == 0 ? stats::not_known : sum / static_cast<double>(count);
  }
  const std::optional<Error>& cancelled() const { return failure_; }

 private:
  using Row = std::vector<std::pair<std::string, double>>;
  std::vector<Row> ask(std::span<const uint32_t> units) {
    std::vector<Row> out;
    for (size_t repeat = 0; repeat < repeats_.size(); ++repeat) {
      std::vector<Judged> samples;
      std::vector<double> first;
      for (const uint32_t unit : units)
        for (const uint32_t row : units_[unit]) {
          const size_t place = places_[repeat][row];
          if (place == SIZE_MAX) continue;
          samples.push_back(repeats_[repeat].samples[place]);
          first.push_back(repeats_[repeat].first[place]);
        }
      const auto numbers = samples.empty() ? Result<Numbers>(Numbers()) : reader_.aggregate(metric_, samples, first);
      if (!numbers && numbers.error().kind == Error::Kind::cancelled) failure_ = numbers.error();
      out.push_back(numbers && *numbers ? **numbers : Row());  // a selection of which the metric has no number
    }
    return out;
  }

  Reader& reader_;
  const size_t metric_;
  std::span<const JudgedSet> repeats_;
  const std::vector<std::vector<uint32_t>>& units_;
  std::vector<std::vector<size_t>> places_;        // [repeat][row]
  std::vector<std::vector<Row>> kept_;             // [asked][repeat]
  size_t asked_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

Intervals::Intervals(const Scored& scored, const Values& values, std::string dataset)
    : scored_(scored),
      dataset_(std::move(dataset)),
      rows_(scored.attempts / scored.repeats),
      clusters_(values.clusters(rows_)) {
  units_.resize(clusters_.empty() ? rows_ : size_t{*std::max_element(clusters_.begin(), clusters_.end())} + 1);
  for (uint32_t row = 0; row < rows_; ++row) units_[clusters_.empty() ? row : clusters_[row]].push_back(row);
}

uint64_t Intervals::key(const std::string& name) const { return stats::stream_key("interval\n" + dataset_ + "\n" + name); }

std::vector<uint32_t> Intervals::rows_of(std::span<const uint32_t> units) const {
  std::vector<uint32_t> out;
  for (const uint32_t unit : units) out.insert(out.end(), units_[unit].begin(), units_[unit].end());
  return out;
}

stats::Interval Intervals::of_column(const Column& column, double factor) const {
  std::vector<double> questions(rows_, stats::not_known);
  for (uint64_t row = 0; row < rows_; ++row) {
    double sum = 0;
    uint32_t counted = 0;
    for (uint32_t repeat = 0; repeat < scored_.repeats; ++repeat)
      if (const double value = column.values[repeat * rows_ + row]; !std::isnan(value)) sum += value, ++counted;
    if (counted > 0) questions[row] = sum / counted;
  }
  return stats::scaled(stats::of_mean(questions, clusters_, range_of(column.facts)), factor);
}

stats::Interval Intervals::of_rows(std::span<const double> values, double factor) const {
  return stats::scaled(stats::of_mean(values, clusters_, {0, 1}), factor);
}

stats::Interval Intervals::of_set(const std::string& name, double value,
                                  const std::function<double(std::span<const uint32_t> rows, uint32_t repeat)>& over,
                                  bool slow) const {
  const auto statistic = [&](std::span<const uint32_t> units) {
    const std::vector<uint32_t> rows = rows_of(units);
    double sum = 0;
    for (uint32_t repeat = 0; repeat < scored_.repeats; ++repeat) sum += over(rows, repeat);
    return sum / scored_.repeats;
  };
  stats::Interval out = slow ? stats::grouped_jackknife(value, units_.size(), jackknife_groups, key(name), statistic)
                             : stats::bootstrap(value, units_.size(), replicates, key(name), statistic);
  out.n = rows_;
  out.clusters = clusters_.empty() ? 0 : units_.size();
  return out;
}

Result<std::vector<stats::Interval>> Intervals::of_metric(Reader& reader, size_t metric, std::span<const JudgedSet> repeats,
                                                          std::span<const std::pair<std::string, double>> values) const {
  uint64_t bytes = 1, n = 0;
  for (const JudgedSet& repeat : repeats) {
    for (const Judged& sample : repeat.samples) bytes += sample.prediction.size() + sample.reference_json.size();
    n = std::max<uint64_t>(n, repeat.samples.size());
  }
  const uint64_t count = std::min(replicates, read_bytes_max / bytes);
  Replies replies(reader, metric, repeats, units_, rows_);
  std::vector<stats::Interval> out;
  for (const auto& [name, value] : values) {
    replies.begin();
    const auto statistic = [&, &name = name](std::span<const uint32_t> units) { return replies.next(units, name); };
    // all numbers come of the same selections, so they have one key
    stats::Interval interval = count >= replicates_min
                                   ? stats::bootstrap(value, units_.size(), count, key("metric"), statistic, 0)
                                   : stats::grouped_jackknife(value, units_.size(), jackknife_groups, key("metric"), statistic);
    if (replies.cancelled()) return *replies.cancelled();
    interval.n = n;
    interval.clusters = clusters_.empty() ? 0 : units_.size();
    out.push_back(interval);
  }
  return out;
}

void set_interval(data::Estimate& estimate, const stats::Interval& interval) {
  estimate.n = interval.n;
  estimate.clusters = interval.clusters;
  if (std::isfinite(interval.standard_error)) estimate.standard_error = interval.standard_error;
  if (!interval.known()) return;
  estimate.low = interval.low;
  estimate.high = interval.high;
  estimate.method = stats::method_name(interval.method);
}

}  // namespace sextant::score
