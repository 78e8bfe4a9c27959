#include "familiarity.hpp"
#include <algorithm>
#include <cmath>
#include <map>
#include <fmt/format.h>
#include "../config/perturb.hpp"
#include "../stats/rank_sum.hpp"
#include "answers.hpp"

namespace sextant::compare {
namespace {

constexpr std::string_view metric = "min_k_plus_plus";

struct Familiarity {
  std::vector<double>
      values;  // of each text; of each cluster the mean, where the card names clusters: its texts are no independent draws
  size_t texts = 0;
};

std::string counted(const Familiarity& of) {
  return of.texts == of.values.size() ? fmt::format("{}", of.texts)
                                      : fmt::format("{} clusters of {}", of.values.size(), of.texts);
}

// None where they cannot be read, of which the table tells.
Familiarity familiarity_of(const store::RunFolder& folder, const std::string& model, const std::string& dataset) {
  Familiarity out;
  std::error_code code;
  if (!std::filesystem::exists(folder.results(model, dataset), code)) return out;
  const auto answers = read_answers(folder, model, dataset, {});
  if (!answers) return out;
  const auto at = std::find(answers->metrics.begin(), answers->metrics.end(), metric);
  if (at == answers->metrics.end()) return out;
  struct Sum {
    double sum = 0;
    size_t count = 0;
  };
  std::map<std::string, Sum> clusters;
  for (const Question& question : answers->questions) {
    const double value = question.values[static_cast<size_t>(at - answers->metrics.begin())];
    if (std::isnan(value)) continue;
    ++out.texts;
    if (question.cluster.empty()) {
      out.values.push_back(value);
      continue;
    }
    Sum& cluster = clusters[question.cluster];
    cluster.sum += value;
    ++cluster.count;
  }
  for (const auto& [name, cluster] : clusters) out.values.push_back(cluster.sum / static_cast<double>(cluster.count));
  return out;
}

// The share of a text's tokens that its number looks at.
double percent_of(const config::DatasetConfig& dataset) {
  const auto own = json::parse(dataset.inferencer.config, dataset.card_path);
  return own ? json::find_number(*own, "percent").value_or(20) : 20;
}

}  // namespace

void compare_familiarity(report::Table& table, const store::RunFolder& folder, const config::RunConfig& run) {
  std::vector<const config::DatasetConfig*> sets;
  for (const config::DatasetConfig& dataset : run.datasets)
    if (dataset.inferencer.id == "min_k" && !config::is_variant(dataset)) sets.push_back(&dataset);
  if (sets.size() < 2) return;
  for (const std::string& model : table.models) {
    size_t base = 0;  // the first that has numbers
    Familiarity first;
    while (base + 1 < sets.size() && (first = familiarity_of(folder, model, sets[base]->task_name)).values.empty()) ++base;
    for (size_t i = base + 1; i < sets.size() && !first.values.empty(); ++i) {
      const Familiarity other = familiarity_of(folder, model, sets[i]->task_name);
      if (other.values.empty()) continue;
      if (const double one = percent_of(*sets[base]), two = percent_of(*sets[i]); one != two) {
        table.findings.push_back(fmt::format(
            "{}: {} and {} are not compared: their numbers look at other shares of a text's tokens (percent {:g} and {:g})",
            model, sets[base]->task_name, sets[i]->task_name, one, two));
        continue;
      }
      const stats::RankSum both = stats::rank_sum(first.values, other.values);
      table.findings.push_back(fmt::format(
          "{}: a text of {} is more familiar than one of {} in {:.1f} % of all pairs ({} and {} texts, {}; p {:.3g} by ranks, "
          "as far as the two sets would be alike had the model seen neither)",
          model, sets[base]->task_name, sets[i]->task_name, 100 * both.above, counted(first), counted(other), metric, both.p));
    }
  }
}

}  // namespace sextant::compare
