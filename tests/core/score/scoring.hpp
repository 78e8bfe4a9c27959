// Attempts, and post-processors and metrics that are plain functions.
#pragma once
#include <atomic>
#include <limits>
#include <map>
#include <mutex>
#include "../../../core/score/score.hpp"
#include "../../../core/score/steps.hpp"

namespace sextant::test {

constexpr double nan_score = std::numeric_limits<double>::quiet_NaN();

inline config::DatasetConfig scored_set(const std::string& inferencer = "gen") {
  config::DatasetConfig out;
  out.abbr = "ceval-law";
  out.card_path = "cards/ceval_gen.json";
  out.output_column = "answer";
  out.test_split = "val";
  out.inferencer.id = inferencer;
  return out;
}

inline data::Attempt attempt(uint64_t row, const std::string& said, const std::string& target_json, uint32_t repeat = 0) {
  data::Attempt out;
  out.id = {"ceval-law", row, repeat};
  out.record_json = "{}";
  out.target_json = target_json;
  out.prediction = said;
  return out;
}
/// Rows 10, 11, ...
inline std::vector<data::Attempt> attempts(const std::vector<std::pair<std::string, std::string>>& said_and_target) {
  std::vector<data::Attempt> out;
  for (const auto& [said, target] : said_and_target) out.push_back(attempt(10 + out.size(), said, target));
  return out;
}

inline const auto no_aggregate = [](std::span<const score::Judged>,
                                    std::span<const double>) -> Result<std::optional<json::Document>> {
  return std::optional<json::Document>();
};

/// 1 where the prediction in quotes is the reference; "?" has no score, "boom" fails.
inline score::MetricStep exact(const std::string& id = "accuracy") {
  return {id,
          [id](std::span<const score::Judged> samples) -> Result<std::vector<score::Verdict>> {
            std::vector<score::Verdict> out;
            for (const auto& sample : samples) {
              if (sample.prediction == "boom") return Error{Error::Kind::internal, "metric:" + id + " threw: boom"};
              out.push_back(
                  {{{"", sample.prediction == "?" ? nan_score : json::quote(sample.prediction) == sample.reference_json}},
                   {},
                   {}});
            }
            return out;
          },
          no_aggregate};
}
inline score::MetricStep constant(const std::string& id, score::Verdict verdict, const std::string& aggregate = "") {
  return {id,
          [verdict](std::span<const score::Judged> samples) -> Result<std::vector<score::Verdict>> {
            return std::vector<score::Verdict>(samples.size(), verdict);
          },
          [aggregate](std::span<const score::Judged>, std::span<const double>) -> Result<std::optional<json::Document>> {
            if (aggregate.empty()) return std::optional<json::Document>();
            SXT_TRY(json::Document document, json::parse(aggregate, "aggregate"));
            return std::optional<json::Document>(std::move(document));
          }};
}
inline score::PostprocessorStep append(const std::string& what) {
  return {"append", [what](std::span<const score::Extract> items) -> Result<std::vector<std::string>> {
            std::vector<std::string> out;
            for (const auto& item : items) {
              if (item.text == "boom") return Error{Error::Kind::data, "postprocessor:append failed"};
              out.push_back(std::string(item.text) + what);
            }
            return out;
          }};
}

/// What was scored, and what readers said of each attempt.
struct ScoredSet : score::Scored {
  std::vector<std::vector<score::Reading>> readings;  // [attempt][filter]
};

inline score::Attempts attempts_in(const std::vector<data::Attempt>& list) {
  return {list.size(), [&list](uint64_t first, uint64_t n) -> Result<std::vector<data::Attempt>> {
            return std::vector<data::Attempt>(list.begin() + static_cast<std::ptrdiff_t>(first),
                                              list.begin() + static_cast<std::ptrdiff_t>(first + n));
          }};
}

/// Hands on what another reader says, and keeps it by row and repeat.
class KeepingReader : public score::Reader {
 public:
  struct Kept {
    std::mutex mutex;
    std::map<std::pair<uint64_t, uint32_t>, std::vector<score::Reading>> readings;
  };
  KeepingReader(std::unique_ptr<score::Reader> reader, Kept& kept) : reader_(std::move(reader)), kept_(kept) {}
  Result<std::vector<score::RowReading>> read(std::span<const score::Row> rows) override {
    auto said = reader_->read(rows);
    const std::lock_guard lock(kept_.mutex);
    for (size_t r = 0; said && r < rows.size(); ++r)
      for (size_t a = 0; a < rows[r].size(); ++a) kept_.readings[{rows[r][a]->id.row, rows[r][a]->id.repeat}] = (*said)[r][a];
    return said;
  }
  Result<std::vector<bool>> aggregates() override { return reader_->aggregates(); }
  Result<score::Numbers> aggregate(size_t metric, std::span<const score::Judged> samples,
                                   std::span<const double> first) override {
    return reader_->aggregate(metric, samples, first);
  }

 private:
  std::unique_ptr<score::Reader> reader_;
  Kept& kept_;
};

inline Result<ScoredSet> score_kept(const config::DatasetConfig& dataset, const std::vector<data::Attempt>& said,
                                    const std::vector<score::MetricFacts>& facts, const score::MakeReader& make_reader,
                                    unsigned threads = 1) {
  KeepingReader::Kept kept;
  auto scored = score::score(dataset, attempts_in(said), facts,
                             [&]() -> Result<std::unique_ptr<score::Reader>> {
                               SXT_TRY(std::unique_ptr<score::Reader> reader, make_reader());
                               return std::unique_ptr<score::Reader>(std::make_unique<KeepingReader>(std::move(reader), kept));
                             },
                             threads, std::filesystem::temp_directory_path());
  if (!scored) return scored.error();
  ScoredSet out{*std::move(scored), {}};
  for (const data::Attempt& attempt : said) out.readings.push_back(kept.readings[{attempt.id.row, attempt.id.repeat}]);
  return out;
}

/// Scores with steps; facts are the metrics' ids where none are given.
inline Result<ScoredSet> score_with(config::DatasetConfig dataset, const score::Steps& steps,
                                    const std::vector<data::Attempt>& said, unsigned threads = 1,
                                    std::vector<score::MetricFacts> facts = {}) {
  dataset.filters.clear();
  for (const auto& filter : steps.filters) dataset.filters.push_back({filter.name, {}});
  if (facts.empty())
    for (const auto& metric : steps.metrics) facts.push_back({metric.id, {}});
  return score_kept(
      dataset, said, facts,
      [&]() -> Result<std::unique_ptr<score::Reader>> {
        return std::unique_ptr<score::Reader>(std::make_unique<score::StepReader>(steps));
      },
      threads);
}

/// The files' texts.
inline std::string samples_of(const score::Scored& scored) {
  std::string out;
  const auto written = score::write_samples(
      scored,
      [&](std::string_view part) -> Result<void> {
        out += part;
        return {};
      },
      [](const auto&, const auto&) {});
  return written ? out : written.error().message;
}
inline std::string results_of(const score::Scored& scored, bool with_details) {
  std::string out;
  const auto written = score::write_results(scored, with_details, [&](std::string_view part) -> Result<void> {
    out += part;
    return {};
  });
  return written ? out : written.error().message;
}
inline std::string canonical_line(const data::Attempt& attempt, double score, bool repeats) {
  return score::canonical_line(score::make_line(attempt, {score::Reading{}}, {"none"}, repeats, false), score, repeats);
}
inline score::Steps steps_of(std::vector<score::MetricStep> metrics,
                             std::vector<score::PostprocessorStep> postprocessors = {}) {
  score::Steps steps;
  steps.filters.push_back({"none", std::move(postprocessors)});
  steps.metrics = std::move(metrics);
  return steps;
}
inline std::vector<std::pair<std::string, double>> numbers(const score::Scored& scored) {
  std::vector<std::pair<std::string, double>> out;
  for (const auto& number : scored.numbers) out.emplace_back(number.metric, number.value);
  return out;
}

}  // namespace sextant::test
