// What judges say of a model's answers, each alone or beside another model's, as numbers.
#pragma once
#include <map>
#include <memory>
#include "arena.hpp"
#include "task_attempts.hpp"

namespace sextant::score {

/// The verdicts on all pairs of a set, scored once for all of its models.
struct ScoredPairs {
  Scored first;                          // of the first judge and pair: what results files say of attempts
  std::vector<std::string> models;
  ArenaNumbers numbers;
};
/// By task name. Of one run, while its predictions stay as they are.
using Arenas = std::map<std::string, std::shared_ptr<const ScoredPairs>>;

/// What judges say of `model`'s answers. `rules`: the set's own scores, where it has some.
Result<Scored> score_judged(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                            const store::RunFolder& folder, const store::TaskLog& log, const std::string& model,
                            const Scored* rules);

/// `model`'s numbers among the others.
Result<Scored> score_pairs(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                           const store::RunFolder& folder, const store::TaskLog& log, const std::string& model, Arenas& arenas);

}  // namespace sextant::score
