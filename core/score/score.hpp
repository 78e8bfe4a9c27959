// From attempts to named values: filters, metrics, repeats, the canonical hash. Attempts are read, scored and put down again a
// stretch at a time, so that the memory holds a few numbers of each and no more.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../data/finding.hpp"
#include "../data/score.hpp"
#include "../stats/interval.hpp"
#include "../stats/calibration.hpp"
#include "lines.hpp"
#include "reading.hpp"

namespace sextant::score {

/// What a metric declares of one of its values (facts_json in the ABI).
struct ValueFacts {
  std::string name;                  // "" or the metric's id: its only value
  bool higher_is_better = true;
  double low = std::numeric_limits<double>::quiet_NaN(), high = std::numeric_limits<double>::quiet_NaN();  // NaN: not known
  bool percent = true;               // over a set 100 times the mean; false: the mean as it is (points)
  bool lm_eval_error = false;        // its standard error over a set is that which lm-eval bootstraps
  bool no_error = false;             // what the metric computes of a whole set has no interval: too dear to compute again and again
};
struct MetricFacts {
  std::string id;
  std::vector<ValueFacts> values;    // in the order of importance; empty: nothing is declared
};
/// {"values": [{"name", "higher_is_better"?, "range"?: [low, high], "percent"?, "standard_error"?: "lm_eval" or "none"}]}; an empty text
/// declares nothing.
Result<std::vector<ValueFacts>> facts_from_json(std::string_view facts_json, const std::string& origin);

/// One value of every attempt, as a column of a table.
struct Column {
  std::string metric, filter;        // metric: the value's name, unique within the filter
  std::string key;                   // "accuracy", "accuracy,strict" where a set has several filters
  ValueFacts facts;
  size_t filter_index = 0;
  size_t metric_index = 0;           // of DatasetConfig::metrics
  std::vector<double> values;        // one per attempt; NaN: none
  bool chosen = false;               // from the attempt's choices (acc, acc_norm, ...), not from a metric
  enum class Over { percent, mean, exp_minus_mean, pairs } over = Over::percent;   // what its values come to over a set
  size_t score = 0;                  // pairs: of Values::scores()
};

/// Where a set has several repeats: a column's numbers, one per repeat, with what they come to.
struct Repeated {
  std::string key;
  std::vector<double> runs;
  double mean = 0, deviation = 0;
  stats::Components components{};    // not known where the number is not a mean of attempts' values
};

/// Where attempts come from: in the order of predictions files, all of the first repeat, then of the next. `read`: [any]
/// thread.
struct Attempts {
  uint64_t count = 0;
  std::function<Result<std::vector<data::Attempt>>(uint64_t first, uint64_t n)> read;
};

/// A set's numbers, and a number per value of each attempt; what else is said of attempts is on the disk.
struct Scored {
  uint64_t attempts = 0;
  std::vector<std::string> filters;
  std::vector<Column> columns;                 // filter by filter; the first one is what is shown of single attempts
  std::vector<data::Estimate> numbers;         // rows of the table, groups take the first. metric: the whole key
  std::vector<Repeated> repeated;
  uint32_t repeats = 1;
  std::string results_sha256;                  // of one canonical line per attempt; empty where one has failed
  std::string samples_sha256;                  // of the samples file that was written of them; empty: none was
  std::vector<data::Finding> findings;         // what to know of the numbers
  struct Suspicious {
    std::string model;
    uint64_t row = 0;
    uint32_t repeat = 0;
    std::string quote;
  };
  std::vector<Suspicious> suspicious;          // answers that speak to the judge, the first of them
  stats::Calibration calibration;              // of sets whose labels have probabilities; n = 0: of none
  double auc_roc = std::numeric_limits<double>::quiet_NaN();   // of sets with the same two labels everywhere
  uint64_t replies = 0, unparsed = 0, cut = 0; // replies; of which hold no answer; were cut at their greatest length
  uint64_t reply_tokens = 0;                   // of all replies, thinking among them; 0: not known
  uint64_t failed = 0;                         // attempts that could not be scored
  std::optional<Error> error;                  // why the task fails all the same: the first failure, or a metric's
  std::shared_ptr<Lines> lines;                // [attempt]
};

/// Is there something to compare a reply with? A target as attempts carry it.
bool has_answer(std::string_view target_json);
/// The set says by nothing how it is scored.
Error no_metric(const config::DatasetConfig& dataset);

/// Makes a reader: once for each thread that scores.
using MakeReader = std::function<Result<std::unique_ptr<Reader>>()>;
/// Takes a text's parts one after the other.
using Write = std::function<Result<void>(std::string_view part)>;

/// Scores attempts on up to `threads` threads: the same bits whatever their number. `working`: a folder for what does not fit
/// into the memory. Rows without an answer (a test split) are an Error of kind data that says so.
Result<Scored> score(const config::DatasetConfig& dataset, const Attempts& attempts, const std::vector<MetricFacts>& metrics,
                     const MakeReader& make_reader, unsigned threads, const std::filesystem::path& working);

/// What results_sha256 is made of: one line per attempt with its LF (docs/files.md). `score` NaN: null. `repeats`: a member
/// says which.
std::string canonical_line(const LineParts& attempt, double score, bool repeats);

/// results/<model>/<task>.json
Result<void> write_results(const Scored& scored, bool with_details, const Write& write);
/// Whether a results file has a member of its own that is called so: no number can be.
bool is_results_member(std::string_view name);

/// samples/<model>/<task>.jsonl. `failure` gets what went wrong with each attempt, filter by filter.
Result<void> write_samples(const Scored& scored, const Write& write,
                           const std::function<void(const LineParts& attempt, const std::string& message)>& failure);

}  // namespace sextant::score
