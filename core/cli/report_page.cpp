#include "report_page.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../base/json_members.hpp"
#include "../base/json_number.hpp"
#include "../base/log.hpp"
#include "../compare/best.hpp"
#include "../report/outcomes.hpp"
#include "../report/page.hpp"
#include "../report/robustness.hpp"
#include "../store/samples_file.hpp"
#include "compare_runs.hpp"
#include "run_outcome.hpp"
#include "version.hpp"

namespace sextant::cli {
namespace {

using Allocator = json::Document::AllocatorType;

json::Value texts(const std::vector<std::string>& list, Allocator& a) {
  json::Value out(rapidjson::kArrayType);
  for (const std::string& text : list) out.PushBack(json::Value(text, a), a);
  return out;
}

json::Value cell_json(const report::Cell& cell, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "text", cell.text, a);
  if (cell.value) {
    json::set(out, "value", json::Value(*cell.value), a);
    json::set(out, "low", number_or_null(cell.estimate.low), a);
    json::set(out, "high", number_or_null(cell.estimate.high), a);
    json::set(out, "n", json::Value(cell.estimate.n), a);
    json::set(out, "higher_is_better", json::Value(cell.estimate.higher_is_better), a);
    json::set(out, "best", json::Value(cell.best), a);
  }
  if (!cell.error.empty()) json::set(out, "error", cell.error, a);
  return out;
}

json::Value table_json(const TabledRun& run, Allocator& a) {
  json::Value out(rapidjson::kObjectType), rows(rapidjson::kArrayType), groups(rapidjson::kArrayType);
  for (const report::Row& row : run.table.rows) {
    json::Value item(rapidjson::kObjectType), cells(rapidjson::kArrayType);
    json::set(item, "dataset", row.dataset, a);
    json::set(item, "version", row.version, a);
    json::set(item, "metric", row.metric, a);
    json::set(item, "mode", row.mode, a);
    for (const report::Cell& cell : row.cells) cells.PushBack(cell_json(cell, a), a);
    json::set(item, "cells", std::move(cells), a);
    rows.PushBack(std::move(item), a);
  }
  for (const config::SummaryGroup& group : run.config.summarizer.groups) {
    const auto shown = [&](const report::Row& row) { return row.dataset == group.name; };
    if (std::none_of(run.table.rows.begin(), run.table.rows.end(), shown)) continue;
    json::Value item(rapidjson::kObjectType);
    json::set(item, "name", group.name, a);
    json::set(item, "members", texts(group.members, a), a);
    groups.PushBack(std::move(item), a);
  }
  json::set(out, "models", texts(run.table.models, a), a);
  json::set(out, "rows", std::move(rows), a);
  json::set(out, "groups", std::move(groups), a);
  return out;
}

json::Value run_json(const TabledRun& run, Allocator& a) {
  const store::RunRecord& record = run.view.record;
  json::Value out(rapidjson::kObjectType), models(rapidjson::kArrayType);
  json::set(out, "name", run.view.folder->timestamp(), a);
  json::set(out, "path", run.view.folder->path().string(), a);
  json::set(out, "status", record.status, a);
  json::set(out, "started", record.started, a);
  json::set(out, "finished", record.finished, a);
  json::set(out, "host", record.host, a);
  json::set(out, "version", run.view.version, a);
  for (const store::ModelRecord& model : record.models) {
    json::Value item(rapidjson::kObjectType);
    json::set(item, "name", model.abbr, a);
    json::set(item, "backend", model.backend, a);
    json::set(item, "device", model.device, a);
    json::set(item, "compute", model.compute, a);
    json::set(item, "weights", model.weights_sha256, a);
    json::set(item, "adapter", model.adapter, a);
    json::set(item, "chat_template", model.chat_template, a);
    models.PushBack(std::move(item), a);
  }
  json::set(out, "models", std::move(models), a);
  json::set(out, "table", table_json(run, a), a);
  json::set(out, "findings", texts(run.table.findings, a), a);
  json::set(out, "errors", texts(run.table.errors, a), a);
  json::set(out, "robustness", report::robustness_json(run.table, a), a);
  if (run.checked) {
    json::Value checked(rapidjson::kArrayType);
    for (const check::Finding& finding : *run.checked) checked.PushBack(check::to_json(finding, a), a);
    json::set(out, "checked", std::move(checked), a);
  }
  return out;
}

// Answers that speak to a judge, as a results file lists them.
Result<json::Document> suspicious_in(const std::filesystem::path& results) {
  json::Document out(rapidjson::kArrayType);
  std::error_code code;
  if (!std::filesystem::exists(results, code)) return out;
  SXT_TRY(const InputFile file, InputFile::open(results));
  SXT_TRY(const std::string text, member_of(file, "suspicious"));
  if (!text.empty()) { SXT_TRY(out, json::parse(text, results.string())); }
  return out;
}

// The task's samples go into `rows`.
Result<json::Value> task_json(const RunView& run, size_t run_number, const store::TaskRecord& task, report::PageRows& rows,
                              Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "run", json::Value(static_cast<uint64_t>(run_number)), a);
  json::set(out, "model", task.model, a);
  json::set(out, "dataset", task.dataset, a);
  json::set(out, "stage", task.stage, a);
  json::set(out, "status", task.status, a);
  json::set(out, "error", task.error, a);
  for (const auto& [name, count] :
       {std::pair("samples", task.samples), std::pair("samples_failed", task.samples_failed),
        std::pair("prompt_tokens", task.prompt_tokens), std::pair("computed_tokens", task.computed_tokens),
        std::pair("generated_tokens", task.generated_tokens), std::pair("truncated_prompts", task.truncated_prompts),
        std::pair("dropped_shots", task.dropped_shots)})
    json::set(out, name, json::Value(count), a);
  json::set(out, "infer_s", number_or_null(task.infer_s), a);
  if (task.stage.empty()) {
    SXT_TRY(const json::Document suspicious, suspicious_in(run.folder->results(task.model, task.dataset)));
    if (suspicious.IsArray() && !suspicious.Empty()) json::set(out, "suspicious", json::Value(suspicious, a), a);
  }
  const auto samples = run.folder->samples(task.model, task.dataset);
  std::error_code code;
  const uint64_t before = rows.size();
  const bool there = std::filesystem::exists(samples, code);
  SXT_CHECK(store::check_samples(samples, run.folder->results(task.model, task.dataset)));
  SXT_CHECK(there ? rows.add(samples, run.folder->predictions(task.model, task.dataset)) : rows.add_nothing());
  json::set(out, "attempts", json::Value(rows.size() - before), a);
  return out;
}

json::Value comparison_json(const compare::Report& report, Allocator& a) {
  const auto written = json::parse(compare::to_json({report}), "comparison");
  json::Value out(written->FindMember("comparisons")->value[0], a);
  json::Value pairs(written->FindMember("pairs")->value, a);
  for (size_t i = 0; i < report.comparisons.size(); ++i) {
    json::Value flips(rapidjson::kArrayType);
    for (const compare::Flip& flip : report.comparisons[i].flips) {
      json::Value one(rapidjson::kArrayType);
      one.PushBack(flip.a, a).PushBack(flip.b, a).PushBack(flip.b_is_better ? 1 : -1, a);
      flips.PushBack(std::move(one), a);
    }
    json::set(pairs[static_cast<rapidjson::SizeType>(i)], "flips", std::move(flips), a);
  }
  json::set(out, "pairs", std::move(pairs), a);
  return out;
}

Result<json::Value> comparisons_json(const std::vector<TabledRun>& runs, Allocator& a) {
  json::Value out(rapidjson::kArrayType);
  std::vector<RunView> views;
  for (const TabledRun& run : runs)
    views.push_back({run.view.folder, run.view.record, json::copy(run.view.config), run.view.version, run.view.name});
  if (runs.size() == 1 && views[0].models().size() < 2) return out;
  const auto pairs = subjects(views, {});
  if (!pairs) {  // the samples of all runs are on the page all the same
    log_warning(fmt::format("the page compares nothing: {} (`sextant compare` has --model)", pairs.error().message));
    return out;
  }
  const auto place = [&](const Subject& subject) { return json::Value(static_cast<uint64_t>(subject.run - views.data())); };
  ComparisonFlags flags;
  flags.precision = ComparisonFlags::Precision::of_one_model;
  for (const auto& [first, second] : *pairs) {
    SXT_TRY(const compare::Report report, compare_subjects(first, second, flags));
    json::Value item = comparison_json(report, a);
    json::set(item, "run_a", place(first), a);
    json::set(item, "run_b", place(second), a);
    out.PushBack(std::move(item), a);
  }
  return out;
}

}  // namespace

Result<TabledRun> tabled_run(RunView view) {
  SXT_TRY(config::RunConfig run, config_as_written(view));
  settle_record(view.record, run);
  report::Table table = report::table_of_run(*view.folder, run, view.record);
  const auto by = [&](const std::string& dataset) { return view.judged_by(dataset); };
  compare::complete_table(table, *view.folder, run, by);
  view.record.status = run_status(view.record, run.allow_missing);
  return TabledRun{std::move(view), std::move(run), std::move(table)};
}

Result<std::string> page_of_runs(const std::vector<TabledRun>& runs) {
  json::Document about;
  about.SetObject();
  auto& a = about.GetAllocator();
  report::PageRows rows;
  json::Value all(rapidjson::kArrayType), tasks(rapidjson::kArrayType), firsts(rapidjson::kArrayType);
  for (size_t i = 0; i < runs.size(); ++i) {
    all.PushBack(run_json(runs[i], a), a);
    for (const store::TaskRecord& task : runs[i].view.record.tasks) {
      if (!task.stage.empty() && task.stage != "judge") continue;
      SXT_TRY(json::Value item, task_json(runs[i].view, i, task, rows, a));
      tasks.PushBack(std::move(item), a);
    }
  }
  SXT_TRY(json::Value comparisons, comparisons_json(runs, a));
  json::set(about, "format", json::Value(1), a);
  json::set(about, "sextant", version, a);
  json::set(about, "runs", std::move(all), a);
  json::set(about, "tasks", std::move(tasks), a);
  json::set(about, "comparisons", std::move(comparisons), a);
  json::set(about, "attempts", json::Value(rows.size()), a);
  json::set(about, "left_out", json::Value(rows.left_out()), a);
  if (rows.left_out() > 0)
    log_warning(
        fmt::format("the page holds the first {} attempts; {} more are in samples/ alone", rows.size(), rows.left_out()));
  for (const uint64_t first : rows.firsts()) firsts.PushBack(first, a);
  json::set(about, "blocks", std::move(firsts), a);
  return report::page_html(fmt::format("Sextant: {}", runs[0].view.folder->timestamp()), json::write(about), rows);
}

}  // namespace sextant::cli
