#include "columns.hpp"
#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include "../stats/mean.hpp"
#include "steps.hpp"

namespace sextant::score {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

std::string key_of(const Scored& scored, std::string_view name, size_t filter) {
  return scored.filters.size() > 1 ? fmt::format("{},{}", name, scored.filters[filter]) : std::string(name);
}

ValueFacts facts_of(const MetricFacts& metric, const std::string& value) {
  for (const ValueFacts& facts : metric.values)
    if (facts.name == value || (facts.name.empty() && value == metric.id)) return facts;
  ValueFacts facts;
  // a metric with one value may call it as it likes
  if (metric.values.size() == 1) facts = metric.values.front();
  facts.name = value;
  return facts;
}

// The values that a metric gave anywhere, in the order in which they are declared, then in which they first come.
std::vector<std::string> value_names(const Scored& scored, const MetricFacts& metric, size_t metric_index) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    const std::string& full = name.empty() ? metric.id : name;
    if (std::find(names.begin(), names.end(), full) == names.end()) names.push_back(full);
  };
  std::vector<std::string> seen;
  for (const auto& attempt : scored.readings)
    for (const Reading& reading : attempt)
      if (metric_index < reading.verdicts.size())
        for (const auto& [name, value] : reading.verdicts[metric_index].values)
          if (std::find(seen.begin(), seen.end(), name) == seen.end()) seen.push_back(name);
  for (const ValueFacts& facts : metric.values)
    if (std::find(seen.begin(), seen.end(), facts.name) != seen.end()) add(facts.name);
  for (const std::string& name : seen) add(name);
  if (names.empty()) add("");  // a metric that gave nothing still has its column
  return names;
}

double value_of(const Verdict& verdict, const std::string& name, const std::string& id) {
  for (const auto& [given, value] : verdict.values)
    if (given == name || (given.empty() && name == id)) return value;
  return none;
}

// A metric's numbers of one repeat, under the names that they have there.
struct Numbers {
  std::vector<std::pair<std::string, double>> values;
  bool own = false;  // the metric's own, not means
};

struct Part {
  std::vector<const Reading*> readings;
  std::vector<const data::Attempt*> attempts;
  std::vector<double> first;
};

// The attempts of one repeat that the filter could read; what failed is left out.
Part part_of(const Scored& scored, size_t filter, const Column& first, uint32_t repeat) {
  Part part;
  for (size_t i = 0; i < scored.attempts.size(); ++i) {
    if (scored.attempts[i].id.repeat != repeat || scored.readings[i][filter].error) continue;
    part.readings.push_back(&scored.readings[i][filter]);
    part.attempts.push_back(&scored.attempts[i]);
    part.first.push_back(first.values[i]);
  }
  return part;
}

double mean_of(const Scored& scored, const Column& column, uint32_t repeat) {
  double sum = 0;
  size_t counted = 0;
  for (size_t i = 0; i < scored.attempts.size(); ++i)
    if (scored.attempts[i].id.repeat == repeat && !std::isnan(column.values[i])) sum += column.values[i], ++counted;
  return counted == 0 ? none : 100 * sum / static_cast<double>(counted);
}

// The table's name of a number that another metric has taken already.
std::string unique_name(const std::vector<std::string>& taken, const std::string& id, const std::string& name) {
  return std::find(taken.begin(), taken.end(), name) == taken.end() ? name : fmt::format("{}_{}", id, name);
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
    if (const json::Value* range = json::find(value, "range")) {
      if (!range->IsArray() || range->Size() != 2) return bad("\"range\" must be [low, high]");
      if ((*range)[0].IsNumber()) one.low = (*range)[0].GetDouble();
      if ((*range)[1].IsNumber()) one.high = (*range)[1].GetDouble();
    }
    out.push_back(std::move(one));
  }
  return out;
}

void add_columns(Scored& scored, const std::vector<MetricFacts>& metrics) {
  std::vector<std::vector<std::string>> names;
  for (size_t m = 0; m < metrics.size(); ++m) names.push_back(value_names(scored, metrics[m], m));
  for (size_t filter = 0; filter < scored.filters.size(); ++filter) {
    std::vector<std::string> taken;
    for (size_t m = 0; m < metrics.size(); ++m)
      for (const std::string& name : names[m]) {
        Column column;
        column.metric = unique_name(taken, metrics[m].id, name);
        taken.push_back(column.metric);
        column.filter = scored.filters[filter];
        column.key = key_of(scored, column.metric, filter);
        column.facts = facts_of(metrics[m], name);
        column.filter_index = filter;
        column.metric_index = m;
        for (const auto& attempt : scored.readings)
          column.values.push_back(m < attempt[filter].verdicts.size() ? value_of(attempt[filter].verdicts[m], name, metrics[m].id) : none);
        scored.columns.push_back(std::move(column));
      }
  }
}

void add_choices(Scored& scored) {
  constexpr std::array<std::pair<const char*, const char*>, 4> kinds{{
      {"sum", "acc"}, {"char", "acc_norm"}, {"byte", "acc_bytes"}, {"token", "acc_token"}}};
  std::array<Column, kinds.size()> columns;
  std::array<bool, kinds.size()> any{};
  for (size_t i = 0; i < scored.attempts.size(); ++i) {
    const data::Attempt& attempt = scored.attempts[i];
    const Reading& reading = scored.readings[i].front();
    const auto extra = attempt.extra_json.empty() ? Result<json::Document>(Error{}) : json::parse(attempt.extra_json, "extra");
    const json::Value* choices = extra && !reading.error ? json::find(*extra, "choices") : nullptr;
    const std::string target = text_of(reading.reference_json);
    for (size_t k = 0; k < kinds.size(); ++k) {
      const auto choice = choices ? json::find_string(*choices, kinds[k].first) : std::nullopt;
      any[k] = any[k] || choice;
      columns[k].values.push_back(choice ? (*choice == target ? 1 : 0) : none);
    }
  }
  for (size_t k = 0; k < kinds.size(); ++k) {
    if (!any[k]) continue;
    Column& column = columns[k];
    column.metric = kinds[k].second;
    const auto taken = [&](const Column& other) { return other.metric == column.metric; };
    if (std::any_of(scored.columns.begin(), scored.columns.end(), taken)) continue;
    column.filter = scored.filters.front();
    column.key = column.metric;  // post-processors do not touch a label, so filters do not differ in it
    column.facts = {column.metric, true, 0, 1};
    column.chosen = true;
    scored.columns.push_back(std::move(column));
  }
}

namespace {

// A number that attempts carry in "extra". Over a set: transform(-sum of logprob / sum of `weight`), or the mean where there is no weight.
struct Perplexity {
  const char *name, *extra, *weight;
  double (*transform)(double);
};
constexpr Perplexity perplexities[] = {
    {"word_perplexity", "word_perplexity", "words", [](double x) { return std::exp(x); }},
    {"byte_perplexity", "byte_perplexity", "bytes", [](double x) { return std::exp(x); }},
    {"bits_per_byte", "bits_per_byte", "bytes", [](double x) { return x / std::log(2.0); }},
    {"average_ppl", "ppl", nullptr, nullptr},
};

double carried(const data::Attempt& attempt, const char* name) {
  if (attempt.extra_json.empty() || !attempt.labels.empty()) return none;
  const auto extra = json::parse(attempt.extra_json, "extra");
  return extra ? json::find_number(*extra, name).value_or(none) : none;
}

const Perplexity* perplexity_named(const std::string& name) {
  for (const Perplexity& one : perplexities)
    if (name == one.name) return &one;
  return nullptr;
}

double over_set(const Scored& scored, const Column& column, const Perplexity& kind, uint32_t repeat) {
  double sum = 0, weights = 0;
  for (size_t i = 0; i < scored.attempts.size(); ++i) {
    if (scored.attempts[i].id.repeat != repeat || std::isnan(column.values[i])) continue;
    sum += kind.weight ? -carried(scored.attempts[i], "logprob") : column.values[i];
    weights += kind.weight ? carried(scored.attempts[i], kind.weight) : 1;
  }
  if (weights == 0) return none;
  return kind.weight ? kind.transform(sum / weights) : sum / weights;
}

}  // namespace

void add_perplexities(Scored& scored) {
  for (const Perplexity& kind : perplexities) {
    Column column;
    for (const data::Attempt& attempt : scored.attempts) column.values.push_back(carried(attempt, kind.extra));
    if (std::all_of(column.values.begin(), column.values.end(), [](double value) { return std::isnan(value); })) continue;
    column.metric = column.key = kind.name;
    column.filter = scored.filters.front();
    column.facts = {column.metric, false, 0, none};
    column.chosen = true;
    scored.columns.push_back(std::move(column));
  }
}

Result<void> add_numbers(Scored& scored, const config::DatasetConfig& dataset, const std::vector<MetricFacts>& metrics, Reader& reader) {
  // key -> its number in each repeat; in the order of the table
  std::vector<Repeated> rows;
  std::vector<bool> higher;
  const auto put = [&](const std::string& key, bool higher_is_better, uint32_t repeat, double value) {
    auto row = std::find_if(rows.begin(), rows.end(), [&](const Repeated& r) { return r.key == key; });
    if (row == rows.end()) {
      rows.push_back({key, std::vector<double>(scored.repeats, none), none, none});
      higher.push_back(higher_is_better);
      row = rows.end() - 1;
    }
    row->runs[repeat] = value;
  };
  for (size_t filter = 0; filter < scored.filters.size(); ++filter) {
    std::vector<std::string> taken;  // by numbers of this filter
    for (size_t m = 0; m < metrics.size(); ++m) {
      std::vector<const Column*> columns;
      for (const Column& column : scored.columns)
        if (!column.chosen && column.filter_index == filter && column.metric_index == m) columns.push_back(&column);
      std::vector<std::string> names;
      bool any = false;
      for (uint32_t repeat = 0; repeat < scored.repeats; ++repeat) {
        const Part part = part_of(scored, filter, *columns.front(), repeat);
        if (part.readings.empty()) continue;
        auto own = reader.aggregate(m, part.readings, part.attempts, part.first);
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
            put(key_of(scored, shown, filter), facts_of(metrics[m], name).higher_is_better, repeat, value);
          }
          any = true;
          continue;
        }
        for (const Column* column : columns) {
          const double mean = mean_of(scored, *column, repeat);
          const std::string shown = unique_name(taken, metrics[m].id, column->metric);
          names.push_back(shown);
          if (!std::isnan(mean)) any = true, put(key_of(scored, shown, filter), column->facts.higher_is_better, repeat, mean);
        }
      }
      if (!any && !scored.error)
        scored.error = Error{Error::Kind::internal, fmt::format("metric:{} gave no score for any sample", metrics[m].id)};
      taken.insert(taken.end(), names.begin(), names.end());
    }
  }
  for (const Column& column : scored.columns) {
    if (!column.chosen) continue;
    const Perplexity* perplexity = perplexity_named(column.metric);
    for (uint32_t repeat = 0; repeat < scored.repeats; ++repeat) {
      const double value = perplexity ? over_set(scored, column, *perplexity, repeat) : mean_of(scored, column, repeat);
      if (!std::isnan(value)) put(column.key, column.facts.higher_is_better, repeat, value);
    }
  }

  const auto estimate = [&](std::string key, bool higher_is_better, double value) {
    data::Estimate number;
    number.metric = std::move(key);
    number.higher_is_better = higher_is_better;
    number.value = value;
    scored.numbers.push_back(std::move(number));
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    if (scored.repeats == 1) {
      estimate(rows[i].key, higher[i], rows[i].runs.front());
      continue;
    }
    const stats::Spread spread = stats::spread_of(rows[i].runs);
    rows[i].mean = spread.mean;
    rows[i].deviation = spread.deviation;
    estimate(fmt::format("{} ({} runs average)", rows[i].key, scored.repeats), higher[i], spread.mean);
    estimate(fmt::format("{} ({} runs deviation)", rows[i].key, scored.repeats), false, spread.deviation);
  }
  if (scored.repeats > 1) {
    scored.repeated = std::move(rows);
    add_pass_at_k(scored, dataset);
  }
  return {};
}

}  // namespace sextant::score
