#include "pairs.hpp"
#include <fmt/format.h>

namespace sextant::config {

Result<std::vector<std::pair<std::string, std::string>>> pairs_of(const RunConfig& run, const DatasetConfig& dataset) {
  const std::string& base = dataset.judge->base;
  if (run.models.size() < 2)
    return Error{Error::Kind::config, fmt::format("{}: its judge compares the answers of two models, and the run has {}; name another one in --models or --hf-path",
                                                  dataset.card_path, run.models.size())};
  std::vector<std::pair<std::string, std::string>> out;
  bool found = base.empty();
  for (size_t i = 0; i < run.models.size(); ++i) {
    const std::string& first = run.models[i].abbr;
    found = found || first == base;
    if (!base.empty() && first != base) out.emplace_back(first, base);
    for (size_t j = i + 1; base.empty() && j < run.models.size(); ++j) out.emplace_back(first, run.models[j].abbr);
  }
  if (!found)
    return Error{Error::Kind::config, fmt::format("{}: eval.judge.pairs.base is '{}', which is no model of this run; add it, or name one of: {}",
                                                  dataset.card_path, base, [&] {
                                                    std::string names;
                                                    for (const ModelConfig& model : run.models) names += (names.empty() ? "" : ", ") + model.abbr;
                                                    return names;
                                                  }())};
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
