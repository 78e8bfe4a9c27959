#include "style_control.hpp"
#include <cmath>
#include <optional>
#include "../stats/bradley_terry.hpp"

namespace sextant::score {
namespace {

constexpr uint64_t replicates = 200;

// Each battle's differences of style less their mean, in standard deviations. One that never varies cannot be fitted and is
// left out.
std::vector<std::vector<double>> normalised(const std::vector<Battle>& battles, size_t baseline, const Styles& styles) {
  std::vector<std::vector<double>> raw, out(battles.size());
  for (const Battle& battle : battles)
    raw.push_back(style_difference(styles[battle.model][battle.row], styles[baseline][battle.row]));
  for (size_t k = 0; k < style_names.size(); ++k) {
    double n = 0, mean = 0, squares = 0;
    for (size_t i = 0; i < battles.size(); ++i) n += battles[i].weight, mean += battles[i].weight * raw[i][k];
    mean /= n;
    for (size_t i = 0; i < battles.size(); ++i) squares += battles[i].weight * std::pow(raw[i][k] - mean, 2);
    const double deviation = n > 1 ? std::sqrt(squares / (n - 1)) : 0;
    if (!(deviation > 1e-12)) continue;
    for (size_t i = 0; i < battles.size(); ++i) out[i].push_back((raw[i][k] - mean) / deviation);
  }
  return out;
}

}  // namespace

std::vector<stats::Interval> style_controlled(const std::vector<std::string>& models, size_t baseline,
                                              const std::vector<Battle>& battles, const Styles& styles, size_t rows,
                                              const std::string& stream, const Clusters& clusters) {
  if (battles.empty()) return {};
  const auto covariates = normalised(battles, baseline, styles);
  std::vector<std::vector<stats::Game>> by_row(rows);
  for (size_t i = 0; i < battles.size(); ++i)
    by_row[battles[i].row].push_back({static_cast<uint32_t>(battles[i].model), static_cast<uint32_t>(baseline),
                                      battles[i].share, battles[i].weight, covariates[i]});
  return intervals_of(rows, clusters, replicates, "style control in " + stream,
                      [&](std::span<const uint32_t> drawn) -> std::vector<double> {
                        std::vector<stats::Game> games;
                        for (const uint32_t row : drawn) games.insert(games.end(), by_row[row].begin(), by_row[row].end());
                        if (games.empty()) return {};
                        const auto found = stats::bradley_terry(static_cast<uint32_t>(models.size()), games, true, models);
                        if (!found) return {};
                        std::vector<double> chances;
                        for (const double strength : found->of_player)
                          chances.push_back(100 * stats::chance_of(strength, found->of_player[baseline]));
                        return chances;
                      });
}

}  // namespace sextant::score
