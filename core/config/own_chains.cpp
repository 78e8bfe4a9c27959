#include "own_chains.hpp"
#include <fmt/format.h>
#include "../base/text.hpp"
#include "card_parts.hpp"

namespace sextant::config {

Result<std::vector<OwnChain>> own_chains_from_json(const json::Value& value, const std::string& origin) {
  std::vector<OwnChain> out;
  if (value.IsArray()) {
    SXT_TRY(auto chain, components_from_json(&value, origin, "postprocessors"));
    if (!chain.empty()) out.push_back({"*", std::move(chain)});
    return out;
  }
  for (const auto& member : value.GetObject()) {
    OwnChain chain{std::string(json::text(member.name)), {}};
    if (chain.sets.empty())
      return card_error(origin, "postprocessors: a member without a name is of no data set; name one, or \"*\" for all");
    SXT_TRY(chain.postprocessors, components_from_json(&member.value, origin, "postprocessors." + chain.sets));
    out.push_back(std::move(chain));
  }
  return out;
}

json::Value own_chains_to_json(const std::vector<OwnChain>& chains, json::Document::AllocatorType& a) {
  if (chains.size() == 1 && chains.front().sets == "*") return components_to_json(chains.front().postprocessors, a);
  json::Value out(rapidjson::kObjectType);
  for (const OwnChain& chain : chains) json::set(out, chain.sets, components_to_json(chain.postprocessors, a), a);
  return out;
}

std::vector<PluginChoice> own_postprocessors(const ModelConfig& model, const DatasetConfig& dataset) {
  for (const OwnChain& chain : model.own_chains)
    for (const std::string* name : {&dataset.abbr, &dataset.task_name, &dataset.card})
      if (glob_match(chain.sets, *name)) return chain.postprocessors;
  return {};
}

DatasetConfig as_read_of(const RunConfig& run, const DatasetConfig& dataset, const std::string& model) {
  DatasetConfig out = dataset;
  const ModelConfig* config = find_model(run, model);
  if (!config || config->own_chains.empty()) return out;
  const std::vector<PluginChoice> own = own_postprocessors(*config, dataset);
  for (Filter& filter : out.filters) filter.postprocessors.insert(filter.postprocessors.begin(), own.begin(), own.end());
  return out;
}

}  // namespace sextant::config
