// samples/<model>/<task>.jsonl: one line an attempt, for pandas and jq (docs/files.md). Every line of a file has the same members,
// but for those that are marked there.
#include <cmath>
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "../data/fields.hpp"
#include "score.hpp"

namespace sextant::score {
namespace {

using Allocator = json::Document::AllocatorType;

json::Value number_or_null(double value) { return std::isfinite(value) ? json::Value(value) : json::Value(rapidjson::kNullType); }

json::Value text_or_null(const std::string& text, Allocator& a) {
  return text.empty() ? json::Value(rapidjson::kNullType) : json::Value(text, a);
}

// What the model was given before it said the prediction. A conversation's first turn is the prompt's, and its last reply is the
// prediction.
json::Value messages_of(const data::Attempt& attempt, Allocator& a) {
  json::Value out(rapidjson::kArrayType);
  const auto add = [&](const std::vector<data::Message>& messages) {
    for (const data::Message& message : messages) out.PushBack(data::to_json(message, a), a);
  };
  if (!attempt.prompts.empty() && attempt.prompts.front().messages.empty())
    out.PushBack(data::to_json(data::Message("user", attempt.prompts.front().text.str()), a), a);
  else if (!attempt.prompts.empty())
    add(attempt.prompts.front().messages);
  for (size_t i = 0; i < attempt.turns.size(); ++i) {
    add(attempt.turns[i].messages);
    if (i + 1 < attempt.turns.size()) out.PushBack(data::to_json(data::Message("assistant", attempt.turns[i].reply), a), a);
  }
  return out;
}

void add_prompt(json::Document& line, const data::Attempt& attempt) {
  auto& a = line.GetAllocator();
  if (!attempt.turns.empty() || (!attempt.prompts.empty() && !attempt.prompts.front().messages.empty()))
    json::set(line, "messages", messages_of(attempt, a), a);
  else
    json::set(line, "prompt", utf8::repair(attempt.prompts.empty() ? std::string_view() : attempt.prompts.front().text.view()), a);
}

// What the metrics themselves read and say, where they do.
void add_verdicts(json::Document& line, const Scored& scored, const std::vector<Reading>& readings) {
  auto& a = line.GetAllocator();
  json::Value read(rapidjson::kObjectType), why(rapidjson::kObjectType);
  for (const Column& column : scored.columns) {
    const Reading& reading = readings[column.filter_index];
    if (column.chosen || column.metric_index >= reading.verdicts.size()) continue;
    const Verdict& verdict = reading.verdicts[column.metric_index];
    if (!verdict.answer.empty() && verdict.answer != reading.answer) json::set(read, column.key, utf8::repair(verdict.answer), a);
    if (!verdict.explanation.empty()) json::set(why, column.key, utf8::repair(verdict.explanation), a);
  }
  if (!read.ObjectEmpty()) json::set(line, "metric_answers", std::move(read), a);
  if (!why.ObjectEmpty()) json::set(line, "explanations", std::move(why), a);
}

std::string line_of(const Scored& scored, size_t i, std::string_view dataset) {
  const data::Attempt& attempt = scored.attempts[i];
  const std::vector<Reading>& readings = scored.readings[i];
  json::Document line;
  line.SetObject();
  auto& a = line.GetAllocator();
  json::set(line, "dataset", dataset, a);
  json::set(line, "index", json::Value(attempt.id.row), a);
  json::set(line, "repeat", json::Value(attempt.id.repeat), a);
  if (!attempt.cluster.empty()) json::set(line, "cluster", utf8::repair(attempt.cluster), a);
  add_prompt(line, attempt);
  json::set(line, "prediction", utf8::repair(attempt.prediction), a);
  if (!attempt.thinking.empty()) json::set(line, "thinking", utf8::repair(attempt.thinking), a);
  json::Value answers(rapidjson::kObjectType), scores(rapidjson::kObjectType);
  for (size_t filter = 0; filter < scored.filters.size(); ++filter) {
    const Reading& reading = readings[filter];
    json::set(answers, scored.filters[filter], reading.error ? json::Value(rapidjson::kNullType) : json::Value(utf8::repair(reading.answer), a), a);
  }
  json::set(line, "answers", std::move(answers), a);
  json::set(line, "target", data::embed(attempt.target_json, a), a);
  const std::string& reference = readings.front().reference_json;
  if (!reference.empty() && reference != attempt.target_json) json::set(line, "reference", data::embed(reference, a), a);
  for (const Column& column : scored.columns) json::set(scores, column.key, number_or_null(column.values[i]), a);
  json::set(line, "scores", std::move(scores), a);
  add_verdicts(line, scored, readings);
  json::set(line, "finish", text_or_null(attempt.finish, a), a);
  json::set(line, "prompt_tokens", json::Value(attempt.usage.prompt_tokens), a);
  json::set(line, "generated_tokens", json::Value(attempt.usage.generated_tokens), a);
  if (!attempt.labels.empty()) {
    json::Value logprobs(rapidjson::kArrayType), labels(rapidjson::kArrayType);
    for (const data::LabelScore& label : attempt.labels) {
      logprobs.PushBack(number_or_null(label.logprob), a);
      labels.PushBack(json::Value(label.label, a), a);
    }
    json::set(line, "logprobs", std::move(logprobs), a);
    json::set(line, "labels", std::move(labels), a);
  }
  for (const Reading& reading : readings)
    if (reading.error && !line.HasMember("error")) json::set(line, "error", utf8::repair(reading.error->message), a);
  return json::write(line);
}

}  // namespace

std::string samples_of(const Scored& scored, std::string_view dataset) {
  std::string out;
  for (size_t i = 0; i < scored.attempts.size(); ++i) out += line_of(scored, i, dataset) + "\n";
  return out;
}

}  // namespace sextant::score
