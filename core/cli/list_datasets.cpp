#include "list_datasets.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../base/text.hpp"
#include "../config/collection.hpp"
#include "../config/json_source.hpp"
#include "../config/shapes.hpp"
#include "../load/data.hpp"
#include "../load/presence.hpp"

namespace sextant::cli {
namespace fs = std::filesystem;
namespace {

constexpr size_t lines_max = 12;   // of files and sets; a card may have hundreds

struct Card {
  std::vector<config::DatasetConfig> sets;
  std::vector<config::SummaryGroup> groups;
};
Result<Card> read_card(Workspace& workspace, const config::CardEntry& entry, const std::string& data_dir) {
  const config::World world = workspace.world();
  config::CardOptions options;
  options.store = &workspace.cards();
  options.data_folder = [&](const std::string& folder, const std::string& loader) {
    return world.data_folder(data_dir, folder, loader);
  };
  Card card;
  SXT_TRY(std::vector<config::CardSets> cards, config::read_cards(entry, options));
  for (config::CardSets& one : cards) {
    std::move(one.datasets.begin(), one.datasets.end(), std::back_inserter(card.sets));
    std::move(one.groups.begin(), one.groups.end(), std::back_inserter(card.groups));
  }
  return card;
}

std::vector<fs::path> places_of(Workspace& workspace, const config::DatasetConfig& set, const std::string& data_dir) {
  if (!set.path.empty()) return {set.path};
  const auto loader = workspace.host().registry().find(plugin::Kind::dataset, set.loader.id);
  return load::data_candidates(data_dir, set.folder, loader ? loader->file->path : fs::path());
}

std::string names_of(const std::vector<config::PluginChoice>& chain) {
  std::vector<std::string> names;
  for (const config::PluginChoice& one : chain) names.push_back(one.config == "{}" ? one.id : one.id + " " + one.config);
  return join(names, ", then ");
}

std::string some(const std::vector<std::string>& names) {
  std::vector<std::string> shown(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), lines_max)));
  return join(shown, ", ") + (names.size() > shown.size() ? fmt::format(", and {} more", names.size() - shown.size()) : "");
}

std::string scoring(const config::DatasetConfig& set) {
  std::string out;
  for (const config::Filter& filter : set.filters)
    if (!filter.postprocessors.empty())
      out += fmt::format("answers ({}): {}\n", filter.name == "none" ? "all" : filter.name, names_of(filter.postprocessors));
  if (!set.metrics.empty()) out += fmt::format("metrics: {}\n", names_of(set.metrics));
  if (set.judge)
    out += fmt::format("judge: {}\n",
                       set.judge->model.empty() ? "the one that --judge names" : join(config::all_judges_of(*set.judge), ", "));
  return out;
}

}  // namespace

DatasetData data_of(Workspace& workspace, const config::CardEntry& entry, const std::string& data_dir) {
  const auto card = read_card(workspace, entry, data_dir);
  if (!card) return {card.error().kind == Error::Kind::missing ? "missing" : "card", card.error().message};
  size_t here = 0;
  std::string found, missing;
  for (const config::DatasetConfig& set : card->sets) {
    const std::vector<fs::path> places = places_of(workspace, set, data_dir);
    std::string lacking;
    const fs::path folder = load::folder_with(places, load::files_of_set(set), lacking);
    if (!folder.empty()) {
      ++here;
      if (found.empty()) found = folder.string();
    } else if (missing.empty() && !places.empty()) {
      missing = (lacking.empty() ? places.front() : places.front() / lacking).string();
    }
  }
  const size_t all = card->sets.size();
  return {here == all ? "here" : here == 0 ? "missing" : fmt::format("{} of {}", here, all), here > 0 ? found : missing};
}

Result<std::string> about_dataset(Workspace& workspace, const config::CardEntry& entry, const std::string& data_dir) {
  SXT_TRY(const json::Document merged, config::load_merged(entry.path, config::dataset_card_shape(),
                                                           config::finder_of(&workspace.cards(), config::CardKind::dataset)));
  std::string out = fmt::format("{}: {}\n", entry.name, entry.summary);
  if (const json::Value* provenance = json::find(merged, "provenance"))
    for (const auto& [key, title] :
         {std::pair{"about", "what it is"}, {"source", "source"}, {"licence", "licence"}, {"get", "how to get it"}})
      if (const auto text = json::find_string(*provenance, key)) out += fmt::format("{}: {}\n", title, *text);
  out += fmt::format("card: {}\n", entry.path.string());
  const DatasetData data = data_of(workspace, entry, data_dir);
  out += fmt::format("data: {}{}\n", data.state, data.where.empty() ? "" : fmt::format(" ({})", data.where));
  const auto card = read_card(workspace, entry, data_dir);
  if (!card) return out;
  const config::DatasetConfig& first = card->sets.front();
  std::vector<std::string> names, places, files;
  for (const config::DatasetConfig& set : card->sets) {
    names.push_back(set.abbr);
    for (std::string& file : load::files_of_set(set))
      if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(std::move(file));
  }
  for (const fs::path& place : places_of(workspace, first, data_dir)) places.push_back(place.string());
  out += fmt::format("data sets: {}\n", some(names));
  if (!card->groups.empty()) {
    std::vector<std::string> groups;
    for (const config::SummaryGroup& group : card->groups) groups.push_back(group.name);
    out += fmt::format("groups: {}\n", some(groups));
  }
  out += fmt::format("looked for in: {}\n", join(places, ", "));
  if (!files.empty()) out += fmt::format("files: {}\n", some(files));
  if (const json::Value* provenance = json::find(merged, "provenance"))
    if (const json::Value* sums = json::find(*provenance, "sha256"); sums && sums->IsObject())
      for (const auto& sum : sums->GetObject())
        out += fmt::format("sha256: {} {}\n", json::text(sum.value), json::text(sum.name));
  if (const json::Value* provenance = json::find(merged, "provenance"))
    if (const json::Value* fetch = json::find(*provenance, "fetch"); fetch && !fetch->Empty()) {
      const bool sums = std::all_of(fetch->Begin(), fetch->End(), [](const json::Value& one) { return json::find(one, "sha256"); });
      std::vector<std::string> addresses;
      for (const auto& one : fetch->GetArray()) addresses.push_back(json::find_string(one, "url").value_or(""));
      out += fmt::format("{}: {}\n", sums ? fmt::format("`sextant fetch {}` gets", entry.name) : "addresses (to be got by hand)",
                         some(addresses));
    }
  out += fmt::format(
      "asked by: {}{}\n", first.inferencer.id,
      first.retriever.shows_examples() ? fmt::format(", examples by {} {}", first.retriever.id, first.retriever.config) : "");
  return out + scoring(first);
}

}  // namespace sextant::cli
