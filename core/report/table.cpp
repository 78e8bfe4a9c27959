#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <numeric>
#include <unordered_map>
#include "../base/text.hpp"
#include "../stats/interval.hpp"
#include "report.hpp"

namespace sextant::report {
namespace {

constexpr const char* no_task = "-";  // the model has no such task; never said of one that went wrong

Cell number_cell(double value) {
  Cell cell;
  cell.text = fmt::format("{:.2f}", value);
  if (std::isfinite(value)) cell.value = value;
  return cell;
}

Cell number_cell(const TaskOutcome& outcome, const std::pair<std::string, double>& number) {
  Cell cell = number_cell(number.second);
  for (const data::Estimate& estimate : outcome.estimates)
    if (estimate.metric == number.first) cell.estimate = estimate;
  cell.unparsed = outcome.unparsed;
  cell.cut = outcome.cut;
  return cell;
}

// Of a cell that has a number.
stats::Interval interval_of(const Cell& cell) {
  stats::Interval out;
  out.value = *cell.value;
  out.standard_error = cell.estimate.standard_error;
  out.low = cell.estimate.low;
  out.high = cell.estimate.high;
  out.n = cell.estimate.n;
  out.clusters = cell.estimate.clusters;
  if (std::isfinite(out.low) && std::isfinite(out.high))
    out.method = stats::Method::propagated;  // known; which it was does not matter here
  return out;
}

// What stands where a task has no number of that name.
Cell cell_without_number(const TaskOutcome* outcome) {
  Cell cell;
  if (!outcome) {
    cell.text = no_task;
  } else if (outcome->status != "complete") {
    cell.text = outcome->status;
    cell.error = outcome->error;
  } else {
    cell.text = outcome->metrics.empty() ? "not scored" : no_task;
  }
  return cell;
}

// What a group takes from its members, per model; data sets and earlier groups alike.
struct Member {
  Cell cell;
  std::string mode;
  uint64_t samples = 0;
  std::map<std::string, Cell> named;     // by metric
  std::map<std::string, double> shares;  // data set -> its part of the number; of groups, whose members may be groups
};
using Members = std::map<std::string, std::vector<Member>>;

// One data set's rows, one a metric; the first metric is what groups average.
void add_dataset(const std::string& dataset, const std::vector<const TaskOutcome*>& per_model, Table& table, Members& members) {
  Row row;
  row.dataset = dataset;
  std::vector<std::string> metrics;  // of all models, in the order in which they are first named
  std::unordered_map<std::string, size_t> places;  // in `metrics`
  for (const TaskOutcome* outcome : per_model) {
    if (!outcome) continue;
    if (row.version.empty()) row.version = outcome->version;
    row.mode = row.mode.empty() || row.mode == outcome->mode ? outcome->mode : "mixed";
    for (const auto& metric : outcome->metrics)
      if (places.try_emplace(metric.first, metrics.size()).second) metrics.push_back(metric.first);
  }
  if (metrics.empty()) metrics.push_back("-");
  std::vector<std::vector<Cell>> cells(metrics.size(), std::vector<Cell>(per_model.size()));  // [metric][model]
  for (size_t model = 0; model < per_model.size(); ++model) {
    for (auto& of_metric : cells) of_metric[model] = cell_without_number(per_model[model]);
    if (!per_model[model] || per_model[model]->status != "complete") continue;
    const auto& numbers = per_model[model]->metrics;
    for (auto number = numbers.rbegin(); number != numbers.rend(); ++number)
      cells[places.at(number->first)][model] = number_cell(*per_model[model], *number);
  }
  for (size_t i = 0; i < metrics.size(); ++i) {
    row.metric = metrics[i];
    row.cells = std::move(cells[i]);
    table.rows.push_back(row);
  }
  std::vector<Member>& out = members[dataset];
  for (const TaskOutcome* outcome : per_model) {
    const bool has_number = outcome && outcome->status == "complete" && !outcome->metrics.empty();
    Member member{has_number ? number_cell(*outcome, outcome->metrics.front()) : cell_without_number(outcome),
                  outcome ? outcome->mode : "", outcome ? outcome->samples : 0, {}, {{dataset, 1}}};
    if (has_number)
      for (const auto& number : outcome->metrics) member.named.emplace(number.first, number_cell(*outcome, number));
    out.push_back(std::move(member));
  }
}

// "ceval-law is missing, ceval-logic is not in this run and 40 more"
std::string sentence_of(const std::vector<std::string>& lacking) {
  constexpr size_t named_max = 8;  // the table has the rest
  return first_names(lacking, named_max);
}

struct Average {
  Member member;
  std::string error;
  std::vector<std::string> left_out;  // members that lack the metric
  std::vector<std::string> higher, lower;  // members by what is better of their numbers
};

// A member's number of that metric, also as the average of repeats; "exact_match,strict" is "exact_match" where there is one
// filter alone.
const Cell* cell_of(const Member& member, const std::string& metric) {
  if (metric.empty() || !member.cell.value) return &member.cell;
  for (const std::string& name : {metric, metric.substr(0, metric.find(','))})
    for (const auto& [of, cell] : member.named)
      if (of == name || of.starts_with(name + " (")) return cell.value ? &cell : nullptr;
  return nullptr;
}

// The interval of an average of averages: by what each data set weighs in all of them, since two members may share one.
void take_interval(stats::Interval& whole, const std::map<std::string, double>& shares, const Members& members,
                   const std::string& metric, size_t model) {
  std::vector<stats::Interval> leaves;
  std::vector<double> weights;
  for (const auto& [dataset, share] : shares) {
    const Cell* cell = cell_of(members.at(dataset)[model], metric);
    if (!cell || !cell->value) continue;
    leaves.push_back(interval_of(*cell));
    weights.push_back(share);
  }
  const double value = whole.value;
  whole = stats::of_average(leaves, weights);
  whole.low += value - whole.value;  // the same number but for the order of the sums
  whole.high += value - whole.value;
  whole.value = value;
}

// The average of one model's members, each weighing the same unless the group says otherwise, or what stands in its place.
Average average(const config::SummaryGroup& group, const std::string& metric, const std::string& model, size_t model_index,
                const Members& members) {
  Average out;
  std::vector<stats::Interval> numbers;
  std::vector<double> weights;
  std::vector<const std::map<std::string, double>*> shares;
  bool of_groups = false;
  std::vector<std::string> lacking;
  bool any_task = false, any_failed = false, any_missing = false;
  for (size_t i = 0; i < group.members.size(); ++i) {
    const std::string& name = group.members[i];
    const auto it = members.find(name);
    const Member* member = it == members.end() ? nullptr : &it->second[model_index];
    const bool here = member && member->cell.text != no_task;
    any_task = any_task || here;
    if (here && !member->mode.empty())
      out.member.mode = out.member.mode.empty() || out.member.mode == member->mode ? member->mode : "mixed";
    const Cell* cell = here ? cell_of(*member, metric) : nullptr;
    if (here && !cell) {
      out.left_out.push_back(name);
      continue;
    }
    if (here && cell->value) {
      const double weight = group.by_size ? static_cast<double>(member->samples) : group.weights.empty() ? 1 : group.weights[i];
      numbers.push_back(interval_of(*cell));
      weights.push_back(weight);
      shares.push_back(&member->shares);
      of_groups = of_groups || !member->shares.contains(name);
      (cell->estimate.higher_is_better ? out.higher : out.lower).push_back(name);
      out.member.samples += member->samples;
      continue;
    }
    any_missing = any_missing || !here || member->cell.text == "missing";
    any_failed = any_failed || (here && member->cell.text == "failed");
    lacking.push_back(fmt::format("{} is {}", name, here ? member->cell.text : "not in this run"));
  }
  if (lacking.empty() && numbers.empty() && any_task)
    lacking.push_back(fmt::format("no member has the metric {}", metric));
  if (!any_task) {
    out.member.cell.text = no_task;
  } else if (lacking.empty()) {
    stats::Interval whole = stats::of_average(numbers, weights);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (size_t i = 0; i < shares.size() && total > 0; ++i)
      for (const auto& [dataset, share] : *shares[i]) out.member.shares[dataset] += share * weights[i] / total;
    if (of_groups) take_interval(whole, out.member.shares, members, metric, model_index);
    out.member.cell = number_cell(whole.value);
    data::Estimate& estimate = out.member.cell.estimate;
    estimate.higher_is_better = out.lower.empty() || !out.higher.empty();
    estimate.n = whole.n;
    estimate.clusters = whole.clusters;
    if (whole.known()) {
      estimate.standard_error = whole.standard_error;
      estimate.low = whole.low;
      estimate.high = whole.high;
      estimate.method = stats::method_name(whole.method);
    }
  } else {
    out.error = fmt::format("{} has no average for {}: {}", group.name, model, sentence_of(lacking));
    out.member.cell.text = any_failed ? "failed" : any_missing ? "missing" : "incomplete";
    out.member.cell.error = out.error;
  }
  return out;
}

void add_group(const config::SummaryGroup& group, Table& table, Members& members) {
  if (std::none_of(group.members.begin(), group.members.end(), [&](const std::string& name) { return members.contains(name); }))
    return;
  std::vector<Member> averages(table.models.size());
  for (const std::string& metric : group.metrics.empty() ? std::vector<std::string>{""} : group.metrics) {
    const bool weighs = group.by_size || !group.weights.empty();
    bool said = false;
    Row row{group.name, "-", !metric.empty() ? metric : weighs ? "weighted_average" : "naive_average", "", {}};
    for (size_t i = 0; i < table.models.size(); ++i) {
      Average one = average(group, metric, table.models[i], i, members);
      if (!one.error.empty()) table.errors.push_back(one.error);
      if (!one.left_out.empty() && one.member.cell.value)
        table.findings.push_back(fmt::format("{} ({}): the average of {} leaves out {}, which has no such number", group.name,
                                             table.models[i], metric, sentence_of(one.left_out)));
      if (!said && !one.higher.empty() && !one.lower.empty() && one.member.cell.value) {
        said = true;
        table.findings.push_back(
            fmt::format("{} averages numbers of which more is better ({}) with numbers of which less is better ({}): it says neither; "
                        "the group's \"metrics\" choose",
                        group.name, first_names(one.higher, 4), first_names(one.lower, 4)));
      }
      if (!one.member.mode.empty())
        row.mode = row.mode.empty() || row.mode == one.member.mode ? one.member.mode : "mixed";
      row.cells.push_back(one.member.cell);
      Member& whole = averages[i];
      std::map<std::string, Cell> named = std::move(whole.named);
      named.emplace(row.metric, one.member.cell);
      if (!whole.cell.value) whole = std::move(one.member);
      whole.named = std::move(named);
    }
    if (row.mode.empty()) row.mode = "-";
    table.rows.push_back(std::move(row));
  }
  const auto [before, fresh] = members.try_emplace(group.name, std::move(averages));
  for (size_t i = 0; !fresh && i < averages.size(); ++i) {  // more rows of a group that is there
    before->second[i].named.merge(averages[i].named);
    if (!before->second[i].cell.value) averages[i].named = std::move(before->second[i].named), before->second[i] = std::move(averages[i]);
  }
}

}  // namespace

Table make_table(const std::vector<std::string>& models, const std::vector<TaskOutcome>& outcomes,
                 const config::Summarizer& summarizer) {
  Table table;
  table.models = models;
  std::unordered_map<std::string_view, size_t> places;  // of models
  for (size_t i = 0; i < models.size(); ++i) places.emplace(models[i], i);
  std::vector<std::string> datasets;  // in the run's order
  std::map<std::string, std::vector<const TaskOutcome*>> per_model;
  for (const TaskOutcome& outcome : outcomes) {
    const auto model = places.find(outcome.model);
    if (model == places.end()) continue;
    const auto [it, fresh] = per_model.try_emplace(outcome.dataset, models.size(), nullptr);
    if (fresh) datasets.push_back(outcome.dataset);
    it->second[model->second] = &outcome;
  }
  Members members;
  for (const std::string& dataset : datasets) {
    add_dataset(dataset, per_model[dataset], table, members);
    for (const TaskOutcome* one : per_model[dataset]) {
      if (!one || one->replies == 0) continue;
      Replies& of = table.replies.emplace_back(Replies{one->model, one->dataset, "-", {}, one->replies, one->unparsed.value_or(0),
                                                       one->cut.value_or(0), one->reply_tokens});
      if (one->metrics.empty()) continue;
      of.metric = one->metrics.front().first;
      of.score = one->metrics.front().second;
    }
  }
  for (const config::SummaryGroup& group : summarizer.groups) add_group(group, table, members);
  std::vector<std::string> findings = findings_of(outcomes);
  table.findings.insert(table.findings.begin(), findings.begin(), findings.end());
  return table;
}

}  // namespace sextant::report
