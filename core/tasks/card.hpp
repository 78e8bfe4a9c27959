// From a task file to a data set card (docs/cards.md), so that everything behind it is what every data set goes through: the
// loader "hub", the derive step "lm_eval", the template "task", the retriever "lm_eval", and inferencers, filters and metrics
// by their names. Pure but for looking whether the data set's folder exists.
#pragma once
#include "task_file.hpp"

namespace sextant::tasks {

/// What the command line says of all tasks.
struct CardOptions {
  std::optional<uint32_t> shots;        // --shots: but a file's 0 stays
  bool chat = false;                    // --chat-template
  bool multiturn = true;                // --fewshot-as-multiturn
  std::optional<std::string> gen_prefix;
  bool sampling = true;                 // as the task's file says; --generation-kwargs says it for all
  uint64_t fewshot_seed = 1234;         // lm-eval's
};

/// Where a task's own Python may run: --task-python, tools/task_code.py, and what it may read.
struct TaskCode {
  std::string python, script;
  std::vector<std::string> folders;   // of the task files
};

/// What is not this folder's to know: the components that tasks are run by (core/defaults.json).
struct Components {
  std::string loader, template_, filter, exact_match;
};

/// `code` is needed where the task has a program.
Result<json::Document> card_of(const TaskFile& task, const CardOptions& options, const Components& components,
                               const TaskCode& code = {});

/// How many examples the task's prompts show.
uint32_t shots_of(const TaskFile& task, const CardOptions& options);

}  // namespace sextant::tasks
