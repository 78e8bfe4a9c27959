// Runs all requests of a call on one device or several: prompts and generations in the same batches, results as soon as they
// are there. The order of work, and who did it, never shows in a result; every number of a result is fixed by the request
// alone.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include "device.hpp"
#include "job.hpp"
#include "retained.hpp"
#include "speculation.hpp"

namespace sextant::engine {

struct ScheduleOptions {
  uint32_t batch_size = 64;  // generations at once
  uint64_t seed = 0;         // not 0: shuffle every choice of order and batch, for tests
  uint32_t thinking_budget = 0;  // of requests that say nothing; 0: no bound
};
/// Several workers ask `cancelled` at once; `progress` is told one at a time.
struct Hooks {
  std::function<bool()> cancelled = [] { return false; };
  std::function<void(uint64_t done, uint64_t total)> progress = [](uint64_t, uint64_t) {};  // tokens
};
struct Cost {
  uint64_t rows = 0, head_rows = 0, batches = 0;  // rows: tokens whose state is computed, generated ones included
  uint32_t pages_peak = 0;
};

/// What `run` would do for one of the job's shares if every generation used all the tokens it may and nothing were retained.
/// Computes nothing.
Cost plan(const Job& job, const Share& share, const DeviceLimits& limits, const ScheduleOptions& options);

/// Runs the job, each share on a device and a thread of its own; returns false when cancelled. `sink` gets one result for each
/// request, one at a time. When a device throws, the others stop, too, and this throws what it did. devices: [Job::shares],
/// alike, so that it does not matter which one computes what. retained: [devices], what earlier calls left in each one's pages;
/// it is used, and requests with SXT_REQUEST_KEEP leave theirs there. Empty: the call begins with free pages and leaves
/// nothing. speculation: [devices], or empty: every token is computed when the one before it is known.
bool run(const Job& job, std::span<Device* const> devices, const Tokenizer& tokenizer, const ScheduleOptions& options,
         const Hooks& hooks, const sxt_result_sink& sink, std::span<const std::unique_ptr<RetainedPages>> retained = {},
         std::span<const std::unique_ptr<Speculation>> speculation = {});

}  // namespace sextant::engine
