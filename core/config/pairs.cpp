#include "pairs.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/message_text.hpp>
#include "combinations.hpp"

namespace sextant::config {

Result<std::vector<std::pair<std::string, std::string>>> pairs_of(const RunConfig& run, const DatasetConfig& dataset) {
  const std::string& base = dataset.judge->base;
  const std::vector<std::string> models = models_on(run, dataset);
  if (models.size() < 2)
    return Error{
        Error::Kind::config,
        fmt::format(
            "{}: its judge compares the answers of two models, and the run has {}{}; name another one in {}",
            dataset.card_path, models.size(), run.combinations.empty() ? "" : " on this set",
            run.combinations.empty() ? "--models or --hf-path" : "\"model_dataset_combinations\"")};
  std::vector<std::pair<std::string, std::string>> out;
  for (size_t i = 0; i < models.size(); ++i) {
    if (!base.empty() && models[i] != base) out.emplace_back(models[i], base);
    for (size_t j = i + 1; base.empty() && j < models.size(); ++j) out.emplace_back(models[i], models[j]);
  }
  if (!base.empty() && std::find(models.begin(), models.end(), base) == models.end())
    return Error{Error::Kind::config,
                 fmt::format("{}: eval.judge.pairs.base is '{}', which is not a model of this run; add it, or name one of: {}",
                             dataset.card_path, base, join(models, ", "))};
  return out;
}

std::string pair_name(std::string_view first, std::string_view second) { return fmt::format("{}+{}", first, second); }

std::vector<std::string> judged_names(const RunConfig& run, const DatasetConfig& dataset, const std::string& model) {
  if (!dataset.judge || !dataset.judge->pairs) return {model};
  std::vector<std::string> out;
  const auto pairs = pairs_of(run, dataset);
  for (size_t i = 0; pairs && i < pairs->size(); ++i) out.push_back(pair_name((*pairs)[i].first, (*pairs)[i].second));
  return out;
}

}  // namespace sextant::config
