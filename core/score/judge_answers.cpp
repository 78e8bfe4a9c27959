#include "judge_answers.hpp"
#include <map>
#include <fmt/format.h>
#include <sextant/sha256.hpp>
#include <sextant/utf8_text.hpp>
#include "../data/thinking.hpp"
#include "../store/predictions.hpp"
#include "trust.hpp"

namespace sextant::score {
namespace {

constexpr size_t quoted_max = 20;  // suspicious answers that the results name

// "SmolLM2-135M-Instruct.Q4_1" and "smollm2-1.7b" are of one family: the letters that the file's name begins with.
std::string family_of(const config::ModelConfig& model) {
  std::string name = model.path.empty() ? model.abbr : model.path;
  while (name.ends_with('/')) name.pop_back();
  name = name.substr(name.rfind('/') == name.npos ? 0 : name.rfind('/') + 1);
  std::string out;
  for (const char c : name) {
    const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (low < 'a' || low > 'z') break;
    out += low;
  }
  return out;
}

}  // namespace

Result<std::vector<Answer>> answers_of(const store::RunFolder& folder, const config::DatasetConfig& dataset,
                                       const std::string& model) {
  SXT_TRY(const store::Predictions predictions,
          store::Predictions::open(folder.predictions(model, dataset.task_name), dataset.task_name));
  std::vector<Answer> out;
  const std::vector<std::string> fences = fences_of(dataset.judge->template_.config);
  for (uint64_t i = 0; i < predictions.size(); ++i) {
    SXT_TRY(const std::vector<data::Attempt> one, predictions.read(i, 1));
    const data::Attempt& attempt = one.front();
    const std::string answer(data::thought_of(attempt).answer);
    Answer found{attempt.id.row,
                 attempt.id.repeat,
                 attempt.cluster,
                 static_cast<double>(utf8::length(answer)),
                 std::string(addressed_to_judge(answer, fences)),
                 {},
                 sha256_hex(attempt.prediction),
                 dataset.judge->style ? style_of(answer) : Style{}};
    if (!dataset.judge->by.empty()) {
      SXT_TRY(const json::Document record, json::parse(attempt.record_json, dataset.task_name));
      for (const std::string& column : dataset.judge->by) {
        const json::Value* value = json::find(record, column);
        if (!value)
          return Error{Error::Kind::config,
                       fmt::format("{}: eval.judge.by names the column '{}', which row {} does not have; correct it",
                                   dataset.card_path, column, attempt.id.row)};
        found.groups.push_back(value->IsString() ? std::string(json::text(*value)) : json::write(*value));
      }
    }
    out.push_back(std::move(found));
  }
  return out;
}

std::vector<uint32_t> clusters_of(const std::vector<Answer>& answers) {
  if (answers.empty() || (answers.back().repeat == 0 && answers.front().cluster.empty())) return {};
  std::vector<uint32_t> out;
  std::map<std::string, uint32_t> places;
  for (const Answer& answer : answers) {
    const std::string name = answer.cluster.empty() ? fmt::format("row {}", answer.row) : answer.cluster;
    out.push_back(places.try_emplace(name, static_cast<uint32_t>(places.size())).first->second);
  }
  return out;
}

std::vector<std::pair<std::string, std::vector<size_t>>> groups_of(const std::vector<Answer>& answers, size_t column) {
  std::vector<std::pair<std::string, std::vector<size_t>>> out;
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < answers.size(); ++i) {
    const auto [place, fresh] = places.try_emplace(answers[i].groups[column], out.size());
    if (fresh) out.push_back({answers[i].groups[column], {}});
    out[place->second].second.push_back(i);
  }
  return out;
}

void add_kinship(const config::RunConfig& run, const std::string& judge_name, const std::string& model_name,
                 std::vector<data::Finding>& ret_findings) {
  const config::ModelConfig* judge = config::find_model(run, judge_name);
  const config::ModelConfig* model = config::find_model(run, model_name);
  if (!judge || !model || model->path.empty() || judge->path.empty()) return;
  const bool same = judge->path == model->path, kin = family_of(*judge).size() > 2 && family_of(*judge) == family_of(*model);
  if (!same && !kin) return;
  data::Finding finding{
      "self_preference", 1, 1,
      fmt::format("{} {}", same ? "the weights of" : fmt::format("the family '{}' with", family_of(*judge)), model_name)};
  finding.judge = judge_name;
  ret_findings.push_back(std::move(finding));
}

void add_suspicious(const std::vector<Answer>& answers, const std::string& model,
                    std::vector<Scored::Suspicious>& ret_suspicious, std::vector<data::Finding>& ret_findings) {
  uint64_t count = 0;
  const Answer* first = nullptr;
  for (const Answer& answer : answers) {
    if (answer.addressed.empty()) continue;
    if (++count == 1) first = &answer;
    if (count <= quoted_max) ret_suspicious.push_back({model, answer.row, answer.repeat, answer.addressed});
  }
  if (first)
    ret_findings.push_back({"addressed_to_judge", count, answers.size(),
                            fmt::format("row {} of {}: {}", first->row, model, json::quote(first->addressed))});
}

}  // namespace sextant::score
