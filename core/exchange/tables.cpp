// The formats without much to them: evalscope's reports, JUnit, a line for each attempt, and the answers that a benchmark's
// publisher takes.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <set>
#include <sextant/python_text.hpp>
#include "../base/cell_text.hpp"
#include "../base/file_name.hpp"
#include "../base/file_parts.hpp"
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "formats.hpp"
#include "parquet.hpp"
#include "json_values.hpp"

namespace sextant::exchange {
namespace {

// ---- evalscope ----

// evalscope keeps four digits.
double rounded(double value) { return std::round(value * 1e4) / 1e4; }

Value subset(std::string_view name, double score, uint64_t num, Allocator& a) {
  Value out = object();
  json::set(out, "name", name, a);
  json::set(out, "score", Value(rounded(score)), a);
  json::set(out, "num", Value(num), a);
  json::set(out, "is_aggregate", Value(false), a);
  return out;
}

// name, num, score (weighed by size), macro_score.
Value totals(Value name, uint64_t num, double micro, double macro, Allocator& a) {
  Value out = object();
  json::set(out, "name", std::move(name), a);
  json::set(out, "num", Value(num), a);
  json::set(out, "score", Value(rounded(micro)), a);
  json::set(out, "macro_score", Value(rounded(macro)), a);
  return out;
}

json::Document report_of(const std::string& name, const std::vector<const Task*>& tasks) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  Value metrics = array();
  uint64_t all = 0;
  double first_score = 0;
  for (const Number& number : tasks.front()->numbers) {
    Value subsets = array(), category_name = array(), categories = array();
    double sum = 0, plain = 0;
    uint64_t num = 0, sets = 0;
    for (const Task* task : tasks) {
      const auto found =
          std::find_if(task->numbers.begin(), task->numbers.end(), [&](const Number& one) { return one.name == number.name; });
      if (found == task->numbers.end() || !std::isfinite(found->value)) continue;
      const double score = found->value / found->unit;
      const uint64_t n = found->n ? found->n : task->record->samples;
      subsets.PushBack(subset(tasks.size() > 1 ? task->dataset : "default", score, n, a), a);
      sum += score * static_cast<double>(n);
      plain += score;
      num += n;
      ++sets;
    }
    if (sets == 0) continue;
    const double micro = num ? sum / static_cast<double>(num) : 0, macro = plain / static_cast<double>(sets);
    if (metrics.Empty()) all = num, first_score = micro;
    category_name.PushBack(Value("default", a), a);
    Value category = totals(std::move(category_name), num, micro, macro, a);
    json::set(category, "subsets", std::move(subsets), a);
    categories.PushBack(std::move(category), a);
    Value metric = totals(Value(number.name, a), num, micro, macro, a);
    json::set(metric, "categories", std::move(categories), a);
    metrics.PushBack(std::move(metric), a);
  }
  const std::string& model = tasks.front()->model;
  json::set(out, "name", fmt::format("{}@{}", model, name), a);
  json::set(out, "dataset_name", name, a);
  json::set(out, "dataset_pretty_name", name, a);
  json::set(out, "dataset_description", "", a);
  json::set(out, "model_name", model, a);
  json::set(out, "score", Value(rounded(first_score)), a);
  json::set(out, "metrics", std::move(metrics), a);
  json::set(out, "analysis", "N/A", a);
  json::set(out, "perf_metrics", Value(rapidjson::kNullType), a);
  json::set(out, "num", Value(all), a);
  return out;
}

// ---- JUnit ----

std::string case_of(const Task& task, const Value& line) {
  const int64_t repeat = json::find_int(line, "repeat").value_or(0);
  std::string out =
      fmt::format("    <testcase classname=\"{}\" name=\"sample {}{}\">", xml_text(task.model + "." + task.dataset),
                  json::find_int(line, "index").value_or(0), repeat > 0 ? fmt::format(", repeat {}", repeat) : "");
  const Value* scores = json::find(line, "scores");
  const Value* score = scores && scores->IsObject() && scores->MemberCount() > 0 ? &scores->MemberBegin()->value : nullptr;
  const Value* target = json::find(line, "target");
  if (!score || !score->IsNumber())
    out += fmt::format("<error message=\"{}\"/>", xml_text(json::find_string(line, "error").value_or("there is no score")));
  else if (score->GetDouble() != 1)
    out += fmt::format("<failure message=\"{} {}\">said: {}\nwanted: {}</failure>",
                       xml_text(json::text(scores->MemberBegin()->name)), score->GetDouble(),
                       xml_text(json::find_string(line, "prediction").value_or("")),
                       xml_text(target ? python_str(*target) : std::string()));
  return out + "</testcase>\n";
}

// ---- a line for each attempt ----

std::string cell(const Value* value) {
  if (!value || value->IsNull()) return "";
  if (value->IsNumber()) return csv_cell(json::write(*value), true);
  const std::string text = value->IsString() ? std::string(json::text(*value)) : json::write(*value);
  return csv_cell(text.find('\0') == text.npos ? text : json::write(*value), false);  // NUL ends a text for many readers
}

// ---- submissions ----

std::string subject_of(const Task& task, const std::string& family) {
  std::string name = text_at(task.set, "abbr");
  if (name.empty()) name = task.dataset;
  for (const std::string& prefix : {family + "-test-", family + "-"})
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  return {};
}

// C-Eval's rows have an id; the others are known by their place.
std::string row_name(const Task& task, const Value& line, const data::Attempt* attempt) {
  const json::Document row = row_of(task, attempt);
  const Value* id = json::find(row, "id");
  if (id && !id->IsNull()) return python_str(*id);
  return std::to_string(json::find_int(line, "index").value_or(0));
}

Result<Written> write_submission(const Source& run, const std::filesystem::path& folder, const std::string& family) {
  Written out;
  std::map<std::string, json::Document> by_model;
  for (const Task& task : run.tasks) {
    const std::string subject = subject_of(task, family);
    if (subject.empty()) continue;
    json::Document& all = by_model[task.model];
    if (!all.IsObject()) all.SetObject();
    auto& a = all.GetAllocator();
    Value answers = object();
    uint64_t unread = 0;
    SXT_CHECK(each_attempt(task, [&](const Value& line, const data::Attempt* attempt) -> Result<void> {
      if (json::find_int(line, "repeat").value_or(0) > 0) return {};
      const Value* read = json::find(line, "answers");
      const Value* answer = read && read->IsObject() && read->MemberCount() > 0 ? &read->MemberBegin()->value : nullptr;
      const std::string text = answer && answer->IsString() ? std::string(json::text(*answer)) : std::string();
      unread += text.empty();
      json::set(answers, row_name(task, line, attempt), text, a);
      return {};
    }));
    if (unread > 0)
      log_warning(fmt::format("{} on {}: {} of {} replies have no answer and are submitted as empty texts", task.dataset,
                              task.model, unread, answers.MemberCount()));
    if (json::find(all, subject))
      return Error{Error::Kind::data,
                   fmt::format("{} has the subject '{}' of {} twice; choose one with --dataset", run.name, subject, family)};
    json::set(all, subject, std::move(answers), a);
  }
  if (by_model.empty())
    return Error{Error::Kind::data,
                 fmt::format("{} has no scored data set of {} (names that begin with {}-); it has {}", run.name, family, family,
                             run.tasks.empty() ? "none" : run.tasks.front().dataset)};
  for (const auto& [model, answers] : by_model) {
    out.push_back(folder / fmt::format("{}_{}.json", family, safe_file_name(model)));
    SXT_CHECK(write_file(out.back(), json::write_pretty(answers) + "\n"));
  }
  return out;
}

}  // namespace

Result<Written> write_evalscope(const Source& run, const std::filesystem::path& folder) {
  Written out;
  std::vector<std::pair<std::pair<std::string, std::string>, std::vector<const Task*>>> reports;  // by model and card, in order
  for (const Task& task : run.tasks) {
    std::string card = text_at(task.set, "source_card");
    if (card.empty()) card = task.dataset;
    const auto found =
        std::find_if(reports.begin(), reports.end(), [&](const auto& one) { return one.first == std::pair(task.model, card); });
    if (found == reports.end()) reports.push_back({{task.model, card}, {&task}});
    else found->second.push_back(&task);
  }
  for (const auto& [name, tasks] : reports) {
    const std::string shown = tasks.size() > 1 ? name.second : tasks.front()->dataset;
    out.push_back(folder / "reports" / safe_file_name(name.first) / safe_file_name(shown + ".json"));
    SXT_CHECK(write_file(out.back(), json::write_pretty(report_of(shown, tasks)) + "\n"));
  }
  return out;
}

Result<Written> write_junit(const Source& run, const std::filesystem::path& folder) {
  Written out{folder / "junit.xml"};
  SXT_TRY(FileWriter file, FileWriter::open(out.back()));
  SXT_CHECK(file.write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"));
  for (const Task& task : run.tasks) {
    uint64_t tests = 0, failures = 0, errors = 0;
    std::string cases;
    SXT_CHECK(each_attempt(task, [&](const Value& line, const data::Attempt*) -> Result<void> {
      const std::string one = case_of(task, line);
      ++tests;
      failures += one.find("<failure ") != one.npos;
      errors += one.find("<error ") != one.npos;
      cases += one;
      return {};
    }));
    SXT_CHECK(file.write(fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\">\n",
                                     xml_text(task.dataset + " | " + task.model), tests, failures, errors,
                                     task.record->infer_s + task.record->eval_s)));
    SXT_CHECK(file.write(cases + "  </testsuite>\n"));
  }
  SXT_CHECK(file.write("</testsuites>\n"));
  SXT_CHECK(file.commit());
  return out;
}

namespace {

constexpr const char* members[] = {"index",  "repeat", "cluster",       "prompt",           "prediction", "answer",
                                   "target", "finish", "prompt_tokens", "generated_tokens", "error"};

// The columns of the scores are those of all data sets.
std::vector<std::string> score_names(const Source& run) {
  std::vector<std::string> names;
  for (const Task& task : run.tasks)
    for (const std::string& name : task.scores)
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

// Of an attempt's line; what was read by one filter is a text.
const Value* answer_of(const Value& line) {
  const Value* read = json::find(line, "answers");
  return read && read->IsObject() && read->MemberCount() == 1 ? &read->MemberBegin()->value : read;
}

ParquetWriter::Cell cell_of(const Value* value, ParquetWriter::Kind kind) {
  if (!value || value->IsNull()) return {};
  if (kind == ParquetWriter::Kind::text) return value->IsString() ? std::string(json::text(*value)) : json::write(*value);
  if (kind == ParquetWriter::Kind::real)
    return value->IsNumber() ? ParquetWriter::Cell(value->GetDouble()) : ParquetWriter::Cell();
  return value->IsInt64() ? ParquetWriter::Cell(value->GetInt64()) : ParquetWriter::Cell();
}

}  // namespace

Result<Written> write_parquet(const Source& run, const std::filesystem::path& folder) {
  using Kind = ParquetWriter::Kind;
  const std::vector<std::string> names = score_names(run);
  std::vector<ParquetWriter::Column> columns = {{"model", Kind::text}, {"dataset", Kind::text}};
  for (const std::string_view member : members) {
    const bool number = member == "index" || member == "repeat" || member.ends_with("_tokens");
    columns.push_back({std::string(member), number ? Kind::whole : Kind::text});
  }
  for (const std::string& name : names) columns.push_back({name, Kind::real});
  Written out{folder / "attempts.parquet"};
  SXT_TRY(ParquetWriter file, ParquetWriter::open(out.back(), columns));
  for (const Task& task : run.tasks) {
    SXT_CHECK(each_attempt(task, [&](const Value& line, const data::Attempt*) -> Result<void> {
      std::vector<ParquetWriter::Cell> row = {task.model, task.dataset};
      const Value* scores = json::find(line, "scores");
      for (const std::string_view member : members) {
        const Kind kind = columns[row.size()].kind;
        if (member == "prompt") row.emplace_back(prompt_text(line));
        else row.push_back(cell_of(member == "answer" ? answer_of(line) : json::find(line, member), kind));
      }
      for (const std::string& name : names) row.push_back(cell_of(scores ? json::find(*scores, name) : nullptr, Kind::real));
      return file.row(row);
    }));
  }
  SXT_CHECK(file.commit());
  return out;
}

Result<Written> write_csv(const Source& run, const std::filesystem::path& folder) {
  const std::vector<std::string> names = score_names(run);
  Written out{folder / "attempts.csv"};
  SXT_TRY(FileWriter file, FileWriter::open(out.back()));
  std::string head = "model,dataset";
  for (const char* member : members) head += fmt::format(",{}", member);
  for (const std::string& name : names) head += "," + csv_cell(name, false);
  SXT_CHECK(file.write(head + "\n"));
  for (const Task& task : run.tasks) {
    SXT_CHECK(each_attempt(task, [&](const Value& line, const data::Attempt*) -> Result<void> {
      std::string row = csv_cell(task.model, false) + "," + csv_cell(task.dataset, false);
      for (const std::string_view member : members) {
        row += ",";
        if (member == "prompt") {
          row += csv_cell(prompt_text(line), false);
        } else if (member == "answer") {
          row += cell(answer_of(line));
        } else {
          row += cell(json::find(line, member));
        }
      }
      const Value* scores = json::find(line, "scores");
      for (const std::string& name : names) row += "," + cell(scores ? json::find(*scores, name) : nullptr);
      return file.write(row + "\n");
    }));
  }
  SXT_CHECK(file.commit());
  return out;
}

Result<Written> write_ceval(const Source& run, const std::filesystem::path& folder) {
  return write_submission(run, folder, "ceval");
}
Result<Written> write_cmmlu(const Source& run, const std::filesystem::path& folder) {
  return write_submission(run, folder, "cmmlu");
}

}  // namespace sextant::exchange
