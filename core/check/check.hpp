// `sextant check`: what makes the scores of a run say less than they seem to, found before a model is asked. What preflight
// finds in every run is among it; the rest takes seconds, since every row goes through prompts and scorers.
#pragma once
#include <atomic>
#include <filesystem>
#include <vector>
#include "../config/run_config.hpp"
#include "../plugin/components.hpp"
#include "finding.hpp"

namespace sextant::check {

struct Options {
  uint64_t rows_max = 1000;  // of each set, evenly spread
  std::filesystem::path work_dir;
  bool models = true;  // false: data, prompts and scorers alone
  const std::atomic<bool>* cancelled = nullptr;
};

/// Data set by data set, then model by model. Mistakes of the configuration come alone: nothing else can be looked at then.
std::vector<Finding> check(plugin::Host& host, const config::RunConfig& run, const Options& options);

}  // namespace sextant::check
