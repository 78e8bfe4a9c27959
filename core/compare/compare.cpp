#include "compare.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <unordered_map>
#include "../base/text.hpp"
#include "../stats/distributions.hpp"
#include "../stats/paired.hpp"
#include "../stats/stream.hpp"

namespace sextant::compare {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

bool has_rows(const Answers& answers) {
  return std::all_of(answers.questions.begin(), answers.questions.end(),
                     [](const Question& question) { return !question.content.empty(); });
}

size_t place_of(const Answers& answers, const std::string& metric) {
  return static_cast<size_t>(std::find(answers.metrics.begin(), answers.metrics.end(), metric) - answers.metrics.begin());
}

Result<std::string> metric_of(const Answers& a, const Answers& b, const std::string& wanted) {
  for (const std::string& name : a.metrics)
    if ((wanted.empty() || name == wanted) && place_of(b, name) < b.metrics.size()) return name;
  for (const Answers* side : {&a, &b})
    for (const std::string& name : side->of_sets)
      if (wanted.empty() ? a.metrics.empty() || b.metrics.empty() : name == wanted)
        return Error{Error::Kind::data,
                     fmt::format("{} is a number over the whole set, of which single questions have no value, so that questions "
                                 "cannot be compared by it; score with a metric of single questions, too (-m eval -r --metric "
                                 "{} accuracy), and choose that with --metric", name, name)};
  if (wanted.empty())
    return Error{Error::Kind::data, fmt::format("the runs have no metric in common: {} and {}", first_names(a.metrics, 6),
                                                first_names(b.metrics, 6))};
  const Answers& lacks = place_of(a, wanted) < a.metrics.size() ? b : a;
  return Error{Error::Kind::data, fmt::format("{} has no scores '{}'{}; it has {}", lacks.where, wanted,
                                              did_you_mean(wanted, lacks.metrics), first_names(lacks.metrics, 6))};
}

// One number a question, of both sides, without those that lack one.
struct Columns {
  std::vector<double> a, b, differences;
  std::vector<uint32_t> clusters;    // empty: no question has one
  bool binary = true;
  uint64_t left_out = 0;
};

Columns columns_of(const Answers& a, const Answers& b, const std::vector<Pair>& pairs, const std::string& metric) {
  const size_t in_a = place_of(a, metric), in_b = place_of(b, metric);
  Columns out;
  Clusters clusters;
  for (const Pair& pair : pairs) {
    const Question& question = a.questions[pair.a];
    const double x = question.values[in_a], y = b.questions[pair.b].values[in_b];
    if (!std::isfinite(x) || !std::isfinite(y)) {
      ++out.left_out;
      continue;
    }
    out.a.push_back(x);
    out.b.push_back(y);
    out.differences.push_back(y - x);
    out.binary = out.binary && (x == 0 || x == 1) && (y == 0 || y == 1);
    clusters.add(a, b, pair);
  }
  out.clusters = clusters.take();
  return out;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

std::vector<Flip> flips_of(const Answers& a, const Answers& b, const std::vector<Pair>& pairs, const std::string& metric,
                           bool higher_is_better) {
  const size_t in_a = place_of(a, metric), in_b = place_of(b, metric);
  std::vector<Flip> out;
  for (const Pair& pair : pairs) {
    const double change = b.questions[pair.b].values[in_b] - a.questions[pair.a].values[in_a];
    if (change > 0 || change < 0)  // NaN is neither
      out.push_back({a.questions[pair.a].index, b.questions[pair.b].index, (change > 0) == higher_is_better});
  }
  return out;
}

}  // namespace

void Clusters::add(const Answers& a, const Answers& b, const Pair& pair) {
  // cards name clusters, so either side's will do
  const std::string& own = a.questions[pair.a].cluster;
  const std::string& name = own.empty() ? b.questions[pair.b].cluster : own;
  if (name.empty()) {
    numbers_.push_back(next_++);
    return;
  }
  named_ = true;
  const auto [place, fresh] = names_.try_emplace(name, next_);
  numbers_.push_back(place->second);
  next_ += fresh;
}

std::vector<uint32_t> Clusters::take() {
  if (!named_ || next_ == numbers_.size()) numbers_.clear();
  return std::move(numbers_);
}

namespace {

Pairing pair_by(const Answers& a, const Answers& b, std::string Question::*by) {
  const auto key = [&](const Question& question) -> const std::string& { return question.*by; };
  std::unordered_map<std::string_view, std::vector<size_t>> places;  // in b, the last first
  for (size_t i = b.questions.size(); i > 0; --i) places[key(b.questions[i - 1])].push_back(i - 1);
  Pairing out;
  for (size_t i = 0; i < a.questions.size(); ++i) {
    const auto found = places.find(key(a.questions[i]));
    if (found == places.end() || found->second.empty()) {
      ++out.a_alone;
      continue;
    }
    out.pairs.push_back({i, found->second.back()});
    found->second.pop_back();
  }
  out.b_alone = b.questions.size() - out.pairs.size();
  return out;
}

}  // namespace

Pairing pair_up(const Answers& a, const Answers& b) {
  if (!has_rows(a) || !has_rows(b)) return pair_by(a, b, &Question::asked);
  const Pairing rows = pair_by(a, b, &Question::content);
  if (!rows.pairs.empty() || !(a.imported || b.imported)) return rows;
  // the same questions, read by another program into other columns
  for (const auto by : {&Question::raw, &Question::asked})
    if (Pairing others = pair_by(a, b, by); !others.pairs.empty()) return others;
  return rows;
}

Result<Comparison> compare(const Answers& a, const Answers& b, const std::string& metric, bool common) {
  Comparison out;
  out.dataset = a.dataset;
  SXT_TRY(out.metric, metric_of(a, b, metric));
  const Pairing pairing = pair_up(a, b);
  if ((pairing.a_alone > 0 || pairing.b_alone > 0) && (!common || pairing.pairs.empty()))
    return Error{
        Error::Kind::data,
        fmt::format("the questions are not the same: {} of {} in {} and {} of {} in {} have no counterpart{}", pairing.a_alone,
                    a.questions.size(), a.where, pairing.b_alone, b.questions.size(), b.where,
                    pairing.pairs.empty() ? ", so there is nothing to compare"
                                          : fmt::format("; --common compares the {} that both have", pairing.pairs.size()))};
  const Columns columns = columns_of(a, b, pairing.pairs, out.metric);
  out.left_out = columns.left_out;
  out.n = columns.a.size();
  if (out.n == 0) return Error{Error::Kind::data, fmt::format("no question has a score '{}' on both sides", out.metric)};
  const MetricFacts& facts = a.facts[place_of(a, out.metric)];
  out.higher_is_better = facts.higher_is_better;
  // a metric may say nothing of its unit, and zeros tell none
  out.unit = std::min(facts.unit, b.facts[place_of(b, out.metric)].unit);
  out.whole_a = facts.whole;
  out.whole_b = b.facts[place_of(b, out.metric)].whole;
  const double reach = columns.binary                                          ? 1
                       : std::isfinite(facts.low) && std::isfinite(facts.high) ? facts.high - facts.low
                                                                               : std::numeric_limits<double>::infinity();
  out.reach = reach * out.unit;
  for (size_t i = 0; i < out.n; ++i) {
    const double gain = out.higher_is_better ? columns.differences[i] : -columns.differences[i];
    out.b_only += gain > 0;
    out.a_only += gain < 0;
  }
  out.flips = flips_of(a, b, pairing.pairs, out.metric, out.higher_is_better);
  out.a = out.unit * mean(columns.a);
  out.b = out.unit * mean(columns.b);
  if (columns.binary && columns.clusters.empty()) {
    const uint64_t up = out.higher_is_better ? out.b_only : out.a_only, down = out.higher_is_better ? out.a_only : out.b_only;
    out.test = "mcnemar";
    out.p = stats::mcnemar_exact(down, up);
    out.difference = stats::of_paired_proportions(down, up, out.n);
  } else {
    out.test = "permutation";
    out.p = stats::permutation_test(columns.differences, columns.clusters,
                                    stats::stream_key("compare\n" + out.dataset + "\n" + out.metric))
                .p;
    out.difference = stats::of_mean_difference(columns.differences, columns.clusters, reach);
  }
  out.difference = stats::scaled(out.difference, out.unit);
  out.mde = stats::minimum_detectable(out.difference.standard_error);
  out.e_value = stats::e_value(columns.differences, columns.clusters, reach);
  return out;
}

void adjust(std::vector<Comparison>& comparisons) {
  std::vector<double> p;
  for (const Comparison& one : comparisons) p.push_back(one.p);
  const std::vector<double> adjusted = stats::holm(p);
  for (size_t i = 0; i < comparisons.size(); ++i) comparisons[i].p_adjusted = adjusted[i];
}

std::optional<Average> average(const std::vector<Comparison>& comparisons) {
  Average out;
  std::vector<stats::Interval> differences;
  for (const Comparison& one : comparisons) {
    if (!one.higher_is_better || one.unit != 100) continue;
    differences.push_back(one.difference);
    out.a += one.a;
    out.b += one.b;
  }
  out.datasets = differences.size();
  if (out.datasets < 2) return std::nullopt;
  out.a /= static_cast<double>(out.datasets);
  out.b /= static_cast<double>(out.datasets);
  out.difference = stats::of_average(differences, std::vector<double>(out.datasets, 1));
  constexpr double infinite = 1e9;  // degrees of freedom: the normal distribution
  out.p =
      out.difference.known() ? stats::student_two_sided(out.difference.value / out.difference.standard_error, infinite) : none;
  return out;
}

}  // namespace sextant::compare
