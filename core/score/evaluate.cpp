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

}  // namespace

Result<Evaluated> evaluate(plugin::Host& host, const config::DatasetConfig& dataset, config::Compat compat,
                           const std::vector<data::Attempt>& predictions) {
  std::vector<PostprocessorStep> postprocessors;
  if (dataset.inferencer.id == "gen")
    for (const config::PluginChoice& choice : dataset.filters.front().postprocessors) {
      SXT_TRY(const std::string config, with_compat(host, plugin::Kind::postprocessor, choice, compat, dataset.card_path));
      SXT_TRY(plugin::Postprocessor component, host.postprocessor(choice.id, config, dataset.card_path));
      postprocessors.push_back(
          {choice.id, [component](std::span<const std::string> texts) mutable { return component.apply(texts); }});
    }
  std::vector<MetricStep> metrics;
  for (const config::PluginChoice& choice : dataset.metrics) {
    SXT_TRY(const std::string config, with_compat(host, plugin::Kind::metric, choice, compat, dataset.card_path));
    SXT_TRY(plugin::Metric component, host.metric(choice.id, config, dataset.card_path));
    metrics.push_back({choice.id,
                       [component](std::span<const plugin::Judged> samples) mutable { return component.score(samples); },
                       [component](std::span<const plugin::Judged> samples, std::span<const double> scores) mutable {
                         return component.aggregate(samples, scores);
                       }});
  }
  return score(dataset, postprocessors, metrics, predictions);
}

}  // namespace sextant::score
