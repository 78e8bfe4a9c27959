#include "evaluate.hpp"
#include "score.hpp"

namespace sextant::score {
namespace {

// A component's configuration with "compat" filled in where its schema declares it and the card does not.
Result<std::string> with_compat(plugin::Host& host, plugin::Kind kind, const config::PluginChoice& choice,
                                config::Compat compat, const std::string& origin) {
  SXT_TRY(json::Document config, json::parse(choice.config, origin));
  if (host.accepts(kind, choice.id, "compat") && !json::find(config, "compat"))
    json::set(config, "compat", config::compat_name(compat), config.GetAllocator());
  return json::write(config);
}

// The first value of each sample.
Result<std::vector<double>> first_values(plugin::Metric& metric, std::span<const plugin::Judged> samples) {
  SXT_TRY(const std::vector<plugin::Scored> scored, metric.score(samples));
  std::vector<double> out;
  for (const plugin::Scored& one : scored) out.push_back(one.values.front().second);
  return out;
}

}  // namespace

Result<Evaluated> evaluate(plugin::Host& host, const config::DatasetConfig& dataset, config::Compat compat,
                           const std::vector<data::Attempt>& predictions) {
  std::vector<PostprocessorStep> postprocessors;
  if (dataset.inferencer.id == "gen")
    for (const config::PluginChoice& choice : dataset.filters.front().postprocessors) {
      SXT_TRY(const std::string config, with_compat(host, plugin::Kind::postprocessor, choice, compat, dataset.card_path));
      SXT_TRY(plugin::Postprocessor component, host.postprocessor(choice.id, config, dataset.card_path));
      postprocessors.push_back(
          {choice.id, [component](std::span<const plugin::ExtractItem> items) mutable { return component.apply(items); }});
    }
  std::vector<MetricStep> metrics;
  for (const config::PluginChoice& choice : dataset.metrics) {
    SXT_TRY(const std::string config, with_compat(host, plugin::Kind::metric, choice, compat, dataset.card_path));
    SXT_TRY(plugin::Metric component, host.metric(choice.id, config, dataset.card_path));
    metrics.push_back({choice.id,
                       [component](std::span<const plugin::Judged> samples) mutable { return first_values(component, samples); },
                       [component](std::span<const plugin::Judged> samples, std::span<const double> scores) mutable {
                         return component.aggregate(samples, scores);
                       }});
  }
  return score(dataset, postprocessors, metrics, predictions);
}

}  // namespace sextant::score
