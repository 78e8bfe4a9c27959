#include "card_parts.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "json_source.hpp"

namespace sextant::config {
namespace {

// The configuration that is left of `value` without the members that have a place of their own.
std::string config_without(const json::Value& value, std::initializer_list<const char*> members) {
  json::Document rest = json::copy(value);
  json::remove(rest, members);
  return json::write(rest);
}

// An object that says how a program is started need not say that it is one.
std::optional<std::string> component_type(const json::Value& value) {
  if (auto type = json::find_string(value, "type")) return type;
  const json::Value* command = json::find(value, "command");
  return command && command->IsArray() ? std::optional<std::string>("command") : std::nullopt;
}

void merge_config(json::Value& out, const std::string& config, Allocator& a) {
  if (const auto rest = json::parse(config, "configuration")) merge_into(out, *rest, a);
}

// "model": a card's name, or a model written out.
Result<std::string> model_of(const json::Value& value, const std::string& origin, const std::string& key) {
  const json::Value* model = json::find(value, "model");
  if (!model) return std::string();
  if (model->IsString()) return std::string(json::text(*model));
  if (model->IsObject()) return json::write(*model);
  return card_error(origin, fmt::format("{}.model must be a model card's name, or such a card written out", key));
}
void set_model(json::Value& out, const std::string& model, Allocator& a) {
  if (model.empty()) return;
  json::Value value;
  if (const auto inline_card = model.front() == '{' ? json::parse(model, "model") : Result<json::Document>(Error{}))
    value.CopyFrom(*inline_card, a);
  else value = json::Value(model, a);
  json::set(out, "model", std::move(value), a);
}

Result<std::vector<Filter>> filters_from_json(const json::Value& eval, const std::string& origin) {
  const json::Value* filters = json::find(eval, "filters");
  if (!filters) {
    Filter only;
    SXT_TRY(only.postprocessors, components_from_json(json::find(eval, "postprocessors"), origin, "eval.postprocessors"));
    return std::vector<Filter>{std::move(only)};
  }
  if (json::find(eval, "postprocessors"))
    return card_error(origin, "give eval.postprocessors (one chain) or eval.filters (several by name), not both");
  std::vector<Filter> out;
  for (const auto& member : filters->GetObject()) {
    Filter filter{std::string(json::text(member.name)), {}};
    if (filter.name.empty() || filter.name.find(',') != filter.name.npos)
      return card_error(origin,
                        fmt::format("eval.filters: '{}' is not a name for a filter; use a word without a comma", filter.name));
    SXT_TRY(filter.postprocessors, components_from_json(&member.value, origin, "eval.filters." + filter.name));
    out.push_back(std::move(filter));
  }
  if (out.empty()) return card_error(origin, "eval.filters is empty; name at least one, or leave it out");
  return out;
}

// {"pass_at": [1, 5], "g_pass_at": {"k": [4], "tau": [0.5, 1]}, "attempt_limit_s": 60}; the shape is checked before
Result<void> repeats_from_json(const json::Value& eval, const std::string& origin, DatasetConfig& ret_dataset) {
  const auto counts = [&](const json::Value* list, const char* where, std::vector<uint32_t>& out) -> Result<void> {
    if (!list) return {};
    for (const auto& k : list->GetArray()) {
      if (!k.IsUint() || k.GetUint() == 0)
        return card_error(origin,
                          fmt::format("{} holds a value that is not a number of attempts; give whole numbers from 1", where));
      out.push_back(k.GetUint());
    }
    return {};
  };
  SXT_CHECK(counts(json::find(eval, "pass_at"), "eval.pass_at", ret_dataset.pass_at));
  if (const json::Value* g = json::find(eval, "g_pass_at")) {
    SXT_CHECK(counts(json::find(*g, "k"), "eval.g_pass_at.k", ret_dataset.g_pass_at.k));
    if (const json::Value* tau = json::find(*g, "tau")) {
      ret_dataset.g_pass_at.tau.clear();
      for (const auto& one : tau->GetArray()) {
        if (!(one.GetDouble() >= 0 && one.GetDouble() <= 1))
          return card_error(origin, "eval.g_pass_at.tau holds a number that is not between 0 and 1");
        ret_dataset.g_pass_at.tau.push_back(one.GetDouble());
      }
    }
  }
  if (const auto limit = json::find_number(eval, "attempt_limit_s")) {
    if (*limit <= 0) return card_error(origin, "eval.attempt_limit_s must be more than 0 seconds");
    ret_dataset.attempt_limit_s = *limit;
  }
  return {};
}

void repeats_to_json(const DatasetConfig& dataset, json::Value& ret_eval, Allocator& a) {
  const auto list = [&](const auto& numbers) {
    json::Value out(rapidjson::kArrayType);
    for (const auto number : numbers) out.PushBack(json::Value(number), a);
    return out;
  };
  if (!dataset.pass_at.empty()) json::set(ret_eval, "pass_at", list(dataset.pass_at), a);
  if (!dataset.g_pass_at.k.empty()) {
    json::Value g(rapidjson::kObjectType);
    json::set(g, "k", list(dataset.g_pass_at.k), a);
    json::set(g, "tau", list(dataset.g_pass_at.tau), a);
    json::set(ret_eval, "g_pass_at", std::move(g), a);
  }
  if (dataset.attempt_limit_s != DatasetConfig().attempt_limit_s)
    json::set(ret_eval, "attempt_limit_s", json::Value(dataset.attempt_limit_s), a);
}

}  // namespace

Error card_error(const std::string& origin, const std::string& what) { return {Error::Kind::config, origin + ": " + what}; }

std::vector<std::string> texts_of(const json::Value* list) {
  std::vector<std::string> out;
  if (list && list->IsArray())
    for (const auto& item : list->GetArray())
      if (item.IsString()) out.emplace_back(json::text(item));
  return out;
}

json::Value list_of(const std::vector<std::string>& texts, Allocator& a) {
  json::Value value(rapidjson::kArrayType);
  for (const std::string& text : texts) value.PushBack(json::Value(text, a), a);
  return value;
}

Result<PluginChoice> component_from_json(const json::Value* value, const std::string& origin, const std::string& key) {
  const auto id = value ? component_type(*value) : std::nullopt;
  if (!id || id->empty())
    return card_error(origin, fmt::format("{}.type is missing; name a plugin (`sextant plugins list`)", key));
  return PluginChoice{*id, config_without(*value, {"type"})};
}

json::Value component_to_json(const PluginChoice& choice, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "type", choice.id, a);
  merge_config(out, choice.config, a);
  return out;
}

Result<std::vector<PluginChoice>> components_from_json(const json::Value* list, const std::string& origin,
                                                       const std::string& key) {
  std::vector<PluginChoice> out;
  if (!list) return out;
  if (!list->IsArray()) return card_error(origin, key + " must be a list");
  for (rapidjson::SizeType i = 0; i < list->Size(); ++i) {
    SXT_TRY(PluginChoice choice, component_from_json(&(*list)[i], origin, fmt::format("{}[{}]", key, i)));
    out.push_back(std::move(choice));
  }
  return out;
}

json::Value components_to_json(const std::vector<PluginChoice>& choices, Allocator& a) {
  json::Value value(rapidjson::kArrayType);
  for (const PluginChoice& choice : choices) value.PushBack(component_to_json(choice, a), a);
  return value;
}

Result<Retriever> retriever_from_json(const json::Value* value, const std::string& origin) {
  Retriever retriever;
  if (!value) return retriever;
  retriever.id = component_type(*value).value_or("");
  if (retriever.id.empty())
    return card_error(origin, "infer.retriever.type is missing; name a retriever, such as 'zero' or 'fix_k'");
  const json::Value* ids = json::find(*value, "ids");
  if (ids && !ids->IsArray()) return card_error(origin, "infer.retriever.ids must be a list of rows of the train split");
  if (ids)
    for (const auto& id : ids->GetArray())
      if (!id.IsInt64() || id.GetInt64() < 0 || id.GetInt64() > UINT32_MAX)
        return card_error(origin, "infer.retriever.ids holds a number below 0");
  if (retriever.id == "fix_k" && (!ids || ids->Empty()))
    return card_error(origin, "infer.retriever is fix_k without \"ids\"; list the rows of the train split to show");
  SXT_TRY(retriever.model, model_of(*value, origin, "infer.retriever"));
  retriever.config =
      ids && ids->Empty() ? config_without(*value, {"type", "model", "ids"}) : config_without(*value, {"type", "model"});
  return retriever;
}

json::Value retriever_to_json(const Retriever& retriever, Allocator& a) {
  json::Value out = component_to_json({retriever.id, retriever.config}, a);
  set_model(out, retriever.model, a);
  return out;
}

Result<Inferencer> inferencer_from_json(const json::Value* value, const std::string& origin, const std::string& key) {
  Inferencer inferencer;
  inferencer.id = value ? component_type(*value).value_or("") : "";
  if (inferencer.id.empty()) return card_error(origin, key + ".type is missing; name an inferencer, such as 'gen' or 'ppl'");
  const json::Value* length = json::find(*value, "max_out_len");
  if (length && (!length->IsInt64() || length->GetInt64() < 0 || length->GetInt64() > UINT32_MAX))
    return card_error(origin, key + ".max_out_len must be 1 or more (0 or absent: as long as --max-out-len says)");
  if (length) inferencer.max_out_len = static_cast<uint32_t>(length->GetInt64());
  inferencer.stop = texts_of(json::find(*value, "stop"));
  if (std::find(inferencer.stop.begin(), inferencer.stop.end(), "") != inferencer.stop.end())
    return card_error(origin, key + ".stop has an empty text, before which every reply would end; leave it out");
  inferencer.config = config_without(*value, {"type", "max_out_len", "stop"});
  return inferencer;
}

json::Value inferencer_to_json(const Inferencer& inferencer, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "type", inferencer.id, a);
  if (inferencer.max_out_len) json::set(out, "max_out_len", json::Value(inferencer.max_out_len), a);
  if (!inferencer.stop.empty()) json::set(out, "stop", list_of(inferencer.stop, a), a);
  merge_config(out, inferencer.config, a);
  return out;
}

namespace {

// The same metric with the same settings would be two rows of one number.
Result<void> check_twice(const std::vector<PluginChoice>& choices, const std::string& origin, const char* key) {
  for (size_t i = 0; i < choices.size(); ++i)
    for (size_t k = 0; k < i; ++k)
      if (choices[i].id == choices[k].id && choices[i].config == choices[k].config)
        return card_error(origin, fmt::format("{} names {} twice with the same settings; leave one out", key, choices[i].id));
  return {};
}

}  // namespace

namespace {
bool is_verdict_metric(std::string_view id) { return id == "preference" || id == "rating" || id == "correct"; }
}  // namespace

std::vector<std::string> judges_in(const json::Value& judge) {
  std::vector<std::string> out;
  if (const auto one = json::find_string(judge, "model")) out.push_back(*one);
  else out = texts_of(json::find(judge, "model"));
  if (const json::Value* meta = json::find(judge, "meta"))
    if (const auto one = json::find_string(*meta, "model")) out.push_back(*one);
  return out;
}

Result<Judge> judge_from_json(const json::Value& value, const std::string& origin) {
  Judge judge;
  if (const json::Value* models = json::find(value, "model"); models && models->IsArray()) {
    for (const auto& one : models->GetArray())
      judge.panel.push_back(one.IsString() ? std::string(json::text(one)) : json::write(one));
    if (judge.panel.empty()) return card_error(origin, "eval.judge.model is an empty list; name a judge, or leave the key out");
    judge.model = judge.panel.front();
    judge.panel.erase(judge.panel.begin());
  } else {
    SXT_TRY(judge.model, model_of(value, origin, "eval.judge"));
  }
  judge.vote = json::find_string(value, "combine").value_or("mean") == "vote";
  if (const json::Value* meta = json::find(value, "meta")) {
    SXT_TRY(judge.meta, model_of(*meta, origin, "eval.judge.meta"));
    SXT_TRY(judge.meta_template, component_from_json(json::find(*meta, "template"), origin, "eval.judge.meta.template"));
    if (judge.meta.empty()) return card_error(origin, "eval.judge.meta names no model; give it one, or leave it out");
  }
  const std::string asks = json::find_string(value, "asks").value_or("all");
  judge.asks = asks == "failed" ? Judge::Asks::failed : asks == "either" ? Judge::Asks::either : Judge::Asks::all;
  judge.retry = json::find_string(value, "retry").value_or("");
  judge.labels = json::find_string(value, "labels").value_or("");
  judge.by = texts_of(json::find(value, "by"));
  judge.table = json::find_string(value, "table").value_or("");
  judge.style = json::find_bool(value, "style").value_or(false);
  if (const json::Value* files = json::find(value, "length_controlled")) {
    judge.gamed = json::find_string(*files, "gamed").value_or("");
    judge.difficulty = json::find_string(*files, "difficulty").value_or("");
  }
  if ((judge.style || !judge.gamed.empty()) && !json::find(value, "pairs"))
    return card_error(origin, "eval.judge.style and length_controlled are for pairs; add \"pairs\": \"all\", or leave them out");
  SXT_TRY(judge.template_, component_from_json(json::find(value, "template"), origin, "eval.judge.template"));
  if (const json::Value* inferencer = json::find(value, "inferencer")) {
    SXT_TRY(judge.inferencer, inferencer_from_json(inferencer, origin, "eval.judge.inferencer"));
  }
  SXT_TRY(judge.postprocessors, components_from_json(json::find(value, "postprocessors"), origin, "eval.judge.postprocessors"));
  SXT_TRY(judge.metrics, components_from_json(json::find(value, "metrics"), origin, "eval.judge.metrics"));
  judge.reference = json::find_string(value, "reference").value_or("");
  if (const json::Value* pairs = json::find(value, "pairs")) {
    judge.pairs = true;
    if (pairs->IsObject()) judge.base = json::find_string(*pairs, "base").value_or("");
    else if (json::text(*pairs) != "all") return card_error(origin, R"(eval.judge.pairs is neither "all" nor {"base": MODEL})");
    if (judge.metrics.empty()) judge.metrics.push_back({std::string(pairs_metric), "{}"});
    if (judge.metrics.size() > 1 || judge.metrics.front().id != pairs_metric)
      return card_error(origin, "eval.judge.metrics: pairs are scored by the metric preference alone; leave the key out");
    if (judge.asks != Judge::Asks::all)
      return card_error(origin, "eval.judge.asks is for single answers; leave it out where pairs are judged");
    if (!judge.reference.empty())
      return card_error(origin,
                        "eval.judge.reference is compared with the verdict on one answer; verdicts on pairs have no reference");
  }
  if (const auto orders = json::find_string(value, "orders")) {
    if (!judge.pairs) return card_error(origin, "eval.judge.orders is for pairs; add \"pairs\": \"all\"");
    judge.both_orders = *orders == "both";
  }
  SXT_CHECK(check_twice(judge.metrics, origin, "eval.judge.metrics"));
  for (const PluginChoice& metric : judge.metrics)
    if (is_verdict_metric(metric.id) && judge.inferencer.id != "loglikelihood" && judge.inferencer.id != "clp")
      if (const auto config = json::parse(metric.config, origin); config && json::find_bool(*config, "graded").value_or(false))
        return card_error(
            origin, fmt::format("eval.judge.metrics: \"graded\" goes by the probabilities of labels, and the inferencer {} "
                                "scores none; use loglikelihood or clp, or leave it out",
                                judge.inferencer.id));
  if (!judge.retry.empty() && judge.inferencer.id != "gen")
    return card_error(
        origin,
        "eval.judge.retry asks again for a reply that cannot be read, which is for the inferencer gen alone; leave it out");
  if (!judge.retry.empty() &&
      (judge.metrics.empty() || !judge.postprocessors.empty() || !is_verdict_metric(judge.metrics.front().id)))
    return card_error(
        origin,
        "eval.judge.retry needs preference, rating or correct as the judge's first metric, and no post-processors; "
        "they tell whether a reply can be read");
  if (judge.metrics.empty())
    return card_error(origin, "eval.judge.metrics is empty; name at least one, which scores the judge's reply");
  return judge;
}

json::Value judge_to_json(const Judge& judge, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  if (judge.panel.empty()) {
    set_model(out, judge.model, a);
  } else {
    json::Value models(rapidjson::kArrayType);
    for (const std::string& model : judges_of(judge)) {
      json::Value holder(rapidjson::kObjectType);
      set_model(holder, model, a);
      models.PushBack(holder["model"], a);
    }
    json::set(out, "model", std::move(models), a);
    json::set(out, "combine", judge.vote ? "vote" : "mean", a);
  }
  if (!judge.meta.empty()) {
    json::Value meta(rapidjson::kObjectType);
    set_model(meta, judge.meta, a);
    json::set(meta, "template", component_to_json(judge.meta_template, a), a);
    json::set(out, "meta", std::move(meta), a);
  }
  if (judge.asks != Judge::Asks::all) json::set(out, "asks", judge.asks == Judge::Asks::failed ? "failed" : "either", a);
  if (!judge.retry.empty()) json::set(out, "retry", judge.retry, a);
  if (!judge.by.empty()) json::set(out, "by", list_of(judge.by, a), a);
  if (!judge.labels.empty()) json::set(out, "labels", judge.labels, a);
  if (!judge.table.empty()) json::set(out, "table", judge.table, a);
  if (judge.style) json::set(out, "style", json::Value(true), a);
  if (!judge.gamed.empty()) {
    json::Value files(rapidjson::kObjectType);
    json::set(files, "gamed", judge.gamed, a);
    json::set(files, "difficulty", judge.difficulty, a);
    json::set(out, "length_controlled", std::move(files), a);
  }
  json::set(out, "template", component_to_json(judge.template_, a), a);
  json::set(out, "inferencer", inferencer_to_json(judge.inferencer, a), a);
  json::set(out, "postprocessors", components_to_json(judge.postprocessors, a), a);
  json::set(out, "metrics", components_to_json(judge.metrics, a), a);
  if (!judge.reference.empty()) json::set(out, "reference", judge.reference, a);
  if (judge.pairs) {
    json::Value pairs("all");
    if (!judge.base.empty()) json::set(pairs.SetObject(), "base", judge.base, a);
    json::set(out, "pairs", std::move(pairs), a);
    json::set(out, "orders", judge.both_orders ? "both" : "one", a);
  }
  return out;
}

Result<void> eval_from_json(const json::Value& eval, const std::string& origin, DatasetConfig& ret_dataset) {
  SXT_TRY(ret_dataset.filters, filters_from_json(eval, origin));
  SXT_TRY(ret_dataset.reference_postprocessors,
          components_from_json(json::find(eval, "reference_postprocessors"), origin, "eval.reference_postprocessors"));
  SXT_TRY(ret_dataset.metrics, components_from_json(json::find(eval, "metrics"), origin, "eval.metrics"));
  SXT_CHECK(check_twice(ret_dataset.metrics, origin, "eval.metrics"));
  if (const json::Value* judge = json::find(eval, "judge")) {
    SXT_TRY(ret_dataset.judge, judge_from_json(*judge, origin));
  }
  SXT_CHECK(repeats_from_json(eval, origin, ret_dataset));
  if (ret_dataset.judge && ret_dataset.judge->asks != Judge::Asks::all && ret_dataset.metrics.empty())
    return card_error(origin,
                      "eval.judge.asks goes by what the set's own metric says, and it has none; name one in eval.metrics");
  if (ret_dataset.metrics.empty() && !ret_dataset.judge && !has_own_numbers(ret_dataset.inferencer) &&
      !is_unscored(ret_dataset))
    return card_error(origin, "eval.metrics is empty; name at least one, such as {\"type\": \"accuracy\"}");
  return {};
}

json::Value eval_to_json(const DatasetConfig& dataset, Allocator& a) {
  json::Value eval(rapidjson::kObjectType);
  if (dataset.filters.size() == 1 && dataset.filters.front().name == "none") {
    json::set(eval, "postprocessors", components_to_json(dataset.filters.front().postprocessors, a), a);
  } else {
    json::Value filters(rapidjson::kObjectType);
    for (const Filter& filter : dataset.filters)
      json::set(filters, filter.name, components_to_json(filter.postprocessors, a), a);
    json::set(eval, "filters", std::move(filters), a);
  }
  if (!dataset.reference_postprocessors.empty())
    json::set(eval, "reference_postprocessors", components_to_json(dataset.reference_postprocessors, a), a);
  json::set(eval, "metrics", components_to_json(dataset.metrics, a), a);
  repeats_to_json(dataset, eval, a);
  if (dataset.judge) json::set(eval, "judge", judge_to_json(*dataset.judge, a), a);
  return eval;
}

}  // namespace sextant::config
