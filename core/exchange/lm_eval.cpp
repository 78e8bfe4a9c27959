// lm-eval's results_<time>.json, as 0.4.13 writes it with --output_path.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <sextant/list_text.hpp>
#include <sextant/sha256.hpp>
#include <sextant/python_text.hpp>
#include "../base/file_name.hpp"
#include "../base/files.hpp"
#include "formats.hpp"
#include "json_values.hpp"
#include "lm_eval.hpp"

namespace sextant::exchange {
namespace {

uint64_t shots_of(const Task& task) {
  if (const Value* count = member_at(task.set, "infer.retriever.ice_num"); count && count->IsUint64())
    return count->GetUint64();
  const Value* rows = member_at(task.set, "infer.retriever.ids");
  return rows && rows->IsArray() ? rows->Size() : 0;
}

Value number_or(double value, double unit, const char* otherwise, Allocator& a) {
  return std::isfinite(value) ? Value(value / unit) : Value(otherwise, a);
}

// lm-eval has no errors of numbers that are no means.
bool has_error(const std::string& metric) {
  return metric != "brier_score" && metric != "word_perplexity" && metric != "byte_perplexity" && metric != "bits_per_byte";
}

Value result_of(const Task& task, Allocator& a) {
  Value out = object();
  json::set(out, "name", task.dataset, a);
  json::set(out, "alias", task.dataset, a);
  uint64_t rows = 0;
  for (const Number& number : task.numbers) rows = std::max(rows, number.n);
  json::set(out, "sample_len", Value(rows ? rows : task.record->samples), a);
  for (const Number& number : task.numbers) {
    json::set(out, lm_eval_key(number, task), number_or(number.value, number.unit, "N/A", a), a);
    json::set(out, lm_eval_key(number, task, "_stderr"),
              has_error(number.metric) ? number_or(number.standard_error, number.unit, "N/A", a) : Value("N/A"), a);
  }
  return out;
}

// A function of a task file is an object with its source.
Value as_written(const Value& value, Allocator& a) {
  const auto source = json::find_string(value, "source");
  return source ? Value(*source, a) : Value(value, a);
}

Value config_of(const Task& task, Allocator& a) {
  Value out = object(), shots = object(), metrics = array(), metadata = object();
  const auto put = [&](Value& to, const char* name, const char* path) {
    if (const Value* value = member_at(task.set, path);
        value && !value->IsNull() && !(value->IsString() && value->GetStringLength() == 0))
      json::set(to, name, as_written(*value, a), a);
  };
  // the derive step that makes the question holds what a task file says of it
  const std::string column = text_at(task.set, "infer.template.column");
  const std::string step = column.empty() ? std::string("none") : fmt::format("reader.derive.{}.lm_eval.", column);
  const auto question = [&](Value& to) {
    put(to, "doc_to_text", (step + "text").c_str());
    put(to, "doc_to_target", (step + "target").c_str());
    put(to, "doc_to_choice", (step + "choices").c_str());
  };
  json::set(out, "task", task.dataset, a);
  put(out, "dataset_path", "loader.repo");
  if (!json::find(out, "dataset_path")) put(out, "dataset_path", "folder");
  put(out, "dataset_name", "loader.name");
  put(out, "test_split", "reader.test_split");
  if (shots_of(task) > 0) put(out, "fewshot_split", "reader.train_split");
  question(out);
  json::set(out, "unsafe_code", Value(false), a);
  json::set(out, "description", text_at(task.set, step + "description"), a);
  const Value* delimiter = member_at(task.set, "infer.template.target_delimiter");
  const Value* between = member_at(task.set, "infer.template.fewshot_delimiter");
  json::set(out, "target_delimiter", delimiter ? Value(*delimiter, a) : Value("", a), a);
  json::set(out, "fewshot_delimiter", between ? Value(*between, a) : Value("", a), a);
  json::set(shots, "sampler", text_at(task.set, "infer.retriever.sampler").empty() ? "default" : "first_n", a);
  put(shots, "split", "reader.train_split");
  question(shots);
  json::set(out, "fewshot_config", std::move(shots), a);
  json::set(out, "num_fewshot", Value(shots_of(task)), a);
  for (const Number& number : task.numbers) {
    Value one = object();
    json::set(one, "metric", number.metric, a);
    json::set(one, "aggregation", number.metric == "perplexity" ? "perplexity" : "mean", a);
    json::set(one, "higher_is_better", Value(number.higher_is_better), a);
    if (number.unit == 1) json::set(one, "percent", Value(false), a);
    metrics.PushBack(std::move(one), a);
  }
  json::set(out, "metric_list", std::move(metrics), a);
  json::set(out, "output_type", lm_eval_output(task), a);
  if (lm_eval_output(task) == "generate_until") json::set(out, "generation_kwargs", lm_eval_generation(task, a), a);
  const Value* repeats = member_at(task.set, "infer.repeats");
  json::set(out, "repeats", repeats ? Value(*repeats, a) : Value(1), a);
  if (task.filters.size() > 1 || task.filters.front() != "none") put(out, "filter_list", "eval.filters");
  json::set(out, "should_decontaminate", Value(false), a);
  put(metadata, "version", "version");
  put(metadata, "sextant_card", "source_card");
  json::set(out, "metadata", std::move(metadata), a);
  return out;
}

// A member's number of that name; "exact_match,strict" is "exact_match" where there is one filter alone.
const Number* number_of(const Task& task, const std::string& name) {
  for (const std::string& one : {name, name.substr(0, name.find(','))})
    for (const Number& number : task.numbers)
      if (number.name == one) return &number;
  return nullptr;
}

// The mean over those members that have the number, and its standard error as lm-eval has it.
void add_group_number(const std::vector<const Task*>& leaves, const std::string& name, bool by_size, Value& ret_entry,
                      Value& ret_counts, Allocator& a) {
  double sum = 0, weights = 0, variance = 0, pooled = 0, k = 0;
  bool known = true;
  const Task* first = nullptr;
  uint64_t samples = 0;
  for (const Task* task : leaves) {
    const Number* number = number_of(*task, name);
    if (!number) continue;
    if (!first) first = task;
    const double n = static_cast<double>(number->n), error = number->standard_error / number->unit;
    sum += (by_size ? n : 1) * number->value / number->unit;
    weights += by_size ? n : 1;
    known = known && std::isfinite(error);
    variance += error * error;
    pooled += (n - 1) * n * error * error;
    samples += task->record->samples;
    ++k;
  }
  if (weights == 0) return;
  const double error = !known ? std::nan("") : by_size ? std::sqrt(pooled / (weights - k) / weights) : std::sqrt(variance) / k;
  const Number& shown = *number_of(*first, name);
  json::set(ret_entry, lm_eval_key(shown, *first), number_or(sum / weights, 1, "N/A", a), a);
  json::set(ret_entry, lm_eval_key(shown, *first, "_stderr"), number_or(error, 1, "N/A", a), a);
  json::set(ret_counts, lm_eval_key(shown, *first), Value(samples), a);
}

// Rows of a group that is there already.
void add_rows(const Value& more, Value& ret_entry, Allocator& a) {
  for (const auto& member : more.GetObject()) {
    const std::string_view key = json::text(member.name);
    if (key == "sample_count") {
      for (const auto& count : member.value.GetObject())
        json::set(ret_entry["sample_count"], json::text(count.name), Value(count.value, a), a);
    } else if (!json::find(ret_entry, key) ||
               (key == "sample_len" && member.value.GetUint64() > ret_entry["sample_len"].GetUint64())) {
      json::set(ret_entry, key, Value(member.value, a), a);
    }
  }
}

// One entry for a group of the run whose members are all there: lm-eval weighs by size, or not at all.
std::optional<Value> group_of(const Value& group, const std::vector<const Task*>& tasks, Allocator& a) {
  const Value* members = json::find(group, "members");
  const Value* weighted = json::find(group, "weights");
  if (!members || !members->IsArray() || members->Empty() || (weighted && weighted->IsObject())) return std::nullopt;
  std::vector<const Task*> leaves;
  for (const auto& member : members->GetArray()) {
    const auto found =
        std::find_if(tasks.begin(), tasks.end(), [&](const Task* task) { return json::text(member) == task->dataset; });
    if (found == tasks.end() || (*found)->numbers.empty()) return std::nullopt;
    leaves.push_back(*found);
  }
  const bool by_size = weighted != nullptr;
  Value out = object(), counts = object();
  const std::string name = json::find_string(group, "name").value_or("");
  json::set(out, "alias", name, a);
  json::set(out, "name", name, a);
  uint64_t all = 0;
  for (const Task* task : leaves) all += task->record->samples;
  json::set(out, "sample_len", Value(all), a);
  // as in the table: the numbers that the group names, else each member's first
  std::vector<std::string> wanted = list_text::one_or_more(json::find(group, "metrics"));
  if (wanted.empty()) wanted.push_back(leaves.front()->numbers.front().name);
  for (const std::string& number : wanted) add_group_number(leaves, number, by_size, out, counts, a);
  if (counts.ObjectEmpty()) return std::nullopt;
  json::set(out, "sample_count", std::move(counts), a);
  return out;
}

// The number of examples where all members have the same, and each metric's direction: null where they differ.
void say_of_children(const Value& members, const std::string& name, Value& ret_shots, Value& ret_better, Allocator& a) {
  const Value* common = members.Empty() ? nullptr : json::find(ret_shots, json::text(members[0]));
  Value directions = object();
  for (const auto& member : members.GetArray()) {
    const Value *count = json::find(ret_shots, json::text(member)), *better = json::find(ret_better, json::text(member));
    if (!count || !common || *count != *common) common = nullptr;
    if (!better) continue;
    for (const auto& direction : better->GetObject()) {
      const Value* known = json::find(directions, json::text(direction.name));
      json::set(directions, json::text(direction.name), known && *known != direction.value ? null() : Value(direction.value, a),
                a);
    }
  }
  if (common) json::set(ret_shots, name, Value(*common, a), a);
  else ret_shots.RemoveMember(name.c_str());
  json::set(ret_better, name, std::move(directions), a);
}

// lm-eval's model_args and what hf says of a model, as far as the run knows it.
Value model_config(const Source& run, const Task& first, Allocator& a) {
  Value out = object(), args = object();
  std::string path = text_at(first.asked, "model_path");
  if (path.empty()) path = text_at(first.asked, "hf_path");
  json::set(args, "pretrained", path.empty() ? first.model : path, a);
  json::set(out, "model", "sextant:" + (first.weights ? first.weights->backend : text_at(first.asked, "backend")), a);
  json::set(out, "model_args", std::move(args), a);
  json::set(out, "model_num_parameters", Value(-1), a);  // as lm-eval writes it where it does not know
  json::set(out, "model_dtype", first.weights ? first.weights->compute : "", a);
  json::set(out, "model_revision", "", a);
  json::set(out, "model_sha", first.weights ? first.weights->weights_sha256 : "", a);
  json::set(out, "batch_size", null(), a);
  json::set(out, "batch_sizes", array(), a);
  json::set(out, "device", first.weights ? Value(first.weights->device, a) : null(), a);
  json::set(out, "use_cache", null(), a);
  const auto limit = json::find_number(*run.config, "limit");
  json::set(out, "limit", limit && *limit > 0 ? Value(*limit) : null(), a);
  json::set(out, "bootstrap_iters", Value(0), a);
  const Value* generation = member_at(first.asked, "generation");
  json::set(out, "gen_kwargs", generation ? Value(*generation, a) : object(), a);
  const Value* seed = json::find(*run.config, "seed");
  for (const char* name : {"random_seed", "numpy_seed", "torch_seed", "fewshot_seed"})
    json::set(out, name, seed ? Value(*seed, a) : null(), a);
  if (const Value* drawn = member_at(first.set, "infer.retriever.seed")) json::set(out, "fewshot_seed", Value(*drawn, a), a);
  return out;
}

// As lm-eval makes a folder of a model's name; a name that would leave the folder becomes another.
std::string sanitised(const std::string& name) {
  std::string out;
  for (const char c : name)
    if (std::string_view("\"<>:/|\\?*[]").find(c) == std::string_view::npos) out += c;
    else if (!out.ends_with("__")) out += "__";
  return safe_file_name(out);
}

// "2026-01-02T03:04:05+0000" as lm-eval has it in names.
std::string time_in_names(const std::string& started) {
  std::string out = started.substr(0, std::min<size_t>(19, started.size()));
  std::replace(out.begin(), out.end(), ':', '-');
  return (out.empty() ? "1970-01-01T00-00-00" : out) + ".000000";
}
// Seconds since 1970, 0 where it cannot be read.
double seconds_of(const std::string& time) {
  std::tm parts{};
  const char* rest = ::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S%z", &parts);
  return rest ? static_cast<double>(::timegm(&parts) - parts.tm_gmtoff) : 0;
}

json::Document results_of(const Source& run, const std::vector<const Task*>& tasks,
                          const std::map<std::string, std::string>& hashes) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  Value results = object(), groups = object(), subtasks = object(), configs = object(), versions = object(), shots = object(),
        better = object(), counts = object(), task_hashes = object();
  std::vector<const Task*> sorted = tasks;
  std::sort(sorted.begin(), sorted.end(), [](const Task* x, const Task* y) { return x->dataset < y->dataset; });
  for (const Task* task : tasks) {
    json::set(results, task->dataset, result_of(*task, a), a);
    const auto limit = json::find_number(*run.config, "limit");
    const uint64_t effective = task->record->samples;
    // with a limit the split may have more rows, and nothing says how many
    const bool whole =
        (!limit || *limit <= 0 || (*limit >= 1 && static_cast<double>(effective) < *limit)) && !json::find(*run.config, "rows");
    Value count = object();
    json::set(count, "original", whole ? Value(effective) : null(), a);
    json::set(count, "effective", Value(effective), a);
    json::set(counts, task->dataset, std::move(count), a);
  }
  for (const Task* task : sorted) {
    json::set(configs, task->dataset, config_of(*task, a), a);
    json::set(versions, task->dataset, text_at(task->set, "version"), a);
    json::set(shots, task->dataset, Value(shots_of(*task)), a);
    Value directions = object();
    for (const Number& number : task->numbers) json::set(directions, number.metric, Value(number.higher_is_better), a);
    json::set(better, task->dataset, std::move(directions), a);
  }
  if (const Value* list = member_at(run.config, "summarizer.groups"); list && list->IsArray())
    for (const auto& group : list->GetArray())
      if (auto entry = group_of(group, tasks, a)) {
        const std::string name = json::find_string(group, "name").value_or("");
        if (const auto before = groups.FindMember(name.c_str()); before != groups.MemberEnd()) {
          add_rows(*entry, before->value, a);
          json::set(results, name, Value(before->value, a), a);
          Value& members = subtasks[name.c_str()];  // each number has its own; the group has all of them
          for (const auto& member : json::find(group, "members")->GetArray())
            if (std::find(members.Begin(), members.End(), member) == members.End()) members.PushBack(Value(member, a), a);
          say_of_children(members, name, shots, better, a);
          continue;
        }
        json::set(results, name, Value(*entry, a), a);
        json::set(groups, name, *std::move(entry), a);
        json::set(subtasks, name, Value(*json::find(group, "members"), a), a);
        json::set(versions, name, "N/A", a);
        say_of_children(*json::find(group, "members"), name, shots, better, a);
      }
  const Task& first = *tasks.front();
  json::set(out, "results", std::move(results), a);
  if (!groups.ObjectEmpty()) json::set(out, "groups", std::move(groups), a);
  json::set(out, "group_subtasks", std::move(subtasks), a);
  json::set(out, "configs", std::move(configs), a);
  json::set(out, "versions", std::move(versions), a);
  json::set(out, "n-shot", std::move(shots), a);
  json::set(out, "higher_is_better", std::move(better), a);
  json::set(out, "n-samples", std::move(counts), a);
  json::set(out, "config", model_config(run, first, a), a);
  json::set(out, "git_hash", null(), a);
  json::set(out, "date", Value(seconds_of(run.record->started)), a);
  json::set(out, "pretty_env_info", fmt::format("Sextant {} on {}", run.version, run.record->host), a);
  json::set(out, "transformers_version", "N/A", a);
  json::set(out, "lm_eval_version", fmt::format("sextant {}", run.version), a);
  json::set(out, "upper_git_hash", null(), a);
  for (const char* name : {"tokenizer_pad_token", "tokenizer_eos_token", "tokenizer_bos_token"}) {
    Value token = array();  // as lm-eval writes a token that there is not
    token.PushBack(null(), a).PushBack(Value("None", a), a);
    json::set(out, name, std::move(token), a);
  }
  json::set(out, "eot_token_id", null(), a);
  const Value* context = member_at(first.asked, "max_seq_len");
  json::set(out, "max_length", context && context->IsUint() && context->GetUint() > 0 ? Value(*context, a) : null(), a);
  for (const Task* task : tasks)
    if (const auto hash = hashes.find(task->dataset); hash != hashes.end())
      json::set(task_hashes, task->dataset, hash->second, a);
  json::set(out, "task_hashes", std::move(task_hashes), a);
  json::set(out, "model_source", "sextant", a);
  json::set(out, "model_name", first.model, a);
  json::set(out, "model_name_sanitized", sanitised(first.model), a);
  const std::string system = text_at(first.asked, "system_prompt");
  json::set(out, "system_instruction", system.empty() ? null() : Value(system, a), a);
  json::set(out, "system_instruction_sha", system.empty() ? null() : Value(sha256_hex(system), a), a);
  const bool chat = text_at(first.set, "infer.template.chat") == "auto";
  const Value* turns = chat ? member_at(first.set, "infer.template.multiturn") : nullptr;
  json::set(out, "fewshot_as_multiturn", turns ? Value(*turns, a) : null(), a);
  json::set(out, "chat_template", null(), a);
  json::set(out, "chat_template_sha", null(), a);
  json::set(out, "total_evaluation_time_seconds",
            python_float(std::max(0.0, seconds_of(run.record->finished) - seconds_of(run.record->started))), a);
  return out;
}

}  // namespace

std::string lm_eval_output(const Task& task) {
  if (const std::string known = text_at(task.set, "infer.template.output"); !known.empty()) return known;
  const std::string type = text_at(task.set, "infer.inferencer.type");
  if (type == "rolling" || type == "ppl_only" || type == "min_k") return "loglikelihood_rolling";
  const bool labels = type == "ppl" || type == "loglikelihood" || type == "cloze" || type == "clp" || type == "multiple_choice";
  return labels ? "multiple_choice" : "generate_until";
}

std::string lm_eval_key(const Number& number, const Task& task, const char* suffix) {
  const std::string& filter = number.name == number.metric ? task.filters.front() : number.filter;
  return fmt::format("{}{},{}", number.metric, suffix, filter);
}

Result<Written> write_lm_eval(const Source& run, const std::filesystem::path& folder) {
  Written out;
  std::map<std::string, std::vector<const Task*>> by_model;
  for (const Task& task : run.tasks) by_model[task.model].push_back(&task);
  const std::string time = time_in_names(run.record->started);
  for (const auto& [model, tasks] : by_model) {
    const std::filesystem::path place = folder / sanitised(model);
    std::map<std::string, std::string> hashes;
    for (const Task* task : tasks) {
      out.push_back(place / fmt::format("samples_{}_{}.jsonl", safe_file_name(task->dataset), time));
      SXT_TRY(hashes[task->dataset], write_lm_eval_samples(*task, out.back()));
    }
    out.push_back(place / fmt::format("results_{}.json", time));
    SXT_CHECK(write_file(out.back(), json::write_pretty(results_of(run, tasks, hashes)) + "\n"));
  }
  return out;
}

}  // namespace sextant::exchange
