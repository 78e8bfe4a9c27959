#include "judged.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <sextant/sha256.hpp>
#include <sextant/utf8_text.hpp>
#include "../base/log.hpp"
#include "../config/pairs.hpp"
#include "../data/thinking.hpp"
#include "../store/predictions.hpp"
#include "intervals.hpp"
#include "labels.hpp"
#include "length_files.hpp"
#include "opencompass_tables.hpp"
#include "trust.hpp"

namespace sextant::score {
namespace {

constexpr size_t quoted_max = 20;      // suspicious answers that the results name

// What the judge's replies are scored by.
config::DatasetConfig judged_set(const config::DatasetConfig& dataset) {
  config::DatasetConfig out = dataset;
  out.filters = {{"none", dataset.judge->postprocessors}};
  out.metrics = dataset.judge->metrics;
  if (!dataset.judge->reference.empty()) out.reference_postprocessors.clear();
  out.repeats = 1;
  return out;
}

// What a set's judges read, attempt by attempt.
struct Answer {
  uint64_t row = 0;
  uint32_t repeat = 0;
  double length = 0;                     // characters, without the thinking
  std::string addressed;                 // to the judge instead of to the question
  std::vector<std::string> groups;       // [column of "by"]
  std::string sha256;                    // of the prediction
  Style style{};                         // where the judge's numbers are to be of equal style
};

Result<std::vector<Answer>> answers_of(const store::RunFolder& folder, const config::DatasetConfig& dataset,
                                       const std::string& model) {
  SXT_TRY(const store::Predictions predictions,
          store::Predictions::open(folder.predictions(model, dataset.task_name), dataset.task_name));
  std::vector<Answer> out;
  const std::vector<std::string> fences = fences_of(dataset.judge->template_.config);
  for (uint64_t i = 0; i < predictions.size(); ++i) {
    SXT_TRY(const std::vector<data::Attempt> one, predictions.read(i, 1));
    const data::Attempt& attempt = one.front();
    const std::string answer(data::thought_of(attempt).answer);
    Answer found{attempt.id.row,
                 attempt.id.repeat,
                 static_cast<double>(utf8::length(answer)),
                 std::string(addressed_to_judge(answer, fences)),
                 {},
                 sha256_hex(attempt.prediction),
                 dataset.judge->style ? style_of(answer) : Style{}};
    if (!dataset.judge->by.empty()) {
      SXT_TRY(const json::Document record, json::parse(attempt.record_json, dataset.task_name));
      for (const std::string& column : dataset.judge->by) {
        const json::Value* value = json::find(record, column);
        if (!value)
          return Error{Error::Kind::config,
                       fmt::format("{}: eval.judge.by names the column '{}', which row {} does not have; correct it",
                                   dataset.card_path, column, attempt.id.row)};
        found.groups.push_back(value->IsString() ? std::string(json::text(*value)) : json::write(*value));
      }
    }
    out.push_back(std::move(found));
  }
  return out;
}

data::Estimate estimate(std::string metric, const stats::Interval& interval, bool higher_is_better = true) {
  data::Estimate out;
  out.metric = std::move(metric);
  out.higher_is_better = higher_is_better;
  out.value = interval.value;
  set_interval(out, interval);
  return out;
}

// The values of a column of "by", in the order in which they first come, each with its samples.
std::vector<std::pair<std::string, std::vector<size_t>>> groups_of(const std::vector<Answer>& answers, size_t column) {
  std::vector<std::pair<std::string, std::vector<size_t>>> out;
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < answers.size(); ++i) {
    const auto [place, fresh] = places.try_emplace(answers[i].groups[column], out.size());
    if (fresh) out.push_back({answers[i].groups[column], {}});
    out[place->second].second.push_back(i);
  }
  return out;
}

// "SmolLM2-135M-Instruct.Q4_1" and "smollm2-1.7b" are of one family: the letters that the file's name begins with.
std::string family_of(const config::ModelConfig& model) {
  std::string name = model.path.empty() ? model.abbr : model.path;
  while (name.ends_with('/')) name.pop_back();
  name = name.substr(name.rfind('/') == name.npos ? 0 : name.rfind('/') + 1);
  std::string out;
  for (const char c : name) {
    const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (low < 'a' || low > 'z') break;
    out += low;
  }
  return out;
}

// A judge that shares weights or a family with what it judges tends to prefer it.
void add_kinship(const config::RunConfig& run, const std::string& judge_abbr, const std::string& model_abbr,
                 std::vector<data::Finding>& out) {
  const config::ModelConfig* judge = config::find_model(run, judge_abbr);
  const config::ModelConfig* model = config::find_model(run, model_abbr);
  if (!judge || !model || model->path.empty() || judge->path.empty()) return;
  const bool same = judge->path == model->path, kin = family_of(*judge).size() > 2 && family_of(*judge) == family_of(*model);
  if (!same && !kin) return;
  data::Finding finding{
      "self_preference", 1, 1,
      fmt::format("{} {}", same ? "the weights of" : fmt::format("the family '{}' with", family_of(*judge)), model_abbr)};
  finding.judge = judge_abbr;
  out.push_back(std::move(finding));
}

void add_suspicious(const std::vector<Answer>& answers, const std::string& model, Scored& scored) {
  uint64_t count = 0;
  std::string first;
  for (const Answer& answer : answers) {
    if (answer.addressed.empty()) continue;
    if (++count == 1) first = answer.addressed;
    if (count <= quoted_max) scored.suspicious.push_back({model, answer.row, answer.repeat, answer.addressed});
  }
  if (count > 0)
    scored.findings.push_back({"addressed_to_judge", count, answers.size(),
                               fmt::format("row {} of {}: {}", scored.suspicious.front().row, model, json::quote(first))});
}

// Labels by the sample's place. What the person saw must be what the judge saw.
struct Placed {
  std::map<size_t, double> by_sample;
  uint64_t stale = 0;
};
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
      ++out.stale;                       // --limit, --rows: it is not asked in this run
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

// `ret_numbers` and findings get what people's labels make of a judge's values.
void add_trust(const Placed& people, const std::vector<double>& values, double unit, stats::Range range,
               const std::string& name, bool higher_is_better, const std::string& judge,
               std::vector<data::Estimate>& ret_numbers, std::vector<data::Finding>& ret_findings) {
  if (people.stale > 0) ret_findings.push_back({"stale_labels", people.stale, people.stale + people.by_sample.size(), name});
  auto trust = beside_people(values, people.by_sample, unit, range);
  if (!trust) return;
  trust->corrected.metric = name + "_corrected";
  trust->corrected.higher_is_better = higher_is_better;
  ret_numbers.push_back(std::move(trust->corrected));
  for (data::Finding& finding : trust->findings) {
    finding.judge = judge;
    ret_findings.push_back(std::move(finding));
  }
}

// OpenCompass' own table of that set, in front of the other numbers. `rows`: how many judgements show the answers of one order.
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

std::string panel_name(const std::vector<std::string>& judges) { return fmt::format("{}", fmt::join(judges, "+")); }

stats::Range range_of(const ValueFacts& facts) {
  stats::Range out;
  if (std::isfinite(facts.low)) out.low = facts.low;
  if (std::isfinite(facts.high)) out.high = facts.high;
  return out;
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
    bool same = scored.attempts == asked.size();
    for (size_t k = 0; same && judge.asks == config::Judge::Asks::failed && k < asked.size(); ++k) {
      SXT_TRY(const LineParts line, scored.lines->get(k));
      same = line.row == asked[k];
    }
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
    if (by_rules)
      out->numbers.push_back(
          estimate("with_judge", stats::scaled(stats::of_mean(rules->columns.front().values, {}, {0, 1}), 100)));
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
    numbers.insert(numbers.begin(),
                   estimate(key, stats::scaled(stats::of_mean(values, {}, range_of(facts)), unit), facts.higher_is_better));
    out->numbers = std::move(numbers);
    out->results_sha256 = hashes.find("failed") == hashes.npos ? sha256_hex(hashes) : "";
  }
  if (by_rules) {
    std::vector<double> either = rules->columns.front().values;
    for (const size_t i : asked) {
      if (std::isnan(values[i])) {
        if (either[i] < 1) either[i] = values[i];  // nobody has said yet whether it is right
      } else if (!(either[i] >= values[i])) {
        either[i] = values[i];
      }
    }
    out->numbers.push_back(estimate("with_judge", stats::scaled(stats::of_mean(either, {}, {0, 1}), 100)));
  }
  for (size_t column = 0; column < judge.by.size(); ++column)
    for (const auto& [name, samples] : groups_of(answers, column)) {
      std::vector<double> part;
      for (const size_t i : samples) part.push_back(values[i]);
      const stats::Interval mean = stats::scaled(stats::of_mean(part, {}, range_of(facts)), unit);
      if (!std::isnan(mean.value))
        out->numbers.push_back(estimate(fmt::format("{}:{}", key, name), mean, facts.higher_is_better));
    }
  if (!judge.labels.empty()) {
    SXT_TRY(const Labels labels, read_labels(run, dataset));
    SXT_TRY(const Placed people, placed(labels, answers, model, "", nullptr));
    add_trust(people, values, unit, range_of(facts), key, facts.higher_is_better, panel_name(config::deciders_of(judge)),
              out->numbers, findings);
  }
  out->findings = std::move(findings);
  SXT_CHECK(add_table(run, dataset, folder, model, answers, out->numbers));
  add_suspicious(answers, model, *out);
  return *std::move(out);
}

Result<Scored> score_pairs(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                           const store::RunFolder& folder, const store::TaskLog& log, const std::string& model,
                           Arenas& arenas) {
  std::shared_ptr<const ScoredPairs>& known = arenas[dataset.task_name];
  if (!known) {
    const config::Judge& judge = *dataset.judge;
    const std::vector<std::string> judges = config::all_judges_of(judge), panel = config::judges_of(judge);
    SXT_TRY(const auto pairs, config::pairs_of(run, dataset));
    const config::DatasetConfig verdicts = judged_set(dataset);
    auto made = std::make_shared<ScoredPairs>();
    Lengths lengths;
    Styles styles;
    std::vector<std::vector<Answer>> answers;
    for (const config::ModelConfig& one : run.models) {
      made->models.push_back(one.abbr);
      SXT_TRY(std::vector<Answer> of_model, answers_of(folder, dataset, one.abbr));
      std::vector<double>& of = lengths.emplace_back();
      for (const Answer& answer : of_model) of.push_back(answer.length);
      styles.emplace_back();
      for (const Answer& answer : of_model) styles.back().push_back(answer.style);
      answers.push_back(std::move(of_model));
    }
    const auto place = [&](const std::string& name) {
      return static_cast<size_t>(std::find(made->models.begin(), made->models.end(), name) - made->models.begin());
    };
    std::optional<Scored> first;
    std::vector<std::vector<PairVerdicts>> by_judge;
    std::string hashes;
    for (const std::string& name : judges) {
      std::vector<PairVerdicts>& read = by_judge.emplace_back();
      for (const auto& [one, other] : pairs) {
        SXT_TRY(Scored scored, score_attempts(host, run, verdicts, folder, name,
                                              store::judged_name(dataset.task_name, config::pair_name(one, other)), log, 0));
        const std::vector<double>& values = scored.columns.front().values;
        const size_t rows = lengths[place(one)].size();
        if (values.size() != rows * (judge.both_orders ? 2 : 1))
          return Error{Error::Kind::cancelled, fmt::format("the judge '{}' has answered {} times on {} answers of {} and {}; "
                                                           "the same command with -m all and -r goes on",
                                                           name, values.size(), rows, one, other)};
        PairVerdicts pair{place(one), place(other), {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rows)}, {}};
        for (size_t i = rows; i < values.size(); ++i) pair.swapped.push_back(1 - values[i]);
        read.push_back(std::move(pair));
        hashes += scored.results_sha256.empty() ? "failed" : scored.results_sha256;
        if (first) {
          first->failed += scored.failed;
          if (!first->error) first->error = std::move(scored.error);
        } else {
          first = std::move(scored);
        }
      }
    }
    std::vector<PairVerdicts> together = judge.meta.empty() ? by_judge.front() : by_judge.back();
    if (judges.size() > 1) {
      std::vector<std::vector<double>> flat(panel.size());      // all verdicts one behind the other
      for (size_t p = 0; p < together.size(); ++p)
        for (std::vector<double> PairVerdicts::*order : {&PairVerdicts::straight, &PairVerdicts::swapped}) {
          std::vector<std::vector<double>> said;
          for (size_t j = 0; j < panel.size(); ++j) {
            said.push_back(by_judge[j][p].*order);
            flat[j].insert(flat[j].end(), said.back().begin(), said.back().end());
          }
          if (judge.meta.empty()) together[p].*order = combined(said, judge.vote);
        }
      made->numbers = arena(made->models, together, lengths, dataset.task_name, judge.style ? &styles : nullptr);
      made->numbers.findings.clear();
      if (panel.size() > 1) made->numbers.findings.push_back(panel_finding(panel, flat));
    }
    for (size_t j = 0; j < judges.size(); ++j) {
      ArenaNumbers alone = arena(made->models, by_judge[j], lengths, dataset.task_name, judge.style ? &styles : nullptr);
      for (const config::ModelConfig& one : run.models) add_kinship(run, judges[j], one.abbr, alone.findings);
      for (data::Finding& finding : alone.findings) finding.judge = judges[j];
      if (judges.size() == 1) made->numbers = std::move(alone);
      else {
        std::move(alone.findings.begin(), alone.findings.end(), std::back_inserter(made->numbers.findings));
        for (size_t m = 0; m < made->models.size(); ++m)
          for (data::Estimate& number : alone.of_model[m])
            if (judges[j] != judge.meta && (number.metric == "win_rate" || number.metric == "rating")) {
              number.metric += "_by_" + judges[j];
              made->numbers.of_model[m].push_back(number);
            }
      }
    }
    if (!judge.gamed.empty() && (pairs.size() == 1 || !judge.base.empty()))
      for (const PairVerdicts& pair : together) {
        std::vector<LengthSample> samples;
        for (size_t i = 0; i < pair.straight.size(); ++i)
          samples.push_back({answers[pair.first][i].row, share_of(pair, i), lengths[pair.first][i], lengths[pair.second][i]});
        SXT_TRY(data::Estimate controlled, length_controlled_win_rate(dataset, samples));
        made->numbers.of_model[pair.first].push_back(std::move(controlled));
      }
    for (size_t column = 0; column < judge.by.size(); ++column)
      for (const auto& [name, samples] : groups_of(answers.front(), column))
        for (size_t m = 0; m < made->models.size(); ++m) {
          const data::Estimate part = win_rate_of(together, m, samples, fmt::format("win_rate:{}", name));
          if (!std::isnan(part.value)) made->numbers.of_model[m].push_back(part);
        }
    if (!judge.labels.empty()) {
      SXT_TRY(const Labels labels, read_labels(run, dataset));
      for (const PairVerdicts& pair : together) {
        const std::string &a = made->models[pair.first], &b = made->models[pair.second];
        SXT_TRY(const Placed people, placed(labels, answers[pair.first], a, b, &answers[pair.second]));
        std::vector<double> values;
        for (size_t row = 0; row < pair.straight.size(); ++row) values.push_back(share_of(pair, row));
        const std::string name = pairs.size() > 1 ? "win_rate_against_" : "win_rate";
        std::vector<data::Estimate> numbers;
        add_trust(people, values, 100, {0, 1}, pairs.size() > 1 ? name + b : name, true,
                  panel_name(config::deciders_of(judge)), numbers,
                  made->numbers.findings);
        for (data::Estimate number : numbers) {
          made->numbers.of_model[pair.first].push_back(number);
          if (pairs.size() > 1) number.metric = name + a + "_corrected";
          const double low = number.low;
          number.value = 100 - number.value, number.low = 100 - number.high, number.high = 100 - low;
          made->numbers.of_model[pair.second].push_back(number);
        }
      }
    }
    if (pairs.size() == 1 || !judge.base.empty())
      for (const auto& [one, other] : pairs)
        SXT_CHECK(add_table(run, dataset, folder, config::pair_name(one, other), answers.front(),
                            made->numbers.of_model[place(one)]));
    for (size_t m = 0; m < made->models.size(); ++m) {
      Scored holder;
      add_suspicious(answers[m], made->models[m], holder);
      std::move(holder.suspicious.begin(), holder.suspicious.end(), std::back_inserter(first->suspicious));
      std::move(holder.findings.begin(), holder.findings.end(), std::back_inserter(made->numbers.findings));
    }
    first->results_sha256 = hashes.find("failed") == hashes.npos ? sha256_hex(hashes) : "";
    made->first = *std::move(first);
    known = std::move(made);
  }
  Scored out = known->first;
  const size_t place =
      static_cast<size_t>(std::find(known->models.begin(), known->models.end(), model) - known->models.begin());
  out.numbers = known->numbers.of_model[place];
  out.findings = known->numbers.findings;
  return out;
}

}  // namespace sextant::score
