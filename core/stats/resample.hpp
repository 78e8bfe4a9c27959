// Intervals of numbers that are not means: the bootstrap, and the jackknife over groups. What is resampled are units:
// questions, or whole clusters of them. Pure; threads: [any].
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <vector>
#include "interval.hpp"

namespace sextant::stats {

/// The number over a selection of units, given by their places (a place may come several times); NaN: it has none.
using Statistic = std::function<double(std::span<const uint32_t> units)>;

/// `count` numbers, each over as many units as there are, drawn with replacement from the stream of `key`.
std::vector<double> bootstrap_replicates(uint64_t units, uint64_t count, uint64_t key, const Statistic& statistic);

/// The same of several numbers at once, [number][replicate]. A selection for which `numbers` gives none is left out.
using Statistics = std::function<std::vector<double>(std::span<const uint32_t> units)>;
std::vector<std::vector<double>> bootstrap_replicates(uint64_t units, uint64_t count, uint64_t key, const Statistics& numbers);

/// Between order statistics by linear interpolation, as numpy.quantile's default. `sorted` is not empty; p: 0 to 1.
double quantile(std::span<const double> sorted, double p);

struct Limits {
  double low = not_known, high = not_known;
};
/// Quantiles of the replicates (Efron 1979), by linear interpolation between order statistics. NaNs among them are left out.
Limits percentile_limits(std::vector<double> replicates, double level = confidence);
/// Bias-corrected and accelerated (Efron 1987). `jackknife`: the number without each unit in turn. Where all replicates are on
/// one side of `value`, the percentile's limits.
Limits bca_limits(std::vector<double> replicates, double value, std::span<const double> jackknife, double level = confidence);

/// `count` replicates: their standard deviation, and BCa's limits for up to `jackknife_max` units (each is left out once), else
/// the percentile's. None where one in twenty replicates has no number.
Interval bootstrap(double value, uint64_t units, uint64_t count, uint64_t key, const Statistic& statistic,
                   uint64_t jackknife_max = 4096);

/// The standard error from leaving out each of `groups` equal groups of units in turn (Shao and Tu 1995), and t of groups - 1
/// degrees.
Interval grouped_jackknife(double value, uint64_t units, uint64_t groups, uint64_t key, const Statistic& statistic);

}  // namespace sextant::stats
