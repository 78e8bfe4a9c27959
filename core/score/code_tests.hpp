// code_tests: does a program that a model wrote pass the data set's tests? Its configuration names where program and tests
// stand in a row; core/sandbox runs them.
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../config/run_config.hpp"
#include "../sandbox/job.hpp"
#include "reading.hpp"

namespace sextant::score {

/// The metric's configuration; texts hold columns of the row in braces.
struct CodeTests {
  std::string program, prepare, tests, names, reference;
  std::vector<std::string> data, literal;
  bool types = false, trim = true;
  sandbox::Limits limits;

  static Result<CodeTests> read(const json::Value& config, config::Compat compat, const std::string& origin);
  /// What is to be run for a prediction. An Error: the row lacks a column.
  Result<sandbox::Job> job_of(const Judged& sample) const;
};

/// Whether a row has the columns that the set's code_tests name, where it has that metric.
Result<void> check_columns(const config::DatasetConfig& dataset, config::Compat compat, std::string_view record_json);

/// Values "pass" and "timeout". An Error: the verdict says nothing of the program.
Result<Verdict> verdict_of(const Result<sandbox::Verdict>& ran);

}  // namespace sextant::score
