#include "collection.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include "../base/text.hpp"
#include "card_parts.hpp"
#include "groups.hpp"
#include "json_source.hpp"
#include "shapes.hpp"
#include "subset.hpp"

namespace sextant::config {
namespace {

// Members that say how one set is read or asked have no meaning in a card that names others.
Result<void> check_collection(const json::Value& card, const std::string& origin) {
  static const std::set<std::string_view> own = {"extends", "card",          "summary",   "cards",
                                                 "groups",  "allow_missing", "provenance"};
  for (const auto& member : card.GetObject())
    if (!own.contains(json::text(member.name)))
      return card_error(origin,
                        fmt::format("\"{}\" stands beside \"cards\"; a card that names other cards has only: {}",
                                    json::text(member.name), join(std::vector<std::string>(own.begin(), own.end()), ", ")));
  if (json::find(card, "cards")->Empty()) return card_error(origin, "\"cards\" is empty; name at least one card");
  return {};
}

struct Part {
  std::string name;
  CardSets sets;
};

// `chain`: the collections that are being read, so that one cannot hold itself.
Result<std::vector<Part>> parts_of(const CardEntry& entry, const CardOptions& options, std::vector<std::string> chain) {
  SXT_TRY(const json::Document card,
          load_merged(entry.path, dataset_card_shape(), finder_of(options.store, CardKind::dataset)));
  std::vector<Part> parts;
  const json::Value* cards = json::find(card, "cards");
  if (!cards) {
    Part part{entry.name, {}};
    SXT_TRY(part.sets.datasets, read_dataset_card(entry, options, part.sets.groups));
    parts.push_back(std::move(part));
    return parts;
  }
  const std::string origin = entry.path.string();
  SXT_CHECK(check_collection(card, origin));
  if (!options.variant.empty())
    return card_error(origin,
                      fmt::format("the card names other cards and has no variant '{}'; name the card and its variant itself",
                                  options.variant));
  if (std::find(chain.begin(), chain.end(), origin) != chain.end())
    return card_error(origin, "the card names itself, through: " + join(chain, ", "));
  chain.push_back(origin);
  std::vector<std::string> names;
  for (const auto& item : cards->GetArray()) {
    CardOptions own = options;
    own.subset.clear();
    const std::string text(json::text(item));
    const std::string name = read_card_name(text, options.inferencers, own);
    const auto found = options.store ? options.store->find(CardKind::dataset, name)
                                     : Result<const CardEntry*>(card_error(origin, "cards cannot be looked up here"));
    if (!found) return Error{found.error().kind, fmt::format("{}: \"cards\": {}", origin, found.error().message)};
    SXT_TRY(std::vector<Part> inner, parts_of(**found, own, chain));
    for (Part& part : inner) {
      for (const DatasetConfig& dataset : part.sets.datasets) names.push_back(dataset.abbr);
      for (const SummaryGroup& group : part.sets.groups) names.push_back(group.name);
      parts.push_back({text, std::move(part.sets)});
    }
  }
  Part last{"", {}};
  if (const json::Value* groups = json::find(card, "groups")) {
    SXT_TRY(last.sets.groups, groups_from_json(*groups, origin));
    SXT_CHECK(expand_members(last.sets.groups, names, origin));
  }
  last.sets.allow_missing = json::find_bool(card, "allow_missing").value_or(false);
  parts.push_back(std::move(last));
  return parts;
}

}  // namespace

Result<std::vector<CardSets>> read_cards(const CardEntry& entry, const CardOptions& options) {
  CardOptions whole = options;
  SXT_TRY(const json::Document card,
          load_merged(entry.path, dataset_card_shape(), finder_of(options.store, CardKind::dataset)));
  const bool collection = json::find(card, "cards");
  if (collection) whole.subset.clear();
  SXT_TRY(std::vector<Part> parts, parts_of(entry, whole, {}));
  std::vector<CardSets> sets;
  std::set<std::string> used;
  const std::vector<std::string> patterns = collection ? patterns_of(options.subset) : std::vector<std::string>();
  std::vector<std::string> known;
  for (Part& part : parts) {
    std::vector<std::string> meant;
    std::vector<std::vector<std::string>> names;
    if (!part.name.empty()) known.push_back(part.name);
    for (const DatasetConfig& dataset : part.sets.datasets) {
      names.push_back(part_names(dataset.abbr));
      names.back().insert(names.back().begin(), part.name);
      known.push_back(dataset.abbr);
    }
    for (const std::string& pattern : patterns)
      if (std::any_of(names.begin(), names.end(), [&](const auto& of_one) { return names_part(pattern, of_one); }))
        meant.push_back(pattern);
    used.insert(meant.begin(), meant.end());
    if (!patterns.empty() && meant.empty()) continue;
    if (!meant.empty())
      SXT_CHECK(keep_subset(join(meant, ","), names, entry.path.string(), part.sets.datasets, part.sets.groups));
    sets.push_back(std::move(part.sets));
  }
  for (const std::string& pattern : patterns)
    if (!used.contains(pattern))
      return Error{Error::Kind::usage,
                   fmt::format("{}: no card and no data set of the collection is called '{}'{}; its cards are: {}",
                               entry.path.string(), pattern, did_you_mean(pattern, known), first_names(known, 12))};
  return sets;
}

}  // namespace sextant::config
