#include <algorithm>
#include <fmt/format.h>
#include <sextant/json_text.hpp>
#include "../data/thinking.hpp"
#include "steps.hpp"

namespace sextant::score {
namespace {

// Calls `step` with all items at once; where that fails, with each alone. Every item has a result or an error of its own; an
// Error of the whole is a cancelled run.
template <class T, class Step>
auto apply_each(const std::string& name, const Step& step, std::span<const T> items)
    -> Result<std::vector<Result<typename std::remove_cvref_t<decltype(*step(items))>::value_type>>> {
  using Value = typename std::remove_cvref_t<decltype(*step(items))>::value_type;
  std::vector<Result<Value>> out;
  out.reserve(items.size());
  if (items.empty()) return out;
  auto all = step(items);
  if (all && all->size() == items.size()) {
    for (Value& value : *all) out.emplace_back(std::move(value));
    return out;
  }
  if (!all && all.error().kind == Error::Kind::cancelled) return all.error();
  for (size_t i = 0; i < items.size(); ++i) {
    auto one = step(items.subspan(i, 1));
    if (!one && one.error().kind == Error::Kind::cancelled) return one.error();
    if (!one)
      out.emplace_back(one.error());
    else if (one->size() != 1)
      out.emplace_back(Error{Error::Kind::internal, fmt::format("{} gave {} results for 1 sample", name, one->size())});
    else
      out.emplace_back(std::move(one->front()));
  }
  return out;
}

// The texts of a target: a text, or each of a list; what else it is stays as its JSON.
std::vector<std::string> texts_of(std::string_view json_text, bool& list) {
  list = false;
  const auto parsed = json::parse(json_text, "target");
  if (!parsed || !parsed->IsArray()) return {text_or_json(json_text)};
  list = true;
  std::vector<std::string> out;
  for (const auto& item : parsed->GetArray())
    out.push_back(item.IsString() ? std::string(json::text(item)) : json::write(item));
  return out;
}

struct Place {
  size_t row, attempt;
};

}  // namespace

Result<std::vector<RowReading>> StepReader::read(std::span<const Row> rows) {
  std::vector<RowReading> out;
  for (const Row& row : rows) out.emplace_back(row.size(), std::vector<Reading>(steps_.filters.size()));
  SXT_CHECK(read_references(rows, out));
  for (size_t filter = 0; filter < steps_.filters.size(); ++filter) {
    SXT_CHECK(read_filter(steps_.filters[filter], filter, rows, out));
    SXT_CHECK(judge(filter, rows, out));
  }
  return out;
}

Result<void> StepReader::read_references(std::span<const Row> rows, std::vector<RowReading>& out) {
  for (size_t r = 0; r < rows.size(); ++r) {
    if (rows[r].empty()) continue;
    const data::Attempt& first = *rows[r].front();
    std::string reference = first.target_json;
    std::optional<Error> error;
    bool list = false;
    std::vector<std::string> texts;
    if (!steps_.reference.empty()) texts = texts_of(reference, list);
    for (const PostprocessorStep& step : steps_.reference) {
      std::vector<Extract> items;
      for (const std::string& text : texts) items.push_back({text, first.record_json, std::span(&text, 1), 0});
      SXT_TRY(const auto results, apply_each("postprocessor:" + step.id, step.apply, std::span<const Extract>(items)));
      std::vector<std::string> next;
      for (const auto& result : results) {
        if (!result && !error) error = result.error();
        next.push_back(result ? *result : std::string());
      }
      texts = std::move(next);
    }
    const auto blank = [](const std::string& text) { return text.find_first_not_of(" \t\r\n") == text.npos; };
    if (!steps_.reference.empty() && !error && std::all_of(texts.begin(), texts.end(), blank))
      error = Error{Error::Kind::data, fmt::format("the reference post-processors leave nothing of the reference {}, with "
                                                   "which every empty answer would be right; correct them",
                                                   reference)};
    if (!steps_.reference.empty()) {
      std::string joined;
      for (const std::string& text : texts) joined += (joined.empty() ? "" : ",") + json::quote(text);
      reference = list ? "[" + joined + "]" : joined;
    }
    for (std::vector<Reading>& attempt : out[r])
      for (Reading& reading : attempt) {
        reading.reference_json = reference;
        reading.error = error;
      }
  }
  return {};
}

Result<void> StepReader::read_filter(const FilterSteps& filter, size_t number, std::span<const Row> rows,
                                     std::vector<RowReading>& out) {
  std::vector<std::vector<std::string>> texts(rows.size());  // [row][attempt]
  for (size_t r = 0; r < rows.size(); ++r)
    for (const data::Attempt* attempt : rows[r])
      texts[r].push_back(filter.without_thinking ? data::thought_of(*attempt).answer : attempt->prediction);
  for (const PostprocessorStep& step : filter.postprocessors) {
    std::vector<Extract> items;
    std::vector<Place> places;
    for (size_t r = 0; r < rows.size(); ++r)
      for (size_t a = 0; a < rows[r].size(); ++a) {
        if (!rows[r][a]->labels.empty() || out[r][a][number].error) continue;
        items.push_back({texts[r][a], rows[r][a]->record_json, texts[r], static_cast<uint32_t>(a)});
        places.push_back({r, a});
      }
    SXT_TRY(auto results, apply_each("postprocessor:" + step.id, step.apply, std::span<const Extract>(items)));
    for (size_t i = 0; i < results.size(); ++i) {
      const auto [r, a] = places[i];
      if (!results[i]) out[r][a][number].error = results[i].error();
      texts[r][a] = results[i] ? *std::move(results[i]) : std::string();
    }
  }
  for (size_t r = 0; r < rows.size(); ++r)
    for (size_t a = 0; a < rows[r].size(); ++a) out[r][a][number].answer = std::move(texts[r][a]);
  return {};
}

Result<void> StepReader::judge(size_t filter, std::span<const Row> rows, std::vector<RowReading>& out) {
  std::vector<Judged> items;
  std::vector<Reading*> readings;
  std::vector<const data::Attempt*> attempts;
  for (size_t r = 0; r < rows.size(); ++r)
    for (size_t a = 0; a < rows[r].size(); ++a) {
      Reading& reading = out[r][a][filter];
      reading.verdicts.resize(steps_.metrics.size());
      if (reading.error) continue;
      items.push_back({reading.answer, reading.reference_json, rows[r][a]->record_json});
      readings.push_back(&reading);
      attempts.push_back(rows[r][a]);
    }
  for (size_t m = 0; m < steps_.metrics.size(); ++m) {
    SXT_TRY(auto results,
            apply_each("metric:" + steps_.metrics[m].id, steps_.metrics[m].score, std::span<const Judged>(items)));
    for (size_t i = 0; i < results.size(); ++i) {
      if (const auto& graded = steps_.metrics[m].of_labels; graded && results[i] && !attempts[i]->labels.empty())
        results[i]->values.front().second = graded(*attempts[i]);
      if (results[i])
        readings[i]->verdicts[m] = *std::move(results[i]);
      else if (!readings[i]->error)
        readings[i]->error = results[i].error();
    }
  }
  return {};
}

Result<std::vector<bool>> StepReader::aggregates() {
  std::vector<bool> out;
  for (const MetricStep& step : steps_.metrics) out.push_back(step.aggregates);
  return out;
}

Result<Numbers> StepReader::aggregate(size_t metric, std::span<const Judged> samples, std::span<const double> first) {
  const MetricStep& step = steps_.metrics[metric];
  SXT_TRY(const auto document, step.aggregate(samples, first));
  if (!document) return Numbers();
  std::vector<std::pair<std::string, double>> numbers;
  if (document->IsObject())
    for (const auto& member : document->GetObject())
      if (member.value.IsNumber()) numbers.emplace_back(json::text(member.name), member.value.GetDouble());
  if (numbers.empty()) return Error{Error::Kind::internal, fmt::format("metric:{} gave no number over all samples", step.id)};
  return Numbers(std::move(numbers));
}

}  // namespace sextant::score
