#include "columns.hpp"
#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include "../stats/lm_eval_error.hpp"
#include "../stats/mean.hpp"
#include "intervals.hpp"
#include "own_metrics.hpp"

namespace sextant::score {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

constexpr unsigned threads_max = 8;   // of a bootstrap of lm-eval's

uint64_t rows_of(const Scored& scored) { return scored.attempts / scored.repeats; }
std::vector<uint32_t> all_rows(const Scored& scored) {
  std::vector<uint32_t> out(rows_of(scored));
  std::iota(out.begin(), out.end(), 0u);
  return out;
}
unsigned threads() { return std::clamp(std::thread::hardware_concurrency(), 1u, threads_max); }

// The attempts of one repeat that the filter could read, as their metric judges them; what failed is left out.
struct Part {
  std::vector<std::vector<std::string>> texts;  // [sample] record, reference, answer under each filter
  JudgedSet set;
};

Result<Part> part_of(const Scored& scored, const Values& values, size_t filter, const Column& first, uint32_t repeat) {
  Part part;
  for (uint64_t i = repeat * rows_of(scored); i < (repeat + 1) * rows_of(scored); ++i) {
    if (values.failed(i, filter)) continue;
    SXT_TRY(const LineParts line, scored.lines->get(i));
    SXT_TRY(const json::Document judged, json::parse(line.judged, "a scored attempt"));
    std::vector<std::string>& texts = part.texts.emplace_back();
    for (const size_t wanted : {size_t{0}, size_t{1}, 2 + filter})
      texts.emplace_back(json::text(judged[static_cast<rapidjson::SizeType>(wanted)]));
    part.set.rows.push_back(i % rows_of(scored));
    part.set.first.push_back(first.values[i]);
  }
  for (const std::vector<std::string>& texts : part.texts) part.set.samples.push_back({texts[2], texts[1], texts[0]});
  return part;
}

bool any_read(const Scored& scored, const Values& values, size_t filter, uint32_t repeat) {
  for (uint64_t i = repeat * rows_of(scored); i < (repeat + 1) * rows_of(scored); ++i)
    if (!values.failed(i, filter)) return true;
  return false;
}

// Shares are shown as percentages, points as they are.
double unit_of(const ValueFacts& facts) { return facts.percent ? 100 : 1; }

double mean_of(const Scored& scored, const Column& column, uint32_t repeat) {
  double sum = 0;
  size_t counted = 0;
  for (uint64_t i = repeat * rows_of(scored); i < (repeat + 1) * rows_of(scored); ++i)
    if (!std::isnan(column.values[i])) sum += column.values[i], ++counted;
  return counted == 0 ? none : unit_of(column.facts) * sum / static_cast<double>(counted);
}

// The table's name of a number that another metric has taken already.
std::string unique_name(const std::unordered_set<std::string>& taken, const std::string& id, const std::string& name) {
  return taken.contains(name) ? fmt::format("{}_{}", id, name) : name;
}

// A number that attempts carry in "extra". Over a set: transform(-sum of logprob / sum of `weight`), or the mean where there is
// no weight. Lower is better: of Min-K%, less familiar.
struct Perplexity {
  const char *name, *extra, *weight;
  double (*transform)(double);
  double low = 0;
};
constexpr Perplexity perplexities[] = {
    {"word_perplexity", "word_perplexity", "words", [](double x) { return std::exp(x); }},
    {"byte_perplexity", "byte_perplexity", "bytes", [](double x) { return std::exp(x); }},
    {"bits_per_byte", "bits_per_byte", "bytes", [](double x) { return x / std::log(2.0); }},
    {"average_ppl", "ppl", nullptr, nullptr},
    {"min_k_plus_plus", "min_k_plus_plus", nullptr, nullptr, none},
    {"min_k", "min_k", nullptr, nullptr, none},
};

const Perplexity* perplexity_named(const std::string& name) {
  for (const Perplexity& one : perplexities)
    if (name == one.name) return &one;
  return nullptr;
}

// `rows`: which rows of that repeat.
double over_rows(const Scored& scored, const Values& values, const Column& column, const Perplexity& kind, uint32_t repeat,
                 std::span<const uint32_t> rows) {
  const std::vector<double>& logprobs = values.carried("logprob");
  const std::vector<double>* of_weight = kind.weight ? &values.carried(kind.weight) : nullptr;
  const auto at = [](const std::vector<double>& column_of, uint64_t i) { return column_of.empty() ? none : column_of[i]; };
  double sum = 0, weights = 0;
  for (const uint32_t row : rows) {
    const uint64_t i = repeat * rows_of(scored) + row;
    if (std::isnan(column.values[i])) continue;
    sum += of_weight ? -at(logprobs, i) : column.values[i];
    weights += of_weight ? at(*of_weight, i) : 1;
  }
  if (weights == 0) return none;
  return of_weight ? kind.transform(sum / weights) : sum / weights;
}

double over_set(const Scored& scored, const Values& values, const Column& column, const Perplexity& kind, uint32_t repeat) {
  return over_rows(scored, values, column, kind, repeat, all_rows(scored));
}

// Of the attempts that have them.
std::vector<Pair> pairs_of(const Scored& scored, const Values& values, uint32_t repeat, std::span<const uint32_t> rows) {
  std::vector<Pair> out;
  for (const uint32_t row : rows)
    if (const auto& pair = values.pairs()[repeat * rows_of(scored) + row]) out.push_back(*pair);
  return out;
}

// A choice score over a set (Column::Over), or over the rows that a resampling drew.
double chosen_over_set(const Scored& scored, const Column& column, uint32_t repeat) {
  const double percent = mean_of(scored, column, repeat);
  if (column.over == Column::Over::percent) return percent;
  return column.over == Column::Over::mean ? percent / 100 : std::exp(-percent / 100);
}
double chosen_perplexity(const Scored& scored, const Column& column, uint32_t repeat, std::span<const uint32_t> rows) {
  double sum = 0, n = 0;
  for (const uint32_t row : rows)
    if (const double value = column.values[repeat * rows_of(scored) + row]; !std::isnan(value)) sum += value, ++n;
  return n == 0 ? none : std::exp(-sum / n);
}

void add_chosen(Scored& scored, const std::string& name, const std::vector<double>& values, ValueFacts facts) {
  Column column;
  column.metric = column.key = name;  // post-processors do not touch a label or a probability, so filters do not differ in it
  column.filter = scored.filters.front();
  column.facts = std::move(facts);
  column.values = values;
  column.chosen = true;
  scored.columns.push_back(std::move(column));
}

// The rows of the table as they are found: a number for each repeat.
struct Rows {
  explicit Rows(uint32_t repeats) : repeats_(repeats) {}
  void put(const std::string& key, bool higher_is_better, uint32_t repeat, double value) {
    const auto [place, fresh] = places_.try_emplace(key, rows.size());
    if (fresh) {
      rows.push_back({key, std::vector<double>(repeats_, none), none, none});
      higher.push_back(higher_is_better);
      intervals.emplace_back();
    }
    rows[place->second].runs[repeat] = value;
  }
  void put(const std::string& key, const stats::Interval& interval) {
    if (const auto place = places_.find(key); place != places_.end()) intervals[place->second] = interval;
  }
  double mean(const std::string& key) const {
    const auto place = places_.find(key);
    return place == places_.end() ? none : stats::spread_of(rows[place->second].runs).mean;
  }
  std::vector<Repeated> rows;
  std::vector<bool> higher;
  std::vector<stats::Interval> intervals;

 private:
  uint32_t repeats_;
  std::unordered_map<std::string, size_t> places_;
};

// As lm-eval bootstraps BLEU and its like.
double texts_error(Reader& reader, size_t metric, const JudgedSet& set, const std::string& name) {
  return stats::lm_eval_error(set.samples.size(), stats::lm_eval_draws_of_texts, [&](std::span<const uint32_t> places) {
    std::vector<Judged> samples;
    std::vector<double> first;
    for (const uint32_t place : places) samples.push_back(set.samples[place]), first.push_back(set.first[place]);
    const auto numbers = reader.aggregate(metric, samples, first);
    if (numbers && *numbers)
      for (const auto& [known, value] : **numbers)
        if (known == name) return value;
    return none;
  });
}

// Intervals of the numbers that a metric computes of a whole set. One that is 100 times the mean of its value has the mean's.
template <class Key>
Result<void> add_own_intervals(const Intervals& intervals, Reader& reader, size_t metric,
                               const std::vector<const Column*>& columns, const std::vector<Part>& parts,
                               const std::vector<std::string>& names, const Key& key_in_table, Rows& rows) {
  std::vector<std::pair<std::string, double>> others;
  for (const std::string& name : names) {
    const double value = rows.mean(key_in_table(name));
    const auto column = std::find_if(columns.begin(), columns.end(), [&](const Column* one) { return one->metric == name; });
    if (column != columns.end()) {
      const stats::Interval mean = intervals.of_column(**column, unit_of((*column)->facts));
      if (std::abs(mean.value - value) <= 1e-9 * std::max(1.0, std::abs(value))) {
        rows.put(key_in_table(name), mean);
        continue;
      }
    }
    if (column == columns.end() || !(*column)->facts.no_error) others.emplace_back(name, value);
  }
  if (others.empty()) return {};
  std::vector<JudgedSet> sets;
  for (const Part& part : parts) sets.push_back(part.set);
  SXT_TRY(std::vector<stats::Interval> found, intervals.of_metric(reader, metric, sets, others));
  for (size_t i = 0; i < others.size(); ++i) {
    const auto column =
        std::find_if(columns.begin(), columns.end(), [&](const Column* one) { return one->metric == others[i].first; });
    if (column != columns.end() && (*column)->facts.lm_eval_error && sets.size() == 1)
      found[i].standard_error = texts_error(reader, metric, sets[0], others[i].first);
    rows.put(key_in_table(others[i].first), found[i]);
  }
  return {};
}

// As lm-eval bootstraps it, of the texts that have a number.
double perplexity_error(const Scored& scored, const Column& column) {
  std::vector<uint32_t> rows = all_rows(scored);
  std::erase_if(rows, [&](uint32_t row) { return std::isnan(column.values[row]); });
  return stats::lm_eval_error(
      rows.size(), stats::lm_eval_draws,
      [&](std::span<const uint32_t> places) {
        double sum = 0;
        for (const uint32_t place : places) sum += column.values[rows[place]];
        return std::exp(-sum / static_cast<double>(places.size()));
      },
      threads());
}

// f1, mcc or a task's function of all pairs. Where there is none of these pairs the row is left out, and a finding says why.
Result<void> add_pair_score(Scored& scored, const Values& values, const Column& column, const Intervals& intervals,
                            Rows& rows) {
  const ChoiceScore& kind = values.scores()[column.score];
  SXT_TRY(const PairScore score, PairScore::make(kind));
  const auto over = [&](std::span<const uint32_t> chosen, uint32_t repeat) {
    const auto number = score.of(pairs_of(scored, values, repeat, chosen));
    return number ? 100 * *number : none;
  };
  for (uint32_t repeat = 0; repeat < scored.repeats; ++repeat) {
    const std::vector<Pair> pairs = pairs_of(scored, values, repeat, all_rows(scored));
    const auto number = score.of(pairs);
    if (!number) {
      scored.findings.push_back(
          {"no_number", pairs.size(), scored.attempts, fmt::format("{}: {}", column.key, number.error().message)});
      return {};
    }
    rows.put(column.key, column.facts.higher_is_better, repeat, 100 * *number);
  }
  stats::Interval interval = intervals.of_set(column.key, rows.mean(column.key), over, kind.kind == "function");
  if (kind.kind != "function" && scored.repeats == 1)
    interval.standard_error = 100 * score.standard_error(pairs_of(scored, values, 0, all_rows(scored)), threads());
  rows.put(column.key, interval);
  return {};
}

// By how much the attempts of a question differ, and the questions: of columns that are means.
void add_components(Scored& scored) {
  const uint64_t n = rows_of(scored);
  for (Repeated& row : scored.repeated) {
    const auto column =
        std::find_if(scored.columns.begin(), scored.columns.end(), [&](const Column& one) { return one.key == row.key; });
    if (column == scored.columns.end()) continue;
    std::vector<std::vector<double>> values(n);
    for (uint64_t i = 0; i < scored.attempts; ++i) values[i % n].push_back(column->values[i]);
    row.components = stats::components(values);
  }
}

}  // namespace

Result<std::vector<ValueFacts>> facts_from_json(std::string_view facts_json, const std::string& origin) {
  std::vector<ValueFacts> out;
  if (facts_json.empty()) return out;
  SXT_TRY(const json::Document facts, json::parse(facts_json, origin));
  const json::Value* values = json::find(facts, "values");
  if (!values) return out;
  const auto bad = [&](const char* what) { return Error{Error::Kind::data, fmt::format("{}: {}", origin, what)}; };
  if (!values->IsArray()) return bad("\"values\" must be a list");
  for (const auto& value : values->GetArray()) {
    ValueFacts one;
    const auto name = json::find_string(value, "name");
    if (!name) return bad("each of \"values\" needs a \"name\"");
    one.name = *name;
    one.higher_is_better = json::find_bool(value, "higher_is_better").value_or(true);
    one.percent = json::find_bool(value, "percent").value_or(true);
    one.lm_eval_error = json::find_string(value, "standard_error") == "lm_eval";
    one.no_error = json::find_string(value, "standard_error") == "none";
    if (const json::Value* range = json::find(value, "range")) {
      if (!range->IsArray() || range->Size() != 2) return bad("\"range\" must be [low, high]");
      if ((*range)[0].IsNumber()) one.low = (*range)[0].GetDouble();
      if ((*range)[1].IsNumber()) one.high = (*range)[1].GetDouble();
    }
    out.push_back(std::move(one));
  }
  return out;
}

void add_choices(Scored& scored, const Values& values) {
  for (size_t i = 0; i < values.scores().size(); ++i) {
    const ChoiceScore& score = values.scores()[i];
    if (values.scored(i).empty()) continue;
    const bool lower = score.kind == "brier" || score.kind == "perplexity";
    add_chosen(scored, score.name, values.scored(i), {score.name, !lower, score.kind == "mcc" ? -1.0 : 0.0, score.kind == "brier" ? 2 : lower ? none : 1});
    scored.columns.back().score = i;
    scored.columns.back().over = is_pair_score(score)         ? Column::Over::pairs
                                 : score.kind == "brier"      ? Column::Over::mean
                                 : score.kind == "perplexity" ? Column::Over::exp_minus_mean
                                                              : Column::Over::percent;
  }
  constexpr std::array<std::pair<const char*, const char*>, 4> kinds{{
      {"sum", "acc"}, {"char", "acc_norm"}, {"byte", "acc_bytes"}, {"token", "acc_token"}}};
  for (const auto& [kind, name] : kinds) {
    const auto taken = [name = name](const Column& other) { return other.metric == name; };
    if (values.right(kind).empty() || std::any_of(scored.columns.begin(), scored.columns.end(), taken)) continue;
    add_chosen(scored, name, values.right(kind), {name, true, 0, 1});
  }
}

std::optional<double> lowest_perplexity(std::string_view name) {
  const Perplexity* kind = perplexity_named(std::string(name));
  return kind ? std::optional(kind->low) : std::nullopt;
}

void add_perplexities(Scored& scored, const Values& values) {
  for (const Perplexity& kind : perplexities) {
    const std::vector<double>& carried = values.carried(kind.extra);
    if (std::all_of(carried.begin(), carried.end(), [](double value) { return std::isnan(value); })) continue;
    add_chosen(scored, kind.name, carried, {kind.name, false, kind.low, none});
  }
}

// What keeps a number out of the results file, whose other members stand beside the numbers; else empty.
std::string problem_of(const data::Estimate& number) {
  if (number.metric.empty()) return "a metric gives a value without a name; name it";
  if (is_results_member(number.metric))
    return fmt::format("a metric gives a value called '{}', which is a member of the results file; call it otherwise", number.metric);
  if (std::isinf(number.value)) return fmt::format("the number '{}' is infinite, or too large to be written", number.metric);
  return "";
}

Result<void> add_numbers(Scored& scored, const config::DatasetConfig& dataset, const std::vector<MetricFacts>& metrics,
                         const Values& values, Reader& reader) {
  Rows rows(scored.repeats);
  const Intervals intervals(scored, values, dataset.task_name);
  SXT_TRY(const std::vector<bool> aggregates, reader.aggregates());
  std::vector<std::vector<std::vector<const Column*>>> columns_of(scored.filters.size(),
                                                                  std::vector<std::vector<const Column*>>(metrics.size()));
  for (const Column& column : scored.columns)
    if (!column.chosen) columns_of[column.filter_index][column.metric_index].push_back(&column);
  for (size_t filter = 0; filter < scored.filters.size(); ++filter) {
    std::unordered_set<std::string> taken;  // by numbers of this filter
    for (size_t m = 0; m < metrics.size(); ++m) {
      const std::vector<const Column*>& columns = columns_of[filter][m];
      std::vector<std::string> names;
      std::vector<Part> parts;           // of repeats whose numbers are the metric's own
      std::vector<std::string> own_names;
      bool any = false;
      for (uint32_t repeat = 0; repeat < scored.repeats; ++repeat) {
        if (!any_read(scored, values, filter, repeat)) continue;
        Result<Numbers> own = Numbers();
        if (aggregates[m]) {
          SXT_TRY(Part part, part_of(scored, values, filter, *columns.front(), repeat));
          own = reader.aggregate(m, part.set.samples, part.set.first);
          parts.push_back(std::move(part));
        }
        if (!own) {
          if (own.error().kind == Error::Kind::cancelled) return own.error();
          if (!scored.error) scored.error = own.error();
          any = true;
          break;
        }
        if (*own) {
          for (const auto& [name, value] : **own) {
            const std::string shown = unique_name(taken, metrics[m].id, name);
            names.push_back(shown);
            if (std::find(own_names.begin(), own_names.end(), name) == own_names.end()) own_names.push_back(name);
            rows.put(key_of(scored.filters, shown, filter), facts_of(metrics[m], name).higher_is_better, repeat, value);
          }
          any = true;
          continue;
        }
        for (const Column* column : columns) {
          const double mean = mean_of(scored, *column, repeat);
          const std::string shown = unique_name(taken, metrics[m].id, column->metric);
          names.push_back(shown);
          if (std::isnan(mean)) continue;
          any = true;
          rows.put(key_of(scored.filters, shown, filter), column->facts.higher_is_better, repeat, mean);
          if (own_names.empty())
            rows.put(key_of(scored.filters, shown, filter), intervals.of_column(*column, unit_of(column->facts)));
        }
      }
      const auto key_in_table = [&](const std::string& name) {
        return key_of(scored.filters, unique_name(taken, metrics[m].id, name), filter);
      };
      SXT_CHECK(add_own_intervals(intervals, reader, m, columns, parts, own_names, key_in_table, rows));
      if (!any && !scored.error && !reads_verdicts(metrics[m].id))   // no verdict could be read, which the findings say
        scored.error = Error{Error::Kind::internal, fmt::format("metric:{} gave no score for any sample", metrics[m].id)};
      taken.insert(names.begin(), names.end());
    }
  }
  for (const Column& column : scored.columns) {
    if (!column.chosen) continue;
    if (column.over == Column::Over::pairs) {
      SXT_CHECK(add_pair_score(scored, values, column, intervals, rows));
      continue;
    }
    const Perplexity* perplexity = perplexity_named(column.metric);
    for (uint32_t repeat = 0; repeat < scored.repeats; ++repeat) {
      const double value = !values.scores().empty() ? chosen_over_set(scored, column, repeat)
                           : perplexity             ? over_set(scored, values, column, *perplexity, repeat)
                                                    : mean_of(scored, column, repeat);
      if (!std::isnan(value)) rows.put(column.key, column.facts.higher_is_better, repeat, value);
    }
    stats::Interval interval;
    if (!values.scores().empty() && column.over == Column::Over::exp_minus_mean) {
      interval = intervals.of_set(column.key, rows.mean(column.key), [&](std::span<const uint32_t> chosen, uint32_t repeat) {
        return chosen_perplexity(scored, column, repeat, chosen);
      });
      interval.standard_error = perplexity_error(scored, column);
    } else if (!values.scores().empty()) {
      interval = intervals.of_column(column, column.over == Column::Over::mean ? 1 : 100);
    } else if (perplexity && perplexity->weight) {
      interval = intervals.of_set(column.key, rows.mean(column.key), [&](std::span<const uint32_t> chosen, uint32_t repeat) {
        return over_rows(scored, values, column, *perplexity, repeat, chosen);
      });
    } else {
      interval = intervals.of_column(column, perplexity ? 1 : 100);
    }
    rows.put(column.key, interval);
  }

  const auto estimate = [&](std::string key, bool higher_is_better, double value, const stats::Interval& interval) {
    data::Estimate number;
    number.metric = std::move(key);
    number.higher_is_better = higher_is_better;
    number.value = value;
    set_interval(number, interval);
    scored.numbers.push_back(std::move(number));
  };
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    if (scored.repeats == 1) {
      estimate(rows.rows[i].key, rows.higher[i], rows.rows[i].runs.front(), rows.intervals[i]);
      continue;
    }
    const stats::Spread spread = stats::spread_of(rows.rows[i].runs);
    rows.rows[i].mean = spread.mean;
    rows.rows[i].deviation = spread.deviation;
    estimate(fmt::format("{} ({} runs average)", rows.rows[i].key, scored.repeats), rows.higher[i], spread.mean,
             rows.intervals[i]);
    estimate(fmt::format("{} ({} runs deviation)", rows.rows[i].key, scored.repeats), false, spread.deviation, {});
  }
  if (scored.repeats > 1) {
    scored.repeated = std::move(rows.rows);
    add_components(scored);
  }
  add_pass_at_k(scored, dataset, intervals);
  for (const data::Estimate& number : scored.numbers) {
    if (scored.error) break;
    if (const std::string problem = problem_of(number); !problem.empty())
      scored.error = Error{Error::Kind::data, fmt::format("{}: {}", dataset.task_name, problem)};
  }
  return {};
}

}  // namespace sextant::score
