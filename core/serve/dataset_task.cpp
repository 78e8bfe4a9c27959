#include "dataset_task.hpp"
#include "../store/predictions.hpp"
#include "dataset_feed.hpp"

namespace sextant::serve {

Result<std::unique_ptr<infer::Inferencer>> open_inferencer(plugin::Host&, const config::Inferencer& inferencer, const std::string& origin) {
  return infer::make_inferencer(inferencer.id, inferencer.config, origin);
}

infer::Settings settings_of(const config::Inferencer& inferencer, const ModelSession& session, const config::RunConfig& run) {
  const config::ModelConfig& model = session.config();
  infer::Settings settings;
  data::Sampling& sampling = settings.sampling;
  sampling.max_new_tokens = max_out_len(inferencer, model);
  sampling.min_new_tokens = model.min_out_len;
  sampling.temperature = model.temperature;
  sampling.top_p = model.top_p;
  sampling.top_k = model.top_k;
  sampling.seed = run.seed;
  sampling.stop = model.stop_words;
  sampling.stop.insert(sampling.stop.end(), inferencer.stop.begin(), inferencer.stop.end());
  settings.context_length = session.context_length();
  settings.cut_anywhere = run.compat == config::Compat::opencompass || run.compat == config::Compat::opencompass_0_2_4;
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
