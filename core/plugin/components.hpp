// The plugins' interfaces as the core calls them: typed wrappers around the C ABI. Every call is guarded: a C++ exception
// that leaves a plugin all the same, a status, a result pushed twice or never, all become an Error that names the component.
// Ownership: a wrapper owns its object. Threads: [owner], one call at a time per object.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include "../data/sample.hpp"
#include "inferencer.hpp"
#include "model.hpp"
#include "object.hpp"
#include "registry.hpp"
#include "retriever.hpp"

namespace sextant::plugin {

class Dataset {
 public:
  Dataset(Object object, const sxt_dataset_v1* table) : object_(std::move(object)), table_(table) {}
  Result<json::Document> describe();
  Result<uint64_t> count(std::string_view split);
  /// JSON texts, one per record, in order; exactly n of them.
  Result<std::vector<std::string>> read(std::string_view split, uint64_t first, uint64_t n);

 private:
  Object object_;
  const sxt_dataset_v1* table_;
};

struct RenderItem {
  std::string record_json;
  std::vector<std::string> shots_json;
  std::string output_column;
  data::Form form = data::Form::labels;
};
class Template {
 public:
  Template(Object object, const sxt_template_v1* table) : object_(std::move(object)), table_(table) {}
  Result<json::Document> render(const RenderItem& item);   // sextant/abi/template.h has the JSON's form

 private:
  Object object_;
  const sxt_template_v1* table_;
};

/// A prediction on its way to an answer; all is borrowed.
struct ExtractItem {
  std::string_view text;                       // of this attempt
  std::string_view record_json;                // the data row, "{}" if there is none
  std::span<const std::string> attempts;  // the texts of all attempts of the sample, in order; items of one sample share them
  uint32_t attempt = 0;                        // which of them this is
};
class Postprocessor {
 public:
  Postprocessor(Object object, const sxt_postprocessor_v1* table) : object_(std::move(object)), table_(table) {}
  Result<std::vector<std::string>> apply(std::span<const ExtractItem> items);

 private:
  Object object_;
  const sxt_postprocessor_v1* table_;
};

/// All is borrowed.
struct Judged {
  std::string_view prediction, reference_json, record_json;
};
/// What a metric says of one prediction.
struct Scored {
  std::vector<std::pair<std::string, double>> values;  // in the metric's order; NaN: none for this sample
  std::string answer, explanation;                     // what was judged and why, where the metric says so
};
class Metric {
 public:
  Metric(Object object, const sxt_metric_v1* table) : object_(std::move(object)), table_(table) {}
  Result<std::vector<Scored>> score(std::span<const Judged> samples);
  /// It has numbers of its own over a set, or may have.
  bool aggregates() const { return table_ && SXT_HAS(table_, aggregate); }
  /// The plugin's own numbers, or nothing where it leaves the mean to the core. scores: the first value of each sample.
  Result<std::optional<json::Document>> aggregate(std::span<const Judged> samples, std::span<const double> scores);

 private:
  Result<Scored> take(const std::string& text, size_t sample) const;
  Object object_;
  const sxt_metric_v1* table_;
};

/// Loads plugins (Boost.DLL) and creates their components. Lives as long as the process uses any of them.
class Host {
 public:
  /// `cancelled`: set from a signal handler; plugins poll it.
  Host(Registry registry, const std::atomic<bool>* cancelled);
  ~Host();
  Host(const Host&) = delete;
  const Registry& registry() const;
  /// `progress`: [any] thread, one at a time: tokens of a model's call, by the number that it was given.
  void on_progress(std::function<void(uint64_t call, uint64_t done, uint64_t total)> progress);
  /// A number for a call of a model, never given before by this process; not 0. [any]
  static uint64_t new_call();

  /// `config_json` is checked against the component's schema (an unknown key suggests the nearest) and its defaults are
  /// filled in. `origin` names where the configuration came from, for the error.
  Result<Dataset> dataset(std::string_view id, std::string_view config_json, std::string_view origin);
  Result<Template> template_(std::string_view id, std::string_view config_json, std::string_view origin);
  Result<Postprocessor> postprocessor(std::string_view id, std::string_view config_json, std::string_view origin);
  Result<Metric> metric(std::string_view id, std::string_view config_json, std::string_view origin);
  Result<Model> model(std::string_view id, std::string_view config_json, std::string_view origin);
  Result<Retriever> retriever(std::string_view id, std::string_view config_json, std::string_view origin);
  Result<InferencerPlugin> inferencer(std::string_view id, std::string_view config_json, std::string_view origin);
  /// Does the component's schema declare that top-level property? (The core offers "path", "compat", "options" only to those.)
  bool accepts(Kind kind, std::string_view id, std::string_view property) const;
  /// Is the component's schema annotated with "x-...": true at its top?
  bool says(Kind kind, std::string_view id, std::string_view annotation) const;
  /// Files that were loaded so far, for run.json.
  std::vector<const PluginFile*> loaded() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sextant::plugin
