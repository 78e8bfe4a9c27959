// What a component's facts_json says beyond its schema: sextant/abi/{metric,retriever,inferencer}.h. Pure; [any] thread.
#pragma once
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include "inferencer.hpp"
#include "registry.hpp"
#include "retriever.hpp"

namespace sextant::plugin {

/// A value that a metric gives.
struct MetricValue {
  std::string name;
  bool higher_is_better = true;
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
};
/// In the metric's order; one that is called as the component, where it says nothing.
Result<std::vector<MetricValue>> metric_values(const ComponentInfo& component);
Result<InferencerFacts> inferencer_facts(const ComponentInfo& component);
Result<RetrieverWants> retriever_wants(const ComponentInfo& component);

/// Whether the facts have the form of their kind: what a manifest is checked by.
Result<void> check_facts(const ComponentInfo& component);

}  // namespace sextant::plugin
