#include "version.hpp"
#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <sextant/sha256.hpp>
#include "../base/files.hpp"
#include "card_parts.hpp"
#include "card_store.hpp"
#include "combinations.hpp"
#include "own_chains.hpp"
#include "rows.hpp"

namespace sextant::config {
namespace {

using Allocator = json::Document::AllocatorType;

// Of a backend's configuration: which model it is, and with which numbers it computes.
constexpr std::initializer_list<const char*> identity = {"path", "tokenizer_path", "peft_path", "compute", "chat_template"};

std::string six_digits(const json::Value& value) { return sha256_hex(json::canonical(value)).substr(0, 6); }

// A chat template that somebody named counts by its text.
std::string content_of(const std::string& which) {
  if (which.empty() || which == "auto" || which == "none") return which;
  const auto text = read_file(which);
  return text ? sha256_hex(*text) : which;
}

// What a card says: which rows, how they are asked, how the replies are scored.
json::Document card_part(const DatasetConfig& dataset) {
  json::Document resolved = dataset_to_json(dataset), out;
  out.SetObject();
  auto& a = out.GetAllocator();
  for (const char* part : {"eval", "infer", "loader", "reader"}) json::set(out, part, json::Value(resolved[part], a), a);
  return out;
}

// How a model is asked: what its card and the flags say in addition to which model it is.
json::Document asked_of(const ModelConfig& model, uint32_t max_out_len, bool generates, const VersionNeeds& needs) {
  json::Document out = model_to_json(model);
  auto& a = out.GetAllocator();
  json::remove(out, {"abbr", "backend", "hf_path", "model_path", "config", "chat_template", "postprocessors"});
  if (model.max_seq_len == 0) json::remove(out, {"max_seq_len"});
  if (model.system_prompt.empty()) json::remove(out, {"system_prompt"});
  if (!model.base) json::remove(out, {"hf_type"});
  if (generates) {
    json::set(out, "max_out_len", json::Value(max_out_len ? max_out_len : model.max_out_len), a);
    if (model.min_out_len == 0) json::remove(out, {"min_out_len"});
    if (model.stop_words.empty()) json::remove(out, {"stop_words"});
    if (!model.generation.samples() && out.HasMember("generation") && out["generation"].IsObject())
      json::remove(out["generation"], {"do_sample", "temperature", "top_p", "top_k", "min_p"});
    if (out.HasMember("generation") && out["generation"].ObjectEmpty()) json::remove(out, {"generation"});
  } else {
    json::remove(out, {"max_out_len", "min_out_len", "stop_words", "generation", "hf_type"});
  }
  const std::string text = needs.settings ? needs.settings(model.backend, model.config) : model.config;
  auto config = json::parse(text, model.abbr);
  if (config && config->IsObject()) {
    if (const auto which = json::find_string(*config, "chat_template"); which && *which != "auto")
      json::set(out, "chat_template", content_of(*which), a);
    json::remove(*config, identity);
    if (needs.identity)
      for (const std::string& key : needs.identity(model.backend)) config->RemoveMember(key.c_str());
    if (!config->ObjectEmpty()) json::set(out, "config", json::Value(*config, a), a);
  }
  return out;
}

// A model that a retriever reads or that judges is a part of the test: it counts by what it is, not by its abbr.
void expand_helper(json::Value& place, const RunConfig& run, const VersionNeeds& needs, Allocator& a) {
  const auto expanded = [&](const std::string& abbr) -> std::optional<json::Value> {
    const ModelConfig* model = find_model(run, abbr);
    if (!model) return std::nullopt;
    json::Value value(rapidjson::kObjectType);
    json::set(value, "asked", json::Value(asked_of(*model, 0, true, needs), a), a);
    json::set(value, "backend", model->backend, a);
    json::set(value, "config", needs.settings ? needs.settings(model->backend, model->config) : model->config, a);
    return value;
  };
  if (const json::Value* panel = json::find(place, "model"); panel && panel->IsArray()) {
    for (auto& one : place["model"].GetArray())
      if (auto value = one.IsString() ? expanded(std::string(json::text(one))) : std::nullopt) one = std::move(*value);
  } else if (const auto abbr = json::find_string(place, "model")) {
    if (auto value = expanded(*abbr)) json::set(place, "model", std::move(*value), a);
  }
}

// How the models of a set are asked and their replies are read, each way once, whichever models are asked so. Sets that are asked
// for as much by the same models share it.
class Ways {
 public:
  Ways(const RunConfig& run, const VersionNeeds& needs) : run_(run), needs_(needs) {}

  const json::Document& of(const DatasetConfig& dataset) {
    const bool generates = !needs_.generates || needs_.generates(dataset.inferencer.id);
    json::Document own(rapidjson::kArrayType);  // a model's own post-processors, or null: it does not run on the set
    auto& a = own.GetAllocator();
    for (const ModelConfig& model : run_.models)
      if (!is_planned(run_, model.abbr, dataset.task_name)) own.PushBack(json::Value(), a);
      else own.PushBack(generates ? components_to_json(shown_chain(model, dataset), a) : json::Value(rapidjson::kArrayType), a);
    const auto [it, fresh] = known_.try_emplace({generates, dataset.inferencer.max_out_len, json::canonical(own)});
    if (fresh) it->second = make(dataset.inferencer.max_out_len, generates, own);
    return it->second;
  }

 private:
  using Key = std::tuple<bool, uint32_t, std::string>;

  std::vector<PluginChoice> shown_chain(const ModelConfig& model, const DatasetConfig& dataset) const {
    std::vector<PluginChoice> own = own_postprocessors(model, dataset);
    if (own.empty() || !needs_.without_secrets) return own;
    DatasetConfig bare;
    bare.filters = {{"none", std::move(own)}};
    return needs_.without_secrets(bare).filters.front().postprocessors;
  }
  json::Document make(uint32_t max_out_len, bool generates, const json::Document& own) const {
    std::set<std::string> ways;
    for (rapidjson::SizeType i = 0; i < own.Size(); ++i) {
      if (own[i].IsNull()) continue;
      json::Document way = asked_of(run_.models[i], max_out_len, generates, needs_);
      auto& a = way.GetAllocator();
      if (!own[i].Empty()) json::set(way, "postprocessors", json::Value(own[i], a), a);
      ways.insert(json::canonical(way));
    }
    json::Document out;
    out.SetArray();
    for (const std::string& way : ways)
      if (const auto parsed = json::parse(way, "models"))
        out.PushBack(json::Value(*parsed, out.GetAllocator()), out.GetAllocator());
    return out;
  }

  const RunConfig& run_;
  const VersionNeeds& needs_;
  std::map<Key, json::Document> known_;
};

// Does any random number reach the answers or the choice of rows?
bool draws(const RunConfig& run, const DatasetConfig& dataset) {
  static constexpr std::string_view without[] = {"zero", "fix_k", "topk", "bm25", "sliding_window", "same_label"};
  const bool sampled =
      std::any_of(run.models.begin(), run.models.end(), [](const ModelConfig& model) { return model.generation.samples(); });
  return run.limit.random || sampled || dataset.inferencer.config.find("temperature") != std::string::npos || dataset.judge ||
         std::find(std::begin(without), std::end(without), dataset.retriever.id) == std::end(without);
}

std::string version_in(const RunConfig& run, const DatasetConfig& given, const VersionNeeds& needs, Ways& ways) {
  const DatasetConfig dataset = needs.without_secrets ? needs.without_secrets(given) : given;
  json::Document out = card_part(dataset);
  auto& a = out.GetAllocator();
  if (out["infer"].HasMember("retriever")) expand_helper(out["infer"]["retriever"], run, needs, a);
  if (out["eval"].HasMember("judge")) {
    json::remove(out["eval"]["judge"], {"labels"});    // what people said of some samples is no part of the test
    expand_helper(out["eval"]["judge"], run, needs, a);
  }
  json::set(out, "models", json::Value(ways.of(dataset), a), a);
  if (run.compat != Compat::none) json::set(out, "compat", compat_name(run.compat), a);
  if (run.limit.value > 0) {
    json::set(out, "limit", json::Value(run.limit.value), a);
    json::set(out, "limit_mode", run.limit.random ? "random" : "first", a);
  }
  if (run.seed && draws(run, dataset)) json::set(out, "seed", json::Value(run.seed), a);
  if (!run.rows.empty()) json::set(out, "rows", rows_to_text(run.rows), a);
  std::vector<uint64_t> excluded;
  for (const Exclusion& exclusion : run.exclude)
    if (exclusion.dataset.empty() || exclusion.dataset == dataset.abbr) excluded.push_back(exclusion.row);
  std::sort(excluded.begin(), excluded.end());
  excluded.erase(std::unique(excluded.begin(), excluded.end()), excluded.end());
  if (!excluded.empty()) {
    json::Value rows(rapidjson::kArrayType);
    for (const uint64_t row : excluded) rows.PushBack(json::Value(row), a);
    json::set(out, "exclude", std::move(rows), a);
  }
  return six_digits(out);
}

}  // namespace

std::string version_of(const DatasetConfig& dataset) { return six_digits(card_part(dataset)); }

void set_versions(RunConfig& run, const VersionNeeds& needs) {
  Ways ways(run, needs);
  for (DatasetConfig& dataset : run.datasets) dataset.version = version_in(run, dataset, needs, ways);
}

}  // namespace sextant::config
