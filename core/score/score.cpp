#include "score.hpp"
#include <algorithm>
#include <atomic>
#include <cmath>
#include <fmt/format.h>
#include <mutex>
#include <sextant/sha256.hpp>
#include <system_error>
#include <thread>
#include "../config/card_parts.hpp"
#include "columns.hpp"
#include "findings.hpp"

namespace sextant::score {
namespace {

// Rows that one call takes: enough that a call's own cost is nothing, few enough that threads end together.
constexpr uint64_t rows_a_stretch = 128;

// Everything that the threads share: where the next stretch is, and what has come of those before.
class Pass {
 public:
  Pass(const config::DatasetConfig& dataset, const Attempts& attempts, Scored& scored, Values& values, Findings& findings,
       const MakeReader& make_reader, bool judged)
      : dataset_(dataset),
        attempts_(attempts),
        scored_(scored),
        values_(values),
        findings_(findings),
        make_reader_(make_reader),
        judged_(judged),
        rows_(attempts.count / scored.repeats),
        row_at_(rows_) {}

  /// Workers take stretches of rows from a counter; where a reading goes depends on its row alone.
  Result<void> run(Reader& first_reader, unsigned threads) {
    const uint64_t stretches = (rows_ + rows_a_stretch - 1) / rows_a_stretch;
    std::vector<std::thread> others;
    try {
      for (uint64_t i = 1; i < std::min<uint64_t>(threads, stretches); ++i) others.emplace_back([this] { work(nullptr); });
    } catch (const std::system_error&) {
      // this user may have no more threads; fewer do
    }
    work(&first_reader);
    for (std::thread& other : others) other.join();
    if (lacking_ > 0)
      return Error{
          Error::Kind::data,
          fmt::format(
              "{} of {} rows of the split '{}' of {} have no answer in '{}', so there is no score; the predictions are kept "
              "(use -m infer, or another split)",
              lacking_.load(), rows_, dataset_.test_split, dataset_.abbr, dataset_.output_column)};
    if (failure_) return *failure_;
    SXT_CHECK(check_rows());
    if (first_failed_.second) {
      scored_.error = *first_failed_.second;
      if (scored_.failed > 1)
        scored_.error->message += fmt::format("; {} of {} samples could not be scored", scored_.failed, scored_.attempts);
    }
    return {};
  }

 private:
  void work(Reader* reader) {
    std::unique_ptr<Reader> own;
    for (;;) {
      const uint64_t from = next_.fetch_add(rows_a_stretch);
      if (from >= rows_) return;
      auto done = [&]() -> Result<void> {
        try {
          if (!reader) {
            SXT_TRY(own, make_reader_());
            reader = own.get();
          }
          return read(*reader, from, std::min(rows_a_stretch, rows_ - from));
        } catch (const std::exception& e) {  // bad_alloc, mostly: it must not leave a thread
          return Error{Error::Kind::internal, fmt::format("scoring cannot go on: {}", e.what())};
        }
      }();
      if (done) continue;
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = done.error();
      next_ = rows_;
      return;
    }
  }

  // All repeats of rows `from` to `from + n - 1`.
  Result<void> read(Reader& reader, uint64_t from, uint64_t n) {
    std::vector<std::vector<data::Attempt>> repeats;
    std::vector<Row> rows(n);
    for (uint32_t repeat = 0; repeat < scored_.repeats; ++repeat) {
      SXT_TRY(std::vector<data::Attempt> attempts, attempts_.read(repeat * rows_ + from, n));
      repeats.push_back(std::move(attempts));
    }
    for (uint32_t repeat = 0; repeat < scored_.repeats; ++repeat)
      for (uint64_t r = 0; r < n; ++r) {
        const data::Attempt& attempt = repeats[repeat][r];
        if (attempt.id.row != repeats.front()[r].id.row)
          return Error{Error::Kind::data,
                       fmt::format("the predictions of {} are not the same rows in each repeat; infer the data set again",
                                   dataset_.abbr)};
        rows[r].push_back(&attempt);
        row_at_[from + r] = attempt.id.row;
      }
    if (!dataset_.output_column.empty())  // else the metric judges by the record
      lacking_ += static_cast<uint64_t>(std::count_if(repeats.front().begin(), repeats.front().end(),
                                                      [](const auto& attempt) { return !has_answer(attempt.target_json); }));
    if (lacking_ > 0) return {};  // to be counted; nothing is scored any more
    SXT_TRY(const std::vector<RowReading> readings, reader.read(rows));
    return keep(rows, readings, from);
  }

  Result<void> keep(const std::vector<Row>& rows, const std::vector<RowReading>& readings, uint64_t from) {
    struct Kept {
      uint64_t number = 0;
      std::string line;
    };
    std::vector<Kept> lines;
    for (size_t r = 0; r < rows.size(); ++r)
      for (size_t repeat = 0; repeat < rows[r].size(); ++repeat)
        lines.push_back({repeat * rows_ + from + r, Lines::packed(make_line(*rows[r][repeat], readings[r][repeat],
                                                                            scored_.filters, scored_.repeats > 1, judged_))});
    const std::lock_guard lock(mutex_);
    for (size_t r = 0; r < rows.size(); ++r)
      for (size_t repeat = 0; repeat < rows[r].size(); ++repeat) {
        values_.add(repeat * rows_ + from + r, *rows[r][repeat], readings[r][repeat]);
        if (!readings[r][repeat].empty()) findings_.add(*rows[r][repeat], readings[r][repeat]);
        look_for_failure(repeat * rows_ + from + r, *rows[r][repeat], readings[r][repeat]);
      }
    for (const Kept& line : lines) SXT_CHECK(scored_.lines->put(line.number, line.line));
    return {};
  }

  // A row that stands there twice would count twice.
  Result<void> check_rows() {
    std::sort(row_at_.begin(), row_at_.end());
    const auto twice = std::adjacent_find(row_at_.begin(), row_at_.end());
    if (twice == row_at_.end()) return {};
    return Error{Error::Kind::data, fmt::format("the predictions of {} hold row {} more than once; infer the data set again",
                                                dataset_.abbr, *twice)};
  }

  // Counts, and names the sample in what went wrong with the first one.
  void look_for_failure(uint64_t number, const data::Attempt& attempt, const std::vector<Reading>& readings) {
    const auto failed =
        std::find_if(readings.begin(), readings.end(), [](const Reading& reading) { return reading.error.has_value(); });
    if (failed == readings.end()) return;
    ++scored_.failed;
    if (first_failed_.second && first_failed_.first < number) return;
    const data::SampleId& id = attempt.id;
    const std::string where =
        scored_.repeats > 1 ? fmt::format("sample {}, repeat {}", id.row, id.repeat) : fmt::format("sample {}", id.row);
    first_failed_ = {number, Error{failed->error->kind, fmt::format("{} ({})", failed->error->message, where)}};
  }

  const config::DatasetConfig& dataset_;
  const Attempts& attempts_;
  Scored& scored_;
  Values& values_;
  Findings& findings_;
  const MakeReader& make_reader_;
  const bool judged_;
  const uint64_t rows_;
  std::vector<uint64_t> row_at_;                        // [place], of the first repeat
  std::atomic<uint64_t> next_ = 0, lacking_ = 0;
  std::mutex mutex_;                                    // for what follows, and what scored_, values_ and findings_ hold
  std::optional<Error> failure_;
  std::pair<uint64_t, std::optional<Error>> first_failed_;
};

Result<std::string> hash_of(const Scored& scored) {
  Sha256 hash;
  for (uint64_t i = 0; i < scored.attempts; ++i) {
    SXT_TRY(const LineParts line, scored.lines->get(i));
    hash.add(
        canonical_line(line, scored.columns.empty() ? std::nan("") : scored.columns.front().values[i], scored.repeats > 1));
  }
  return hash.hex();
}

}  // namespace

bool has_answer(std::string_view target_json) { return target_json != "\"\"" && target_json != "null"; }

Error no_metric(const config::DatasetConfig& dataset) {
  return {Error::Kind::config,
          fmt::format("{}: {} has no metric; name one in \"eval\": {{\"metrics\": [...]}}", dataset.card_path, dataset.abbr)};
}

Result<Scored> score(const config::DatasetConfig& dataset, const Attempts& attempts, const std::vector<MetricFacts>& metrics,
                     const MakeReader& make_reader, unsigned threads, const std::filesystem::path& working) {
  const bool unscored = metrics.empty() && config::is_unscored(dataset);
  if (metrics.empty() && !config::has_own_numbers(dataset.inferencer) && !unscored) return no_metric(dataset);
  if (attempts.count == 0)
    return Error{Error::Kind::data,
                 fmt::format("{} has no predictions to score; check its test_range and --limit", dataset.abbr)};
  Scored scored;
  scored.attempts = attempts.count;
  SXT_TRY(const std::vector<data::Attempt> last, attempts.read(attempts.count - 1, 1));
  scored.repeats = last.front().id.repeat + 1;
  if (attempts.count % scored.repeats != 0)
    return Error{Error::Kind::data, fmt::format("{} has {} predictions of {} repeats; infer the data set again", dataset.abbr,
                                                attempts.count, scored.repeats)};
  for (const config::Filter& filter : dataset.filters) scored.filters.push_back(filter.name);
  scored.lines = std::make_shared<Lines>(scored.attempts, working);

  SXT_TRY(const std::unique_ptr<Reader> reader, make_reader());
  SXT_TRY(const std::vector<bool> aggregates, reader->aggregates());
  Values values(scored.attempts, scored.filters, metrics, choice_scores_of(dataset));
  const bool judged = std::any_of(aggregates.begin(), aggregates.end(), [](bool does) { return does; });
  Findings findings(dataset);
  SXT_CHECK(Pass(dataset, attempts, scored, values, findings, make_reader, judged).run(*reader, threads));

  scored.columns = values.take_columns();
  if (!unscored) add_choices(scored, values);
  add_perplexities(scored, values);
  bool binary = false;
  const std::vector<stats::Chance>& chances = values.chances(binary);
  scored.calibration = stats::calibration_of(chances);
  if (binary && scored.calibration.n > 0) scored.auc_roc = stats::auc_roc(chances);
  if (scored.columns.empty() && !unscored)
    return Error{Error::Kind::internal, fmt::format("{}: the attempts of {} carry no number", dataset.card_path, dataset.abbr)};
  if (!scored.columns.empty()) SXT_CHECK(add_numbers(scored, dataset, metrics, values, *reader));
  std::vector<data::Finding> found = findings.all(scored);
  scored.findings.insert(scored.findings.begin(), found.begin(), found.end());
  findings.count_in(scored);
  if (scored.error) return scored;
  SXT_TRY(scored.results_sha256, hash_of(scored));
  return scored;
}

}  // namespace sextant::score
