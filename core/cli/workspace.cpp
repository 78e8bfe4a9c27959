#include "workspace.hpp"
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <sextant/json_schema.hpp>
#include <sextant/printable.hpp>
#include <unistd.h>
#include "../base/exit_code.hpp"
#include "../base/files.hpp"
#include "../base/io.hpp"
#include "../base/log.hpp"
#include "../base/own_process.hpp"
#include "../base/text.hpp"
#include "../infer/inferencer.hpp"
#include "../load/data.hpp"
#include "../plugin/facts.hpp"
#include "secrets.hpp"
#include "task_cards.hpp"

namespace sextant::cli {
namespace fs = std::filesystem;
namespace {

constexpr const char* default_model_file = "SmolLM2-135M-Instruct.Q4_1.gguf";

// The keys that a component's configuration may have; nothing where it takes others, too.
std::optional<std::vector<std::string>> keys_of(std::string_view schema) {
  const auto parsed = json::parse(schema, "schema");
  if (!parsed || json::find_bool(*parsed, "additionalProperties").value_or(true)) return std::nullopt;
  return schema::property_names(*parsed);
}

extern "C" void on_signal(int) {
  if (interrupted().exchange(true)) leave_at_once(exit_interrupted);
}

}  // namespace

std::atomic<bool>& interrupted() {
  static std::atomic<bool> flag = false;
  return flag;
}

void catch_signals() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction inherited{};
    ::sigaction(signal, nullptr, &inherited);
    // who starts a program with a signal ignored (nohup, a shell's & for SIGINT) wants that
    own_signal(signal, inherited.sa_handler == SIG_IGN ? inherited : action);
  }
}

Workspace::Workspace(const std::string& config_dir, const std::vector<std::string>& plugin_path) {
  plugin::Registry registry = plugin::Registry::discover(plugin::SearchPath::standard(plugin_path));
  cards_ = config::CardStore::open(config::card_folders(config_dir, registry.search().folders));
  host_ = std::make_unique<plugin::Host>(std::move(registry), &interrupted());
  auto defaults = config::read_defaults(config::share_folder() / "defaults.json");
  if (defaults) defaults_ = *std::move(defaults);
  else log_warning(defaults.error().message);
}

void Workspace::warn_about_problems() const {
  for (const plugin::Problem& problem : host_->registry().problems()) log_warning(problem.sentence);
  for (const std::string& problem : cards_.problems()) log_warning(problem);
}

config::World Workspace::world() {
  config::World world;
  world.cards = &cards_;
  world.defaults = defaults_;
  world.backend_accepts = [this](const std::string& backend, const std::string& key) {
    return host_->accepts(plugin::Kind::model, backend, key);
  };
  world.environment = [this](const std::string& backend) { return settings_in_environment(backend, host_->registry()); };
  world.find_backend = [this](const std::string& backend) -> Result<void> {
    const auto found = host_->registry().find(plugin::Kind::model, backend);
    if (!found) return Error{Error::Kind::device, "--backend: " + found.error().message};
    return {};
  };
  world.auto_backend = [this]() -> Result<std::string> {
    for (const std::string& id : defaults_.backends)
      if (host_->registry().find(plugin::Kind::model, id)) return id;
    return Error{Error::Kind::device,
                 fmt::format("there is no backend for --backend auto: the plugin model:{} is not installed; name one with "
                             "--backend (`sextant plugins list model`)",
                             join(defaults_.backends, " or model:"))};
  };
  world.inferencers = [this] {
    std::vector<config::KnownInferencer> known;
    for (const infer::InferencerType& type : infer::inferencer_types()) {
      const auto made =
          infer::make_inferencer(type.id, "{}", "inferencer");  // one that needs a configuration says its form with it
      known.push_back({std::string(type.id), made ? (*made)->form() : data::Form::open, keys_of(type.schema)});
    }
    for (const plugin::PluginFile& file : host_->registry().files())
      for (const plugin::ComponentInfo& component : file.components)
        if (component.kind == plugin::Kind::inferencer) {
          const auto facts = plugin::inferencer_facts(component);
          known.push_back({component.id, facts ? facts->form : data::Form::open, keys_of(component.schema)});
        }
    return known;
  };
  world.tasks = [this](const config::RunFlags& flags) { return task_cards(flags, host_->registry(), defaults_.tasks); };
  world.data_folder = [this](const std::string& data_dir, const std::string& folder,
                             const std::string& loader) -> Result<fs::path> {
    SXT_TRY(const plugin::Found found, host_->registry().find(plugin::Kind::dataset, loader));
    std::vector<std::string> places;
    for (const fs::path& candidate : load::data_candidates(data_dir, folder, found.file->path)) {
      std::error_code code;
      if (fs::is_directory(candidate, code)) return candidate;
      places.push_back(candidate.string());
    }
    return Error{Error::Kind::missing, fmt::format("the data folder is in none of {}; give --data-dir", join(places, ", "))};
  };
  world.custom_file = [this](const std::string& path, const json::Value& loader_config) -> Result<config::CustomFile> {
    json::Document config = json::copy(loader_config);
    json::set(config, "path", path, config.GetAllocator());
    SXT_TRY(plugin::Dataset loader,
            host_->dataset(defaults_.custom_dataset.loader, json::write(config), "--custom-dataset-path"));
    SXT_TRY(const json::Document about, loader.describe());
    return config::custom_file_from_json(about, defaults_.custom_dataset.loader);
  };
  world.default_model = []() -> Result<std::string> {
    const fs::path path = default_model_path();
    std::error_code code;
    if (fs::exists(path, code)) return path.string();
    return Error{Error::Kind::usage,
                 fmt::format("no model is named and the default one does not exist ({}); give --model-path FILE.gguf, "
                             "--hf-path DIR or --models NAME, or fetch it with tools/demo.sh",
                             path.string())};
  };
  world.locate = config::locate_model;
  world.without_secrets = [this](const config::DatasetConfig& dataset) { return without_secrets(dataset, host_->registry()); };
  world.settings = [this](const std::string& backend, const std::string& config) {
    return model_settings(backend, config, host_->registry());
  };
  world.identity = [this](const std::string& backend) { return identity_keys(backend, host_->registry()); };
  world.warn = [](const std::string& sentence) { log_warning(sentence); };
  world.note = [](const std::string& sentence) { log_info(sentence); };
  return world;
}

int fail(const Error& error) {
  log_error(error.message);
  return exit_code_of(error.kind);
}

Result<void> written_to_stdout(std::string_view bytes) {
  if (stdout_was_closed() && !bytes.empty())
    return Error{Error::Kind::io,
                 "standard output is closed, so what was to be printed is lost (a run's table is also in its summary/); give "
                 "it a file, or /dev/null"};
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() && std::fflush(stdout) == 0) return {};
  const int code = errno;
  if (code == EPIPE && !closed_pipes_are_errors()) {  // who read has enough
    std::signal(SIGPIPE, SIG_DFL);
    ::raise(SIGPIPE);
  }
  return Error{Error::Kind::io, fmt::format("cannot write to standard output: {}", io_reason(code))};
}
int print_bytes(std::string_view bytes) {
  const auto written = written_to_stdout(bytes);
  return written ? static_cast<int>(exit_ok) : fail(written.error());
}
int print(std::string_view text) { return print_bytes(printable(text, Lines::many)); }
int print_json(std::string_view json) { return print_bytes(printable_json(json)); }

fs::path default_model_path() { return cache_folder() / "models" / default_model_file; }

}  // namespace sextant::cli
