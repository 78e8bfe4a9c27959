#include "predictions.hpp"
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <unordered_map>
#include <unordered_set>
#include <sextant/json_text.hpp>
#include <sextant/utf8_text.hpp>
#include "../base/files.hpp"
#include "../base/json_members.hpp"
#include "../base/text.hpp"
#include "../data/fields.hpp"
#include "entries.hpp"

namespace sextant::store {
namespace {

using data::Attempt;

constexpr std::string_view label_prefix = "label: ";
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

void write_origin_prompt(JsonText& out, const data::Prompt& prompt) {
  if (prompt.messages.empty()) return out.text(prompt.text);
  out.begin_array();
  for (const data::Message& message : prompt.messages) {
    out.begin_object();
    out.member("role", opencompass_role(message.role));
    out.member("prompt", message.text());
    out.end_object();
  }
  out.end_array();
}

void write_label(JsonText& out, const data::LabelScore& label, const std::string& prefix, data::Form form) {
  const std::string input = prefix + label.input.str();
  std::string own = input;
  own.erase(std::min(label.examples.at, own.size()), label.examples.size);
  out.begin_object();
  out.member("testing input", own);
  out.member("prompt", input);
  const bool whole = form == data::Form::labels || form == data::Form::whole;
  if (whole) {
    out.member("PPL", label.value);
    out.member("BPB", own.empty() ? 0.0 : label.value * label.tokens / static_cast<double>(own.size()));
  }
  out.member("logprob", label.logprob);
  out.member("tokens", label.tokens);
  // what ranks them, where it is not one of the numbers above
  if (!whole && label.value != label.logprob) out.member("value", label.value);
  out.end_object();
}

// Of labels that are called the same the last one's numbers stand in the first one's place.
void write_labels(JsonText& out, const Attempt& attempt, data::Form form) {
  const bool prefixed = (form == data::Form::continuations || form == data::Form::cloze) && !attempt.prompts.empty();
  const bool each =
      attempt.prompts.size() > 1 && attempt.prompts.size() == attempt.labels.size();  // a label has a prompt of its own
  std::unordered_map<std::string_view, size_t> last;
  for (size_t i = 0; i < attempt.labels.size(); ++i) last.insert_or_assign(attempt.labels[i].label, i);
  std::unordered_set<std::string_view> written;
  for (const data::LabelScore& label : attempt.labels) {
    if (!written.insert(label.label).second) continue;
    const size_t i = last.at(label.label);
    out.key(fmt::format("{}{}", label_prefix, label.label));
    write_label(out, attempt.labels[i], prefixed ? attempt.prompts[each ? i : 0].text.str() : std::string(), form);
  }
}

void write_turns(JsonText& out, const std::vector<data::Turn>& turns) {
  out.begin_array();
  for (const data::Turn& turn : turns) {
    json::Document scratch;
    out.begin_object();
    out.key("messages");
    out.value(data::to_json(turn.messages, scratch.GetAllocator()));
    out.member("reply", turn.reply);
    out.end_object();
  }
  out.end_array();
}

void write_attempt(JsonText& out, const Attempt& attempt, data::Form form, bool repeats) {
  const auto embedded = [&](std::string_view name, std::string_view json_text) {
    out.key(name);
    out.embed(json_text);
  };
  out.begin_object();
  write_labels(out, attempt, form);
  if (!attempt.prompts.empty()) {
    out.key("origin_prompt");
    write_origin_prompt(out, attempt.prompts.front());
  }
  out.member("prediction", attempt.prediction);
  embedded("gold", attempt.target_json);
  out.member("index", attempt.id.row);
  embedded("record", attempt.record_json);
  if (repeats) out.member("repeat", attempt.id.repeat);
  if (!attempt.cluster.empty()) out.member("cluster", attempt.cluster);
  if (!attempt.thinking.empty()) out.member("thinking", attempt.thinking);
  if (!attempt.turns.empty()) {
    out.key("turns");
    write_turns(out, attempt.turns);
  }
  if (!attempt.extra_json.empty()) embedded("extra", attempt.extra_json);
  if (!attempt.finish.empty()) out.member("finish", attempt.finish);
  if (attempt.margin) {
    json::Document scratch;
    out.key("margin");
    out.value(data::to_json(*attempt.margin, scratch.GetAllocator()));
  }
  // not computed_tokens: it depends on what an earlier run had done
  out.member("prompt_tokens", attempt.usage.prompt_tokens);
  out.member("generated_tokens", attempt.usage.generated_tokens);
  if (attempt.usage.truncated_tokens) out.member("truncated_tokens", attempt.usage.truncated_tokens);
  if (attempt.dropped_shots) out.member("dropped_shots", attempt.dropped_shots);
  out.end_object();
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

std::string entry_of(const Attempt& attempt, data::Form form, bool repeats) {
  JsonText out(JsonText::Layout::pretty, 1);
  write_attempt(out, attempt, form, repeats);
  return out.take();
}

std::string role_of_entry(std::string_view role) { return role_of(opencompass_role(role)); }

Result<Attempt> attempt_of_entry(std::string_view json_text, uint64_t position) {
  const std::string origin = fmt::format("sample {}", position);
  SXT_TRY(const json::Document value, json::parse(json_text, origin));
  return attempt_from_json(value, origin, position);
}

Result<void> PredictionsWriter::add(uint64_t number, const Attempt& attempt) {
  const std::string entry = entry_of(attempt, form_, repeats_ > 1);
  SXT_TRY(const uint64_t offset, spool_.append(entry));
  if (places_.size() <= number) places_.resize(number + 1);
  places_[number] = {offset, entry.size()};
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
    auto attempt =
        attempt_of_entry(std::string_view(text).substr(places_[i].begin - begin, places_[i].end - places_[i].begin), i);
    if (!attempt) return broken(attempt.error().message);
    attempt->id.task = task_;
    out.push_back(*std::move(attempt));
  }
  return out;
}

}  // namespace sextant::store
