#include "values.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/json_text.hpp>
#include <unordered_set>
#include "steps.hpp"

namespace sextant::score {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

template <size_t n> size_t place_of(const std::array<std::string_view, n>& names, std::string_view name) {
  return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

}  // namespace

ValueFacts facts_of(const MetricFacts& metric, const std::string& value) {
  for (const ValueFacts& facts : metric.values)
    if (facts.name == value || (facts.name.empty() && value == metric.id)) return facts;
  ValueFacts facts;
  // a metric with one value may call it as it likes
  if (metric.values.size() == 1) facts = metric.values.front();
  facts.name = value;
  return facts;
}

std::string key_of(const std::vector<std::string>& filters, std::string_view name, size_t filter) {
  return filters.size() > 1 ? fmt::format("{},{}", name, filters[filter]) : std::string(name);
}

Values::Values(uint64_t attempts, std::vector<std::string> filters, const std::vector<MetricFacts>& metrics,
               std::vector<ChoiceScore> scores)
    : attempts_(attempts),
      filters_(std::move(filters)),
      facts_(metrics),
      scores_(std::move(scores)),
      scored_(scores_.size()),
      pairs_(std::any_of(scores_.begin(), scores_.end(), is_pair_score) ? attempts : 0),
      metrics_(metrics.size()),
      failed_(filters_.size(), std::vector<bool>(attempts)) {}

void Values::set(std::vector<double>& column, uint64_t number, double value) {
  if (column.empty()) column.assign(attempts_, none);
  column[number] = value;
}

void Values::add_verdict(uint64_t number, size_t filter, size_t metric, const Verdict& verdict) {
  Metric& of = metrics_[metric];
  for (size_t k = 0; k < verdict.values.size(); ++k) {
    const auto& [given, value] = verdict.values[k];
    const std::string& name = given.empty() ? facts_[metric].id : given;
    const std::tuple at(number, filter, k);
    const auto [place, fresh] = of.places.try_emplace(name, of.names.size());
    if (fresh) of.names.push_back({name, at, std::vector<std::vector<double>>(filters_.size()), UINT64_MAX});
    Named& named = of.names[place->second];
    named.first = std::min(named.first, at);
    const uint64_t this_one = number * filters_.size() + filter;
    if (std::exchange(named.last, this_one) != this_one)
      set(named.values[filter], number, value);  // of two under one name the first counts
  }
}

std::vector<uint32_t> Values::clusters(uint64_t n) const {
  if (clusters_.empty()) return {};
  std::vector<uint32_t> out(n);
  std::unordered_map<uint32_t, uint32_t> places;   // whatever the order in which threads have named them
  uint32_t next = 0;
  for (uint64_t i = 0; i < n; ++i) {
    if (clusters_[i] == 0) {
      out[i] = next++;
      continue;
    }
    const auto [place, fresh] = places.try_emplace(clusters_[i], next);
    if (fresh) ++next;
    out[i] = place->second;
  }
  return out;
}

void Values::add(uint64_t number, const data::Attempt& attempt, const std::vector<Reading>& readings) {
  if (!attempt.cluster.empty()) {
    if (clusters_.empty()) clusters_.assign(attempts_, 0);
    clusters_[number] =
        cluster_names_.try_emplace(attempt.cluster, static_cast<uint32_t>(cluster_names_.size() + 1)).first->second;
  }
  for (size_t filter = 0; filter < readings.size(); ++filter) {
    failed_[filter][number] = readings[filter].error.has_value();
    for (size_t metric = 0; metric < std::min(metrics_.size(), readings[filter].verdicts.size()); ++metric)
      add_verdict(number, filter, metric, readings[filter].verdicts[metric]);
  }
  if (attempt.labels.size() > 1 && !readings.front().error)
    add_chance(number, attempt, text_or_json(readings.front().reference_json));
  if (attempt.extra_json.empty()) return;
  const auto extra = json::parse(attempt.extra_json, "extra");
  if (!extra) return;
  if (attempt.labels.empty())
    for (size_t i = 0; i < carried_names.size(); ++i)
      if (const auto value = json::find_number(*extra, carried_names[i])) set(carried_[i], number, *value);
  const json::Value* choices = readings.front().error ? nullptr : json::find(*extra, "choices");
  if (!choices) return;
  if (!scores_.empty()) {
    const auto target = json::parse(readings.front().reference_json, "the target");
    for (size_t i = 0; target && i < scores_.size(); ++i)
      set(scored_[i], number, choice_score(scores_[i].kind, attempt, *extra, *target));
    if (target && !pairs_.empty()) pairs_[number] = pair_of(*extra, *target);
    return;
  }
  const std::string target = text_or_json(readings.front().reference_json);
  for (size_t i = 0; i < choice_kinds.size(); ++i)
    if (const auto choice = json::find_string(*choices, choice_kinds[i])) set(right_[i], number, *choice == target ? 1 : 0);
}

// The probabilities that sums of ln p give the labels, where one of them is the answer.
void Values::add_chance(uint64_t number, const data::Attempt& attempt, const std::string& target) {
  std::vector<double> logprobs;
  size_t right = attempt.labels.size();
  for (const data::LabelScore& label : attempt.labels) {
    if (label.label == target) right = logprobs.size();
    logprobs.push_back(label.logprob);
  }
  if (chances_.empty()) {
    chances_.resize(attempts_);
    first_label_ = attempt.labels[0].label;
    second_label_ = attempt.labels[1].label;
  }
  binary_ =
      binary_ && logprobs.size() == 2 && attempt.labels[0].label == first_label_ && attempt.labels[1].label == second_label_;
  if (right < logprobs.size()) chances_[number] = stats::chance_of(logprobs, right);
}

const std::vector<stats::Chance>& Values::chances(bool& ret_binary) const {
  ret_binary = binary_;
  return chances_;
}

// The values that a metric gave anywhere, in the order in which they are declared, then in which they first came.
std::vector<Values::Named*> Values::in_order(size_t metric) {
  Metric& of = metrics_[metric];
  if (of.names.empty())
    of.names.push_back(
        {facts_[metric].id, {}, std::vector<std::vector<double>>(filters_.size()), UINT64_MAX});  // it still has its column
  std::vector<Named*> out;
  for (Named& named : of.names) out.push_back(&named);
  const auto declared = [&](const Named* named) {
    const auto& values = facts_[metric].values;
    return std::find_if(values.begin(), values.end(), [&](const ValueFacts& facts) {
             return facts.name == named->name || (facts.name.empty() && named->name == facts_[metric].id);
           }) - values.begin();
  };
  std::sort(out.begin(), out.end(), [&](const Named* a, const Named* b) {
    return std::tuple(declared(a), a->first) < std::tuple(declared(b), b->first);
  });
  return out;
}

std::vector<Column> Values::take_columns() {
  std::vector<std::vector<Named*>> names;
  for (size_t m = 0; m < metrics_.size(); ++m) names.push_back(in_order(m));
  std::vector<Column> out;
  for (size_t filter = 0; filter < filters_.size(); ++filter) {
    std::unordered_set<std::string> taken;
    for (size_t m = 0; m < metrics_.size(); ++m)
      for (Named* named : names[m]) {
        Column column;
        column.metric = taken.contains(named->name) ? fmt::format("{}_{}", facts_[m].id, named->name) : named->name;
        taken.insert(column.metric);
        column.filter = filters_[filter];
        column.key = key_of(filters_, column.metric, filter);
        column.facts = facts_of(facts_[m], named->name);
        column.filter_index = filter;
        column.metric_index = m;
        column.values = std::move(named->values[filter]);
        if (column.values.empty()) column.values.assign(attempts_, none);
        out.push_back(std::move(column));
      }
  }
  return out;
}

const std::vector<double>& Values::carried(std::string_view name) const { return carried_[place_of(carried_names, name)]; }
const std::vector<double>& Values::right(std::string_view kind) const { return right_[place_of(choice_kinds, kind)]; }

}  // namespace sextant::score
