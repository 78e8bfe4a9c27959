#include "own_metrics.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/json_schema.hpp>

namespace sextant::score {

extern const OwnMetric code_tests_metric, preference_metric, rating_metric, correct_metric, constraints_metric;

const OwnMetric* find_own_metric(std::string_view id) {
  for (const OwnMetric* metric : {&code_tests_metric, &preference_metric, &rating_metric, &correct_metric, &constraints_metric})
    if (metric->id == id) return metric;
  return nullptr;
}

Result<MetricStep> make_own_metric(const OwnMetric& metric, const config::PluginChoice& choice, config::Compat compat,
                                   const std::string& origin) {
  SXT_TRY(const std::string checked,
          schema::check_config(fmt::format("metric:{}", metric.id), metric.schema, choice.config, origin));
  SXT_TRY(const json::Document config, json::parse(checked, origin));
  return metric.make(config, compat, origin);
}

bool reads_verdicts(std::string_view id) {
  const OwnMetric* metric = find_own_metric(id);
  return metric && !metric->runs_programs;   // all of them but code_tests
}

bool runs_programs(const config::DatasetConfig& dataset) {
  const auto does = [](const config::PluginChoice& choice) {
    const OwnMetric* metric = find_own_metric(choice.id);
    return metric && metric->runs_programs;
  };
  return std::any_of(dataset.metrics.begin(), dataset.metrics.end(), does) ||
         (dataset.judge && std::any_of(dataset.judge->metrics.begin(), dataset.judge->metrics.end(), does));
}

}  // namespace sextant::score
