#include "card.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <sextant/hub_cache.hpp>

namespace sextant::tasks {
namespace fs = std::filesystem;
namespace {

constexpr const char* column = "lm_eval_doc";      // what the derive step makes
constexpr const char* target = "lm_eval_target";   // its gold, for the metrics
constexpr const char* samples_split = "samples";
constexpr uint32_t reply_tokens = 256;             // lm-eval's default
constexpr int program_timeout_s = 600;             // process_docs of a whole data set, in Python

class CardWriter {
 public:
  CardWriter(const TaskFile& task, const CardOptions& options, const Components& components, const TaskCode& code)
      : task_(task),
        options_(options),
        components_(components),
        code_(code),
        a_(card_.GetAllocator()),
        shots_(shots_of(task, options)) {
    card_.SetObject();
  }

  Result<json::Document> write() {
    text(card_, "card", "dataset");
    text(card_, "summary", fmt::format("{} of lm-eval, {}, {} shots", task_.name, output_name(task_.output), shots_));
    text(card_, "abbr", task_.name);
    if (task_.program.whole) return whole();
    SXT_CHECK(loader());
    reader();
    infer();
    eval();
    return std::move(card_);
  }

 private:
  using Value = json::Value;
  static Value object() { return Value(rapidjson::kObjectType); }
  void text(Value& to, const char* key, std::string_view value) { json::set(to, key, value, a_); }
  void put(Value& to, const char* key, Value value) { json::set(to, key, std::move(value), a_); }
  Value copy(const Value& value) { return Value(value, a_); }

  // A class: its program makes the prompts, says what is asked, and scores.
  Result<json::Document> whole() {
    if (options_.chat || options_.gen_prefix)
      return Error{Error::Kind::usage, fmt::format("{} is a class ({}), which makes its prompts itself; leave --chat-template and --gen-prefix out",
                                                   task_.name, task_.path.string())};
    text(card_, "summary", fmt::format("{} of lm-eval, a class", task_.name));
    Value config = object(), reader = object(), infer = object(), template_ = object(), inferencer = object(), eval = object(),
          retriever = object(), metrics(rapidjson::kArrayType);
    if (options_.shots) put(config, "shots", Value(*options_.shots));
    put(config, "seed", Value(options_.fewshot_seed));
    put(config, "sampling", Value(options_.sampling));
    put(card_, "loader", program(std::move(config)));
    text(card_, "path", ".");
    put(reader, "input_columns", Value(rapidjson::kArrayType));
    text(reader, "output_column", "");
    text(reader, "test_split", task_.test_split);
    text(reader, "train_split", task_.test_split);
    put(card_, "reader", std::move(reader));
    text(retriever, "type", "zero");
    text(template_, "type", components_.template_);
    text(template_, "column", column);
    text(inferencer, "type", "row_requests");
    text(inferencer, "column", "!requests");
    put(infer, "retriever", std::move(retriever));
    put(infer, "template", std::move(template_));
    put(infer, "inferencer", std::move(inferencer));
    put(card_, "infer", std::move(infer));
    metrics.PushBack(program_metric(), a_);
    put(eval, "metrics", std::move(metrics));
    put(card_, "eval", std::move(eval));
    return std::move(card_);
  }

  Result<void> loader() {
    Value loader = object();
    text(loader, "type", components_.loader);
    text(loader, "repo", task_.dataset_path);
    if (!task_.dataset_name.empty()) text(loader, "name", task_.dataset_name);
    const std::string& path = task_.dataset_path;
    const bool columnar = path == "parquet" || path == "arrow", builder = path == "json" || path == "csv" || columnar;
    std::error_code code;
    if (builder) {
      put(loader, "local", Value(true));
      if (!columnar) text(loader, "format", path);
      text(card_, "path", ".");
    } else if (fs::is_directory(path, code)) {
      text(card_, "path", path);
    } else {
      if (!is_hub_id(path))
        return Error{
            Error::Kind::config,
            fmt::format("{}: the data set '{}' is neither a folder, nor json, csv, parquet or arrow, nor a name of the Hugging Face hub",
                        task_.path.string(), path)};
      std::string folder = "datasets--" + path;
      if (const size_t slash = folder.find('/'); slash != folder.npos) folder.replace(slash, 1, "--");
      const fs::path hub = fs::path(hub_cache_folder()) / folder, made = fs::path(datasets_cache_folder()) / datasets_folder_name(path);
      // what `datasets` made of it serves where it was not fetched as files
      text(card_, "path", (!fs::is_directory(hub, code) && fs::is_directory(made, code) ? made : hub).string());
    }
    if (task_.program.rows) return put_program_rows();
    for (const auto& member : task_.dataset_kwargs.GetObject()) {
      const std::string_view key = json::text(member.name);
      if (key == "data_files" || key == "data_dir" || key == "revision" || key == "field" || key == "header") {
        if (key != "header") put(loader, std::string(key).c_str(), copy(member.value));
        else if (member.value.IsNull() || (member.value.IsBool() && !member.value.GetBool()))
          put(loader, "header", Value(false));
      } else if (key == "column_names" && member.value.IsArray()) {
        put(loader, "columns", copy(member.value));
        put(loader, "header", Value(false));
      }
    }
    if (shots_ > 0 && task_.shots_split().empty()) put(loader, "samples", copy(task_.shots.samples));
    if (!task_.process.IsNull()) put(loader, "process", copy(task_.process));
    put(card_, "loader", std::move(loader));
    return {};
  }

  // The folders of functions, which may be read from anywhere.
  void make_absolute(Value& value) {
    if (value.IsArray())
      for (auto& item : value.GetArray()) make_absolute(item);
    if (!value.IsObject()) return;
    for (auto& member : value.GetObject())
      if (is_function(value) && json::text(member.name) == "!in")
        member.value = Value(fs::absolute(std::string(json::text(member.value))).lexically_normal().string(), a_);
      else make_absolute(member.value);
  }

  // A component that is the task's own code: a program that is shut in. `config`: what it is told besides the task.
  Value program(Value config) {
    Value out = object(), command(rapidjson::kArrayType), folders(rapidjson::kArrayType);
    for (const std::string* word : {&code_.python, &code_.script}) command.PushBack(Value(*word, a_), a_);
    for (const std::string& folder : code_.folders) folders.PushBack(Value(folder, a_), a_);
    Value keys = copy(task_.keys);
    make_absolute(keys);
    put(config, "task", std::move(keys));
    put(config, "folders", std::move(folders));
    text(config, "hub", hub_cache_folder());
    text(config, "datasets", datasets_cache_folder());
    text(config, "modules", modules_cache_folder());
    put(out, "command", std::move(command));
    put(out, "config", std::move(config));
    put(out, "confined", Value(true));
    put(out, "timeout_s", Value(program_timeout_s));
    return out;
  }
  Result<void> put_program_rows() {
    Value config = object(), columns(rapidjson::kArrayType), splits(rapidjson::kArrayType);
    for (const std::string& column : task_.program.columns) columns.PushBack(Value(column, a_), a_);
    splits.PushBack(Value(task_.evaluated_split(), a_), a_);
    if (shots_ > 0) splits.PushBack(Value(task_.shots_split().empty() ? samples_split : task_.shots_split(), a_), a_);
    put(config, "columns", std::move(columns));
    put(config, "splits", std::move(splits));
    put(card_, "loader", program(std::move(config)));
    // what is missing the program says: it alone knows where its code looks
    std::error_code code;
    if (const auto path = json::find_string(card_, "path"); !path || !fs::is_directory(*path, code)) text(card_, "path", ".");
    return {};
  }

  void question(Value& to, const Question& question) {
    if (!question.text.IsNull()) put(to, "text", copy(question.text));
    if (!question.target.IsNull()) put(to, "target", copy(question.target));
    if (!question.choices.IsNull()) put(to, "choices", copy(question.choices));
    if (const auto& prefix = options_.gen_prefix ? options_.gen_prefix : question.gen_prefix) text(to, "gen_prefix", *prefix);
  }

  void reader() {
    Value reader = object(), derive = object(), doc = object(), spec = object();
    put(reader, "input_columns", Value(rapidjson::kArrayType));
    // a task's own numbers are of the row, whatever its doc_to_target says
    const bool judged = task_.output != Output::loglikelihood_rolling && !task_.program.results;
    text(reader, "output_column", judged ? target : "");
    text(reader, "test_split", task_.evaluated_split());
    text(reader, "train_split", task_.shots_split().empty() ? samples_split : task_.shots_split());
    text(spec, "output", output_name(task_.output));
    question(spec, task_.question);
    if (!task_.description.empty()) text(spec, "description", task_.description);
    if (shots_ > 0) {
      Value shot = object();
      question(shot, task_.shots.question);
      put(spec, "shot", std::move(shot));
    }
    put(doc, "lm_eval", std::move(spec));
    put(derive, column, std::move(doc));
    if (task_.output != Output::loglikelihood_rolling) {
      Value gold = object();
      text(gold, "member", fmt::format("{}.gold", column));
      put(derive, target, std::move(gold));
    }
    put(reader, "derive", std::move(derive));
    put(card_, "reader", std::move(reader));
  }

  Value template_() {
    const Question& question = task_.question;
    const Question& of_shots = task_.shots.question;
    Value out = object();
    text(out, "type", components_.template_);
    text(out, "column", column);
    text(out, "output", output_name(task_.output));
    text(out, "target_delimiter", question.target_delimiter);
    text(out, "fewshot_delimiter", question.fewshot_delimiter);
    if (of_shots.target_delimiter != question.target_delimiter || of_shots.fewshot_delimiter != question.fewshot_delimiter) {
      Value shot = object();
      text(shot, "target_delimiter", of_shots.target_delimiter);
      text(shot, "fewshot_delimiter", of_shots.fewshot_delimiter);
      put(out, "shot", std::move(shot));
    }
    if (const auto& prefix = options_.gen_prefix ? options_.gen_prefix : question.gen_prefix) text(out, "gen_prefix", *prefix);
    text(out, "chat", options_.chat ? "auto" : "none");
    put(out, "multiturn", Value(options_.multiturn));
    return out;
  }

  Value retriever() {
    Value out = object();
    if (shots_ == 0) return text(out, "type", "zero"), std::move(out);
    text(out, "type", "lm_eval");
    put(out, "ice_num", Value(shots_));
    if (task_.shots.sampler == "first_n") text(out, "sampler", "first_n");
    else put(out, "seed", Value(options_.fewshot_seed));
    // as lm-eval compares them: no split is no split
    if (task_.shots.split == task_.test_split) text(out, "own_split", "yes");
    return out;
  }

  Value inferencer() {
    Value out = object();
    switch (task_.output) {
      case Output::loglikelihood_rolling:
        text(out, "type", "rolling");
        if (task_.program.results) put(out, "results", Value(true));
        break;
      case Output::generate_until: reply(out); break;
      case Output::loglikelihood:
      case Output::multiple_choice: choice(out); break;
    }
    return out;
  }
  void choice(Value& out) {
    const bool options = task_.output == Output::multiple_choice;
    text(out, "type", "multiple_choice");
    if (options) text(out, "options", fmt::format("{}.options", column));
    const auto& numbers = task_.program.numbers;
    const bool mutual = task_.program.results ? std::any_of(numbers.begin(), numbers.end(),
                                                            [](const auto& one) { return one.first == "acc_mutual_info"; })
                                              : task_.has("acc_mutual_info");
    if (options && mutual) {
      put(out, "unconditional", Value(true));
      text(out, "delimiter", task_.question.target_delimiter);
    }
    if (task_.program.results) return put(out, "results", Value(true));
    Value scores = object();
    for (const TaskMetric& metric : task_.metrics) {
      const std::string& name = metric.name;
      const char* kind = !options                    ? (name == "acc" ? "greedy" : "perplexity")
                         : name == "acc"             ? "sum"
                         : name == "acc_norm"        ? "char"
                         : name == "acc_bytes"       ? "byte"
                         : name == "acc_mutual_info" ? "mutual"
                         : name == "exact_match"     ? "greedy"
                         : name == "brier_score"     ? "brier"
                         : name == "f1"              ? "f1"
                         : name == "mcc"             ? "mcc"
                                                     : nullptr;
      if (!metric.function.IsNull()) put(scores, name.c_str(), copy(metric.function));
      else if (kind) text(scores, name.c_str(), kind);
    }
    put(out, "scores", std::move(scores));
  }
  void reply(Value& out) {
    text(out, "type", "gen");
    uint32_t tokens = reply_tokens;
    for (const char* key : {"max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens"})
      if (const json::Value* given = json::find(task_.generation, key); given && given->IsUint() && given->GetUint() > 0) {
        tokens = given->GetUint();
        break;
      }
    put(out, "max_out_len", Value(tokens));
    if (options_.sampling && task_.samples()) {
      const auto given = [&](const char* key) { return json::find_number(task_.generation, key); };
      put(out, "temperature", Value(given("temperature").value_or(1)));
      if (const auto top_p = given("top_p"); top_p && *top_p > 0 && *top_p < 1) put(out, "top_p", Value(*top_p));
      if (const auto top_k = json::find_int(task_.generation, "top_k"); top_k && *top_k > 0) put(out, "top_k", Value(*top_k));
    }
    Value stop(rapidjson::kArrayType);
    for (const auto& each : json::find(task_.generation, "until")->GetArray())
      if (each.GetStringLength() > 0) stop.PushBack(copy(each), a_);
    if (!stop.Empty()) put(out, "stop", std::move(stop));
  }

  void infer() {
    Value infer = object();
    put(infer, "retriever", retriever());
    put(infer, "template", template_());
    put(infer, "inferencer", inferencer());
    if (task_.repeats > 1 && task_.output == Output::generate_until) put(infer, "repeats", Value(task_.repeats));
    put(card_, "infer", std::move(infer));
  }

  // Its numbers are lm-eval's as they are, and what is not a mean has no error, as there.
  Value program_metric() {
    Value out = program(object()), facts = object(), values(rapidjson::kArrayType);
    auto numbers = task_.program.numbers;
    if (task_.program.whole) numbers.emplace_back("score", true);   // stands for whatever its class names
    for (const auto& [name, higher] : numbers) {
      Value one = object();
      text(one, "name", name);
      put(one, "higher_is_better", Value(higher));
      put(one, "percent", Value(false));
      text(one, "standard_error", "none");
      values.PushBack(std::move(one), a_);
    }
    put(facts, "values", std::move(values));
    put(out, "facts", std::move(facts));
    return out;
  }

  // take_first alone is what is done anyhow
  bool does_nothing(const TaskFilter& filter) const {
    return task_.repeats == 1 && std::all_of(filter.steps.begin(), filter.steps.end(), [](const json::Document& step) {
             return json::find_string(step, "function") == "take_first";
           });
  }
  void eval() {
    Value eval = object(), metrics(rapidjson::kArrayType);
    for (const TaskMetric& metric : task_.metrics) {
      if (task_.output != Output::generate_until) continue;
      Value one = object();
      text(one, "type", metric.name == "exact_match" ? components_.exact_match : metric.component);
      if (metric.name == "exact_match")
        for (const auto& member : metric.options.GetObject()) {
          const std::string_view key = json::text(member.name);
          if (key == "ignore_case" || key == "ignore_punctuation" || key == "ignore_numbers" || key == "regexes_to_ignore")
            put(one, std::string(key).c_str(), copy(member.value));
        }
      metrics.PushBack(std::move(one), a_);
    }
    if (task_.program.results) metrics.PushBack(program_metric(), a_);
    put(eval, "metrics", std::move(metrics));
    if (task_.output == Output::generate_until && !task_.filters.empty()) {
      Value filters = object();
      for (const TaskFilter& filter : task_.filters) {
        Value chain(rapidjson::kArrayType);
        const auto& own = task_.program.filters;
        if (std::find(own.begin(), own.end(), filter.name) != own.end()) {
          Value config = object();
          text(config, "filter", filter.name);
          chain.PushBack(program(std::move(config)), a_);
        } else if (!does_nothing(filter)) {
          Value one = object(), steps(rapidjson::kArrayType);
          text(one, "type", components_.filter);
          for (const json::Document& step : filter.steps) steps.PushBack(copy(step), a_);
          put(one, "steps", std::move(steps));
          chain.PushBack(std::move(one), a_);
        }
        put(filters, filter.name.c_str(), std::move(chain));
      }
      put(eval, "filters", std::move(filters));
    }
    put(card_, "eval", std::move(eval));
  }

  const TaskFile& task_;
  const CardOptions& options_;
  const Components& components_;
  const TaskCode& code_;
  json::Document card_;
  json::Document::AllocatorType& a_;
  const uint32_t shots_;
};

}  // namespace

uint32_t shots_of(const TaskFile& task, const CardOptions& options) {
  if (task.output == Output::loglikelihood_rolling) return 0;
  if (options.shots && !(task.num_fewshot == 0u)) return *options.shots;
  return task.num_fewshot.value_or(0);
}

Result<json::Document> card_of(const TaskFile& task, const CardOptions& options, const Components& components,
                               const TaskCode& code) {
  return CardWriter(task, options, components, code).write();
}

}  // namespace sextant::tasks
