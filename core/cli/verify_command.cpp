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
#include "commands.hpp"
#include "options.hpp"
#include "run_view.hpp"
#include "secrets.hpp"
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
  uint64_t row = 0;
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
    return fmt::format("the reply: {}, now {}", json::quote(then.prediction.substr(0, 60)),
                       json::quote(now.prediction.substr(0, 60)));
  return "";
}

Result<std::map<uint64_t, data::Attempt>> attempts_of(const fs::path& path, const std::set<uint64_t>* wanted) {
  std::map<uint64_t, data::Attempt> out;
  SXT_TRY(const store::Predictions file, store::Predictions::open(path));
  for (uint64_t i = 0; i < file.size(); ++i) {
    SXT_TRY(auto one, file.read(i, 1));
    if (one.front().id.repeat == 0 && (!wanted || wanted->contains(one.front().id.row)))
      out.emplace(one.front().id.row, std::move(one.front()));
  }
  return out;
}

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
  uint64_t compared = 0;
  for (const config::ModelConfig& model : run.models)
    for (const store::ModelRecord& record : view.record.models)
      if (record.abbr == model.abbr)
        log_info(fmt::format("{}: {}, {}, weights {}", model.abbr, record.device, record.compute,
                             record.weights_sha256.substr(0, 12)));
  // the samples: the least hashes of all that the run has
  std::vector<std::tuple<std::string, std::string, std::string, uint64_t>> all;  // hash, model, data set, row
  for (const std::string& model : models) {
    SXT_TRY(const Texts datasets, chosen(view.datasets(model), flags.datasets, "data set", view.name));
    for (const std::string& dataset : datasets) {
      const store::TaskRecord* task = view.task(model, dataset);
      if (!task || task->infer != "complete") continue;
      SXT_TRY(auto attempts, attempts_of(view.folder->predictions(model, dataset), nullptr));
      for (const auto& [row, attempt] : attempts)
        all.emplace_back(sha256_hex(fmt::format("{}\n{}\n{}", model, dataset, row)), model, dataset, row);
    }
  }
  if (all.empty()) return Error{Error::Kind::data, fmt::format("{} has no predictions to ask again", view.name)};
  std::sort(all.begin(), all.end());
  all.resize(std::min<size_t>(all.size(), flags.count));
  std::map<std::string, std::set<uint64_t>> rows;  // [data set]
  for (const auto& [hash, model, dataset, row] : all) rows[dataset].insert(row);
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
      if (task.infer != "complete") {
        differences.push_back({task.model, task.dataset, fmt::format("cannot be asked again: {}", task.error), 0});
        continue;
      }
      SXT_TRY(const auto now, attempts_of(folder.predictions(task.model, task.dataset), nullptr));
      SXT_TRY(const auto before, attempts_of(view.folder->predictions(task.model, task.dataset), &rows[dataset.task_name]));
      for (const auto& [row, attempt] : before) {
        const auto it = now.find(row);
        ++compared;
        const std::string what = it == now.end() ? "the row is gone" : difference_of(attempt, it->second);
        if (!what.empty()) differences.push_back({task.model, task.dataset, what, row});
      }
    }
  }
  for (const store::ModelRecord& before : view.record.models)
    for (const store::ModelRecord& now : record.models)
      if (before.abbr == now.abbr && before.weights_sha256 != now.weights_sha256)
        differences.push_back({now.abbr, "", "the weights' SHA-256", 0});
  std::string text;
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::Value list(rapidjson::kArrayType);
  for (const Difference& one : differences) {
    text += one.dataset.empty()
                ? fmt::format("{}: {} is another\n", one.model, one.what)
                : fmt::format("{} | {} | sample {}: not the same: {}\n", one.model, one.dataset, one.row, one.what);
    json::Value item(rapidjson::kObjectType);
    json::set(item, "model", one.model, a);
    if (!one.dataset.empty()) json::set(item, "dataset", one.dataset, a);
    json::set(item, "index", json::Value(one.row), a);
    json::set(item, "what", one.what, a);
    list.PushBack(std::move(item), a);
  }
  text += fmt::format("{} samples asked again, {} of the same content\n", compared,
                      compared - std::min<uint64_t>(compared, differences.size()));
  json::set(out, "compared", json::Value(compared), a);
  json::set(out, "differences", std::move(list), a);
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
    if (n < 1) return fail({Error::Kind::usage, fmt::format("-n is {}; give a number from 1", n)});
    flags.count = static_cast<uint64_t>(n);
  }
  catch_signals();
  const auto code = verify(flags);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
