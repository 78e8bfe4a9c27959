#include "sequence.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>
#include <sextant/sha256.hpp>
#include "../compare/answers.hpp"
#include "../load/data.hpp"

namespace sextant::cli {
namespace {

constexpr size_t first_block = 24;  // fewer hardly ever tell, whatever the model
constexpr size_t growth = 4;        // each block adds a quarter: at most so much is asked in vain

// Rows and what they are known by in another run; of equal rows the first is the first there as well.
struct Known {
  std::vector<std::pair<uint64_t, std::string>> rows;
};
Result<Known> known_rows(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run) {
  Known out;
  std::map<std::string, int> times;
  SXT_TRY(const load::TaskData data,
          load::load_data(host, dataset, run, [&](const load::Row& row, const json::Document& record) -> Result<void> {
            const std::string content = sha256_hex(json::canonical(record));
            out.rows.emplace_back(row.index, fmt::format("{}#{}", content, times[content]++));
            return {};
          }));
  return out;
}

std::string word(stats::Verdict verdict) {
  return verdict == stats::Verdict::go ? "go" : verdict == stats::Verdict::no_go ? "no-go" : "inconclusive";
}

}  // namespace

Result<void> Sequence::add_set(plugin::Host& host, size_t number, const RunView& baseline, const std::string& model) {
  const config::DatasetConfig& dataset = run_.datasets[number];
  const std::string& name = dataset.task_name;
  const auto refused = [&](const std::string& why) {
    return Error{Error::Kind::usage, fmt::format("--sequential: {} {}; leave it out, or run without --sequential", name, why)};
  };
  if (dataset.judge) return refused("is scored by a judge");
  if (!dataset.cluster_column.empty())
    return refused(fmt::format("has questions that belong together ('{}')", dataset.cluster_column));
  if (!baseline.task(model, name)) return refused(fmt::format("is not in the baseline {}", baseline.name));
  SXT_TRY(const compare::Answers answers, compare::read_answers(*baseline.folder, model, name, {}));
  if (answers.metrics.empty()) return refused("has no score in the baseline");
  const compare::MetricFacts& facts = answers.facts.front();
  if (std::isnan(facts.low) || std::isnan(facts.high))
    return refused(fmt::format("is scored by {}, whose range is not known", answers.metrics.front()));
  Set set{answers.metrics.front(), facts.higher_is_better ? 1.0 : -1.0, facts.unit, {}};
  reach_ = std::max(reach_, (facts.high - facts.low) * facts.unit);
  std::map<std::string, double> values;
  std::map<std::string, int> times;
  for (const compare::Question& question : answers.questions) {
    const int time = times[question.content]++;
    if (!question.content.empty() && !std::isnan(question.values.front()))
      values.emplace(fmt::format("{}#{}", question.content, time), question.values.front() * set.sign * set.unit);
  }
  config::RunConfig whole = run_;
  whole.limit = {};
  whole.rows.clear();
  whole.exclude.clear();
  SXT_TRY(const Known all, known_rows(host, dataset, whole));
  SXT_TRY(const load::TaskData chosen, load::load_data(host, dataset, run_));
  for (const auto& [row, content] : all.rows) {
    set.rows.push_back(row);
    if (!chosen.rows.position_of(row)) continue;
    const auto value = values.find(content);
    if (value == values.end()) return refused(fmt::format("has a question that the baseline has no score of (row {})", row));
    order_.push_back({number, row, value->second});
  }
  sets_.push_back(std::move(set));
  return {};
}

Result<Sequence> Sequence::open(plugin::Host& host, const config::RunConfig& run, const std::string& path, double margin) {
  Sequence out(run, path, margin);
  if (run.models.size() != 1)
    return Error{Error::Kind::usage, fmt::format("--sequential is about one model, and {} are given", run.models.size())};
  SXT_TRY(const RunView baseline, look_at_run(path));
  const std::vector<std::string> models = baseline.models();
  const std::string& own = run.models.front().abbr;
  if (models.size() > 1 && std::find(models.begin(), models.end(), own) == models.end())
    return Error{Error::Kind::usage,
                 fmt::format("the baseline {} has {} models, none of which is called {}", path, models.size(), own)};
  const std::string model = std::find(models.begin(), models.end(), own) != models.end() ? own : models.front();
  for (size_t i = 0; i < run.datasets.size(); ++i) SXT_CHECK(out.add_set(host, i, baseline, model));
  if (margin >= out.reach_)
    return Error{
        Error::Kind::usage,
        fmt::format("--margin {:g} is as great as a difference can be ({:g}): any model would pass", margin, out.reach_)};
  // a hash each: the same order on every machine, whatever the other data sets are
  std::vector<std::pair<std::string, Place>> keyed;
  for (const Place& place : out.order_)
    keyed.emplace_back(
        sha256_hex(fmt::format("{}\nsequential\n{}\n{}", run.seed, run.datasets[place.dataset].task_name, place.row)), place);
  std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < keyed.size(); ++i) out.order_[i] = keyed[i].second;
  out.test_.emplace(margin, out.reach_);
  return out;
}

config::RunConfig Sequence::next() {
  asked_ = std::min(order_.size(), asked_ == 0 ? first_block : asked_ + std::max(first_block / growth, asked_ / growth));
  std::vector<std::set<uint64_t>> wanted(run_.datasets.size());
  for (size_t i = 0; i < asked_; ++i) wanted[order_[i].dataset].insert(order_[i].row);
  config::RunConfig out = run_;
  if (asked_ == order_.size()) return out;
  out.limit = {};
  out.datasets.clear();
  for (size_t i = 0; i < run_.datasets.size(); ++i) {
    if (wanted[i].empty()) continue;
    out.datasets.push_back(run_.datasets[i]);
    for (const uint64_t row : sets_[i].rows)
      if (!wanted[i].contains(row)) out.exclude.push_back({run_.datasets[i].abbr, row});
  }
  return out;
}

Result<void> Sequence::look(const store::RunFolder& folder) {
  std::vector<std::map<uint64_t, double>> values(run_.datasets.size());
  for (size_t i = looked_at_; i < asked_; ++i) {
    const size_t set = order_[i].dataset;
    if (!values[set].empty()) continue;
    const std::string& name = run_.datasets[set].task_name;
    SXT_TRY(const compare::Answers answers, compare::read_answers(folder, run_.models.front().abbr, name, {}));
    const auto metric = std::find(answers.metrics.begin(), answers.metrics.end(), sets_[set].metric);
    if (metric == answers.metrics.end())
      return Error{Error::Kind::usage,
                   fmt::format("--sequential: {} has no {} here, by which the baseline is scored", name, sets_[set].metric)};
    const size_t at = static_cast<size_t>(metric - answers.metrics.begin());
    for (const compare::Question& question : answers.questions)
      values[set][question.index] = question.values[at] * sets_[set].sign * sets_[set].unit;
  }
  for (; looked_at_ < asked_ && verdict_ == stats::Verdict::inconclusive; ++looked_at_) {
    const Place& place = order_[looked_at_];
    const auto value = values[place.dataset].find(place.row);
    if (value == values[place.dataset].end() || std::isnan(value->second))
      return Error{Error::Kind::data,
                   fmt::format("row {} of {} has no score", place.row, run_.datasets[place.dataset].task_name)};
    test_->add(value->second - place.baseline);
    sum_ += value->second - place.baseline;
    verdict_ = test_->verdict();
  }
  return {};
}

std::string Sequence::sentence() const {
  const double mean = looked_at_ > 0 ? sum_ / static_cast<double>(looked_at_) : 0;
  return fmt::format("{} after {} of {} questions: {:+.2f} against {}, margin {:.4g}", word(verdict_), looked_at_,
                     order_.size(), mean, baseline_, margin_);
}

std::string Sequence::to_json() const {
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::set(out, "verdict", word(verdict_), a);
  json::set(out, "decided_after", json::Value(static_cast<uint64_t>(looked_at_)), a);
  json::set(out, "asked", json::Value(static_cast<uint64_t>(asked_)), a);
  json::set(out, "of", json::Value(static_cast<uint64_t>(order_.size())), a);
  json::set(out, "difference", json::Value(looked_at_ > 0 ? sum_ / static_cast<double>(looked_at_) : 0), a);
  json::set(out, "margin", json::Value(margin_), a);
  json::set(out, "baseline", baseline_, a);
  return json::write(out);
}

}  // namespace sextant::cli
