#include "groups.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>
#include <unordered_set>
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "card_parts.hpp"
#include "json_source.hpp"
#include "shapes.hpp"

namespace sextant::config {
namespace {

bool is_glob(const std::string& member) { return member.find_first_of("*?") != member.npos; }

}  // namespace

Result<std::vector<SummaryGroup>> groups_from_json(const json::Value& list, const std::string& origin) {
  std::vector<SummaryGroup> groups;
  for (const auto& item : list.GetArray()) {
    SummaryGroup group{json::find_string(item, "name").value_or(""), texts_of(json::find(item, "members"))};
    if (group.name.empty() || group.members.empty())
      return card_error(origin, fmt::format("groups[{}] needs a \"name\" and \"members\"", groups.size()));
    if (const json::Value* weights = json::find(item, "weights")) {
      group.by_size = weights->IsString() && json::text(*weights) == "size";
      if (!group.by_size && !weights->IsObject())
        return card_error(origin, fmt::format("groups[{}].weights must be \"size\" or an object with a number for each member",
                                              groups.size()));
      std::unordered_map<std::string_view, const json::Value*> given;
      if (!group.by_size)
        for (const auto& weight : weights->GetObject()) given.emplace(json::text(weight.name), &weight.value);
      for (size_t i = 0; !group.by_size && i < group.members.size(); ++i) {
        const auto weight = given.find(group.members[i]);
        if (weight == given.end() || !weight->second->IsNumber() || weight->second->GetDouble() < 0)
          return card_error(origin, fmt::format("groups[{}].weights has no number for '{}', or one below 0; give each member's",
                                                groups.size(), group.members[i]));
        group.weights.push_back(weight->second->GetDouble());
      }
      if (!group.by_size && *std::max_element(group.weights.begin(), group.weights.end()) == 0)
        return card_error(origin, fmt::format("groups[{}].weights are all 0; one must be above", groups.size()));
      const std::unordered_set<std::string> there(group.members.begin(), group.members.end());
      if (!group.by_size)
        for (const auto& weight : weights->GetObject())
          if (const std::string name(json::text(weight.name)); !there.contains(name))
            return card_error(origin, fmt::format("groups[{}].weights names '{}', which is not a member{}", groups.size(), name,
                                                  did_you_mean(name, group.members)));
    }
    group.metrics = texts_of(json::find(item, "metrics"));
    groups.push_back(std::move(group));
  }
  return groups;
}

json::Value group_to_json(const SummaryGroup& group, json::Document::AllocatorType& a) {
  json::Value value(rapidjson::kObjectType);
  json::set(value, "name", group.name, a);
  json::set(value, "members", list_of(group.members, a), a);
  if (group.by_size) json::set(value, "weights", "size", a);
  if (!group.weights.empty()) {
    json::Value weights(rapidjson::kObjectType);
    for (size_t i = 0; i < group.members.size(); ++i) json::set(weights, group.members[i], json::Value(group.weights[i]), a);
    json::set(value, "weights", std::move(weights), a);
  }
  if (!group.metrics.empty()) json::set(value, "metrics", list_of(group.metrics, a), a);
  return value;
}

Result<Summarizer> read_summarizer_card(const CardEntry& entry, const CardStore* store) {
  SXT_TRY(const json::Document card, load_merged(entry.path, summarizer_card_shape(), finder_of(store, CardKind::summarizer)));
  Summarizer summarizer{entry.name, {}};
  if (const json::Value* groups = json::find(card, "groups")) {
    SXT_TRY(summarizer.groups, groups_from_json(*groups, entry.path.string()));
  }
  return summarizer;
}

Result<void> expand_members(std::vector<SummaryGroup>& groups, std::span<const std::string> names, const std::string& origin) {
  for (SummaryGroup& group : groups) {
    std::vector<std::string> members;
    std::unordered_set<std::string> taken;
    std::vector<double> weights;
    std::unordered_set<std::string> named;
    for (size_t i = 0; i < group.members.size(); ++i) {
      const bool glob = is_glob(group.members[i]);
      bool any = false;
      for (size_t k = 0; glob && k < names.size(); ++k) {
        if (!glob_match(group.members[i], names[k])) continue;
        any = true;
        if (taken.insert(names[k]).second) members.push_back(names[k]);
      }
      if (glob && !any)
        return card_error(
            origin, fmt::format("the group '{}' has the member '{}', which matches no data set", group.name, group.members[i]));
      if (!glob) {
        if (!named.insert(group.members[i]).second)
          log_warning_once(
              fmt::format("the group '{}' names its member '{}' twice; it counts once (\"weights\" make it count more)",
                          group.name, group.members[i]));
        if (taken.insert(group.members[i]).second)
          members.push_back(group.members[i]);  // named twice, or found by a glob: it counts once
      }
      if (!group.weights.empty()) weights.resize(members.size(), group.weights[i]);
    }
    group.members = std::move(members);
    group.weights = std::move(weights);
  }
  return {};
}

Result<void> check_group_names(const std::vector<SummaryGroup>& groups, std::span<const std::string> names,
                               const std::string& origin) {
  const std::unordered_set<std::string_view> sets(names.begin(), names.end());
  std::unordered_map<std::string_view, std::vector<std::string>> taken;  // each group's metrics so far
  for (const SummaryGroup& group : groups) {
    if (sets.contains(group.name))
      return card_error(
          origin,
          fmt::format(
              "a group and a data set are called '{}', and the table would have two rows of that name; give the group another",
              group.name));
    if (std::find(group.members.begin(), group.members.end(), group.name) != group.members.end())
      return card_error(origin, fmt::format("the group '{}' is a member of itself; leave it out of its members", group.name));
    // One of several metrics may weigh its members otherwise, or have others: it then stands twice, with metrics of its own.
    const auto [place, fresh] = taken.try_emplace(group.name, group.metrics);
    std::vector<std::string>& before = place->second;
    const bool others = !fresh && !before.empty() && !group.metrics.empty() &&
                        std::none_of(group.metrics.begin(), group.metrics.end(), [&](const std::string& metric) {
                          return std::find(before.begin(), before.end(), metric) != before.end();
                        });
    if (!fresh && !others)
      return card_error(origin, fmt::format("two groups are called '{}'; give one of them another name, or each \"metrics\" "
                                            "that the other does not have",
                                            group.name));
    if (others) before.insert(before.end(), group.metrics.begin(), group.metrics.end());
  }
  return {};
}

}  // namespace sextant::config
