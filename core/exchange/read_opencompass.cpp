// A run's folder of OpenCompass (predictions/ and results/ by model) into one of ours.
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include "../base/files.hpp"
#include "imported.hpp"
#include "source.hpp"

namespace sextant::exchange {
namespace {

namespace fs = std::filesystem;
using Value = json::Value;

constexpr std::string_view label_prefix = "label: ";

std::string text_of(const Value& value) { return value.IsString() ? std::string(json::text(value)) : json::write(value); }

std::string role_of(const std::string& role) {
  return role == "HUMAN" ? "user" : role == "BOT" ? "assistant" : role == "SYSTEM" ? "system" : role;
}

data::Prompt prompt_of(const Value* origin) {
  data::Prompt out;
  if (!origin) return out;
  if (!origin->IsArray()) {
    out.text = text_of(*origin);
    return out;
  }
  out.chat = true;
  for (const auto& turn : origin->GetArray())
    out.messages.emplace_back(role_of(json::find_string(turn, "role").value_or("HUMAN")),
                              json::find_string(turn, "prompt").value_or(""));
  return out;
}

// "ceval-law.json", or the parts "ceval-law_0.json", "ceval-law_1.json", ... of a set that was split. Gives the entries in
// order.
Result<std::vector<json::Document>> entries_of(const fs::path& folder, const std::string& set) {
  std::vector<json::Document> out;
  std::error_code code;
  std::vector<fs::path> files;
  if (fs::exists(folder / (set + ".json"), code)) files.push_back(folder / (set + ".json"));
  for (size_t part = 0; files.empty() || part > 0; ++part) {
    const fs::path path = folder / fmt::format("{}_{}.json", set, part);
    if (!fs::exists(path, code)) break;
    files.push_back(path);
  }
  for (const fs::path& path : files) {
    SXT_TRY(const std::string text, read_file(path));
    SXT_TRY(const json::Document file, python_json(text, path.string()));
    if (!file.IsObject())
      return Error{Error::Kind::data,
                   fmt::format("{} is no predictions file of OpenCompass: it holds no object", path.string())};
    for (size_t i = 0; i < file.MemberCount(); ++i) {
      const Value* entry = json::find(file, std::to_string(i));
      if (!entry || !entry->IsObject())
        return Error{Error::Kind::data,
                     fmt::format("{} is no predictions file of OpenCompass: it has no sample \"{}\"", path.string(), i)};
      out.push_back(json::copy(*entry));
    }
  }
  return out;
}

ImportedAttempt attempt_of(const Value& entry, uint64_t row) {
  ImportedAttempt out;
  data::Attempt& attempt = out.attempt;
  attempt.id.row = row;
  attempt.record_json = "{}";
  attempt.prompts.push_back(prompt_of(json::find(entry, "origin_prompt")));
  if (const Value* prediction = json::find(entry, "prediction")) attempt.prediction = text_of(*prediction);
  const Value* gold = json::find(entry, "gold");
  attempt.target_json = gold ? json::write(*gold) : "\"\"";
  for (const auto& member : entry.GetObject()) {
    const std::string_view name = json::text(member.name);
    if (!name.starts_with(label_prefix) || !member.value.IsObject()) continue;
    data::LabelScore label;
    label.label = name.substr(label_prefix.size());
    label.input =
        json::find_string(member.value, "prompt").value_or(json::find_string(member.value, "testing input").value_or(""));
    const auto mean = json::find_number(member.value, "PPL");
    if (!mean) continue;
    label.value = *mean;
    label.logprob = std::nan("");  // OpenCompass keeps means alone
    attempt.labels.push_back(std::move(label));
  }
  if (!attempt.labels.empty() && !json::find(entry, "origin_prompt"))
    attempt.prompts.front().text = attempt.labels.front().input;
  return out;
}

// What the details of a results file say of one sample: right, wrong, the answer that was read. They have several shapes.
struct Detail {
  double correct = std::nan("");
  std::optional<std::string> answer, reference;
};
Detail detail_of(const Value* details, uint64_t i) {
  Detail out;
  const Value* one = nullptr;
  if (details && details->IsArray() && i < details->Size()) one = &(*details)[static_cast<rapidjson::SizeType>(i)];
  if (details && details->IsObject()) one = json::find(*details, std::to_string(i));
  if (!one || !one->IsObject()) return out;
  const auto first = [](const Value* value) -> const Value* {  // of replicas the first
    return value && value->IsArray() ? (value->Empty() ? nullptr : &(*value)[0]) : value;
  };
  for (const char* name : {"correct", "is_correct"})
    if (const Value* value = first(json::find(*one, name)); value && std::isnan(out.correct)) out.correct = score_value(*value);
  for (const char* name : {"pred", "predictions", "prediction"})
    if (const Value* value = first(json::find(*one, name)); value && !value->IsNull() && !out.answer)
      out.answer = text_of(*value);
  for (const char* name : {"answer", "references", "reference", "ref"})
    if (const Value* value = first(json::find(*one, name)); value && !value->IsNull() && !out.reference)
      out.reference = json::write(*value);
  return out;
}

Result<void> import_set(const fs::path& root, const std::string& model, const std::string& set, ImportedRun& run) {
  ImportedTask task;
  task.model = model;
  task.dataset = set;
  SXT_TRY(const std::vector<json::Document> entries, entries_of(root / "predictions" / model, set));
  for (const json::Document& entry : entries) task.attempts.push_back(attempt_of(entry, task.attempts.size()));
  task.mode = !task.attempts.empty() && !task.attempts.front().attempt.labels.empty() ? "ppl" : "gen";
  const fs::path path = root / "results" / model / (set + ".json");
  std::error_code code;
  if (!fs::exists(path, code)) {
    task.status = "incomplete";
    task.error = "there is no results file; OpenCompass did not score it";
    return run.add(task);
  }
  SXT_TRY(const std::string text, read_file(path));
  SXT_TRY(const json::Document results, python_json(text, path.string()));
  if (!results.IsObject())
    return Error{Error::Kind::data, fmt::format("{} is no results file of OpenCompass: it holds no object", path.string())};
  if (const auto error = json::find_string(results, "error")) {
    task.status = "failed";
    task.error = *error;
    return run.add(task);
  }
  for (const auto& member : results.GetObject())
    if (member.value.IsNumber()) {
      ImportedNumber number;
      number.name = json::text(member.name);
      number.value = member.value.GetDouble();  // OpenCompass' own scale, which is the table's
      number.percent = shown_in_percent(number.name);
      task.numbers.push_back(std::move(number));
    }
  if (task.numbers.empty()) {
    task.status = "failed";
    task.error = fmt::format("{} holds no number", path.filename().string());
    return run.add(task);
  }
  const std::string metric = task.numbers.front().name;
  const Value* details = json::find(results, "details");
  double sum = 0;
  uint64_t judged = 0;
  for (uint64_t i = 0; i < task.attempts.size(); ++i) {
    ImportedAttempt& one = task.attempts[i];
    const Detail detail = detail_of(details, i);
    if (detail.reference && !json::find(entries[i], "gold")) one.attempt.target_json = *detail.reference;
    one.answers.emplace_back("none", detail.answer.value_or(one.attempt.prediction));
    one.scores.emplace_back(metric, detail.correct);
    if (!std::isnan(detail.correct)) sum += detail.correct, ++judged;
  }
  if (task.attempts.empty())
    run.note(fmt::format("{} of {} has no predictions: its numbers can be shown, and not compared", set, model));
  else if (judged == 0)
    run.note(fmt::format("{} of {}: its results do not say which samples are right, so it cannot be compared by question", set,
                         model));
  else if (judged == task.attempts.size() &&
           std::abs(100 * sum / static_cast<double>(judged) - task.numbers.front().value) > 0.01)
    run.note(fmt::format("{} of {}: {} is {:.2f}, and {:.2f} by its samples; both are kept as they are", set, model, metric,
                         task.numbers.front().value, 100 * sum / static_cast<double>(judged)));
  return run.add(task);
}

// Names of the JSON files below results/ and predictions/; parts of a set count as the set.
std::map<std::string, std::set<std::string>> sets_by_model(const fs::path& root) {
  std::map<std::string, std::set<std::string>> out;
  std::error_code code;
  for (const char* kind : {"results", "predictions"})
    for (const auto& model : fs::directory_iterator(root / kind, code)) {
      if (!model.is_directory(code)) continue;
      const std::string name = model.path().filename().string();
      for (const auto& file : fs::directory_iterator(model.path(), code)) {
        std::string set = file.path().stem().string();
        if (file.path().extension() != ".json" || set.starts_with("tmp_")) continue;
        const size_t tail = set.rfind('_');
        const bool part = std::string_view(kind) == "predictions" && tail != set.npos && tail + 1 < set.size() &&
                          set.find_first_not_of("0123456789", tail + 1) == set.npos &&
                          fs::exists(root / kind / name / (set.substr(0, tail) + "_0.json"), code);
        if (part) set.erase(tail);
        out[name].insert(set);
      }
    }
  return out;
}

// "20260102_030405"
std::string time_of(const std::string& name) {
  if (name.size() != 15 || name[8] != '_') return "";
  return fmt::format("{}-{}-{}T{}:{}:{}", name.substr(0, 4), name.substr(4, 2), name.substr(6, 2), name.substr(9, 2),
                     name.substr(11, 2), name.substr(13, 2));
}

}  // namespace

Result<fs::path> import_opencompass(const fs::path& path, const fs::path& work_dir) {
  std::error_code code;
  if (fs::exists(path / "run.json", code))
    return Error{Error::Kind::usage, fmt::format("{} is a run of Sextant already; nothing is to be imported", path.string())};
  const auto models = sets_by_model(path);
  if (models.empty())
    return Error{
        Error::Kind::data,
        fmt::format("{} has no results/MODEL/*.json of OpenCompass; name the folder of one run (outputs/default/<time>)",
                    path.string())};
  SXT_TRY(ImportedRun run, ImportedRun::create(work_dir, "opencompass", "", path.string()));
  const fs::path whole = fs::weakly_canonical(path, code);
  run.set_times(time_of(whole.filename().string()), "");
  for (const auto& [model, sets] : models) {
    run.add_model({model, "opencompass", "", ""});
    for (const std::string& set : sets) SXT_CHECK(import_set(path, model, set, run));
  }
  return run.finish();
}

}  // namespace sextant::exchange
