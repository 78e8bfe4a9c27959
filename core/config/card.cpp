// One data set, in the JSON form of docs/cards.md, to plain data and back.
#include <fmt/format.h>
#include "card_parts.hpp"
#include "card_store.hpp"
#include "overrides.hpp"
#include "read_card.hpp"
#include "version.hpp"

namespace sextant::config {

Result<DatasetConfig> dataset_from_filled(const json::Value& card, const std::string& name, const std::string& origin) {
  DatasetConfig dataset;
  dataset.card = json::find_string(card, "source_card").value_or(name);
  dataset.card_path = origin;
  dataset.abbr = json::find_string(card, "abbr").value_or(name);
  if (dataset.abbr.find_first_not_of(' ') == std::string::npos)
    return card_error(
        origin, "\"abbr\" is empty, and the table and the files of a run are called by it; give it a name, or leave it out");
  dataset.task_name = json::find_string(card, "task_name").value_or("");
  dataset.folder = json::find_string(card, "folder").value_or("");
  dataset.path = json::find_string(card, "path").value_or("");
  SXT_TRY(dataset.loader, component_from_json(json::find(card, "loader"), origin, "loader"));
  const json::Value* reader = json::find(card, "reader");
  if (!reader) return card_error(origin, "\"reader\" is missing; it names the columns and splits");
  dataset.input_columns = texts_of(json::find(*reader, "input_columns"));
  dataset.output_column = json::find_string(*reader, "output_column").value_or("");
  dataset.train_split = json::find_string(*reader, "train_split").value_or("train");
  dataset.test_split = json::find_string(*reader, "test_split").value_or("test");
  dataset.test_range = json::find_string(*reader, "test_range").value_or("");
  dataset.cluster_column = json::find_string(*reader, "cluster_column").value_or("");
  if (const json::Value* derive = json::find(*reader, "derive"); derive && !derive->ObjectEmpty())
    dataset.derive = json::write(*derive);
  const json::Value* infer = json::find(card, "infer");
  if (!infer) return card_error(origin, "\"infer\" is missing; it says how the model is asked");
  SXT_TRY(dataset.retriever, retriever_from_json(json::find(*infer, "retriever"), origin));
  SXT_TRY(dataset.template_, component_from_json(json::find(*infer, "template"), origin, "infer.template"));
  SXT_TRY(dataset.inferencer, inferencer_from_json(json::find(*infer, "inferencer"), origin, "infer.inferencer"));
  const int64_t repeats = json::find_int(*infer, "repeats").value_or(1);
  if (repeats < 1 || repeats > repeats_max)
    return card_error(origin, fmt::format("infer.repeats is {}; give a number from 1 to {}", repeats, repeats_max));
  dataset.repeats = static_cast<uint32_t>(repeats);
  const json::Value* eval = json::find(card, "eval");
  if (!eval) return card_error(origin, "\"eval\" is missing; it names the metrics");
  SXT_CHECK(eval_from_json(*eval, origin, dataset));
  // what configs/run.json holds is what was run; a card does not have the member, and what is resolved gets its version anew
  dataset.version = json::find_string(card, "version").value_or("");
  if (dataset.version.empty()) dataset.version = version_of(dataset);
  return dataset;
}

json::Document dataset_to_json(const DatasetConfig& dataset) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  json::set(out, "source_card", dataset.card, a);
  json::set(out, "abbr", dataset.abbr, a);
  json::set(out, "task_name", dataset.task_name, a);
  json::set(out, "version", dataset.version, a);
  json::set(out, "loader", component_to_json(dataset.loader, a), a);
  json::set(out, "folder", dataset.folder, a);
  if (!dataset.path.empty()) json::set(out, "path", dataset.path, a);
  json::Value reader(rapidjson::kObjectType);
  json::set(reader, "input_columns", list_of(dataset.input_columns, a), a);
  json::set(reader, "output_column", dataset.output_column, a);
  json::set(reader, "train_split", dataset.train_split, a);
  json::set(reader, "test_split", dataset.test_split, a);
  if (!dataset.test_range.empty()) json::set(reader, "test_range", dataset.test_range, a);
  if (!dataset.cluster_column.empty()) json::set(reader, "cluster_column", dataset.cluster_column, a);
  if (!dataset.derive.empty())
    if (const auto derive = json::parse(dataset.derive, dataset.abbr)) json::set(reader, "derive", json::Value(*derive, a), a);
  json::set(out, "reader", std::move(reader), a);
  json::Value infer(rapidjson::kObjectType);
  json::set(infer, "retriever", retriever_to_json(dataset.retriever, a), a);
  json::set(infer, "template", component_to_json(dataset.template_, a), a);
  json::set(infer, "inferencer", inferencer_to_json(dataset.inferencer, a), a);
  if (dataset.repeats != 1) json::set(infer, "repeats", json::Value(dataset.repeats), a);
  json::set(out, "infer", std::move(infer), a);
  json::set(out, "eval", eval_to_json(dataset, a), a);
  return out;
}

}  // namespace sextant::config
