#include "score.hpp"
#include <algorithm>
#include <atomic>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <sextant/sha256.hpp>
#include <sextant/utf8_text.hpp>
#include <thread>
#include "../config/card_parts.hpp"
#include "columns.hpp"

namespace sextant::score {
namespace {

// Rows that one call takes: enough that a call's own cost is nothing, few enough that threads end together.
constexpr size_t rows_a_stretch = 128;

bool has_answer(const data::Attempt& attempt) { return attempt.target_json != "\"\"" && attempt.target_json != "null"; }

Result<void> check_answers(const config::DatasetConfig& dataset, const std::vector<data::Attempt>& attempts) {
  if (dataset.output_column.empty()) return {};  // the metric judges by the record
  const auto counted = [&](auto&& wanted) {
    return std::count_if(attempts.begin(), attempts.end(), [&](const auto& a) { return a.id.repeat == attempts.front().id.repeat && wanted(a); });
  };
  const auto lacking = counted([](const auto& a) { return !has_answer(a); });
  if (lacking == 0) return {};
  return Error{Error::Kind::data,
               fmt::format("{} of {} rows of the split '{}' of {} have no answer in '{}', so there is no score; the predictions are kept "
                           "(use -m infer, or another split)",
                           lacking, counted([](const auto&) { return true; }), dataset.test_split, dataset.abbr, dataset.output_column)};
}

struct Rows {
  std::vector<Row> attempts;
  std::vector<std::vector<size_t>> numbers;  // of the same attempts in the whole set
};
Rows rows_of(const std::vector<data::Attempt>& attempts) {
  Rows rows;
  std::map<uint64_t, size_t> place;
  for (size_t i = 0; i < attempts.size(); ++i) {
    const auto [it, fresh] = place.try_emplace(attempts[i].id.row, rows.attempts.size());
    if (fresh) {
      rows.attempts.emplace_back();
      rows.numbers.emplace_back();
    }
    rows.attempts[it->second].push_back(&attempts[i]);
    rows.numbers[it->second].push_back(i);
  }
  return rows;
}

// Workers take stretches of rows from a counter; where a reading goes depends on its row alone.
Result<void> read_all(const Rows& rows, const MakeReader& make_reader, Reader& first_reader, unsigned threads,
                      std::vector<std::vector<Reading>>& readings) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> failure;
  const auto work = [&](Reader* reader) {
    std::unique_ptr<Reader> own;
    for (;;) {
      const size_t from = next.fetch_add(rows_a_stretch);
      if (from >= rows.attempts.size()) return;
      const size_t n = std::min(rows_a_stretch, rows.attempts.size() - from);
      auto done = [&]() -> Result<std::vector<RowReading>> {
        if (!reader) {
          SXT_TRY(own, make_reader());
          reader = own.get();
        }
        return reader->read(std::span(rows.attempts).subspan(from, n));
      }();
      if (!done) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = done.error();
        next = rows.attempts.size();
        return;
      }
      for (size_t r = 0; r < n; ++r)
        for (size_t a = 0; a < rows.numbers[from + r].size(); ++a) readings[rows.numbers[from + r][a]] = std::move((*done)[r][a]);
    }
  };
  const size_t stretches = (rows.attempts.size() + rows_a_stretch - 1) / rows_a_stretch;
  std::vector<std::thread> others;
  for (size_t i = 1; i < std::min<size_t>(threads, stretches); ++i) others.emplace_back(work, nullptr);
  work(&first_reader);
  for (std::thread& other : others) other.join();
  if (failure) return *failure;
  return {};
}

// Names the sample in what went wrong, and counts.
void count_failures(Scored& scored) {
  for (size_t i = 0; i < scored.attempts.size(); ++i) {
    const data::SampleId& id = scored.attempts[i].id;
    const std::string where = scored.repeats > 1 ? fmt::format("sample {}, repeat {}", id.row, id.repeat) : fmt::format("sample {}", id.row);
    bool failed = false;
    for (const Reading& reading : scored.readings[i]) {
      if (!reading.error) continue;
      failed = true;
      if (!scored.error) scored.error = Error{reading.error->kind, fmt::format("{} ({})", reading.error->message, where)};
    }
    scored.failed += failed;
  }
  if (scored.failed > 1) scored.error->message += fmt::format("; {} of {} samples could not be scored", scored.failed, scored.attempts.size());
}

}  // namespace

Result<Scored> score(const config::DatasetConfig& dataset, std::vector<data::Attempt> attempts, const std::vector<MetricFacts>& metrics,
                     const MakeReader& make_reader, unsigned threads) {
  const bool unscored = metrics.empty() && config::is_unscored(dataset);
  if (metrics.empty() && !config::measures_itself(dataset.inferencer) && !unscored)
    return Error{Error::Kind::config, fmt::format("{}: {} has no metric; name one in \"eval\": {{\"metrics\": [...]}}", dataset.card_path, dataset.abbr)};
  if (attempts.empty())
    return Error{Error::Kind::data, fmt::format("{} has no predictions to score; check its test_range and --limit", dataset.abbr)};
  SXT_CHECK(check_answers(dataset, attempts));

  Scored scored;
  scored.attempts = std::move(attempts);
  for (const data::Attempt& attempt : scored.attempts) scored.repeats = std::max(scored.repeats, attempt.id.repeat + 1);
  for (const config::Filter& filter : dataset.filters) scored.filters.push_back(filter.name);
  scored.readings.resize(scored.attempts.size());
  SXT_TRY(const std::unique_ptr<Reader> reader, make_reader());
  SXT_CHECK(read_all(rows_of(scored.attempts), make_reader, *reader, threads, scored.readings));
  count_failures(scored);

  add_columns(scored, metrics);
  if (!unscored) add_choices(scored);
  add_perplexities(scored);
  if (scored.columns.empty() && !unscored)
    return Error{Error::Kind::internal, fmt::format("{}: the attempts of {} carry no number", dataset.card_path, dataset.abbr)};
  if (!scored.columns.empty()) SXT_CHECK(add_numbers(scored, dataset, metrics, *reader));
  if (scored.error) return scored;
  std::string lines;
  for (size_t i = 0; i < scored.attempts.size(); ++i)
    lines += canonical_line(scored.attempts[i], scored.columns.empty() ? std::nan("") : scored.columns.front().values[i], scored.repeats > 1);
  scored.results_sha256 = sha256_hex(lines);
  return scored;
}

std::vector<data::Score> lines_of(const Scored& scored) {
  std::vector<data::Score> out;
  for (size_t i = 0; i < scored.attempts.size(); ++i)
    for (const Column& column : scored.columns) {
      const Reading& reading = scored.readings[i][column.filter_index];
      data::Score line{scored.attempts[i].id, column.metric, column.filter, column.values[i], reading.answer, {}};
      if (!column.chosen && column.metric_index < reading.verdicts.size()) {
        const Verdict& verdict = reading.verdicts[column.metric_index];
        if (!verdict.answer.empty()) line.answer = verdict.answer;
        line.explanation = verdict.explanation;
      }
      if (reading.error) line.explanation = reading.error->message;
      out.push_back(std::move(line));
    }
  return out;
}

}  // namespace sextant::score
