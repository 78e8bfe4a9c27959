// What the formats have in common, and the list of them.
#include "formats.hpp"

namespace sextant::exchange {

const std::vector<Format>& formats() {
  static const std::vector<Format> all = {
      {"lm-eval", "lm-eval 0.4.13: MODEL/results_*.json and samples_*.jsonl", write_lm_eval},
      {"inspect", "Inspect: an EvalLog (JSON) for each model and data set", write_inspect},
      {"evalscope", "evalscope: reports/MODEL/DATASET.json", write_evalscope},
      {"junit", "junit.xml: a suite for each model and data set, a case for each attempt", write_junit},
      {"csv", "attempts.csv: a line for each attempt", write_csv},
      {"parquet", "attempts.parquet: a row for each attempt", write_parquet},
      {"ceval", "C-Eval's submission: {\"law\": {\"0\": \"A\"}}, a file for each model", write_ceval},
      {"cmmlu", "the same of CMMLU", write_cmmlu},
  };
  return all;
}

json::Document row_of(const Task& task, const data::Attempt* attempt) {
  json::Document out;
  out.SetObject();
  if (!attempt || attempt->record_json.empty()) return out;
  auto record = json::parse(attempt->record_json, "record");
  if (!record || !record->IsObject()) return out;
  if (const json::Value* derived = member_at(task.set, "reader.derive"); derived && derived->IsObject())
    for (const auto& column : derived->GetObject()) record->EraseMember(column.name);
  // columns that a task's own code makes (tasks/card.cpp)
  if (const json::Value* made = member_at(task.set, "loader.config.columns"); made && made->IsArray())
    for (const auto& column : made->GetArray())
      if (column.IsString()) record->EraseMember(("!" + std::string(json::text(column))).c_str());
  return *std::move(record);
}

std::string prompt_text(const json::Value& line) {
  if (const auto prompt = json::find_string(line, "prompt")) return *prompt;
  const json::Value* messages = json::find(line, "messages");
  return messages ? json::write(*messages) : std::string();
}

}  // namespace sextant::exchange
