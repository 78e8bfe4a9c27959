#include "imported.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/sha256.hpp>
#include "../base/file_name.hpp"
#include "../base/file_parts.hpp"
#include "../base/files.hpp"
#include "../base/json_number.hpp"
#include "../base/local_time.hpp"
#include "../base/log.hpp"
#include "../data/fields.hpp"
#include "../store/predictions.hpp"
#include "../store/samples_file.hpp"
#include "json_values.hpp"

namespace sextant::exchange {
namespace {

// A line of samples/, as a run writes it (docs/files.md).
std::string sample_line(const ImportedTask& task, const ImportedAttempt& one) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  const data::Attempt& attempt = one.attempt;
  json::set(out, "dataset", task.dataset, a);
  json::set(out, "index", Value(attempt.id.row), a);
  json::set(out, "repeat", Value(attempt.id.repeat), a);
  if (!attempt.thinking.empty()) json::set(out, "thinking", attempt.thinking, a);
  if (!attempt.prompts.empty() && attempt.prompts.front().chat) {
    Value messages(rapidjson::kArrayType);
    for (const data::Message& message : attempt.prompts.front().messages) messages.PushBack(data::to_json(message, a), a);
    json::set(out, "messages", std::move(messages), a);
  } else if (!attempt.prompts.empty()) {
    json::set(out, "prompt", attempt.prompts.front().text.str(), a);
  }
  json::set(out, "prediction", attempt.prediction, a);
  Value answers = object(), scores = object(), why = object();
  for (const auto& [name, text] : one.answers) json::set(answers, name, text, a);
  for (const auto& [name, value] : one.scores) json::set(scores, name, number_or_null(value), a);
  for (const auto& [name, text] : one.explanations) json::set(why, name, text, a);
  json::set(out, "answers", std::move(answers), a);
  json::set(out, "target", data::embed(attempt.target_json, a), a);
  json::set(out, "scores", std::move(scores), a);
  if (!why.ObjectEmpty()) json::set(out, "explanations", std::move(why), a);
  json::set(out, "finish", attempt.finish.empty() ? Value(rapidjson::kNullType) : Value(attempt.finish, a), a);
  json::set(out, "prompt_tokens", Value(attempt.usage.prompt_tokens), a);
  json::set(out, "generated_tokens", Value(attempt.usage.generated_tokens), a);
  if (!attempt.labels.empty()) {
    Value labels(rapidjson::kArrayType), logprobs(rapidjson::kArrayType);
    for (const data::LabelScore& label : attempt.labels) {
      labels.PushBack(Value(label.label, a), a);
      logprobs.PushBack(number_or_null(label.logprob), a);
    }
    json::set(out, "logprobs", std::move(logprobs), a);
    json::set(out, "labels", std::move(labels), a);
  }
  if (!one.error.empty()) json::set(out, "error", one.error, a);
  return json::write(out);
}

// results/, with the numbers that the others computed.
std::string results_text(const ImportedTask& task, uint64_t questions, uint64_t failed, const std::string& samples_sha256) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  Value counts = object(), estimates = object(), metrics = object();
  for (const ImportedNumber& number : task.numbers) {
    json::set(out, number.name, number_or_null(number.value), a);
    Value estimate = object();
    json::set(estimate, "higher_is_better", Value(number.higher_is_better), a);
    if (questions > 0) json::set(estimate, "n", Value(questions), a);
    if (std::isfinite(number.standard_error)) json::set(estimate, "standard_error", Value(number.standard_error), a);
    json::set(estimates, number.name, std::move(estimate), a);
  }
  if (!task.attempts.empty())
    for (const auto& [name, value] : task.attempts.front().scores) {
      Value facts = object();
      const auto number =
          std::find_if(task.numbers.begin(), task.numbers.end(), [&, key = name](const auto& one) { return one.name == key; });
      json::set(facts, "higher_is_better", Value(number == task.numbers.end() || number->higher_is_better), a);
      if (number != task.numbers.end() && !number->percent) json::set(facts, "percent", Value(false), a);
      json::set(metrics, name, std::move(facts), a);
    }
  json::set(counts, "attempts", Value(static_cast<uint64_t>(task.attempts.size())), a);
  json::set(counts, "samples_failed", Value(failed), a);
  if (task.replies_left_out > 0) json::set(counts, "replies_left_out", Value(task.replies_left_out), a);
  if (!samples_sha256.empty()) json::set(out, store::samples_member, samples_sha256, a);
  json::set(out, "counts", std::move(counts), a);
  json::set(out, "estimates", std::move(estimates), a);
  json::set(out, "metrics", std::move(metrics), a);
  return json::write_pretty(out) + "\n";
}

}  // namespace

Result<json::Document> python_json(const std::string& text, const std::string& origin) {
  auto parsed = json::parse(text, origin);
  if (parsed || (text.find("NaN") == text.npos && text.find("Infinity") == text.npos)) return parsed;
  std::string out;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\' && i + 1 < text.size()) {
      out += c;
      out += text[++i];
      continue;
    }
    if (c == '"') in_string = !in_string;
    const std::string_view rest = std::string_view(text).substr(i);
    size_t word = 0;
    for (const std::string_view name : {"NaN", "-Infinity", "Infinity"})
      if (!in_string && word == 0 && rest.starts_with(name)) word = name.size();
    if (word == 0) out += c;
    else out += "null", i += word - 1;
  }
  return json::parse(out, origin);
}

double score_value(const json::Value& value) {
  if (value.IsNumber()) return value.GetDouble();
  if (value.IsBool()) return value.GetBool() ? 1 : 0;
  if (!value.IsString()) return std::nan("");
  const std::string_view text = json::text(value);
  return text == "C" ? 1 : text == "P" ? 0.5 : text == "I" || text == "N" ? 0 : std::nan("");
}

bool shown_in_percent(std::string_view metric) {
  constexpr std::string_view plain[] = {"word_perplexity", "byte_perplexity", "bits_per_byte", "perplexity", "brier_score",
                                        "bleu",            "chrf",            "chrf++",        "ter",        "likelihood"};
  return std::find(std::begin(plain), std::end(plain), metric) == std::end(plain);
}

Result<ImportedRun> ImportedRun::create(const std::filesystem::path& work_dir, std::string from, std::string version,
                                        std::string path) {
  SXT_TRY(store::RunFolder folder, store::RunFolder::create(work_dir));
  ImportedRun out(std::move(folder));
  out.from_ = std::move(from);
  out.version_ = std::move(version);
  out.path_ = std::move(path);
  out.record_.started = out.record_.finished = local_time("%Y-%m-%dT%H:%M:%S%z");
  out.config_.summarizer.name = "default";
  out.config_.allow_missing = true;  // not every model of another's folder need have every data set
  return out;
}

ImportedRun::~ImportedRun() {
  std::error_code code;
  if (folder_ && !finished_) std::filesystem::remove_all(folder_->path(), code);
}

void ImportedRun::set_times(std::string started, std::string finished) {
  if (!started.empty()) record_.started = std::move(started);
  record_.finished = finished.empty() ? record_.started : std::move(finished);
}

void ImportedRun::add_model(const ImportedModel& model) {
  if (config::find_model(config_, model.abbr)) return;
  config::ModelConfig one;
  one.abbr = model.abbr;
  one.backend = "imported";
  config_.models.push_back(std::move(one));
  store::ModelRecord said;
  said.abbr = model.abbr;
  said.backend = model.backend;
  said.device = model.device;
  said.compute = model.compute;
  if (record_.compute.empty()) record_.compute = model.compute;
  record_.models.push_back(std::move(said));
}

void ImportedRun::add_group(config::SummaryGroup group) { config_.summarizer.groups.push_back(std::move(group)); }

void ImportedRun::note(std::string sentence) {
  if (std::find(notes_.begin(), notes_.end(), sentence) != notes_.end()) return;
  log_warning(sentence);
  notes_.push_back(std::move(sentence));
}

Result<void> ImportedRun::add(const ImportedTask& task) {
  for (const store::TaskRecord& known : record_.tasks)
    if (known.model == task.model && known.dataset == task.dataset)
      return Error{Error::Kind::data, fmt::format("{} has {} of the model {} twice; name one file or folder of them", path_,
                                                  task.dataset, task.model)};
  if (!config::find_dataset(config_, task.dataset)) {
    if (!file_names_.insert(file_name_key(task.dataset)).second)
      return Error{Error::Kind::data,
                   fmt::format("{} has two tasks whose files would have one name, the second is '{}'; import them apart", path_,
                               task.dataset)};
    config::DatasetConfig set;
    set.abbr = set.task_name = task.dataset;
    set.version = task.version.empty() ? "-" : task.version;
    set.loader.id = "imported";
    set.template_.id = "imported";
    set.inferencer.id = task.mode;
    config_.datasets.push_back(std::move(set));
  }
  store::TaskRecord record;
  record.model = task.model;
  record.dataset = task.dataset;
  record.status = task.status;
  record.infer = task.status;
  record.error = task.error;
  if (task.status == "failed") record.error_kind = Error::Kind::data;
  if (task.status == "complete") record.eval = "complete";
  record.samples = task.attempts.empty() ? task.questions.value_or(0) : task.attempts.size();
  uint32_t repeats = 1;
  uint64_t failed = 0;
  for (const ImportedAttempt& one : task.attempts) {
    repeats = std::max(repeats, one.attempt.id.repeat + 1);
    failed += !one.error.empty();
    record.prompt_tokens += one.attempt.usage.prompt_tokens;
    record.generated_tokens += one.attempt.usage.generated_tokens;
  }
  record.samples_failed = failed;
  record_.tasks.push_back(std::move(record));
  if (task.status != "complete") return {};
  std::string samples_sha256;
  if (!task.attempts.empty()) {
    const bool whole = !task.attempts.front().attempt.labels.empty() && task.mode == "ppl";
    store::PredictionsWriter predictions(folder_->predictions(task.model, task.dataset),
                                         task.attempts.front().attempt.labels.empty() ? data::Form::open
                                         : whole                                      ? data::Form::labels
                                                                                      : data::Form::continuations,
                                         repeats);
    SXT_TRY(FileWriter samples, FileWriter::open(folder_->samples(task.model, task.dataset)));
    const uint64_t rows = task.attempts.size() / repeats;
    Sha256 hash;
    for (uint64_t i = 0; i < task.attempts.size(); ++i) {
      const uint64_t place = repeats == 1 ? i : i % rows * repeats + i / rows;
      SXT_CHECK(predictions.add(place, task.attempts[i].attempt));
      const std::string line = sample_line(task, task.attempts[i]) + "\n";
      hash.add(line);
      SXT_CHECK(samples.write(line));
    }
    SXT_CHECK(predictions.finish());
    SXT_CHECK(samples.commit());
    samples_sha256 = hash.hex();
  }
  return write_file(folder_->results(task.model, task.dataset),
                    results_text(task, task.questions.value_or(task.attempts.size() / repeats), failed, samples_sha256));
}

Result<std::filesystem::path> ImportedRun::finish() {
  // groups whose members are not all there would be errors when the file is read
  std::erase_if(config_.summarizer.groups, [&](const config::SummaryGroup& group) {
    const auto lacking = std::find_if(group.members.begin(), group.members.end(), [&](const std::string& member) {
      return config::find_dataset(config_, member) == nullptr;
    });
    if (lacking == group.members.end()) return false;
    note(fmt::format("the group {} is left out: its member {} is not there", group.name, *lacking));
    return true;
  });
  for (const config::ModelConfig& model : config_.models)
    for (const config::DatasetConfig& set : config_.datasets) {
      const auto known = [&](const store::TaskRecord& task) {
        return task.model == model.abbr && task.dataset == set.task_name;
      };
      if (std::any_of(record_.tasks.begin(), record_.tasks.end(), known)) continue;
      store::TaskRecord task;
      task.model = model.abbr;
      task.dataset = set.task_name;
      task.status = task.infer = "missing";
      task.error = "it is not among the files that were imported";
      task.error_kind = Error::Kind::missing;
      record_.tasks.push_back(std::move(task));
    }
  record_.status = "complete";
  for (const store::TaskRecord& task : record_.tasks)
    if (task.status == "failed" || (task.status == "incomplete" && record_.status == "complete")) record_.status = task.status;
  SXT_TRY(json::Document config, json::parse(config::to_json(config_), "the configuration"));
  SXT_TRY(json::Document record, json::parse(store::to_json(record_), "run.json"));
  for (json::Document* document : {&config, &record}) {
    auto& a = document->GetAllocator();
    Value imported = object();
    json::set(imported, "from", from_, a);
    json::set(imported, "version", version_, a);
    json::set(imported, "path", path_, a);
    if (!notes_.empty()) json::set(imported, "notes", data::list(notes_, a), a);
    json::set(*document, "imported", std::move(imported), a);
  }
  SXT_CHECK(write_file(folder_->config(), json::write_pretty(config) + "\n"));
  SXT_CHECK(write_file(folder_->run_json(), json::write_pretty(record) + "\n"));
  finished_ = true;
  return folder_->path();
}

}  // namespace sextant::exchange
