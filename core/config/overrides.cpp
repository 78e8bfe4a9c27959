#include "overrides.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../base/file_name.hpp"
#include "../base/text.hpp"
#include "card_place.hpp"
#include "read_card.hpp"

namespace sextant::config {
namespace {

Error usage(std::string message) { return {Error::Kind::usage, std::move(message)}; }

Result<void> check_id(const std::string& what, const std::string& id, const std::vector<std::string>& known,
                      const DatasetConfig& dataset) {
  if (known.empty() || std::find(known.begin(), known.end(), id) != known.end()) return {};
  return Error{Error::Kind::config, fmt::format("{}: there is no {} '{}'{}; there are: {}",
                                                place_in_card(dataset.card_path, "/infer/" + what + "/type"), what, id,
                                                did_you_mean(id, known), join(known, ", "))};
}

// "infer.inferencer" as a JSON pointer
std::string pointer_to(std::string member) {
  std::replace(member.begin(), member.end(), '.', '/');
  return "/" + member;
}

bool same_model(const ModelConfig& a, const ModelConfig& b) {
  return json::canonical(model_to_json(a)) == json::canonical(model_to_json(b));
}

}  // namespace

Result<PluginChoice> component_flag(const std::string& text, const char* flag) {
  const size_t colon = text.find(':');
  PluginChoice choice{text.substr(0, colon), "{}"};
  if (choice.id.empty()) return usage(fmt::format("{} '{}' names nothing; write ID or ID:{{...}}", flag, text));
  if (colon == text.npos) return choice;
  const auto config = json::parse(text.substr(colon + 1), flag, json::Syntax::relaxed);
  if (!config || !config->IsObject())
    return usage(fmt::format("{}: the text after '{}:' is not a JSON object{}", flag, choice.id,
                             config ? "" : " (" + config.error().message + ")"));
  choice.config = json::write(*config);
  return choice;
}

void set_shots(Retriever& retriever, uint32_t shots) {
  if (shots == 0) {
    retriever = {};
    return;
  }
  auto parsed = json::parse(retriever.config, "retriever");
  json::Document config;
  if (parsed && parsed->IsObject()) config = *std::move(parsed);
  else config.SetObject();
  auto& a = config.GetAllocator();
  if (retriever.id == "zero") retriever.id = "fix_k";
  if (retriever.id == "fix_k") {
    const json::Value* given = json::find(config, "ids");
    json::Value ids(rapidjson::kArrayType);
    for (rapidjson::SizeType i = 0; i < shots; ++i) {
      if (given && given->Size() >= shots) ids.PushBack(json::Value((*given)[i], a), a);
      else ids.PushBack(i, a);
    }
    json::set(config, "ids", std::move(ids), a);
  } else {
    json::set(config, "ice_num", json::Value(shots), a);
  }
  retriever.config = json::write(config);
}

Result<void> apply_dataset_flags(const RunFlags& flags, std::vector<DatasetConfig>& datasets) {
  if (flags.repeat && (*flags.repeat == 0 || *flags.repeat > repeats_max))
    return usage(fmt::format("--repeat is {}; give a number from 1 to {}", *flags.repeat, repeats_max));
  if (flags.shots && *flags.shots > 10'000) return usage(fmt::format("--shots is {}; give at most 10000", *flags.shots));
  std::vector<PluginChoice> extractors, metrics;
  for (const std::string& text : flags.extractors) {
    SXT_TRY(PluginChoice choice, component_flag(text, "--extractor"));
    extractors.push_back(std::move(choice));
  }
  for (const std::string& text : flags.metrics) {
    SXT_TRY(PluginChoice choice, component_flag(text, "--metric"));
    for (const PluginChoice& other : metrics)
      if (other.id == choice.id && other.config == choice.config)
        return usage(fmt::format("--metric names '{}' twice; name it once", text));
    metrics.push_back(std::move(choice));
  }
  for (DatasetConfig& dataset : datasets) {
    if (flags.shots && flags.tasks.empty()) set_shots(dataset.retriever, *flags.shots);
    if (flags.repeat) dataset.repeats = *flags.repeat;
    if (!extractors.empty()) dataset.filters = {{"none", extractors}};
    if (!metrics.empty()) dataset.metrics = metrics;
  }
  return {};
}

// A key that the inferencer does not have is found here, before a model is loaded; its value is checked when it is made.
Result<void> check_keys(const Inferencer& inferencer, const std::string& where, const std::vector<KnownInferencer>& known,
                        const DatasetConfig& dataset) {
  const KnownInferencer* type = find_inferencer(known, inferencer.id);
  if (!type || !type->keys) return {};
  SXT_TRY(const json::Document config, json::parse(inferencer.config, dataset.card_path));
  std::vector<std::string> keys = {"type", "max_out_len", "stop"};
  keys.insert(keys.end(), type->keys->begin(), type->keys->end());
  for (const auto& member : config.GetObject()) {
    const std::string key(json::text(member.name));
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      return Error{Error::Kind::config, fmt::format("{}: '{}.{}' is unknown{}; {} has: {}",
                                                    place_in_card(dataset.card_path, pointer_to(where) + "/" + key), where, key,
                                                    did_you_mean(key, keys), inferencer.id, join(keys, ", "))};
  }
  return {};
}

Result<void> check_ids(const std::vector<DatasetConfig>& datasets, const World& world) {
  std::vector<std::string> inferencers, retrievers;
  std::vector<KnownInferencer> known;
  if (world.inferencers) known = world.inferencers();
  for (const KnownInferencer& one : known) inferencers.push_back(one.id);
  if (world.retrievers) retrievers = world.retrievers();
  for (const DatasetConfig& dataset : datasets) {
    SXT_CHECK(check_id("inferencer", dataset.inferencer.id, inferencers, dataset));
    SXT_CHECK(check_keys(dataset.inferencer, "infer.inferencer", known, dataset));
    SXT_CHECK(check_id("retriever", dataset.retriever.id, retrievers, dataset));
    if (!dataset.judge) continue;
    SXT_CHECK(check_id("inferencer", dataset.judge->inferencer.id, inferencers, dataset));
    SXT_CHECK(check_keys(dataset.judge->inferencer, "eval.judge.inferencer", known, dataset));
  }
  return {};
}

Result<void> name_helpers(std::vector<DatasetConfig>& datasets, const std::vector<ModelConfig>& evaluated,
                          const std::vector<ModelConfig>& listed, const std::vector<std::string>& judge_flag,
                          const MakeHelper& make, const std::function<void(const std::string&)>& warn,
                          std::vector<ModelConfig>& ret_helpers) {
  // A helper that is another model than the evaluated one of its name, or the same one asked otherwise, has a name of its own.
  const auto tell_apart = [&](ModelConfig& model, const char* role) {
    const std::string key = file_name_key(model.abbr);
    for (const ModelConfig& other : evaluated)
      if (file_name_key(other.abbr) == key && !(other.abbr == model.abbr && same_model(other, model))) {
        model.abbr += role;
        return;
      }
  };
  const auto add = [&](const std::string& text, const std::string& origin, const char* role) -> Result<std::string> {
    const auto known = std::find_if(listed.begin(), listed.end(), [&](const ModelConfig& model) { return model.abbr == text; });
    ModelConfig model;
    if (known != listed.end()) {
      model = *known;
    } else {
      SXT_TRY(model, make(text, origin));
    }
    tell_apart(model, role);
    const auto there =
        std::find_if(ret_helpers.begin(), ret_helpers.end(),
                     [key = file_name_key(model.abbr)](const ModelConfig& other) { return file_name_key(other.abbr) == key; });
    if (there == ret_helpers.end()) ret_helpers.push_back(model);
    else if (!same_model(*there, model))
      return usage(fmt::format(
          "{}: two different models are called '{}' and '{}', which would be one folder; give one of them another \"abbr\"",
          origin, there->abbr, model.abbr));
    return model.abbr;
  };
  bool any_judge = false;
  for (DatasetConfig& dataset : datasets) {
    if (!dataset.retriever.model.empty()) {
      SXT_TRY(dataset.retriever.model, add(dataset.retriever.model, dataset.card_path, "_retriever"));
    }
    if (!dataset.judge) continue;
    any_judge = true;
    const bool by_flag = !judge_flag.empty();
    if (!by_flag && dataset.judge->model.empty())
      return usage(fmt::format("{}: the card's judge names no model; give --judge MODEL", dataset.card_path));
    std::vector<std::string> judges;
    for (const std::string& judge : by_flag ? judge_flag : judges_of(*dataset.judge)) {
      SXT_TRY(std::string abbr, add(judge, by_flag ? "--judge" : dataset.card_path, "_judge"));
      if (std::find(judges.begin(), judges.end(), abbr) != judges.end())
        return usage(fmt::format("{}: the judge '{}' is named twice; a panel has different judges",
                                 by_flag ? "--judge" : dataset.card_path, abbr));
      judges.push_back(std::move(abbr));
    }
    dataset.judge->model = judges.front();
    dataset.judge->panel.assign(judges.begin() + 1, judges.end());
    if (dataset.judge->meta.empty()) continue;
    SXT_TRY(dataset.judge->meta, add(dataset.judge->meta, dataset.card_path, "_meta"));
    if (std::find(judges.begin(), judges.end(), dataset.judge->meta) != judges.end())
      return usage(fmt::format("{}: the meta judge '{}' is one of the judges, too; name another model in eval.judge.meta",
                               dataset.card_path, dataset.judge->meta));
  }
  if (!judge_flag.empty() && !any_judge && warn)
    warn(
        "--judge changes nothing: no data set of this run has a judge in its card; --set eval.judge={...} gives it one "
        "(docs/judges.md)");
  return {};
}

}  // namespace sextant::config
