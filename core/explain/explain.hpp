// Why do two runs score differently? The gap of each data set, in parts that belong to stages of the pipeline and sum to it.
// Replies are read from the runs' folders and scored crosswise; no model is asked (docs/adr/0040, docs/statistics.md).
#pragma once
#include <cstdint>
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../config/run_config.hpp"
#include "../plugin/components.hpp"
#include "../store/run_folder.hpp"

namespace sextant::explain {

/// One model of one run.
struct Side {
  const config::RunConfig* run = nullptr;  // configs/run.json, as it was written
  const store::RunFolder* folder = nullptr;
  const store::RunRecord* record = nullptr;
  std::string model, version;  // the abbr; of the Sextant that wrote it
};

struct Sample {
  uint64_t row = 0;  // in the run that has it (b's, where both do)
  std::string said_a, said_b, text;
};
/// Stages in the order of the pipeline: rows, repeats, shots, template, chat template, tokens, weights, compute, sampling, cut,
/// extractor, metric, program (what scores today is not what scored then).
struct Part {
  std::vector<std::string> stages;  // several: what they do together, which the model alone could take apart
  double points = 0;                // b less a
  uint64_t samples = 0;             // whose score changes by it
  std::vector<Sample> examples;
  std::string why;           // what is different
  bool needs_model = false;  // its share is not known by itself
};
struct Explanation {
  std::string dataset, metric;
  double a = 0, b = 0;  // as the runs' tables have them
  uint64_t rows_a = 0, rows_b = 0, common = 0;
  std::vector<Part> parts;  // stages that differ, in order; a part may be 0
  std::string refused;      // why it cannot be explained; or empty
};

Explanation explain(plugin::Host& host, const Side& a, const Side& b, const std::string& dataset);

json::Value to_json(const Explanation& one, json::Document::AllocatorType& allocator);
std::string to_text(const Explanation& one);

}  // namespace sextant::explain
