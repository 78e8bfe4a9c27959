#include "read_card.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include "../base/text.hpp"
#include "card_parts.hpp"
#include "groups.hpp"
#include "json_source.hpp"
#include "perturb.hpp"
#include "set_member.hpp"
#include "shapes.hpp"
#include "subset.hpp"

namespace sextant::config {
namespace {

bool labelled(data::Form form) { return form != data::Form::open && form != data::Form::whole; }

Result<void> apply_variant(json::Document& card, const std::string& variant, const std::vector<KnownInferencer>& inferencers,
                           const std::string& origin) {
  const json::Value* variants = json::find(card, "variants");
  const json::Value* chosen = variants ? json::find(*variants, variant) : nullptr;
  if (chosen) {
    const json::Document over = json::copy(*chosen);
    merge_into(card, over, card.GetAllocator());
    return {};
  }
  std::vector<std::string> names, ids;
  if (variants)
    for (const auto& member : variants->GetObject()) names.emplace_back(json::text(member.name));
  for (const KnownInferencer& one : inferencers) ids.push_back(one.id);
  std::vector<std::string> all = names;
  all.insert(all.end(), ids.begin(), ids.end());
  return card_error(origin, fmt::format("the card has no variant '{}'{}; it has: {}{}", variant, did_you_mean(variant, all),
                                        names.empty() ? "none" : join(names, ", "),
                                        ids.empty() ? "" : "; inferencers are: " + join(ids, ", ")));
}

// NAME/ID: the inferencer's id replaces the card's. A label that is chosen is the answer already, so what takes an answer out
// of a reply goes.
Result<void> apply_inferencer(json::Document& card, const CardOptions& options, const std::string& origin) {
  auto& a = card.GetAllocator();
  json::Value* infer = card.HasMember("infer") && card["infer"].IsObject() ? &card["infer"] : nullptr;
  if (!infer) return card_error(origin, "\"infer\" is missing; it says how the model is asked");
  const json::Value* own = json::find(*infer, "inferencer");
  const std::string before = own ? json::find_string(*own, "type").value_or("") : "";
  if (before == options.inferencer) return {};
  json::Value fresh(rapidjson::kObjectType);
  json::set(fresh, "type", options.inferencer, a);
  for (const char* kept : {"max_out_len", "stop"})
    if (const json::Value* value = own ? json::find(*own, kept) : nullptr) json::set(fresh, kept, json::Value(*value, a), a);
  json::set(*infer, "inferencer", std::move(fresh), a);
  const KnownInferencer* was = find_inferencer(options.inferencers, before);
  const KnownInferencer* is = find_inferencer(options.inferencers, options.inferencer);
  if (!was || !is || !card.HasMember("eval") || !card["eval"].IsObject()) return {};
  json::Value& eval = card["eval"];
  const auto says_nothing = [&](const char* member) {
    const json::Value* value = json::find(eval, member);
    return !value || (value->IsArray() && value->Empty());
  };
  if (is->form == data::Form::whole && was->form != data::Form::whole) {  // nothing is predicted that could be compared
    for (const char* member : {"postprocessors", "filters", "reference_postprocessors"}) eval.RemoveMember(member);
    json::set(eval, "metrics", json::Value(rapidjson::kArrayType), a);
  } else if (labelled(is->form) && !labelled(was->form)) {
    eval.RemoveMember("postprocessors");
    eval.RemoveMember("filters");
  } else if (labelled(was->form) && is->form == data::Form::open && options.warn && says_nothing("postprocessors") &&
             says_nothing("filters")) {
    options.warn(
        fmt::format("{}: the card was made for {} and does not say how an answer is extracted from a reply; give --extractor, "
                    "such as first_option",
                    origin, before));
  }
  return {};
}

}  // namespace

const KnownInferencer* find_inferencer(const std::vector<KnownInferencer>& known, std::string_view id) {
  const auto it = std::find_if(known.begin(), known.end(), [&](const KnownInferencer& one) { return one.id == id; });
  return it == known.end() ? nullptr : &*it;
}

std::string read_card_name(const std::string& text, const std::vector<KnownInferencer>& inferencers, CardOptions& ret_options) {
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string head = text.substr(0, slash);
  for (size_t begin = slash + 1; begin <= text.size() && slash < text.size();) {
    const size_t end = std::min(text.find('/', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    if (find_inferencer(inferencers, part)) ret_options.inferencer = part;
    else ret_options.variant += (ret_options.variant.empty() ? "" : "/") + part;
    begin = end + 1;
  }
  const size_t colon = head.find(':');
  if (colon != head.npos) ret_options.subset = head.substr(colon + 1);
  return head.substr(0, colon);
}

Result<std::vector<DatasetConfig>> dataset_from_json(const json::Value& given, const std::string& name,
                                                     const std::string& origin, std::vector<SummaryGroup>& ret_groups,
                                                     const CardOptions& options) {
  if (json::find(given, "cards"))
    return card_error(origin, "\"cards\" names other cards, which only a card file can; name these cards themselves");
  json::Document card = json::copy(given);
  for (const auto& [path, value] : options.set) SXT_CHECK(set_member(card, path, value));
  if (!options.set.empty()) SXT_CHECK(JsonSource::from_value(card, origin + " with --set").check(dataset_card_shape()));
  std::vector<DatasetConfig> datasets;
  std::vector<const json::Value*> entries;     // of each data set; null: the card is one
  std::vector<SummaryGroup> groups;
  json::Document each;
  if (!json::find(card, "each")) {
    SXT_TRY(DatasetConfig dataset, dataset_from_filled(card, name, origin));
    datasets.push_back(std::move(dataset));
    entries.push_back(nullptr);
  } else {
    SXT_TRY(each, entries_of_each(card, origin, options.data_folder));
  }
  std::set<std::string> abbrs;
  if (each.IsArray())
    for (const auto& entry : each.GetArray()) {
      json::Document filled;
      filled.SetObject();
      for (const auto& member : card.GetObject())
        if (const auto key = json::text(member.name); key != "each" && key != "groups" && key != "variants" && key != "perturb")
          json::set(filled, key, json::Value(member.value, filled.GetAllocator()), filled.GetAllocator());
      SXT_CHECK(fill_names(filled, entry, origin, filled.GetAllocator()));
      SXT_TRY(DatasetConfig dataset, dataset_from_filled(filled, name, origin));
      if (!abbrs.insert(dataset.abbr).second)
        return card_error(origin, fmt::format("\"each\" gives the abbr '{}' twice; put ${{...}} into \"abbr\"", dataset.abbr));
      datasets.push_back(std::move(dataset));
      entries.push_back(&entry);
    }
  if (json::Value* list = card.HasMember("groups") ? &card["groups"] : nullptr) {
    SXT_TRY(groups, groups_from_json(*list, origin));
    std::vector<std::string> names;
    for (const DatasetConfig& dataset : datasets) names.push_back(dataset.abbr);
    SXT_CHECK(expand_members(groups, names, origin));
  }
  if (!options.subset.empty()) {
    std::vector<std::vector<std::string>> names;
    for (size_t i = 0; i < datasets.size(); ++i) {
      names.push_back(part_names(datasets[i].abbr));
      names.back().push_back(entries[i] ? json::find_string(*entries[i], "name").value_or(datasets[i].abbr) : datasets[i].abbr);
    }
    SXT_CHECK(keep_subset(options.subset, names, origin, datasets, groups));
  }
  std::move(groups.begin(), groups.end(), std::back_inserter(ret_groups));
  if (const json::Value* perturb = json::find(card, "perturb"))
    SXT_CHECK(add_variants(*perturb, origin, datasets, options.warn));
  return datasets;
}

Result<std::vector<DatasetConfig>> read_dataset_card(const CardEntry& entry, const CardOptions& options,
                                                     std::vector<SummaryGroup>& ret_groups) {
  SXT_TRY(json::Document card, load_merged(entry.path, dataset_card_shape(), finder_of(options.store, CardKind::dataset)));
  const std::string origin = entry.path.string();
  std::string name = entry.name;
  if (!options.variant.empty()) {
    SXT_CHECK(apply_variant(card, options.variant, options.inferencers, origin));
    name += "/" + options.variant;
  }
  if (!options.inferencer.empty()) {
    SXT_CHECK(apply_inferencer(card, options, origin));
    name += "/" + options.inferencer;
  }
  return dataset_from_json(card, name, origin, ret_groups, options);
}

}  // namespace sextant::config
