#include "panel.hpp"
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include "../base/json_number.hpp"
#include "../base/text.hpp"
#include "../config/card_parts.hpp"
#include "../score/components.hpp"
#include "../score/own_metrics.hpp"

namespace sextant::check {
namespace {

constexpr size_t rows_shown = 8;
constexpr unsigned threads = 2;

const std::vector<config::PluginChoice>& own_chain(const config::DatasetConfig& dataset) {
  return dataset.filters.front().postprocessors;
}

// The options' letters go from the set's own extractor to one that takes them.
config::PluginChoice with_options(plugin::Host& host, const std::string& id, const config::PluginChoice& own) {
  config::PluginChoice out{id, "{}"};
  const auto config = json::parse(own.config, own.id);
  const auto options = config ? json::find_string(*config, "options") : std::nullopt;
  const auto found = host.registry().find(plugin::Kind::postprocessor, id);
  if (!options || !found) return out;
  const auto schema = json::parse(found->component->schema, id);
  const json::Value* properties = schema ? json::find(*schema, "properties") : nullptr;
  if (!properties || !json::find(*properties, "options")) return out;
  json::Document given(rapidjson::kObjectType);
  json::set(given, "options", *options, given.GetAllocator());
  out.config = json::write(given);
  return out;
}

std::string chain_name(const std::vector<config::PluginChoice>& chain) {
  std::vector<std::string> ids;
  for (const config::PluginChoice& one : chain) ids.push_back(one.id);
  return fmt::format("its own ({})", ids.empty() ? "the whole reply" : join(ids, ", "));
}

struct Scores {
  PanelMember member;
  std::string metric;
  std::vector<double> values;  // [attempt]
};
Result<Scores> scores_of(plugin::Host& host, config::DatasetConfig set, config::Compat compat,
                         const score::Attempts& attempts) {
  set.judge.reset();
  set.pass_at.clear();
  set.g_pass_at = {};
  SXT_TRY(const auto facts, score::facts_of(host, set));
  SXT_TRY(const score::Scored scored, score::score(set, attempts, facts, score::make_reader(host, set, compat), threads,
                                                   std::filesystem::temp_directory_path()));
  if (scored.failed > 0 && scored.error) return *scored.error;
  if (scored.numbers.empty() || scored.columns.empty()) return Error{Error::Kind::data, "the set has no number of its own"};
  Scores out;
  out.member.score = scored.numbers.front().value;
  out.member.unparsed = scored.unparsed;
  out.metric = scored.numbers.front().metric;
  out.values = scored.columns.front().values;
  return out;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace

Result<std::vector<config::PluginChoice>> members_for(plugin::Host& host, const config::DatasetConfig& dataset,
                                                      const std::vector<config::ExtractorPanel>& panels,
                                                      std::vector<config::PluginChoice> given) {
  if (score::runs_programs(dataset)) return Error{Error::Kind::data, "programs are run for its score; no panel reads those"};
  if (dataset.judge && dataset.metrics.empty()) return Error{Error::Kind::data, "a judge scores it"};
  if (dataset.metrics.empty()) return Error{Error::Kind::data, "it has no metric that reads replies"};
  const std::vector<config::PluginChoice>& own = own_chain(dataset);
  const config::PluginChoice last = own.empty() ? config::PluginChoice{} : own.back();
  const auto has = [](const std::vector<std::string>& ids, const std::string& id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  if (given.empty()) {
    const auto panel = std::find_if(panels.begin(), panels.end(),
                                    [&](const config::ExtractorPanel& one) { return has(one.replaces, last.id); });
    if (panel == panels.end())
      return Error{Error::Kind::data, fmt::format("no panel is known for {}; name extractors with --extractor",
                                                  last.id.empty() ? "a set that reads the whole reply" : "'" + last.id + "'")};
    for (const std::string& id : panel->extractors) given.push_back(with_options(host, id, last));
    std::erase_if(given, [&](const config::PluginChoice& one) { return own.size() == 1 && one.id == last.id; });
  }
  return given;
}

Result<Panel> panel_of(plugin::Host& host, const config::DatasetConfig& dataset, config::Compat compat,
                       const score::Attempts& attempts, const std::vector<config::PluginChoice>& members) {
  Panel out;
  out.dataset = dataset.task_name;
  out.n = attempts.count;
  config::DatasetConfig set = dataset;
  set.filters = {{"none", own_chain(dataset)}};  // of several the first, which the table's first number is of
  SXT_TRY(Scores own, scores_of(host, set, compat, attempts));
  own.member.name = chain_name(own_chain(dataset));
  out.metric = own.metric;
  out.low = out.high = own.member.score;
  std::vector<bool> depends(own.values.size());
  out.members.push_back(own.member);
  for (const config::PluginChoice& extractor : members) {
    set.filters = {{"none", {extractor}}};
    auto scores = scores_of(host, set, compat, attempts);
    PanelMember member = scores ? scores->member : PanelMember{};
    member.extractor = extractor;
    member.name = extractor.id;
    if (!scores) member.error = scores.error().message;
    out.members.push_back(std::move(member));
    if (!scores || std::isnan(scores->member.score)) continue;
    out.low = std::min(out.low, scores->member.score);
    out.high = std::max(out.high, scores->member.score);
    for (size_t i = 0; i < std::min(depends.size(), scores->values.size()); ++i)
      depends[i] = depends[i] || !same(scores->values[i], own.values[i]);
  }
  for (size_t i = 0; i < depends.size(); ++i) {
    if (!depends[i]) continue;
    SXT_TRY(const auto attempt, attempts.read(i, 1));
    out.rows.push_back(attempt.front().id.row);
  }
  return out;
}

std::string to_text(const std::vector<Panel>& panels) {
  std::string out;
  for (const Panel& panel : panels) {
    out += fmt::format("{} | {}: {} {:.2f}, {:.2f} to {:.2f} over {} extractors; {} of {} replies depend on which\n",
                       panel.model, panel.dataset, panel.metric, panel.members.front().score, panel.low, panel.high,
                       panel.members.size(), panel.rows.size(), panel.n);
    for (const PanelMember& member : panel.members)
      out += member.error.empty()
                 ? fmt::format("  {:8.2f}  {}, no answer in {} replies\n", member.score, member.name, member.unparsed)
                 : fmt::format("         -  {}: {}\n", member.name, member.error);
    if (panel.rows.empty()) continue;
    out += "            rows ";
    for (size_t i = 0; i < std::min(rows_shown, panel.rows.size()); ++i)
      out += fmt::format("{}{}", i == 0 ? "" : ", ", panel.rows[i]);
    out +=
        panel.rows.size() > rows_shown ? fmt::format(" and {} more (--json has all)\n", panel.rows.size() - rows_shown) : "\n";
  }
  return out;
}

json::Value to_json(const Panel& panel, json::Document::AllocatorType& a) {
  json::Value out(rapidjson::kObjectType), rows(rapidjson::kArrayType), extractors(rapidjson::kArrayType);
  json::set(out, "model", panel.model, a);
  json::set(out, "dataset", panel.dataset, a);
  json::set(out, "metric", panel.metric, a);
  json::set(out, "n", json::Value(panel.n), a);
  json::set(out, "score", number_or_null(panel.members.front().score), a);
  json::set(out, "low", number_or_null(panel.low), a);
  json::set(out, "high", number_or_null(panel.high), a);
  for (const uint64_t row : panel.rows) rows.PushBack(row, a);
  json::set(out, "rows", std::move(rows), a);
  for (const PanelMember& member : panel.members) {
    json::Value item(rapidjson::kObjectType);
    json::set(item, "extractor", member.name, a);
    json::set(item, "score", number_or_null(member.score), a);
    json::set(item, "unparsed", json::Value(member.unparsed), a);
    if (!member.error.empty()) json::set(item, "error", member.error, a);
    extractors.PushBack(std::move(item), a);
  }
  json::set(out, "extractors", std::move(extractors), a);
  return out;
}

}  // namespace sextant::check
