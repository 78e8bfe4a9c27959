#include "differences.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../base/text.hpp"
#include "../config/card_parts.hpp"

namespace sextant::cli {
namespace {

using Sentences = Differences::Sentences;
using Settings = std::function<json::Document(const std::string&, const json::Value&)>;

constexpr size_t value_bytes_max = 60;  // of a value in a message
constexpr size_t shown_max = 6;

std::string shown(const json::Value* value) { return value ? shorten(json::write(*value), value_bytes_max) : "absent"; }

void compare(const std::string& path, const json::Value* before, const json::Value* now, Sentences& out) {
  if (before && now && before->IsObject() && now->IsObject()) {
    for (const auto& member : before->GetObject()) {
      const std::string name(json::text(member.name));
      compare(path.empty() ? name : path + "." + name, &member.value, json::find(*now, name), out);
    }
    for (const auto& member : now->GetObject())
      if (const std::string name(json::text(member.name)); !json::find(*before, name))
        compare(path.empty() ? name : path + "." + name, nullptr, &member.value, out);
    return;
  }
  if (!before && !now) return;
  if (before && now && json::canonical(*before) == json::canonical(*now)) return;
  out.push_back(fmt::format("{} was {} and is {}", path, shown(before), shown(now)));
}

// The items of a list by a name in each.
std::map<std::string, const json::Value*> by_name(const json::Value& config, const char* list,
                                                  std::initializer_list<const char*> names) {
  std::map<std::string, const json::Value*> out;
  const json::Value* items = json::find(config, list);
  if (!items || !items->IsArray()) return out;
  for (const auto& item : items->GetArray())
    for (const char* name : names)
      if (const auto text = json::find_string(item, name); text && !text->empty()) {
        out.emplace(*text, &item);
        break;
      }
  return out;
}

// But for its own post-processors, which are a part of scoring.
json::Document model_settings(const json::Value& model, const Settings& settings) {
  json::Document out = json::copy(model);
  json::remove(out, {"postprocessors"});
  if (const json::Value* config = json::find(model, "config"); config && config->IsObject()) {
    const json::Document kept = settings(json::find_string(model, "backend").value_or(""), *config);
    json::set(out, "config", json::Value(kept, out.GetAllocator()), out.GetAllocator());
  }
  return out;
}

// The abbrs of the models that a data set asks besides the evaluated ones.
std::vector<std::string> helpers_of(const json::Value& dataset) {
  std::vector<std::string> out;
  for (const auto& [part, member] : {std::pair("infer", "retriever"), std::pair("eval", "judge")})
    if (const json::Value* outer = json::find(dataset, part))
      if (const json::Value* inner = json::find(*outer, member))
        for (const std::string& model : config::judges_in(*inner)) out.push_back(model);
  return out;
}

// What a judge is asked is asked, though it stands in "eval".
void split(const json::Value& dataset, json::Document& ret_asked, json::Document& ret_scored) {
  ret_asked = json::copy(dataset);
  json::remove(ret_asked, {"version", "source_card", "abbr", "task_name", "eval"});
  ret_scored.SetObject();
  const json::Value* eval = json::find(dataset, "eval");
  if (!eval) return;
  ret_scored = json::copy(*eval);
  if (!ret_scored.HasMember("judge")) return;
  json::Document judge = json::copy(ret_scored["judge"]);
  json::remove(ret_scored["judge"], {"model", "meta", "template", "inferencer", "retry", "asks"});
  json::remove(judge, {"postprocessors", "reference", "metrics", "combine", "by", "labels", "table", "style", "length_controlled"});
  json::set(ret_asked, "judge", json::Value(judge, ret_asked.GetAllocator()), ret_asked.GetAllocator());
}

}  // namespace

bool Differences::asks_otherwise(const std::string& model, const std::string& dataset) const {
  return !run.empty() || models.contains(model) || asked.contains(dataset);
}

Sentences Differences::all() const {
  Sentences out = run;
  const auto add = [&](const char* what, const std::map<std::string, Sentences>& named) {
    for (const auto& [name, sentences] : named)
      for (const std::string& sentence : sentences) out.push_back(fmt::format("{} '{}': {}", what, name, sentence));
  };
  add("model", models);
  add("data set", asked);
  add("data set", scored);
  for (const std::string& name : gone_models) out.push_back(fmt::format("the model '{}' is not in it any more", name));
  for (const std::string& name : gone_datasets) out.push_back(fmt::format("the data set '{}' is not in it any more", name));
  return out;
}

Differences differences(const json::Value& before, const json::Value& now, const Settings& settings) {
  Differences out;
  for (const char* name : {"compat", "limit", "limit_mode", "seed", "rows", "exclude"})
    compare(name, json::find(before, name), json::find(now, name), out.run);
  std::map<std::string, Sentences> helpers;
  Sentences read;  // what models' own post-processors were and are
  for (const char* list : {"models", "helpers"}) {
    const auto old_ones = by_name(before, list, {"abbr"}), new_ones = by_name(now, list, {"abbr"});
    for (const auto& [name, model] : old_ones) {
      const auto it = new_ones.find(name);
      if (it == new_ones.end()) {
        if (list == std::string_view("models")) out.gone_models.insert(name);
        continue;
      }
      compare(fmt::format("the model '{}': postprocessors", name), json::find(*model, "postprocessors"),
              json::find(*it->second, "postprocessors"), read);
      const json::Document one = model_settings(*model, settings), other = model_settings(*it->second, settings);
      Sentences sentences;
      compare("", &one, &other, sentences);
      if (!sentences.empty()) (list == std::string_view("models") ? out.models : helpers)[name] = std::move(sentences);
    }
  }
  const auto old_sets = by_name(before, "datasets", {"task_name", "abbr"}),
             new_sets = by_name(now, "datasets", {"task_name", "abbr"});
  for (const auto& [name, dataset] : old_sets) {
    const auto it = new_sets.find(name);
    if (it == new_sets.end()) {
      out.gone_datasets.insert(name);
      continue;
    }
    json::Document asked_before, asked_now, scored_before, scored_now;
    split(*dataset, asked_before, scored_before);
    split(*it->second, asked_now, scored_now);
    Sentences asked, scored;
    compare("", &asked_before, &asked_now, asked);
    compare("eval", &scored_before, &scored_now, scored);
    Sentences& place = asked_now.HasMember("judge") ? asked : scored;  // a judge is shown what they leave
    place.insert(place.end(), read.begin(), read.end());
    for (const std::string& helper : helpers_of(*it->second))
      if (const auto changed = helpers.find(helper); changed != helpers.end())
        for (const std::string& sentence : changed->second)
          asked.push_back(fmt::format("its model '{}': {}", helper, sentence));
    if (!asked.empty()) out.asked[name] = std::move(asked);
    if (!scored.empty()) out.scored[name] = std::move(scored);
  }
  return out;
}

std::string some_of(const std::vector<std::string>& sentences) {
  std::string out = join(std::span(sentences).first(std::min(shown_max, sentences.size())), "; ");
  if (sentences.size() > shown_max) out += fmt::format("; and {} more", sentences.size() - shown_max);
  return out;
}

}  // namespace sextant::cli
