#include "dataset_task.hpp"
#include <algorithm>
#include "../infer/plugin_inferencer.hpp"
#include "../store/predictions.hpp"
#include "dataset_feed.hpp"

namespace sextant::serve {
namespace {

class PredictionsSink : public AttemptSink {
 public:
  PredictionsSink(std::filesystem::path path, data::Form form, uint32_t repeats, std::shared_ptr<store::KeptAttempts> kept)
      : writer_(std::move(path), form, repeats), kept_(std::move(kept)) {}
  Result<void> add(uint64_t number, data::Attempt attempt) override {
    if (kept_) SXT_CHECK(kept_->add(number, attempt));
    return writer_.add(number, attempt);
  }
  Result<void> finish() override { return writer_.finish(); }

 private:
  store::PredictionsWriter writer_;
  std::shared_ptr<store::KeptAttempts> kept_;
};

}  // namespace

std::unique_ptr<AttemptSink> predictions_sink(std::filesystem::path path, data::Form form, uint32_t repeats,
                                              std::shared_ptr<store::KeptAttempts> kept) {
  return std::make_unique<PredictionsSink>(std::move(path), form, repeats, std::move(kept));
}

Result<std::unique_ptr<infer::Inferencer>> open_inferencer(plugin::Host& host, const config::Inferencer& inferencer,
                                                           const std::string& origin) {
  const auto types = infer::inferencer_types();
  const bool built_in = std::any_of(types.begin(), types.end(), [&](const auto& type) { return type.id == inferencer.id; });
  if (!built_in && host.registry().find(plugin::Kind::inferencer, inferencer.id)) {
    SXT_TRY(plugin::InferencerPlugin made, host.inferencer(inferencer.id, inferencer.config, origin));
    return infer::make_plugin_inferencer(std::move(made));
  }
  return infer::make_inferencer(inferencer.id, inferencer.config, origin);
}

infer::Settings settings_of(const config::Inferencer& inferencer, const ModelSession& session, const config::RunConfig& run) {
  const config::ModelConfig& model = session.config();
  infer::Settings settings;
  settings.sampling = session.sampling();
  data::Sampling& sampling = settings.sampling;
  sampling.max_new_tokens = max_out_len(inferencer, model);
  sampling.seed = run.seed;
  sampling.stop.insert(sampling.stop.end(), inferencer.stop.begin(), inferencer.stop.end());
  settings.context_length = session.context_length();
  settings.cut_anywhere = config::is_opencompass(run.compat);
  return settings;
}

Result<TaskSpec> infer_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                            const config::RunConfig& run, const store::RunFolder* folder, const Retrieved* retrieved,
                            Given given) {
  TaskSpec spec;
  spec.name = dataset.task_name;
  spec.model = session.config().abbr;
  SXT_TRY(spec.inferencer, open_inferencer(host, dataset.inferencer, dataset.card_path));
  spec.feed =
      std::make_unique<DatasetFeed>(host, session, dataset, run, spec.inferencer->form(), retrieved, std::move(given.data));
  spec.settings = settings_of(dataset.inferencer, session, run);
  spec.repeats = dataset.repeats;
  if (!folder) return spec;
  const std::filesystem::path path = folder->predictions(spec.model, spec.name);
  if (given.kept)
    *given.kept = std::make_shared<store::KeptAttempts>(path.parent_path(), spec.name, spec.inferencer->form(), spec.repeats);
  spec.sink = predictions_sink(path, spec.inferencer->form(), spec.repeats, given.kept ? *given.kept : nullptr);
  return spec;
}

}  // namespace sextant::serve
