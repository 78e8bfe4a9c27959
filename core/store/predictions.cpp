// predictions/<model>/<task>.json, in OpenCompass' form with two members more: "index" and "record".
#include <fmt/format.h>
#include "../base/files.hpp"
#include "../base/text.hpp"
#include "run_folder.hpp"
#include "sample_json.hpp"

namespace sextant::store {
namespace {

std::string opencompass_role(const std::string& role) {
  return role == "user" ? "HUMAN" : role == "assistant" ? "BOT" : role == "system" ? "SYSTEM" : role;
}

json::Value origin_prompt(const render::Prompt& prompt, json::Document::AllocatorType& a) {
  if (prompt.messages.empty()) return json::Value(prompt.text.str(), a);
  json::Value turns(rapidjson::kArrayType);
  for (const data::Message& message : prompt.messages) {
    json::Value turn(rapidjson::kObjectType);
    json::set(turn, "role", opencompass_role(message.role), a);
    json::set(turn, "prompt", message.text(), a);
    turns.PushBack(std::move(turn), a);
  }
  return turns;
}

json::Value label_to_json(const LabelScore& label, const std::string& prefix, data::Form form,
                          json::Document::AllocatorType& a) {
  json::Value out(rapidjson::kObjectType);
  const std::string input = prefix + label.input;
  json::set(out, "testing input", input, a);
  json::set(out, "prompt", input, a);
  if (form == data::Form::labels) {
    json::set(out, "PPL", json::Value(label.value), a);
    json::set(out, "BPB", json::Value(input.empty() ? 0.0 : label.value * label.tokens / static_cast<double>(input.size())), a);
  }
  json::set(out, "logprob", json::Value(label.logprob), a);
  json::set(out, "tokens", json::Value(label.tokens), a);
  return out;
}

constexpr std::string_view label_prefix = "label: ";

Error broken(const std::filesystem::path& path, const std::string& what) {
  return {Error::Kind::data, fmt::format("{}: {}; infer the data set again", path.string(), what)};
}

}  // namespace

Result<void> write_predictions(const std::filesystem::path& path, const std::vector<Sample>& samples, data::Form form) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  for (size_t i = 0; i < samples.size(); ++i) {
    const Sample& sample = samples[i];
    json::Value item(rapidjson::kObjectType);
    const std::string prefix =
        form == data::Form::continuations && !sample.prompts.empty() ? sample.prompts.front().text.str() : std::string();
    for (const LabelScore& label : sample.labels)
      json::set(item, fmt::format("{}{}", label_prefix, label.label), label_to_json(label, prefix, form, a), a);
    if (!sample.prompts.empty()) json::set(item, "origin_prompt", origin_prompt(sample.prompts.front(), a), a);
    json::set(item, "prediction", to_valid_utf8(sample.prediction), a);
    json::set(item, "gold", embed(sample.gold_json, a), a);
    json::set(item, "index", json::Value(sample.index), a);
    json::set(item, "record", embed(sample.record_json, a), a);
    out.AddMember(json::Value(std::to_string(i), a), std::move(item), a);
  }
  return write_file(path, json::write_pretty(out) + "\n");
}

Result<std::vector<StoredPrediction>> read_predictions(const std::filesystem::path& path) {
  std::error_code code;
  if (!std::filesystem::exists(path, code))
    return Error{Error::Kind::io,
                 fmt::format("{} is not there; infer the data set first (-m infer or all, with -r)", path.string())};
  SXT_TRY(const std::string text, read_file(path));
  SXT_TRY(const json::Document in, json::parse(text, path.string()));
  if (!in.IsObject()) return broken(path, "the file holds no JSON object");
  std::vector<StoredPrediction> out;
  for (const auto& member : in.GetObject()) {
    const std::string name(json::text(member.name));
    if (name != std::to_string(out.size()))
      return broken(path, fmt::format("sample \"{}\" stands where \"{}\" should", name, out.size()));
    const auto prediction = json::find_string(member.value, "prediction");
    const json::Value* gold = json::find(member.value, "gold");
    if (!prediction) return broken(path, fmt::format("sample {} has no text \"prediction\"", name));
    if (!gold) return broken(path, fmt::format("sample {} has no \"gold\"", name));
    StoredPrediction stored;
    stored.index = out.size();
    if (const json::Value* index = json::find(member.value, "index")) {
      if (!index->IsUint64()) return broken(path, fmt::format("sample {} has an \"index\" that is no row number", name));
      stored.index = index->GetUint64();
    }
    stored.prediction = *prediction;
    stored.gold_json = json::write(*gold);
    const json::Value* record = json::find(member.value, "record");
    stored.record_json = record ? json::write(*record) : "{}";
    for (const auto& field : member.value.GetObject()) {
      const std::string_view key = json::text(field.name);
      if (!key.starts_with(label_prefix)) continue;
      const auto value = json::find_number(field.value, "PPL"), logprob = json::find_number(field.value, "logprob");
      if (!value && !logprob)
        return broken(path, fmt::format("sample {}, \"{}\" has neither \"PPL\" nor \"logprob\"", name, key));
      LabelScore label;
      label.label = key.substr(label_prefix.size());
      label.input = json::find_string(field.value, "testing input").value_or("");
      label.logprob = logprob.value_or(0);
      label.tokens = static_cast<uint32_t>(json::find_int(field.value, "tokens").value_or(0));
      label.value = value ? *value : *logprob;
      stored.labels.push_back(std::move(label));
    }
    out.push_back(std::move(stored));
  }
  return out;
}

}  // namespace sextant::store
