// Inspect's EvalLog (format version 2) as JSON: a file for each model and data set, which `inspect view` opens.
#include <cmath>
#include <fmt/format.h>
#include <sextant/sha256.hpp>
#include <sextant/python_text.hpp>
#include "../base/file_name.hpp"
#include "../base/file_parts.hpp"
#include "formats.hpp"
#include "json_values.hpp"

namespace sextant::exchange {
namespace {

// "+0000" is "+00:00" there.
std::string time_of(const std::string& time) {
  const size_t zone = time.size() - std::min<size_t>(5, time.size());
  return time.size() == 24 && (time[zone] == '+' || time[zone] == '-') ? time.substr(0, 22) + ":" + time.substr(22) : time;
}

std::string short_hash(const std::string& text) { return sha256_hex(text).substr(0, 22); }

Value usage_of(uint64_t prompt, uint64_t generated, Allocator& a) {
  Value out = object();
  json::set(out, "input_tokens", Value(prompt), a);
  json::set(out, "output_tokens", Value(generated), a);
  json::set(out, "total_tokens", Value(prompt + generated), a);
  return out;
}

Value message(std::string_view role, std::string_view content, Allocator& a) {
  const bool known = role == "system" || role == "user" || role == "assistant" || role == "tool";
  Value out = object();
  json::set(out, "role", known ? role : std::string_view("user"), a);
  json::set(out, "content", content, a);
  return out;
}

Value input_of(const Value& line, Allocator& a) {
  const Value* messages = json::find(line, "messages");
  if (!messages || !messages->IsArray()) return Value(json::find_string(line, "prompt").value_or(""), a);
  Value out = array();
  for (const auto& one : messages->GetArray()) {
    const Value* content = json::find(one, "content");
    out.PushBack(message(json::find_string(one, "role").value_or("user"), content ? python_str(*content) : std::string(), a),
                 a);
  }
  return out;
}

Value target_of(const Value* target, Allocator& a) {
  if (!target || !target->IsArray()) return Value(target && !target->IsNull() ? python_str(*target) : std::string(), a);
  Value out = array();
  for (const auto& one : target->GetArray()) out.PushBack(Value(python_str(one), a), a);
  return out;
}

// What the model said: with what it thought before, where that is known.
Value reply_of(const Value& line, Allocator& a) {
  Value out = object();
  json::set(out, "role", "assistant", a);
  const std::string text = json::find_string(line, "prediction").value_or("");
  const auto thinking = json::find_string(line, "thinking");
  if (thinking) {
    Value parts = array(), first = object(), second = object();
    json::set(first, "type", "reasoning", a);
    json::set(first, "reasoning", *thinking, a);
    json::set(second, "type", "text", a);
    json::set(second, "text", text, a);
    parts.PushBack(std::move(first), a).PushBack(std::move(second), a);
    json::set(out, "content", std::move(parts), a);
  } else {
    json::set(out, "content", text, a);
  }
  json::set(out, "source", "generate", a);
  return out;
}

Value scores_of(const Value& line, Allocator& a) {
  Value out = object();
  const Value *scores = json::find(line, "scores"), *answers = json::find(line, "answers"),
              *why = json::find(line, "explanations"), *read = json::find(line, "metric_answers");
  if (!scores || !scores->IsObject()) return out;
  for (const auto& score : scores->GetObject()) {
    if (!score.value.IsNumber()) continue;
    const std::string name(json::text(score.name));
    const size_t comma = name.find(',');
    Value one = object();
    json::set(one, "value", Value(score.value, a), a);
    const Value* answer = read ? json::find(*read, name) : nullptr;
    if (!answer && answers && answers->IsObject() && answers->MemberCount() > 0)
      answer =
          comma == name.npos ? &answers->MemberBegin()->value : json::find(*answers, std::string_view(name).substr(comma + 1));
    if (answer && !answer->IsNull()) json::set(one, "answer", python_str(*answer), a);
    const Value* explanation = why ? json::find(*why, name) : nullptr;
    if (explanation && explanation->IsString()) json::set(one, "explanation", Value(*explanation, a), a);
    json::set(out, name, std::move(one), a);
  }
  return out;
}

json::Document sample_of(const Task& task, const Value& line, const data::Attempt* attempt) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  const std::string model = "sextant/" + task.model;
  json::set(out, "id", Value(json::find_int(line, "index").value_or(0)), a);
  json::set(out, "epoch", Value(json::find_int(line, "repeat").value_or(0) + 1), a);
  json::set(out, "input", input_of(line, a), a);
  if (attempt && !attempt->labels.empty()) {
    Value choices = array();
    for (const data::LabelScore& label : attempt->labels) choices.PushBack(Value(label.label, a), a);
    json::set(out, "choices", std::move(choices), a);
  }
  json::set(out, "target", target_of(json::find(line, "target"), a), a);
  Value messages = array();
  Value input = input_of(line, a);
  if (input.IsArray())
    for (auto& one : input.GetArray()) messages.PushBack(std::move(one), a);
  else messages.PushBack(message("user", json::text(input), a), a);
  messages.PushBack(reply_of(line, a), a);
  json::set(out, "messages", std::move(messages), a);
  Value reply = object(), choice = object(), choices = array();
  json::set(choice, "message", reply_of(line, a), a);
  json::set(choice, "stop_reason", json::find_string(line, "finish").value_or("") == "length" ? "max_tokens" : "stop", a);
  choices.PushBack(std::move(choice), a);
  const auto tokens = [&](const char* name) {
    return static_cast<uint64_t>(std::max<int64_t>(0, json::find_int(line, name).value_or(0)));
  };
  json::set(reply, "model", model, a);
  json::set(reply, "choices", std::move(choices), a);
  json::set(reply, "usage", usage_of(tokens("prompt_tokens"), tokens("generated_tokens"), a), a);
  json::set(out, "output", std::move(reply), a);
  json::set(out, "scores", scores_of(line, a), a);
  Value metadata = object(), used = object();
  const json::Document row = row_of(task, attempt);
  if (row.MemberCount() > 0) json::set(metadata, "record", Value(row, a), a);
  for (const char* name : {"cluster", "logprobs", "labels", "finish"})
    if (const Value* value = json::find(line, name); value && !value->IsNull()) json::set(metadata, name, Value(*value, a), a);
  json::set(out, "metadata", std::move(metadata), a);
  json::set(used, model, usage_of(tokens("prompt_tokens"), tokens("generated_tokens"), a), a);
  json::set(out, "model_usage", std::move(used), a);
  if (const auto error = json::find_string(line, "error")) {
    Value value = object();
    json::set(value, "message", *error, a);
    json::set(value, "traceback", "", a);
    json::set(value, "traceback_ansi", "", a);
    json::set(out, "error", std::move(value), a);
  }
  return out;
}

Value results_of(const Task& task, Allocator& a) {
  Value out = object(), scores = array();
  json::set(out, "total_samples", Value(task.record->samples), a);
  json::set(out, "completed_samples", Value(task.record->samples - std::min(task.record->samples, task.record->samples_failed)),
            a);
  for (const Number& number : task.numbers) {
    Value one = object(), metrics = object();
    json::set(one, "name", number.name, a);
    json::set(one, "scorer", number.metric, a);
    const auto add = [&](const char* name, double value) {
      Value metric = object();
      json::set(metric, "name", name, a);
      json::set(metric, "value", Value(value / number.unit), a);
      json::set(metrics, name, std::move(metric), a);
    };
    add("mean", number.value);
    if (std::isfinite(number.standard_error)) add("stderr", number.standard_error);
    json::set(one, "metrics", std::move(metrics), a);
    scores.PushBack(std::move(one), a);
  }
  json::set(out, "scores", std::move(scores), a);
  return out;
}

// The rows, each once, as numbers: what reads logs sample by sample asks for them.
Result<json::Document> sample_ids(const Task& task) {
  json::Document out;
  out.SetArray();
  SXT_CHECK(each_attempt(task, [&](const Value& line, const data::Attempt*) -> Result<void> {
    if (json::find_int(line, "repeat").value_or(0) == 0)
      out.PushBack(Value(json::find_int(line, "index").value_or(0)), out.GetAllocator());
    return {};
  }));
  return out;
}

// Everything but the samples.
json::Document head_of(const Source& run, const Task& task, const json::Document& ids) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  const std::string name = task.model + "\n" + task.dataset + "\n" + run.record->started, model = "sextant/" + task.model;
  Value spec = object(), set = object(), config = object(), metadata = object(), packages = object(), stats = object(),
        used = object(), plan = object(), steps = array(), step = object();
  json::set(set, "name", task.dataset, a);
  json::set(set, "samples", Value(task.record->samples), a);
  json::set(set, "sample_ids", Value(ids, a), a);
  json::set(set, "shuffled", Value(false), a);
  if (const auto limit = json::find_number(*run.config, "limit"); limit && *limit >= 1)
    json::set(config, "limit", Value(static_cast<int64_t>(*limit)), a);
  const Value* repeats = member_at(task.set, "infer.repeats");
  json::set(config, "epochs", repeats ? Value(*repeats, a) : Value(1), a);
  json::set(packages, "sextant", run.version, a);
  json::set(metadata, "sextant_run", run.name, a);
  json::set(metadata, "sextant_version", text_at(task.set, "version"), a);
  json::set(metadata, "weights_sha256", task.weights ? task.weights->weights_sha256 : "", a);
  json::set(spec, "eval_id", short_hash("eval\n" + name), a);
  json::set(spec, "run_id", short_hash("run\n" + run.record->started + run.name), a);
  json::set(spec, "created", time_of(run.record->started), a);
  json::set(spec, "task", task.dataset, a);
  json::set(spec, "task_id", short_hash(name), a);
  json::set(spec, "task_version", text_at(task.set, "version"), a);
  json::set(spec, "dataset", std::move(set), a);
  json::set(spec, "model", model, a);
  json::set(spec, "config", std::move(config), a);
  json::set(spec, "packages", std::move(packages), a);
  json::set(spec, "metadata", std::move(metadata), a);
  json::set(step, "solver", text_at(task.set, "infer.inferencer.type"), a);
  steps.PushBack(std::move(step), a);
  json::set(plan, "name", "plan", a);
  json::set(plan, "steps", std::move(steps), a);
  json::set(stats, "started_at", time_of(run.record->started), a);
  json::set(stats, "completed_at", time_of(run.record->finished), a);
  json::set(used, model, usage_of(task.record->prompt_tokens, task.record->generated_tokens, a), a);
  json::set(stats, "model_usage", std::move(used), a);
  json::set(out, "version", Value(2), a);
  json::set(out, "status", "success", a);
  json::set(out, "eval", std::move(spec), a);
  json::set(out, "plan", std::move(plan), a);
  json::set(out, "results", results_of(task, a), a);
  json::set(out, "stats", std::move(stats), a);
  return out;
}

// "2026-01-02T03-04-05+00-00_law_<id>.json": Inspect View lists files of that shape.
std::string file_of(const Source& run, const Task& task) {
  std::string time = time_of(run.record->started);
  std::replace(time.begin(), time.end(), ':', '-');
  return safe_file_name(fmt::format("{}_{}_{}.json", time, task.dataset,
                                  short_hash(task.model + "\n" + task.dataset + "\n" + run.record->started)));
}

}  // namespace

Result<Written> write_inspect(const Source& run, const std::filesystem::path& folder) {
  Written out;
  for (const Task& task : run.tasks) {
    out.push_back(folder / file_of(run, task));
    SXT_TRY(FileWriter file, FileWriter::open(out.back()));
    SXT_TRY(const json::Document ids, sample_ids(task));
    std::string head = json::write(head_of(run, task, ids));
    head.pop_back();
    SXT_CHECK(file.write(head + ",\"samples\":["));
    bool first = true;
    SXT_CHECK(each_attempt(task, [&](const Value& line, const data::Attempt* attempt) -> Result<void> {
      SXT_CHECK(file.write(first ? "\n" : ",\n"));
      first = false;
      return file.write(json::write(sample_of(task, line, attempt)));
    }));
    SXT_CHECK(file.write("\n]}\n"));
    SXT_CHECK(file.commit());
  }
  return out;
}

}  // namespace sextant::exchange
