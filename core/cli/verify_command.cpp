// `sextant verify RUN [-n 20]`: some of a run's samples asked again, and compared with what the run says of them.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <set>
#include <sextant/sha256.hpp>
#include <unistd.h>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../graph/run_graph.hpp"
#include "../store/predictions.hpp"
#include "../store/responses.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "run_view.hpp"
#include "secrets.hpp"
#include "verify_files.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using Texts = std::vector<std::string>;
namespace fs = std::filesystem;

constexpr double nats = 1e-4;  // log-probabilities a token that another order of sums can change

struct VerifyFlags {
  std::string run;
  Texts models, datasets, plugin_path;
  uint64_t count = 20;
  bool json = false;
};

// A folder that is gone with this object.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "sextant-verify-XXXXXX").string();
    if (::mkdtemp(name.data())) path_ = name;
  }
  ~Scratch() {
    std::error_code code;
    if (!path_.empty()) fs::remove_all(path_, code);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct Difference {
  std::string model, dataset, what;
  std::optional<uint64_t> row;  // nothing: of the whole set, or of the model
};

// What two attempts at one sample differ in; empty: nothing.
std::string difference_of(const data::Attempt& then, const data::Attempt& now) {
  const auto prompt_of = [](const data::Attempt& attempt) {
    std::string out;
    for (const data::Prompt& prompt : attempt.prompts) {
      out += prompt.text.str();
      for (const data::Message& message : prompt.messages) out += message.role + "\n" + message.text() + "\n";
    }
    return out;
  };
  if (then.record_json != now.record_json) return "the data row";
  if (prompt_of(then) != prompt_of(now)) return "the prompt";
  if (then.labels.size() != now.labels.size()) return "the labels";
  for (size_t i = 0; i < then.labels.size(); ++i)
    if (!(std::abs(then.labels[i].logprob - now.labels[i].logprob) <= nats * std::max<uint32_t>(1, then.labels[i].tokens)))
      return fmt::format("ln p of the label {}: {:.6g}, now {:.6g}", then.labels[i].label, then.labels[i].logprob,
                         now.labels[i].logprob);
  if (then.prediction != now.prediction)
    return fmt::format("the reply: {}, now {}{}", json::quote(then.prediction.substr(0, 60)),
                       json::quote(now.prediction.substr(0, 60)),
                       then.margin ? fmt::format("; its narrowest token led by {:.2g} nats", then.margin->least) : "");
  return "";
}

// By row, of the first repeat.
Result<std::map<uint64_t, data::Attempt>> attempts_of(const fs::path& path) {
  std::map<uint64_t, data::Attempt> out;
  SXT_TRY(const store::Predictions file, store::Predictions::open(path));
  SXT_TRY(auto all, file.read(0, file.size()));
  for (data::Attempt& attempt : all)
    if (attempt.id.repeat == 0) out.emplace(attempt.id.row, std::move(attempt));
  return out;
}

// A sample of the run: its first attempt's place in the predictions.
struct Asked {
  std::string hash, model, dataset;
  uint64_t place = 0;
  bool operator<(const Asked& other) const { return hash < other.hash; }
};

// Those with the least hashes of all that the run has, and of each what the run says of it, by model, data set and row.
using Before = std::map<std::pair<std::string, std::string>, std::map<uint64_t, data::Attempt>>;
Result<Before> chosen_samples(const RunView& view, const config::RunConfig& run, const Texts& models, const Texts& wanted,
                              uint64_t count) {
  std::vector<Asked> all;
  for (const std::string& model : models) {
    SXT_TRY(const Texts datasets, chosen(view.datasets(model), wanted, "data set", view.name));
    for (const std::string& dataset : datasets) {
      const store::TaskRecord* task = view.task(model, dataset);
      const config::DatasetConfig* set = config::find_dataset(run, dataset);
      if (!task || !set || task->infer != "complete") continue;
      SXT_TRY(const store::Predictions file, store::Predictions::open(view.folder->predictions(model, dataset)));
      for (uint64_t place = 0; place < file.size() / std::max(1u, set->repeats); ++place)  // the first repeat comes first
        all.push_back({sha256_hex(fmt::format("{}\n{}\n{}", model, dataset, place)), model, dataset, place});
    }
  }
  if (all.empty()) return Error{Error::Kind::data, fmt::format("{} has no predictions to ask again", view.name)};
  std::sort(all.begin(), all.end());
  all.resize(std::min<size_t>(all.size(), count));
  Before out;
  std::map<std::pair<std::string, std::string>, std::vector<uint64_t>> places;
  for (const Asked& one : all) places[{one.model, one.dataset}].push_back(one.place);
  for (const auto& [task, list] : places) {
    SXT_TRY(const store::Predictions file, store::Predictions::open(view.folder->predictions(task.first, task.second)));
    for (const uint64_t place : list) {
      SXT_TRY(auto attempt, file.read(place, 1));
      out[task].emplace(attempt.front().id.row, std::move(attempt.front()));
    }
  }
  return out;
}

// Requests are known by their content: weights, prompt, settings (docs/bundle.md). Those that were sent now, and those of them
// that the run's journal has.
class Keys {
 public:
  explicit Keys(const RunView& view) : view_(view) {}
  void add(const std::string& model, const fs::path& folder) {
    auto then = journals_.find(model);
    if (then == journals_.end()) {
      auto journal = store::Responses::open({}, {store::journal_folder(view_.folder->path(), model)});
      then = journals_.emplace(model, journal ? *std::move(journal) : store::Responses::none()).first;
    }
    std::error_code code;
    for (fs::directory_iterator file(store::journal_folder(folder, model), code), end; !code && file != end;
         file.increment(code))
      for (const data::Response& response : store::read_journal(file->path())) {
        ++sent;
        known += then->second.knows(response.key);
      }
  }
  uint64_t sent = 0, known = 0;

 private:
  const RunView& view_;
  std::map<std::string, store::Responses> journals_;
};

Result<int> verify(const VerifyFlags& flags) {
  SXT_TRY(const RunView view, look_at_run(flags.run));
  SXT_CHECK(not_imported(view.config, flags.run));
  Workspace workspace("", flags.plugin_path);
  config::RunFlags given;
  given.config = view.folder->config().string();
  SXT_TRY(config::Resolved resolved, config::resolve(given, workspace.world()));
  config::RunConfig run = std::move(resolved.config);
  SXT_CHECK(check_secrets(run, workspace.host().registry(), true));
  SXT_TRY(const Texts models, chosen(view.models(), flags.models, "model", view.name));
  std::erase_if(run.models, [&](const config::ModelConfig& model) {
    return std::find(models.begin(), models.end(), model.abbr) == models.end();
  });
  std::vector<Difference> differences;
  uint64_t compared = 0, same = 0, not_asked = 0;
  Keys keys(view);
  SXT_TRY(const FileChecks files, check_files(workspace.host(), view, run, models, flags.datasets));
  for (const FileChecks::Other& one : files.others) differences.push_back({one.model, one.dataset, one.what, {}});
  for (const config::ModelConfig& model : run.models)
    if (const store::ModelRecord* record = view.model(model.abbr))
      log_info(fmt::format("{}: {}, {}, weights {}", model.abbr, record->device, record->compute,
                           record->weights_sha256.substr(0, 12)));
  SXT_TRY(const Before before, chosen_samples(view, run, models, flags.datasets, flags.count));
  std::map<std::string, std::set<uint64_t>> rows;  // [data set]
  for (const auto& [task, attempts] : before)
    for (const auto& [row, attempt] : attempts) rows[task.second].insert(row);
  run.limit = {};
  std::erase_if(run.datasets, [&](const config::DatasetConfig& dataset) { return !rows.contains(dataset.task_name); });
  for (config::DatasetConfig& dataset : run.datasets) {
    dataset.judge.reset();
    dataset.repeats = 1;
  }
  const Scratch scratch;
  if (scratch.path().empty()) return Error{Error::Kind::io, "no temporary folder can be made; set TMPDIR"};
  std::optional<serve::ModelSession> session;
  store::RunRecord record;
  const std::vector<config::DatasetConfig> sets = run.datasets;
  for (const config::DatasetConfig& dataset : sets) {  // rows are chosen set by set
    if (interrupted()) return static_cast<int>(exit_interrupted);
    run.datasets = {dataset};
    run.rows.clear();
    for (const uint64_t row : rows[dataset.task_name]) run.rows.push_back({row, row});
    SXT_TRY(const store::RunFolder folder, store::RunFolder::create(scratch.path()));
    SXT_TRY(const std::vector<data::Stage> graph,
            graph::build(workspace.host(), run));
    graph::RunGraph job;
    job.run = &run;
    job.folder = &folder;
    job.cancelled = &interrupted();
    job.score = false;
    job.kept = &session;
    job.opened = [](const serve::ModelSession&, const config::ModelConfig&) { return [](const serve::Progress&) {}; };
    record.tasks.clear();
    graph::run_graph(workspace.host(), graph, job, record);
    for (const store::TaskRecord& task : record.tasks) {
      if (!task.stage.empty()) continue;
      const auto asked = before.find({task.model, task.dataset});
      if (asked == before.end()) continue;
      if (task.infer != "complete") {
        not_asked += asked->second.size();
        differences.push_back({task.model,
                               task.dataset,
                               fmt::format("its {} samples cannot be asked again: {}", asked->second.size(), task.error),
                               {}});
        continue;
      }
      SXT_TRY(const auto now, attempts_of(folder.predictions(task.model, task.dataset)));
      for (const auto& [row, attempt] : asked->second) {
        const auto it = now.find(row);
        ++compared;
        const std::string what = it == now.end() ? "the row is gone" : difference_of(attempt, it->second);
        if (what.empty()) ++same;
        else differences.push_back({task.model, task.dataset, what, row});
      }
      keys.add(task.model, folder.path());
    }
  }
  for (const store::ModelRecord& now : record.models)
    if (const store::ModelRecord* then = view.model(now.abbr); then && then->weights_sha256 != now.weights_sha256)
      differences.push_back({now.abbr, "", "the weights' SHA-256", {}});
  std::string text;
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::Value list(rapidjson::kArrayType), notes(rapidjson::kArrayType);
  for (const Difference& one : differences) {
    text += one.dataset.empty() ? fmt::format("{}: {} is another\n", one.model, one.what)
            : one.row ? fmt::format("{} | {} | sample {}: not the same: {}\n", one.model, one.dataset, *one.row, one.what)
                      : fmt::format("{} | {}: {}\n", one.model, one.dataset, one.what);
    json::Value item(rapidjson::kObjectType);
    json::set(item, "model", one.model, a);
    if (!one.dataset.empty()) json::set(item, "dataset", one.dataset, a);
    if (one.row) json::set(item, "index", json::Value(*one.row), a);
    json::set(item, "what", one.what, a);
    list.PushBack(std::move(item), a);
  }
  for (const std::string& note : files.notes) {
    text += fmt::format("note: {}\n", note);
    notes.PushBack(json::Value(note, a), a);
  }
  text += fmt::format("files: {} of {} results made again from the predictions are the same\n", files.same, files.scored);
  if (flags.count > 0)
    text += fmt::format(
        "model: {} of {} samples asked again are the same{}; {} of {} requests are in the journal under their keys\n", same,
        compared, not_asked > 0 ? fmt::format(", {} more cannot be asked", not_asked) : "", keys.known, keys.sent);
  for (const auto& [name, count] : {std::pair("compared", compared), std::pair("same", same), std::pair("not_asked", not_asked),
                                    std::pair("requests", keys.sent), std::pair("known_requests", keys.known),
                                    std::pair("scored", files.scored), std::pair("same_results", files.same)})
    json::set(out, name, json::Value(count), a);
  json::set(out, "differences", std::move(list), a);
  json::set(out, "notes", std::move(notes), a);
  const int printed = flags.json ? print_json(json::write(out) + "\n") : print(text);
  return printed != exit_ok ? printed : static_cast<int>(differences.empty() ? exit_ok : exit_no);
}

}  // namespace

int verify_command(const Texts& args) {
  po::options_description options("Options");
  options.add_options()("run", po::value<std::string>(), "")("n,n", po::value<int64_t>()->value_name("N"), "")(
      "model", po::value<Texts>()->value_name("NAME"), "")("dataset", po::value<Texts>()->value_name("NAME"), "")(
      "plugin-path", po::value<Texts>()->multitoken()->value_name("DIR..."), "")("json", po::bool_switch(), "")(
      "help,h", po::bool_switch(), "");
  const auto values = parse_options(args, options, "run");
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("verify"));
  const auto list = [&](const char* name) { return values->count(name) ? (*values)[name].as<Texts>() : Texts(); };
  VerifyFlags flags{values->count("run") ? (*values)["run"].as<std::string>() : "",
                    list("model"),
                    list("dataset"),
                    list("plugin-path"),
                    20,
                    (*values)["json"].as<bool>()};
  if (flags.run.empty()) return fail({Error::Kind::usage, "name the run's folder: sextant verify RUN"});
  if (values->count("n")) {
    const int64_t n = (*values)["n"].as<int64_t>();
    if (n < 0) return fail({Error::Kind::usage, fmt::format("-n is {}; give a number from 0, which asks no sample", n)});
    flags.count = static_cast<uint64_t>(n);
  }
  catch_signals();
  const auto code = verify(flags);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
