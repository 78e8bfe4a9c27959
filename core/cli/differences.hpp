// What differs between two configurations of a run, in the form of configs/run.json: by model, by data set, and for the run as
// a whole. Pure: it knows no file.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::cli {

struct Differences {
  using Sentences = std::vector<std::string>;        // "max_out_len was 4 and is 8"
  Sentences run;                                     // limit, seed, compat, ...: of every task
  std::map<std::string, Sentences> models;           // by abbr; what an answer can depend on
  std::map<std::string, Sentences> asked, scored;    // by the data set's task name: what a model is asked, and how it is scored
  std::set<std::string> gone_models, gone_datasets;  // that are in the earlier one alone
  bool asks_otherwise(const std::string& model, const std::string& dataset) const;
  bool scores_otherwise(const std::string& dataset) const { return scored.contains(dataset); }
  /// All sentences, each with whose it is.
  Sentences all() const;
};

/// `settings`: a backend's configuration without what no answer depends on.
Differences differences(const json::Value& before, const json::Value& now,
                        const std::function<json::Document(const std::string& backend, const json::Value& config)>& settings);

/// "a; b; c and 4 more"
std::string some_of(const std::vector<std::string>& sentences);

}  // namespace sextant::cli
