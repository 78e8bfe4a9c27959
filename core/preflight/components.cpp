#include "components.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../config/card_parts.hpp"
#include "../config/card_place.hpp"
#include "../config/own_chains.hpp"
#include "../sandbox/sandboxes.hpp"
#include "../score/components.hpp"
#include "../score/labels.hpp"
#include "../score/length_files.hpp"
#include "../score/own_metrics.hpp"
#include "../serve/dataset_task.hpp"
#include "../serve/examples.hpp"
#include "../serve/python_tool.hpp"
#include "../serve/renderer.hpp"

namespace sextant::preflight {
namespace {

std::string key_of(std::string_view what, const config::PluginChoice& choice, const std::string& origin) {
  return fmt::format("{}\n{}\n{}\n{}", what, choice.id, choice.config, origin);
}

}  // namespace

// Sets of one card share its lines.
const std::string& Components::place_of(const std::string& card_path, const std::string& pointer) {
  const auto [it, fresh] = places_.try_emplace(card_path + "\n" + pointer);
  if (fresh) it->second = config::place_in_card(card_path, pointer);
  return it->second;
}

bool Components::check_inferencer(const config::DatasetConfig& dataset, const std::string& member,
                                  const config::Inferencer& inferencer, const config::PluginChoice& template_) {
  const auto [it, fresh] = askable_.try_emplace(
      key_of("inferencer", {inferencer.id, inferencer.config}, dataset.card_path) + key_of("template", template_, ""), false);
  if (!fresh) return it->second;
  const auto opened = serve::open_inferencer(host_, inferencer, place_of(dataset.card_path, member + "/inferencer"));
  if (!opened) {
    findings_.refuse("", opened.error());
    return false;
  }
  serve::Renderer::Options options;
  options.template_ = template_;
  options.origin = place_of(dataset.card_path, member + "/template");
  options.form = (*opened)->form();
  options.compat = run_.compat;
  const auto made = serve::make_template(host_, options);
  if (!made) findings_.refuse("", made.error());
  return it->second = made.has_value();
}

bool Components::check_retriever(const config::DatasetConfig& dataset) {
  const auto [it, fresh] =
      askable_.try_emplace(key_of("retriever", {dataset.retriever.id, dataset.retriever.config}, dataset.card_path), false);
  if (!fresh) return it->second;
  config::DatasetConfig placed = dataset;
  placed.card_path = place_of(dataset.card_path, "/infer/retriever");
  const auto traits = serve::retriever_traits(host_, placed, run_);
  if (!traits) findings_.refuse("", traits.error());
  return it->second = traits.has_value();
}

bool Components::check_asking(const config::DatasetConfig& dataset) {
  bool fine = check_inferencer(dataset, "/infer", dataset.inferencer, dataset.template_);
  fine = check_retriever(dataset) && fine;
  if (serve::offers_programs(dataset.inferencer) || (dataset.judge && serve::offers_programs(dataset.judge->inferencer)))
    check_sandbox(dataset);
  if (dataset.judge)
    fine = check_inferencer(dataset, "/eval/judge", dataset.judge->inferencer, dataset.judge->template_) && fine;
  if (dataset.judge && !dataset.judge->meta.empty())
    fine = check_inferencer(dataset, "/eval/judge/meta", dataset.judge->inferencer, dataset.judge->meta_template) && fine;
  return fine;
}

void Components::check_sandbox(const config::DatasetConfig& dataset) {
  if (const auto there = sandbox::available(); !there) findings_.cannot_run(dataset.task_name, there.error());
}

// `alone`: the set with nothing but the scorer that is looked at. A foreign one is made where it would run, in a process of its
// own.
void Components::check_scorer(const config::DatasetConfig& alone) {
  const auto made = score::make_reader(host_, alone, run_.compat)();
  if (!made) return findings_.refuse("", made.error());
  if (const auto opened = (*made)->open(); !opened) return findings_.refuse("", opened.error());
  if (const auto facts = score::facts_of(host_, alone); !facts) findings_.refuse("", facts.error());
}

void Components::check_scoring(const config::DatasetConfig& dataset) {
  config::DatasetConfig bare = dataset;
  bare.filters.clear();
  bare.reference_postprocessors.clear();
  bare.metrics.clear();
  bare.judge.reset();
  const auto each = [&](const char* kind, const std::string& member, const std::vector<config::PluginChoice>& choices) {
    for (size_t i = 0; i < choices.size(); ++i) {
      if (!is_new(key_of(kind, choices[i], dataset.card_path))) continue;
      config::DatasetConfig alone = bare;
      alone.card_path = place_of(dataset.card_path, fmt::format("{}/{}", member, i));
      (std::string_view(kind) == "metric" ? alone.metrics : alone.reference_postprocessors) = {choices[i]};
      check_scorer(alone);
    }
  };
  if (dataset.metrics.empty() && !dataset.judge && !config::has_own_numbers(dataset.inferencer) &&
      !config::is_unscored(dataset))
    findings_.refuse("", score::no_metric(dataset));
  for (const config::Filter& filter : dataset.filters)
    each("postprocessor", filter.name == "none" ? "/eval/postprocessors" : "/eval/filters/" + filter.name,
         filter.postprocessors);
  each("postprocessor", "/eval/reference_postprocessors", dataset.reference_postprocessors);
  each("metric", "/eval/metrics", dataset.metrics);
  if (score::runs_programs(dataset)) check_sandbox(dataset);
  if (!dataset.judge) return;
  each("postprocessor", "/eval/judge/postprocessors", dataset.judge->postprocessors);
  each("metric", "/eval/judge/metrics", dataset.judge->metrics);
  if (const auto files = score::check_length_files(run_, dataset); !files)
    findings_.refuse("", {Error::Kind::config, files.error().message});
  if (dataset.judge->labels.empty()) return;
  if (const auto labels = score::read_labels(run_, dataset); !labels)
    findings_.refuse("", {Error::Kind::config, labels.error().message});
}

void Components::check_own_chains(const config::ModelConfig& model) {
  for (const config::OwnChain& chain : model.own_chains)
    for (const config::PluginChoice& choice : chain.postprocessors) {
      const std::string origin = fmt::format("the model {}: postprocessors", model.abbr);
      if (!is_new(key_of("postprocessor", choice, origin))) continue;
      config::DatasetConfig alone;
      alone.card_path = origin;
      alone.reference_postprocessors = {choice};
      check_scorer(alone);
    }
  const auto read = [&](const config::DatasetConfig& dataset) { return !config::own_postprocessors(model, dataset).empty(); };
  if (!model.own_chains.empty() && std::none_of(run_.datasets.begin(), run_.datasets.end(), read))
    findings_.warn("", fmt::format("the model {}: its own post-processors are for other data sets than this run's, and change "
                                   "nothing", model.abbr));
}

}  // namespace sextant::preflight
