// One task of lm-eval's as plain data: every key read and checked, defaults filled in, and what it needs beyond this file said
// by name. Pure. Threads: [any].
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>
#include "select.hpp"

namespace sextant::tasks {

enum class Output { generate_until, loglikelihood, loglikelihood_rolling, multiple_choice };
std::string_view output_name(Output output);

/// How a row becomes a question. Texts are a column's name or a template; null: not given.
struct Question {
  // text: also a number; target: also a number or list; choices: also a list or map; each: also a function that was read
  json::Document text, target, choices;
  std::optional<std::string> gen_prefix;
  std::string target_delimiter = " ", fewshot_delimiter = "\n\n";
};
struct Shots {
  Question question;                      // what fewshot_config says, else the task's
  std::string sampler = "default";        // or first_n
  std::string split;                      // of fewshot_config, else fewshot_split; empty: none
  json::Document samples;                 // rows written out, or null
};
struct TaskMetric {
  std::string name, aggregation;          // aggregation: empty: the metric's own
  json::Document function;                // instead: {"source", "name"} of a function that was read, or null
  std::string component;                  // what computes it of replies
  std::optional<bool> higher_is_better;
  json::Document options;                 // the metric's own keys
};
struct TaskFilter {
  std::string name;
  std::vector<json::Document> steps;      // {"function": ..., ...}
};

/// What the task's own Python does where --allow-task-code lets it (tools/task_code.py): its functions stay in `keys`.
struct TaskProgram {
  bool whole = false;                     // a class: its rows say what is asked, and its numbers are its own
  bool rows = false;                      // rows come from it, with `columns` of its own: "!doc_to_text"
  std::vector<std::string> columns;       // keys whose functions make one
  std::vector<std::string> filters;       // whose steps it takes
  bool results = false;                   // numbers come from it; `metrics` of TaskFile is then empty
  std::vector<std::pair<std::string, bool>> numbers;   // by name: is more better?
  bool any() const { return rows || results || !filters.empty(); }
};

struct TaskFile {
  std::string name, alias;
  std::filesystem::path path;
  Output output = Output::generate_until;
  std::string dataset_path, dataset_name; // empty: none
  json::Document dataset_kwargs;          // an object
  json::Document process;                 // what is done to the rows of each split: {"source", "name"}, or null
  std::string training_split, validation_split, test_split;
  Question question;
  Shots shots;
  std::string description;
  std::optional<uint32_t> num_fewshot;
  std::vector<TaskMetric> metrics;
  std::vector<TaskFilter> filters;        // empty: the reply as it is
  json::Document generation;              // an object with "until"
  uint32_t repeats = 1;
  std::string version;                    // metadata.version as text; "Yaml" where there is none
  std::vector<std::string> code;          // "process_docs: utils.f of DIR/utils.py": what only Python can do
  std::vector<std::string> beyond;        // of it what is not run even where --allow-task-code is given
  TaskProgram program;
  json::Document keys;                    // as they stand in the files; null where no program is needed
  std::vector<std::string> lacks;         // what this program does not have, a clause each
  std::vector<std::string> notes;         // what is done otherwise than the file says

  const std::string& evaluated_split() const { return test_split.empty() ? validation_split : test_split; }
  /// The split that examples are drawn from; empty: of `samples`.
  const std::string& shots_split() const;
  bool has(std::string_view metric) const;
  bool samples() const;  // its replies are drawn
};

/// A key of the wrong type, or one that does not exist, is an Error. `has_metric`: is there a metric component of that id?
Result<TaskFile> read_task(const ChosenTask& chosen, const std::function<bool(const std::string&)>& has_metric);

/// Metrics that are computed of the options' log-probabilities.
bool is_choice_metric(std::string_view name);

}  // namespace sextant::tasks
