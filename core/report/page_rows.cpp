// A run's samples files as a page's columns and blocks. A block is a list of {"line": the samples file's line, "more"?: what
// the predictions say in addition}.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>
#include "../base/json_line.hpp"
#include "../base/lines.hpp"
#include "../base/packed.hpp"
#include "../data/thinking.hpp"
#include "../stats/calibration.hpp"
#include "../store/predictions.hpp"
#include "page.hpp"

namespace sextant::report {
namespace {

constexpr size_t block_bytes = 192 << 10;  // of JSON: some milliseconds of a browser's time
constexpr size_t preview_bytes = 160, answer_bytes = 80;
constexpr size_t record_bytes_max = 64 << 10;  // a larger row is left out of the block
constexpr size_t input_bytes_max = 16 << 10;
constexpr uint64_t stretch = 256;  // attempts that are read at a time
constexpr size_t ratio_bytes_min = 64;

constexpr std::array<const char*, 14> names = {"task",  "row",        "repeat", "score",  "flags",    "prompt", "generated",
                                               "ratio", "confidence", "hit",    "margin", "question", "answer", "target"};
enum Flag : unsigned { unparsed = 1, cut = 2, no_score = 4, thinking = 8, prompt_cut = 16, shots_dropped = 32, finished = 64 };

std::string number(double value, const char* format = "{:.5g}") {
  return std::isfinite(value) ? fmt::format(fmt::runtime(format), value) : std::string("null");
}

// One line of it, as much as a list shows.
std::string preview(std::string_view text, size_t bytes_max, bool end) {
  if (text.size() > bytes_max * 4) text = end ? text.substr(text.size() - bytes_max * 4) : text.substr(0, bytes_max * 4);
  std::string out;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  if (out.size() > bytes_max) {
    size_t begin = end ? out.size() - bytes_max : 0;
    while (begin < out.size() && (static_cast<unsigned char>(out[begin]) & 0xC0) == 0x80) ++begin;
    out = out.substr(begin, bytes_max);
    out.resize(utf8::valid_prefix(out));
    out = end ? "…" + out : out + "…";
  }
  return json::quote(utf8::repair(out));
}

std::string question_of(const json::Value& line, const data::Attempt* attempt) {
  if (attempt && !attempt->record_json.empty())
    if (const auto record = json::parse(attempt->record_json, "record"))
      for (const char* name : {"question", "problem", "input"})
        if (const auto text = json::find_string(*record, name); text && !text->empty())
          return preview(*text, preview_bytes, false);
  if (const json::Value* messages = json::find(line, "messages"); messages && messages->IsArray() && !messages->Empty())
    return preview(text_of(json::find((*messages)[messages->Size() - 1], "content")), preview_bytes, true);
  return preview(prompt_of(line), preview_bytes, true);
}

// The probabilities that the sums of ln p give the labels.
stats::Chance chance_of(const json::Value& line, const json::Value* wanted) {
  const json::Value *labels = json::find(line, "labels"), *logprobs = json::find(line, "logprobs");
  if (!labels || !logprobs || !labels->IsArray() || !logprobs->IsArray() || labels->Size() < 2 ||
      labels->Size() != logprobs->Size() || !wanted || !wanted->IsString())
    return {};
  std::vector<double> values;
  size_t right = labels->Size();
  for (rapidjson::SizeType i = 0; i < labels->Size(); ++i) {
    if (!(*logprobs)[i].IsNumber()) return {};
    values.push_back((*logprobs)[i].GetDouble());
    if ((*labels)[i] == *wanted) right = i;
  }
  return right < values.size() ? stats::chance_of(values, right) : stats::Chance{};
}

// `input`: the whole text that was scored, where it is not long.
void add_label(std::string& out, const data::LabelScore& label) {
  const std::string input = label.input.view().size() <= input_bytes_max ? utf8::repair(label.input.view()) : std::string();
  out += fmt::format("{}{{\"label\":{},\"tokens\":{},\"value\":{},\"logprob\":{}{}}}", out.empty() ? "" : ",",
                     json::quote(utf8::repair(label.label)), label.tokens, number(label.value, "{:.17g}"),
                     number(label.logprob, "{:.17g}"), input.empty() ? "" : ",\"input\":" + json::quote(input));
}

// What the predictions say beyond the samples file.
std::string more_of(const data::Attempt& attempt) {
  std::string out, labels;
  const auto add = [&](std::string_view name, std::string_view value) {
    out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", name, value);
  };
  for (const data::LabelScore& label : attempt.labels) add_label(labels, label);
  if (attempt.thinking.empty())  // else the samples file has both apart
    if (const Thought apart = data::thought_of(attempt); !apart.thinking.empty())
      add("thought", fmt::format("{{\"thinking\":{},\"answer\":{}}}", json::quote(utf8::repair(apart.thinking)),
                                 json::quote(utf8::repair(apart.answer))));
  if (!labels.empty()) add("labels", "[" + labels + "]");
  if (attempt.usage.truncated_tokens > 0) add("truncated_tokens", std::to_string(attempt.usage.truncated_tokens));
  if (attempt.dropped_shots > 0) add("dropped_shots", std::to_string(attempt.dropped_shots));
  for (const auto& [name, text] : {std::pair("extra", &attempt.extra_json), std::pair("record", &attempt.record_json)}) {
    if (text->empty() || text->size() > record_bytes_max) continue;
    const auto value = json::parse(*text, name);
    if (value && value->IsObject() && !value->ObjectEmpty()) add(name, json::write(*value));
  }
  return out;
}

}  // namespace

std::string prompt_of(const json::Value& line) {
  if (const auto prompt = json::find_string(line, "prompt")) return *prompt;
  std::string out;
  if (const json::Value* messages = json::find(line, "messages"); messages && messages->IsArray())
    for (const auto& message : messages->GetArray())
      out += fmt::format("{}[{}] {}", out.empty() ? "" : "\n", json::find_string(message, "role").value_or("?"),
                         text_of(json::find(message, "content")));
  return out;
}

std::optional<double> first_score(const json::Value& line) {
  const json::Value* scores = json::find(line, "scores");
  if (!scores || !scores->IsObject() || scores->ObjectEmpty() || !scores->MemberBegin()->value.IsNumber()) return std::nullopt;
  return scores->MemberBegin()->value.GetDouble();
}

std::string text_of(const json::Value* value) {
  return !value ? "" : value->IsString() ? std::string(json::text(*value)) : json::write(*value);
}

double compression_ratio(std::string_view text) {
  if (text.size() < ratio_bytes_min) return 1;
  return static_cast<double>(text.size()) / static_cast<double>(deflated(text).size());
}

double margin_of(const data::Attempt& attempt) {
  if (attempt.labels.empty() && attempt.margin) return static_cast<double>(attempt.margin->least);
  const auto winner = std::find_if(attempt.labels.begin(), attempt.labels.end(),
                                   [&](const auto& label) { return label.label == attempt.prediction; });
  double least = std::nan("");
  for (const data::LabelScore& label : attempt.labels)
    if (winner != attempt.labels.end() && label.label != winner->label)
      least = std::fmin(least, std::abs(label.value - winner->value));
  return least;
}

void PageRows::add_row(const json::Value& line, std::string_view text, const data::Attempt* attempt) {
  const std::string prediction = json::find_string(line, "prediction").value_or("");
  const auto score = first_score(line);
  const auto finish = json::find_string(line, "finish");
  const json::Value* answers = json::find(line, "answers");
  const json::Value* answer =
      answers && answers->IsObject() && !answers->ObjectEmpty() ? &answers->MemberBegin()->value : nullptr;
  const json::Value* wanted = json::find(line, "reference");
  if (!wanted) wanted = json::find(line, "target");
  const stats::Chance chance = chance_of(line, wanted);
  unsigned flags = 0;
  if (finish) flags |= finished;
  if (finish && answer && answer->IsString() && answer->GetStringLength() == 0) flags |= unparsed;
  if (finish == "length") flags |= cut;
  if (!score) flags |= no_score;
  if (attempt && attempt->usage.truncated_tokens > 0) flags |= prompt_cut;
  if (attempt && attempt->dropped_shots > 0) flags |= shots_dropped;
  const std::string more = attempt ? more_of(*attempt) : std::string();
  if (json::find(line, "thinking") || more.starts_with("\"thought\"")) flags |= thinking;
  const auto count = [&](const char* name) { return std::to_string(json::find_int(line, name).value_or(0)); };
  const std::array<std::string, names.size()> values = {
      std::to_string(tasks_),
      count("index"),
      count("repeat"),
      score ? number(*score) : "null",
      std::to_string(flags),
      count("prompt_tokens"),
      count("generated_tokens"),
      number(compression_ratio(prediction), "{:.3g}"),
      number(chance.confidence, "{:.4f}"),
      chance.right ? "1" : "0",
      number(attempt ? margin_of(*attempt) : std::nan("")),
      question_of(line, attempt),
      answer && !answer->IsNull() ? preview(text_of(answer), answer_bytes, false) : "null",
      preview(text_of(wanted), answer_bytes, false)};
  for (size_t i = 0; i < values.size(); ++i) columns_[i] += (rows_ > 0 ? "," : "") + values[i];
  if (block_.empty()) firsts_.push_back(rows_);
  block_ +=
      fmt::format("{}{{\"line\":{}{}}}", block_.empty() ? "[" : ",\n", text, more.empty() ? "" : ",\"more\":{" + more + "}");
  ++rows_;
  if (block_.size() >= block_bytes) close_block();
}

void PageRows::close_block() {
  if (block_.empty()) return;
  block_ += "]";
  blocks_.push_back(base64(deflated(block_)));
  block_.clear();
}

Result<void> PageRows::add(const std::filesystem::path& samples, const std::filesystem::path& predictions) {
  std::optional<store::Predictions> predicted;
  std::error_code code;
  if (std::filesystem::exists(predictions, code)) { SXT_TRY(predicted, store::Predictions::open(predictions)); }
  std::vector<data::Attempt> attempts;  // of the present stretch
  uint64_t number = 0;
  SXT_CHECK(each_line(samples, [&](std::string_view text) -> Result<void> {
    const uint64_t place = number++;
    if (rows_ >= page_attempts_max) {
      ++left_out_;
      return {};
    }
    SXT_TRY(const json::Document line, parse_line(text, fmt::format("{}, line {}", samples.string(), number)));
    if (!line.IsObject())
      return Error{Error::Kind::data,
                   fmt::format("{}, line {}: this is no sample; score the run again (-m eval -r)", samples.string(), number)};
    const data::Attempt* attempt = nullptr;
    if (predicted && place < predicted->size()) {
      if (place % stretch == 0) { SXT_TRY(attempts, predicted->read(place, std::min(stretch, predicted->size() - place))); }
      attempt = &attempts[place % stretch];
    }
    add_row(line, text, attempt);
    return {};
  }));
  ++tasks_;
  return {};
}

std::string PageRows::index() {
  close_block();
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) out += fmt::format("{}\"{}\":[{}]", i == 0 ? "{" : ",\n", names[i], columns_[i]);
  return base64(deflated(out + "}"));
}

}  // namespace sextant::report
