#include "task_file.hpp"
#include <algorithm>
#include <array>
#include <deque>
#include <fmt/format.h>
#include <sextant/jinja.hpp>
#include <sextant/message_text.hpp>
#include <sextant/python_function.hpp>
#include <sextant/regex.hpp>

namespace sextant::tasks {
namespace {

constexpr std::array keys_read = std::to_array<std::string_view>({"task",
                                                                  "task_alias",
                                                                  "dataset_path",
                                                                  "dataset_name",
                                                                  "dataset_kwargs",
                                                                  "custom_dataset",
                                                                  "training_split",
                                                                  "validation_split",
                                                                  "test_split",
                                                                  "fewshot_split",
                                                                  "process_docs",
                                                                  "doc_to_text",
                                                                  "doc_to_target",
                                                                  "doc_to_choice",
                                                                  "doc_to_image",
                                                                  "doc_to_audio",
                                                                  "unsafe_code",
                                                                  "process_results",
                                                                  "use_prompt",
                                                                  "description",
                                                                  "target_delimiter",
                                                                  "fewshot_delimiter",
                                                                  "fewshot_config",
                                                                  "num_fewshot",
                                                                  "metric_list",
                                                                  "output_type",
                                                                  "generation_kwargs",
                                                                  "repeats",
                                                                  "filter_list",
                                                                  "should_decontaminate",
                                                                  "doc_to_decontamination_query",
                                                                  "gen_prefix",
                                                                  "metadata",
                                                                  "class",
                                                                  "recipe"});
constexpr std::array shot_keys =
    std::to_array<std::string_view>({"sampler", "split", "process_docs", "fewshot_indices", "samples", "doc_to_text",
                                     "doc_to_choice", "doc_to_target", "gen_prefix", "fewshot_delimiter", "target_delimiter"});
constexpr std::array choice_metrics = std::to_array<std::string_view>(
    {"acc", "acc_norm", "acc_bytes", "acc_mutual_info", "exact_match", "brier_score", "f1", "mcc"});
// lm-eval's aggregation of a metric; a metric of another program's is a mean.
std::string_view own_aggregation(std::string_view metric) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> own{{{"f1", "f1"},
                                                                               {"mcc", "matthews_corrcoef"},
                                                                               {"brier_score", "brier_score"},
                                                                               {"perplexity", "perplexity"},
                                                                               {"word_perplexity", "weighted_perplexity"},
                                                                               {"byte_perplexity", "weighted_perplexity"},
                                                                               {"bits_per_byte", "bits_per_byte"},
                                                                               {"bleu", "bleu"},
                                                                               {"chrf", "chrf"},
                                                                               {"chrf++", "chrf++"},
                                                                               {"ter", "ter"}}};
  for (const auto& [name, aggregation] : own)
    if (name == metric) return aggregation;
  return "mean";
}
constexpr std::array filter_functions =
    std::to_array<std::string_view>({"take_first", "take_first_k", "majority_vote", "regex", "multi_choice_regex",
                                     "remove_whitespace", "lowercase", "uppercase", "map", "format_span", "regex_pos"});
constexpr uint32_t shots_max = 1000, repeats_most = 1000;
// Of dataset_kwargs: what is read; what changes no row; any other key might, and is said.
constexpr std::array data_keys =
    std::to_array<std::string_view>({"data_files", "data_dir", "revision", "field", "header", "column_names"});
constexpr std::array harmless_data_keys =
    std::to_array<std::string_view>({"trust_remote_code", "verification_mode", "download_mode", "cache_dir", "keep_in_memory",
                                     "num_proc", "streaming", "token", "save_infos", "ignore_verifications"});
// Of the library datasets, beside json, csv, parquet and arrow.
constexpr std::array other_builders =
    std::to_array<std::string_view>({"text", "pandas", "xml", "sql", "webdataset", "imagefolder", "audiofolder", "videofolder"});

std::string listed(const auto& names) {
  std::string out;
  for (const std::string_view name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}
template <class List> bool among(const List& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr const char* read_function = "!python";
bool has_functions(const json::Value& value) {
  if (is_function(value)) return true;
  if (value.IsArray()) return std::any_of(value.Begin(), value.End(), has_functions);
  return value.IsObject() &&
         std::any_of(value.MemberBegin(), value.MemberEnd(), [](const auto& member) { return has_functions(member.value); });
}
bool is_read_function(const json::Value& value) { return value.IsObject() && value.HasMember(read_function); }

class TaskReader {
 public:
  TaskReader(const ChosenTask& chosen, const std::function<bool(const std::string&)>& has_metric)
      : keys_(chosen.keys), has_metric_(has_metric) {
    out_.name = chosen.name;
    out_.path = chosen.path;
  }

  Result<TaskFile> read() {
    if (const json::Value* code = json::find(keys_, "class")) return whole(*code);
    for (const auto& member : keys_.GetObject())
      if (!among(keys_read, json::text(member.name))) {
        const std::string key(json::text(member.name));
        const std::vector<std::string> known(keys_read.begin(), keys_read.end());
        fail(key, "there is no such key" + did_you_mean(key, known) + "; lm-eval refuses it, too");
      }
    data();
    question();
    SXT_CHECK(done());
    shots();
    output();
    metrics();
    filters();
    generation();
    rest();
    templates();
    SXT_CHECK(done());
    if (out_.program.any()) {
      out_.keys = json::copy(keys_);
      if (out_.program.results) out_.metrics.clear();
    }
    return std::move(out_);
  }

 private:
  // A task that is a class of its own: the file says little more.
  Result<TaskFile> whole(const json::Value& code) {
    if (!is_function(code)) return Error{Error::Kind::config, fmt::format("{}: \"class\": it must be a !function", out_.path.string())};
    out_.code.push_back("class: " + function_text(code));
    out_.program.whole = out_.program.rows = out_.program.results = true;
    out_.dataset_kwargs.SetObject();
    out_.alias = json::find_string(keys_, "task_alias").value_or(out_.name);
    out_.test_split = "test";
    out_.version = "Yaml";
    out_.keys = json::copy(keys_);
    return std::move(out_);
  }
  void beyond(std::string what) {
    out_.code.push_back(what);
    out_.beyond.push_back(std::move(what));
  }
  Result<void> done() const {
    if (error_.empty()) return {};
    return Error{Error::Kind::config, fmt::format("{}: {}", out_.path.string(), error_)};
  }
  void fail(const std::string& key, const std::string& what) {
    if (error_.empty()) error_ = fmt::format("\"{}\": {}", key, what);
  }
  // A function there is noted, and stands for nothing.
  const json::Value* value(const json::Value& keys, const char* key, const std::string& prefix = {}) {
    const json::Value* found = json::find(keys, key);
    if (!found || found->IsNull()) return nullptr;
    if (!is_function(*found)) return found;
    beyond(fmt::format("{}{}: {}", prefix, key, function_text(*found)));
    return nullptr;
  }
  // A function that the task's program runs.
  bool programmed(const char* key, bool TaskProgram::*part) {
    const json::Value* found = json::find(keys_, key);
    if (!found || found->IsNull()) return false;
    if (!is_function(*found)) return fail(key, "it must be a !function"), false;
    out_.code.push_back(fmt::format("{}: {}", key, function_text(*found)));
    return out_.program.*part = true;
  }
  // What a function is or gives, as JSON.
  static Result<json::Document> function_of(const json::Value& function, python::Use use) {
    const auto [module, name] = function_place(function);
    SXT_TRY(const python::Extracted extracted, python::extract(module, name, use));
    json::Document out;
    auto& a = out.GetAllocator();
    if (use == python::Use::rows) {
      SXT_TRY(const auto made, python::Function::load(extracted.source, extracted.name, module.string()));
      SXT_TRY(json::Value rows, made({}, a));
      rows.Swap(out);
      return out;
    }
    out.SetObject();
    json::Value inside(rapidjson::kObjectType);
    json::set(inside, "source", extracted.source, a);
    json::set(inside, "name", extracted.name, a);
    json::set(out, read_function, std::move(inside), a);
    return out;
  }
  // A function that is read without Python: {"!python": {"source", "name"}}. One that is not is noted, and why.
  const json::Value* value_or_function(const json::Value& keys, const char* key, const std::string& prefix, python::Use use) {
    const json::Value* found = json::find(keys, key);
    if (!found || found->IsNull()) return nullptr;
    if (!is_function(*found)) return found;
    auto extracted = function_of(*found, use);
    if (!extracted) {
      out_.code.push_back(fmt::format("{}{}: {} ({})", prefix, key, function_text(*found), extracted.error().message));
      out_.program.rows = true;
      if (use != python::Use::row) return nullptr;
      // a column of the program's rows, which is found by its name
      json::Document& column = read_.emplace_back();
      const std::string name = fmt::format("!{}{}", prefix, key);
      column.SetString(name.c_str(), column.GetAllocator());
      out_.program.columns.push_back(prefix + key);
      return &column;
    }
    return &read_.emplace_back(std::move(*extracted));
  }
  std::optional<std::string> text(const json::Value& keys, const char* key, const std::string& prefix = {}) {
    const json::Value* found = value(keys, key, prefix);
    if (!found) return std::nullopt;
    if (found->IsString()) return std::string(json::text(*found));
    fail(prefix + key, "it must be a text");
    return std::nullopt;
  }
  std::string text_or(const json::Value& keys, const char* key, std::string otherwise = {}) {
    return text(keys, key).value_or(std::move(otherwise));
  }

  void data() {
    out_.dataset_path = text_or(keys_, "dataset_path");
    out_.dataset_name = text_or(keys_, "dataset_name");
    out_.dataset_kwargs.SetObject();
    if (const json::Value* kwargs = value(keys_, "dataset_kwargs")) {
      if (!kwargs->IsObject()) fail("dataset_kwargs", "it must be a map");
      else out_.dataset_kwargs = json::copy(*kwargs);
    }
    for (const auto& member : out_.dataset_kwargs.GetObject()) {
      const std::string_view key = json::text(member.name);
      if (among(data_keys, key) || among(harmless_data_keys, key) || json::find(keys_, "custom_dataset")) continue;
      if (key == "sep" || key == "delimiter" || key == "names" || key == "skiprows" || key == "quotechar" || key == "usecols")
        out_.lacks.push_back(fmt::format("dataset_kwargs.{} is not read; write the file as usual CSV or as JSON lines", key));
      else out_.notes.push_back(fmt::format("dataset_kwargs.{} is passed over", key));
    }
    if (among(other_builders, out_.dataset_path))
      out_.lacks.push_back(fmt::format("dataset_path: the builder '{}' is not read; there are json, csv, parquet and arrow",
                                       out_.dataset_path));
    if (const json::Value* steps = value_or_function(keys_, "process_docs", "", python::Use::data_set)) {
      if (is_read_function(*steps)) out_.process = json::copy((*steps)[read_function]);
      else fail("process_docs", "it must be a !function");
    }
    programmed("custom_dataset", &TaskProgram::rows);
    programmed("process_results", &TaskProgram::results);
    out_.training_split = text_or(keys_, "training_split");
    out_.validation_split = text_or(keys_, "validation_split");
    out_.test_split = text_or(keys_, "test_split");
    if (out_.dataset_path.empty() && !json::find(keys_, "custom_dataset"))
      out_.lacks.emplace_back("it names no data set (dataset_path)");
    if (out_.evaluated_split().empty()) out_.lacks.emplace_back("it has neither a test_split nor a validation_split");
    for (const char* key : {"doc_to_image", "doc_to_audio"})
      if (json::find(keys_, key))
        out_.lacks.push_back(std::string("its questions have pictures or sound (") + key + "), which no backend reads");
    if (json::find_bool(keys_, "unsafe_code").value_or(false))
      out_.lacks.emplace_back("it runs what the model writes (unsafe_code)");
    if (value(keys_, "use_prompt")) out_.lacks.emplace_back("it takes its prompt from promptsource (use_prompt)");
  }

  // Of the task (prefix empty) or of its examples.
  Question question_of(const json::Value& keys, const std::string& prefix) {
    Question out;
    if (const json::Value* found = value_or_function(keys, "doc_to_text", prefix, python::Use::row)) {
      if (!is_read_function(*found) && !found->IsString() && !found->IsInt64())
        fail(prefix + "doc_to_text", "it must be a text or a number");
      out.text = json::copy(*found);
    }
    if (const json::Value* found = value_or_function(keys, "doc_to_target", prefix, python::Use::row)) {
      if (!is_read_function(*found) && !found->IsString() && !found->IsInt64() && !found->IsArray())
        fail(prefix + "doc_to_target", "it must be a text, a number or a list");
      out.target = json::copy(*found);
    }
    if (const json::Value* found = value_or_function(keys, "doc_to_choice", prefix, python::Use::row)) {
      const bool list = found->IsArray() && std::all_of(found->Begin(), found->End(), [](const auto& item) {
                          return item.IsString() && item.GetStringLength() > 0;
                        });
      const bool map = found->IsObject() && std::all_of(found->MemberBegin(), found->MemberEnd(),
                                                        [](const auto& member) { return member.value.IsString(); });
      const bool empty = (list && found->Empty()) || (found->IsObject() && found->ObjectEmpty());
      if (empty || (!found->IsString() && !list && !map && !is_read_function(*found)))
        fail(prefix + "doc_to_choice", "it must be a text, or a list of texts that are not empty");
      out.choices = json::copy(*found);
    }
    out.gen_prefix = text(keys, "gen_prefix", prefix);
    return out;
  }
  void question() {
    out_.question = question_of(keys_, "");
    out_.question.target_delimiter = text_or(keys_, "target_delimiter", " ");
    out_.question.fewshot_delimiter = text_or(keys_, "fewshot_delimiter", "\n\n");
    out_.description = text_or(keys_, "description");
  }

  void shots() {
    Shots& shots = out_.shots;
    static const json::Document none = [] { json::Document d; d.SetObject(); return d; }();
    const json::Value* config = value(keys_, "fewshot_config");
    if (config && !config->IsObject()) fail("fewshot_config", "it must be a map"), config = nullptr;
    if (!config) config = &none;
    for (const auto& member : config->GetObject())
      if (!among(shot_keys, json::text(member.name)))
        fail("fewshot_config", fmt::format("there is no such key: {}", json::text(member.name)));
    shots.question = question_of(*config, "fewshot_config.");
    const auto inherit = [](json::Document& mine, const json::Document& of_task) {
      if (mine.IsNull()) mine = json::copy(of_task);
    };
    inherit(shots.question.text, out_.question.text);
    inherit(shots.question.target, out_.question.target);
    inherit(shots.question.choices, out_.question.choices);
    if (!shots.question.gen_prefix) shots.question.gen_prefix = out_.question.gen_prefix;
    shots.question.target_delimiter = text_or(*config, "target_delimiter", out_.question.target_delimiter);
    shots.question.fewshot_delimiter = text_or(*config, "fewshot_delimiter", out_.question.fewshot_delimiter);
    shots.split = text_or(*config, "split", text_or(keys_, "fewshot_split"));
    (void)value(*config, "process_docs", "fewshot_config.");
    if (const json::Value* samples = value_or_function(*config, "samples", "fewshot_config.", python::Use::rows)) {
      const bool rows =
          samples->IsArray() && std::all_of(samples->Begin(), samples->End(), [](const auto& row) { return row.IsObject(); });
      if (!rows) fail("fewshot_config", "samples must be a list of maps");
      else shots.samples = json::copy(*samples);
    } else if (const json::Value* given = json::find(*config, "samples"); given && !given->IsNull()) {
      shots.samples.SetArray();  // the program's
    }
    if (const json::Value* sampler = value(*config, "sampler", "fewshot_config.")) {
      shots.sampler = sampler->IsString() ? std::string(json::text(*sampler)) : "";
      if (shots.sampler != "default" && shots.sampler != "first_n")
        fail("fewshot_config", fmt::format("the sampler '{}' is not one of default, first_n", shots.sampler));
    }
    if (const json::Value* count = value(keys_, "num_fewshot")) {
      if (!count->IsUint() || count->GetUint() > shots_max)
        fail("num_fewshot", fmt::format("it must be a number from 0 to {}", shots_max));
      else out_.num_fewshot = count->GetUint();
    }
  }

  void output() {
    const std::string given = text_or(keys_, "output_type", "generate_until");
    for (const Output each :
         {Output::generate_until, Output::loglikelihood, Output::loglikelihood_rolling, Output::multiple_choice})
      if (given == output_name(each)) {
        out_.output = each;
        const json::Value* choices = json::find(keys_, "doc_to_choice");
        if (each == Output::multiple_choice && (!choices || choices->IsNull()))
          fail("output_type", "multiple_choice needs doc_to_choice");
        return;
      }
    fail("output_type",
         fmt::format("'{}' is not one of generate_until, loglikelihood, loglikelihood_rolling, multiple_choice", given));
  }

  void default_metrics() {
    const auto add = [&](const char* name) {
      TaskMetric& metric = out_.metrics.emplace_back();
      metric.name = name;
      metric.options.SetObject();
    };
    switch (out_.output) {
      case Output::loglikelihood: add("perplexity"), add("acc"); break;
      case Output::loglikelihood_rolling: add("word_perplexity"), add("byte_perplexity"), add("bits_per_byte"); break;
      case Output::multiple_choice: add("acc"), add("acc_norm"); break;
      case Output::generate_until: add("exact_match"); break;
    }
  }
  void metrics() {
    const json::Value* list = value(keys_, "metric_list");
    if (!list) return default_metrics();
    if (!list->IsArray()) return fail("metric_list", "it must be a list of maps");
    if (list->Empty()) out_.lacks.emplace_back("its metric_list is empty, so that nothing would be scored");
    for (const auto& entry : list->GetArray()) {
      const json::Value* name = json::find(entry, "metric");
      if (!name) return fail("metric_list", "each entry needs \"metric\"");
      TaskMetric metric;
      if (is_function(*name)) {
        out_.code.push_back("metric: " + function_text(*name));
        out_.program.results = true;
      } else if (name->IsString()) metric.name = json::text(*name);
      else return fail("metric_list", "\"metric\" must be a name");
      bool by_program = false;
      if (const json::Value* aggregation = json::find(entry, "aggregation")) {
        if (is_function(*aggregation)) by_program = aggregate_by(*aggregation, metric);
        else if (aggregation->IsString()) metric.aggregation = json::text(*aggregation);
      }
      metric.higher_is_better = json::find_bool(entry, "higher_is_better");
      const std::string called = metric.name.empty() ? last_name(*name) : metric.name;
      out_.program.numbers.emplace_back(called, metric.higher_is_better.value_or(true));
      metric.options.SetObject();
      for (const auto& member : entry.GetObject()) {
        const std::string_view key = json::text(member.name);
        if (key != "metric" && key != "aggregation" && key != "higher_is_better" && key != "hf_evaluate")
          json::set(metric.options, key, json::Value(member.value, metric.options.GetAllocator()),
                    metric.options.GetAllocator());
      }
      if (!metric.name.empty() && !by_program) check_metric(std::move(metric), json::find_bool(entry, "hf_evaluate").value_or(false));
    }
    // what another metric's function computes computes these, too
    if (!out_.program.results) out_.lacks.insert(out_.lacks.end(), metrics_lacking_.begin(), metrics_lacking_.end());
  }
  // "rouge1" of utils.rouge1, as lm-eval calls such a metric.
  static std::string last_name(const json::Value& function) {
    const std::string name = json::find_string(function, "!function").value_or("");
    return name.substr(name.rfind('.') + 1);
  }
  // Of pairs of numbers alone: what is right and what was chosen. True: else the task's program does it.
  bool aggregate_by(const json::Value& function, TaskMetric& metric) {
    const std::string what = fmt::format("aggregation of {}: {}", metric.name, function_text(function));
    const bool of_pairs = out_.output == Output::multiple_choice && (metric.name == "f1" || metric.name == "mcc");
    const auto by_program = [&](std::string said) {
      out_.code.push_back(std::move(said));
      return out_.program.results = true;
    };
    if (!of_pairs || json::find(keys_, "process_results")) return by_program(what);
    auto read = function_of(function, python::Use::row);
    if (!read) return by_program(fmt::format("{} ({})", what, read.error().message));
    metric.function = json::copy((*read)[read_function]);
    return false;
  }
  void check_metric(TaskMetric metric, bool of_evaluate) {
    if (json::find(keys_, "process_results")) return;   // its names are Python's own
    const std::string& name = metric.name;
    bool known = true;
    switch (out_.output) {
      case Output::multiple_choice: known = among(choice_metrics, name); break;
      case Output::loglikelihood: known = name == "perplexity" || name == "acc"; break;
      case Output::loglikelihood_rolling:
        known = name == "word_perplexity" || name == "byte_perplexity" || name == "bits_per_byte";
        break;
      case Output::generate_until:
        if (name == "exact_match") break;
        if (name == "acc")
          return out_.lacks.push_back("acc is not a metric of generate_until: lm-eval stops there, too; exact_match is meant");
        metric.component = name == "chrf++" ? "lm_eval_chrf_words" : "lm_eval_" + name;
        if (!has_metric_(metric.component)) metric.component = name;
        if (!has_metric_(metric.component) && of_evaluate) {
          out_.code.push_back(fmt::format("metric: {} of the package evaluate", name));
          out_.program.results = true;
          return;
        }
        if (!has_metric_(metric.component)) return metrics_lacking_.push_back("there is no metric '" + name + "'");
        break;
    }
    if (!known)
      return out_.notes.push_back(
          fmt::format("the metric {} is not one of {}'s and is left out, as lm-eval does", name, output_name(out_.output)));
    const std::string_view own = own_aggregation(name);
    if (!metric.aggregation.empty() && metric.aggregation != own && !(own == "mean" && metric.aggregation == "nanmean"))
      return metrics_lacking_.push_back(
          fmt::format("the metric {} is aggregated by '{}', which is not done; its own is {}", name, metric.aggregation, own));
    out_.metrics.push_back(std::move(metric));
  }

  void filters() {
    const json::Value* list = value(keys_, "filter_list");
    if (!list) return;
    if (!list->IsArray()) return fail("filter_list", "it must be a list of {name, filter}");
    if (list->Empty()) out_.lacks.emplace_back("its filter_list is empty, so that nothing would be scored");
    for (const auto& entry : list->GetArray()) {
      const auto name = json::find_string(entry, "name");
      const json::Value* steps = json::find(entry, "filter");
      if (!name || !steps || !steps->IsArray()) return fail("filter_list", "each entry needs a \"name\" and a list \"filter\"");
      TaskFilter filter{*name, {}};
      bool by_program = false;
      for (const auto& step : steps->GetArray()) {
        const json::Value* function = json::find(step, "function");
        if (!function) return fail("filter_list", "each step needs \"function\"");
        if (is_function(*function)) {
          out_.code.push_back("filter: " + function_text(*function));
          by_program = true;
        } else if (function->IsString() && json::text(*function) == "custom") {
          const json::Value* own = json::find(step, "filter_fn");
          out_.code.push_back("filter_fn: " + (own && is_function(*own) ? function_text(*own) : std::string("custom")));
          by_program = true;
        } else if (!function->IsString()) return fail("filter_list", "\"function\" must be a name");
        else if (!among(filter_functions, json::text(*function))) {
          const std::string what = fmt::format("there is no filter '{}'; there are: {}", json::text(*function), listed(filter_functions));
          // a module that the task names may register it
          if (!has_functions(keys_)) out_.lacks.push_back(what);
          else out_.code.push_back(fmt::format("filter: {} ({})", json::text(*function), what)), by_program = true;
        }
        else check_step(step, json::text(*function)), filter.steps.push_back(json::copy(step));
      }
      if (by_program) out_.program.filters.push_back(filter.name);
      else check_part(filter);
      out_.filters.push_back(std::move(filter));
    }
  }
  void check_step(const json::Value& step, std::string_view function) {
    const auto pattern = json::find_string(step, "regex_pattern");
    if (!pattern || function == "regex_pos") return;
    RegexOptions options;
    options.syntax = RegexOptions::Syntax::python;
    if (const auto compiled = Regex::compile(*pattern, options, "regex_pattern"); !compiled)
      out_.lacks.push_back(compiled.error().message);
  }

  // Of the replies to a question one is scored, or each; a part of them only where a later step leaves one.
  void check_part(const TaskFilter& filter) {
    bool part = false;
    for (const json::Document& step : filter.steps) {
      const std::string function = json::find_string(step, "function").value_or("");
      const auto k = json::find_int(step, "k");
      if (function == "take_first" || function == "majority_vote") part = false;
      if (function != "take_first_k") continue;
      if (!k || *k < 1) return fail("filter_list", "take_first_k needs \"k\", a number above 0");
      if (*k > repeats_of()) {
        out_.lacks.push_back(fmt::format("the filter {} takes the first {} of {} replies; lm-eval stops there, too", filter.name, *k, repeats_of()));
        return;
      }
      part = *k > 1 && *k < repeats_of();
    }
    if (part)
      out_.lacks.push_back(fmt::format("the filter {} scores some of the repeats, but neither one nor all of them: that is not done", filter.name));
  }
  int64_t repeats_of() const { return json::find_int(keys_, "repeats").value_or(1); }

  void generation() {
    out_.generation.SetObject();
    const json::Value* given = value(keys_, "generation_kwargs");
    if (given && !given->IsObject()) return fail("generation_kwargs", "it must be a map");
    if (given) out_.generation = json::copy(*given);
    auto& a = out_.generation.GetAllocator();
    const json::Value* until = json::find(out_.generation, "until");
    if (until && until->IsString()) {
      json::Value list(rapidjson::kArrayType);
      list.PushBack(json::Value(*until, a), a);
      json::set(out_.generation, "until", std::move(list), a);
    } else if (until && !until->IsNull() && !until->IsArray()) {
      return fail("generation_kwargs", "until must be a text or a list of texts");
    } else if (!until || until->IsNull()) {
      json::Value list(rapidjson::kArrayType);
      list.PushBack(json::Value(out_.question.fewshot_delimiter, a), a);
      json::set(out_.generation, "until", std::move(list), a);
    }
    constexpr std::array known =
        std::to_array<std::string_view>({"until", "do_sample", "temperature", "top_p", "top_k", "max_gen_toks",
                                         "max_new_tokens", "max_tokens", "max_completion_tokens"});
    for (const auto& member : out_.generation.GetObject())
      if (out_.output == Output::generate_until && !among(known, json::text(member.name)))
        out_.notes.push_back(fmt::format("generation_kwargs.{} is passed over", json::text(member.name)));
    for (const char* number : {"temperature", "top_p", "top_k"})
      if (const json::Value* v = json::find(out_.generation, number);
          v && !v->IsNull() && !(v->IsNumber() && v->GetDouble() >= 0))
        return fail("generation_kwargs", fmt::format("{} must be a number from 0 on", number));
    for (const auto& stop : json::find(out_.generation, "until")->GetArray())
      if (!stop.IsString()) return fail("generation_kwargs", "until must be a text or a list of texts");
  }

  void rest() {
    out_.alias = text_or(keys_, "task_alias", out_.name);
    if (const json::Value* repeats = value(keys_, "repeats")) {
      if (!repeats->IsUint() || repeats->GetUint() < 1 || repeats->GetUint() > repeats_most)
        fail("repeats", fmt::format("it must be a number from 1 to {}", repeats_most));
      else out_.repeats = repeats->GetUint();
    }
    const json::Value* metadata = value(keys_, "metadata");
    const json::Value* version = metadata ? json::find(*metadata, "version") : nullptr;
    out_.version = !version || version->IsNull() ? "Yaml"
                   : version->IsString()         ? std::string(json::text(*version))
                                                 : json::write(*version);
  }

  void check_template(const json::Value& source, const char* key) {
    if (!source.IsString()) return;
    const auto parsed = jinja::Template::parse(std::string(json::text(source)), key, jinja::Environment::lm_eval());
    if (!parsed) out_.lacks.push_back("its template cannot be used: " + parsed.error().message);
  }
  void templates() {
    for (const Question* question : {&out_.question, &out_.shots.question}) {
      check_template(question->text, "doc_to_text");
      check_template(question->target, "doc_to_target");
      check_template(question->choices, "doc_to_choice");
      if (question->gen_prefix)
        check_template(json::Value(rapidjson::StringRef(question->gen_prefix->data(), question->gen_prefix->size())),
                       "gen_prefix");
    }
    const auto given = [&](const char* key) {
      const json::Value* found = json::find(keys_, key);
      return found && !found->IsNull();
    };
    if (!given("doc_to_text") && out_.output != Output::loglikelihood_rolling) fail("doc_to_text", "it is missing");
    if (!given("doc_to_target")) fail("doc_to_target", "it is missing");
  }

  const json::Document& keys_;
  const std::function<bool(const std::string&)>& has_metric_;
  std::deque<json::Document> read_;   // functions, and what they gave
  std::vector<std::string> metrics_lacking_;
  TaskFile out_;
  std::string error_;
};

}  // namespace

std::string_view output_name(Output output) {
  constexpr std::string_view names[] = {"generate_until", "loglikelihood", "loglikelihood_rolling", "multiple_choice"};
  return names[static_cast<size_t>(output)];
}

bool is_choice_metric(std::string_view name) { return among(choice_metrics, name); }

const std::string& TaskFile::shots_split() const {
  static const std::string none;
  if (!shots.split.empty()) return shots.split;
  if (!shots.samples.IsNull()) return none;
  return !training_split.empty() ? training_split : !validation_split.empty() ? validation_split : test_split;
}

bool TaskFile::samples() const {
  const double temperature = json::find_number(generation, "temperature").value_or(-1);
  return output == Output::generate_until && temperature != 0 &&
         json::find_bool(generation, "do_sample").value_or(temperature > 0);
}

bool TaskFile::has(std::string_view metric) const {
  return std::any_of(metrics.begin(), metrics.end(), [&](const TaskMetric& each) { return each.name == metric; });
}

Result<TaskFile> read_task(const ChosenTask& chosen, const std::function<bool(const std::string&)>& has_metric) {
  return TaskReader(chosen, has_metric).read();
}

}  // namespace sextant::tasks
