// Readers that call plugins: in this process, or in one of their own where a component may crash or hang.
#pragma once
#include <functional>
#include "../plugin/components.hpp"
#include "score.hpp"
#include "steps.hpp"

namespace sextant::score {

/// The set's filters, reference post-processors and metrics, created.
Result<Steps> steps_of(plugin::Host& host, const config::DatasetConfig& dataset, config::Compat compat);

/// What the model's own post-processors leave of a reply to the set; null: it has none for it.
Result<std::function<Result<std::string>(const data::Attempt& attempt, const std::string& reply)>> own_edit(
    plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset, const std::string& model);

/// What the set's metrics declare.
Result<std::vector<MetricFacts>> facts_of(const plugin::Host& host, const config::DatasetConfig& dataset);

/// What the rows of a set's table may be called, as far as its metrics declare it: nothing where others may come (from a judge, an
/// inferencer that measures, a metric from elsewhere). Of repeats the rows' names go on with " (3 runs average)".
std::optional<std::vector<std::string>> row_names(const plugin::Host& host, const config::DatasetConfig& dataset);

/// The first of the set's components that is not to run in this process: it came from elsewhere than the installation, or asks
/// for it (facts "isolate": true). Empty: there is none.
std::string isolated_component(const plugin::Host& host, const config::DatasetConfig& dataset);

/// Makes readers: of this process, or a process each where a component is to be isolated.
MakeReader make_reader(plugin::Host& host, const config::DatasetConfig& dataset, config::Compat compat);

}  // namespace sextant::score
