#include "judge_numbers.hpp"
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sextant/sha256.hpp>
#include "../store/predictions.hpp"
#include "intervals.hpp"
#include "opencompass_tables.hpp"
#include "trust.hpp"

namespace sextant::score {

config::DatasetConfig judged_set(const config::DatasetConfig& dataset) {
  config::DatasetConfig out = dataset;
  out.filters = {{"none", dataset.judge->postprocessors}};
  out.metrics = dataset.judge->metrics;
  if (!dataset.judge->reference.empty()) out.reference_postprocessors.clear();
  out.repeats = 1;
  return out;
}

data::Estimate judge_number(std::string metric, const stats::Interval& interval, bool higher_is_better) {
  data::Estimate out;
  out.metric = std::move(metric);
  out.higher_is_better = higher_is_better;
  out.value = interval.value;
  set_interval(out, interval);
  return out;
}

Result<Placed> placed(const Labels& labels, const std::vector<Answer>& answers, const std::string& model,
                      const std::string& against, const std::vector<Answer>* others) {
  std::map<std::pair<uint64_t, uint32_t>, size_t> places;
  for (size_t i = 0; i < answers.size(); ++i) places.emplace(std::pair(answers[i].row, answers[i].repeat), i);
  Placed out;
  for (const Label& label : labels.all) {
    const bool straight = label.model == model && label.against == against,
               swapped = label.model == against && label.against == model;
    if (!straight && !(others && swapped)) continue;
    const auto place = places.find({label.row, label.repeat});
    if (place == places.end()) {
      ++out.stale;  // --limit, --rows: it is not asked in this run
      continue;
    }
    const Answer& first = answers[place->second];
    const Answer& second = others ? (*others)[place->second] : first;
    const auto differs = [](const std::optional<std::string>& seen, const Answer& now) {
      return seen && sha256_hex(*seen) != now.sha256;
    };
    if (differs(label.prediction, straight ? first : second) ||
        (others && differs(label.prediction2, straight ? second : first))) {
      ++out.stale;
      continue;
    }
    out.by_sample[place->second] = straight ? label.value : 1 - label.value;
  }
  return out;
}

void add_trust(const Placed& people, const std::vector<double>& values, const std::vector<uint32_t>& clusters, double unit,
               stats::Range range, const std::string& name, bool higher_is_better, const config::Judge& judge,
               std::vector<data::Estimate>& ret_numbers, std::vector<data::Finding>& ret_findings) {
  if (people.stale > 0) ret_findings.push_back({"stale_labels", people.stale, people.stale + people.by_sample.size(), name});
  size_t unread = 0;
  for (const auto& [sample, label] : people.by_sample) unread += std::isnan(values[sample]);
  if (unread > 0) ret_findings.push_back({"unread_labelled", unread, people.by_sample.size(), name});
  auto trust = beside_people(values, people.by_sample, unit, range, clusters);
  if (!trust) return;
  trust->corrected.metric = name + "_corrected";
  trust->corrected.higher_is_better = higher_is_better;
  ret_numbers.push_back(std::move(trust->corrected));
  for (data::Finding& finding : trust->findings) {
    finding.judge = fmt::format("{}", fmt::join(config::deciders_of(judge), "+"));
    ret_findings.push_back(std::move(finding));
  }
}

Result<void> add_table(const config::RunConfig& run, const config::DatasetConfig& dataset, const store::RunFolder& folder,
                       const std::string& judged, const std::vector<Answer>& answers,
                       std::vector<data::Estimate>& ret_numbers) {
  const config::Judge& judge = *dataset.judge;
  if (judge.table.empty() || !config::is_opencompass(run.compat)) return {};
  const std::string task = store::judged_name(dataset.task_name, judged);
  SXT_TRY(const store::Predictions predictions, store::Predictions::open(folder.predictions(judge.model, task), task));
  std::vector<Judgement> judgements;
  for (uint64_t i = 0; i < predictions.size() && !answers.empty(); ++i) {
    SXT_TRY(std::vector<data::Attempt> one, predictions.read(i, 1));
    const Answer& answer = answers[i % answers.size()];
    judgements.push_back(
        {std::move(one.front().prediction), answer.groups.empty() ? "" : answer.groups.front(), i >= answers.size()});
  }
  std::vector<data::Estimate> rows;
  for (const auto& [name, value] : opencompass_table(judge.table, judgements)) {
    data::Estimate& number = rows.emplace_back();
    number.metric = name;
    number.value = value;
  }
  ret_numbers.insert(ret_numbers.begin(), rows.begin(), rows.end());
  return {};
}

}  // namespace sextant::score
