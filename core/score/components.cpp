#include "components.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/thinking.hpp>
#include "../config/card_parts.hpp"
#include "../config/own_chains.hpp"
#include "isolated.hpp"
#include "../plugin/isolation.hpp"
#include "own_metrics.hpp"
#include "values.hpp"

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

Result<std::vector<std::string>> apply(plugin::Postprocessor& component, std::span<const Extract> items) {
  std::vector<plugin::ExtractItem> lent;
  lent.reserve(items.size());
  for (const Extract& item : items) lent.push_back({item.text, item.record_json, item.attempts, item.attempt});
  return component.apply(lent);
}

std::vector<plugin::Judged> judged(std::span<const Judged> items) {
  std::vector<plugin::Judged> out;
  out.reserve(items.size());
  for (const Judged& item : items)
    out.push_back({item.prediction, item.reference_json, item.record_json});
  return out;
}

Result<std::vector<Verdict>> judge(plugin::Metric& component, std::span<const Judged> items) {
  SXT_TRY(std::vector<plugin::Scored> scored, component.score(judged(items)));
  std::vector<Verdict> out;
  out.reserve(scored.size());
  for (plugin::Scored& one : scored) out.push_back({std::move(one.values), std::move(one.answer), std::move(one.explanation)});
  return out;
}

Result<std::vector<PostprocessorStep>> chain(plugin::Host& host, const std::vector<config::PluginChoice>& choices,
                                             config::Compat compat, const std::string& origin) {
  std::vector<PostprocessorStep> out;
  for (const config::PluginChoice& choice : choices) {
    SXT_TRY(const std::string config, with_compat(host, plugin::Kind::postprocessor, choice, compat, origin));
    SXT_TRY(plugin::Postprocessor component, host.postprocessor(choice.id, config, origin));
    out.push_back({choice.id, [component](std::span<const Extract> items) mutable { return apply(component, items); }});
  }
  return out;
}

std::string facts_json_of(const plugin::Host& host, plugin::Kind kind, const std::string& id) {
  if (const OwnMetric* own = kind == plugin::Kind::metric ? find_own_metric(id) : nullptr) return own->facts;
  const auto found = host.registry().find(kind, id);
  return found ? found->component->facts : std::string();
}

// A program's are in its configuration.
std::string facts_json_of(const plugin::Host& host, const config::PluginChoice& metric) {
  if (metric.id == "command")
    if (const auto config = json::parse(metric.config, metric.id))
      if (const json::Value* facts = json::find(*config, "facts")) return json::write(*facts);
  return facts_json_of(host, plugin::Kind::metric, metric.id);
}

// Is it of the installation? Its folder is the last one that is searched.
bool is_installed(const plugin::Host& host, plugin::Kind kind, const std::string& id) {
  if (kind == plugin::Kind::metric && find_own_metric(id)) return true;
  const auto found = host.registry().find(kind, id);
  const auto& folders = host.registry().search().folders;
  if (!found || folders.empty()) return true;  // whoever creates it says what is wrong
  const auto relative = found->file->path.lexically_normal().lexically_relative(folders.back().lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

Result<Steps> steps_of(plugin::Host& host, const config::DatasetConfig& dataset, config::Compat compat) {
  Steps steps;
  for (const config::Filter& filter : dataset.filters) {
    SXT_TRY(auto postprocessors, chain(host, filter.postprocessors, compat, dataset.card_path));
    // a chain that names the tags itself is given them
    const bool own = std::any_of(filter.postprocessors.begin(), filter.postprocessors.end(),
                                 [](const config::PluginChoice& choice) { return names_thinking_tag(choice.config); });
    steps.filters.push_back({filter.name, std::move(postprocessors), compat == config::Compat::none && !own});
  }
  SXT_TRY(steps.reference, chain(host, dataset.reference_postprocessors, compat, dataset.card_path));
  for (const config::PluginChoice& choice : dataset.metrics) {
    if (const OwnMetric* own = find_own_metric(choice.id)) {
      SXT_TRY(MetricStep step, make_own_metric(*own, choice, compat, dataset.card_path));
      steps.metrics.push_back(std::move(step));
      continue;
    }
    SXT_TRY(const std::string config, with_compat(host, plugin::Kind::metric, choice, compat, dataset.card_path));
    SXT_TRY(plugin::Metric component, host.metric(choice.id, config, dataset.card_path));
    steps.metrics.push_back({choice.id, [component](std::span<const Judged> items) mutable { return judge(component, items); },
                             [component](std::span<const Judged> items, std::span<const double> first) mutable {
                               return component.aggregate(judged(items), first);
                             },
                             component.aggregates()});
  }
  return steps;
}

Result<std::function<Result<std::string>(const data::Attempt&, const std::string&)>> own_edit(
    plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset, const std::string& model) {
  using Edit = std::function<Result<std::string>(const data::Attempt&, const std::string&)>;
  const config::ModelConfig* config = config::find_model(run, model);
  const auto own = config ? config::own_postprocessors(*config, dataset) : std::vector<config::PluginChoice>();
  if (own.empty()) return Edit();
  SXT_TRY(auto steps, chain(host, own, run.compat, fmt::format("the model {}: postprocessors", model)));
  return Edit([steps = std::move(steps)](const data::Attempt& attempt, const std::string& reply) -> Result<std::string> {
    std::string text = reply;
    for (const PostprocessorStep& step : steps) {
      const Extract item{text, attempt.record_json, std::span(&text, 1), 0};
      SXT_TRY(std::vector<std::string> made, step.apply(std::span(&item, 1)));
      if (made.size() != 1)
        return Error{Error::Kind::internal, fmt::format("postprocessor:{} gave {} results for 1 sample", step.id, made.size())};
      text = std::move(made.front());
    }
    return text;
  });
}

Result<std::vector<MetricFacts>> facts_of(const plugin::Host& host, const config::DatasetConfig& dataset) {
  std::vector<MetricFacts> out;
  for (const config::PluginChoice& choice : dataset.metrics) {
    SXT_TRY(auto values, facts_from_json(facts_json_of(host, choice), "metric:" + choice.id));
    out.push_back({choice.id, std::move(values)});
  }
  return out;
}

std::optional<std::vector<std::string>> row_names(const plugin::Host& host, const config::DatasetConfig& dataset) {
  if (dataset.judge || config::has_own_numbers(dataset.inferencer) || !dataset.pass_at.empty() || !dataset.g_pass_at.k.empty())
    return std::nullopt;
  std::vector<std::string> filters, out;
  for (const config::Filter& filter : dataset.filters) filters.push_back(filter.name);
  if (filters.empty()) filters.emplace_back();
  for (const config::PluginChoice& choice : dataset.metrics) {
    if (!is_installed(host, plugin::Kind::metric, choice.id)) return std::nullopt;
    const auto values = facts_from_json(facts_json_of(host, choice), choice.id);
    if (!values) return std::nullopt;
    std::vector<std::string> names;
    for (const ValueFacts& value : *values) names.push_back(value.name);
    if (names.empty()) names.push_back(choice.id);
    for (const std::string& name : names)
      for (size_t filter = 0; filter < filters.size(); ++filter) {
        out.push_back(key_of(filters, name, filter));
        if (dataset.metrics.size() > 1) out.push_back(key_of(filters, fmt::format("{}_{}", choice.id, name), filter));
      }
  }
  // choices come with these (columns.cpp), whichever metrics the card names
  if (dataset.inferencer.id != "gen")
    for (const char* name : {"acc", "acc_norm", "acc_bytes", "acc_token"}) out.emplace_back(name);
  return out;
}

std::string isolated_component(const plugin::Host& host, const config::DatasetConfig& dataset) {
  std::string out;
  const auto look = [&](plugin::Kind kind, const std::vector<config::PluginChoice>& choices) {
    for (const config::PluginChoice& choice : choices) {
      if (const auto found = host.registry().find(kind, choice.id); found && plugin::isolation().applies(*found)) continue;
      const auto facts = json::parse(facts_json_of(host, kind, choice.id), "facts");
      const bool asks = facts && json::find_bool(*facts, "isolate").value_or(false);
      if (out.empty() && (asks || !is_installed(host, kind, choice.id)))
        out = fmt::format("{}:{}", plugin::kind_name(kind), choice.id);
    }
  };
  for (const config::Filter& filter : dataset.filters) look(plugin::Kind::postprocessor, filter.postprocessors);
  look(plugin::Kind::postprocessor, dataset.reference_postprocessors);
  look(plugin::Kind::metric, dataset.metrics);
  return out;
}

MakeReader make_reader(plugin::Host& host, const config::DatasetConfig& dataset, config::Compat compat) {
  if (!isolated_component(host, dataset).empty())
    return [&host, &dataset, compat]() { return start_isolated(host.registry().search().folders, dataset, compat); };
  return [&host, &dataset, compat]() -> Result<std::unique_ptr<Reader>> {
    SXT_TRY(Steps steps, steps_of(host, dataset, compat));
    return std::unique_ptr<Reader>(std::make_unique<StepReader>(std::move(steps)));
  };
}

}  // namespace sextant::score
