#include "robustness.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <unordered_map>
#include "../config/perturb.hpp"
#include "../stats/stream.hpp"
#include "../stats/variants.hpp"
#include "../store/predictions.hpp"

namespace sextant::compare {
namespace {

constexpr uint64_t stretch = 256;  // attempts that are read at a time

// Options that say where others stand, or that nothing else fits.
constexpr std::string_view refers[] = {"above", "below", "both ", "neither", "none of", "all of", "以上",
                                       "上述",  "以下",  "都对",  "都不",    "均不",    "均正确"};

bool has_own_order(const std::vector<std::string>& options) {
  const auto begins_with_number = [](const std::string& text) {
    const size_t at = text.find_first_not_of(" $-+(.");
    return at != text.npos && text[at] >= '0' && text[at] <= '9';
  };
  if (std::all_of(options.begin(), options.end(), begins_with_number)) return true;
  return std::any_of(options.begin(), options.end(), [](std::string text) {
    for (char& c : text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    return std::any_of(std::begin(refers), std::end(refers), [&](auto word) { return text.find(word) != text.npos; });
  });
}

// ln of the sum of the labels' probabilities: of the text up to the answer, whichever it is.
double logprob_of(const data::Attempt& attempt) {
  double most = -std::numeric_limits<double>::infinity(), sum = 0;
  for (const data::LabelScore& label : attempt.labels) most = std::max(most, label.logprob);
  for (const data::LabelScore& label : attempt.labels) sum += std::exp(label.logprob - most);
  return most + std::log(sum);
}

std::vector<std::string> options_of(const data::Attempt& attempt, const std::vector<std::string>& columns) {
  std::vector<std::string> out;
  const auto record = json::parse(attempt.record_json, "record");
  if (!record) return out;
  const auto add = [&](const json::Value& value) {
    out.push_back(value.IsString() ? std::string(json::text(value)) : json::write(value));
  };
  for (const std::string& column : columns) {
    const json::Value* value = json::find(*record, column);
    if (value && value->IsArray())
      for (const auto& one : value->GetArray()) add(one);
    else if (value && !(value->IsString() && value->GetStringLength() == 0)) add(*value);
  }
  return out;
}

// The set's own order first. Questions that are not in all orders are left out.
Result<report::OwnOrder> own_order(const store::RunFolder& folder, const std::string& model, const config::DatasetConfig& base,
                                   const std::vector<const config::DatasetConfig*>& variants,
                                   const std::vector<std::string>& columns) {
  std::map<uint64_t, Ordered> questions;
  for (size_t i = 0; i <= variants.size(); ++i) {
    const std::string& name = i == 0 ? base.task_name : variants[i - 1]->task_name;
    SXT_TRY(const store::Predictions file, store::Predictions::open(folder.predictions(model, name), name));
    for (uint64_t first = 0; first < file.size(); first += stretch) {
      SXT_TRY(const auto attempts, file.read(first, std::min(stretch, file.size() - first)));
      for (const data::Attempt& attempt : attempts) {
        if (attempt.id.repeat > 0 || attempt.labels.empty()) continue;
        Ordered& one = questions[attempt.id.row];
        if (one.logprob.size() != i) continue;
        one.logprob.push_back(logprob_of(attempt));
        if (i == 0) one.options = options_of(attempt, columns);
      }
    }
  }
  std::vector<Ordered> whole;
  for (auto& [row, one] : questions)
    if (one.logprob.size() == variants.size() + 1) whole.push_back(std::move(one));
  return own_order_of(whole);
}

// [question] numbers; empty where none names a cluster. One without is one of its own.
std::vector<uint32_t> clusters_of(const std::vector<Question>& questions) {
  std::vector<uint32_t> out;
  std::map<std::string, uint32_t> numbers;
  if (std::all_of(questions.begin(), questions.end(), [](const Question& one) { return one.cluster.empty(); })) return out;
  uint32_t next = 0;
  for (const Question& one : questions) {
    const auto [place, fresh] = one.cluster.empty() ? std::pair(numbers.end(), true) : numbers.try_emplace(one.cluster, next);
    out.push_back(fresh ? next++ : place->second);
  }
  return out;
}

// Of one kind of variants of a set.
report::Robustness measure(const store::RunFolder& folder, const std::string& model, const Answers& base,
                           const config::DatasetConfig& set, const std::vector<const config::DatasetConfig*>& variants,
                           const std::function<JudgedBy(const std::string& dataset)>& judged_by) {
  report::Robustness out;
  out.metric = base.metrics.front();
  const auto unit = base.facts.front().unit;
  std::vector<std::vector<double>> values(1);
  std::unordered_map<uint64_t, size_t> places;
  for (const Question& question : base.questions) {
    places.emplace(question.index, values[0].size());
    values[0].push_back(question.values.front());
  }
  std::vector<bool> changed(values[0].size());
  std::vector<const config::DatasetConfig*> read;
  for (const config::DatasetConfig* variant : variants) {
    std::error_code code;
    if (!std::filesystem::exists(folder.results(model, variant->task_name), code)) {
      ++out.without_scores;
      continue;
    }
    const auto answers = read_answers(folder, model, variant->task_name, judged_by(variant->task_name));
    if (!answers || answers->metrics.empty() || answers->metrics.front() != out.metric) {
      ++out.without_scores;
      continue;
    }
    std::vector<double> column(values[0].size(), stats::not_known);
    for (const Question& question : answers->questions)
      if (const auto it = places.find(question.index); it != places.end()) {
        column[it->second] = question.values.front();
        if (question.asked != base.questions[it->second].asked) changed[it->second] = true;
      }
    values.push_back(std::move(column));
    read.push_back(variant);
  }
  out.variants = read.size();
  out.changed_prompts = static_cast<uint64_t>(std::count(changed.begin(), changed.end(), true));
  const stats::VariantSpread spread = stats::variant_spread(
      values, clusters_of(base.questions), stats::stream_key(base.dataset + "\n" + config::perturbation_of(*variants.front()).kind));
  out.n = spread.questions;
  if (spread.means.empty() || read.empty()) return out;
  out.value = unit * spread.means.front();
  out.low = unit * *std::min_element(spread.means.begin(), spread.means.end());
  out.high = unit * *std::max_element(spread.means.begin(), spread.means.end());
  out.between = unit * spread.between;
  out.question_by_variant = unit * spread.question_by_variant;
  out.between_questions = unit * spread.between_questions;
  out.changed_scores = spread.changed;
  out.p = spread.p;
  const config::Perturbation how = config::perturbation_of(*read.front());
  if (how.kind == "option_order" && set.inferencer.id == "ppl")
    if (const auto own = own_order(folder, model, set, read, how.options); own && own->n > 0) out.own_order = *own;
  return out;
}

}  // namespace

report::OwnOrder own_order_of(const std::vector<Ordered>& questions) {
  report::OwnOrder out;
  constexpr double rounding = 1e-9;  // relative: sums of the same numbers in another order
  bool any = false;                  // where options are not in the texts, these are the same in all orders
  for (const Ordered& one : questions) {
    const auto more = [&](double a, double b) { return a > b + rounding * (1 + std::abs(b)); };
    const double own = one.logprob.front();
    any = any || std::any_of(one.logprob.begin(), one.logprob.end(), [&](double x) { return more(own, x) || more(x, own); });
    if (has_own_order(one.options)) {
      ++out.left_out;
      continue;
    }
    ++out.n;
    out.first += std::all_of(one.logprob.begin() + 1, one.logprob.end(), [&](double other) { return more(own, other); });
  }
  if (!any) return {};
  out.orders = questions.front().logprob.size();
  if (out.n > 0 && out.orders > 1) out.p = stats::binomial_upper(out.first, out.n, 1.0 / static_cast<double>(out.orders));
  return out;
}

void measure_robustness(report::Table& table, const store::RunFolder& folder, const config::RunConfig& run,
                        const std::function<JudgedBy(const std::string& dataset)>& judged_by) {
  std::map<std::pair<std::string, std::string>, std::vector<const config::DatasetConfig*>> kinds;  // (set, kind)
  std::vector<std::pair<std::string, std::string>> order;
  for (const config::DatasetConfig& dataset : run.datasets) {
    const config::Perturbation how = config::perturbation_of(dataset);
    if (how.kind.empty()) continue;
    const std::string of(config::varied_set(dataset.task_name));
    auto& list = kinds[{of, how.kind}];
    if (list.empty()) order.emplace_back(of, how.kind);
    list.push_back(&dataset);
  }
  for (const std::string& model : table.models)
    for (const auto& key : order) {
      const config::DatasetConfig* set = config::find_dataset(run, key.first);
      std::error_code code;
      if (!set || !std::filesystem::exists(folder.results(model, key.first), code)) continue;  // the table says why
      const auto base = read_answers(folder, model, key.first, judged_by(key.first));
      report::Robustness one;
      if (!base) one.error = base.error().message;
      else if (base->metrics.empty()) one.error = "it has no number of its own";
      else one = measure(folder, model, *base, *set, kinds[key], judged_by);
      one.model = model;
      one.dataset = key.first;
      one.kind = key.second;
      table.robustness.push_back(std::move(one));
    }
}

}  // namespace sextant::compare
