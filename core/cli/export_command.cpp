// `sextant export RUN DIR --format FORMAT`: a run in the files of others (exchange/).
#include <algorithm>
#include <fmt/format.h>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "../exchange/formats.hpp"
#include "../store/samples_file.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "run_view.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using Texts = std::vector<std::string>;

struct ExportFlags {
  std::string run, folder, format;
  Texts models, datasets;
  bool json = false;
};

Result<exchange::Task> task_of(const RunView& run, const store::TaskRecord& record) {
  exchange::Task task;
  task.model = record.model;
  task.dataset = record.dataset;
  task.record = &record;
  task.set = run.dataset_entry(record.dataset);
  task.asked = run.model_entry(record.model);
  task.weights = run.model(record.model);
  task.predictions = run.folder->predictions(record.model, record.dataset);
  task.samples = run.folder->samples(record.model, record.dataset);
  SXT_CHECK(store::check_samples(task.samples, run.folder->results(record.model, record.dataset)));
  SXT_TRY(task.numbers, exchange::numbers_of(run.folder->results(record.model, record.dataset), task.set));
  SXT_CHECK(exchange::read_names(task));
  return task;
}

// What is left out is said.
Result<std::vector<exchange::Task>> tasks_of(const RunView& run, const ExportFlags& flags) {
  SXT_TRY(const Texts models, chosen(run.models(), flags.models, "model", run.name));
  SXT_TRY(const Texts datasets, chosen_datasets(run, models, flags.datasets));
  std::vector<exchange::Task> out;
  for (const std::string& model : models)
    for (const std::string& dataset : datasets) {
      const store::TaskRecord* record = run.task(model, dataset);
      if (!record) continue;
      std::error_code code;
      const bool scored = record->status == "complete" && std::filesystem::exists(run.folder->results(model, dataset), code);
      if (!scored || !std::filesystem::exists(run.folder->samples(model, dataset), code)) {
        log_warning(fmt::format("{} on {} is left out: {}", dataset, model,
                                !record->error.empty() ? record->error
                                : scored
                                    ? "it has no samples of its own; of a judge's, `sextant show` prints them, else score it again "
                                      "(-m eval -r)"
                                    : fmt::format("it is {}", record->status == "complete" ? "not scored" : record->status)));
        continue;
      }
      SXT_TRY(exchange::Task task, task_of(run, *record));
      out.push_back(std::move(task));
    }
  if (out.empty())
    return Error{Error::Kind::data, fmt::format("{} has no scored data set to export; score it with -m eval -r", run.name)};
  return out;
}

Result<int> export_run(const ExportFlags& flags) {
  const std::vector<exchange::Format>& formats = exchange::formats();
  Texts names;
  for (const exchange::Format& format : formats) names.emplace_back(format.name);
  const auto format = std::find_if(formats.begin(), formats.end(), [&](const auto& one) { return one.name == flags.format; });
  if (format == formats.end())
    return Error{Error::Kind::usage, fmt::format("--format is '{}'{}; it must be {}", flags.format,
                                                 did_you_mean(flags.format, names), join(names, ", "))};
  SXT_TRY(const RunView run, look_at_run(flags.run));
  exchange::Source source;
  source.folder = run.folder->path().string();
  source.name = run.folder->timestamp();
  source.version = run.version;
  source.record = &run.record;
  source.config = &run.config;
  SXT_TRY(source.tasks, tasks_of(run, flags));
  SXT_TRY(const exchange::Written files, format->write(source, flags.folder));
  std::string out;
  json::Document list;
  list.SetObject();
  json::Value paths(rapidjson::kArrayType);
  for (const std::filesystem::path& file : files) {
    out += file.string() + "\n";
    paths.PushBack(json::Value(file.string(), list.GetAllocator()), list.GetAllocator());
  }
  json::set(list, "format", flags.format, list.GetAllocator());
  json::set(list, "files", std::move(paths), list.GetAllocator());
  return flags.json ? print_json(json::write(list) + "\n") : print(out);
}

}  // namespace

int export_command(const Texts& args) {
  po::options_description options("Options");
  options.add_options()("path", po::value<Texts>(), "")("format", po::value<std::string>()->value_name("FORMAT"), "")(
      "model", po::value<Texts>()->value_name("NAME"), "")("dataset", po::value<Texts>()->value_name("NAME"), "")(
      "json", po::bool_switch(), "")("help,h", po::bool_switch(), "");
  const auto values = parse_options(args, options, "path", 2);
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("export"));
  const auto list = [&](const char* name) { return values->count(name) ? (*values)[name].as<Texts>() : Texts(); };
  const Texts paths = list("path");
  if (paths.size() != 2 || !values->count("format"))
    return fail({Error::Kind::usage,
                 "name the run's folder, the folder to write to and the format: sextant export RUN DIR --format lm-eval"});
  ExportFlags flags{paths[0],      paths[1],        (*values)["format"].as<std::string>(),
                    list("model"), list("dataset"), (*values)["json"].as<bool>()};
  const auto code = export_run(flags);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
