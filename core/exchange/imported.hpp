// What others' result files say, on its way into a run's folder that show, report and compare read. What they do not say stays
// empty. Nobody can ask an imported run's model again, and configs/run.json says so.
#pragma once
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include "../config/run_config.hpp"
#include "../data/attempt.hpp"
#include "../store/run_folder.hpp"

namespace sextant::exchange {

struct ImportedAttempt {
  data::Attempt attempt;
  std::vector<std::pair<std::string, std::string>> answers;   // by filter, where they are said
  std::vector<std::pair<std::string, double>> scores;         // by metric; NaN: there is none
  std::vector<std::pair<std::string, std::string>> explanations;
  std::string error;
};

struct ImportedNumber {
  std::string name;                    // as a row of the table: "acc", or "exact_match,strict" where a set has several filters
  double value = 0, standard_error = std::nan("");   // in the table's unit: percent, or as it is
  bool higher_is_better = true;
  bool percent = true;
};

struct ImportedTask {
  std::string model, dataset;
  std::string version;                 // the others' version of the task
  std::string mode;                    // gen, ppl, multiple_choice, rolling
  std::string status = "complete", error;   // of run.json
  std::vector<ImportedNumber> numbers;
  std::vector<ImportedAttempt> attempts;    // repeat after repeat, rows in order; empty: the files have no samples
  std::optional<uint64_t> questions;   // where there are no attempts
  uint64_t replies_left_out = 0;       // further replies to the attempts' questions, which the numbers may count
};

struct ImportedModel {
  std::string abbr, backend, device, compute;
};

/// Writes a run's folder, task by task, so that one task is held at a time.
class ImportedRun {
 public:
  /// `from`: "lm-eval", "opencompass", "inspect"; `path`: what was read.
  static Result<ImportedRun> create(const std::filesystem::path& work_dir, std::string from, std::string version, std::string path);
  void set_times(std::string started, std::string finished);
  void add_model(const ImportedModel& model);
  void add_group(config::SummaryGroup group);
  /// What was not known or not taken over; said to the user and kept in configs/run.json.
  void note(std::string sentence);
  Result<void> add(const ImportedTask& task);
  /// Writes configs/run.json and run.json. Gives the folder.
  Result<std::filesystem::path> finish();
  ImportedRun(ImportedRun&&) = default;
  /// A run that was not finished goes.
  ~ImportedRun();

 private:
  explicit ImportedRun(store::RunFolder folder) : folder_(std::make_unique<store::RunFolder>(std::move(folder))) {}
  std::unique_ptr<store::RunFolder> folder_;
  bool finished_ = false;
  std::set<std::string> file_names_;   // of data sets, as a file system might compare them
  std::string from_, version_, path_;
  std::vector<std::string> notes_;
  config::RunConfig config_;
  store::RunRecord record_;
};

/// JSON as Python writes it: NaN and Infinity, which JSON has not, become null.
Result<json::Document> python_json(const std::string& text, const std::string& origin);
/// The value of a score as others write it: a number, true or false, Inspect's "C", "P", "I" and "N"; NaN: anything else.
double score_value(const json::Value& value);
/// 100 for what the table shows in percent.
bool shown_in_percent(std::string_view metric);

/// Each reads what lies at `path` into a new run below `work_dir`.
Result<std::filesystem::path> import_lm_eval(const std::filesystem::path& path, const std::filesystem::path& work_dir);
Result<std::filesystem::path> import_opencompass(const std::filesystem::path& path, const std::filesystem::path& work_dir);
Result<std::filesystem::path> import_inspect(const std::filesystem::path& path, const std::filesystem::path& work_dir);

/// Which of them wrote what lies at `path`: "lm-eval", "opencompass", "inspect". An Error says what was looked for.
Result<std::string> writer_of(const std::filesystem::path& path);

}  // namespace sextant::exchange
