// What lm-eval's two kinds of files have in common: its names for what a task is.
#pragma once
#include <string>
#include "source.hpp"

namespace sextant::exchange {

/// A row of the table as lm-eval names it: "acc,none", "acc_stderr,none". A set's only filter has a name of its own.
std::string lm_eval_key(const Number& number, const Task& task, const char* suffix = "");
/// generate_until, multiple_choice, loglikelihood or loglikelihood_rolling.
std::string lm_eval_output(const Task& task);
/// "until", "do_sample" and what else the run says of replies.
json::Value lm_eval_generation(const Task& task, json::Document::AllocatorType& allocator);
/// samples_<task>_<time>.jsonl: every filter's lines, one filter after the other; of repeats one line has all replies. Gives
/// lm-eval's hash of the task.
Result<std::string> write_lm_eval_samples(const Task& task, const std::filesystem::path& path);

}  // namespace sextant::exchange
