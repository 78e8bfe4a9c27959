// pass@k and G-Pass@k of a set with repeats.
#include <cmath>
#include <fmt/format.h>
#include "../base/log.hpp"
#include "../stats/mean.hpp"
#include "../stats/pass_at_k.hpp"
#include "columns.hpp"

namespace sextant::score {
namespace {

struct Tally {
  uint64_t attempts = 0, right = 0;
  bool whole = true;  // every attempt has a score
};

// 1.0 as Python writes it, so that OpenCompass' names come out: "G-Pass@4_1.0"
std::string threshold(double tau) {
  const std::string text = fmt::format("{}", tau);
  return text.find_first_of(".e") == text.npos ? text + ".0" : text;
}

}  // namespace

void add_pass_at_k(Scored& scored, const config::DatasetConfig& dataset, const Intervals& intervals) {
  if (dataset.pass_at.empty() && dataset.g_pass_at.k.empty()) return;
  for (size_t filter = 0; filter < scored.filters.size(); ++filter) {
    const Column* first = nullptr;
    for (const Column& column : scored.columns)
      if (!first && !column.chosen && column.filter_index == filter) first = &column;
    if (!first) continue;
    if (!first->facts.higher_is_better) {  // 1 is no success there, so the best of k is none either
      log_warning(fmt::format("{}: \"pass_at\" is left out: less is better of {}, and pass@k counts attempts with the value 1 "
                              "as right; name a metric first of which more is better",
                              dataset.abbr, first->key));
      continue;
    }
    std::vector<Tally> rows(scored.attempts / scored.repeats);
    for (uint64_t i = 0; i < scored.attempts; ++i) {
      Tally& row = rows[i % rows.size()];
      const double value = first->values[i];
      if (!std::isnan(value) && value != 0 && value != 1) {
        if (!scored.error)
          scored.error = Error{Error::Kind::config,
                               fmt::format("{}: \"pass_at\" needs a first metric whose values are 0 or 1; {} gives {}",
                                           dataset.card_path, first->metric, value)};
        return;
      }
      ++row.attempts;
      row.right += value == 1;
      row.whole = row.whole && !std::isnan(value);
    }
    const auto put = [&](const std::string& name, uint64_t k, const auto& of) {
      std::vector<double> values;  // [row]
      for (const Tally& tally : rows) {
        if (k > tally.attempts) {
          log_warning(
              fmt::format("{}: {} needs {} attempts of each sample, and there are {}; it is left out (give --repeat {})",
                          dataset.abbr, name, k, tally.attempts, k));
          return;
        }
        values.push_back(tally.whole ? of(tally) : std::nan(""));
      }
      data::Estimate number;
      number.metric = key_of(scored.filters, name, filter);
      number.value = 100 * stats::spread_of(values).mean;
      set_interval(number, intervals.of_rows(values, 100));
      scored.numbers.push_back(std::move(number));
    };
    for (const uint32_t k : dataset.pass_at)
      put(fmt::format("pass@{}", k), k, [k](const Tally& t) { return stats::pass_at_k(t.attempts, t.right, k); });
    for (const uint32_t k : dataset.g_pass_at.k) {
      for (const double tau : dataset.g_pass_at.tau)
        put(fmt::format("G-Pass@{}_{}", k, threshold(tau)), k,
            [k, tau](const Tally& t) { return stats::g_pass_at_k(t.attempts, t.right, k, tau); });
      put(fmt::format("mG-Pass@{}", k), k, [k](const Tally& t) { return stats::mg_pass_at_k(t.attempts, t.right, k); });
    }
  }
}

}  // namespace sextant::score
