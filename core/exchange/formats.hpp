// A run in the files of others (docs/files.md, "Results in the files of others"). Each format is one function from the run as it
// was read to files in a folder; what a format wants and the run does not know is left empty or null, and never invented.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>
#include "source.hpp"

namespace sextant::exchange {

using Written = std::vector<std::filesystem::path>;

struct Format {
  std::string_view name, summary;
  Result<Written> (*write)(const Source& run, const std::filesystem::path& folder);
};
const std::vector<Format>& formats();

/// lm-eval's results_<time>.json and samples_<task>_<time>.jsonl, a folder for each model.
Result<Written> write_lm_eval(const Source& run, const std::filesystem::path& folder);
/// Inspect's EvalLog, a file for each model and data set.
Result<Written> write_inspect(const Source& run, const std::filesystem::path& folder);
/// evalscope's reports/<model>/<data set>.json; data sets of one card are subsets of one report.
Result<Written> write_evalscope(const Source& run, const std::filesystem::path& folder);
/// A JUnit report: a suite for each model and data set, a case for each attempt.
Result<Written> write_junit(const Source& run, const std::filesystem::path& folder);
/// A line for each attempt, for spreadsheets: no cell is a formula.
Result<Written> write_csv(const Source& run, const std::filesystem::path& folder);
/// The same rows as a Parquet file; prompts and replies as they are.
Result<Written> write_parquet(const Source& run, const std::filesystem::path& folder);
/// {"law": {"0": "A"}}, as C-Eval's site takes it; CMMLU's answers in the same form.
Result<Written> write_ceval(const Source& run, const std::filesystem::path& folder);
Result<Written> write_cmmlu(const Source& run, const std::filesystem::path& folder);

/// The data row without the columns that the card derives from it; an empty object where it is not known.
json::Document row_of(const Task& task, const data::Attempt* attempt);
/// What was sent, as text: the prompt, or the turns as JSON.
std::string prompt_text(const json::Value& line);

}  // namespace sextant::exchange
