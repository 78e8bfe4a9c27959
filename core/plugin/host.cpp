// Creates components: finds the plugin, checks the configuration, loads the library, asks the object for its interface.
#include <algorithm>
#include <array>
#include <mutex>
#include <fmt/format.h>
#include <sextant/json_schema.hpp>
#include "../base/log.hpp"
#include "../base/own_process.hpp"
#include "call.hpp"
#include "components.hpp"
#include "facts.hpp"
#include "isolation.hpp"
#include "loader.hpp"
#include "manifest.hpp"

namespace sextant::plugin {
namespace {

/// What plugins call back. They keep the pointer for as long as they like, so it is never freed.
struct Services {
  sxt_host table{};
  std::atomic<const std::atomic<bool>*> cancelled = nullptr;
  std::mutex mutex;
  std::function<void(uint64_t, uint64_t, uint64_t)> progress;
};

void host_log(void*, int32_t level, sxt_str text) {
  constexpr std::array levels{LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error};
  const std::string line = one_line(view(text).value_or(""));
  if (!line.empty()) log(levels[static_cast<size_t>(std::clamp(level, 0, 3))], line);
}
int32_t host_cancelled(void* ctx, uint64_t) {
  const std::atomic<bool>* cancelled = static_cast<Services*>(ctx)->cancelled;
  return cancelled && cancelled->load(std::memory_order_relaxed) ? 1 : 0;
}
void host_progress(void* ctx, uint64_t call, uint64_t done, uint64_t total) {
  auto& services = *static_cast<Services*>(ctx);
  const std::lock_guard lock(services.mutex);
  if (services.progress) services.progress(call, done, total);
}
const void* host_extension(void*, const char*) { return nullptr; }

Services* new_services(const std::atomic<bool>* cancelled) {
  static std::mutex mutex;
  static auto* all = new std::vector<std::unique_ptr<Services>>;  // reachable for ever, as promised above
  auto services = std::make_unique<Services>();
  services->table = {sizeof(sxt_host), SXT_ABI_MAJOR, SXT_ABI_MINOR_NEWEST, 0, services.get(), host_log,
                     host_cancelled,   host_progress, host_extension};
  services->cancelled = cancelled;
  const std::lock_guard lock(mutex);
  all->push_back(std::move(services));
  return all->back().get();
}

const sxt_component* find_component(const sxt_entry& entry, Kind kind, std::string_view id) {
  for (uint32_t i = 0; entry.components && i < entry.component_count; ++i) {
    const sxt_component* component = entry.components[i];
    if (component && SXT_HAS(component, create) && component->kind == static_cast<uint32_t>(kind) && component->id &&
        component->id == id)
      return component;
  }
  return nullptr;
}

template <class Table> struct Created {
  Object object;
  const Table* table;
};

}  // namespace

struct Host::State {
  Registry registry;
  Services* services;
  mutable std::mutex mutex;
  std::vector<const PluginFile*> loaded;

  template <class Table>
  Result<Created<Table>> create(Kind kind, std::string_view id, std::string_view interface_id, std::string_view config_json,
                                std::string_view origin, const std::string& stands_in_for = {}) {
    auto found = registry.find(kind, id);
    if (!found) return Error{found.error().kind, fmt::format("{}: {}", origin, found.error().message)};
    const std::string name = stands_in_for.empty() ? component_name(kind, id) : stands_in_for;
    SXT_TRY(const std::string config, schema::check_config(name, found->component->schema, config_json, origin));
    if (stands_in_for.empty() && (isolation().applies(*found) || asks_to_be_confined(*found, config))) {
      note_loaded(found->file);
      SXT_TRY(const std::string stand_in, isolated_config(*found, config));
      return create<Table>(kind, "command", interface_id, stand_in, origin, name);
    }
    const PluginFile& file = *found->file;
    SXT_TRY(const sxt_entry* entry, load_library(file.path, file.sha256));
    SXT_CHECK(initialise(file.path, *entry, services->table));
    note_loaded(&file);
    const sxt_component* component = find_component(*entry, kind, id);
    if (!component)
      return Error{Error::Kind::data, fmt::format("{} holds no {}, although its manifest says so; write it anew with "
                                                  "'sextant plugins describe {}'",
                                                  file.path.string(), name, file.path.string())};
    sxt_object* object = nullptr;
    auto made =
        guarded(name, "create", [&](sxt_error* e) { return component->create(&services->table, borrow(config), &object, e); });
    reinstate_signals();
    if (!made) return Error{made.error().kind, fmt::format("{}: {}", origin, made.error().message)};
    if (!object) return misbehaved(name, "was created as NULL without an error");
    if (!SXT_HAS(object, destroy) || !SXT_HAS(object, get_interface))
      return misbehaved(name, "was created without destroy or get_interface");
    Object owned(object, name);
    const void* table = nullptr;
    SXT_CHECK(guarded(name, "get_interface", [&](sxt_error*) {
      table = object->get_interface(object, std::string(interface_id).c_str());
      return SXT_OK;
    }));
    if (!table) return misbehaved(name, fmt::format("has no interface \"{}\"", interface_id));
    return Created<Table>{std::move(owned), static_cast<const Table*>(table)};
  }

  void note_loaded(const PluginFile* file) {
    const std::lock_guard lock(mutex);
    if (std::find(loaded.begin(), loaded.end(), file) == loaded.end()) loaded.push_back(file);
  }
};

Host::Host(Registry registry, const std::atomic<bool>* cancelled) : state_(std::make_unique<State>()) {
  state_->registry = std::move(registry);
  state_->services = new_services(cancelled);
}
Host::~Host() {
  on_progress({});
  state_->services->cancelled = nullptr;
}
const Registry& Host::registry() const { return state_->registry; }
uint64_t Host::new_call() {
  static std::atomic<uint64_t> latest = 0;
  return ++latest;
}
void Host::on_progress(std::function<void(uint64_t, uint64_t, uint64_t)> progress) {
  const std::lock_guard lock(state_->services->mutex);
  state_->services->progress = std::move(progress);
}

Result<Dataset> Host::dataset(std::string_view id, std::string_view config_json, std::string_view origin) {
  SXT_TRY(auto made, state_->create<sxt_dataset_v1>(Kind::dataset, id, "sextant.dataset/1", config_json, origin));
  return Dataset(std::move(made.object), made.table);
}
Result<Template> Host::template_(std::string_view id, std::string_view config_json, std::string_view origin) {
  SXT_TRY(auto made, state_->create<sxt_template_v1>(Kind::template_, id, "sextant.template/1", config_json, origin));
  return Template(std::move(made.object), made.table);
}
Result<Postprocessor> Host::postprocessor(std::string_view id, std::string_view config_json, std::string_view origin) {
  SXT_TRY(auto made,
          state_->create<sxt_postprocessor_v1>(Kind::postprocessor, id, "sextant.postprocessor/1", config_json, origin));
  return Postprocessor(std::move(made.object), made.table);
}
Result<Metric> Host::metric(std::string_view id, std::string_view config_json, std::string_view origin) {
  SXT_TRY(auto made, state_->create<sxt_metric_v1>(Kind::metric, id, "sextant.metric/1", config_json, origin));
  return Metric(std::move(made.object), made.table);
}
Result<Model> Host::model(std::string_view id, std::string_view config_json, std::string_view origin) {
  SXT_TRY(auto made, state_->create<sxt_model_v1>(Kind::model, id, "sextant.model/1", config_json, origin));
  return Model(std::move(made.object), made.table);
}

Result<Retriever> Host::retriever(std::string_view id, std::string_view config_json, std::string_view origin) {
  SXT_TRY(auto made, state_->create<sxt_retriever_v1>(Kind::retriever, id, "sextant.retriever/1", config_json, origin));
  SXT_TRY(const Found found, state_->registry.find(Kind::retriever, id));
  SXT_TRY(const RetrieverWants wants, retriever_wants(*found.component));
  return Retriever(std::move(made.object), made.table, wants);
}
Result<InferencerPlugin> Host::inferencer(std::string_view id, std::string_view config_json, std::string_view origin) {
  SXT_TRY(auto made, state_->create<sxt_inferencer_v1>(Kind::inferencer, id, "sextant.inferencer/1", config_json, origin));
  SXT_TRY(const Found found, state_->registry.find(Kind::inferencer, id));
  SXT_TRY(const InferencerFacts facts, inferencer_facts(*found.component));
  return InferencerPlugin(std::move(made.object), made.table, facts);
}

bool Host::accepts(Kind kind, std::string_view id, std::string_view property) const {
  const auto found = state_->registry.find(kind, id);
  return found && schema::accepts(found->component->schema, property);
}

bool Host::says(Kind kind, std::string_view id, std::string_view annotation) const {
  const auto found = state_->registry.find(kind, id);
  return found && schema::says(found->component->schema, annotation);
}

std::vector<const PluginFile*> Host::loaded() const {
  const std::lock_guard lock(state_->mutex);
  return state_->loaded;
}

}  // namespace sextant::plugin
