// Cards to plain data and back: DatasetConfig and ModelConfig in the JSON form of docs/cards.md.
#include <algorithm>
#include <fmt/format.h>
#include "../base/sha256.hpp"
#include "../base/text.hpp"
#include "card_store.hpp"
#include "json_source.hpp"
#include "shapes.hpp"

namespace sextant::config {
namespace {

Error bad(const std::string& origin, const std::string& what) { return {Error::Kind::config, origin + ": " + what}; }

std::vector<std::string> strings(const json::Value* list) {
  std::vector<std::string> out;
  if (list && list->IsArray())
    for (const auto& item : list->GetArray())
      if (item.IsString()) out.emplace_back(json::text(item));
  return out;
}

// {"type": ID, ...rest} -> the id and the rest
Result<PluginChoice> component(const json::Value* value, const std::string& origin, const std::string& key) {
  const auto id = value ? json::find_string(*value, "type") : std::nullopt;
  if (!id || id->empty()) return bad(origin, fmt::format("{}.type is missing; name a plugin (`sextant plugins list`)", key));
  json::Document rest = json::copy(*value);
  rest.EraseMember("type");  // which keeps the order of the others
  return PluginChoice{*id, json::write(rest)};
}
json::Value component_to_json(const PluginChoice& choice, json::Document::AllocatorType& allocator) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "type", choice.id, allocator);
  const auto rest = json::parse(choice.config, choice.id);
  if (rest) merge_into(out, *rest, allocator);
  return out;
}
Result<std::vector<PluginChoice>> components(const json::Value* list, const std::string& origin, const std::string& key) {
  std::vector<PluginChoice> out;
  if (!list) return out;
  for (rapidjson::SizeType i = 0; i < list->Size(); ++i) {
    SXT_TRY(PluginChoice choice, component(&(*list)[i], origin, fmt::format("{}[{}]", key, i)));
    out.push_back(std::move(choice));
  }
  return out;
}

// Fills ${name} in every text below `value`, in one pass.
Result<void> fill_in(json::Value& value, const json::Value& entry, const std::string& origin, json::Document::AllocatorType& allocator) {
  if (value.IsObject()) {
    for (auto& member : value.GetObject()) SXT_CHECK(fill_in(member.value, entry, origin, allocator));
  } else if (value.IsArray()) {
    for (auto& item : value.GetArray()) SXT_CHECK(fill_in(item, entry, origin, allocator));
  } else if (value.IsString()) {
    const std::string_view text = json::text(value);
    if (text.find("${") == text.npos) return {};
    std::string out;
    for (size_t i = 0; i < text.size();) {
      const size_t open = text.find("${", i);
      if (open == text.npos) { out += text.substr(i); break; }
      const size_t close = text.find('}', open);
      if (close == text.npos) return bad(origin, fmt::format("'{}' has a ${{ without its }}", shorten(text, 60)));
      out += text.substr(i, open - i);
      const std::string name(text.substr(open + 2, close - open - 2));
      const auto filled = json::find_string(entry, name);
      if (!filled) return bad(origin, fmt::format("${{{}}} is used, but an entry of \"each\" has no text of that name", name));
      out += *filled;
      i = close + 1;
    }
    value.SetString(out.data(), static_cast<rapidjson::SizeType>(out.size()), allocator);
  }
  return {};
}

Result<Retriever> retriever_from(const json::Value* value, const std::string& origin) {
  Retriever retriever;
  const std::string type = value ? json::find_string(*value, "type").value_or("") : "zero";
  if (type != "zero" && type != "fix_k") return bad(origin, fmt::format("infer.retriever.type is '{}'; it must be 'zero' or 'fix_k'", type));
  retriever.id = type;
  const json::Value* ids = value ? json::find(*value, "ids") : nullptr;
  if (ids)
    for (const auto& id : ids->GetArray())
      if (id.GetInt64() < 0 || id.GetInt64() > UINT32_MAX) return bad(origin, "infer.retriever.ids holds a number below 0");
  if (type == "fix_k" && (!ids || ids->Empty()))
    return bad(origin, "infer.retriever is fix_k without \"ids\"; list the rows of the train split to show");
  if (ids && !ids->Empty()) {
    json::Document config;
    config.SetObject();
    json::set(config, "ids", json::Value(*ids, config.GetAllocator()), config.GetAllocator());
    retriever.config = json::write(config);
  }
  return retriever;
}

Result<Inferencer> inferencer_from(const json::Value* value, const std::string& origin) {
  Inferencer inferencer;
  const std::string type = value ? json::find_string(*value, "type").value_or("") : "";
  inferencer.id = type;
  if (type != "gen" && type != "ppl" && type != "loglikelihood")
    return bad(origin, fmt::format("infer.inferencer.type is '{}'; it must be 'gen', 'ppl' or 'loglikelihood'", type));
  const int64_t max_out_len = json::find_int(*value, "max_out_len").value_or(0);
  if (max_out_len < 0 || max_out_len > UINT32_MAX) return bad(origin, "infer.inferencer.max_out_len must be 1 or more (or absent)");
  inferencer.max_out_len = static_cast<uint32_t>(max_out_len);
  inferencer.stop = strings(json::find(*value, "stop"));
  return inferencer;
}

Result<DatasetConfig> dataset_from_filled(const json::Value& card, const std::string& name, const std::string& origin) {
  DatasetConfig dataset;
  dataset.card = json::find_string(card, "source_card").value_or(name);
  dataset.card_path = origin;
  dataset.abbr = json::find_string(card, "abbr").value_or(name);
  dataset.task_name = json::find_string(card, "task_name").value_or("");
  dataset.folder = json::find_string(card, "folder").value_or("");
  dataset.path = json::find_string(card, "path").value_or("");
  SXT_TRY(dataset.loader, component(json::find(card, "loader"), origin, "loader"));
  const json::Value* reader = json::find(card, "reader");
  if (!reader) return bad(origin, "\"reader\" is missing; it names the columns and splits");
  dataset.input_columns = strings(json::find(*reader, "input_columns"));
  dataset.output_column = json::find_string(*reader, "output_column").value_or("");
  dataset.train_split = json::find_string(*reader, "train_split").value_or("train");
  dataset.test_split = json::find_string(*reader, "test_split").value_or("test");
  dataset.test_range = json::find_string(*reader, "test_range").value_or("");
  const json::Value* infer = json::find(card, "infer");
  if (!infer) return bad(origin, "\"infer\" is missing; it says how the model is asked");
  SXT_TRY(dataset.retriever, retriever_from(json::find(*infer, "retriever"), origin));
  SXT_TRY(dataset.template_, component(json::find(*infer, "template"), origin, "infer.template"));
  SXT_TRY(dataset.inferencer, inferencer_from(json::find(*infer, "inferencer"), origin));
  const json::Value* eval = json::find(card, "eval");
  if (!eval) return bad(origin, "\"eval\" is missing; it names the metrics");
  SXT_TRY(dataset.filters.front().postprocessors, components(json::find(*eval, "postprocessors"), origin, "eval.postprocessors"));
  SXT_TRY(dataset.metrics, components(json::find(*eval, "metrics"), origin, "eval.metrics"));
  if (dataset.metrics.empty()) return bad(origin, "eval.metrics is empty; name at least one, such as {\"type\": \"accuracy\"}");
  // hashed in the form that configs/run.json holds, so that a run that is read back has the same version
  const json::Document resolved = dataset_to_json(dataset);
  dataset.version = sha256_hex(json::canonical(*json::find(resolved, "infer"))).substr(0, 6);
  return dataset;
}

}  // namespace

Result<std::vector<SummaryGroup>> groups_from_json(const json::Value& list, const std::string& origin) {
  std::vector<SummaryGroup> groups;
  for (const auto& item : list.GetArray()) {
    SummaryGroup group{json::find_string(item, "name").value_or(""), strings(json::find(item, "members"))};
    if (group.name.empty() || group.members.empty())
      return bad(origin, fmt::format("groups[{}] needs a \"name\" and \"members\"", groups.size()));
    groups.push_back(std::move(group));
  }
  return groups;
}

Result<Summarizer> read_summarizer_card(const CardEntry& entry) {
  SXT_TRY(const json::Document card, load_merged(entry.path, summarizer_card_shape()));
  Summarizer summarizer{entry.name, {}};
  if (const json::Value* groups = json::find(card, "groups")) { SXT_TRY(summarizer.groups, groups_from_json(*groups, entry.path.string())); }
  return summarizer;
}

Result<std::vector<DatasetConfig>> dataset_from_json(const json::Value& card, const std::string& name, const std::string& origin,
                                                     std::vector<SummaryGroup>& ret_groups) {
  if (const json::Value* list = json::find(card, "groups")) {
    SXT_TRY(std::vector<SummaryGroup> groups, groups_from_json(*list, origin));
    std::move(groups.begin(), groups.end(), std::back_inserter(ret_groups));
  }
  std::vector<DatasetConfig> datasets;
  const json::Value* each = json::find(card, "each");
  if (!each) {
    SXT_TRY(DatasetConfig dataset, dataset_from_filled(card, name, origin));
    datasets.push_back(std::move(dataset));
    return datasets;
  }
  for (const auto& entry : each->GetArray()) {
    json::Document filled;
    filled.SetObject();
    for (const auto& member : card.GetObject())
      if (const auto key = json::text(member.name); key != "each" && key != "groups" && key != "variants")
        json::set(filled, key, json::Value(member.value, filled.GetAllocator()), filled.GetAllocator());
    SXT_CHECK(fill_in(filled, entry, origin, filled.GetAllocator()));
    SXT_TRY(DatasetConfig dataset, dataset_from_filled(filled, name, origin));
    for (const DatasetConfig& other : datasets)
      if (other.abbr == dataset.abbr)
        return bad(origin, fmt::format("\"each\" gives the abbr '{}' twice; put ${{...}} into \"abbr\"", dataset.abbr));
    datasets.push_back(std::move(dataset));
  }
  if (datasets.empty()) return bad(origin, "\"each\" is empty; list at least one entry or leave it out");
  return datasets;
}

Result<std::vector<DatasetConfig>> read_dataset_card(const CardEntry& entry, std::string_view variant, std::vector<SummaryGroup>& ret_groups) {
  SXT_TRY(json::Document card, load_merged(entry.path, dataset_card_shape()));
  const std::string origin = entry.path.string();
  if (!variant.empty()) {
    const json::Value* variants = json::find(card, "variants");
    const json::Value* chosen = variants ? json::find(*variants, variant) : nullptr;
    if (!chosen) {
      std::vector<std::string> names;
      if (variants)
        for (const auto& member : variants->GetObject()) names.emplace_back(json::text(member.name));
      return bad(origin, fmt::format("the card has no variant '{}'{}; it has: {}", variant, did_you_mean(variant, names),
                                     names.empty() ? "none" : join(names, ", ")));
    }
    const json::Document over = json::copy(*chosen);
    merge_into(card, over, card.GetAllocator());
  }
  const std::string name = variant.empty() ? entry.name : fmt::format("{}/{}", entry.name, variant);
  return dataset_from_json(card, name, origin, ret_groups);
}

json::Document dataset_to_json(const DatasetConfig& dataset) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  const auto list = [&](const std::vector<std::string>& items) {
    json::Value value(rapidjson::kArrayType);
    for (const std::string& item : items) value.PushBack(json::Value(item, a), a);
    return value;
  };
  json::set(out, "source_card", dataset.card, a);
  json::set(out, "abbr", dataset.abbr, a);
  json::set(out, "task_name", dataset.task_name, a);
  json::set(out, "version", dataset.version, a);
  json::set(out, "loader", component_to_json(dataset.loader, a), a);
  json::set(out, "folder", dataset.folder, a);
  if (!dataset.path.empty()) json::set(out, "path", dataset.path, a);
  json::Value reader(rapidjson::kObjectType);
  json::set(reader, "input_columns", list(dataset.input_columns), a);
  json::set(reader, "output_column", dataset.output_column, a);
  json::set(reader, "train_split", dataset.train_split, a);
  json::set(reader, "test_split", dataset.test_split, a);
  if (!dataset.test_range.empty()) json::set(reader, "test_range", dataset.test_range, a);
  json::set(out, "reader", std::move(reader), a);
  json::Value retriever = component_to_json({dataset.retriever.id, dataset.retriever.config}, a);
  json::Value inferencer(rapidjson::kObjectType);
  json::set(inferencer, "type", dataset.inferencer.id, a);
  if (dataset.inferencer.max_out_len) json::set(inferencer, "max_out_len", json::Value(dataset.inferencer.max_out_len), a);
  if (!dataset.inferencer.stop.empty()) json::set(inferencer, "stop", list(dataset.inferencer.stop), a);
  json::Value infer(rapidjson::kObjectType);
  json::set(infer, "retriever", std::move(retriever), a);
  json::set(infer, "template", component_to_json(dataset.template_, a), a);
  json::set(infer, "inferencer", std::move(inferencer), a);
  json::set(out, "infer", std::move(infer), a);
  const auto chosen = [&](const std::vector<PluginChoice>& choices) {
    json::Value value(rapidjson::kArrayType);
    for (const PluginChoice& choice : choices) value.PushBack(component_to_json(choice, a), a);
    return value;
  };
  json::Value eval(rapidjson::kObjectType);
  json::set(eval, "postprocessors", chosen(dataset.filters.front().postprocessors), a);
  json::set(eval, "metrics", chosen(dataset.metrics), a);
  json::set(out, "eval", std::move(eval), a);
  return out;
}

}  // namespace sextant::config
