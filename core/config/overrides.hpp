// Flags that change every data set of a run (--shots, --repeat, --extractor, --metric), and the models that data sets ask
// besides the evaluated ones: retrievers' and judges'.
#pragma once
#include <functional>
#include <string>
#include <vector>
#include "resolve.hpp"

namespace sextant::config {

/// Attempts of a sample at most.
constexpr uint32_t repeats_max = 100'000;

/// "ID" or "ID:{...}", a JSON object behind the colon. `flag` names it in errors.
Result<PluginChoice> component_flag(const std::string& text, const char* flag);

/// --shots for a retriever: fix_k shows the first N of its rows, or rows 0 to N-1 where it has fewer; the others take it as
/// "ice_num".
void set_shots(Retriever& retriever, uint32_t shots);

/// Applies the flags.
Result<void> apply_dataset_flags(const RunFlags& flags, std::vector<DatasetConfig>& datasets);

/// Every id that the data sets name is known; an unknown one suggests the nearest.
Result<void> check_ids(const std::vector<DatasetConfig>& datasets, const World& world);

/// Puts each model that a retriever or judge names into `helpers`, once, and leaves its abbr with them. `listed`: helpers of
/// CONFIG.json by abbr; `evaluated`: a helper that would bear the name of one of these and is another gets "_judge" or
/// "_retriever" behind it; `make` makes a model of a card's name or a card's JSON, `judge` one of --judge.
using MakeHelper = std::function<Result<ModelConfig>(const std::string& name_or_card, const std::string& origin)>;
Result<void> name_helpers(std::vector<DatasetConfig>& datasets, const std::vector<ModelConfig>& evaluated,
                          const std::vector<ModelConfig>& listed, const std::vector<std::string>& judge_flag, const MakeHelper& make,
                          const std::function<void(const std::string&)>& warn, std::vector<ModelConfig>& ret_helpers);

}  // namespace sextant::config
