// `sextant run`: resolve, then infer -> eval -> viz, each from what the one before it wrote.
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include <unistd.h>
#include "../base/exit_code.hpp"
#include "../base/files.hpp"
#include "../base/local_time.hpp"
#include "../base/log.hpp"
#include "../base/process.hpp"
#include "../compare/best.hpp"
#include "../config/pairs.hpp"
#include "../graph/run_graph.hpp"
#include "../preflight/preflight.hpp"
#include "../report/outcomes.hpp"
#include "../report/page.hpp"
#include "../score/components.hpp"
#include "../score/stage.hpp"
#include "colour.hpp"
#include "commands.hpp"
#include "data_changed.hpp"
#include "compare_runs.hpp"
#include "fail_under.hpp"
#include "failures.hpp"
#include "opencompass_options.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "run_outcome.hpp"
#include "run_view.hpp"
#include "secrets.hpp"
#include "sequence.hpp"
#include "take_up.hpp"
#include "version.hpp"
#include "rest_check.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

std::string now_text() { return local_time("%Y-%m-%dT%H:%M:%S%z"); }

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

bool infers(const RunCommandFlags& flags) { return flags.mode == "all" || flags.mode == "infer"; }
bool evaluates(const RunCommandFlags& flags) { return flags.mode == "all" || flags.mode == "eval"; }

// A run of others is looked at and not gone on with; said before anything is written.
Result<store::RunFolder> of_ours(store::RunFolder folder) {
  if (const auto text = read_file(folder.config(), own_bytes_max))
    if (const auto config = json::parse(*text, folder.config().string())) SXT_CHECK(not_imported(*config, folder.path().string()));
  return folder;
}

// The folder to write to: a new one, or the one that -r names. Where there is none to reuse, the flag is taken back.
Result<store::RunFolder> open_folder(RunCommandFlags& flags, const std::string& work_dir) {
  if (!flags.reuse) return store::RunFolder::create(work_dir);
  auto folder = store::RunFolder::reuse(work_dir, flags.reuse_timestamp);
  if (folder) return of_ours(*std::move(folder));
  if (folder.error().kind != Error::Kind::missing) return folder;
  // one that is named and is missing is a mistake; where none is named, there may be none yet
  if (!infers(flags) || !flags.reuse_timestamp.empty()) return folder;
  log_warning(folder.error().message + "; a new run is started");
  flags.reuse = false;
  return store::RunFolder::create(work_dir);
}

// What a person is told of a model that has been opened, and of its progress.
std::function<void(const serve::Progress&)> announce(const serve::ModelSession& session, const config::ModelConfig& model,
                                                     ProgressLine::Show show, store::RunRecord& record) {
  log_info(fmt::format("{}: {} on {}, {}, loaded in {:.2f} s", model.abbr, model.backend, session.device(), session.compute(),
                       session.load_s()));
  if (model.max_seq_len && session.context_length() > 0 && session.context_length() < model.max_seq_len)
    log_warning(fmt::format("{}: --max-seq-len {} is beyond the model's own context of {} tokens", model.abbr,
                            model.max_seq_len, session.context_length()));
  return [&record, line = std::make_shared<ProgressLine>(model.abbr, show)](const serve::Progress& progress) {
    if (progress.samples_computed > 0 && record.first_sample_s == 0) record.first_sample_s = seconds_since_process_start();
    line->update(progress);
  };
}

void infer_all(plugin::Host& host, const config::RunConfig& run, const std::vector<data::Stage>& graph,
               const store::RunFolder& folder, const RunCommandFlags& flags, const Unfit& unfit, graph::RunGraph job,
               store::RunRecord& record) {
  job.unfit = &unfit.datasets;
  job.unfit_models = &unfit.models;
  job.run = &run;
  job.folder = &folder;
  job.cancelled = &interrupted();
  job.cache = flags.cache;
  job.score = evaluates(flags);
  const auto show = flags.quiet            ? ProgressLine::Show::nothing
                    : stderr_is_terminal() ? ProgressLine::Show::line
                                           : ProgressLine::Show::heartbeat;
  job.opened = [&](const serve::ModelSession& session, const config::ModelConfig& model) {
    return announce(session, model, show, record);
  };
  graph::run_graph(host, graph, job, record);
}

// The plugins that this process loaded, and those of the stages before it: -m eval and viz load few or none.
std::vector<store::PluginRecord> plugin_records(plugin::Host& host, std::vector<store::PluginRecord> earlier) {
  std::vector<store::PluginRecord> records;
  for (const plugin::PluginFile* file : host.loaded())
    for (const plugin::ComponentInfo& component : file->components)
      records.push_back({fmt::format("{}:{}", plugin::kind_name(component.kind), component.id), component.version,
                         file->path.string(), file->sha256});
  for (store::PluginRecord& record : earlier) {
    const auto same = [&](const store::PluginRecord& r) { return r.id == record.id && r.sha256 == record.sha256; };
    if (std::none_of(records.begin(), records.end(), same)) records.push_back(std::move(record));
  }
  return records;
}

std::string join_quoted(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ",") + json::quote(name);
  return out;
}

// What it reads is not known yet: upper bounds where replies are concerned, stand-ins where examples are.
std::string estimate_text(const serve::Estimate& e) {
  std::string out =
      fmt::format("  {}: estimated, as it reads what models will say: {}{} requests, {} {} prompt tokens", e.stage,
                  e.one_round ? "" : "at least ", e.requests, e.reply_tokens ? "at most about" : "about", e.prompt_tokens);
  if (e.reply_tokens) out += fmt::format(" ({} of them for replies of full length)", e.reply_tokens);
  if (e.generated_tokens) out += fmt::format(", at most {} generated", e.generated_tokens);
  return out + '\n';
}

std::string later_text(const graph::StagePlan& planned) {
  std::string out;
  for (const serve::Estimate& later : planned.later) out += estimate_text(later);
  return out;
}

std::string estimate_json(const serve::Estimate& e) {
  return fmt::format(
      R"({{"stage":{},"requests":{},"prompt_tokens":{},"reply_tokens":{},"generated_tokens":{},"one_round":{}}})",
      json::quote(e.stage), e.requests, e.prompt_tokens, e.reply_tokens, e.generated_tokens, e.one_round);
}

std::string plan_text(const graph::StagePlan& planned, uint64_t samples) {
  const serve::Plan& plan = planned.plan;
  if (planned.stages.empty() && plan.tasks.empty())
    return fmt::format("{}:\n{}", planned.model, later_text(planned));  // a judge
  std::string out = fmt::format("{}: {} samples of {} data sets\n", planned.model, samples, plan.tasks.size());
  for (const store::TaskRecord& task : plan.tasks)
    out += fmt::format("  {:<40} {:>8} samples  {}\n", task.dataset, task.samples, task.status);
  if (planned.stages.empty()) return out + later_text(planned);  // nothing can be run
  out += fmt::format("  prompt tokens {}, of which {}{} must be computed", plan.prompt_tokens, plan.exact ? "" : "at least ",
                     plan.computed_tokens);
  out += fmt::format("; KV cache {:.1f} MiB, peak memory {:.1f} MiB, of which {:.1f} MiB outside the model",
                     static_cast<double>(plan.kv_bytes) / 1048576, static_cast<double>(plan.peak_bytes) / 1048576,
                     static_cast<double>(plan.beside_bytes) / 1048576);
  if (plan.devices > 1) out += fmt::format(", on {} devices together", plan.devices);
  if (plan.seconds) out += fmt::format("; about {:.0f} s", *plan.seconds);
  out += '\n';
  return out + later_text(planned);
}

// The stages that ask a model, in the order in which they are run, where there are more than inference's.
std::string graph_text(const std::vector<data::Stage>& graph) {
  const auto plain = [](const data::Stage& stage) { return stage.kind == "infer" || stage.model.empty(); };
  if (std::all_of(graph.begin(), graph.end(), plain)) return "";
  std::string out = "stages that ask a model:\n";
  for (const data::Stage& stage : graph)
    if (!stage.model.empty()) out += fmt::format("  {:<60} needs {}\n", stage.id, fmt::join(stage.needs, ", "));
  return out;
}

Result<int> dry_run(Workspace& workspace, const config::RunConfig& run, const std::vector<data::Stage>& graph, bool as_json,
                    const Unfit& unfit) {
  std::string out = as_json ? "" : graph_text(graph);
  SXT_TRY(const std::vector<graph::StagePlan> plans, graph::plan_graph(workspace.host(), graph, run, unfit.datasets));
  std::vector<store::TaskRecord> tasks;
  for (const graph::StagePlan& planned : plans) {
    uint64_t samples = 0;
    for (const store::TaskRecord& task : planned.plan.tasks) {
      samples += task.status == "planned" ? task.samples : 0;
      tasks.push_back(task);
    }
    if (!as_json) {
      out += plan_text(planned, samples);
      continue;
    }
    std::vector<std::string> later, estimates;
    for (const serve::Estimate& one : planned.later) {
      later.push_back(one.stage);
      estimates.push_back(estimate_json(one));
    }
    out += fmt::format("{{\"model\":{},\"samples\":{},\"plan\":{},\"stages\":[{}],\"later\":[{}],\"estimates\":[{}]}}\n",
                       json::quote(planned.model), samples, serve::to_json(planned.plan), join_quoted(planned.stages),
                       join_quoted(later), fmt::join(estimates, ","));
  }
  const int code = explain_plan(tasks, run, unfit);
  if (const int printed = as_json ? print_json(out) : print(out); printed != exit_ok) return printed;
  return code;
}

// A run that was ended before it had written what it is has nothing to score or to show, and can be gone on with.
bool has_begun(const store::RunFolder& folder) {
  std::error_code code;
  return std::filesystem::exists(folder.config(), code) && std::filesystem::exists(folder.run_json(), code);
}
int not_begun(const store::RunFolder& folder) {
  log_error(
      fmt::format("{} holds nothing yet: the run was ended before it began (configs/run.json or run.json is missing); run the "
                  "same command with "
                  "-m all and -r to go on",
                  folder.path().string()));
  return exit_incomplete;
}

void remove_summary(const store::RunFolder& folder) {
  std::error_code code;
  for (const char* extension : {"txt", "csv", "md"}) std::filesystem::remove(folder.summary(extension), code);
  std::filesystem::remove(report::page_path(folder.path()), code);
}

void say_what_was_reused(const store::RunRecord& record) {
  uint64_t samples = 0, reused = 0;
  for (const store::TaskRecord& task : record.tasks) {
    samples += task.samples;
    reused += task.samples_reused;
  }
  log_info(fmt::format("{} of {} samples were answered from the journal", reused, samples));
}

// What is going to be done, before it is: the configuration and the stages.
Result<void> write_plan(const store::RunFolder& folder, const config::RunConfig& run, const std::vector<data::Stage>& graph,
                        const plugin::Registry& registry) {
  SXT_CHECK(write_file(folder.config(), config::to_json(without_secrets(run, registry))));
  return write_file(folder.graph(), data::to_json(graph) + "\n");
}

// Block by block: each pass asks what is new in it, for the journal has the rest. An Error: the passes cannot be compared.
Result<void> infer_blocks(plugin::Host& host, Sequence& sequence, config::RunConfig& ret_asked, const store::RunFolder& folder,
                          const RunCommandFlags& flags, const Unfit& unfit, store::RunStates& states,
                          store::RunRecord& record) {
  std::optional<serve::ModelSession> session;
  do {
    ret_asked = sequence.next();
    SXT_TRY(const std::vector<data::Stage> graph, graph::build(host, ret_asked));
    SXT_CHECK(write_plan(folder, ret_asked, graph, host.registry()));
    record.tasks.clear();
    graph::RunGraph job;
    job.states = &states;
    job.kept = &session;
    infer_all(host, ret_asked, graph, folder, flags, unfit, std::move(job), record);
    const auto is_complete = [](const store::TaskRecord& task) { return task.status == "complete"; };
    if (interrupted() || !std::all_of(record.tasks.begin(), record.tasks.end(), is_complete)) return {};
    SXT_CHECK(sequence.look(folder));
  } while (!sequence.over());
  return {};
}

// From here on nothing looks complete that is not: run.json says that the run is at work, then what does not hold any more
// goes.
Result<store::RunRecord> infer(plugin::Host& host, const config::RunConfig& run, const std::vector<data::Stage>& graph,
                               const store::RunFolder& folder, const RunCommandFlags& flags, const Unfit& unfit,
                               std::map<std::string, load::TaskData> data, Sequence* sequence, config::RunConfig& ret_asked) {
  store::Earlier earlier(folder);
  std::optional<store::RunRecord> before;
  if (flags.reuse)
    if (auto read = store::read_run_record(folder)) before = *std::move(read);
  store::RunRecord record = planned_record(run);
  record.started = now_text();
  record.host = host_name();
  SXT_TRY(store::RunStates states, store::RunStates::begin(folder, record));
  std::map<std::pair<std::string, std::string>, store::TaskRecord> scored;
  if (flags.reuse) { SXT_TRY(scored, take_up(run, folder, earlier, host.registry(), std::move(before))); }
  remove_summary(folder);
  SXT_CHECK(write_plan(folder, run, graph, host.registry()));
  record.tasks.clear();
  graph::RunGraph job;
  job.earlier = &earlier;
  job.data = &data;
  job.states = &states;
  job.scored_before = [&](const store::TaskRecord& task) {
    const auto it = scored.find({task.model, task.dataset});
    return it == scored.end() ? nullptr : &it->second;
  };
  if (sequence) {
    SXT_CHECK(infer_blocks(host, *sequence, ret_asked, folder, flags, unfit, states, record));
    if (sequence->stopped_early()) record.stopped_early = sequence->to_json();
  } else {
    infer_all(host, run, graph, folder, flags, unfit, std::move(job), record);
  }
  if (flags.reuse) say_what_was_reused(record);
  // a task that came to nothing keeps nothing of an earlier time
  for (const store::TaskRecord& task : record.tasks)
    if (task.stage.empty() && task.status != "complete" && task.infer != "complete" && task.infer != "incomplete")
      SXT_CHECK(earlier.put(task.model, task.dataset, true));
  if (!earlier.place().empty() && !flags.quiet)
    log_info(fmt::format("what was replaced is kept in {}", earlier.place().string()));
  return record;
}

// The tasks that were named and have been inferred are scored; run.json says so before, and each says so when it is done.
Result<void> evaluate(plugin::Host& host, const Stored& stored, const store::RunFolder& folder, store::RunRecord& record) {
  std::set<std::pair<std::string, std::string>> judged;  // a judge's tasks that are complete
  std::map<std::string, const config::DatasetConfig*> judges;
  for (const store::TaskRecord& task : record.tasks)
    if (task.stage == "judge" && task.status == "complete") judged.insert({task.model, task.dataset});
  for (const config::DatasetConfig& dataset : stored.run.datasets)
    if (dataset.judge) judges.emplace(dataset.task_name, &dataset);
  std::vector<store::TaskRecord*> chosen;
  for (store::TaskRecord& task : record.tasks) {
    if (!task.stage.empty() || task.infer != "complete") continue;
    const bool named = stored.models.contains(task.model) && stored.datasets.contains(task.dataset);
    if (!named && !stored.rescored.contains(task.dataset)) continue;
    task.eval = named ? "incomplete" : "";
    task.results_sha256.clear();
    store::set_incomplete(task, named ? "the run was ended before it was scored"
                                      : "it was scored with other settings than the run has now; -m eval -r scores it again");
    if (!named) continue;
    const auto judge = judges.find(task.dataset);
    const auto is_judged = [&](const config::DatasetConfig& dataset) {
      const std::vector<std::string> names = config::judged_names(stored.run, dataset, task.model);
      return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
        const std::vector<std::string> all = config::all_judges_of(*dataset.judge);
        return std::all_of(all.begin(), all.end(), [&](const std::string& one) {
          return judged.contains({one, store::judged_name(task.dataset, name)});
        });
      });
    };
    if (judge == judges.end() || is_judged(*judge->second)) chosen.push_back(&task);
    else
      store::set_incomplete(task, fmt::format("the judge '{}' has not judged it; the same command with -m all and -r goes on",
                                              fmt::join(config::all_judges_of(*judge->second->judge), "', '")));
  }
  store::Earlier earlier(folder);
  SXT_TRY(store::RunStates states, store::RunStates::begin(folder, record));
  if (!stored.rescored.empty()) {
    for (const store::TaskRecord& task : record.tasks)
      if (task.stage.empty() && stored.rescored.contains(task.dataset)) SXT_CHECK(earlier.put(task.model, task.dataset, false));
    SXT_CHECK(earlier.put_summary());
    SXT_CHECK(write_file(folder.config(), config::to_json(without_secrets(stored.run, host.registry()))));
  }
  remove_summary(folder);
  score::Arenas arenas;
  std::set<std::string> looked_at;
  for (store::TaskRecord* task : chosen) {
    if (interrupted()) break;
    for (const config::DatasetConfig& dataset : stored.run.datasets)
      if (dataset.task_name == task->dataset && looked_at.insert(task->dataset).second)
        if (const auto changed = changed_data(host, stored.run, dataset, folder, task->model)) log_warning(*changed);
    score::score_task(host, stored.run, folder, *task, arenas, &earlier);
    states.add(*task);
  }
  if (const auto place = earlier.place(); !place.empty())
    log_info(fmt::format("the scores that were replaced are kept in {}", place.string()));
  return {};
}

Result<int> run(const RunCommandFlags& given) {
  RunCommandFlags flags = given;
  Workspace workspace(flags.config_dir, flags.plugin_path);
  workspace.warn_about_problems();
  for (const std::string& warning : flags.warnings) log_warning(warning);
  if (flags.mode == "viz" && !(flags.run.extractors.empty() && flags.run.metrics.empty()))
    return Error{Error::Kind::usage, "-m viz shows existing scores; use -m eval to score with another --extractor or --metric"};
  if (!infers(flags) && !flags.reuse)
    return Error{Error::Kind::usage,
                 fmt::format("-m {} works on an earlier run; give -r (the last one) or -r TIMESTAMP", flags.mode)};

  // a run that is taken up again may be named by its folder alone
  const bool named = !flags.run.config.empty() || !flags.run.datasets.empty() || !flags.run.tasks.empty() ||
                     !flags.run.custom_dataset_path.empty();
  std::optional<store::RunFolder> folder;
  if (flags.reuse && !named) {
    SXT_TRY(
        store::RunFolder reused,
        store::RunFolder::reuse(flags.run.work_dir.empty() ? "outputs/default" : flags.run.work_dir, flags.reuse_timestamp));
    if (!infers(flags) && !has_begun(reused)) return not_begun(reused);
    flags.run.config = reused.config().string();
    folder.emplace(std::move(reused));
  }
  config::World world = workspace.world();
  if (!infers(flags)) world.find_backend = nullptr;  // a run may be scored and shown where its backend is not
  SXT_TRY(const config::Resolved resolved, config::resolve(flags.run, world));
  config::RunConfig run = resolved.config;
  SXT_TRY(const bool coloured, wants_colour(flags.color));
  const report::Colour colour = coloured ? report::Colour::on : report::Colour::off;
  SXT_TRY(const std::vector<Threshold> worst, thresholds(flags.fail_under, run));
  if (infers(flags))
    SXT_CHECK(check_metrics(worst, run, [&](const auto& dataset) { return score::row_names(workspace.host(), dataset); }));
  const std::string work_dir = folder                       ? folder->path().string()
                               : flags.run.work_dir.empty() ? resolved.work_dir
                                                            : flags.run.work_dir;
  if (infers(flags) || flags.dry_run) SXT_CHECK(check_secrets(run, workspace.host().registry(), true));
  std::error_code code_ignored;
  for (const auto* models : {&run.models, &run.helpers})
    for (const config::ModelConfig& model : *models)
      if ((infers(flags) || flags.dry_run) && !model.path.empty() && !std::filesystem::exists(model.path, code_ignored))
        return Error{
            Error::Kind::config,
            fmt::format("the model {} does not exist; check the path (relative ones start at the current folder)", model.path)};
  Unfit unfit;
  std::map<std::string, load::TaskData> data;
  preflight::Report found;
  if (infers(flags) || flags.dry_run) {
    const bool at_once = !flags.dry_run && !flags.sequential;   // what is wrong in rows far behind may be found beside the run
    found = preflight::check(workspace.host(), run,
                             {evaluates(flags), work_dir, &interrupted(), at_once ? rows_before_run : 0, at_once && infers(flags)});
    if (const int refused = tell(found, run); refused != exit_ok) return refused;
    if (interrupted()) return static_cast<int>(exit_interrupted);
    // where nobody can be asked, no run is begun, and one that is taken up stays as it is
    const auto unavailable = [&](const config::ModelConfig& model) {
      return std::any_of(found.unfit_models.begin(), found.unfit_models.end(), [&](const auto& unfit) {
        return unfit.subject == model.abbr && unfit.error.kind == Error::Kind::device;
      });
    };
    if (!run.models.empty() && std::all_of(run.models.begin(), run.models.end(), unavailable))
      return static_cast<int>(exit_unavailable);
    if (flags.dry_run && !found.unfit_models.empty())
      return static_cast<int>(exit_code_of(found.unfit_models.front().error.kind));  // which has been said
    unfit = unfit_of(found);
    data = std::move(found.data);
  }
  SXT_TRY(const std::vector<data::Stage> graph, graph::build(workspace.host(), run));
  std::optional<Sequence> sequence;
  if (flags.sequential) {
    if (!unfit.datasets.empty() || !unfit.models.empty())
      return Error{Error::Kind::data, "--sequential: what cannot be run may be what got worse; correct it, or leave it out"};
    SXT_TRY(sequence, Sequence::open(workspace.host(), run, flags.baseline, flags.margin.value_or(1)));
  } else if (!flags.baseline.empty()) {
    SXT_TRY(const RunView looked_at, look_at_run(flags.baseline));  // before anything is computed
  }
  if (flags.dry_run) return dry_run(workspace, run, graph, flags.json, unfit);
  if (!folder) {
    SXT_TRY(store::RunFolder opened, open_folder(flags, work_dir));
    folder.emplace(std::move(opened));
  }
  log_info(fmt::format("this run is kept in {}", folder->path().string()));

  const bool had_table = flags.reuse && std::filesystem::exists(folder->summary("txt"), code_ignored);
  store::RunRecord record;
  std::optional<RestCheck> rest;
  if (!found.partly.empty())
    rest.emplace(workspace.host().registry(), run, found, preflight::Options{evaluates(flags), work_dir});
  if (infers(flags)) {
    config::RunConfig asked = run;
    SXT_TRY(record, infer(workspace.host(), run, graph, *folder, flags, unfit, std::move(data), sequence ? &*sequence : nullptr, asked));
    run = std::move(asked);
  } else {
    if (!has_begun(*folder)) return not_begun(*folder);
    SXT_TRY(Stored stored, stored_run(flags, run, *folder, world, workspace.host().registry()));
    if (evaluates(flags)) {
      SXT_CHECK(check_secrets(stored.run, workspace.host().registry(), false));
      if (const int refused = tell(preflight::check_scoring(workspace.host(), stored.run), stored.run); refused != exit_ok)
        return refused;
    }
    SXT_TRY(record, store::read_run_record(*folder));
    settle_record(record, stored.run);
    if (evaluates(flags)) SXT_CHECK(evaluate(workspace.host(), stored, *folder, record));
    run = std::move(stored.run);
  }
  std::optional<report::Table> table;
  record.plugins = plugin_records(workspace.host(), std::move(record.plugins));
  record.finished = now_text();
  // the table says what is there; run.json comes last, so that it never says more
  if (flags.mode == "all" || flags.mode == "viz") {
    table = report::table_of_run(*folder, run, record);
    const auto by = [&](const std::string& dataset) {
      const config::DatasetConfig* set = config::find_dataset(run, dataset);
      return set ? judged_by(run, *set) : compare::JudgedBy();
    };
    compare::complete_table(*table, *folder, run, by);
    record.status = run_status(record, run.allow_missing);
    SXT_CHECK(report::write_summary(*folder, *table));
    SXT_CHECK(store::RunStates::end(*folder, record));
    if (const int printed = flags.json ? print_json(report::to_json(*table, folder->path().string(), record.status) + "\n")
                                       : print_bytes(report::to_text(*table, colour));
        printed != exit_ok)
      return printed;
    // where nothing at all could be computed, the groups' lack follows from what has been said
    if (std::any_of(record.tasks.begin(), record.tasks.end(), [](const auto& task) { return task.status == "complete"; }))
      for (const std::string& error : table->errors) log_warning(error);
  } else {
    record.status = run_status(record, run.allow_missing);
    if (had_table) {  // a table that was there is there again, with what holds now
      store::RunRecord shown = record;
      SXT_CHECK(report::write_summary(*folder, report::table_of_run(*folder, run, shown)));
    }
    SXT_CHECK(store::RunStates::end(*folder, record));
  }
  explain_failures(*folder, run, record, unfit);
  if (const auto wrong = rest ? rest->end() : std::nullopt; wrong && record.status == "incomplete")
    return static_cast<int>(exit_code_of(*wrong));
  if (interrupted() && record.status == "incomplete") {
    const bool kept_failed =
        std::any_of(record.tasks.begin(), record.tasks.end(), [](const auto& t) { return t.error_kind == Error::Kind::io; });
    if (!kept_failed) return static_cast<int>(exit_interrupted);
  }
  const int code = exit_code(record, run.allow_missing);
  if (code == exit_incomplete) log_error("the run is incomplete; run the same command with -r to go on");
  if (code != exit_ok) return code;
  int by_baseline = exit_ok;
  // any answer but "go" has an exit code of its own, which --quiet must not leave without a word
  if (sequence) {
    sequence->verdict() == stats::Verdict::go ? log_info(sequence->sentence()) : log_warning(sequence->sentence());
    if (sequence->stopped_early())
      log_warning("the run was stopped early, since this is known; its other numbers are of the questions that were asked");
    by_baseline = exit_code_of(sequence->verdict());
  } else if (!flags.baseline.empty()) {
    SXT_TRY(const GateAnswer answer, gate_runs({folder->path().string(), flags.baseline, flags.margin.value_or(1), {}}));
    answer.gate.verdict == stats::Verdict::go ? log_info(compare::to_line(answer.gate)) : log_warning(compare::to_line(answer.gate));
    by_baseline = exit_code_of(answer.gate.verdict);
  }
  if (worst.empty() || by_baseline == exit_no) return by_baseline;
  if (!table) table = report::table_of_run(*folder, run, record);  // -m eval
  SXT_TRY(const int by_thresholds, check_thresholds(worst, *table));
  return by_thresholds != exit_ok ? by_thresholds : by_baseline;
}

}  // namespace

int run_command(const std::vector<std::string>& args) {
  const auto values = parse_options(with_long_names(args), run_options(), "config", 1, run_optional_values());
  if (!values) return fail(values.error());
  const auto flags = run_flags(*values);
  if (!flags) return fail(flags.error());
  if (flags->help) return print(help_text("run"));
  set_log_threshold(flags->debug ? LogLevel::debug : flags->quiet ? LogLevel::warning : LogLevel::info);
  catch_signals();
  const auto code = run(*flags);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
