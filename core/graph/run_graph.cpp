#include "run_graph.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <unordered_map>
#include <sextant/sha256.hpp>
#include "../base/log.hpp"
#include "../score/components.hpp"
#include "../score/stage.hpp"
#include "../serve/dataset_feed.hpp"
#include "../serve/dataset_task.hpp"
#include "../serve/judge_task.hpp"
#include "../serve/retrieval_tasks.hpp"
#include "../store/task_log.hpp"

namespace sextant::graph {
namespace {

store::TaskRecord record_of(const data::Stage& stage, const Error& error) {
  store::TaskRecord record;
  record.model = stage.model;
  record.dataset = task_name(stage);
  if (stage.kind != "infer") record.stage = stage.kind;
  record.status = error.kind == Error::Kind::cancelled ? "incomplete"
                  : error.kind == Error::Kind::missing ? "missing"
                                                       : "failed";
  if (stage.kind == "infer") record.infer = record.status;
  record.error = error.message;
  record.error_kind = error.kind;
  return record;
}

// Something is done around the writing of what another sink has taken.
class EarlierSink : public serve::AttemptSink {
 public:
  using Around = std::function<Result<void>(const std::function<Result<void>()>& write)>;
  EarlierSink(std::unique_ptr<serve::AttemptSink> sink, Around around) : sink_(std::move(sink)), around_(std::move(around)) {}
  Result<void> add(uint64_t number, data::Attempt attempt) override { return sink_->add(number, std::move(attempt)); }
  Result<void> finish() override {
    return around_([&] { return sink_->finish(); });
  }

 private:
  std::unique_ptr<serve::AttemptSink> sink_;
  Around around_;
};

constexpr const char* probe_conversation =
    R"({"messages":[{"role":"user","content":"One?"},{"role":"assistant","content":"Two."},)"
    R"({"role":"user","content":"Three?"}],)"
    R"("add_generation_prompt":true,"now":"2024-01-01T00:00:00"})";
constexpr const char* probe_text =
    "The quick brown fox: 3.14 = 22/7? \frac{a}{b}\n\tdef f(x): return x  # ç­æ¡ Ã©tÃ© "
    "Ð´Ð° ð </s> <|im_start|>user Question: Answer: ABCDEFGHIJKLMNOPQRSTUVWXYZ";

class Runner {
 public:
  Runner(plugin::Host& host, const std::vector<data::Stage>& graph, const RunGraph& job, store::RunRecord& record)
      : host_(host), graph_(graph), job_(job), record_(record) {
    for (const data::Stage& stage : graph) {
      by_id_.emplace(stage.id, &stage);
      if (!stage.model.empty()) by_set_.emplace(stage.task, &stage);
    }
  }

  void run() {
    if (job_.kept && *job_.kept) {
      session_ = std::move(*job_.kept);
      job_.kept->reset();
      loaded_ = session_->config().abbr;
    }
    while (const auto ready = next(graph_, outcomes_, loaded_)) {
      if (ready->model.empty()) without_model(ready->stages);
      else with_model(ready->model, ready->stages);
    }
    collect();
    if (job_.kept) *job_.kept = std::move(session_);
  }
  std::map<std::string, serve::Retrieved> take_retrieved() { return std::move(retrieved_); }

 private:
  Result<serve::TaskSpec> spec_of(const data::Stage& stage) {
    const config::DatasetConfig& dataset = *config::find_dataset(*job_.run, stage.task);
    if (stage.kind == "judge") {
      std::optional<std::vector<uint64_t>> only;
      if (dataset.judge->asks == config::Judge::Asks::failed) {
        SXT_TRY(only, score::failed_attempts(host_, *job_.run, dataset, *job_.folder, stage.judged));
      }
      return serve::judge_task(host_, *session_, dataset, stage.judged, stage.against, task_name(stage), *job_.run,
                               *job_.folder, std::move(only), [this, &dataset](const std::string& model) {
                                 return score::own_edit(host_, *job_.run, dataset, model);
                               });
    }
    serve::Retrieved& retrieved = retrieved_[stage.task];
    if (stage.kind == "embed") return serve::embed_task(host_, *session_, dataset, *job_.run, retrieved);
    if (stage.kind == "rank") return serve::rank_task(host_, *session_, dataset, *job_.run, retrieved);
    return serve::infer_task(host_, *session_, dataset, *job_.run, job_.folder, &retrieved,
                             {rows_of(stage), job_.score && !dataset.judge ? &kept_[stage.id] : nullptr});
  }

  // Rows that have been read already; the last model that is asked about them takes them away.
  std::optional<load::TaskData> rows_of(const data::Stage& stage) {
    if (!job_.data) return std::nullopt;
    const auto it = job_.data->find(stage.task);
    if (it == job_.data->end()) return std::nullopt;
    const auto [from, to] = by_set_.equal_range(stage.task);
    const auto asked = std::count_if(from, to, [&](const auto& other) {
      return other.second->kind == "infer" && other.second->id != stage.id && !records_.contains(other.second->id);
    });
    if (asked > 0) return it->second;
    return std::move(job_.data->extract(it).mapped());
  }

  store::ModelRecord model_record(const config::ModelConfig& model) {
    store::ModelRecord out{model.abbr,
                           model.backend,
                           session_->device(),
                           session_->weights_sha256(),
                           session_->load_s(),
                           session_->compute(),
                           "",
                           "",
                           ""};
    const auto config = json::parse(model.config, model.abbr);
    if (config) out.adapter = json::find_string(*config, "peft_path").value_or("");
    out.chat_template = model.base || model.chat == config::Chat::none ? "none"
                        : model.chat == config::Chat::file && config
                            ? json::find_string(*config, "chat_template").value_or("auto")
                            : "auto";
    if (session_->requests_in_flight() > 0) return out;  // a served model would be asked
    // fixed texts: what a changed tokenizer or template file makes of them tells two runs apart (`sextant explain`)
    if (const auto text = session_->render_chat(probe_conversation)) out.chat_sha256 = sha256_hex(*text);
    if (const auto ids = session_->tokenize(probe_text, true))
      out.tokens_sha256 = sha256_hex(fmt::format("{}", fmt::join(*ids, " ")));
    json::Document sampling;
    out.sampling_sha256 = sha256_hex(json::write(data::to_json(session_->sampling(), sampling.GetAllocator())));
    return out;
  }

  void with_model(const std::string& abbr, const std::vector<const data::Stage*>& stages) {
    const config::ModelConfig* model = config::find_model(*job_.run, abbr);
    if (!model)
      return fail(stages,
                  {Error::Kind::config, fmt::format("the graph asks the model '{}', which the run does not have", abbr)});
    if (job_.unfit_models)
      if (const auto it = job_.unfit_models->find(abbr); it != job_.unfit_models->end()) return fail(stages, it->second);
    if (loaded_ != abbr) {
      session_.reset();  // its memory goes before the next one comes
      loaded_.clear();
      auto opened = serve::ModelSession::open(host_, *model, serve::Load::weights);
      if (!opened) return fail(stages, opened.error());
      session_.emplace(*std::move(opened));
      loaded_ = abbr;
      if (std::none_of(record_.models.begin(), record_.models.end(), [&](const auto& known) { return known.abbr == abbr; }))
        record_.models.push_back(model_record(*model));
      if (record_.compute.empty()) record_.compute = session_->compute();
    }
    std::vector<serve::TaskSpec> specs;
    std::vector<const data::Stage*> asked;
    for (const data::Stage* stage : stages) {
      auto spec = spec_of(*stage);
      if (!spec) {
        fail({stage}, spec.error());
        continue;
      }
      spec->stage = stage->id;
      keep_earlier(*spec, *stage);
      specs.push_back(*std::move(spec));
      asked.push_back(stage);
    }
    serve::Job job;
    job.folder = job_.folder;
    job.cancelled = job_.cancelled;
    job.cache = job_.cache;
    if (job_.opened) job.progress = job_.opened(*session_, *model);
    job.complete = [this](const serve::TaskSpec& spec, store::TaskRecord& task) { on_kept(spec, task); };
    std::vector<store::TaskRecord> records = serve::run_tasks(host_, *session_, std::move(specs), job);
    for (store::ModelRecord& known : record_.models)
      if (known.abbr == abbr) known.spent = session_->spent();
    for (size_t i = 0; i < records.size(); ++i) {
      (records[i].status == "complete" ? outcomes_.done : outcomes_.failed).insert(asked[i]->id);
      if (asked[i]->kind != "infer") records[i].stage = asked[i]->kind;
      else if (records[i].infer.empty()) records[i].infer = records[i].status;
      records_[asked[i]->id] = std::move(records[i]);
    }
  }

  // Predictions that a task replaces by others are put aside, with what was made of them.
  void keep_earlier(serve::TaskSpec& spec, const data::Stage& stage) {
    if (!job_.earlier || !spec.sink || (stage.kind != "infer" && stage.kind != "judge")) return;
    spec.sink = std::make_unique<EarlierSink>(std::move(spec.sink),
                                              [this, model = spec.model, task = spec.name](const auto& write) -> Result<void> {
                                                const std::filesystem::path file = job_.folder->predictions(model, task);
                                                const bool before = std::filesystem::exists(file);
                                                SXT_CHECK(job_.earlier->hold(file));
                                                SXT_CHECK(write());
                                                SXT_TRY(const bool changed, job_.earlier->settle(file));
                                                if (changed) SXT_CHECK(job_.earlier->put(model, task, false));
                                                if (before && !changed) unchanged_.insert({model, task});
                                                return {};
                                              });
  }

  // A task's attempts are kept. A set without a judge is scored while the model computes, as soon as it is complete.
  void on_kept(const serve::TaskSpec& spec, store::TaskRecord& task) {
    const data::Stage* stage = find(spec.stage);
    if (!stage) return;
    if (stage->kind != "infer") {
      store::TaskRecord record = task;
      record.stage = stage->kind;
      if (job_.states) job_.states->add(record);
      return;
    }
    task.infer = "complete";
    const bool judged = config::find_dataset(*job_.run, stage->task)->judge.has_value();
    if (!job_.score && !judged) hold_on(task);
    if (job_.states) job_.states->add(task);
    if (!job_.score || judged) return;
    const auto kept = kept_.extract(stage->id);  // gone once it is scored
    score(task, kept ? kept.mapped().get() : nullptr);
    scored_.insert(score_id(task));
  }

  // -m infer over a run that has been scored: where the predictions are the same, so are the scores.
  void hold_on(store::TaskRecord& task) {
    const store::TaskRecord* before =
        job_.scored_before && unchanged_.contains({task.model, task.dataset}) ? job_.scored_before(task) : nullptr;
    if (!before) return;
    task.eval = before->eval;
    task.eval_s = before->eval_s;
    task.results_sha256 = before->results_sha256;
  }

  void score(store::TaskRecord& task, store::KeptAttempts* kept = nullptr) {
    score::score_task(host_, *job_.run, *job_.folder, task, arenas_, job_.earlier, kept);
    if (job_.states) job_.states->add(task);
  }

  void without_model(const std::vector<const data::Stage*>& stages) {
    for (const data::Stage* stage : stages) {
      if (const Error* error = stage->kind == "load" ? unfit(stage->task) : nullptr) {
        refuse(*stage, *error);
        continue;
      }
      if (stage->kind == "score" && job_.score && !scored_.contains(stage->id)) {
        // the inference task of the same model and set; the judge's answers are in its predictions
        const auto it = records_.find("infer" + stage->id.substr(std::string_view("score").size()));
        if (it != records_.end() && it->second.status == "complete") score(it->second);
      }
      outcomes_.done.insert(stage->id);
    }
  }

  const Error* unfit(const std::string& task) const {
    if (!job_.unfit) return nullptr;
    const auto it = job_.unfit->find(task);
    return it == job_.unfit->end() ? nullptr : &it->second;
  }
  // A set that cannot be loaded: all that would be asked of it is recorded for that reason.
  void refuse(const data::Stage& load, const Error& error) {
    outcomes_.failed.insert(load.id);       // and all that would wait for it
    const auto [from, to] = by_set_.equal_range(load.task);
    for (auto it = from; it != to; ++it) {
      const data::Stage& stage = *it->second;
      outcomes_.failed.insert(stage.id);
      store::TaskRecord& record = records_[stage.id] = record_of(stage, error);
      if (stage.kind == "infer" && record.status == "failed")
        store::TaskLog(job_.folder->infer_log(stage.model, stage.task)).line("error: " + error.message);
    }
  }
  void fail(const std::vector<const data::Stage*>& stages, const Error& error) {
    for (const data::Stage* stage : stages) {
      outcomes_.failed.insert(stage->id);
      records_[stage->id] = record_of(*stage, error);
    }
  }

  // Inference tasks in the graph's order, then those of helpers. One that was never reached waited for a stage that failed.
  void collect() {
    for (const bool helpers : {false, true})
      for (const data::Stage& stage : graph_) {
        if (stage.model.empty() || (stage.kind != "infer") != helpers) continue;
        const auto it = records_.find(stage.id);
        if (it != records_.end()) {
          if (!helpers && job_.score && it->second.status == "complete" && it->second.eval.empty()) {
            it->second.eval = "incomplete";  // a judge's replies are lacking
            store::set_incomplete(it->second, fmt::format("{} did not get to its end", lacking_score(it->second)));
          }
          record_.tasks.push_back(std::move(it->second));
          continue;
        }
        const bool cancelled = job_.cancelled && job_.cancelled->load();
        record_.tasks.push_back(record_of(
            stage, cancelled ? Error{Error::Kind::cancelled, "interrupted"}
                             : Error{Error::Kind::cancelled, fmt::format("{} did not get to its end", join_failed(stage))}));
      }
  }
  static std::string score_id(const store::TaskRecord& task) { return fmt::format("score/{}/{}", task.model, task.dataset); }
  const data::Stage* find(std::string_view id) const {
    const auto it = by_id_.find(id);
    return it == by_id_.end() ? nullptr : it->second;
  }
  std::string lacking_score(const store::TaskRecord& task) const {
    const std::string id = score_id(task);
    const data::Stage* stage = find(id);
    return stage ? join_failed(*stage) : id;
  }
  std::string join_failed(const data::Stage& stage) const {
    for (const std::string& id : stage.needs)
      if (!outcomes_.done.contains(id)) return id;
    return "a stage before it";
  }

  plugin::Host& host_;
  const std::vector<data::Stage>& graph_;
  const RunGraph& job_;
  store::RunRecord& record_;
  std::unordered_map<std::string_view, const data::Stage*> by_id_;
  std::unordered_multimap<std::string_view, const data::Stage*> by_set_;  // stages that ask a model
  Outcomes outcomes_;
  std::set<std::string> scored_;
  score::Arenas arenas_;
  std::set<std::pair<std::string, std::string>> unchanged_;  // model and task whose predictions were there already
  std::map<std::string, serve::Retrieved> retrieved_;  // by the task's name
  std::map<std::string, store::TaskRecord> records_;  // by the stage's id
  std::map<std::string, std::shared_ptr<store::KeptAttempts>> kept_;  // likewise: attempts of sets that are scored next
  std::optional<serve::ModelSession> session_;
  std::string loaded_;
};

}  // namespace

void run_graph(plugin::Host& host, const std::vector<data::Stage>& graph, const RunGraph& job, store::RunRecord& record) {
  Runner(host, graph, job, record).run();
}

Result<std::map<std::string, Result<serve::Retrieved>>> run_retrieval(plugin::Host& host, const config::RunConfig& run) {
  SXT_TRY(std::vector<data::Stage> graph, build(host, run));
  std::erase_if(graph,
                [](const data::Stage& stage) { return stage.kind != "load" && stage.kind != "embed" && stage.kind != "rank"; });
  RunGraph job;
  job.run = &run;
  store::RunRecord record;
  Runner runner(host, graph, job, record);
  runner.run();
  std::map<std::string, Result<serve::Retrieved>> out;
  for (auto& [task, retrieved] : runner.take_retrieved()) out.emplace(task, std::move(retrieved));
  for (const store::TaskRecord& task : record.tasks)  // the first stage that failed is the reason of those that wait for it
    if (task.status != "complete")
      if (const auto it = out.try_emplace(task.dataset, serve::Retrieved{}).first; it->second)
        it->second = Error{task.error_kind.value_or(Error::Kind::internal),
                           fmt::format("{}/{}/{}: {}", task.stage, task.model, task.dataset, task.error)};
  return out;
}

namespace {

// Judges' and rankings', of stand-ins; no weights are loaded for them where the backend can do without.
Result<std::vector<serve::Estimate>> estimates_of(plugin::Host& host, const config::RunConfig& run,
                                                  const config::ModelConfig& model,
                                                  const std::vector<const data::Stage*>& stages) {
  std::vector<serve::Estimate> out;
  if (stages.empty()) return out;
  SXT_TRY(serve::ModelSession session,
          serve::ModelSession::open(host, model, serve::lightest_load(host, model.backend).value_or(serve::Load::weights)));
  serve::Retrieved stand_in;
  stand_in.planned = true;
  for (const data::Stage* stage : stages) {
    const config::DatasetConfig& dataset = *config::find_dataset(run, stage->task);
    SXT_TRY(serve::TaskSpec spec, stage->kind == "judge"
                                      ? serve::planned_judge_task(host, session, dataset, task_name(*stage), run)
                                      : serve::rank_task(host, session, dataset, run, stand_in));
    spec.stage = stage->id;
    SXT_TRY(serve::Estimate estimate, serve::estimate(session, std::move(spec)));
    if (stage->kind == "judge") {
      estimate.reply_tokens = estimate.requests *
                              serve::max_out_len(dataset.inferencer, *config::find_model(run, stage->judged)) *
                              (stage->against.empty() ? 1 : 2);
      estimate.prompt_tokens += estimate.reply_tokens;
    }
    out.push_back(std::move(estimate));
  }
  return out;
}

}  // namespace

Result<std::vector<StagePlan>> plan_graph(plugin::Host& host, const std::vector<data::Stage>& graph,
                                          const config::RunConfig& run, const std::map<std::string, Error>& unfit) {
  std::vector<std::string> models;  // in the order in which they are opened
  Outcomes outcomes;
  std::string loaded;
  while (const auto ready = next(graph, outcomes, loaded)) {
    if (!ready->model.empty() && std::find(models.begin(), models.end(), ready->model) == models.end())
      models.push_back(ready->model);
    if (!ready->model.empty()) loaded = ready->model;
    for (const data::Stage* stage : ready->stages) outcomes.done.insert(stage->id);
  }
  std::vector<StagePlan> out;
  serve::Retrieved stand_in, unused;
  stand_in.planned = true;
  for (const std::string& abbr : models) {
    const config::ModelConfig* model = config::find_model(run, abbr);
    if (!model)
      return Error{Error::Kind::config, fmt::format("the graph asks the model '{}', which the run does not have", abbr)};
    StagePlan planned;
    planned.model = abbr;
    std::vector<const data::Stage*> known, later;
    std::vector<store::TaskRecord> refused;
    for (const data::Stage& stage : graph) {
      if (stage.model != abbr) continue;
      if (const auto it = unfit.find(stage.task); it != unfit.end()) {
        if (stage.kind == "infer") refused.push_back(record_of(stage, it->second));
        continue;
      }
      if (stage.kind == "infer" || stage.kind == "embed") {
        planned.stages.push_back(stage.id);
        known.push_back(&stage);
      } else {
        later.push_back(&stage);
      }
    }
    SXT_TRY(planned.later, estimates_of(host, run, *model, later));
    if (!known.empty()) {
      SXT_TRY(serve::ModelSession session, serve::ModelSession::open(host, *model, serve::Load::weights));
      std::vector<serve::TaskSpec> specs;
      for (const data::Stage* stage : known) {
        const config::DatasetConfig& dataset = *config::find_dataset(run, stage->task);
        SXT_TRY(serve::TaskSpec spec, stage->kind == "embed"
                                          ? serve::embed_task(host, session, dataset, run, unused)
                                          : serve::infer_task(host, session, dataset, run, nullptr, &stand_in));
        specs.push_back(std::move(spec));
      }
      SXT_TRY(planned.plan, serve::plan_tasks(host, session, std::move(specs)));
      for (const data::Stage* stage : known) {  // examples that are chosen by a model are not known yet
        const config::DatasetConfig& dataset = *config::find_dataset(run, stage->task);
        if (stage->kind == "infer" && !dataset.retriever.model.empty()) planned.plan.exact = false;
      }
    }
    planned.plan.tasks.insert(planned.plan.tasks.end(), refused.begin(), refused.end());
    out.push_back(std::move(planned));
  }
  return out;
}

Result<RetrieverNeeds> retriever_needs(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run) {
  SXT_TRY(const retrieve::Traits traits, serve::retriever_traits(host, dataset, run));
  return RetrieverNeeds{traits.wants_embeddings, traits.wants_scores};
}

Result<std::vector<data::Stage>> build(plugin::Host& host, const config::RunConfig& run) {
  return build(run, [&](const config::DatasetConfig& dataset) { return retriever_needs(host, dataset, run); });
}

}  // namespace sextant::graph
