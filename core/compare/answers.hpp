// One model's scores on one data set, question by question, as a run's folder has them: samples/ for the scores, predictions/
// for what was asked.
#pragma once
#include <limits>
#include <map>
#include <string>
#include <vector>
#include "../store/run_folder.hpp"

namespace sextant::compare {

struct MetricFacts {
  bool higher_is_better = true;
  double low, high;                  // NaN: not declared
  double unit = 100;                 // of the table: means are percentages, perplexities are not
  /// The table's number, where it is not the mean of the questions' values.
  double whole = std::numeric_limits<double>::quiet_NaN();
};

struct Question {
  std::string content;               // SHA-256 of the row; empty where the predictions are gone
  std::string asked;                 // of the prompt and the target
  uint64_t index = 0;                // of its row
  std::string cluster;
  std::vector<double> values;        // [metric], the mean over its attempts; NaN: one of them has none
  uint32_t attempts = 0;
  uint64_t place = 0;     // of its first attempt in the predictions file
  std::string read = {};  // SHA-256 of what was read out of the first reply; empty: a judge scores it
  std::string raw{};                 // content, but of the row without what task files make of it (columns lm_eval_*)
};

struct Answers {
  std::string where;                 // "RUN, MODEL", for messages
  std::string dataset;
  std::vector<std::string> metrics;  // in the order of the samples file, so that the first is the one that groups take
  std::vector<MetricFacts> facts;    // [metric]
  std::vector<std::string> of_sets;  // further metrics, whose samples only say right or wrong: numbers over the set (macro_f1)
  std::vector<Question> questions;   // in the order of the samples file
  bool judged = false;               // the scores are a judge's
  bool imported = false;             // read from others' files, whose rows may have other columns
};

/// Who judges a set, and whose answers each of them has compared.
struct JudgedBy {
  struct Pair {
    std::string first, second, name; // models, and what file names call both
  };
  std::vector<std::string> judges;   // empty: the set has none
  bool vote = false;                 // of several: what most of them say; else the mean
  std::vector<Pair> pairs;           // empty: each answer is judged alone
};

/// A set that is scored by its judges alone has their scores, a panel's together; where they compare models, a question's value is
/// the model's share of all its comparisons.
Result<Answers> read_answers(const store::RunFolder& folder, const std::string& model, const std::string& dataset,
                             const JudgedBy& by);

}  // namespace sextant::compare
