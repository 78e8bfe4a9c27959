// lm-eval's results_<time>.json, with samples_<task>_<time>.jsonl beside it, into a run's folder.
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include "../base/files.hpp"
#include "../base/lines.hpp"
#include "../base/text.hpp"
#include "imported.hpp"
#include "source.hpp"

namespace sextant::exchange {
namespace {

namespace fs = std::filesystem;
using Value = json::Value;

constexpr std::string_view results_prefix = "results_", results_suffix = ".json";

bool is_results(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with(results_prefix) && name.ends_with(results_suffix);
}
// "2026-01-31T09-08-07.123456", also of "mine_2026-...json".
std::string time_in(const fs::path& results) {
  std::string name = results.stem().string();
  return name.substr(name.rfind('_') + 1);
}

// The last results file of each folder; the others are said.
Result<std::vector<fs::path>> results_below(const fs::path& path, std::vector<std::string>& ret_older) {
  std::error_code code;
  if (fs::is_regular_file(path, code)) return std::vector<fs::path>{path};
  std::map<fs::path, std::vector<fs::path>> folders;
  for (auto it = fs::recursive_directory_iterator(path, code); it != fs::recursive_directory_iterator(); it.increment(code)) {
    if (code) return Error{Error::Kind::io, fmt::format("{} cannot be read: {}", path.string(), code.message())};
    if (it->is_regular_file(code) && is_results(it->path())) folders[it->path().parent_path()].push_back(it->path());
  }
  std::vector<fs::path> out;
  for (auto& [folder, files] : folders) {
    std::sort(files.begin(), files.end());
    out.push_back(files.back());
    for (size_t i = 0; i + 1 < files.size(); ++i) ret_older.push_back(files[i].string());
  }
  return out;
}

std::string model_name(const Value& file) {
  std::string name = json::find_string(file, "model_name").value_or("");
  if (name.empty()) name = text_at(&file, "config.model");
  while (name.size() > 1 && name.ends_with("/")) name.pop_back();
  const size_t slash = name.rfind('/');
  name = slash == name.npos ? name : name.substr(slash + 1);
  return name.empty() ? "model" : name;
}

// Python's str() of a list is all that lm-eval keeps of one.
std::string target_json(const Value& line) {
  json::Document target;
  const std::string text = json::find_string(line, "target").value_or("");
  if (text.starts_with("[") && text.ends_with("]")) {
    // str() of texts without quotes or escapes in them is JSON but for the quotes; anything else stays a text
    std::string as_json = text;
    const bool plain = text.find_first_of("\\\"") == text.npos;
    std::replace(as_json.begin(), as_json.end(), '\'', '"');
    if (plain)
      if (const auto parsed = json::parse(as_json, "target"); parsed && parsed->IsArray()) return json::write(*parsed);
  }
  return json::quote(text);
}

double number_in(const Value& value) {
  if (value.IsNumber()) return value.GetDouble();
  if (!value.IsString()) return std::nan("");
  const std::string text(json::text(value));
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return end && !*end && end != text.c_str() ? number : std::nan("");
}

struct Call {
  std::string context, continuation;
};
std::vector<Call> calls_of(const Value& line) {
  std::vector<Call> out;
  const Value* arguments = json::find(line, "arguments");
  if (arguments && arguments->IsArray())  // before 0.4.3
    for (const auto& call : arguments->GetArray())
      if (call.IsArray() && !call.Empty())
        out.push_back({call[0].IsString() ? std::string(json::text(call[0])) : json::write(call[0]),
                       call.Size() > 1 && call[1].IsString() ? std::string(json::text(call[1])) : std::string()});
  if (!arguments || !arguments->IsObject()) return out;
  for (const auto& call : arguments->GetObject()) {
    const Value* first = json::find(call.value, "arg_0");
    out.push_back({first && first->IsString() ? std::string(json::text(*first)) : first ? json::write(*first) : std::string(),
                   json::find_string(call.value, "arg_1").value_or("")});
  }
  return out;
}

// What one line says besides its filter's scores.
ImportedAttempt attempt_of(const Value& line, const std::string& output, uint64_t index) {
  ImportedAttempt out;
  data::Attempt& attempt = out.attempt;
  attempt.id.row = index;
  attempt.record_json = "{}";
  if (const Value* doc = json::find(line, "doc"); doc && doc->IsObject()) attempt.record_json = json::write(*doc);
  attempt.target_json = target_json(line);
  const std::vector<Call> calls = calls_of(line);
  const Value* resps = json::find(line, "resps");
  const auto reply = [&](size_t call) -> const Value* {
    return resps && resps->IsArray() && call < resps->Size() && (*resps)[static_cast<rapidjson::SizeType>(call)].IsArray() &&
                   !(*resps)[static_cast<rapidjson::SizeType>(call)].Empty()
               ? &(*resps)[static_cast<rapidjson::SizeType>(call)][0]
               : nullptr;
  };
  data::Prompt prompt;
  prompt.text = calls.empty() ? std::string() : calls.front().context;
  attempt.prompts.push_back(std::move(prompt));
  if (output == "generate_until") {
    if (const Value* text = reply(0))
      attempt.prediction = text->IsString() ? std::string(json::text(*text)) : json::write(*text);
    return out;
  }
  if (output == "loglikelihood_rolling") {
    if (const Value* sum = reply(0))
      attempt.extra_json = fmt::format("{{\"logprob\":{}}}", json::write(Value(number_in(*sum))));
    return out;
  }
  std::string greedy;
  for (size_t i = 0; i < calls.size(); ++i) {
    // acc_mutual_info asks for every option a second time, without the question
    if (calls[i].context.empty() && !calls.front().context.empty()) continue;
    const Value* score = reply(i);
    data::LabelScore label;
    label.label = std::to_string(attempt.labels.size());
    label.input = calls[i].continuation;
    label.logprob = label.value = score && score->IsArray() && !score->Empty() ? number_in((*score)[0]) : std::nan("");
    const bool first = score && score->IsArray() && score->Size() > 1 &&
                       ((*score)[1].IsTrue() || ((*score)[1].IsString() && json::text((*score)[1]) == "True"));
    greedy += fmt::format("{}\"{}\":{}", greedy.empty() ? "" : ",", label.label, first ? "true" : "false");
    attempt.labels.push_back(std::move(label));
  }
  if (!greedy.empty()) attempt.extra_json = "{\"greedy\":{" + greedy + "}}";
  const auto best = std::max_element(attempt.labels.begin(), attempt.labels.end(),
                                     [](const auto& x, const auto& y) { return x.logprob < y.logprob; });
  if (best != attempt.labels.end()) attempt.prediction = best->label;
  return out;
}

constexpr std::string_view known_members[] = {"doc_id", "doc",     "target",   "arguments",   "resps",      "filtered_resps",
                                              "filter", "metrics", "doc_hash", "prompt_hash", "target_hash"};

// A line for each filter and row: one attempt a row.
Result<std::vector<ImportedAttempt>> attempts_in(const fs::path& path, const std::string& output, bool several_filters,
                                                 ImportedRun& run, uint64_t& ret_left_out) {
  std::map<uint64_t, ImportedAttempt> rows;
  uint64_t number = 0;
  bool lists = false;
  SXT_CHECK(each_line(path, [&](std::string_view text) -> Result<void> {
    const std::string place = fmt::format("{}, line {}", path.string(), ++number);
    SXT_TRY(const json::Document line, python_json(std::string(text), place));
    const auto index = json::find_int(line, "doc_id");
    if (!index || *index < 0)
      return Error{Error::Kind::data, fmt::format("{}: no \"doc_id\"; is it a samples file of lm-eval?", place)};
    const auto [row, fresh] = rows.try_emplace(static_cast<uint64_t>(*index));
    ImportedAttempt& attempt = row->second;
    if (fresh) attempt = attempt_of(line, output, static_cast<uint64_t>(*index));
    const std::string filter = json::find_string(line, "filter").value_or("none");
    const Value* resps = json::find(line, "resps");
    if (fresh && resps && resps->IsArray() && !resps->Empty() && (*resps)[0].IsArray() && (*resps)[0].Size() > 1)
      ret_left_out += (*resps)[0].Size() - 1;
    const Value* filtered = json::find(line, "filtered_resps");
    if (output == "generate_until" && filtered && filtered->IsArray() && !filtered->Empty()) {
      const Value& answer = (*filtered)[0];
      attempt.answers.emplace_back(filter, answer.IsString() ? std::string(json::text(answer)) : json::write(answer));
    } else {
      attempt.answers.emplace_back(filter, attempt.attempt.prediction);
    }
    for (const auto& member : line.GetObject()) {
      const std::string_view name = json::text(member.name);
      if (std::find(std::begin(known_members), std::end(known_members), name) != std::end(known_members)) continue;
      const double value = score_value(member.value);
      lists = lists || std::isnan(value);
      attempt.scores.emplace_back(several_filters ? fmt::format("{},{}", name, filter) : std::string(name), value);
    }
    return {};
  }));
  if (lists)
    run.note(fmt::format(
        "{}: some values of samples are no numbers (metrics that are computed over the whole set); samples have no score there",
        path.filename().string()));
  if (ret_left_out > 0) run.note(fmt::format("{}: of several replies to a question the first is taken over", path.filename().string()));
  std::vector<ImportedAttempt> out;
  for (auto& [index, attempt] : rows) out.push_back(std::move(attempt));
  return out;
}

// lm-eval names no units, and not always a direction.
bool lower_is_better(std::string_view metric) {
  constexpr std::string_view names[] = {"word_perplexity", "byte_perplexity", "bits_per_byte", "perplexity", "brier_score", "ter",
                                        "mae", "mse", "rmse", "wer", "cer"};
  return std::find(std::begin(names), std::end(names), metric) != std::end(names);
}

// lm-eval's own shares. Others (rougeL, bleu, score) are on scales of their task's, which no value tells.
bool is_share(std::string_view metric) {
  constexpr std::string_view names[] = {"acc",      "accuracy", "exact_match", "em",        "f1",     "f1_macro", "macro_f1",
                                        "micro_f1", "f1_micro", "weighted_f1", "precision", "recall", "mcc",
                                        "contains", "mc1",      "mc2"};
  const bool named = std::find(std::begin(names), std::end(names), metric) != std::end(names);
  return named || metric.starts_with("acc_") || metric.ends_with("_acc") || metric.starts_with("pass@") ||
         metric.starts_with("pass_at_");
}

// An entry of the task's metric_list.
const Value* listed(const Value* config, const std::string& metric) {
  const Value* list = config ? json::find(*config, "metric_list") : nullptr;
  if (!list || !list->IsArray()) return nullptr;
  for (const auto& one : list->GetArray())
    if (json::find_string(one, "metric").value_or("") == metric) return &one;
  return nullptr;
}

struct Scales {
  const Value *directions = nullptr, *config = nullptr;
  bool ours = false;   // an export of Sextant, which names what is no share
  bool several_filters = false;
};

std::vector<ImportedNumber> numbers_in(const Value& entry, const Scales& scales, const std::string& task, ImportedRun& run) {
  std::vector<ImportedNumber> out;
  const bool squad = json::find(entry, "HasAns_f1,none") || json::find(entry, "best_f1,none");   // its numbers are percentages
  for (const auto& member : entry.GetObject()) {
    const std::string key(json::text(member.name));
    const size_t comma = key.find(',');
    if (comma == key.npos || !member.value.IsNumber()) continue;
    const std::string metric = key.substr(0, comma);
    if (metric.ends_with("_stderr")) continue;
    ImportedNumber one;
    one.name = scales.several_filters ? key : metric;
    one.higher_is_better = scales.directions ? json::find_bool(*scales.directions, metric).value_or(!lower_is_better(metric))
                                             : !lower_is_better(metric);
    const Value* said = listed(scales.config, metric);
    // by the name, never by the value: two models' numbers must stay on one scale
    one.percent = scales.ours ? shown_in_percent(metric) && one.higher_is_better &&
                                    (!said || json::find_bool(*said, "percent").value_or(true))
                              : is_share(metric) && !squad;
    const double value = member.value.GetDouble();
    if (one.percent && std::abs(value) > 1) {
      one.percent = false;
      run.note(fmt::format("{}: {} is {:g}, which is no share; it is shown as it is written", task, metric, value));
    } else if (!one.percent && !scales.ours && shown_in_percent(metric) && one.higher_is_better) {
      run.note(fmt::format("{} is not known to be a share; it is shown as it is written, not in percent", metric));
    }
    const double unit = one.percent ? 100 : 1;
    one.value = unit * value;
    if (const auto error = json::find_number(entry, fmt::format("{}_stderr{}", metric, key.substr(comma))))
      one.standard_error = unit * *error;
    out.push_back(std::move(one));
  }
  return out;
}

// Do results and samples belong together? Means are compared, where the files say that it is one, and numbers of questions.
void say_disagreements(const ImportedTask& task, const Value* config, ImportedRun& run) {
  if (task.attempts.empty()) return;
  if (task.questions && *task.questions != task.attempts.size())
    run.note(fmt::format("{}: its results are of {} questions, and its samples of {}; both are kept as they are", task.dataset,
                         *task.questions, task.attempts.size()));
  for (const ImportedNumber& number : task.numbers) {
    const std::string metric = number.name.substr(0, number.name.find(','));
    const Value* said = listed(config, metric);
    const bool usual = metric == "acc" || metric == "acc_norm" || metric == "exact_match";
    if ((said ? json::find_string(*said, "aggregation") : std::nullopt).value_or(usual ? "mean" : "") != "mean") continue;
    double sum = 0;
    uint64_t n = 0;
    for (const ImportedAttempt& one : task.attempts)
      for (const auto& [name, value] : one.scores)
        if (name == number.name && !std::isnan(value)) sum += value, ++n;
    const double mean = (number.percent ? 100 : 1) * sum / static_cast<double>(n);
    if (n == task.attempts.size() && std::abs(mean - number.value) > std::max(0.01, 1e-3 * std::abs(number.value)))
      run.note(fmt::format("{}: {} is {:.2f} by its results, and {:.2f} by its samples; both are kept as they are",
                           task.dataset, number.name, number.value, mean));
  }
}

bool has_several_filters(const Value& entry) {
  std::vector<std::string> filters;
  for (const auto& member : entry.GetObject())
    if (const std::string key(json::text(member.name)); key.find(',') != key.npos) {
      const std::string filter = key.substr(key.find(',') + 1);
      if (std::find(filters.begin(), filters.end(), filter) == filters.end()) filters.push_back(filter);
    }
  return filters.size() > 1;
}

void leaves_of(const Value& subtasks, const std::string& name, std::vector<std::string>& out, size_t depth = 0) {
  const Value* children = json::find(subtasks, name);
  if (!children || !children->IsArray() || depth > 8) {
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
    return;
  }
  for (const auto& child : children->GetArray())
    if (child.IsString()) leaves_of(subtasks, std::string(json::text(child)), out, depth + 1);
}

// One row of a group: over the tasks that have the number. lm-eval does not say whether it weighed by size: what gives its
// number does.
void add_group_number(const Value& results, const std::string& key, double said, config::SummaryGroup group, ImportedRun& run,
                      std::vector<config::SummaryGroup>& ret_groups) {
  double weighed = 0, weights = 0, plain = 0;
  std::vector<std::string> having;
  for (const std::string& leaf : group.members) {
    const Value* entry = json::find(results, leaf);
    const auto value = entry ? json::find_number(*entry, key) : std::nullopt;
    if (!value) continue;
    const double n = json::find_number(*entry, "sample_len").value_or(0);
    weighed += n * *value;
    weights += n;
    plain += *value;
    having.push_back(leaf);
  }
  group.by_size = weights > 0 && std::abs(weighed / weights - said) < 1e-9;
  if (!group.by_size && (having.empty() || std::abs(plain / static_cast<double>(having.size()) - said) >= 1e-9))
    return run.note(fmt::format("the group {} is left out: its {} is no mean of its tasks' numbers", group.name, key));
  group.members = std::move(having);
  const std::string metric = key.ends_with(",none") ? key.substr(0, key.find(',')) : key;
  for (config::SummaryGroup& other : ret_groups)
    if (other.by_size == group.by_size && other.members == group.members) return other.metrics.push_back(metric);
  group.metrics = {metric};
  ret_groups.push_back(std::move(group));
}

void add_group(const Value& file, const std::string& name, ImportedRun& run) {
  const Value *subtasks = json::find(file, "group_subtasks"), *results = json::find(file, "results");
  config::SummaryGroup group;
  group.name = name;
  leaves_of(*subtasks, name, group.members);
  const Value* own = json::find(*results, name);
  if (!own || !own->IsObject()) return run.note(fmt::format("the group {} is left out: it has no numbers", name));
  std::vector<config::SummaryGroup> groups;
  for (const auto& member : own->GetObject()) {
    const std::string key(json::text(member.name));
    if (key.find(',') == key.npos || key.find("_stderr,") != key.npos || !member.value.IsNumber()) continue;
    add_group_number(*results, key, member.value.GetDouble(), group, run, groups);
  }
  for (config::SummaryGroup& each : groups) run.add_group(std::move(each));
}

Result<void> import_file(const fs::path& path, ImportedRun& run) {
  SXT_TRY(const std::string text, read_file(path));
  SXT_TRY(const json::Document file, python_json(text, path.string()));
  const Value* results = json::find(file, "results");
  if (!results || !results->IsObject() || !json::find(file, "versions"))
    return Error{Error::Kind::data,
                 fmt::format("{} is no results file of lm-eval: it has no \"results\" and \"versions\"", path.string())};
  ImportedModel model;
  model.abbr = model_name(file);
  model.backend = "lm-eval " + json::find_string(file, "model_source").value_or(text_at(&file, "config.model"));
  model.device = text_at(&file, "config.device");
  model.compute = text_at(&file, "config.model_dtype");
  run.add_model(model);
  const std::string time = time_in(path);
  if (time.size() >= 19) {
    std::string started = time.substr(0, 19);
    started[13] = started[16] = ':';
    run.set_times(started, "");
  }
  const Value* directions = json::find(file, "higher_is_better");
  const bool ours = json::find_string(file, "lm_eval_version").value_or("").starts_with("sextant");
  for (const auto& entry : results->GetObject()) {
    const std::string name(json::text(entry.name));
    if (!entry.value.IsObject() ||
        (json::find(file, "group_subtasks") && json::find(*json::find(file, "group_subtasks"), name)))
      continue;
    ImportedTask task;
    task.model = model.abbr;
    task.dataset = name;
    const Value* version = json::find(*json::find(file, "versions"), name);
    if (version && !version->IsNull())
      task.version = version->IsString() ? std::string(json::text(*version)) : json::write(*version);
    const bool several = has_several_filters(entry.value);
    const Value* direction = directions ? json::find(*directions, name) : nullptr;
    const Value* configs = json::find(file, "configs");
    const Value* config = configs ? json::find(*configs, name) : nullptr;
    task.numbers = numbers_in(entry.value, {direction, config, ours, several}, name, run);
    if (task.numbers.empty()) {
      run.note(fmt::format("{} is left out: {} has no number of it", name, path.filename().string()));
      continue;
    }
    const std::string output = config ? json::find_string(*config, "output_type").value_or("generate_until") : "generate_until";
    task.mode = output == "generate_until" ? "gen" : output == "loglikelihood_rolling" ? "rolling" : "multiple_choice";
    const fs::path samples = path.parent_path() / fmt::format("samples_{}_{}.jsonl", name, time);
    std::error_code code;
    if (fs::exists(samples, code)) {
      SXT_TRY(task.attempts, attempts_in(samples, output, several, run, task.replies_left_out));
    } else {
      run.note(fmt::format(
          "{} has no samples file ({}): its numbers can be shown, and not compared; lm-eval writes it with --log_samples", name,
          samples.filename().string()));
    }
    if (const Value* counts = json::find(file, "n-samples"))
      if (const Value* count = json::find(*counts, name))
        if (const auto n = json::find_int(*count, "effective"); n && *n >= 0) task.questions = static_cast<uint64_t>(*n);
    if (task.replies_left_out == 0 && !ours) say_disagreements(task, config, run);
    SXT_CHECK(run.add(task));
  }
  if (const Value* groups = json::find(file, "groups"); groups && groups->IsObject() && json::find(file, "group_subtasks"))
    for (const auto& group : groups->GetObject()) add_group(file, std::string(json::text(group.name)), run);
  return {};
}

}  // namespace

Result<fs::path> import_lm_eval(const fs::path& path, const fs::path& work_dir) {
  std::vector<std::string> older;
  SXT_TRY(const std::vector<fs::path> files, results_below(path, older));
  if (files.empty())
    return Error{Error::Kind::data,
                 fmt::format("{} has no results_*.json of lm-eval; it writes them with --output_path", path.string())};
  SXT_TRY(const std::string text, read_file(files.front()));
  SXT_TRY(const json::Document first, python_json(text, files.front().string()));
  SXT_TRY(ImportedRun run,
          ImportedRun::create(work_dir, "lm-eval", json::find_string(first, "lm_eval_version").value_or(""), path.string()));
  if (!older.empty())
    run.note(fmt::format("of several results in a folder the last is taken: {} left out; name a file to import that one",
                         first_names(older, 4)));
  for (const fs::path& file : files) SXT_CHECK(import_file(file, run));
  return run.finish();
}

}  // namespace sextant::exchange
