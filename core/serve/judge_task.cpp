#include "judge_task.hpp"
#include <fmt/format.h>
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
    SXT_TRY(store::Predictions attempts, store::Predictions::open(predictions_, name_));
    attempts_.emplace(std::move(attempts));
    const config::Judge& judge = *dataset_.judge;
    SXT_TRY(renderer_, Renderer::make(host_, session_,
                                      {judge.template_, dataset_.card_path, dataset_.output_column, dataset_.cluster_column, false, form_,
                                       run_.compat, max_out_len(judge.inferencer, session_.config())}));
    return {};
  }

  // A sample is a row and a repeat of the judged model: its row number counts both, so that each has a random stream of its own.
  std::optional<Item> next() override {
    if (next_ >= attempts_->size()) return std::nullopt;
    const uint64_t number = next_++;
    const auto read = attempts_->read(number, 1);
    if (!read) return Item{number, read.error()};
    const data::Attempt& attempt = read->front();
    auto prepared = renderer_->prepare({name_, number, 0}, judged_record(attempt, run_.compat != config::Compat::none), {});
    if (prepared && !dataset_.judge->reference.empty()) prepared->sample.target_json = json::quote(dataset_.judge->reference);
    return Item{number, std::move(prepared)};
  }

 private:
  plugin::Host& host_;
  ModelSession& session_;
  const config::DatasetConfig& dataset_;
  const std::string name_;
  const std::filesystem::path predictions_;
  const config::RunConfig& run_;
  const data::Form form_;
  std::optional<store::Predictions> attempts_;
  std::optional<Renderer> renderer_;
  size_t next_ = 0;
};

}  // namespace

std::string judged_record(const data::Attempt& attempt, bool with_thinking) {
  json::Document record;
  if (auto parsed = json::parse(attempt.record_json, "record"); parsed && parsed->IsObject()) record = *std::move(parsed);
  else record.SetObject();
  auto& a = record.GetAllocator();
  const Thought thought = with_thinking ? Thought{{}, attempt.prediction, false, true} : data::thought_of(attempt);
  json::set(record, "prediction", thought.answer, a);
  const std::string thinking = attempt.thinking + thought.thinking;
  if (!thinking.empty()) json::set(record, "thinking", thinking, a);
  json::Document target;
  if (auto parsed = json::parse(attempt.target_json, "target")) target = *std::move(parsed);
  json::set(record, "reference", json::Value(target, a), a);
  for (size_t i = 0; i < attempt.turns.size(); ++i) {
    const std::string& reply = attempt.turns[i].reply;
    json::set(record, fmt::format("prediction_r{}", i + 1), with_thinking ? reply : split_thinking(reply).answer, a);
  }
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
  spec.sink = predictions_sink(folder.predictions(spec.model, name), form, 1);
  return spec;
}

}  // namespace sextant::serve
