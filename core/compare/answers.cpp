#include "answers.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/sha256.hpp>
#include <unordered_map>
#include "../base/json_line.hpp"
#include "../base/json_members.hpp"
#include "../base/lines.hpp"
#include "../score/columns.hpp"
#include "../store/predictions.hpp"

namespace sextant::compare {
namespace {

constexpr uint64_t attempts_a_stretch = 256;
constexpr double none = std::numeric_limits<double>::quiet_NaN();

// What each attempt was asked, by its place in the predictions file.
struct Asked {
  uint64_t row = 0;
  std::string content, raw, cluster;
};
// The columns that the row itself has, whoever read it: lm-eval's files have no others.
std::string raw_hash(json::Document record) {
  constexpr std::string_view derived = "lm_eval_";
  for (auto member = record.MemberBegin(); member != record.MemberEnd();)
    if (json::text(member->name).starts_with(derived)) member = record.EraseMember(member);
    else ++member;
  return sha256_hex(json::canonical(record));
}
Result<std::vector<Asked>> asked_in(const std::filesystem::path& path) {
  std::vector<Asked> out;
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return out;
  SXT_TRY(const store::Predictions predictions, store::Predictions::open(path));
  for (uint64_t first = 0; first < predictions.size(); first += attempts_a_stretch) {
    SXT_TRY(const auto attempts, predictions.read(first, std::min(attempts_a_stretch, predictions.size() - first)));
    for (const data::Attempt& attempt : attempts) {
      SXT_TRY(json::Document record, json::parse(attempt.record_json, path.string()));
      // a file of OpenCompass' own has no rows
      const bool known = record.IsObject() && record.MemberCount() > 0;
      const std::string content = known ? sha256_hex(json::canonical(record)) : std::string();
      out.push_back({attempt.id.row, content, known ? raw_hash(std::move(record)) : content, attempt.cluster});
    }
  }
  return out;
}

std::string hash_of_asked(const json::Value& line) {
  std::string text;
  for (const char* name : {"prompt", "messages", "target"})
    if (const json::Value* value = json::find(line, name)) text += json::canonical(*value) + "\n";
  return sha256_hex(text);
}

// What the results file says of the samples' values.
Result<std::vector<MetricFacts>> facts_of(const std::filesystem::path& path, const std::vector<std::string>& metrics) {
  std::vector<MetricFacts> out(metrics.size(), MetricFacts{true, none, none, 100});
  for (size_t i = 0; i < metrics.size(); ++i)
    if (score::is_perplexity(metrics[i])) out[i] = {false, 0, none, 1};
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return out;
  SXT_TRY(const InputFile file, InputFile::open(path));
  std::string text;
  SXT_CHECK(scan_members(file, [&](std::string_view name, uint64_t begin, uint64_t end) {
    if (name != "metrics") return true;
    auto value = file.read(begin, end - begin);
    if (value) text = *std::move(value);
    return true;
  }));
  if (text.empty()) return out;
  SXT_TRY(const json::Document facts, json::parse(text, path.string()));
  for (size_t i = 0; i < metrics.size(); ++i) {
    const json::Value* one = json::find(facts, metrics[i]);
    if (!one) continue;
    out[i].higher_is_better = json::find_bool(*one, "higher_is_better").value_or(out[i].higher_is_better);
    if (!json::find_bool(*one, "percent").value_or(true)) out[i].unit = 1;
    const json::Value* range = json::find(*one, "range");
    if (!range || !range->IsArray() || range->Size() != 2) continue;
    if ((*range)[0].IsNumber()) out[i].low = (*range)[0].GetDouble();
    if ((*range)[1].IsNumber()) out[i].high = (*range)[1].GetDouble();
  }
  return out;
}

// Puts attempts together to questions.
class Collector {
 public:
  Collector(std::string origin, const std::vector<Asked>& asked, bool judged)
      : origin_(std::move(origin)), asked_(asked), judged_(judged) {}

  Result<void> add(const json::Value& line, uint64_t number) {
    const auto bad = [&](const std::string& what) {
      return Error{Error::Kind::data, fmt::format("{}:{}: {}; score the run again (-m eval -r)", origin_, number + 1, what)};
    };
    const auto index = json::find_int(line, "index");
    const json::Value* scores = json::find(line, "scores");
    if (!index || *index < 0 || !scores || !scores->IsObject()) return bad("no \"index\" or no \"scores\"");
    if (number == 0)
      for (const auto& score : scores->GetObject()) metrics.emplace_back(json::text(score.name));
    // a judge's lines are numbered by the attempts that it judged
    const uint64_t place = judged_ ? static_cast<uint64_t>(*index) : number;
    if (!asked_.empty() && place >= asked_.size()) return bad("the predictions have no attempt of that number");
    if (!asked_.empty() && !judged_ && asked_[place].row != static_cast<uint64_t>(*index))
      return bad("the predictions are those of other rows");
    const uint64_t row = judged_ && !asked_.empty() ? asked_[place].row : static_cast<uint64_t>(*index);
    const auto [at, fresh] = places_.try_emplace(row, questions.size());
    if (fresh) {
      Question question;
      question.index = row;
      question.asked = hash_of_asked(line);
      if (!asked_.empty()) question.content = asked_[place].content, question.raw = asked_[place].raw;
      question.cluster = json::find_string(line, "cluster").value_or("");
      question.values.assign(metrics.size(), 0);
      questions.push_back(std::move(question));
    }
    Question& question = questions[at->second];
    ++question.attempts;
    for (size_t i = 0; i < metrics.size(); ++i) {
      const json::Value* score = json::find(*scores, metrics[i]);
      question.values[i] += score && score->IsNumber() ? score->GetDouble() : none;
    }
    return {};
  }

  std::vector<std::string> metrics;
  std::vector<Question> questions;

 private:
  std::string origin_;
  const std::vector<Asked>& asked_;
  bool judged_;
  std::unordered_map<uint64_t, size_t> places_;
};

}  // namespace

Result<Answers> read_answers(const store::RunFolder& folder, const std::string& model, const std::string& dataset,
                             const std::string& judge) {
  std::filesystem::path path = folder.samples(model, dataset);
  std::error_code code;
  const bool judged = !judge.empty() && !std::filesystem::exists(path, code);
  if (judged) path = folder.samples(judge, store::judged_name(dataset, model));
  if (!std::filesystem::exists(path, code))
    return Error{Error::Kind::missing, fmt::format("{} does not exist; score the run again (-m eval -r)", path.string())};
  SXT_TRY(const std::vector<Asked> asked, asked_in(folder.predictions(model, dataset)));
  Collector collector(path.string(), asked, judged);
  uint64_t number = 0;
  SXT_CHECK(each_line(path, [&](std::string_view text) -> Result<void> {
    SXT_TRY(const json::Document line, parse_line(text, fmt::format("{}, line {}", path.string(), number + 1)));
    return collector.add(line, number++);
  }));
  if (number == 0) return Error{Error::Kind::data, fmt::format("{} is empty; score the run again (-m eval -r)", path.string())};
  for (Question& question : collector.questions)
    for (double& value : question.values) value /= question.attempts;
  Answers out;
  out.where = fmt::format("{}, {}", folder.path().string(), model);
  out.dataset = dataset;
  SXT_TRY(out.facts, facts_of(folder.results(model, dataset), collector.metrics));
  out.metrics = std::move(collector.metrics);
  out.questions = std::move(collector.questions);
  return out;
}

}  // namespace sextant::compare
