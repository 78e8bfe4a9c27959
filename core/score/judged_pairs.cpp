#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <sextant/sha256.hpp>
#include "../config/pairs.hpp"
#include "../data/thinking.hpp"
#include "../data/verdict.hpp"
#include "../store/predictions.hpp"
#include "judge_numbers.hpp"
#include "judged.hpp"
#include "length_files.hpp"
#include "style_control.hpp"
#include "trust.hpp"

namespace sextant::score {
namespace {

// All verdicts on the pairs of a set, on the way to numbers.
class Pairs {
 public:
  Pairs(const config::RunConfig& run, const config::DatasetConfig& dataset, const store::RunFolder& folder)
      : run_(run), dataset_(dataset), judge_(*dataset.judge), folder_(folder) {}

  Result<std::shared_ptr<const ScoredPairs>> score(plugin::Host& host, const store::TaskLog& log) {
    SXT_TRY(pairs_, config::pairs_of(run_, dataset_));
    for (const config::ModelConfig& model : run_.models) {
      made_->models.push_back(model.abbr);
      SXT_TRY(std::vector<Answer> answers, answers_of(folder_, dataset_, model.abbr));
      lengths_.emplace_back(), styles_.emplace_back();
      for (const Answer& answer : answers) lengths_.back().push_back(answer.length), styles_.back().push_back(answer.style);
      answers_.push_back(std::move(answers));
    }
    clusters_ = clusters_of(answers_.front());
    for (const std::string& name : config::all_judges_of(judge_)) SXT_CHECK(read(host, log, name));
    combine();
    SXT_CHECK(add_controlled());
    add_groups();
    SXT_CHECK(add_labels());
    if (has_one_opponent())
      for (const auto& [one, other] : pairs_)
        SXT_CHECK(add_table(run_, dataset_, folder_, config::pair_name(one, other), answers_.front(), numbers_of(place(one))));
    for (size_t m = 0; m < made_->models.size(); ++m)
      add_suspicious(answers_[m], made_->models[m], made_->first.suspicious, made_->numbers.findings);
    return std::shared_ptr<const ScoredPairs>(std::move(made_));
  }

 private:
  size_t place(const std::string& model) const {
    return static_cast<size_t>(std::find(made_->models.begin(), made_->models.end(), model) - made_->models.begin());
  }
  std::vector<data::Estimate>& numbers_of(size_t model) { return made_->numbers.of_model[model]; }
  bool has_one_opponent() const { return pairs_.size() == 1 || !judge_.base.empty(); }

  // One judge's replies on all pairs.
  Result<void> read(plugin::Host& host, const store::TaskLog& log, const std::string& name) {
    const config::DatasetConfig verdicts = judged_set(dataset_);
    std::vector<PairVerdicts>& read = by_judge_.emplace_back();
    for (const auto& [one, other] : pairs_) {
      SXT_TRY(Scored scored, score_attempts(host, run_, verdicts, folder_, name,
                                            store::judged_name(dataset_.task_name, config::pair_name(one, other)), log, 0));
      const std::vector<double>& values = scored.columns.front().values;
      const size_t rows = lengths_[place(one)].size();
      if (values.size() != rows * (judge_.both_orders ? 2 : 1))
        return Error{Error::Kind::cancelled, fmt::format("the judge '{}' has answered {} times on {} answers of {} and {}; "
                                                         "the same command with -m all and -r goes on",
                                                         name, values.size(), rows, one, other)};
      PairVerdicts pair{place(one), place(other), {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rows)}, {}};
      for (size_t i = rows; i < values.size(); ++i) pair.swapped.push_back(1 - values[i]);
      read.push_back(std::move(pair));
      hashes_ += scored.results_sha256.empty() ? "failed" : scored.results_sha256;
      if (by_judge_.size() > 1 || read.size() > 1) {
        made_->first.failed += scored.failed;
        if (!made_->first.error) made_->first.error = std::move(scored.error);
      } else {
        made_->first = std::move(scored);
      }
    }
    return {};
  }

  ArenaNumbers arena_of(const std::vector<PairVerdicts>& verdicts) const {
    return arena(made_->models, verdicts, lengths_, dataset_.task_name, judge_.style ? &styles_ : nullptr, clusters_);
  }

  // A panel's or the meta judge's verdicts and numbers; each judge's own under its name.
  void combine() {
    const std::vector<std::string> judges = config::all_judges_of(judge_), panel = config::judges_of(judge_);
    made_->first.results_sha256 = hashes_.find("failed") == hashes_.npos ? sha256_hex(hashes_) : "";
    together_ = judge_.meta.empty() ? by_judge_.front() : by_judge_.back();
    if (judges.size() > 1) {
      std::vector<std::vector<double>> flat(panel.size());  // all verdicts one behind the other
      for (size_t p = 0; p < together_.size(); ++p)
        for (std::vector<double> PairVerdicts::*order : {&PairVerdicts::straight, &PairVerdicts::swapped}) {
          std::vector<std::vector<double>> said;
          for (size_t j = 0; j < panel.size(); ++j) {
            said.push_back(by_judge_[j][p].*order);
            flat[j].insert(flat[j].end(), said.back().begin(), said.back().end());
          }
          if (judge_.meta.empty()) together_[p].*order = combined(said, judge_.vote);
        }
      made_->numbers = arena_of(together_);
      made_->numbers.findings.clear();
      if (panel.size() > 1) made_->numbers.findings.push_back(panel_finding(panel, flat));
    }
    for (size_t j = 0; j < judges.size(); ++j) {
      ArenaNumbers alone = arena_of(by_judge_[j]);
      for (const config::ModelConfig& one : run_.models) add_kinship(run_, judges[j], one.abbr, alone.findings);
      for (data::Finding& finding : alone.findings) finding.judge = judges[j];
      if (judges.size() == 1) {
        made_->numbers = std::move(alone);
        return;
      }
      std::move(alone.findings.begin(), alone.findings.end(), std::back_inserter(made_->numbers.findings));
      for (size_t m = 0; m < made_->models.size(); ++m)
        for (data::Estimate& number : alone.of_model[m])
          if (judges[j] != judge_.meta && (number.metric == "win_rate" || number.metric == "rating")) {
            number.metric += "_by_" + judges[j];
            numbers_of(m).push_back(number);
          }
    }
  }

  // Win rates against one opponent as AlpacaEval 2 and Arena-Hard correct them.
  Result<void> add_controlled() {
    if (!has_one_opponent()) return {};
    if (!judge_.gamed.empty())
      for (const PairVerdicts& pair : together_) {
        std::vector<LengthSample> samples;
        for (size_t i = 0; i < pair.straight.size(); ++i)
          samples.push_back({answers_[pair.first][i].row, share_of(pair, i), lengths_[pair.first][i], lengths_[pair.second][i],
                             clusters_.empty() ? static_cast<uint32_t>(i) : clusters_[i]});
        SXT_TRY(data::Estimate controlled, length_controlled_win_rate(dataset_, samples));
        numbers_of(pair.first).push_back(std::move(controlled));
      }
    if (!judge_.style) return {};
    std::vector<Battle> battles;
    for (const PairVerdicts& pair : together_) {
      SXT_TRY(const std::vector<bool> strong, strong_verdicts(pair));
      const size_t rows = pair.straight.size();
      for (size_t row = 0; row < rows; ++row) {
        const bool both = !pair.swapped.empty();
        if (std::isnan(pair.straight[row]) || (both && std::isnan(pair.swapped[row]))) continue;
        battles.push_back({pair.first, row, pair.straight[row], strong[row] ? strong_weight : 1});
        if (both) battles.push_back({pair.first, row, pair.swapped[row], strong[rows + row] ? strong_weight : 1});
      }
    }
    const size_t base = together_.front().second;
    const auto controlled = style_controlled(made_->models, base, battles, styles_, lengths_[base].size(), dataset_.task_name,
                                             clusters_);
    for (size_t m = 0; m < controlled.size(); ++m)
      if (m != base) numbers_of(m).push_back(judge_number("style_controlled_win_rate", controlled[m]));
    return {};
  }

  // Which of a pair's replies say ">>", those of the other order behind those of the first; of several judges none does.
  Result<std::vector<bool>> strong_verdicts(const PairVerdicts& pair) const {
    std::vector<bool> out(2 * pair.straight.size(), false);
    const std::vector<std::string> deciders = config::deciders_of(judge_);
    if (deciders.size() != 1) return out;
    const std::string& metric_json = judge_.metrics.front().config;
    SXT_TRY(const json::Document config, json::parse(metric_json, dataset_.card_path));
    SXT_TRY(const data::VerdictReader reader, data::VerdictReader::make("preference", config, dataset_.card_path));
    const std::string task =
        store::judged_name(dataset_.task_name, config::pair_name(made_->models[pair.first], made_->models[pair.second]));
    SXT_TRY(const store::Predictions predictions, store::Predictions::open(folder_.predictions(deciders.front(), task), task));
    for (uint64_t i = 0; i < predictions.size() && i < out.size(); ++i) {
      SXT_TRY(const std::vector<data::Attempt> one, predictions.read(i, 1));
      const std::string label = reader.read(data::thought_of(one.front()).answer).label;
      out[i] = label.find(">>") != label.npos || label.find("<<") != label.npos;
    }
    return out;
  }

  void add_groups() {
    for (size_t column = 0; column < judge_.by.size(); ++column)
      for (const auto& [name, samples] : groups_of(answers_.front(), column))
        for (size_t m = 0; m < made_->models.size(); ++m) {
          const data::Estimate part = win_rate_of(together_, m, samples, fmt::format("win_rate:{}", name), clusters_);
          if (!std::isnan(part.value)) numbers_of(m).push_back(part);
        }
  }

  Result<void> add_labels() {
    if (judge_.labels.empty()) return {};
    SXT_TRY(const Labels labels, read_labels(run_, dataset_));
    for (const PairVerdicts& pair : together_) {
      const std::string &a = made_->models[pair.first], &b = made_->models[pair.second];
      SXT_TRY(const Placed people, placed(labels, answers_[pair.first], a, b, &answers_[pair.second]));
      std::vector<double> values;
      for (size_t row = 0; row < pair.straight.size(); ++row) values.push_back(share_of(pair, row));
      const std::string name = pairs_.size() > 1 ? "win_rate_against_" : "win_rate";
      std::vector<data::Estimate> numbers;
      add_trust(people, values, clusters_, 100, {0, 1}, pairs_.size() > 1 ? name + b : name, true, judge_, numbers,
                made_->numbers.findings);
      for (data::Estimate number : numbers) {
        numbers_of(pair.first).push_back(number);
        if (pairs_.size() > 1) number.metric = name + a + "_corrected";
        const double low = number.low;
        number.value = 100 - number.value, number.low = 100 - number.high, number.high = 100 - low;
        numbers_of(pair.second).push_back(number);
      }
    }
    return {};
  }

  const config::RunConfig& run_;
  const config::DatasetConfig& dataset_;
  const config::Judge& judge_;
  const store::RunFolder& folder_;
  std::vector<std::pair<std::string, std::string>> pairs_;
  std::vector<std::vector<Answer>> answers_;  // [model]
  Lengths lengths_;
  Styles styles_;
  Clusters clusters_;                         // of the rows, which all models have in common
  std::vector<std::vector<PairVerdicts>> by_judge_;  // a meta judge is the last one
  std::vector<PairVerdicts> together_;               // what all of them say
  std::string hashes_;
  std::shared_ptr<ScoredPairs> made_ = std::make_shared<ScoredPairs>();
};

}  // namespace

Result<Scored> score_pairs(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                           const store::RunFolder& folder, const store::TaskLog& log, const std::string& model,
                           Arenas& arenas) {
  std::shared_ptr<const ScoredPairs>& known = arenas[dataset.task_name];
  if (!known) { SXT_TRY(known, Pairs(run, dataset, folder).score(host, log)); }
  Scored out = known->first;
  const size_t place =
      static_cast<size_t>(std::find(known->models.begin(), known->models.end(), model) - known->models.begin());
  out.numbers = known->numbers.of_model[place];
  out.findings = known->numbers.findings;
  return out;
}

}  // namespace sextant::score
