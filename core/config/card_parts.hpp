// The parts that cards are made of, JSON to plain data and back: components, retrievers, inferencers, filters, judges.
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "run_config.hpp"

namespace sextant::config {

using Allocator = json::Document::AllocatorType;

/// The metric that reads verdicts on pairs: one of the core's own.
inline constexpr std::string_view pairs_metric = "preference";

/// "card.json: what is wrong", of kind config.
Error card_error(const std::string& origin, const std::string& what);
/// The texts of a list; of anything else none.
std::vector<std::string> texts_of(const json::Value* list);
json::Value list_of(const std::vector<std::string>& texts, Allocator& a);

/// {"type": ID, ...its configuration}. `key` names it in errors: "infer.template".
Result<PluginChoice> component_from_json(const json::Value* value, const std::string& origin, const std::string& key);
json::Value component_to_json(const PluginChoice& choice, Allocator& a);
Result<std::vector<PluginChoice>> components_from_json(const json::Value* list, const std::string& origin,
                                                       const std::string& key);
json::Value components_to_json(const std::vector<PluginChoice>& choices, Allocator& a);

/// A model is named by a card, or written out: then `model` is its JSON, until resolve() makes a helper of it.
Result<Retriever> retriever_from_json(const json::Value* value, const std::string& origin);
json::Value retriever_to_json(const Retriever& retriever, Allocator& a);
Result<Inferencer> inferencer_from_json(const json::Value* value, const std::string& origin, const std::string& key);
json::Value inferencer_to_json(const Inferencer& inferencer, Allocator& a);
Result<Judge> judge_from_json(const json::Value& value, const std::string& origin);
json::Value judge_to_json(const Judge& judge, Allocator& a);
/// The judges that an "eval.judge" of a configuration names by abbr.
std::vector<std::string> judges_in(const json::Value& judge);

/// "eval": filters, metrics, judge and what else belongs to scoring.
Result<void> eval_from_json(const json::Value& eval, const std::string& origin, DatasetConfig& ret_dataset);
json::Value eval_to_json(const DatasetConfig& dataset, Allocator& a);

/// Its attempts carry numbers for the table: perplexities (measures_itself), or choices that its "scores" name.
inline bool has_own_numbers(const Inferencer& inferencer) {
  return measures_itself(inferencer) || inferencer.id == "multiple_choice";
}

/// Neither metric nor judge, nor answers to compare with: predictions are made, and nothing is said of how good they are.
inline bool is_unscored(const DatasetConfig& dataset) {
  return dataset.metrics.empty() && !dataset.judge && dataset.output_column.empty() && !has_own_numbers(dataset.inferencer);
}

}  // namespace sextant::config
