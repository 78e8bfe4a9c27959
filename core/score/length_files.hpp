// AlpacaEval 2's two data files (tatsu-lab/alpaca_eval: df_gamed.csv, instruction_difficulty.csv), which a user fetches, and the
// length-controlled win rate by them.
#pragma once
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../data/score.hpp"

namespace sextant::score {

/// What of two models' answers it takes, sample by sample.
struct LengthSample {
  uint64_t row = 0;                  // of the set: AlpacaEval's "index"
  double preference = 0.5;           // the model's share; NaN: unread, left out
  double model_length = 0, base_length = 0;   // characters
  uint32_t cluster = 0;              // samples of one belong together, as attempts of one row
};

/// Whether both files are there and can be read, and whether each model has one opponent. For what has no such files: fine.
Result<void> check_length_files(const config::RunConfig& run, const config::DatasetConfig& dataset);

/// "length_controlled_win_rate", with a percentile interval of 200 draws of clusters. An Error: a file or one of its columns is not
/// there, or holds no difficulty of a row.
Result<data::Estimate> length_controlled_win_rate(const config::DatasetConfig& dataset, const std::vector<LengthSample>& samples);

}  // namespace sextant::score
