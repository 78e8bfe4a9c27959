// What scoring reads out of attempts, before anything is added up. Plain data.
#pragma once
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include "../data/attempt.hpp"

namespace sextant::score {

/// What a metric says of one attempt: named values (NaN: none; the name "" is the metric's id), what it read, and why.
struct Verdict {
  std::vector<std::pair<std::string, double>> values;
  std::string answer, explanation;
  bool operator==(const Verdict&) const = default;
};

/// One attempt under one filter.
struct Reading {
  std::string answer;                // what the filter's post-processors made of the prediction
  std::string reference_json;        // the target, after the reference's post-processors
  std::vector<Verdict> verdicts;     // one per metric; empty where something failed before it
  std::optional<Error> error;        // the first thing that failed
};

/// All attempts of one row, in the order of their repeats.
using Row = std::vector<const data::Attempt*>;
/// [attempt][filter]
using RowReading = std::vector<std::vector<Reading>>;

/// What a metric judges; borrowed for the call.
struct Judged {
  std::string_view prediction, reference_json, record_json;
};

/// A metric's own numbers over a set, by name; nothing where it leaves them to the core, which takes means.
using Numbers = std::optional<std::vector<std::pair<std::string, double>>>;

/// Reads rows. Each worker thread has one of its own. Threads: [owner].
class Reader {
 public:
  virtual ~Reader() = default;
  /// Makes what it reads with, where that is otherwise put off until the first row.
  virtual Result<void> open() { return {}; }
  /// What fails on a row is in its readings. An Error: nothing more can be read (cancelled, a component that cannot be made).
  virtual Result<std::vector<RowReading>> read(std::span<const Row> rows) = 0;
  /// For each metric, whether it has numbers of its own over a set. Only for those are all samples of a set held in memory.
  virtual Result<std::vector<bool>> aggregates() = 0;
  /// `first`: the metric's first value of each sample.
  virtual Result<Numbers> aggregate(size_t metric, std::span<const Judged> samples, std::span<const double> first) = 0;
};

}  // namespace sextant::score
