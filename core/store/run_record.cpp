// run.json and back.
#include <algorithm>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "run_folder.hpp"
#include "version.hpp"

namespace sextant::store {
namespace {

constexpr std::pair<Error::Kind, std::string_view> kind_names[] = {
    {Error::Kind::usage, "usage"},
    {Error::Kind::config, "config"},
    {Error::Kind::data, "data"},
    {Error::Kind::missing, "missing"},
    {Error::Kind::io, "io"},
    {Error::Kind::device, "device"},
    {Error::Kind::internal, "internal"},
    {Error::Kind::cancelled, "cancelled"},
};

using Allocator = json::Document::AllocatorType;

json::Value task_to_json(const TaskRecord& task, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "model", task.model, a);
  json::set(out, "dataset", task.dataset, a);
  if (!task.stage.empty()) json::set(out, "stage", task.stage, a);
  json::set(out, "status", task.status, a);
  if (!task.infer.empty()) json::set(out, "infer", task.infer, a);
  if (!task.eval.empty()) json::set(out, "eval", task.eval, a);
  json::set(out, "error", utf8::repair(task.error), a);  // may quote a plugin or a path
  if (task.error_kind)
    for (const auto& [kind, name] : kind_names)
      if (kind == *task.error_kind) json::set(out, "error_kind", name, a);
  if (task.status == "missing") return out;  // nothing was counted
  const std::pair<const char*, uint64_t> counters[] = {
      {"samples", task.samples},
      {"samples_failed", task.samples_failed},
      {"prompt_tokens", task.prompt_tokens},
      {"computed_tokens", task.computed_tokens},
      {"generated_tokens", task.generated_tokens},
      {"truncated_prompts", task.truncated_prompts},
      {"dropped_shots", task.dropped_shots},
  };
  for (const auto& [name, value] : counters) json::set(out, name, json::Value(value), a);
  if (task.own_examples) json::set(out, "own_examples", json::Value(task.own_examples), a);
  if (task.samples_reused) json::set(out, "samples_reused", json::Value(task.samples_reused), a);
  json::set(out, "infer_s", json::Value(task.infer_s), a);
  json::set(out, "eval_s", json::Value(task.eval_s), a);
  json::set(out, "peak_rss_bytes", json::Value(task.peak_rss_bytes), a);
  json::set(out, "results_sha256", task.results_sha256, a);
  return out;
}

uint64_t number(const json::Value& object, const char* key) {
  const json::Value* value = json::find(object, key);
  return value && value->IsUint64() ? value->GetUint64() : 0;
}
std::string text(const json::Value& object, const char* key) { return json::find_string(object, key).value_or(""); }

TaskRecord task_from_json(const json::Value& in) {
  TaskRecord task;
  task.model = text(in, "model");
  task.dataset = text(in, "dataset");
  task.stage = text(in, "stage");
  task.status = text(in, "status");
  task.infer = text(in, "infer");
  task.eval = text(in, "eval");
  task.error = text(in, "error");
  for (const auto& [kind, name] : kind_names)
    if (name == text(in, "error_kind")) task.error_kind = kind;
  task.samples = number(in, "samples");
  task.samples_failed = number(in, "samples_failed");
  task.prompt_tokens = number(in, "prompt_tokens");
  task.computed_tokens = number(in, "computed_tokens");
  task.generated_tokens = number(in, "generated_tokens");
  task.truncated_prompts = number(in, "truncated_prompts");
  task.dropped_shots = number(in, "dropped_shots");
  task.own_examples = number(in, "own_examples");
  task.samples_reused = number(in, "samples_reused");
  task.infer_s = json::find_number(in, "infer_s").value_or(0);
  task.eval_s = json::find_number(in, "eval_s").value_or(0);
  task.peak_rss_bytes = number(in, "peak_rss_bytes");
  task.results_sha256 = text(in, "results_sha256");
  return task;
}

// A state that nobody writes, or a count that is none, was written by another hand: what is said of the run would rest on it.
Result<void> check_task(const json::Value& task, const std::string& where) {
  const auto wrong = [&](const char* key, const char* what) {
    return Error{Error::Kind::data, fmt::format("{}.{} is {}, which must be {}; the run was not written so: take the file from a "
                                                "copy, or -m all -r writes it again",
                                                where, key, json::write(*json::find(task, key)).substr(0, 60), what)};
  };
  constexpr std::string_view states[] = {"", "complete", "incomplete", "failed", "missing", "planned"};
  if (std::find(std::begin(states), std::end(states), text(task, "status")) == std::end(states))
    return wrong("status", "complete, incomplete, failed or missing");
  for (const char* key : {"samples", "samples_failed", "prompt_tokens", "computed_tokens", "generated_tokens", "samples_reused"})
    if (const json::Value* value = json::find(task, key); value && !value->IsUint64()) return wrong(key, "a whole number");
  return {};
}

template <class F> void each(const json::Value& object, const char* key, F&& use) {
  if (const json::Value* list = json::find(object, key); list && list->IsArray())
    for (const auto& item : list->GetArray()) use(item);
}

}  // namespace

std::string to_json(const RunRecord& record) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  json::set(out, "schema", json::Value(1), a);
  json::set(out, "sextant_version", version, a);
  json::set(out, "started", record.started, a);
  json::set(out, "finished", record.finished, a);
  json::set(out, "status", record.status, a);
  json::set(out, "compute", record.compute, a);
  json::set(out, "host", record.host, a);
  if (!record.stopped_early.empty())
    if (const auto parsed = json::parse(record.stopped_early, "stopped_early"))
      json::set(out, "stopped_early", json::Value(*parsed, a), a);
  if (record.first_sample_s > 0) json::set(out, "first_sample_s", json::Value(record.first_sample_s), a);
  json::Value models(rapidjson::kArrayType), plugins(rapidjson::kArrayType), tasks(rapidjson::kArrayType);
  for (const ModelRecord& model : record.models) {
    json::Value item(rapidjson::kObjectType);
    json::set(item, "abbr", model.abbr, a);
    json::set(item, "backend", model.backend, a);
    json::set(item, "device", model.device, a);
    json::set(item, "weights_sha256", model.weights_sha256, a);
    json::set(item, "load_s", json::Value(model.load_s), a);
    if (!model.compute.empty()) json::set(item, "compute", model.compute, a);
    if (!model.adapter.empty()) json::set(item, "adapter", utf8::repair(model.adapter), a);
    if (!model.chat_template.empty()) json::set(item, "chat_template", utf8::repair(model.chat_template), a);
    if (!model.chat_sha256.empty()) json::set(item, "chat_sha256", model.chat_sha256, a);
    if (!model.tokens_sha256.empty()) json::set(item, "tokens_sha256", model.tokens_sha256, a);
    if (!model.sampling_sha256.empty()) json::set(item, "sampling_sha256", model.sampling_sha256, a);
    if (const auto spent = json::parse(model.spent.empty() ? "null" : model.spent, "spent"); spent && spent->IsObject())
      json::set(item, "spent", json::Value(*spent, a), a);
    models.PushBack(std::move(item), a);
  }
  for (const PluginRecord& plugin : record.plugins) {
    json::Value item(rapidjson::kObjectType);
    json::set(item, "id", plugin.id, a);
    json::set(item, "version", plugin.version, a);
    json::set(item, "path", utf8::repair(plugin.path), a);
    json::set(item, "sha256", plugin.sha256, a);
    plugins.PushBack(std::move(item), a);
  }
  for (const TaskRecord& task : record.tasks) tasks.PushBack(task_to_json(task, a), a);
  json::set(out, "models", std::move(models), a);
  json::set(out, "plugins", std::move(plugins), a);
  json::set(out, "tasks", std::move(tasks), a);
  return json::write_pretty(out) + "\n";
}

std::string to_line(const TaskRecord& task) {
  json::Document out;
  const json::Value value = task_to_json(task, out.GetAllocator());
  return json::write(value);
}

Result<TaskRecord> task_record_from_line(std::string_view line) {
  SXT_TRY(const json::Document in, json::parse(line, "states.jsonl"));
  if (!in.IsObject()) return Error{Error::Kind::data, "states.jsonl: a line is not a JSON object"};
  return task_from_json(in);
}

Result<RunRecord> run_record_from_json(const json::Value& value, std::string_view origin) {
  if (number(value, "schema") != 1)
    return Error{Error::Kind::data,
                 fmt::format("{}: \"schema\" is not 1; the file is not a run.json of this version of Sextant", origin)};
  if (const json::Value* tasks = json::find(value, "tasks"); tasks && tasks->IsArray())
    for (rapidjson::SizeType i = 0; i < tasks->Size(); ++i)
      SXT_CHECK(check_task((*tasks)[i], fmt::format("{}: tasks[{}]", origin, i)));
  RunRecord record;
  record.started = text(value, "started");
  record.finished = text(value, "finished");
  record.status = text(value, "status");
  record.compute = text(value, "compute");
  record.host = text(value, "host");
  if (const json::Value* early = json::find(value, "stopped_early")) record.stopped_early = json::write(*early);
  record.first_sample_s = json::find_number(value, "first_sample_s").value_or(0);
  each(value, "models", [&](const json::Value& in) {
    record.models.push_back({text(in, "abbr"), text(in, "backend"), text(in, "device"), text(in, "weights_sha256"),
                             json::find_number(in, "load_s").value_or(0), text(in, "compute"), text(in, "adapter"),
                             text(in, "chat_template"), json::find(in, "spent") ? json::write(*json::find(in, "spent")) : "",
                             text(in, "chat_sha256"), text(in, "tokens_sha256"), text(in, "sampling_sha256")});
  });
  each(value, "plugins", [&](const json::Value& in) {
    record.plugins.push_back({text(in, "id"), text(in, "version"), text(in, "path"), text(in, "sha256")});
  });
  each(value, "tasks", [&](const json::Value& in) { record.tasks.push_back(task_from_json(in)); });
  return record;
}

}  // namespace sextant::store
