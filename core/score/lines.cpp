#include "lines.hpp"
#include <array>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <sextant/json_text.hpp>
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "../data/fields.hpp"
#include "../data/message_text.hpp"

namespace sextant::score {
namespace {

using Allocator = json::Document::AllocatorType;
// What the model was given before it said the prediction. A conversation's first turn is the prompt's, and its last reply is
// the prediction.
void write_messages(JsonText& out, const data::Attempt& attempt) {
  const auto add = [&](const std::vector<data::Message>& messages) {
    for (const data::Message& message : messages) data::write(out, message);
  };
  out.begin_array();
  if (!attempt.prompts.empty() && attempt.prompts.front().messages.empty())
    data::write(out, data::Message("user", attempt.prompts.front().text.str()));
  else if (!attempt.prompts.empty())
    add(attempt.prompts.front().messages);
  for (size_t i = 0; i < attempt.turns.size(); ++i) {
    add(attempt.turns[i].messages);
    if (i + 1 < attempt.turns.size()) data::write(out, data::Message("assistant", attempt.turns[i].reply));
  }
  out.end_array();
}

void write_prompt(JsonText& out, const data::Attempt& attempt) {
  if (!attempt.turns.empty() || (!attempt.prompts.empty() && !attempt.prompts.front().messages.empty())) {
    out.key("messages");
    write_messages(out, attempt);
  } else {
    out.member("prompt", attempt.prompts.empty() ? std::string_view() : attempt.prompts.front().text.view());
  }
}

// The tools that the model was offered.
void write_tools(JsonText& out, const data::Attempt& attempt) {
  if (attempt.extra_json.find("\"tools\"") == std::string::npos) return;
  const auto extra = json::parse(attempt.extra_json, "extra");
  const json::Value* tools = extra ? json::find(*extra, "tools") : nullptr;
  if (!tools || !tools->IsArray()) return;
  out.key("tools");
  out.value(*tools);
}

void write_labels(JsonText& out, const data::Attempt& attempt) {
  out.key("logprobs");
  out.begin_array();
  for (const data::LabelScore& label : attempt.labels) out.number(label.logprob);
  out.end_array();
  out.key("labels");
  out.begin_array();
  for (const data::LabelScore& label : attempt.labels) out.text(label.label);
  out.end_array();
}

std::string said_by(const std::vector<Reading>& readings) {
  json::Document list;
  list.SetArray();
  auto& a = list.GetAllocator();
  for (size_t filter = 0; filter < readings.size(); ++filter)
    for (size_t metric = 0; metric < readings[filter].verdicts.size(); ++metric) {
      const Verdict& verdict = readings[filter].verdicts[metric];
      const bool read = !verdict.answer.empty() && verdict.answer != readings[filter].answer;
      if (!read && verdict.explanation.empty()) continue;
      json::Value one(rapidjson::kArrayType);
      one.PushBack(static_cast<uint64_t>(filter), a).PushBack(static_cast<uint64_t>(metric), a);
      one.PushBack(json::Value(read ? utf8::repair(verdict.answer) : std::string(), a), a)
          .PushBack(json::Value(utf8::repair(verdict.explanation), a), a);
      list.PushBack(std::move(one), a);
    }
  return list.Empty() ? std::string() : json::write(list);
}

std::string list_of(const std::vector<std::string>& texts) {
  json::Document scratch;
  return json::write(data::list(texts, scratch.GetAllocator()));
}

// An item as write_pretty() would write it in its place, two lists deep.
std::string detail_of(const data::Attempt& attempt, const Reading& first, bool repeats) {
  JsonText item(JsonText::Layout::pretty, 2);
  item.begin_object();
  item.member("index", attempt.id.row);
  if (repeats) item.member("repeat", attempt.id.repeat);
  item.member("pred", first.answer);
  item.key("answer");
  item.embed(first.reference_json.empty() ? attempt.target_json : first.reference_json);
  return "\n    " + item.take();
}

constexpr std::array parts = {&LineParts::head, &LineParts::prediction, &LineParts::middle, &LineParts::said, &LineParts::tail,
                              &LineParts::labels, &LineParts::detail, &LineParts::errors, &LineParts::judged};

}  // namespace

// 17 significant digits: every language's printf gives the same text, and every double its own.
std::string canonical_number(double value) {
  return std::isfinite(value) ? fmt::format("{:.17g}", value) : std::string("null");
}

LineParts make_line(const data::Attempt& attempt, const std::vector<Reading>& readings, const std::vector<std::string>& filters,
                    bool repeats, bool judged) {
  LineParts out;
  out.row = attempt.id.row;
  out.repeat = attempt.id.repeat;
  JsonText line(JsonText::Layout::compact);
  line.begin_object();
  line.member("dataset", attempt.id.task);
  line.member("index", attempt.id.row);
  line.member("repeat", uint64_t{attempt.id.repeat});
  if (!attempt.cluster.empty()) line.member("cluster", attempt.cluster);
  write_prompt(line, attempt);
  write_tools(line, attempt);
  line.key("prediction");
  out.head = line.take();
  line.text(attempt.prediction);
  out.prediction = line.take();
  if (!attempt.thinking.empty()) line.member("thinking", attempt.thinking);
  line.key("answers");
  line.begin_object();
  std::vector<std::string> errors;
  for (size_t filter = 0; filter < filters.size(); ++filter) {
    line.key(filters[filter]);
    if (readings[filter].error) {
      errors.push_back(readings[filter].error->message);
      line.null();
    } else {
      line.text(readings[filter].answer);
    }
  }
  line.end_object();
  line.key("target");
  line.embed(attempt.target_json);
  const std::string& reference = readings.front().reference_json;
  if (!reference.empty() && reference != attempt.target_json) {
    line.key("reference");
    line.embed(reference);
  }
  out.middle = line.take();
  out.said = said_by(readings);
  line.key("finish");
  if (attempt.finish.empty()) line.null();
  else line.text(attempt.finish);
  line.member("prompt_tokens", uint64_t{attempt.usage.prompt_tokens});
  line.member("generated_tokens", uint64_t{attempt.usage.generated_tokens});
  if (!attempt.labels.empty()) write_labels(line, attempt);
  if (!errors.empty()) line.member("error", errors.front());
  line.end_object();
  out.tail = line.take();
  for (const data::LabelScore& label : attempt.labels)
    out.labels += fmt::format("{}{{\"label\":{},\"value\":{}}}", out.labels.empty() ? "" : ",", json::quote(label.label),
                              canonical_number(label.value));
  out.detail = detail_of(attempt, readings.front(), repeats);
  if (!errors.empty()) out.errors = list_of(errors);
  if (judged) {
    std::vector<std::string> texts = {attempt.record_json, reference};
    for (const Reading& reading : readings) texts.push_back(reading.answer);
    out.judged = list_of(texts);
  }
  return out;
}

std::string Lines::packed(const LineParts& line) {
  size_t size = sizeof line.row + sizeof line.repeat + parts.size() * sizeof(uint64_t);
  for (const auto part : parts) size += (line.*part).size();
  std::string out;
  out.reserve(size);
  const auto put = [&](const auto& value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
  put(line.row);
  put(line.repeat);
  for (const auto part : parts) put(uint64_t{(line.*part).size()});
  for (const auto part : parts) out += line.*part;
  return out;
}

Result<void> Lines::put(uint64_t number, std::string_view packed) {
  SXT_TRY(const uint64_t offset, spool_.append(packed));
  places_[number] = {offset, packed.size()};
  return {};
}

Result<LineParts> Lines::get(uint64_t number) {
  const Place& place = places_[number];
  SXT_TRY(std::string_view packed, spool_.read(place.offset, place.size));
  LineParts out;
  const auto take = [&](auto& value) {
    std::memcpy(&value, packed.data(), sizeof value);
    packed.remove_prefix(sizeof value);
  };
  take(out.row);
  take(out.repeat);
  std::array<uint64_t, parts.size()> sizes{};
  for (uint64_t& size : sizes) take(size);
  for (size_t i = 0; i < sizes.size(); ++i) {
    out.*parts[i] = packed.substr(0, sizes[i]);
    packed.remove_prefix(sizes[i]);
  }
  return out;
}

}  // namespace sextant::score
