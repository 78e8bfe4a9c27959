#include "judge_task.hpp"
#include <fmt/format.h>
#include <functional>
#include "../data/thinking.hpp"
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
    SXT_CHECK(predictions_.empty() ? stand_in() : read_predictions());
    SXT_TRY(renderer_, Renderer::make(host_, session_, judge_renderer_options(dataset_, run_, form_, session_.config())));
    return {};
  }

  // A sample is a row and a repeat of the judged model: its row number counts both, so that each has a random stream of its own.
  std::optional<Item> next() override {
    if (next_ >= count_) return std::nullopt;
    const uint64_t number = next_++;
    const auto attempt = attempt_(number);
    if (!attempt) return Item{number, attempt.error()};
    auto prepared = renderer_->prepare({name_, number, 0}, judged_record(*attempt, run_.compat != config::Compat::none), {});
    if (prepared && !dataset_.judge->reference.empty()) prepared->sample.target_json = json::quote(dataset_.judge->reference);
    return Item{number, std::move(prepared)};
  }

 private:
  Result<void> read_predictions() {
    SXT_TRY(store::Predictions opened, store::Predictions::open(predictions_, name_));
    const auto predictions = std::make_shared<const store::Predictions>(std::move(opened));
    count_ = predictions->size();
    attempt_ = [predictions](uint64_t number) -> Result<data::Attempt> {
      SXT_TRY(std::vector<data::Attempt> one, predictions->read(number, 1));
      return std::move(one.front());
    };
    return {};
  }
  // Attempts as they will be, but for the replies.
  Result<void> stand_in() {
    SXT_TRY(load::TaskData loaded, load::load_data(host_, dataset_, run_));
    const auto rows = std::make_shared<load::Rows>(std::move(loaded.rows));
    count_ = rows->size() * dataset_.repeats;
    attempt_ = [rows, task = dataset_.task_name](uint64_t number) -> Result<data::Attempt> {
      SXT_TRY(load::Row row, rows->at(number % rows->size()));
      data::Attempt attempt;
      attempt.id = {task, row.index, static_cast<uint32_t>(number / rows->size())};
      attempt.record_json = std::move(row.record_json);
      attempt.target_json = "\"\"";
      return attempt;
    };
    return {};
  }

  plugin::Host& host_;
  ModelSession& session_;
  const config::DatasetConfig& dataset_;
  const std::string name_;
  const std::filesystem::path predictions_;  // empty: there are none yet
  const config::RunConfig& run_;
  const data::Form form_;
  uint64_t count_ = 0;
  std::function<Result<data::Attempt>(uint64_t number)> attempt_;
  std::optional<Renderer> renderer_;
  uint64_t next_ = 0;
};

}  // namespace

Renderer::Options judge_renderer_options(const config::DatasetConfig& dataset, const config::RunConfig& run, data::Form form, const config::ModelConfig& judge) {
  return {dataset.judge->template_, dataset.card_path, dataset.output_column, dataset.cluster_column, false, form, run.compat,
          max_out_len(dataset.judge->inferencer, judge)};
}

std::string judged_record(const data::Attempt& attempt, bool with_thinking) {
  json::Document record;
  if (auto parsed = json::parse(attempt.record_json, "record"); parsed && parsed->IsObject()) record = *std::move(parsed);
  else record.SetObject();
  auto& a = record.GetAllocator();
  const Thought thought = with_thinking ? Thought{{}, attempt.prediction, false, true} : data::thought_of(attempt);
  json::set(record, "prediction", thought.answer, a);
  json::set(record, "thinking", attempt.thinking + thought.thinking, a);  // empty where there is none: a template may name it
  json::Document target;
  if (auto parsed = json::parse(attempt.target_json, "target")) target = *std::move(parsed);
  json::set(record, "reference", json::Value(target, a), a);
  for (size_t i = 0; i < attempt.turns.size(); ++i) {
    const std::string& reply = attempt.turns[i].reply;
    json::set(record, fmt::format("prediction_r{}", i + 1), with_thinking ? reply : split_thinking(reply).answer, a);
  }
  return json::write(record);
}

namespace {

// `predictions`: what is judged; empty: stand-ins.
Result<TaskSpec> asking(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, const std::string& name,
                        const std::filesystem::path& predictions, const config::RunConfig& run) {
  const config::Judge& judge = *dataset.judge;
  TaskSpec spec;
  spec.name = name;
  spec.model = session.config().abbr;
  SXT_TRY(spec.inferencer, open_inferencer(host, judge.inferencer, dataset.card_path));
  spec.feed = std::make_unique<JudgeFeed>(host, session, dataset, name, predictions, run, spec.inferencer->form());
  spec.settings = settings_of(judge.inferencer, session, run);
  return spec;
}

}  // namespace

Result<TaskSpec> judge_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, const std::string& judged,
                            const std::string& name, const config::RunConfig& run, const store::RunFolder& folder) {
  SXT_TRY(TaskSpec spec, asking(host, session, dataset, name, folder.predictions(judged, dataset.task_name), run));
  spec.sink = predictions_sink(folder.predictions(spec.model, name), spec.inferencer->form(), 1);
  return spec;
}

Result<TaskSpec> planned_judge_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, const std::string& name,
                                    const config::RunConfig& run) {
  return asking(host, session, dataset, name, {}, run);
}

}  // namespace sextant::serve
