// A run as exporters read it: what was recorded of each task, its numbers, and its attempts one at a time. Reads the run's
// folder; knows no format of others.
#pragma once
#include <functional>
#include <string>
#include <vector>
#include "../data/attempt.hpp"
#include "../store/run_folder.hpp"

namespace sextant::exchange {

/// A number of the table, and how to get from its unit to a share.
struct Number {
  std::string name, metric, filter;    // name: "exact_match,strict"; metric and filter: its parts, "none" where there is no filter
  double value = 0, standard_error = 0;   // in the table's unit; standard_error NaN: not known
  bool higher_is_better = true;
  double unit = 1;                     // 100 where the number is a share in percent
  uint64_t n = 0;                      // questions
};

/// One evaluated model on one data set.
struct Task {
  std::string model, dataset;
  const json::Value* set = nullptr;    // its entry of configs/run.json
  const json::Value* asked = nullptr;  // the model's
  const store::ModelRecord* weights = nullptr;   // of run.json; null: the model was never loaded
  const store::TaskRecord* record = nullptr;
  std::filesystem::path predictions, samples;
  std::vector<Number> numbers;
  std::vector<std::string> filters;    // in the order of the samples file; "none" alone where there are none
  std::vector<std::string> scores;     // the names of an attempt's values, likewise
};

struct Source {
  std::string folder, name, version;   // the run's folder, its name, the Sextant that wrote it
  const store::RunRecord* record = nullptr;
  const json::Value* config = nullptr;           // configs/run.json; an empty object where there is none
  std::vector<Task> tasks;             // those that are scored
};

/// Reads the numbers of a results file. `set`: the data set's entry of configs/run.json, or null.
Result<std::vector<Number>> numbers_of(const std::filesystem::path& results, const json::Value* set);

/// Fills `filters` and `scores` as the task's first sample has them.
Result<void> read_names(Task& task);

/// Calls `use` with each line of the samples file, parsed, and the attempt that it is about; null where the predictions are gone.
Result<void> each_attempt(const Task& task,
                          const std::function<Result<void>(const json::Value& line, const data::Attempt* attempt)>& use);

/// Members of configs/run.json's entries: "infer.inferencer.type"; null where there is none.
const json::Value* member_at(const json::Value* value, std::string_view path);
std::string text_at(const json::Value* value, std::string_view path);

}  // namespace sextant::exchange
