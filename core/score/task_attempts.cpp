#include "task_attempts.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <thread>
#include <sextant/sha256.hpp>
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../config/own_chains.hpp"
#include "../store/predictions.hpp"
#include "components.hpp"

namespace sextant::score {

// Scoring runs beside a model that computes; more threads would only take its cores.
constexpr unsigned threads_max = 4;

Result<Scored> score_attempts(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& given,
                              const store::RunFolder& folder, const std::string& model, const std::string& task,
                              const store::TaskLog& log, uint64_t expected, store::KeptAttempts* kept) {
  const config::DatasetConfig dataset = config::as_read_of(run, given, model);
  const auto path = folder.predictions(model, task);
  std::error_code code;
  if (!std::filesystem::exists(path, code))
    return Error{Error::Kind::cancelled,
                 fmt::format("{} is missing; the same command with -m all and -r writes it again", path.string())};
  Attempts attempts;
  std::optional<store::Predictions> written;
  if (kept) {
    attempts = {kept->size(), [&](uint64_t first, uint64_t n) { return kept->read(first, n); }};
  } else {
    SXT_TRY(written, store::Predictions::open(path, task));
    attempts = {written->size(), [&](uint64_t first, uint64_t n) { return written->read(first, n); }};
  }
  if (expected > 0 && attempts.count < expected)
    return Error{
        Error::Kind::cancelled,
        fmt::format("{} holds {} of the {} attempts that were made; the same command with -m all and -r writes it again",
                    path.string(), attempts.count, expected)};
  SXT_TRY(const auto facts, facts_of(host, dataset));
  if (const std::string isolated = isolated_component(host, dataset); !isolated.empty())
    log_debug(fmt::format("{} is scored in a process of its own, because {} is not of this installation; {} s an attempt", task,
                          isolated, dataset.attempt_limit_s));
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, threads_max);
  const std::filesystem::path samples = folder.samples(model, task);
  SXT_TRY(Scored scored,
          score(dataset, attempts, facts, make_reader(host, dataset, run.compat), threads, samples.parent_path()));
  for (const data::Estimate& number : scored.numbers) log.line(fmt::format("{} = {}", number.metric, number.value));
  SXT_TRY(FileWriter file, FileWriter::open(samples));
  Sha256 hash;
  SXT_CHECK(write_samples(
      scored,
      [&](std::string_view part) {
        hash.add(part);
        return file.write(part);
      },
      [&](const LineParts& attempt, const std::string& message) {
        log.line(fmt::format("sample {}, repeat {}: {}", attempt.row, attempt.repeat, message));
      }));
  SXT_CHECK(file.commit());
  scored.samples_sha256 = hash.hex();
  return scored;
}

}  // namespace sextant::score
