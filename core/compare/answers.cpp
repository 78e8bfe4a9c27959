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
#include "../score/trust.hpp"
#include "../store/predictions.hpp"
#include "../store/samples_file.hpp"

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

// What filters, or metrics where they read replies themselves, made of a reply.
std::string hash_of_read(const json::Value& line) {
  std::string text;
  for (const char* name : {"answers", "metric_answers"})
    if (const json::Value* value = json::find(line, name)) text += json::canonical(*value) + "\n";
  return text.empty() ? text : sha256_hex(text);
}

// What the results file says of a metric: the number of the table, and what samples' values mean.
struct Declared {
  std::vector<MetricFacts> facts;   // [metric]
  std::vector<double> numbers;      // [metric] that the metric itself computes of all samples; else NaN
  std::optional<int64_t> attempts{};  // that were scored
};
Result<Declared> declared_in(const std::filesystem::path& path, const std::vector<std::string>& metrics) {
  Declared out{std::vector<MetricFacts>(metrics.size(), MetricFacts{true, none, none, 100}),
               std::vector<double>(metrics.size(), none)};
  for (size_t i = 0; i < metrics.size(); ++i)
    if (const auto low = score::lowest_perplexity(metrics[i])) out.facts[i] = {false, *low, none, 1};
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return out;
  SXT_TRY(const InputFile file, InputFile::open(path));
  std::string text = "{}", estimates = "{}", counts = "{}";
  SXT_CHECK(scan_members(file, [&](std::string_view name, uint64_t begin, uint64_t end) {
    const auto place = std::find(metrics.begin(), metrics.end(), name);
    std::string* const member = name == "metrics"     ? &text
                                : name == "estimates" ? &estimates
                                : name == "counts"    ? &counts
                                                      : nullptr;
    if (!member && place == metrics.end()) return true;
    auto value = file.read(begin, end - begin);
    if (!value) return true;
    if (member) {
      *member = *std::move(value);
      return true;
    }
    const auto number = json::parse(*value, path.string());
    if (number && number->IsNumber()) out.numbers[static_cast<size_t>(place - metrics.begin())] = number->GetDouble();
    return true;
  }));
  SXT_TRY(const json::Document facts, json::parse(text, path.string()));
  SXT_TRY(const json::Document intervals, json::parse(estimates, path.string()));
  SXT_TRY(const json::Document counted, json::parse(counts, path.string()));
  out.attempts = json::find_int(counted, "attempts");
  for (size_t i = 0; i < metrics.size(); ++i) {
    // means have formulas; what a metric computes of samples is drawn anew
    const json::Value* estimate = json::find(intervals, metrics[i]);
    if (!estimate || json::find_string(*estimate, "method") != "bootstrap") out.numbers[i] = none;
    const json::Value* one = json::find(facts, metrics[i]);
    if (!one) continue;
    MetricFacts& fact = out.facts[i];
    fact.higher_is_better = json::find_bool(*one, "higher_is_better").value_or(fact.higher_is_better);
    if (!json::find_bool(*one, "percent").value_or(true)) fact.unit = 1;
    const json::Value* range = json::find(*one, "range");
    if (!range || !range->IsArray() || range->Size() != 2) continue;
    if ((*range)[0].IsNumber()) fact.low = (*range)[0].GetDouble();
    if ((*range)[1].IsNumber()) fact.high = (*range)[1].GetDouble();
  }
  return out;
}

// What a samples file says of one attempt; of a judge's file, of the attempt whose number is its "index".
struct Line {
  uint64_t index = 0;
  std::string asked, cluster, read;
  std::vector<double> values;        // [metric]
};

// All lines of a samples file. `ret_metrics`: as the first one names them.
Result<std::vector<Line>> lines_of(const std::filesystem::path& path, std::vector<std::string>& ret_metrics) {
  std::error_code code;
  if (!std::filesystem::exists(path, code))
    return Error{Error::Kind::missing, fmt::format("{} does not exist; score the run again (-m eval -r)", path.string())};
  std::vector<Line> out;
  SXT_CHECK(each_line(path, [&](std::string_view text) -> Result<void> {
    SXT_TRY(const json::Document line, parse_line(text, fmt::format("{}, line {}", path.string(), out.size() + 1)));
    const auto index = json::find_int(line, "index");
    const json::Value* scores = json::find(line, "scores");
    if (!index || *index < 0 || !scores || !scores->IsObject())
      return Error{Error::Kind::data, fmt::format("{}:{}: no \"index\" or no \"scores\"; score the run again (-m eval -r)",
                                                  path.string(), out.size() + 1)};
    if (out.empty()) {
      ret_metrics.clear();
      for (const auto& score : scores->GetObject()) ret_metrics.emplace_back(json::text(score.name));
    }
    Line& one = out.emplace_back(
        Line{static_cast<uint64_t>(*index), hash_of_asked(line), json::find_string(line, "cluster").value_or(""),
             hash_of_read(line), {}});
    for (const std::string& metric : ret_metrics) {
      const json::Value* score = json::find(*scores, metric);
      one.values.push_back(score && score->IsNumber() ? score->GetDouble() : none);
    }
    return {};
  }));
  if (out.empty()) return Error{Error::Kind::data, fmt::format("{} is empty; score the run again (-m eval -r)", path.string())};
  return out;
}

// What all judges say of each attempt: lines of the first one's file, with the panel's values.
Result<std::vector<Line>> panel_lines(const store::RunFolder& folder, const std::string& task, const JudgedBy& by,
                                      std::vector<std::string>& ret_metrics) {
  SXT_TRY(std::vector<Line> out, lines_of(folder.samples(by.judges.front(), task), ret_metrics));
  std::vector<std::vector<std::vector<double>>> said(ret_metrics.size());      // [metric][judge][line]
  for (size_t m = 0; m < said.size(); ++m) {
    said[m].emplace_back();
    for (const Line& line : out) said[m][0].push_back(line.values[m]);
  }
  for (size_t j = 1; j < by.judges.size(); ++j) {
    const std::filesystem::path path = folder.samples(by.judges[j], task);
    std::vector<std::string> metrics;
    SXT_TRY(const std::vector<Line> others, lines_of(path, metrics));
    const auto same = [](const Line& a, const Line& b) { return a.index == b.index; };
    if (metrics != ret_metrics || !std::equal(others.begin(), others.end(), out.begin(), out.end(), same))
      return Error{Error::Kind::data, fmt::format("{} has other samples or scores than {}'s; score the run again (-m eval -r)",
                                                  path.string(), by.judges.front())};
    for (size_t m = 0; m < said.size(); ++m) {
      said[m].emplace_back();
      for (const Line& line : others) said[m][j].push_back(line.values[m]);
    }
  }
  if (by.judges.size() > 1)
    for (size_t m = 0; m < said.size(); ++m) {
      const std::vector<double> together = score::combined(said[m], by.vote);
      for (size_t i = 0; i < out.size(); ++i) out[i].values[m] = together[i];
    }
  return out;
}

// A model's share of each attempt's comparisons; both orders of a comparison are one.
Result<std::vector<Line>> shares(const store::RunFolder& folder, const std::string& model, const std::string& dataset,
                                 const JudgedBy& by, size_t attempts) {
  std::vector<double> sums(attempts, 0), counts(attempts, 0);
  for (const JudgedBy::Pair& pair : by.pairs) {
    if (pair.first != model && pair.second != model) continue;
    std::vector<std::string> metrics;
    SXT_TRY(const std::vector<Line> lines, panel_lines(folder, store::judged_name(dataset, pair.name), by, metrics));
    std::vector<double> sum(attempts, 0), n(attempts, 0);
    for (const Line& line : lines) {
      if (line.index >= 2 * attempts)
        return Error{Error::Kind::data, fmt::format("{}, {}: the verdicts are of other attempts than the predictions; score the "
                                                    "run again (-m eval -r)", folder.path().string(), pair.name)};
      if (std::isnan(line.values.front())) continue;
      const bool first = (pair.first == model) != (line.index >= attempts);
      sum[line.index % attempts] += first ? line.values.front() : 1 - line.values.front();
      ++n[line.index % attempts];
    }
    for (size_t i = 0; i < attempts; ++i)
      if (n[i] > 0) sums[i] += sum[i] / n[i], ++counts[i];
  }
  std::vector<Line> out;
  for (size_t i = 0; i < attempts; ++i) out.push_back({i, "", "", "", {counts[i] > 0 ? sums[i] / counts[i] : none}});
  return out;
}

bool nearly(double a, double b) { return std::abs(a - b) <= 1e-6 + 1e-6 * std::abs(b); }

// A metric's number may be another than the mean of what it says of samples. Where samples say right or wrong alone, their
// values are no part of such a number (macro_f1), and the metric is taken out; else both are told (BLEU of single sentences).
void look_at_numbers(Answers& answers, const std::vector<double>& numbers) {
  for (size_t i = answers.metrics.size(); i-- > 0;) {
    double sum = 0;
    bool binary = true;
    for (const Question& question : answers.questions) {
      sum += question.values[i];
      binary = binary && (question.values[i] == 0 || question.values[i] == 1);
    }
    const double mean = sum / static_cast<double>(answers.questions.size());
    MetricFacts& facts = answers.facts[i];
    if (std::isnan(mean) || std::isnan(numbers[i]) || nearly(facts.unit * mean, numbers[i])) continue;
    if (nearly(mean, numbers[i])) {
      facts.unit = 1;   // the metric says nothing of its unit, and gives its number as it is
      continue;
    }
    facts.whole = numbers[i];
    if (!binary) continue;
    const auto place = static_cast<std::ptrdiff_t>(i);
    answers.of_sets.insert(answers.of_sets.begin(), answers.metrics[i]);
    answers.metrics.erase(answers.metrics.begin() + place);
    answers.facts.erase(answers.facts.begin() + place);
    for (Question& question : answers.questions) question.values.erase(question.values.begin() + place);
  }
}

}  // namespace

Result<Answers> read_answers(const store::RunFolder& folder, const std::string& model, const std::string& dataset,
                             const JudgedBy& by) {
  const std::filesystem::path path = folder.samples(model, dataset);
  std::error_code code;
  const bool judged = !by.judges.empty() && !std::filesystem::exists(path, code), pairs = judged && !by.pairs.empty();
  if (!judged) SXT_CHECK(store::check_samples(path, folder.results(model, dataset)));
  SXT_TRY(const std::vector<Asked> asked, asked_in(folder.predictions(model, dataset)));
  const auto bad = [&](const std::string& what) {
    return Error{Error::Kind::data, fmt::format("{}, {}, {}: {}; score the run again (-m eval -r)", folder.path().string(), model,
                                                dataset, what)};
  };
  if (pairs && asked.empty()) return bad("the predictions, which say what was compared, are not there");
  Answers out;
  SXT_TRY(const std::vector<Line> lines, pairs    ? shares(folder, model, dataset, by, asked.size())
                                         : judged ? panel_lines(folder, store::judged_name(dataset, model), by, out.metrics)
                                                  : lines_of(path, out.metrics));
  if (pairs) out.metrics = {"win_rate"};
  std::unordered_map<uint64_t, size_t> places;   // of rows among the questions
  for (size_t number = 0; number < lines.size(); ++number) {
    const Line& line = lines[number];
    const uint64_t place = judged ? line.index : number;
    if (!asked.empty() && place >= asked.size()) return bad("the predictions have no attempt of a sample's number");
    if (!asked.empty() && !judged && asked[place].row != line.index) return bad("the predictions are those of other rows");
    const uint64_t row = judged && !asked.empty() ? asked[place].row : line.index;
    const auto [at, fresh] = places.try_emplace(row, out.questions.size());
    if (fresh) {
      Question question;
      question.index = row;
      question.asked = line.asked;
      if (!asked.empty()) question.content = asked[place].content, question.raw = asked[place].raw;
      question.cluster = line.cluster;
      question.values.assign(out.metrics.size(), 0);
      question.place = place;
      if (!judged) question.read = line.read;
      out.questions.push_back(std::move(question));
    }
    Question& question = out.questions[at->second];
    ++question.attempts;
    for (size_t i = 0; i < out.metrics.size(); ++i) question.values[i] += line.values[i];
  }
  for (Question& question : out.questions)
    for (double& value : question.values) value /= question.attempts;
  out.where = fmt::format("{}, {}", folder.path().string(), model);
  out.dataset = dataset;
  out.judged = judged;
  SXT_TRY(Declared declared, declared_in(folder.results(model, dataset), out.metrics));
  if (!judged && declared.attempts && *declared.attempts != static_cast<int64_t>(lines.size()))
    return bad(fmt::format("the samples file has {} lines, and the results file counts {} attempts", lines.size(),
                           *declared.attempts));
  out.facts = std::move(declared.facts);
  if (pairs) out.facts = {MetricFacts{true, 0, 1, 100}};
  if (!judged) look_at_numbers(out, declared.numbers);
  return out;
}

}  // namespace sextant::compare
