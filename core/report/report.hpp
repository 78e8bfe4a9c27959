// The table of a run: rows from results, groups from the summarizer; written as text, csv and markdown, and as JSON for --json.
// Pure: what it needs comes in as data.
#pragma once
#include <limits>
#include <optional>
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../data/finding.hpp"
#include "../data/score.hpp"
#include "../store/run_folder.hpp"

namespace sextant::report {

/// One task's outcome as the table needs it.
struct TaskOutcome {
  std::string model, dataset;                              // abbrs (task names)
  std::string version, mode;                               // mode: gen, ppl, ll
  std::string status;                                      // complete, missing, failed, incomplete
  std::string error;
  std::vector<std::pair<std::string, double>> metrics;     // first is shown; all get a row where there are several
  uint64_t samples = 0;  // what it weighs in a group by size: its questions, however often each is asked
  std::vector<data::Finding> findings = {};
  std::vector<data::Estimate> estimates = {};              // of metrics, by their names, where they are known
  std::optional<uint64_t> unparsed = {}, cut = {};         // replies without an answer; cut at their greatest length
  uint64_t replies = 0, reply_tokens = 0;                  // 0: not known
};
struct Cell {
  std::optional<double> value;
  std::string text;       // "41.50", "failed", "missing", "incomplete", "not scored"; "-": no such task
  std::string error;                                       // of a group: which members are missing
  data::Estimate estimate;                                 // its direction and, where it is known, its interval
  std::optional<uint64_t> unparsed, cut;
  bool best = false;  // of its row, and shown to be better than each other one
};
struct Row {
  std::string dataset, version, metric, mode;
  std::vector<Cell> cells;                                 // one per model, in order
};
/// What became of a task's replies.
struct Replies {
  std::string model, dataset, metric;
  std::optional<double> score;                             // of the first metric
  uint64_t replies = 0, unparsed = 0, cut = 0, tokens = 0; // tokens: of all together; 0: not known
};
/// Whether a model finds the order in which a set's options stand more probable than others (compare/robustness.hpp).
struct OwnOrder {
  uint64_t n = 0, first = 0;  // questions; those in which the own order is the most probable
  uint64_t orders = 0, left_out = 0;
  double p = std::numeric_limits<double>::quiet_NaN();
};
/// A set's variants of one kind (--perturb); numbers in the table's unit.
struct Robustness {
  std::string model, dataset, kind, metric;
  uint64_t n = 0;  // questions with a score in every variant
  uint64_t variants = 0, without_scores = 0;
  uint64_t changed_scores = 0, changed_prompts = 0;                                    // questions
  double value = std::numeric_limits<double>::quiet_NaN(), low = value, high = value;  // as the set is; of all variants
  double between = value, question_by_variant = value, between_questions = value;      // standard deviations
  double p = value;                                                                    // the variants are equal
  std::optional<OwnOrder> own_order;
  std::string error;  // why nothing can be said; or empty
};
struct Table {
  std::vector<std::string> models;
  std::vector<Row> rows;
  std::vector<Replies> replies;                            // of the sets that have replies, in the rows' order
  std::vector<std::string> findings;                       // what to know of the numbers; one line each, under the table
  std::vector<Robustness> robustness;                      // where there are variants
  std::vector<std::string> errors;                         // one sentence per group and model that could not be computed
};

/// Data sets in the run's order, then the groups that have at least one member in the run. A group's value is the naive average
/// of its members' values; a member that is missing or failed gives an error that names it, never a number.
Table make_table(const std::vector<std::string>& models, const std::vector<TaskOutcome>& outcomes,
                 const config::Summarizer& summarizer);

/// One sentence a cause and model, for all data sets that have it.
std::vector<std::string> findings_of(const std::vector<TaskOutcome>& outcomes);

enum class Colour { off, on };
/// Score against tokens, and the shares of replies without an answer and of those that were cut: a line for each set and model.
/// Empty where there are none.
std::string replies_text(const Table& table);

/// For the terminal: columns as wide as their East Asian width needs, a 95 % interval behind each number that has one, a star
/// behind the best of a row; a line for each model's replies and findings below. All that comes from elsewhere is shown as printable() does, so that with colours
/// the text may be written as it is.
std::string to_text(const Table& table, Colour colour = Colour::off);
std::string to_csv(const Table& table);        // dataset,version,metric,mode,<model>...; two decimals
std::string to_markdown(const Table& table);
/// {"run_dir", "status", "rows": [{"dataset", "version", "metric", "mode", "model", "value", "n", "standard_error", "low",
/// "high", "clusters"?, "higher_is_better", "best"?, "unparsed"?, "cut"?}], "findings"?: [TEXT], "robustness"?: [{...}]}; null
/// where something is not known. Without a value "status" says what the cell shows and "error" why.
std::string to_json(const Table& table, const std::string& run_dir, const std::string& status);
/// summary_<ts>.txt: the text table, csv and markdown, as OpenCompass lays them out; then replies_text() and findings.
std::string to_summary_file(const Table& table, const std::string& timestamp);

}  // namespace sextant::report
