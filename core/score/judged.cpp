#include "judged.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <sextant/sha256.hpp>
#include "judge_numbers.hpp"
#include "trust.hpp"

namespace sextant::score {
namespace {

stats::Range range_of(const ValueFacts& facts) {
  stats::Range out;
  if (std::isfinite(facts.low)) out.low = facts.low;
  if (std::isfinite(facts.high)) out.high = facts.high;
  return out;
}

// "with_judge": right is what the rules or the judge call right.
data::Estimate with_judge(const Scored& rules, const std::vector<double>& values, const std::vector<size_t>& asked,
                          const std::vector<uint32_t>& clusters) {
  std::vector<double> either = rules.columns.front().values;
  for (const size_t i : asked) {
    if (std::isnan(values[i])) {
      if (either[i] < 1) either[i] = values[i];  // nobody has said yet whether it is right
    } else if (!(either[i] >= values[i])) {
      either[i] = values[i];
    }
  }
  return judge_number("with_judge", stats::scaled(stats::of_mean(either, clusters, {0, 1}), 100));
}

// Whether the judge has read the answers that are to be judged, and no others.
Result<bool> has_read(const Scored& scored, const std::vector<size_t>& asked, bool some) {
  if (scored.attempts != asked.size()) return false;
  for (size_t k = 0; some && k < asked.size(); ++k) {
    SXT_TRY(const LineParts line, scored.lines->get(k));
    if (line.row != asked[k]) return false;
  }
  return true;
}

}  // namespace

Result<Scored> score_judged(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                            const store::RunFolder& folder, const store::TaskLog& log, const std::string& model,
                            const Scored* rules) {
  const config::Judge& judge = *dataset.judge;
  const std::vector<std::string> judges = config::all_judges_of(judge);      // a meta judge is the last one
  const size_t panel = config::judges_of(judge).size();
  const config::DatasetConfig verdicts = judged_set(dataset);
  SXT_TRY(const std::vector<Answer> answers, answers_of(folder, dataset, model));
  const std::vector<uint32_t> clusters = clusters_of(answers);
  std::vector<size_t> asked;             // places of the attempts that were judged
  const bool by_rules = judge.asks != config::Judge::Asks::all && rules && !rules->columns.empty();
  for (size_t i = 0; i < answers.size(); ++i)
    if (judge.asks != config::Judge::Asks::failed || !by_rules || !(rules->columns.front().values[i] >= 1)) asked.push_back(i);
  std::optional<Scored> out;
  std::vector<std::vector<double>> by_judge;
  std::vector<data::Estimate> numbers;
  std::vector<data::Finding> findings;
  std::string hashes;
  for (const std::string& name : judges) {
    if (asked.empty()) break;
    SXT_TRY(Scored scored,
            score_attempts(host, run, verdicts, folder, name, store::judged_name(dataset.task_name, model), log, 0));
    if (scored.columns.empty())
      return Error{Error::Kind::internal, fmt::format("{}: the judge '{}' gave no number", dataset.card_path, name)};
    const Column& first = scored.columns.front();
    SXT_TRY(const bool same, has_read(scored, asked, judge.asks == config::Judge::Asks::failed));
    if (!same)
      return Error{
          Error::Kind::cancelled,
          fmt::format(
              "the judge '{}' has read other answers of {} than are to be judged; the same command with -m all and -r goes on",
              name, model)};
    std::vector<double> values(answers.size(), stats::not_known);
    uint64_t unread = 0;
    for (size_t k = 0; k < asked.size(); ++k) values[asked[k]] = first.values[k], unread += std::isnan(first.values[k]);
    // what the data or the examples lack is no matter of the judge's
    std::erase_if(scored.findings, [](const data::Finding& one) {
      return one.kind != "unparsed" && one.kind != "unclosed" && one.kind != "cut";
    });
    scored.findings.push_back({"unread_verdicts", unread, asked.size(), model});
    add_kinship(run, name, model, scored.findings);
    for (data::Finding& one : scored.findings) {
      one.judge = name;
      findings.push_back(std::move(one));
    }
    scored.findings.clear();
    by_judge.push_back(std::move(values));
    hashes += scored.results_sha256.empty() ? "failed" : scored.results_sha256;
    if (judges.size() > 1 && name != judge.meta)
      for (data::Estimate& number : scored.numbers) {
        number.metric += "_by_" + name;
        numbers.push_back(number);
      }
    if (out) {
      out->failed += scored.failed;
      if (!out->error) out->error = std::move(scored.error);
    } else {
      out = std::move(scored);
    }
  }
  if (!out) {                            // every answer is right by the rules
    out.emplace();
    out->repeats = 1;
    out->results_sha256 = sha256_hex("");
    if (by_rules) out->numbers.push_back(with_judge(*rules, {}, {}, clusters));
    add_suspicious(answers, model, out->suspicious, out->findings);
    return *std::move(out);
  }
  const std::string key = out->columns.front().key;
  const ValueFacts facts = out->columns.front().facts;
  const double unit = facts.percent ? 100 : 1;
  std::vector<double> values = by_judge.front();
  if (judges.size() > 1) {
    const std::vector<std::vector<double>> first(by_judge.begin(), by_judge.begin() + static_cast<std::ptrdiff_t>(panel));
    values = judge.meta.empty() ? combined(first, judge.vote) : by_judge.back();
    if (panel > 1) findings.push_back(panel_finding(config::judges_of(judge), first));
    numbers.insert(numbers.begin(), judge_number(key, stats::scaled(stats::of_mean(values, clusters, range_of(facts)), unit),
                                                 facts.higher_is_better));
    out->numbers = std::move(numbers);
    out->results_sha256 = hashes.find("failed") == hashes.npos ? sha256_hex(hashes) : "";
  }
  if (by_rules) out->numbers.push_back(with_judge(*rules, values, asked, clusters));
  for (size_t column = 0; column < judge.by.size(); ++column)
    for (const auto& [name, samples] : groups_of(answers, column)) {
      std::vector<double> part;
      std::vector<uint32_t> together;
      for (const size_t i : samples) {
        part.push_back(values[i]);
        if (!clusters.empty()) together.push_back(clusters[i]);
      }
      const stats::Interval mean = stats::scaled(stats::of_mean(part, together, range_of(facts)), unit);
      if (!std::isnan(mean.value))
        out->numbers.push_back(judge_number(fmt::format("{}:{}", key, name), mean, facts.higher_is_better));
    }
  if (!judge.labels.empty()) {
    SXT_TRY(const Labels labels, read_labels(run, dataset));
    SXT_TRY(const Placed people, placed(labels, answers, model, "", nullptr));
    add_trust(people, values, clusters, unit, range_of(facts), key, facts.higher_is_better, judge, out->numbers, findings);
  }
  out->findings = std::move(findings);
  SXT_CHECK(add_table(run, dataset, folder, model, answers, out->numbers));
  add_suspicious(answers, model, out->suspicious, out->findings);
  return *std::move(out);
}

}  // namespace sextant::score
