#include "predictions.hpp"
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>
#include "../base/files.hpp"
#include "../base/json_members.hpp"
#include "../base/text.hpp"
#include "../data/fields.hpp"

namespace sextant::store {
namespace {

using Allocator = json::Document::AllocatorType;
using data::Attempt;

constexpr std::string_view label_prefix = "label: ";
// what stands around a value that is an object's only member, its name empty
constexpr std::string_view name_at = "{\n  \"\": ", behind_value = "\n}";
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> opencompass_roles{{
    {"user", "HUMAN"}, {"assistant", "BOT"}, {"system", "SYSTEM"}}};

std::string opencompass_role(std::string_view role) {
  for (const auto& [ours, theirs] : opencompass_roles)
    if (ours == role) return std::string(theirs);
  return std::string(role);
}
std::string role_of(std::string_view opencompass) {
  for (const auto& [ours, theirs] : opencompass_roles)
    if (theirs == opencompass) return std::string(ours);
  return std::string(opencompass);
}

json::Value origin_prompt(const data::Prompt& prompt, Allocator& a) {
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

json::Value label_to_json(const data::LabelScore& label, const std::string& prefix, data::Form form, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  const std::string input = prefix + label.input.str();
  std::string own = input;
  own.erase(std::min(label.examples.at, own.size()), label.examples.size);
  json::set(out, "testing input", own, a);
  json::set(out, "prompt", input, a);
  if (form == data::Form::labels || form == data::Form::whole) {
    json::set(out, "PPL", json::Value(label.value), a);
    json::set(out, "BPB", json::Value(own.empty() ? 0.0 : label.value * label.tokens / static_cast<double>(own.size())), a);
  }
  json::set(out, "logprob", json::Value(label.logprob), a);
  json::set(out, "tokens", json::Value(label.tokens), a);
  // what ranks them, where it is not one of the numbers above
  if (form != data::Form::labels && form != data::Form::whole && label.value != label.logprob)
    json::set(out, "value", json::Value(label.value), a);
  return out;
}

json::Value turns_to_json(const std::vector<data::Turn>& turns, Allocator& a) {
  json::Value out(rapidjson::kArrayType);
  for (const data::Turn& turn : turns) {
    json::Value item(rapidjson::kObjectType), messages(rapidjson::kArrayType);
    for (const data::Message& message : turn.messages) messages.PushBack(data::to_json(message, a), a);
    json::set(item, "messages", std::move(messages), a);
    json::set(item, "reply", utf8::repair(turn.reply), a);
    out.PushBack(std::move(item), a);
  }
  return out;
}

json::Value attempt_to_json(const Attempt& attempt, data::Form form, bool repeats, Allocator& a) {
  json::Value item(rapidjson::kObjectType);
  const bool prefixed = (form == data::Form::continuations || form == data::Form::cloze) && !attempt.prompts.empty();
  const bool each =
      attempt.prompts.size() > 1 && attempt.prompts.size() == attempt.labels.size();  // a label has a prompt of its own
  for (size_t i = 0; i < attempt.labels.size(); ++i) {
    const std::string prefix = prefixed ? attempt.prompts[each ? i : 0].text.str() : std::string();
    json::set(item, fmt::format("{}{}", label_prefix, attempt.labels[i].label),
              label_to_json(attempt.labels[i], prefix, form, a), a);
  }
  if (!attempt.prompts.empty()) json::set(item, "origin_prompt", origin_prompt(attempt.prompts.front(), a), a);
  json::set(item, "prediction", utf8::repair(attempt.prediction), a);
  json::set(item, "gold", data::embed(attempt.target_json, a), a);
  json::set(item, "index", json::Value(attempt.id.row), a);
  json::set(item, "record", data::embed(attempt.record_json, a), a);
  if (repeats) json::set(item, "repeat", json::Value(attempt.id.repeat), a);
  if (!attempt.cluster.empty()) json::set(item, "cluster", attempt.cluster, a);
  if (!attempt.thinking.empty()) json::set(item, "thinking", utf8::repair(attempt.thinking), a);
  if (!attempt.turns.empty()) json::set(item, "turns", turns_to_json(attempt.turns, a), a);
  if (!attempt.extra_json.empty()) json::set(item, "extra", data::embed(attempt.extra_json, a), a);
  if (!attempt.finish.empty()) json::set(item, "finish", attempt.finish, a);
  if (attempt.margin) json::set(item, "margin", data::to_json(*attempt.margin, a), a);
  // not computed_tokens: it depends on what an earlier run had done
  json::set(item, "prompt_tokens", json::Value(attempt.usage.prompt_tokens), a);
  json::set(item, "generated_tokens", json::Value(attempt.usage.generated_tokens), a);
  if (attempt.usage.truncated_tokens) json::set(item, "truncated_tokens", json::Value(attempt.usage.truncated_tokens), a);
  if (attempt.dropped_shots) json::set(item, "dropped_shots", json::Value(attempt.dropped_shots), a);
  return item;
}

Result<data::Prompt> prompt_from_json(const json::Value& value, const std::string& origin) {
  data::Prompt prompt;
  if (value.IsString()) {
    prompt.text = json::text(value);
    return prompt;
  }
  if (!value.IsArray()) return Error{Error::Kind::data, origin + " must be a text or a list of turns"};
  for (const auto& turn : value.GetArray())
    prompt.messages.emplace_back(role_of(json::find_string(turn, "role").value_or("")),
                                 json::find_string(turn, "prompt").value_or(""));
  prompt.chat = true;
  return prompt;
}

Result<data::LabelScore> label_from_json(std::string_view name, const json::Value& value, std::string_view prefix,
                                         const std::string& origin) {
  const auto ppl = json::find_number(value, "PPL"), logprob = json::find_number(value, "logprob");
  if (!ppl && !logprob) return Error{Error::Kind::data, origin + " has neither \"PPL\" nor \"logprob\""};
  data::LabelScore label;
  label.label = name;
  const auto whole = json::find_string(value, "prompt");
  std::string input = whole ? *whole : json::find_string(value, "testing input").value_or("");
  if (!ppl && !prefix.empty() && std::string_view(input).starts_with(prefix)) input.erase(0, prefix.size());
  label.input = std::move(input);
  label.logprob = logprob.value_or(0);
  label.tokens = static_cast<uint32_t>(json::find_int(value, "tokens").value_or(0));
  label.value = json::find_number(value, "value").value_or(ppl ? *ppl : label.logprob);
  return label;
}

Result<std::vector<data::Turn>> turns_from_json(data::Fields& fields) {
  std::vector<data::Turn> turns;
  fields.each("turns", [&](const json::Value& value, const std::string& origin) -> Result<void> {
    data::Turn turn;
    data::Fields in(value, origin);
    in.read("reply", turn.reply);
    in.each("messages", [&](const json::Value& message, const std::string& where) -> Result<void> {
      SXT_TRY(data::Message one, data::message_from_json(message, where));
      turn.messages.push_back(std::move(one));
      return {};
    });
    SXT_CHECK(in.take());
    turns.push_back(std::move(turn));
    return {};
  });
  return turns;
}

Result<Attempt> attempt_from_json(const json::Value& value, const std::string& origin, uint64_t position) {
  Attempt attempt;
  attempt.id.row = position;
  data::Fields fields(value, origin);
  fields.require("prediction");
  fields.require("gold");
  fields.read("prediction", attempt.prediction);
  fields.read_json("gold", attempt.target_json);
  attempt.record_json = "{}";
  fields.read_json("record", attempt.record_json);
  fields.read("index", attempt.id.row);
  fields.read("repeat", attempt.id.repeat);
  fields.read("cluster", attempt.cluster);
  fields.read("thinking", attempt.thinking);
  fields.read("finish", attempt.finish);
  fields.read_json("extra", attempt.extra_json);
  fields.read("prompt_tokens", attempt.usage.prompt_tokens);
  fields.read("generated_tokens", attempt.usage.generated_tokens);
  fields.read("truncated_tokens", attempt.usage.truncated_tokens);
  fields.read("dropped_shots", attempt.dropped_shots);
  if (const json::Value* margin = fields.find("margin")) {
    SXT_TRY(attempt.margin, data::margin_from_json(*margin, fields.where("margin")));
  }
  SXT_TRY(attempt.turns, turns_from_json(fields));
  SXT_CHECK(fields.take());
  if (const json::Value* prompt = json::find(value, "origin_prompt")) {
    SXT_TRY(data::Prompt one, prompt_from_json(*prompt, fields.where("origin_prompt")));
    attempt.prompts.push_back(std::move(one));
  }
  const std::string_view prefix = attempt.prompts.empty() ? std::string_view() : attempt.prompts.front().text.view();
  for (const auto& field : value.GetObject()) {
    const std::string_view key = json::text(field.name);
    if (!key.starts_with(label_prefix)) continue;
    SXT_TRY(data::LabelScore label,
            label_from_json(key.substr(label_prefix.size()), field.value, prefix, fmt::format("{}: \"{}\"", origin, key)));
    attempt.labels.push_back(std::move(label));
  }
  return attempt;
}

}  // namespace

Result<void> PredictionsWriter::add(uint64_t number, const Attempt& attempt) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  out.AddMember("", attempt_to_json(attempt, form_, repeats_ > 1, a), a);
  const std::string text = json::write_pretty(out);
  const std::string_view value =
      std::string_view(text).substr(name_at.size(), text.size() - name_at.size() - behind_value.size());
  SXT_TRY(const uint64_t offset, spool_.append(value));
  if (places_.size() <= number) places_.resize(number + 1);
  places_[number] = {offset, value.size()};
  return {};
}

Result<void> PredictionsWriter::finish() {
  SXT_TRY(FileWriter file, FileWriter::open(path_));
  SXT_CHECK(file.write("{"));
  const uint64_t rows = places_.size() / repeats_;
  for (uint64_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i % rows * repeats_ + i / rows];
    SXT_TRY(const std::string_view value, spool_.read(place.offset, place.size));
    SXT_CHECK(file.write(fmt::format("{}\n  \"{}\": ", i == 0 ? "" : ",", i)));
    SXT_CHECK(file.write(value));
  }
  SXT_CHECK(file.write(places_.empty() ? "}\n" : "\n}\n"));
  return file.commit();
}

Error Predictions::broken(const std::string& what) const {
  return {Error::Kind::data, fmt::format("{}: {}; infer the data set again", file_.path().string(), what)};
}

Result<Predictions> Predictions::open(const std::filesystem::path& path, std::string_view task) {
  auto file = InputFile::open(path);
  if (!file && file.error().kind == Error::Kind::missing)
    return Error{Error::Kind::io,
                 fmt::format("{} does not exist; infer the data set first (-m infer or all, with -r)", path.string())};
  if (!file) return file.error();
  Predictions out(*std::move(file), task);
  SXT_CHECK(out.find_places());
  return out;
}

Result<void> Predictions::find_places() {
  std::optional<std::string> wrong_name;
  SXT_CHECK(scan_members(file_, [&](std::string_view name, uint64_t begin, uint64_t end) {
    if (name == std::to_string(places_.size())) places_.push_back({begin, end});
    else wrong_name = name;
    return !wrong_name;
  }));
  if (wrong_name) return broken(fmt::format("sample \"{}\" stands where \"{}\" should", *wrong_name, places_.size()));
  return {};
}

Result<std::vector<Attempt>> Predictions::read(uint64_t first, uint64_t n) const {
  std::vector<Attempt> out;
  out.reserve(n);
  if (n == 0) return out;
  const uint64_t begin = places_[first].begin, bytes = places_[first + n - 1].end - begin;
  SXT_TRY(const std::string text, file_.read(begin, bytes));
  if (text.size() != bytes) return broken("the file was changed while it was read");
  for (uint64_t i = first; i < first + n; ++i) {
    const std::string origin = fmt::format("sample {}", i);
    const auto value =
        json::parse(std::string_view(text).substr(places_[i].begin - begin, places_[i].end - places_[i].begin), origin);
    if (!value) return broken(value.error().message);
    auto attempt = attempt_from_json(*value, origin, i);
    if (!attempt) return broken(attempt.error().message);
    attempt->id.task = task_;
    out.push_back(*std::move(attempt));
  }
  return out;
}

}  // namespace sextant::store
