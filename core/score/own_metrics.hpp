// Metrics of the core itself: those that need what no plugin is given, the sandbox, or that a stage rests on, a judge's
// verdicts on pairs. To cards they are metrics like any other (docs/adr/0035).
#pragma once
#include <string_view>
#include "../config/run_config.hpp"
#include "steps.hpp"

namespace sextant::score {

struct OwnMetric {
  std::string_view id, summary;
  const char* schema;                // JSON Schema of its configuration
  const char* facts;                 // as a plugin's: which values it gives
  bool runs_programs = false;        // it is refused where sandboxes do not work
  /// `config`: checked against the schema, defaults filled in.
  Result<MetricStep> (*make)(const json::Value& config, config::Compat compat, const std::string& origin);
};

/// Null where there is none of that id.
const OwnMetric* find_own_metric(std::string_view id);
Result<MetricStep> make_own_metric(const OwnMetric& metric, const config::PluginChoice& choice, config::Compat compat,
                                   const std::string& origin);
/// Metrics that read a judge's verdicts: a reply that cannot be read has no value, and perhaps none can.
bool reads_verdicts(std::string_view id);
/// Whether the set, or its judge, runs programs.
bool runs_programs(const config::DatasetConfig& dataset);

}  // namespace sextant::score
