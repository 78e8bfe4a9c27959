// OpenCompass 0.5.4's summaries of four judged sets, number for number: how it reads a judge's replies, which it drops, and what it
// rounds. For the compat modes alone; docs/compat.md says how they differ from what is shown otherwise. Pure; threads: [any].
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sextant::score {

struct Judgement {
  std::string reply, capability;
  bool swapped = false;                  // of pairs: the base model's answer was shown first
};

using OpenCompassTable = std::vector<std::pair<std::string, double>>;   // in its order

/// `table`: "mtbench", "alignbench", "alpaca_eval" (the win rate of the model that is not the base) or "arena_hard" (its "score").
/// Empty where no reply can be read.
OpenCompassTable opencompass_table(std::string_view table, std::span<const Judgement> judgements);

}  // namespace sextant::score
