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
#include "registry.hpp"

namespace sextant::plugin {

/// One created component; destroyed with the last owner. Never dlclose()d.
class Object {
 public:
  Object() = default;
  Object(sxt_object* object, std::string name) : object_(object, destroy), name_(std::move(name)) {}
  sxt_object* get() const { return object_.get(); }
  const std::string& name() const { return name_; }   // "metric:accuracy"

 private:
  static void destroy(sxt_object* object);
  std::shared_ptr<sxt_object> object_;
  std::string name_;
};

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
  bool generate = false;
};
class Template {
 public:
  Template(Object object, const sxt_template_v1* table) : object_(std::move(object)), table_(table) {}
  Result<json::Document> render(const RenderItem& item);   // abi.h has the JSON's form

 private:
  Object object_;
  const sxt_template_v1* table_;
};

class Postprocessor {
 public:
  Postprocessor(Object object, const sxt_postprocessor_v1* table) : object_(std::move(object)), table_(table) {}
  Result<std::vector<std::string>> apply(std::span<const std::string> texts);

 private:
  Object object_;
  const sxt_postprocessor_v1* table_;
};

struct Judged {
  std::string prediction, reference_json, record_json;
};
class Metric {
 public:
  Metric(Object object, const sxt_metric_v1* table) : object_(std::move(object)), table_(table) {}
  Result<std::vector<double>> score(std::span<const Judged> samples);
  /// The plugin's own numbers, or nothing where it leaves the mean to the core.
  Result<std::optional<json::Document>> aggregate(std::span<const Judged> samples, std::span<const double> scores);

 private:
  Object object_;
  const sxt_metric_v1* table_;
};

struct Sampling {
  uint32_t max_new_tokens = 256, min_new_tokens = 0;
  float temperature = 0, top_p = 1;
  uint32_t top_k = 0;
  uint64_t seed = 0, id = 0;
  std::vector<std::string> stop;
};
struct Request {
  uint32_t flags = 0;                        // SXT_REQUEST_*
  std::string prefix;
  std::vector<std::string> continuations;    // scored; empty when generating
  std::optional<Sampling> sampling;
  uint64_t keep_bytes = 0;
  uint32_t max_prompt_tokens = 0;
};
struct Score {
  double logprob = 0, total_logprob = 0;
  uint32_t token_count = 0, total_tokens = 0;
  bool greedy = false;
  std::vector<float> token_logprobs;
};
struct RequestResult {
  std::optional<Error> error;                // this request's own
  bool too_long = false;                     // the error is SXT_TOO_LONG
  std::vector<Score> scores;
  std::string text;
  std::vector<int32_t> ids;
  uint32_t prompt_tokens = 0, computed_tokens = 0, truncated_tokens = 0, finish = SXT_FINISH_LENGTH;
};
class Model {
 public:
  Model(Object object, const sxt_model_v1* table) : object_(std::move(object)), table_(table) {}
  Result<sxt_model_info> info();
  Result<json::Document> describe();
  Result<std::vector<std::vector<int32_t>>> tokenize(std::span<const std::string> texts, uint32_t flags);
  Result<std::vector<std::string>> detokenize(std::span<const std::vector<int32_t>> ids, uint32_t flags);
  /// The prompt's text, or the template's refusal as an Error of kind data.
  Result<std::string> render_chat(std::string_view conversation_json);
  Result<json::Document> plan(std::span<const Request> requests);
  /// `done` is called once per request, as soon as it is done, in any order, from any one thread at a time. Requests that the
  /// plugin never answered get an error of their own after the call; where the call itself failed (or was cancelled) they are
  /// left unanswered, so that a resumed run asks again.
  Result<void> run(std::span<const Request> requests, const std::function<void(size_t index, RequestResult)>& done);

 private:
  Object object_;
  const sxt_model_v1* table_;
};

/// Loads plugins (Boost.DLL) and creates their components. Lives as long as the process uses any of them.
class Host {
 public:
  /// `cancelled`: set from a signal handler; plugins poll it. `progress`: [any], tokens of the running call.
  Host(Registry registry, const std::atomic<bool>* cancelled);
  ~Host();
  Host(const Host&) = delete;
  const Registry& registry() const;
  void on_progress(std::function<void(uint64_t done, uint64_t total)> progress);

  /// `config_json` is checked against the component's schema (an unknown key suggests the nearest) and its defaults are
  /// filled in. `origin` names where the configuration came from, for the error.
  Result<Dataset> dataset(std::string_view id, std::string_view config_json, std::string_view origin);
  Result<Template> template_(std::string_view id, std::string_view config_json, std::string_view origin);
  Result<Postprocessor> postprocessor(std::string_view id, std::string_view config_json, std::string_view origin);
  Result<Metric> metric(std::string_view id, std::string_view config_json, std::string_view origin);
  Result<Model> model(std::string_view id, std::string_view config_json, std::string_view origin);
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
