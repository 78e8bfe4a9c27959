#include "code_tests.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <sextant/columns.hpp>
#include <unordered_map>
#include "../base/text.hpp"
#include "../sandbox/sandboxes.hpp"
#include "own_metrics.hpp"

namespace sextant::score {

extern const OwnMetric code_tests_metric;

namespace {

constexpr const char* code_tests_schema =
    R"({"type": "object", "additionalProperties": false, "required": ["tests"], "properties": {
  "program": {"type": "string", "default": "{prediction}", "description": "the program; {prediction} is the answer, {...} a column of the row"},
  "prepare": {"type": "string", "default": "", "description": "run before the tests: what they use and the program does not give"},
  "tests": {"type": "string", "description": "Python that raises where the program is wrong"},
  "names": {"type": "string", "default": "", "description": "what the tests call of the program, with blanks between: {entry_point}"},
  "reference": {"type": "string", "default": "",
    "description": "a program that is right, where no names are given: they are those that it binds and the tests use. It is not run"},
  "data": {"type": "array", "items": {"type": "string"}, "default": [], "description": "columns that the tests find as variables"},
  "literal": {"type": "array", "items": {"type": "string"}, "default": [], "description": "names in braces that are not columns"},
  "equality": {"enum": ["python", "types"], "default": "python", "description": "types: assert a == b wants equal types, too"},
  "trim": {"type": "boolean", "default": true,
    "description": "what stands behind the program's last whole statement and is not Python is left out"},
  "limit_s": {"type": "number", "minimum": 0.1, "maximum": 600, "default": 5, "description": "processor time"},
  "memory_mb": {"type": "integer", "minimum": 64, "maximum": 65536, "default": 512, "description": "of all its processes together"},
  "opencompass": {"type": "object", "description": "keys that are otherwise with --compat opencompass", "additionalProperties": false, "properties": {
    "program": {"type": "string"}, "prepare": {"type": "string"}, "tests": {"type": "string"}, "names": {"type": "string"},
    "reference": {"type": "string"}, "equality": {"enum": ["python", "types"]}, "trim": {"type": "boolean"},
    "limit_s": {"type": "number", "minimum": 0.1, "maximum": 600}}}}})";

// What stands between blanks.
std::vector<std::string> words_of(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  std::vector<std::string> out;
  for (size_t begin = text.find_first_not_of(blanks); begin != text.npos; begin = text.find_first_not_of(blanks, begin)) {
    const size_t end = std::min(text.find_first_of(blanks, begin), text.size());
    out.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  return out;
}

// A member of `first`, else of `second`.
const json::Value* either(const json::Value* first, const json::Value& second, const char* name) {
  const json::Value* found = first ? json::find(*first, name) : nullptr;
  return found ? found : json::find(second, name);
}

// What a batch said before one of it failed: it is asked again one by one.
using Kept = std::unordered_map<std::string, Result<sandbox::Verdict>>;

Result<std::vector<Verdict>> judge(const CodeTests& tests, Kept& kept, std::span<const Judged> samples) {
  std::vector<sandbox::Job> jobs;
  for (const Judged& sample : samples) {
    SXT_TRY(sandbox::Job job, tests.job_of(sample));
    jobs.push_back(std::move(job));
  }
  std::vector<Result<sandbox::Verdict>> ran;
  if (samples.size() == 1) {
    if (const auto found = kept.find(json::write(to_json(jobs.front()))); found != kept.end()) ran.push_back(found->second);
  }
  if (ran.empty()) {
    kept.clear();
    ran = sandbox::run_all(jobs);
  }
  std::vector<Verdict> out;
  std::optional<Error> failed;
  for (const auto& one : ran) {
    auto verdict = verdict_of(one);
    if (verdict) out.push_back(*std::move(verdict));
    else if (!failed) failed = verdict.error();
  }
  if (!failed) return out;
  if (samples.size() > 1)
    for (size_t i = 0; i < jobs.size(); ++i) kept.emplace(json::write(to_json(jobs[i])), std::move(ran[i]));
  return *failed;
}

Result<MetricStep> make(const json::Value& config, config::Compat compat, const std::string& origin) {
  SXT_TRY(CodeTests tests, CodeTests::read(config, compat, origin));
  return MetricStep{"code_tests",
                    [tests = std::move(tests), kept = std::make_shared<Kept>()](std::span<const Judged> samples) {
                      return judge(tests, *kept, samples);
                    },
                    [](std::span<const Judged>, std::span<const double>) -> Result<std::optional<json::Document>> {
                      return std::optional<json::Document>();
                    },
                    false};
}

}  // namespace

Result<CodeTests> CodeTests::read(const json::Value& config, config::Compat compat, const std::string& origin) {
  const bool opencompass = config::is_opencompass(compat);
  const json::Value* other = opencompass ? json::find(config, "opencompass") : nullptr;
  const auto wrong = [&](const std::string& what) {
    return Error{Error::Kind::config, fmt::format("{}: metric:code_tests: {}", origin, what)};
  };
  CodeTests out;
  for (const auto& [name, text] : {std::pair{"program", &out.program},
                                   {"prepare", &out.prepare},
                                   {"tests", &out.tests},
                                   {"names", &out.names},
                                   {"reference", &out.reference}}) {
    const json::Value* value = either(other, config, name);
    if (value) *text = json::text(*value);
  }
  for (const auto& [name, list] : {std::pair{"data", &out.data}, {"literal", &out.literal}})
    if (const json::Value* value = either(other, config, name); value && value->IsArray())
      for (const auto& item : value->GetArray()) list->emplace_back(item.IsString() ? json::text(item) : "");
  const json::Value* equality = either(other, config, "equality");
  out.types = equality && equality->IsString() && json::text(*equality) == "types";
  const json::Value* trim = either(other, config, "trim");
  out.trim = trim && trim->IsBool() ? trim->GetBool() : true;
  if (const json::Value* limit = either(other, config, "limit_s"); limit && limit->IsNumber())
    out.limits.cpu_s = limit->GetDouble();
  if (const json::Value* memory = either(other, config, "memory_mb"); memory && memory->IsUint64())
    out.limits.memory_mb = memory->GetUint64();
  if (words_of(out.names).empty() && words_of(out.reference).empty())
    return wrong(
        "neither \"names\" nor \"reference\" says what the tests take from the program; name it, such as \"names\": "
        "\"{entry_point}\"");
  return out;
}

Result<sandbox::Job> CodeTests::job_of(const Judged& sample) const {
  SXT_TRY(json::Document row, json::parse(sample.record_json, "record"));
  if (!row.IsObject()) row.SetObject();
  auto& a = row.GetAllocator();
  json::remove(row, {"prediction"});
  json::set(row, "prediction", sample.prediction, a);
  const auto lacking = [&](const std::string& column) {
    std::vector<std::string> names;
    for (const auto& member : row.GetObject()) names.emplace_back(json::text(member.name));
    return Error{Error::Kind::data, fmt::format("metric:code_tests: there is no column '{}'{}; the row has: {}", column,
                                                did_you_mean(column, names), join(names, ", "))};
  };
  sandbox::Job job;
  std::string called;
  for (const auto& [from, to] : {std::pair{&program, &job.program},
                                 {&prepare, &job.prepare},
                                 {&tests, &job.tests},
                                 {&reference, &job.reference},
                                 {&names, &called}}) {
    for (const std::string& path : columns::placeholders(*from))
      if (!columns::find(row, path) && std::find(literal.begin(), literal.end(), path) == literal.end()) return lacking(path);
    *to = columns::fill(*from, row);
  }
  job.names = words_of(called);
  if (!data.empty()) {
    json::Document values(rapidjson::kObjectType);
    for (const std::string& column : data) {
      const json::Value* value = columns::find(row, column);
      if (!value) return lacking(column);
      json::set(values, column, json::Value(*value, values.GetAllocator()), values.GetAllocator());
    }
    job.data_json = json::write(values);
  }
  job.types = types;
  job.trim = trim;
  job.limits = limits;
  return job;
}

Result<void> check_columns(const config::DatasetConfig& dataset, config::Compat compat, std::string_view record_json) {
  for (const config::PluginChoice& metric : dataset.metrics) {
    if (metric.id != code_tests_metric.id) continue;
    SXT_TRY(const json::Document config, json::parse(metric.config, dataset.card_path));
    const auto tests = CodeTests::read(config, compat, dataset.card_path);
    if (!tests) continue;  // said where the metric is made
    const auto job = tests->job_of({"", "\"\"", record_json});
    if (!job) return Error{job.error().kind, fmt::format("{}: {}", dataset.card_path, job.error().message)};
  }
  return {};
}

Result<Verdict> verdict_of(const Result<sandbox::Verdict>& ran) {
  using sandbox::Outcome;
  if (!ran) return ran.error();
  if (ran->outcome == Outcome::untestable)
    return Error{
        Error::Kind::data,
        fmt::format("metric:code_tests: no verdict can be had: {}; leave the row out (\"test_range\", --rows)", ran->detail)};
  if (ran->outcome == Outcome::broken) return Error{Error::Kind::internal, ran->detail};
  Verdict out;
  const bool passed = ran->outcome == Outcome::passed, late = ran->outcome == Outcome::timed_out;
  out.values = {{"pass", passed ? 1 : 0}, {"timeout", late ? 1 : 0}};
  if (passed) return out;
  out.explanation = ran->outcome == Outcome::wrong ? "wrong answer" : late ? "timeout" : "failed";
  if (!ran->detail.empty()) out.explanation += ": " + ran->detail;
  return out;
}

const OwnMetric code_tests_metric{
    "code_tests",
    "1 where the program passes the data set's tests, run in a sandbox",
    code_tests_schema,
    R"({"values": [{"name": "pass", "range": [0, 1]}, {"name": "timeout", "higher_is_better": false, "range": [0, 1]}]})",
    true,
    make};

}  // namespace sextant::score
