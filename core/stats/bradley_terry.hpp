// Strengths of players from games between two of them: the model of Bradley and Terry (1952), by maximum likelihood. With
// covariates it is a logistic regression whose intercepts are the players', so that what a judge merely likes (length, lists)
// is taken out of the strengths. Pure; threads: [any].
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::stats {

struct Game {
  uint32_t first = 0, second = 0;    // players
  double outcome = 0.5;              // the first's share: 1 won, 0.5 tie, 0 lost
  double weight = 1;
  std::vector<double> covariates = {};   // the first's less the second's; as many in each game
};

struct Strengths {
  std::vector<double> of_player;     // log-odds, mean 0: the first wins with 1 / (1 + exp(second - first))
  std::vector<double> of_covariate;
  bool regularised = false;          // a maximum does not exist, so one virtual tie was added between all that met
};

/// Refuses players that no chain of games connects: nothing can be said of one against the other. A set of players that never
/// lost to the others has no finite strength (Ford 1957); with `regularise` one virtual tie a pair makes it finite, else that
/// is refused, too. `name_of` is for the sentence.
Result<Strengths> bradley_terry(uint32_t players, std::span<const Game> games, bool regularise,
                                const std::vector<std::string>& names);

/// On the scale that chess made familiar: 1000 + 400 / ln 10 * strength. For display alone.
double elo_of(double strength);

/// The chance that the first beats the second.
double chance_of(double first, double second);

}  // namespace sextant::stats
