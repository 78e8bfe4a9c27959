#include "subject.hpp"
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <sextant/columns.hpp>
#include <sextant/utf8.hpp>
#include "../config/card_parts.hpp"
#include "../score/choice_scores.hpp"
#include "../score/components.hpp"
#include "../score/own_metrics.hpp"
#include "../serve/dataset_feed.hpp"
#include "../serve/dataset_task.hpp"

namespace sextant::check {
namespace {

constexpr size_t shots_max = 32;  // examples that are looked at where a retriever chooses among many
constexpr double close = 1e-9;

}  // namespace

std::string in_quotes(const std::string& text, size_t bytes_max) {
  const bool long_one = text.size() > bytes_max;
  const std::string part = long_one ? text.substr(0, utf8::valid_prefix(text.substr(0, bytes_max))) + "..." : text;
  return json::quote(part);
}

std::vector<std::string> golds_of(const std::string& record_json, const std::string& column) {
  const auto record = json::parse(record_json, "record");
  const json::Value* target = record && !column.empty() ? json::find(*record, column) : nullptr;
  if (!target) return {};
  if (!target->IsArray()) return {columns::as_text(*target)};
  std::vector<std::string> out;
  for (const auto& one : target->GetArray())
    if (one.IsString() || one.IsNumber()) out.push_back(columns::as_text(one));
  return out;
}

Result<Subject> Subject::open(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                              uint64_t rows_max) {
  Subject out(host, run, dataset);
  SXT_TRY(const auto inferencer, serve::open_inferencer(host, dataset.inferencer, dataset.card_path));
  out.form = inferencer->form();
  SXT_TRY(out.data, load::load_data(host, dataset, run));
  const uint64_t size = out.data.rows.size(), count = std::min(size, rows_max);
  for (uint64_t i = 0; i < count; ++i) {
    SXT_TRY(load::Row row, out.data.rows.at(i * size / count));
    out.golds.push_back(golds_of(row.record_json, dataset.output_column));
    out.rows.push_back(std::move(row));
  }
  SXT_CHECK(out.open_shots());
  SXT_TRY(out.facts_, score::facts_of(host, dataset));
  const bool has_golds = std::any_of(out.golds.begin(), out.golds.end(), [](const auto& golds) { return !golds.empty(); });
  // rules that replies are held against are no replies themselves
  const bool rules = std::any_of(dataset.metrics.begin(), dataset.metrics.end(), [&](const auto& metric) {
    return host.says(plugin::Kind::metric, metric.id, "x-reference-is-no-reply");
  });
  // nor is an object with several kinds of answers a reply, and a share of p over several right labels is no one label's
  const bool objects = std::all_of(out.golds.begin(), out.golds.end(),
                                   [](const auto& golds) { return golds.empty() || golds.front().starts_with("{"); });
  const bool shares = !score::choice_scores_of(dataset).empty() &&
                      std::any_of(out.golds.begin(), out.golds.end(), [](const auto& golds) { return golds.size() > 1; });
  out.scorable_ = has_golds && !rules && !objects && !shares && !score::runs_programs(dataset) &&
                  !config::measures_itself(dataset.inferencer) &&
                  (!out.facts_.empty() || !score::choice_scores_of(dataset).empty()) && out.form != data::Form::whole;
  return out;
}

Result<void> Subject::open_shots() {
  same_shots = !data.shots.empty();
  shots = data.shots;
  shot_rows = data.shot_rows;
  if (same_shots || !data.corpus || !dataset.retriever.shows_examples()) return {};
  const uint64_t size = data.corpus->size(), count = std::min<uint64_t>(size, shots_max);
  for (uint64_t i = 0; i < count; ++i) {
    shot_rows.push_back(i * size / count);
    SXT_TRY(std::string record, data.corpus->row(shot_rows.back()));
    shots.push_back(std::move(record));
  }
  return {};
}

Result<render::Rendered> Subject::rendered(const std::string& record_json, std::span<const std::string> examples,
                                           data::Form f) const {
  auto made = templates_.find(f);
  if (made == templates_.end()) {
    SXT_TRY(plugin::Template opened, serve::make_template(host, serve::renderer_options(dataset, run, f, 0)));
    made = templates_.emplace(f, std::move(opened)).first;
  }
  plugin::RenderItem item;
  item.record_json = record_json;
  item.shots_json.assign(examples.begin(), examples.end());
  item.output_column = dataset.output_column;
  item.form = f;
  SXT_TRY(const json::Document pieces, made->second.render(item));
  return render::parse_rendered(pieces, f, "template:" + dataset.template_.id);
}

Result<data::Prompts> Subject::prompts(const std::string& record_json, std::span<const std::string> examples,
                                       std::optional<data::Form> other) const {
  const data::Form f = other.value_or(form);
  SXT_TRY(const render::Rendered pieces, rendered(record_json, examples, f));
  render::Format format;
  format.compat = run.compat;
  format.few_shot = dataset.retriever.shows_examples();
  return render::assemble(pieces, f, format, [](std::string_view) -> Result<std::string> {
    return Error{Error::Kind::internal, "no chat template is asked for"};
  });
}

std::string Subject::shown_answer(const std::string& record_json) const {
  const auto with = rendered(record_json, std::span(&record_json, 1), form), without = rendered(record_json, {}, form);
  if (!with || !without || with->prompts.empty() || without->prompts.empty()) return "";
  std::string by_role, shot, item;
  bool roles = false;
  for (const render::Piece& piece : with->prompts.front().pieces) {
    if (piece.section != render::Piece::Section::shot) continue;
    roles = roles || !piece.role.empty();
    if (piece.role == "BOT") by_role += piece.text;
    shot += piece.text;
  }
  if (roles) return by_role;
  for (const render::Piece& piece : without->prompts.front().pieces)
    if (piece.section == render::Piece::Section::round) item += piece.text;
  // what the example has behind what both begin with
  size_t common = 0;
  while (common < std::min(shot.size(), item.size()) && shot[common] == item[common]) ++common;
  return common == item.size() ? shot.substr(common) : "";
}

std::vector<std::string> Subject::labels(const std::string& record_json) const {
  std::vector<std::string> out;
  if (form == data::Form::open || form == data::Form::whole) return out;
  const auto made = prompts(record_json);
  if (!made) return out;
  for (const data::Continuation& one : made->continuations) out.push_back(one.label);
  if (out.empty())
    for (const data::Prompt& one : made->prompts) out.push_back(one.label);
  return out;
}

data::Attempt Subject::attempt(const std::string& record_json, uint64_t row, const std::string& reply) const {
  data::Attempt out;
  out.id = {dataset.task_name, row, 0};
  out.record_json = record_json;
  out.target_json = "\"\"";
  if (const auto record = json::parse(record_json, "record"))
    if (const json::Value* target = json::find(*record, dataset.output_column)) out.target_json = json::write(*target);
  out.prediction = reply;
  for (const std::string& label : labels(record_json))
    out.labels.push_back({label, "", label == reply ? -1.0 : -2.0, 1, 0, {}});
  if (!out.labels.empty()) {
    json::Document extra(rapidjson::kObjectType);
    auto& a = extra.GetAllocator();
    json::Value choices(rapidjson::kObjectType), greedy(rapidjson::kObjectType);
    for (const char* by : {"sum", "token", "byte", "char", "mutual"}) json::set(choices, by, reply, a);
    for (const data::LabelScore& label : out.labels) json::set(greedy, label.label, json::Value(label.label == reply), a);
    json::set(extra, "choices", std::move(choices), a);
    json::set(extra, "greedy", std::move(greedy), a);
    out.extra_json = json::write(extra);
  }
  return out;
}

Result<Judgement> Subject::judge(std::span<const std::string> records, std::span<const std::string> replies) const {
  config::DatasetConfig once = dataset;
  once.repeats = 1;
  once.pass_at.clear();
  once.g_pass_at = {};
  once.judge.reset();
  const score::Attempts attempts{records.size(), [&](uint64_t first, uint64_t n) -> Result<std::vector<data::Attempt>> {
                                   std::vector<data::Attempt> out;
                                   for (uint64_t i = first; i < first + n; ++i)
                                     out.push_back(attempt(records[i], i, replies[i]));
                                   return out;
                                 }};
  SXT_TRY(const score::Scored scored, score::score(once, attempts, facts_, score::make_reader(host, once, run.compat), 1,
                                                   std::filesystem::temp_directory_path()));
  if (scored.failed > 0 && scored.error) return *scored.error;
  Judgement out;
  if (scored.columns.empty()) return out;
  const score::Column& column = scored.columns.front();
  const double best = !column.facts.higher_is_better  ? (std::isnan(column.facts.low) ? 0 : column.facts.low)
                      : std::isnan(column.facts.high) ? 1
                                                      : column.facts.high;
  for (const double value : column.values) {
    const bool right = column.facts.higher_is_better ? value >= best - close : value <= best + close;
    out.values.push_back(value);
    out.right.push_back(right);
    out.right_count += right;
  }
  return out;
}

Result<Judgement> Subject::judge(const std::function<std::string(size_t row)>& reply) const {
  std::vector<std::string> records, replies;
  for (size_t i = 0; i < rows.size(); ++i) {
    records.push_back(rows[i].record_json);
    replies.push_back(reply(i));
  }
  return judge(records, replies);
}

std::string Subject::read_of(const std::string& record_json, const std::string& reply) const {
  const auto reader = score::make_reader(host, dataset, run.compat)();
  if (!reader) return "";
  const data::Attempt one = attempt(record_json, 0, reply);
  const score::Row row = {&one};
  const auto read = (*reader)->read(std::span(&row, 1));
  if (!read || read->empty() || read->front().empty() || read->front().front().empty()) return "";
  return read->front().front().front().answer;
}

}  // namespace sextant::check
