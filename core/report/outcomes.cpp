#include "outcomes.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <unordered_map>
#include "../base/files.hpp"
#include "../base/json_members.hpp"
#include "../config/card_parts.hpp"
#include "../store/run_states.hpp"

namespace sextant::report {
namespace {

std::vector<data::Estimate> estimates_of(const json::Value& estimates) {
  std::vector<data::Estimate> out;
  if (!estimates.IsObject()) return out;
  for (const auto& member : estimates.GetObject()) {
    data::Estimate one;
    one.metric = json::text(member.name);
    one.higher_is_better = json::find_bool(member.value, "higher_is_better").value_or(true);
    one.n = static_cast<uint64_t>(std::max<int64_t>(0, json::find_int(member.value, "n").value_or(0)));
    one.clusters = static_cast<uint64_t>(std::max<int64_t>(0, json::find_int(member.value, "clusters").value_or(0)));
    one.standard_error = json::find_number(member.value, "standard_error").value_or(one.standard_error);
    one.low = json::find_number(member.value, "low").value_or(one.low);
    one.high = json::find_number(member.value, "high").value_or(one.high);
    one.method = json::find_string(member.value, "method").value_or("");
    out.push_back(std::move(one));
  }
  return out;
}

std::optional<uint64_t> count_of(const json::Value& counts, const char* name) {
  const auto count = json::find_int(counts, name);
  return count && *count >= 0 ? std::optional<uint64_t>(*count) : std::nullopt;
}

// The numbers of a results file, in their order, its intervals, counts and findings; "details" and the like are not read.
Result<std::vector<std::pair<std::string, double>>> read_metrics(const std::filesystem::path& path, TaskOutcome& ret_outcome) {
  SXT_TRY(const InputFile file, InputFile::open(path));
  std::vector<std::pair<std::string, double>> metrics;
  std::optional<Error> error;
  SXT_CHECK(scan_members(file, [&](std::string_view name, uint64_t begin, uint64_t end) {
    constexpr uint64_t number_bytes_max = 64;
    const bool wanted = name == "findings" || name == "estimates" || name == "counts";
    if (end - begin > number_bytes_max && !wanted) return true;
    const auto member = [&]() -> Result<json::Document> {
      SXT_TRY(const std::string value, file.read(begin, end - begin));
      return json::parse(fmt::format("{{\"{}\":{}}}", name, value), path.string());
    }();
    if (!member) {
      error = member.error();
      return false;
    }
    const auto& only = *member->MemberBegin();
    if (name == "findings") ret_outcome.findings = data::findings_from_json(*member);
    if (name == "estimates") ret_outcome.estimates = estimates_of(only.value);
    if (name == "counts") {
      ret_outcome.replies = count_of(only.value, "replies").value_or(0);
      ret_outcome.reply_tokens = count_of(only.value, "reply_tokens").value_or(0);
      ret_outcome.unparsed = count_of(only.value, "unparsed");
      ret_outcome.cut = count_of(only.value, "cut");
    }
    if (only.value.IsNumber()) metrics.emplace_back(json::text(only.name), only.value.GetDouble());
    return true;
  }));
  if (error) return *error;
  return metrics;
}

}  // namespace

Table table_of_run(const store::RunFolder& folder, const config::RunConfig& run, store::RunRecord& record) {
  std::vector<std::string> models;
  for (const config::ModelConfig& model : run.models) models.push_back(model.abbr);
  std::unordered_map<std::string_view, const config::DatasetConfig*> datasets;
  for (const config::DatasetConfig& dataset : run.datasets) datasets.emplace(dataset.task_name, &dataset);
  std::vector<TaskOutcome> outcomes;
  for (store::TaskRecord& task : record.tasks) {
    if (!task.stage.empty()) continue;  // a helper's
    const auto known = datasets.find(task.dataset);
    if (known == datasets.end()) continue;
    const config::DatasetConfig& dataset = *known->second;
    TaskOutcome outcome{task.model, task.dataset, dataset.version, "", task.status, task.error, {}};
    outcome.samples = task.samples / std::max(dataset.repeats, 1U);
    outcome.mode = dataset.inferencer.id == "loglikelihood" ? "ll" : dataset.inferencer.id;
    if (task.infer == "complete" && task.eval == "complete") {
      auto metrics = read_metrics(folder.results(task.model, task.dataset), outcome);
      const bool unread =      // a judge of whom no verdict could be read leaves no number
          std::any_of(outcome.findings.begin(), outcome.findings.end(), [](const data::Finding& finding) {
            return finding.kind == "unread_verdicts" && finding.count > 0;
          });
      if (metrics && metrics->empty() && !config::is_unscored(dataset) && !unread)
        metrics =
            Error{Error::Kind::data, fmt::format("{} holds no number", folder.results(task.model, task.dataset).string())};
      if (metrics) {
        outcome.metrics = *std::move(metrics);
      } else {
        task.eval = "incomplete";
        store::set_incomplete(task,
                              fmt::format("{}; the same command with -m eval and -r scores it again", metrics.error().message));
        outcome.status = task.status;
        outcome.error = task.error;
      }
    } else if (task.infer == "complete" && task.eval.empty()) {
      store::set_incomplete(task, "it has been inferred and not scored; the same command with -m eval and -r scores it");
      outcome.status = "not scored";
      outcome.error = task.error;
    }
    outcomes.push_back(std::move(outcome));
  }
  return make_table(models, outcomes, run.summarizer);
}

Result<void> write_summary(const store::RunFolder& folder, const Table& table) {
  SXT_CHECK(write_file(folder.summary("txt"), to_summary_file(table, folder.timestamp())));
  SXT_CHECK(write_file(folder.summary("csv"), to_csv(table)));
  return write_file(folder.summary("md"), to_markdown(table));
}

}  // namespace sextant::report
