// AlpacaEval 2's length-controlled win rate (Dubois, Galambosi, Liang and Hashimoto 2024): a logistic regression of preferences on
// the difference of lengths, the instruction's difficulty and the model, asked where lengths do not differ. Pure; threads: [any].
#pragma once
#include <cstdint>
#include <span>

namespace sextant::stats {

struct LengthRow {
  double preference = 0.5;           // the model's share of the win; NaN is not allowed
  double length = 0;                 // the baseline's length less the model's, as a share of its standard deviation
  double difficulty = 0;             // of the instruction
  bool own = true;                   // false: of a baseline that was told to be longer or shorter (df_gamed.csv)
};

struct LengthControlled {
  double win_rate = 0;               // 0 to 1
  double penalty = 0;                // C of the fit, by five-fold cross-validation of ten
};

/// `rows`: the model's own first. The rows of gamed baselines weigh 0.2 / 2 each; the penalty is that of absolute weights.
LengthControlled length_controlled(std::span<const LengthRow> rows);
/// The same with a known penalty.
double length_controlled_rate(std::span<const LengthRow> rows, double penalty);

}  // namespace sextant::stats
