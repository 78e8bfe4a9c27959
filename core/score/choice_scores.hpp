// Numbers of attempts that chose among options (the inferencer multiple_choice), by the names that the card's "scores" gives
// them.
#pragma once
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../data/attempt.hpp"

namespace sextant::score {

struct ChoiceScore {
  std::string name, kind;   // kind: sum, char, byte, mutual, greedy, brier, mass, perplexity; of all pairs: f1, mcc, function
  std::string source = {}, function = {};   // of a function: the module that it is written in, and its name there
};
/// Those of the set's inferencer; empty where it has none.
std::vector<ChoiceScore> choice_scores_of(const config::DatasetConfig& dataset);

/// One attempt's number, NaN where it has none. `target_json`: a label, or a list of labels any of which is right. perplexity:
/// ln p of the only continuation, from which a set's is made; f1, mcc, function (pair_scores.hpp): as sum.
double choice_score(const std::string& kind, const data::Attempt& attempt, const json::Value& extra, const json::Value& target);

}  // namespace sextant::score
