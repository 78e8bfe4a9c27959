// Every component of a run made once with its configuration, and put away again.
#pragma once
#include <map>
#include <set>
#include "findings.hpp"

namespace sextant::preflight {

/// A component that many sets share is made once. Threads: [owner].
class Components {
 public:
  /// Borrows all.
  Components(plugin::Host& host, const config::RunConfig& run, Findings& findings)
      : host_(host), run_(run), findings_(findings) {}
  /// Inferencer, retriever and template of the set, and its judge's. False: without them no prompt can be made, which has been
  /// said.
  bool check_asking(const config::DatasetConfig& dataset);
  /// Filters, reference post-processors and metrics, each alone, so that one mistake does not hide another; its judge's.
  void check_scoring(const config::DatasetConfig& dataset);
  /// The model's own post-processors.
  void check_own_chains(const config::ModelConfig& model);

 private:
  bool check_inferencer(const config::DatasetConfig& dataset, const std::string& member, const config::Inferencer& inferencer,
                        const config::PluginChoice& template_);
  bool check_retriever(const config::DatasetConfig& dataset);
  void check_sandbox(const config::DatasetConfig& dataset);
  void check_scorer(const config::DatasetConfig& alone);
  bool is_new(std::string key) { return seen_.insert(std::move(key)).second; }
  const std::string& place_of(const std::string& card_path, const std::string& pointer);
  plugin::Host& host_;
  const config::RunConfig& run_;
  Findings& findings_;
  std::set<std::string> seen_;
  std::map<std::string, bool> askable_;         // by inferencer and template, or retriever
  std::map<std::string, std::string> places_;   // of members in cards
};

}  // namespace sextant::preflight
