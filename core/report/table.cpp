#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
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
    out.push_back({has_number ? number_cell(*outcome, outcome->metrics.front()) : cell_without_number(outcome),
                   outcome ? outcome->mode : "", outcome ? outcome->samples : 0});
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
};

// The average of one model's members, each weighing the same unless the group says otherwise, or what stands in its place.
Average average(const config::SummaryGroup& group, const std::string& model, size_t model_index, const Members& members) {
  Average out;
  std::vector<stats::Interval> numbers;
  std::vector<double> weights;
  std::vector<std::string> lacking;
  bool any_task = false, any_failed = false, any_missing = false, higher_is_better = true, mixed = false;
  for (size_t i = 0; i < group.members.size(); ++i) {
    const std::string& name = group.members[i];
    const auto it = members.find(name);
    const Member* member = it == members.end() ? nullptr : &it->second[model_index];
    const bool here = member && member->cell.text != no_task;
    any_task = any_task || here;
    if (here && !member->mode.empty())
      out.member.mode = out.member.mode.empty() || out.member.mode == member->mode ? member->mode : "mixed";
    if (here && member->cell.value) {
      const double weight = group.by_size ? static_cast<double>(member->samples) : group.weights.empty() ? 1 : group.weights[i];
      numbers.push_back(interval_of(member->cell));
      weights.push_back(weight);
      if (numbers.size() > 1 && member->cell.estimate.higher_is_better != higher_is_better) mixed = true;
      higher_is_better = member->cell.estimate.higher_is_better;
      out.member.samples += member->samples;
      continue;
    }
    any_missing = any_missing || !here || member->cell.text == "missing";
    any_failed = any_failed || (here && member->cell.text == "failed");
    lacking.push_back(fmt::format("{} is {}", name, here ? member->cell.text : "not in this run"));
  }
  if (!any_task) {
    out.member.cell.text = no_task;
  } else if (lacking.empty()) {
    const stats::Interval whole = stats::of_average(numbers, weights);
    out.member.cell = number_cell(whole.value);
    data::Estimate& estimate = out.member.cell.estimate;
    estimate.higher_is_better = mixed || higher_is_better;
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
  Row row{group.name, "-", group.by_size || !group.weights.empty() ? "weighted_average" : "naive_average", "", {}};
  std::vector<Member> averages;
  for (size_t i = 0; i < table.models.size(); ++i) {
    Average average_of_model = average(group, table.models[i], i, members);
    Member& member = average_of_model.member;
    if (!average_of_model.error.empty()) table.errors.push_back(average_of_model.error);
    if (!member.mode.empty()) row.mode = row.mode.empty() || row.mode == member.mode ? member.mode : "mixed";
    row.cells.push_back(member.cell);
    averages.push_back(std::move(member));
  }
  if (row.mode.empty()) row.mode = "-";
  table.rows.push_back(std::move(row));
  members.insert_or_assign(group.name, std::move(averages));
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
  for (const std::string& dataset : datasets) add_dataset(dataset, per_model[dataset], table, members);
  for (const config::SummaryGroup& group : summarizer.groups) add_group(group, table, members);
  table.findings = findings_of(outcomes);
  return table;
}

}  // namespace sextant::report
