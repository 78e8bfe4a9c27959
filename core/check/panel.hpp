// A run's replies under several extractors: how far a score depends on which of them reads the replies. No model is asked.
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../config/extractor_panels.hpp"
#include "../plugin/components.hpp"
#include "../score/score.hpp"

namespace sextant::check {

struct PanelMember {
  config::PluginChoice extractor;                           // id empty: the set's own chain
  std::string name;                                         // for people: "first_option", "its own (regex, first_option)"
  double score = std::numeric_limits<double>::quiet_NaN();  // in the table's unit
  uint64_t unparsed = 0;                                    // replies in which it finds no answer
  std::string error;                                        // why it cannot score them; or empty
};
struct Panel {
  std::string model, dataset, metric;
  uint64_t n = 0;                    // replies
  std::vector<PanelMember> members;  // the set's own first
  double low = 0, high = 0;          // of the members that can score
  std::vector<uint64_t> rows;        // of replies whose score depends on the member, in the order of the file
};

/// What may stand in place of the set's own extractor: `given`, else the installed panel for its last one. The set's own is not
/// among them. An Error: none is known, which --extractor mends; or nothing reads replies of this set.
Result<std::vector<config::PluginChoice>> members_for(plugin::Host& host, const config::DatasetConfig& dataset,
                                                      const std::vector<config::ExtractorPanel>& panels,
                                                      std::vector<config::PluginChoice> given);

/// Scores all attempts once for each member. An Error: the set's own chain cannot score them.
Result<Panel> panel_of(plugin::Host& host, const config::DatasetConfig& dataset, config::Compat compat,
                       const score::Attempts& attempts, const std::vector<config::PluginChoice>& members);

std::string to_text(const std::vector<Panel>& panels);
/// {"model", "dataset", "metric", "n", "score", "low", "high", "depend", "rows", "extractors": [{"extractor", "score",
/// "unparsed", "error"?}]}
json::Value to_json(const Panel& panel, json::Document::AllocatorType& allocator);

}  // namespace sextant::check
