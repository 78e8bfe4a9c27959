#include "choice_scores.hpp"
#include <algorithm>
#include <cmath>
#include <limits>

namespace sextant::score {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

bool is_right(std::string_view label, const json::Value& target) {
  if (target.IsString()) return label == json::text(target);
  return target.IsArray() && std::any_of(target.Begin(), target.End(),
                                         [&](const auto& each) { return each.IsString() && label == json::text(each); });
}

// The options' probabilities: softmax of the log-probabilities.
std::vector<double> probabilities(const data::Attempt& attempt) {
  double most = -std::numeric_limits<double>::infinity(), sum = 0;
  std::vector<double> out;
  for (const data::LabelScore& label : attempt.labels) most = std::max(most, label.logprob);
  for (const data::LabelScore& label : attempt.labels) sum += out.emplace_back(std::exp(label.logprob - most));
  for (double& each : out) each /= sum;
  return out;
}

// Sum over the options of (p - 1 where right, else 0) squared.
double brier(const data::Attempt& attempt, const json::Value& target) {
  const std::vector<double> p = probabilities(attempt);
  double out = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    const double off = p[i] - (is_right(attempt.labels[i].label, target) ? 1 : 0);
    out += off * off;
  }
  return p.empty() ? none : out;
}

// TruthfulQA's mc2.
double mass(const data::Attempt& attempt, const json::Value& target) {
  const std::vector<double> p = probabilities(attempt);
  double out = 0;
  for (size_t i = 0; i < p.size(); ++i) out += is_right(attempt.labels[i].label, target) ? p[i] : 0;
  return p.empty() ? none : out;
}

double greedy(const json::Value& extra, const json::Value& target) {
  const json::Value* by_label = json::find(extra, "greedy");
  if (!by_label || !by_label->IsObject()) return none;
  return std::any_of(by_label->MemberBegin(), by_label->MemberEnd(),
                     [&](const auto& member) { return member.value.IsTrue() && is_right(json::text(member.name), target); })
             ? 1
             : 0;
}

}  // namespace

std::vector<ChoiceScore> choice_scores_of(const config::DatasetConfig& dataset) {
  std::vector<ChoiceScore> out;
  if (dataset.inferencer.id != "multiple_choice") return out;
  const auto config = json::parse(dataset.inferencer.config, dataset.card_path);
  const json::Value* scores = config ? json::find(*config, "scores") : nullptr;
  if (!scores || !scores->IsObject()) return {{"acc", "sum"}, {"acc_norm", "char"}};
  for (const auto& member : scores->GetObject()) {
    const std::string name(json::text(member.name));
    if (member.value.IsString()) out.push_back({name, std::string(json::text(member.value))});
    else
      out.push_back({name, "function", json::find_string(member.value, "source").value_or(""),
                     json::find_string(member.value, "name").value_or("")});
  }
  return out;
}

double choice_score(const std::string& kind, const data::Attempt& attempt, const json::Value& extra,
                    const json::Value& target) {
  if (kind == "perplexity") return attempt.labels.empty() ? none : attempt.labels.front().logprob;
  if (kind == "brier") return brier(attempt, target);
  if (kind == "mass") return mass(attempt, target);
  if (kind == "greedy") return greedy(extra, target);
  const json::Value* choices = json::find(extra, "choices");
  const bool of_pairs = kind == "f1" || kind == "mcc" || kind == "function";
  const auto chosen = choices ? json::find_string(*choices, of_pairs ? "sum" : kind) : std::nullopt;
  return !chosen ? none : is_right(*chosen, target) ? 1 : 0;
}

}  // namespace sextant::score
