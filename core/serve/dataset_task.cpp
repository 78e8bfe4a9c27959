#include "dataset_task.hpp"
#include <algorithm>
#include "../infer/plugin_inferencer.hpp"
#include "../store/predictions.hpp"
#include "dataset_feed.hpp"

namespace sextant::serve {

Result<std::unique_ptr<infer::Inferencer>> open_inferencer(plugin::Host& host, const config::Inferencer& inferencer, const std::string& origin) {
  const auto types = infer::inferencer_types();
  const bool built_in = std::any_of(types.begin(), types.end(), [&](const auto& type) { return type.id == inferencer.id; });
  if (!built_in && host.registry().find(plugin::Kind::inferencer, inferencer.id)) {
    SXT_TRY(plugin::InferencerPlugin made, host.inferencer(inferencer.id, inferencer.config, origin));
    return infer::make_plugin_inferencer(std::move(made));
  }
  return infer::make_inferencer(inferencer.id, inferencer.config, origin);
}

data::Sampling sampling_of(const config::ModelConfig& model) {
  data::Sampling sampling;
  sampling.max_new_tokens = model.max_out_len;
  sampling.min_new_tokens = model.min_out_len;
  sampling.temperature = model.temperature;
  sampling.top_p = model.top_p;
  sampling.top_k = model.top_k;
  sampling.stop = model.stop_words;
  return sampling;
}

infer::Settings settings_of(const config::Inferencer& inferencer, const ModelSession& session, const config::RunConfig& run) {
  const config::ModelConfig& model = session.config();
  infer::Settings settings;
  settings.sampling = sampling_of(model);
  data::Sampling& sampling = settings.sampling;
  sampling.max_new_tokens = max_out_len(inferencer, model);
  sampling.seed = run.seed;
  sampling.stop.insert(sampling.stop.end(), inferencer.stop.begin(), inferencer.stop.end());
  settings.context_length = session.context_length();
  settings.cut_anywhere = config::is_opencompass(run.compat);
  return settings;
}

Result<TaskSpec> infer_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, const config::RunConfig& run,
                            const store::RunFolder* folder, const Retrieved* retrieved) {
  TaskSpec spec;
  spec.name = dataset.task_name;
  spec.model = session.config().abbr;
  SXT_TRY(spec.inferencer, open_inferencer(host, dataset.inferencer, dataset.card_path));
  spec.feed = std::make_unique<DatasetFeed>(host, session, dataset, run, spec.inferencer->form(), retrieved);
  spec.settings = settings_of(dataset.inferencer, session, run);
  spec.repeats = dataset.repeats;
  if (folder)
    spec.keep = [folder, form = spec.inferencer->form(), model = spec.model, name = spec.name](const std::vector<data::Attempt>& attempts) {
      return store::write_predictions(folder->predictions(model, name), attempts, form);
    };
  return spec;
}

}  // namespace sextant::serve
