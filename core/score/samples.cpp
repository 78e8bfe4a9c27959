// samples/<model>/<task>.jsonl: one line an attempt, for pandas and jq (docs/files.md). Every line of a file has the same
// members, but for those that are marked there.
#include <cmath>
#include <fmt/format.h>
#include "score.hpp"

namespace sextant::score {
namespace {

std::string number_or_null(double value) {
  if (value == 0 && !std::signbit(value)) return "0.0";
  if (value == 1) return "1.0";
  return std::isfinite(value) ? json::write(json::Value(value)) : "null";
}

// What the metrics themselves read and say, where they do: objects by the columns' names.
Result<std::string> said_by(const Scored& scored, std::string_view said_json) {
  SXT_TRY(const json::Document said, json::parse(said_json, "a scored attempt"));
  std::string read, why;
  const auto add = [](std::string& to, const std::string& key, const json::Value& text) {
    if (text.GetStringLength() > 0)
      to += fmt::format("{}{}:{}", to.empty() ? "" : ",", json::quote(key), json::quote(json::text(text)));
  };
  for (const Column& column : scored.columns)
    for (const auto& one : said.GetArray()) {
      if (column.chosen || one[0].GetUint64() != column.filter_index || one[1].GetUint64() != column.metric_index) continue;
      add(read, column.key, one[2]);
      add(why, column.key, one[3]);
    }
  return (read.empty() ? "" : ",\"metric_answers\":{" + read + "}") + (why.empty() ? "" : ",\"explanations\":{" + why + "}");
}

}  // namespace

Result<void> write_samples(const Scored& scored, const Write& write,
                           const std::function<void(const LineParts& attempt, const std::string& message)>& failure) {
  std::vector<std::string> keys;
  for (const Column& column : scored.columns) keys.push_back(json::quote(column.key) + ":");
  std::string text;
  for (uint64_t i = 0; i < scored.attempts; ++i) {
    SXT_TRY(const LineParts line, scored.lines->get(i));
    text = line.head;
    text += line.prediction;
    text += line.middle;
    text += ",\"scores\":{";
    for (size_t c = 0; c < keys.size(); ++c) {
      if (c > 0) text += ',';
      text += keys[c];
      text += number_or_null(scored.columns[c].values[i]);
    }
    text += '}';
    if (!line.said.empty()) {
      SXT_TRY(const std::string said, said_by(scored, line.said));
      text += said;
    }
    text += line.tail;
    text += '\n';
    SXT_CHECK(write(text));
    if (line.errors.empty()) continue;
    SXT_TRY(const json::Document errors, json::parse(line.errors, "a scored attempt"));
    for (const auto& error : errors.GetArray()) failure(line, std::string(json::text(error)));
  }
  return {};
}

}  // namespace sextant::score
