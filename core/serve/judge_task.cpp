#include "judge_task.hpp"
#include <fmt/format.h>
#include <functional>
#include "../config/pairs.hpp"
#include "../data/thinking.hpp"
#include "../store/predictions.hpp"
#include "dataset_feed.hpp"
#include "dataset_task.hpp"

namespace sextant::serve {
namespace {

// What stands in an answer's place in a prompt that is only shown.
void add_placeholders(data::Attempt& attempt, std::string_view second) {
  attempt.prediction = fmt::format("{{prediction{}}}", second);
  for (size_t i = 0; i < attempt.turns.size(); ++i) attempt.turns[i].reply = fmt::format("{{prediction{}_r{}}}", second, i + 1);
}

// Whether a judge's row has a member of that name which replaces the data's column.
bool is_judges_member(std::string_view column) {
  return column == "reference" || column.starts_with("prediction") || column.starts_with("thinking");
}

// The answer column's value, which the judge's row has under this name.
std::string reference_of(const std::string& record_json) {
  const auto record = json::parse(record_json, "a judge's row");
  const json::Value* reference = record ? json::find(*record, "reference") : nullptr;
  return reference ? json::write(*reference) : "\"\"";
}

class JudgeFeed : public Feed {
 public:
  enum class Stand { empty, placeholders };
  /// `predictions`: of one model, or of two for pairs; none: there are none yet, and `stand` is shown.
  /// `judgements`: of a meta judge, the files of the judges' replies.
  JudgeFeed(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, std::string name,
            std::vector<std::filesystem::path> predictions, std::vector<std::filesystem::path> judgements, std::optional<std::vector<uint64_t>> only,
            const config::RunConfig& run, data::Form form, std::vector<EditReply> edits, Stand stand = Stand::empty)
      : host_(host),
        session_(session),
        dataset_(dataset),
        name_(std::move(name)),
        predictions_(std::move(predictions)),
        judgements_(std::move(judgements)),
        only_(std::move(only)),
        run_(run),
        form_(form),
        edits_(std::move(edits)),
        stand_(stand) {}

  Result<void> open() override {
    SXT_CHECK(predictions_.empty() ? stand_in() : read_predictions());
    SXT_TRY(renderer_, Renderer::make(host_, session_, judge_renderer_options(dataset_, run_, form_, session_.config())));
    return {};
  }

  // A sample is a row and a repeat of the judged model: its row number counts both, so that each has a random stream of its
  // own.
  std::optional<Item> next() override {
    if (next_ >= count_) return std::nullopt;
    shown_ = {};
    const uint64_t place = next_++, number = only_ ? (*only_)[place] : place;
    auto record = record_of(number);
    if (record) record = with_judgements(*std::move(record), place);
    if (!record) return Item{place, record.error()};
    auto prepared = renderer_->prepare({name_, number, 0}, *record, {});
    if (prepared && !dataset_.judge->reference.empty()) prepared->sample.target_json = json::quote(dataset_.judge->reference);
    else if (prepared && is_judges_member(dataset_.output_column))
      prepared->sample.target_json = reference_of(*record);
    // repeats of one question are no questions of their own, and intervals are by questions
    if (prepared && dataset_.repeats > 1 && prepared->sample.cluster.empty())
      prepared->sample.cluster = std::to_string(shown_.row);
    return Item{place, std::move(prepared)};
  }

  /// Of the sample that next() gave last.
  const JudgedSample& shown() const { return shown_; }

 private:
  using Read = std::function<Result<data::Attempt>(uint64_t number)>;

  Result<std::string> record_of(uint64_t number) {
    const bool with_thinking = run_.compat != config::Compat::none, swapped = number >= attempts_;
    SXT_TRY(data::Attempt first, attempt_[0](number % attempts_));
    shown_.row = first.id.row, shown_.repeat = first.id.repeat, shown_.swapped = swapped;
    if (!dataset_.judge->pairs) return judged_record(first, with_thinking);
    SXT_TRY(data::Attempt second, attempt_.back()(number % attempts_));
    if (first.id.row != second.id.row || first.id.repeat != second.id.repeat || first.record_json != second.record_json)
      return Error{Error::Kind::data, fmt::format("{} and {} hold answers to other questions at place {}; infer both again",
                                                  predictions_[0].string(), predictions_[1].string(), number % attempts_)};
    if (swapped) std::swap(first, second);
    return judged_pair(first, second, with_thinking);
  }
  // Of a meta judge: what the judges replied to the sample at that place.
  Result<std::string> with_judgements(std::string record_json, uint64_t place) {
    if (session_.config().abbr != dataset_.judge->meta) return record_json;
    SXT_TRY(json::Document record, json::parse(record_json, name_));
    const size_t judges = config::judges_of(*dataset_.judge).size();
    for (size_t i = 0; i < judges; ++i) {
      std::string reply = stand_ == Stand::placeholders ? "{" + judgement_name(i) + "}" : "";
      if (i < replies_.size()) {
        if (place >= replies_[i].size())
          return Error{Error::Kind::data,
                       fmt::format("{} holds {} replies, and the meta judge reads more; judge again (-r)",
                                   judgements_[i].string(), replies_[i].size())};
        SXT_TRY(std::vector<data::Attempt> one, replies_[i].read(place, 1));
        reply = data::thought_of(one.front()).answer;
      }
      json::set(record, judgement_name(i), reply, record.GetAllocator());
    }
    return json::write(record);
  }
  // What the model's own post-processors leave stands in the reply's place.
  Result<void> apply(const EditReply& edit, data::Attempt& ret_attempt) const {
    if (run_.compat == config::Compat::none) {
      const Thought thought = data::thought_of(ret_attempt);
      std::string thinking = ret_attempt.thinking + std::string(thought.thinking), answer(thought.answer);
      ret_attempt.thinking = std::move(thinking);
      ret_attempt.prediction = std::move(answer);
    }
    SXT_TRY(ret_attempt.prediction, edit(ret_attempt, ret_attempt.prediction));
    return {};
  }
  void count(uint64_t attempts) {
    attempts_ = attempts;
    count_ = only_ ? only_->size() : attempts * (dataset_.judge->pairs && dataset_.judge->both_orders ? 2 : 1);
  }
  Result<void> read_predictions() {
    for (const std::filesystem::path& path : judgements_) {
      SXT_TRY(store::Predictions opened, store::Predictions::open(path, name_));
      replies_.push_back(std::move(opened));
    }
    for (const std::filesystem::path& path : predictions_) {
      SXT_TRY(store::Predictions opened, store::Predictions::open(path, dataset_.task_name));
      const auto predictions = std::make_shared<const store::Predictions>(std::move(opened));
      if (!attempt_.empty() && predictions->size() != attempts_)
        return Error{Error::Kind::data,
                     fmt::format("{} holds {} answers and {} holds {}, so that they cannot be compared; infer both again",
                                 predictions_[0].string(), attempts_, path.string(), predictions->size())};
      count(predictions->size());
      const EditReply edit = attempt_.size() < edits_.size() ? edits_[attempt_.size()] : EditReply();
      attempt_.push_back([predictions, edit, this](uint64_t number) -> Result<data::Attempt> {
        SXT_TRY(std::vector<data::Attempt> one, predictions->read(number, 1));
        if (edit) SXT_CHECK(apply(edit, one.front()));
        return std::move(one.front());
      });
    }
    return {};
  }
  // Attempts as they will be, but for the replies.
  Result<void> stand_in() {
    SXT_TRY(load::TaskData loaded, load::load_data(host_, dataset_, run_));
    const auto rows = std::make_shared<load::Rows>(std::move(loaded.rows));
    count(rows->size() * dataset_.repeats);
    for (const std::string_view second : {"", "2"}) {
      if (!second.empty() && !dataset_.judge->pairs) break;
      attempt_.push_back([rows, second, this](uint64_t number) -> Result<data::Attempt> {
        SXT_TRY(load::Row row, rows->at(number % rows->size()));
        data::Attempt attempt;
        attempt.id = {dataset_.task_name, row.index, static_cast<uint32_t>(number / rows->size())};
        SXT_TRY(const json::Document record, json::parse(row.record_json, dataset_.task_name));
        const json::Value* target = dataset_.output_column.empty() ? nullptr : json::find(record, dataset_.output_column);
        attempt.target_json = target ? json::write(*target) : "\"\"";
        attempt.record_json = std::move(row.record_json);
        attempt.turns.resize(shown_turns);
        if (stand_ == Stand::placeholders) add_placeholders(attempt, second);
        return attempt;
      });
    }
    return {};
  }

  plugin::Host& host_;
  ModelSession& session_;
  const config::DatasetConfig& dataset_;
  const std::string name_;
  const std::vector<std::filesystem::path> predictions_, judgements_;
  const std::optional<std::vector<uint64_t>> only_;   // which attempts; absent: all
  const config::RunConfig& run_;
  const data::Form form_;
  const std::vector<EditReply> edits_;       // one a model, or none
  const Stand stand_;
  JudgedSample shown_;
  uint64_t attempts_ = 0, count_ = 0;        // of one model; of all samples
  std::vector<Read> attempt_;                // one a model
  std::vector<store::Predictions> replies_;  // one a judge
  std::optional<Renderer> renderer_;
  uint64_t next_ = 0;
};

}  // namespace

Renderer::Options judge_renderer_options(const config::DatasetConfig& dataset, const config::RunConfig& run, data::Form form,
                                         const config::ModelConfig& judge) {
  const bool meta = judge.abbr == dataset.judge->meta;
  // templates see the answer's column empty; not so a member of that name that a judge is to be shown, as "reference"
  const std::string hidden = is_judges_member(dataset.output_column) ? "" : dataset.output_column;
  return {meta ? dataset.judge->meta_template : dataset.judge->template_, dataset.card_path, hidden, dataset.cluster_column, false,
          form, run.compat, max_out_len(dataset.judge->inferencer, judge)};
}

std::string judgement_name(size_t judge) {
  return judge == 0 ? "judgement" : fmt::format("judgement{}", judge + 1);
}

namespace {

// The reply and what was thought before it; both are empty where there is nothing, since a template may name them. `second`: ""
// or "2".
void add_reply(json::Document& record, std::string_view second, const data::Attempt& attempt, bool with_thinking) {
  const Thought thought = with_thinking ? Thought{{}, attempt.prediction, false, true} : data::thought_of(attempt);
  json::set(record, fmt::format("prediction{}", second), thought.answer, record.GetAllocator());
  json::set(record, fmt::format("thinking{}", second), attempt.thinking + thought.thinking, record.GetAllocator());
}

// What was replied in each turn: "prediction_r1", ...
void add_turns(json::Document& record, std::string_view second, const data::Attempt& attempt, bool with_thinking) {
  for (size_t i = 0; i < attempt.turns.size(); ++i) {
    const std::string& reply = attempt.turns[i].reply;
    json::set(record, fmt::format("prediction{}_r{}", second, i + 1), with_thinking ? reply : split_thinking(reply).answer,
              record.GetAllocator());
  }
}

json::Document record_of(const data::Attempt& attempt, bool with_thinking) {
  json::Document record;
  if (auto parsed = json::parse(attempt.record_json, "record"); parsed && parsed->IsObject()) record = *std::move(parsed);
  else record.SetObject();
  auto& a = record.GetAllocator();
  add_reply(record, "", attempt, with_thinking);
  json::Document target;
  if (auto parsed = json::parse(attempt.target_json, "target")) target = *std::move(parsed);
  json::set(record, "reference", json::Value(target, a), a);
  add_turns(record, "", attempt, with_thinking);
  return record;
}

}  // namespace

std::string judged_record(const data::Attempt& attempt, bool with_thinking) {
  return json::write(record_of(attempt, with_thinking));
}

std::string judged_pair(const data::Attempt& first, const data::Attempt& second, bool with_thinking) {
  json::Document record = record_of(first, with_thinking);
  add_reply(record, "2", second, with_thinking);
  add_turns(record, "2", second, with_thinking);
  return json::write(record);
}

namespace {

// The files of the judges' replies, where the model is their meta judge.
std::vector<std::filesystem::path> judgements(const config::DatasetConfig& dataset, const std::string& model,
                                              const std::string& name, const store::RunFolder& folder) {
  std::vector<std::filesystem::path> out;
  if (model == dataset.judge->meta)
    for (const std::string& judge : config::judges_of(*dataset.judge)) out.push_back(folder.predictions(judge, name));
  return out;
}

// `predictions`: what is judged; empty: stand-ins.
Result<TaskSpec> asking(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                        const std::string& name, std::vector<std::filesystem::path> predictions,
                        std::vector<std::filesystem::path> replies, std::optional<std::vector<uint64_t>> only, const config::RunConfig& run,
                        std::vector<EditReply> edits = {}) {
  const config::Judge& judge = *dataset.judge;
  TaskSpec spec;
  spec.name = name;
  spec.model = session.config().abbr;
  const config::Inferencer inferencer = config::inferencer_of(judge);
  SXT_TRY(spec.inferencer, open_inferencer(host, inferencer, dataset.card_path));
  spec.feed = std::make_unique<JudgeFeed>(host, session, dataset, name, std::move(predictions), std::move(replies), std::move(only),
                                          run, spec.inferencer->form(), std::move(edits));
  spec.settings = settings_of(inferencer, session, run);
  return spec;
}

// Of the judged models, in the order of their predictions.
Result<std::vector<EditReply>> edits_of(const EditsOf& edits, std::initializer_list<std::string> models) {
  std::vector<EditReply> out;
  if (!edits) return out;
  for (const std::string& model : models) {
    SXT_TRY(EditReply one, model.empty() ? Result<EditReply>(EditReply()) : edits(model));
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

Result<TaskSpec> judge_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                            const std::string& judged, const std::string& against, const std::string& name,
                            const config::RunConfig& run, const store::RunFolder& folder,
                            std::optional<std::vector<uint64_t>> only, const EditsOf& edits) {
  std::vector<std::filesystem::path> predictions{folder.predictions(judged, dataset.task_name)};
  if (!against.empty()) predictions.push_back(folder.predictions(against, dataset.task_name));
  SXT_TRY(auto replies, edits_of(edits, {judged, against}));
  SXT_TRY(TaskSpec spec, asking(host, session, dataset, name, std::move(predictions),
                                judgements(dataset, session.config().abbr, name, folder), std::move(only), run, std::move(replies)));
  spec.sink = predictions_sink(folder.predictions(spec.model, name), spec.inferencer->form(), 1);
  return spec;
}

Result<TaskSpec> planned_judge_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                                    const std::string& name, const config::RunConfig& run) {
  return asking(host, session, dataset, name, {}, {}, std::nullopt, run);
}

Result<void> each_judged(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                         const std::string& judged, const std::string& against, const config::RunConfig& run,
                         const store::RunFolder* folder, const EditsOf& edits,
                         const std::function<Result<bool>(const JudgedSample& shown, const Prepared& prepared)>& take) {
  std::vector<std::filesystem::path> predictions;
  if (folder) predictions.push_back(folder->predictions(judged, dataset.task_name));
  if (folder && !against.empty()) predictions.push_back(folder->predictions(against, dataset.task_name));
  SXT_TRY(const auto inferencer, open_inferencer(host, config::inferencer_of(*dataset.judge), dataset.card_path));
  std::vector<std::filesystem::path> replies;
  if (folder)
    replies = judgements(dataset, session.config().abbr,
                         store::judged_name(dataset.task_name, against.empty() ? judged : config::pair_name(judged, against)),
                         *folder);
  SXT_TRY(auto edited, edits_of(folder ? edits : EditsOf(), {judged, against}));
  JudgeFeed feed(host, session, dataset, dataset.task_name, std::move(predictions), std::move(replies), std::nullopt, run,
                 inferencer->form(), std::move(edited), JudgeFeed::Stand::placeholders);
  SXT_CHECK(feed.open());
  while (auto item = feed.next()) {
    SXT_TRY(const Prepared prepared, std::move(item->prepared));
    SXT_TRY(const bool more, take(feed.shown(), prepared));
    if (!more) break;
  }
  return {};
}

}  // namespace sextant::serve
