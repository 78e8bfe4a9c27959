// Inspect's EvalLogs (JSON) into a run's folder: a file is a task.
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include "../base/files.hpp"
#include "imported.hpp"
#include "source.hpp"

namespace sextant::exchange {
namespace {

namespace fs = std::filesystem;
using Value = json::Value;

// Of a message's or reply's content: its text, and what it says of thinking.
std::string text_of(const Value* content, std::string* ret_thinking = nullptr) {
  if (!content || content->IsNull()) return "";
  if (content->IsString()) return std::string(json::text(*content));
  if (!content->IsArray()) return json::write(*content);
  std::string out;
  for (const auto& part : content->GetArray()) {
    const std::string type = json::find_string(part, "type").value_or("");
    if (type == "text") out += json::find_string(part, "text").value_or("");
    if (type == "reasoning" && ret_thinking) *ret_thinking += json::find_string(part, "reasoning").value_or("");
  }
  return out;
}

data::Prompt prompt_of(const Value* input) {
  data::Prompt out;
  if (!input || !input->IsArray()) {
    out.text = text_of(input);
    return out;
  }
  out.chat = true;
  for (const auto& message : input->GetArray())
    out.messages.emplace_back(json::find_string(message, "role").value_or("user"), text_of(json::find(message, "content")));
  return out;
}

uint32_t tokens_of(const Value* usage, const char* name) {
  const auto count = usage ? json::find_int(*usage, name) : std::nullopt;
  return count && *count > 0 && *count < UINT32_MAX ? static_cast<uint32_t>(*count) : 0;
}

ImportedAttempt attempt_of(const Value& sample, uint64_t row, bool& ret_unreadable) {
  ImportedAttempt out;
  data::Attempt& attempt = out.attempt;
  attempt.id.row = row;
  attempt.id.repeat = static_cast<uint32_t>(std::clamp<int64_t>(json::find_int(sample, "epoch").value_or(1), 1, 1 << 20) - 1);
  json::Document record;
  record.SetObject();
  auto& a = record.GetAllocator();
  for (const char* name : {"id", "input", "choices", "target", "metadata"})
    if (const Value* value = json::find(sample, name); value && !value->IsNull()) json::set(record, name, Value(*value, a), a);
  attempt.record_json = json::write(record);
  const Value* target = json::find(sample, "target");
  attempt.target_json = target ? json::write(*target) : "\"\"";
  attempt.prompts.push_back(prompt_of(json::find(sample, "input")));
  const Value* output = json::find(sample, "output");
  const Value* choices = output ? json::find(*output, "choices") : nullptr;
  const Value* choice = choices && choices->IsArray() && !choices->Empty() ? &(*choices)[0] : nullptr;
  const Value* message = choice ? json::find(*choice, "message") : nullptr;
  if (message) attempt.prediction = text_of(json::find(*message, "content"), &attempt.thinking);
  if (attempt.prediction.empty() && output) attempt.prediction = json::find_string(*output, "completion").value_or("");
  if (choice && json::find_string(*choice, "stop_reason").value_or("") == "max_tokens") attempt.finish = "length";
  const Value* usage = output ? json::find(*output, "usage") : nullptr;
  attempt.usage.prompt_tokens = tokens_of(usage, "input_tokens");
  attempt.usage.generated_tokens = tokens_of(usage, "output_tokens");
  const Value* scores = json::find(sample, "scores");
  std::string answer = attempt.prediction;
  if (scores && scores->IsObject())
    for (const auto& score : scores->GetObject()) {
      const std::string name(json::text(score.name));
      const Value* value = json::find(score.value, "value");
      if (value && value->IsObject()) {
        for (const auto& part : value->GetObject()) {
          out.scores.emplace_back(fmt::format("{}_{}", name, json::text(part.name)), score_value(part.value));
          ret_unreadable = ret_unreadable || std::isnan(out.scores.back().second);
        }
      } else {
        out.scores.emplace_back(name, value ? score_value(*value) : std::nan(""));
        ret_unreadable = ret_unreadable || std::isnan(out.scores.back().second);
      }
      if (const auto read = json::find_string(score.value, "answer")) answer = *read;
      if (const auto why = json::find_string(score.value, "explanation")) out.explanations.emplace_back(name, *why);
    }
  out.answers.emplace_back("none", answer);
  if (const Value* error = json::find(sample, "error"); error && error->IsObject())
    out.error = json::find_string(*error, "message").value_or("the sample ended in an error");
  return out;
}

// "accuracy" or "mean" of a scorer is the scorer's number; others are called by both names.
std::vector<ImportedNumber> numbers_of(const Value& results, const std::vector<ImportedAttempt>& attempts) {
  std::vector<ImportedNumber> out;
  const Value* scores = json::find(results, "scores");
  if (!scores || !scores->IsArray()) return out;
  for (const auto& score : scores->GetArray()) {
    const Value* metrics = json::find(score, "metrics");
    if (!metrics || !metrics->IsObject()) continue;
    const std::string name = json::find_string(score, "name").value_or("score");
    // shares unless samples show otherwise
    const bool share = shown_in_percent(name) && std::all_of(attempts.begin(), attempts.end(), [&](const ImportedAttempt& one) {
                         return std::all_of(one.scores.begin(), one.scores.end(), [&](const auto& value) {
                           return value.first != name || std::isnan(value.second) || (value.second >= 0 && value.second <= 1);
                         });
                       });
    const auto value_of = [&](const char* metric) -> std::optional<double> {
      const Value* entry = json::find(*metrics, metric);
      return entry ? json::find_number(*entry, "value") : std::nullopt;
    };
    const auto add = [&](const std::string& called, double value, std::optional<double> error) {
      ImportedNumber number;
      number.name = called;
      number.percent = share;
      number.value = (share ? 100 : 1) * value;
      if (error) number.standard_error = (share ? 100 : 1) * *error;
      out.push_back(std::move(number));
    };
    const auto main = value_of("accuracy") ? value_of("accuracy") : value_of("mean");
    if (main) add(name, *main, value_of("stderr"));
    for (const auto& metric : metrics->GetObject()) {
      const std::string_view called = json::text(metric.name);
      if (called == "stderr" || (main && (called == "accuracy" || (called == "mean" && !value_of("accuracy"))))) continue;
      if (const auto value = json::find_number(metric.value, "value"))
        add(fmt::format("{}_{}", name, called), *value, std::nullopt);
    }
  }
  return out;
}

// "2026-01-02T03:04:05.123+00:00" without fractions, the zone as run.json has it.
std::string time_of(const std::string& time) {
  if (time.size() < 19) return "";
  const size_t zone = time.find_first_of("+-Z", 19);
  std::string out = time.substr(0, 19) + (zone == time.npos || time[zone] == 'Z' ? "+0000" : time.substr(zone));
  out.erase(std::remove(out.begin() + 19, out.end(), ':'), out.end());
  return out;
}

Result<void> import_file(const fs::path& path, const json::Document& log, ImportedRun& run) {
  const Value* spec = json::find(log, "eval");
  const std::string named = spec ? json::find_string(*spec, "model").value_or("") : "";
  ImportedTask task;
  task.dataset = spec ? json::find_string(*spec, "task").value_or("") : "";
  if (task.dataset.empty() || named.empty())
    return Error{Error::Kind::data,
                 fmt::format("{} is no EvalLog of Inspect: its \"eval\" has no \"task\" or no \"model\"", path.string())};
  task.model = named.substr(named.rfind('/') + 1);
  if (const size_t slash = task.dataset.rfind('/'); slash != task.dataset.npos) task.dataset.erase(0, slash + 1);
  run.add_model({task.model, "inspect " + named.substr(0, named.find('/')), "", ""});
  run.set_times(time_of(text_at(&log, "stats.started_at")), time_of(text_at(&log, "stats.completed_at")));
  if (const Value* version = json::find(*spec, "task_version"); version && !version->IsNull())
    task.version = version->IsString() ? std::string(json::text(*version)) : json::write(*version);
  task.mode = "gen";
  const std::string status = json::find_string(log, "status").value_or("");
  task.status = status == "success" ? "complete" : status == "error" ? "failed" : "incomplete";
  if (task.status != "complete")
    task.error = task.status == "failed" ? text_at(&log, "error.message") : fmt::format("its status is '{}'", status);
  const Value* samples = json::find(log, "samples");
  bool unreadable = false;
  std::map<std::string, uint64_t> rows;  // ids are numbers or texts
  if (samples && samples->IsArray())
    for (const auto& sample : samples->GetArray()) {
      const Value* id = json::find(sample, "id");
      const uint64_t row = rows.try_emplace(id ? json::write(*id) : std::to_string(rows.size()), rows.size()).first->second;
      task.attempts.push_back(attempt_of(sample, row, unreadable));
    }
  std::stable_sort(task.attempts.begin(), task.attempts.end(), [](const ImportedAttempt& x, const ImportedAttempt& y) {
    return std::pair(x.attempt.id.repeat, x.attempt.id.row) < std::pair(y.attempt.id.repeat, y.attempt.id.row);
  });
  const uint64_t epochs = task.attempts.empty() ? 1 : task.attempts.back().attempt.id.repeat + 1;
  if (task.attempts.size() != epochs * rows.size())
    return Error{Error::Kind::data, fmt::format("{}: {} samples are not {} epochs of {} questions", path.string(),
                                                task.attempts.size(), epochs, rows.size())};
  if (unreadable)
    run.note(fmt::format("{}: some scores are neither numbers nor C, P, I or N; those samples have no score",
                         path.filename().string()));
  if (const Value* results = json::find(log, "results")) task.numbers = numbers_of(*results, task.attempts);
  if (task.status == "complete" && task.numbers.empty()) {
    task.status = "incomplete";
    task.error = "the log has no results; score it with `inspect score`";
  }
  return run.add(task);
}

bool is_log(const json::Document& document) { return json::find(document, "eval") && json::find(document, "version"); }

}  // namespace

Result<fs::path> import_inspect(const fs::path& path, const fs::path& work_dir) {
  std::vector<fs::path> files;
  std::error_code code;
  std::string packed;
  if (fs::is_directory(path, code)) {
    for (const auto& entry : fs::directory_iterator(path, code)) {
      if (entry.path().extension() == ".json") files.push_back(entry.path());
      if (entry.path().extension() == ".eval") packed = entry.path().string();
    }
    std::sort(files.begin(), files.end());
  } else {
    if (path.extension() == ".eval") packed = path.string();
    else files.push_back(path);
  }
  if (files.empty())
    return Error{Error::Kind::data,
                 packed.empty() ? fmt::format("{} has no EvalLog (*.json) of Inspect", path.string())
                                : fmt::format("{} is packed; `inspect log convert {} --to json --output-dir DIR` writes what "
                                              "can be imported",
                                              packed, packed)};
  std::optional<ImportedRun> run;
  for (const fs::path& file : files) {
    SXT_TRY(const std::string text, read_file(file));
    SXT_TRY(const json::Document log, python_json(text, file.string()));
    if (!is_log(log)) {
      if (files.size() == 1) return Error{Error::Kind::data, fmt::format("{} is no EvalLog of Inspect", file.string())};
      continue;  // logs.json and the like
    }
    if (!run) {
      SXT_TRY(ImportedRun made,
              ImportedRun::create(work_dir, "inspect", text_at(&log, "eval.packages.inspect_ai"), path.string()));
      run.emplace(std::move(made));
      if (!packed.empty()) run->note(fmt::format("{} is packed and left out; `inspect log convert` makes JSON of it", packed));
    }
    SXT_CHECK(import_file(file, log, *run));
  }
  if (!run) return Error{Error::Kind::data, fmt::format("{} has no EvalLog (*.json) of Inspect", path.string())};
  return run->finish();
}

}  // namespace sextant::exchange
