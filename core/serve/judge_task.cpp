#include "judge_task.hpp"
#include <fmt/format.h>
#include "../store/predictions.hpp"
#include "dataset_feed.hpp"
#include "dataset_task.hpp"

namespace sextant::serve {
namespace {

class JudgeFeed : public Feed {
 public:
  JudgeFeed(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, std::string name, std::filesystem::path predictions,
            const config::RunConfig& run, data::Form form)
      : host_(host), session_(session), dataset_(dataset), name_(std::move(name)), predictions_(std::move(predictions)), run_(run), form_(form) {}

  Result<void> open() override {
    if (predictions_.empty()) { SXT_TRY(attempts_, stand_ins()); }
    else { SXT_TRY(attempts_, store::read_predictions(predictions_, name_)); }
    SXT_TRY(renderer_, Renderer::make(host_, session_, judge_renderer_options(dataset_, run_, form_, session_.config())));
    return {};
  }

  // A sample is a row and a repeat of the judged model: its row number counts both, so that each has a random stream of its own.
  std::optional<Item> next() override {
    if (next_ >= attempts_.size()) return std::nullopt;
    const uint64_t number = next_++;
    const data::Attempt attempt = std::move(attempts_[number]);
    auto prepared = renderer_->prepare({name_, number, 0}, judged_record(attempt), {});
    if (prepared && !dataset_.judge->reference.empty()) prepared->sample.target_json = json::quote(dataset_.judge->reference);
    return Item{number, std::move(prepared)};
  }

 private:
  // Attempts as they will be, but for the replies.
  Result<std::vector<data::Attempt>> stand_ins() {
    SXT_TRY(const load::TaskData data, load::load_data(host_, dataset_, run_));
    std::vector<data::Attempt> out;
    for (uint32_t repeat = 0; repeat < dataset_.repeats; ++repeat)
      for (const load::Row& row : data.rows) {
        data::Attempt& attempt = out.emplace_back();
        attempt.id = {dataset_.task_name, row.index, repeat};
        attempt.record_json = row.record_json;
        attempt.target_json = "\"\"";
      }
    return out;
  }
  plugin::Host& host_;
  ModelSession& session_;
  const config::DatasetConfig& dataset_;
  const std::string name_;
  const std::filesystem::path predictions_;  // empty: there are none yet
  const config::RunConfig& run_;
  const data::Form form_;
  std::vector<data::Attempt> attempts_;
  std::optional<Renderer> renderer_;
  size_t next_ = 0;
};

}  // namespace

Renderer::Options judge_renderer_options(const config::DatasetConfig& dataset, const config::RunConfig& run, data::Form form, const config::ModelConfig& judge) {
  return {dataset.judge->template_, dataset.card_path, dataset.output_column, dataset.cluster_column, false, form, run.compat,
          max_out_len(dataset.judge->inferencer, judge)};
}

std::string judged_record(const data::Attempt& attempt) {
  json::Document record;
  if (auto parsed = json::parse(attempt.record_json, "record"); parsed && parsed->IsObject()) record = *std::move(parsed);
  else record.SetObject();
  auto& a = record.GetAllocator();
  json::set(record, "prediction", attempt.prediction, a);
  json::set(record, "thinking", attempt.thinking, a);  // empty where there is none: a template may name it
  json::Document target;
  if (auto parsed = json::parse(attempt.target_json, "target")) target = *std::move(parsed);
  json::set(record, "reference", json::Value(target, a), a);
  for (size_t i = 0; i < attempt.turns.size(); ++i) json::set(record, fmt::format("prediction_r{}", i + 1), attempt.turns[i].reply, a);
  return json::write(record);
}

Result<TaskSpec> judge_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, const std::string& judged,
                            const std::string& name, const config::RunConfig& run, const store::RunFolder& folder) {
  const config::Judge& judge = *dataset.judge;
  TaskSpec spec;
  spec.name = name;
  spec.model = session.config().abbr;
  SXT_TRY(spec.inferencer, open_inferencer(host, judge.inferencer, dataset.card_path));
  const data::Form form = spec.inferencer->form();
  spec.feed = std::make_unique<JudgeFeed>(host, session, dataset, name, folder.predictions(judged, dataset.task_name), run, form);
  spec.settings = settings_of(judge.inferencer, session, run);
  spec.keep = [path = folder.predictions(spec.model, name), form](const std::vector<data::Attempt>& attempts) {
    return store::write_predictions(path, attempts, form);
  };
  return spec;
}

Result<TaskSpec> planned_judge_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, const std::string& name,
                                    const config::RunConfig& run) {
  const config::Judge& judge = *dataset.judge;
  TaskSpec spec;
  spec.name = name;
  spec.model = session.config().abbr;
  SXT_TRY(spec.inferencer, open_inferencer(host, judge.inferencer, dataset.card_path));
  spec.feed = std::make_unique<JudgeFeed>(host, session, dataset, name, "", run, spec.inferencer->form());
  spec.settings = settings_of(judge.inferencer, session, run);
  return spec;
}

}  // namespace sextant::serve
