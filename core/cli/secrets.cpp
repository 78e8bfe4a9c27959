#include "secrets.hpp"
#include <cstdlib>
#include <functional>
#include <fmt/format.h>
#include <sextant/json_schema.hpp>
#include "../plugin/manifest.hpp"

namespace sextant::cli {
namespace {

using plugin::Kind;

/// Calls `use` with each component's configuration and the schema that its manifest has; a component that is not installed has
/// none.
void for_each(config::RunConfig& run, const plugin::Registry& registry,
              const std::function<void(Kind kind, const std::string& id, const std::string& where, std::string& config,
                                       const std::string& schema_json)>& use) {
  const auto visit = [&](Kind kind, const std::string& id, const std::string& where, std::string& config) {
    if (const auto found = registry.find(kind, id)) use(kind, id, where, config, found->component->schema);
  };
  const auto visit_all = [&](Kind kind, const std::string& where, std::vector<config::PluginChoice>& choices) {
    for (config::PluginChoice& choice : choices) visit(kind, choice.id, where, choice.config);
  };
  for (auto* models : {&run.models, &run.helpers})
    for (config::ModelConfig& model : *models) {
      const std::string where = fmt::format("the model '{}'", model.abbr);
      visit(Kind::model, model.backend, where, model.config);
      for (config::OwnChain& chain : model.own_chains) visit_all(Kind::postprocessor, where, chain.postprocessors);
    }
  for (config::DatasetConfig& dataset : run.datasets) {
    const std::string where = fmt::format("the data set '{}'", dataset.abbr);
    visit(Kind::dataset, dataset.loader.id, where, dataset.loader.config);
    visit(Kind::retriever, dataset.retriever.id, where, dataset.retriever.config);
    visit(Kind::template_, dataset.template_.id, where, dataset.template_.config);
    visit(Kind::inferencer, dataset.inferencer.id, where, dataset.inferencer.config);
    for (config::Filter& filter : dataset.filters) visit_all(Kind::postprocessor, where, filter.postprocessors);
    visit_all(Kind::postprocessor, where, dataset.reference_postprocessors);
    visit_all(Kind::metric, where, dataset.metrics);
    if (!dataset.judge) continue;
    visit(Kind::template_, dataset.judge->template_.id, where, dataset.judge->template_.config);
    if (!dataset.judge->meta.empty())
      visit(Kind::template_, dataset.judge->meta_template.id, where, dataset.judge->meta_template.config);
    visit(Kind::inferencer, dataset.judge->inferencer.id, where, dataset.judge->inferencer.config);
    visit_all(Kind::postprocessor, where, dataset.judge->postprocessors);
    visit_all(Kind::metric, where, dataset.judge->metrics);
  }
}

}  // namespace

config::RunConfig without_secrets(config::RunConfig run, const plugin::Registry& registry) {
  for_each(run, registry,
           [](Kind, const std::string&, const std::string&, std::string& config, const std::string& schema_json) {
             auto value = json::parse(config, "");
             const auto rules = json::parse(schema_json, "");
             if (!value || !rules) return;
             schema::hide_secrets(*rules, *value, value->GetAllocator());
             config = json::write(*value);
           });
  return run;
}

config::DatasetConfig without_secrets(const config::DatasetConfig& dataset, const plugin::Registry& registry) {
  config::RunConfig run;
  run.datasets = {dataset};
  return without_secrets(std::move(run), registry).datasets.front();
}

std::string model_settings(const std::string& backend, const std::string& config, const plugin::Registry& registry) {
  auto value = json::parse(config, backend);
  const auto found = registry.find(Kind::model, backend);
  if (!value || !found) return config;
  const auto rules = json::parse(found->component->schema, backend);
  if (!rules) return config;
  schema::remove_without_effect(*rules, *value);
  schema::hide_secrets(*rules, *value, value->GetAllocator());
  return json::write(*value);
}

std::vector<std::string> identity_keys(const std::string& backend, const plugin::Registry& registry) {
  std::vector<std::string> out;
  const auto found = registry.find(Kind::model, backend);
  const auto rules = found ? json::parse(found->component->schema, backend) : Result<json::Document>(Error{});
  const json::Value* properties = rules ? json::find(*rules, "properties") : nullptr;
  if (!properties || !properties->IsObject()) return out;
  for (const auto& property : properties->GetObject())
    if (json::find_bool(property.value, "x-identifies-model") == true) out.emplace_back(json::text(property.name));
  return out;
}

std::vector<std::pair<std::string, std::string>> settings_in_environment(const std::string& backend,
                                                                         const plugin::Registry& registry) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto found = registry.find(Kind::model, backend);
  const auto rules = found ? json::parse(found->component->schema, backend) : Result<json::Document>(Error{});
  const json::Value* properties = rules ? json::find(*rules, "properties") : nullptr;
  if (!properties || !properties->IsObject()) return out;
  for (const auto& property : properties->GetObject()) {
    const auto name = json::find_string(property.value, "x-environment");
    if (!name || json::find_bool(property.value, "x-secret") == true) continue;
    if (const char* value = std::getenv(name->c_str()); value && *value) out.emplace_back(json::text(property.name), value);
  }
  return out;
}

Result<void> check_secrets(const config::RunConfig& run, const plugin::Registry& registry, bool models) {
  config::RunConfig copy = run;
  std::string complaint;
  for_each(
      copy, registry,
      [&](Kind kind, const std::string& id, const std::string& where, std::string& config, const std::string& schema_json) {
        if (!complaint.empty() || (kind == Kind::model && !models)) return;
        const auto value = json::parse(config, id), rules = json::parse(schema_json, id);
        if (!value || !rules) return;
        const std::vector<std::string> hidden = schema::hidden_secrets(*rules, *value);
        if (hidden.empty()) return;
        complaint = fmt::format("{}: the secret \"{}\" of {} is \"{}\", which is what a run's files hold in its place; {}",
                                where, hidden.front(), plugin::component_name(kind, id), schema::hidden,
                                kind == Kind::model ? fmt::format("give it again with --model-kwargs {}=VALUE", hidden.front())
                                                    : "start from the configuration that holds it");
      });
  if (complaint.empty()) return {};
  return Error{Error::Kind::config, std::move(complaint)};
}

}  // namespace sextant::cli
