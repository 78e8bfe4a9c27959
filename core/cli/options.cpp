#include "options.hpp"
#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <tuple>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>
#include <fmt/format.h>
#include "../base/text.hpp"
#include "../plugin/isolation.hpp"
#include "opencompass_options.hpp"

namespace sextant::cli {
namespace {

Error usage(std::string message) { return {Error::Kind::usage, std::move(message)}; }

using Texts = std::vector<std::string>;

constexpr const char* latest = "latest";  // -r without a time

po::typed_value<std::string>* text() { return po::value<std::string>(); }
po::typed_value<Texts>* texts() { return po::value<Texts>()->multitoken(); }

void add_what(po::options_description& options) {
  options.add_options()("config", text()->value_name("CONFIG"), "a configuration file (JSON); also as a bare word")(
      "models", texts()->value_name("NAME..."), "model cards, GGUF files, folders; NAME=MODEL gives a name")(
      "datasets", texts()->value_name("NAME..."), "data set cards: NAME[:PART,...][/INFERENCER|/VARIANT]")(
      "tasks", texts()->value_name("NAME..."), "lm-eval's task files: tasks, groups, tags, patterns, FILE.yaml")(
      "include-path", texts()->value_name("DIR..."), "folders that have the task files; of one name the last one's counts")(
      "allow-task-code", po::bool_switch(),
      "--tasks: functions and classes that only Python can run are run, in a sandbox without a network")(
      "task-python", text()->value_name("PYTHON"),
      "the Python that runs them, in whose environment lm_eval and datasets are (default python3)")(
      "fewshot-as-multiturn", text()->value_name("BOOL"),
      "--tasks with a chat template: each example is turns of its own (default true)")(
      "gen-prefix", text()->value_name("TEXT"), "--tasks: how replies begin, instead of the tasks' own")(
      "set", texts()->value_name("KEY=VALUE..."),
      "a member of the data sets' cards by its path: infer.inferencer.max_out_len=32")(
      "shots", po::value<int64_t>()->value_name("N"), "examples in a prompt")(
      "repeat", po::value<int64_t>()->value_name("N"), "attempts of each sample")("rows", text()->value_name("LIST"),
                                                                                  "rows to evaluate: 3,17,40-60")(
      "exclude", text()->value_name("FILE"), "rows to leave out: a line each, a number or {\"dataset\", \"index\"}")(
      "perturb", texts()->value_name("KIND[:N]..."),
      "variants of each set beside it: option_order[:all], typos, case, full_width, homophones, format, template:FILE, shots, "
      "seeds")("extractor", texts()->value_name("ID[:JSON]..."), "post-processors instead of the cards'")(
      "metric", texts()->value_name("ID[:JSON]..."), "metrics instead of the cards'")(
      "judge", texts()->value_name("MODEL..."), "the model that judges: a card, a GGUF or a folder; several are a panel")(
      "labels", text()->value_name("FILE"), "people's verdicts on some samples, to correct the judge's: JSON lines")(
      "summarizer", text()->value_name("NAME"), "summarizer card: the groups of the table")(
      "model-path", text()->value_name("FILE"), "a GGUF model")("hf-path", text()->value_name("DIR"),
                                                                "a Hugging Face model folder")(
      "hf-type", text()->value_name("TYPE"), "base or chat (default): whether generation uses the chat template")(
      "tokenizer-path", text()->value_name("PATH"), "a tokenizer other than the model's own")(
      "tokenizer-kwargs", texts()->value_name("K=V..."), "accepted for OpenCompass' sake")(
      "model-kwargs", texts()->value_name("K=V..."), "settings of the backend")(
      "generation-kwargs", texts()->value_name("K=V..."),
      "do_sample, temperature, top_p, top_k, min_p, repetition_penalty, ...")(
      "peft-path", text()->value_name("DIR"), "a LoRA adapter")("max-seq-len", po::value<int64_t>()->value_name("N"),
                                                                "tokens of context (default: the model's)")(
      "max-out-len", po::value<int64_t>()->value_name("N"), "tokens to generate at most (default 256)")(
      "min-out-len", po::value<int64_t>()->value_name("N"), "tokens to generate at least")(
      "thinking-budget", po::value<int64_t>()->value_name("N"), "end a reply's thinking after N tokens")(
      "batch-size", po::value<int64_t>()->value_name("N"), "bounds memory, never results")(
      "num-gpus,hf-num-gpus", po::value<int64_t>()->value_name("N"),
      "GPUs that share the work, each with the whole model (cuda)")("pad-token-id", po::value<int64_t>()->value_name("ID"),
                                                                    "accepted; nothing is padded")(
      "stop-words", texts()->value_name("TEXT..."), "generation ends before the first of these")(
      "backend", text()->value_name("ID"), "auto, cpu, or any model plugin")("threads", po::value<int64_t>()->value_name("N"),
                                                                             "threads of the backend (default: all cores)")(
      "compute", text()->value_name("TYPE"), "auto, f32, bf16, fp16, int8 or exact")(
      "memory", text()->value_name("SIZE"), "memory to use at most")("no-prefix-reuse", po::bool_switch(),
                                                                     "compute shared prefixes again for every request")(
      "no-speculation", po::bool_switch(), "compute each token of a reply when the one before it is known")(
      "chat-template", text()->value_name("WHICH"), "auto, none, the name of one of the model's, or a .jinja file")(
      "chat-template-kwargs", texts()->value_name("K=V..."), "variables of the chat template: enable_thinking=false")(
      "system-prompt", text()->value_name("TEXT"), "a system message before every conversation")(
      "custom-dataset-path", text()->value_name("FILE"), "a csv or jsonl file with questions")(
      "custom-dataset-meta-path", text()->value_name("FILE"), "its .meta.json (default: next to it)")(
      "custom-dataset-data-type", text()->value_name("TYPE"), "mcq or qa")("custom-dataset-infer-method",
                                                                           text()->value_name("HOW"), "gen or ppl")(
      "limit", po::value<double>()->value_name("N"), "samples per data set: a count, or a fraction below 1")(
      "limit-mode", text()->value_name("HOW"), "first (default) or random")("seed", po::value<int64_t>()->value_name("N"),
                                                                            "for sampling and --limit-mode random (default 0)")(
      "compat", text()->value_name("WHICH"), "none, opencompass, opencompass-0.2.4 or lm-eval (docs/compat.md)")(
      "data-dir", text()->value_name("DIR"), "where the data sets are")(
      "config-dir", text()->value_name("DIR"), "more cards, searched first")("plugin-path", texts()->value_name("DIR..."),
                                                                             "more plugins, searched first")(
      "isolate", texts()->value_name("[WHAT...]"),
      "run plugins in processes of their own, shut in: all, a kind, KIND:ID or a folder; deadline=S, memory=SIZE");
}

void add_common(po::options_description& options) {
  options.add_options()
      ("json", po::bool_switch(), "machine-readable output")
      ("quiet", po::bool_switch(), "warnings and errors only")
      ("debug", po::bool_switch(), "log everything")
      ("help,h", po::bool_switch(), "this text");
}

std::string get(const po::variables_map& values, const char* name) {
  return values.count(name) ? values[name].as<std::string>() : std::string();
}
Texts get_all(const po::variables_map& values, const char* name) {
  return values.count(name) ? values[name].as<Texts>() : Texts();
}
bool is_set(const po::variables_map& values, const char* name) { return values.count(name) && values[name].as<bool>(); }

template <class T> Result<std::optional<T>> get_number(const po::variables_map& values, const char* name) {
  if (!values.count(name)) return std::optional<T>();
  const int64_t value = values[name].as<int64_t>();
  if (value < 0 || static_cast<uint64_t>(value) > std::numeric_limits<T>::max())
    return usage(fmt::format("--{} is {}; give a number from 0 to {}", name, value, std::numeric_limits<T>::max()));
  return std::optional<T>(static_cast<T>(value));
}

// An option that changes nothing is a mistake: what it was meant to change stays as it is, and nobody sees it. (What
// OpenCompass has and Sextant does not need is taken with a warning.)
Result<void> check_effects(const config::RunFlags& run, bool debug_and_quiet) {
  const std::tuple<const char*, bool, const char*> idle[] = {
      {"--custom-dataset-meta-path", !run.custom_dataset_meta_path.empty() && run.custom_dataset_path.empty(),
       "--custom-dataset-path FILE"},
      {"--custom-dataset-data-type", !run.custom_dataset_data_type.empty() && run.custom_dataset_path.empty(),
       "--custom-dataset-path FILE"},
      {"--custom-dataset-infer-method", !run.custom_dataset_infer_method.empty() && run.custom_dataset_path.empty(),
       "--custom-dataset-path FILE"},
      {"--limit-mode", !run.limit_mode.empty() && !run.limit && run.config.empty(), "--limit N"},
  };
  for (const auto& [flag, given_in_vain, needs] : idle)
    if (given_in_vain) return usage(fmt::format("{} changes nothing without {}; give both, or neither", flag, needs));
  const bool other_than_variants =
      std::any_of(run.set.begin(), run.set.end(), [](const auto& one) { return one.first != "perturb"; });
  if (other_than_variants && !run.custom_dataset_path.empty())
    return usage(
        "--set changes members of cards, and the file of --custom-dataset-path has no card; write what is to be different into "
        "FILE.meta.json, or a card of its own (docs/cards.md)");
  if (debug_and_quiet) return usage("--quiet and --debug contradict each other; give one of them");
  return {};
}

Result<config::RunFlags::KeyValues> get_pairs(const po::variables_map& values, const char* name) {
  config::RunFlags::KeyValues pairs;
  for (const std::string& item : get_all(values, name)) {
    const size_t equals = item.find('=');
    if (equals == 0 || equals == item.npos) return usage(fmt::format("--{} '{}' is not of the form KEY=VALUE", name, item));
    std::string value = item.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '\'' && value.back() == '\'') value = value.substr(1, value.size() - 2);
    const std::string key = item.substr(0, equals);
    for (const auto& [other, said] : pairs)
      if (other == key && said != value)
        return usage(fmt::format("--{} gives {} twice, as {} and as {}; give it once", name, key, said, value));
    pairs.emplace_back(key, value);
  }
  return pairs;
}

}  // namespace

namespace {

// The option that a word of the command line is, as far as its beginning says it: "--work-dir", "--work-dir=x", "-w", "-wx".
const po::option_description* option_of(const std::string& word, const po::options_description& options) {
  const bool is_long = word.starts_with("--");
  if (!is_long && (word.size() < 2 || word[0] != '-')) return nullptr;
  return options.find_nothrow(is_long ? word.substr(2, word.find('=') - 2) : word.substr(0, 2), false);
}

// "--quiet" behind an option that needs a value is an option, not the value: "-w --quiet" has lost its folder.
bool looks_like_option(const std::string& word, const po::options_description& options) {
  if (word.starts_with("--")) return word.size() > 2 && std::isalpha(static_cast<unsigned char>(word[2]));
  return word.size() == 2 && option_of(word, options) != nullptr;
}

// An empty value is mostly a shell variable that was not set; as a value it would be as good as no option at all. These may be
// empty.
constexpr std::string_view may_be_empty[] = {"system-prompt", "input"};

Result<void> check_values(const Texts& words, const po::options_description& options, const Texts& optional_values) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") return {};
    const po::option_description* option = option_of(word, options);
    if (!option || option->semantic()->max_tokens() == 0) continue;
    const bool is_long = word.starts_with("--");
    const size_t equals = is_long ? word.find('=') : word.npos;
    const bool attached = equals != word.npos || (!is_long && word.size() > 2);
    if (!attached && i + 1 == words.size()) continue;  // Boost says it
    const std::string value = !attached ? words[i + 1] : is_long ? word.substr(equals + 1) : word.substr(2);
    const std::string name = word.substr(0, is_long ? equals : 2);
    const bool may_stand_alone = std::find(optional_values.begin(), optional_values.end(), word) != optional_values.end();
    if (!attached && !may_stand_alone && looks_like_option(value, options))
      return usage(
          fmt::format("{} needs a value, and {} after it is an option; give {} {}, or write --{}={} if that is the value", name,
                      value, name, option->semantic()->name(), option->long_name(), value));
    if (value.empty() &&
        std::find(std::begin(may_be_empty), std::end(may_be_empty), option->long_name()) == std::end(may_be_empty))
      return usage(
          fmt::format("{} has an empty value; give one, or leave the option out (was a shell variable not set?)", name));
  }
  return {};
}

}  // namespace

Result<po::variables_map> parse_options(const std::vector<std::string>& args, const po::options_description& options,
                                        const char* positional, int positional_max, const Texts& optional_values) {
  SXT_CHECK(check_values(args, options, optional_values));
  // Boost has no option with or without a value behind it: attach what is meant ("--reuse=TS")
  Texts given;
  for (size_t i = 0; i < args.size(); ++i) {
    const auto it = std::find(optional_values.begin(), optional_values.end(), args[i]);
    if (it == optional_values.end()) { given.push_back(args[i]); continue; }
    const std::string long_name = args[i] == "-r" ? "--reuse" : args[i];
    const bool value_follows = i + 1 < args.size() && !args[i + 1].starts_with("-") && !args[i + 1].ends_with(".json");
    // without a value the last run is meant, or yes; said here, since Boost would take the next word all the same
    const char* silent = long_name == "--reuse" ? latest : long_name == "--isolate" ? "all" : "true";
    given.push_back(long_name + "=" + (value_follows ? args[++i] : silent));
  }
  po::positional_options_description bare;
  if (*positional) bare.add(positional, positional_max);
  po::variables_map values;
  try {
    namespace style = po::command_line_style;
    const int allowed = style::allow_long | style::allow_short | style::allow_dash_for_short | style::long_allow_next |
                        style::long_allow_adjacent | style::short_allow_next | style::short_allow_adjacent;
    po::store(po::command_line_parser(given).options(options).positional(bare).style(allowed).run(), values);
    po::notify(values);
  } catch (const po::validation_error& e) {
    // Boost's sentence holds the value between its first quotes; the only values that it refuses are numbers
    const std::string what = e.what();
    const size_t open = what.find('\''), close = what.find('\'', open + 1);
    if (e.kind() != po::validation_error::invalid_option_value || close == what.npos) return usage(what);
    return usage(fmt::format("{} is '{}', which is no number of the kind that it takes; digits alone, as in {} 8",
                             e.get_option_name(), what.substr(open + 1, close - open - 1), e.get_option_name()));
  } catch (const po::unknown_option& e) {
    Texts names;
    for (const auto& option : options.options()) names.push_back("--" + option->long_name());
    return usage(fmt::format("unknown option '{}'{}", e.get_option_name(), did_you_mean(e.get_option_name(), names)));
  } catch (const po::too_many_positional_options_error&) {
    return usage("there are more bare words on the command line than this command takes; did an option lose its dashes?");
  } catch (const po::invalid_command_line_syntax& e) {
    if (e.kind() != po::invalid_syntax::missing_parameter) return usage(e.what());
    const po::option_description* option =
        options.find_nothrow(e.get_option_name().substr(e.get_option_name().find_first_not_of('-')), false);
    return usage(fmt::format("{0} needs a value: {0} {1}", e.get_option_name(), option ? option->semantic()->name() : "VALUE"));
  } catch (const std::exception& e) {
    return usage(e.what());
  }
  return values;
}

Result<void> check_config_dir(const std::string& folder) {
  std::error_code code;
  if (folder.empty() || std::filesystem::is_directory(folder, code)) return {};
  return usage(
      fmt::format("--config-dir {} is not a folder that can be read; it names the folder that holds the cards", folder));
}

const Texts& run_optional_values() {
  static const Texts names = {"-r", "--reuse", "--dump-eval-details", "--isolate"};
  return names;
}

po::options_description run_options() {
  po::options_description options("Options");
  add_what(options);
  options.add_options()
      ("mode,m", text()->value_name("MODE"), "all (default), infer, eval or viz")
      ("reuse,r", text()->value_name("[TS]"), "resume the last run, or the one of that time")
      ("work-dir,w", text()->value_name("DIR"), "where runs are written (default outputs/default)")
      ("fail-under", texts()->value_name("DATASET[,METRIC]=X..."), "exit with 1 where a score is worse than that")
      ("baseline", text()->value_name("RUN"), "an earlier run: exit with 1 where this one is worse by more than --margin")
      ("margin", po::value<double>()->value_name("X"), "points that it may be worse than the baseline (default 1.0)")
      ("sequential", po::bool_switch(), "--baseline: ask in random order and stop as soon as it is known")
      ("dry-run", po::bool_switch(), "print the plan, compute nothing")
      ("color", text()->value_name("WHEN"), "auto (default), always or never: colours of the table")  // auto heeds NO_COLOR
      ("allow-missing", po::bool_switch(), "data sets that are missing do not fail the run")
      ("cache", po::bool_switch(), "take answers of earlier runs in the work dir, by content key")
      ("dump-eval-details", text()->value_name("[BOOL]"), "details per sample in results (default true)")
      ("max-num-workers", po::value<int64_t>()->value_name("N"), "accepted; one process does the work")
      ("max-workers-per-gpu", po::value<int64_t>()->value_name("N"), "accepted; one process does the work")
      ("retry", po::value<int64_t>()->value_name("N"), "accepted; -r resumes a run");
  add_common(options);
  add_opencompass_options(options);
  return options;
}

po::options_description prompt_options() {
  po::options_description options("Options");
  add_what(options);
  options.add_options()
      ("index,n", po::value<int64_t>()->value_name("INDEX"), "only this row")
      ("tokens", po::bool_switch(), "also print token ids")
      ("predictions", text()->value_name("RUN"), "a run's folder: judges are shown its answers (default: placeholders)");
  add_common(options);
  return options;
}

po::options_description check_options() {
  po::options_description options("Options");
  add_what(options);
  options.add_options()
      ("work-dir,w", text()->value_name("DIR"), "where the run would be written (default outputs/default)")
      ("allow-missing", po::bool_switch(), "data sets that are missing are no errors");
  add_common(options);
  return options;
}

Result<RunCommandFlags> run_flags(const po::variables_map& values) {
  RunCommandFlags flags;
  config::RunFlags& run = flags.run;
  run.config = get(values, "config");
  run.models = get_all(values, "models");
  run.datasets = get_all(values, "datasets");
  for (const std::string& names : get_all(values, "tasks"))
    for (size_t begin = 0; begin <= names.size();) {
      const size_t end = std::min(names.find(',', begin), names.size());
      if (end > begin) run.tasks.push_back(names.substr(begin, end - begin));
      begin = end + 1;
    }
  run.include_path = get_all(values, "include-path");
  run.allow_task_code = is_set(values, "allow-task-code");
  run.task_python = get(values, "task-python");
  run.fewshot_as_multiturn = get(values, "fewshot-as-multiturn");
  if (values.count("gen-prefix")) run.gen_prefix = get(values, "gen-prefix");
  SXT_TRY(run.set, get_pairs(values, "set"));
  SXT_TRY(run.shots, get_number<uint32_t>(values, "shots"));
  SXT_TRY(run.repeat, get_number<uint32_t>(values, "repeat"));
  run.rows = get(values, "rows");
  run.exclude = get(values, "exclude");
  if (const Texts kinds = get_all(values, "perturb"); !kinds.empty()) {  // the member of every card
    std::string list;
    for (const std::string& kind : kinds) list += (list.empty() ? "" : ",") + json::quote(kind);
    run.set.emplace_back("perturb", "[" + list + "]");
  }
  run.extractors = get_all(values, "extractor");
  run.metrics = get_all(values, "metric");
  run.judge = get_all(values, "judge");
  run.labels = get(values, "labels");
  if (!run.labels.empty()) run.labels = std::filesystem::absolute(run.labels).string();
  run.summarizer = get(values, "summarizer");
  run.hf_path = get(values, "hf-path");
  run.hf_type = get(values, "hf-type");
  run.model_path = get(values, "model-path");
  run.tokenizer_path = get(values, "tokenizer-path");
  run.peft_path = get(values, "peft-path");
  run.backend = get(values, "backend");
  run.compute = get(values, "compute");
  run.memory = get(values, "memory");
  run.chat_template = get(values, "chat-template");
  run.system_prompt = get(values, "system-prompt");
  SXT_TRY(run.model_kwargs, get_pairs(values, "model-kwargs"));
  SXT_TRY(run.tokenizer_kwargs, get_pairs(values, "tokenizer-kwargs"));
  SXT_TRY(run.generation_kwargs, get_pairs(values, "generation-kwargs"));
  SXT_TRY(run.chat_template_kwargs, get_pairs(values, "chat-template-kwargs"));
  SXT_TRY(run.max_seq_len, get_number<uint32_t>(values, "max-seq-len"));
  SXT_TRY(run.max_out_len, get_number<uint32_t>(values, "max-out-len"));
  SXT_TRY(run.min_out_len, get_number<uint32_t>(values, "min-out-len"));
  SXT_TRY(const auto thinking, get_number<uint32_t>(values, "thinking-budget"));
  if (thinking == 0u)
    return usage("--thinking-budget is 0; give 1 or more tokens, or switch thinking off (--chat-template-kwargs "
                       "enable_thinking=false, where the template knows it)");
  if (thinking) run.model_kwargs.emplace_back("thinking_budget", std::to_string(*thinking));
  SXT_TRY(run.batch_size, get_number<uint32_t>(values, "batch-size"));
  SXT_TRY(run.threads, get_number<uint32_t>(values, "threads"));
  SXT_TRY(run.num_gpus, get_number<uint32_t>(values, "num-gpus"));
  SXT_TRY(run.pad_token_id, get_number<uint32_t>(values, "pad-token-id"));
  SXT_TRY(run.seed, get_number<uint64_t>(values, "seed"));
  run.stop_words = get_all(values, "stop-words");
  run.no_prefix_reuse = is_set(values, "no-prefix-reuse");
  run.no_speculation = is_set(values, "no-speculation");
  run.custom_dataset_path = get(values, "custom-dataset-path");
  run.custom_dataset_meta_path = get(values, "custom-dataset-meta-path");
  run.custom_dataset_data_type = get(values, "custom-dataset-data-type");
  run.custom_dataset_infer_method = get(values, "custom-dataset-infer-method");
  if (values.count("limit")) run.limit = values["limit"].as<double>();
  run.limit_mode = get(values, "limit-mode");
  run.compat = get(values, "compat");
  run.data_dir = get(values, "data-dir");
  run.work_dir = get(values, "work-dir");
  run.allow_missing = is_set(values, "allow-missing");
  if (const std::string details = get(values, "dump-eval-details"); !details.empty()) {
    if (details != "true" && details != "True" && details != "false" && details != "False")
      return usage(fmt::format("--dump-eval-details is '{}'; it must be true or false", details));
    run.dump_eval_details = details == "true" || details == "True";
  }
  if (run.limit && *run.limit == 0)
    return usage(
        "--limit is 0, and nothing would be evaluated; give a count (1, 2, ...) or a fraction, or leave it out for all rows");
  if (run.limit && !std::isfinite(*run.limit))
    return usage("--limit must be a count (1, 2, ...) or a fraction between 0 and 1");
  SXT_CHECK(check_effects(run, is_set(values, "debug") && is_set(values, "quiet")));
  if (values.count("mode")) flags.mode = get(values, "mode");
  if (flags.mode != "all" && flags.mode != "infer" && flags.mode != "eval" && flags.mode != "viz")
    return usage(fmt::format("--mode is '{}'; it must be all, infer, eval or viz", flags.mode));
  flags.fail_under = get_all(values, "fail-under");
  flags.baseline = get(values, "baseline");
  if (values.count("margin")) flags.margin = values["margin"].as<double>();
  flags.sequential = is_set(values, "sequential");
  if (flags.baseline.empty() && (flags.margin || flags.sequential))
    return usage(fmt::format("{} changes nothing without --baseline RUN", flags.sequential ? "--sequential" : "--margin"));
  if (flags.margin && (!std::isfinite(*flags.margin) || *flags.margin < 0))
    return usage("--margin must be a number from 0, in points: 1.0");
  if (!flags.baseline.empty() && (flags.mode == "infer" || flags.dry_run))
    return usage("--baseline needs scores; leave out -m infer and --dry-run");
  if (flags.sequential && flags.mode != "all") return usage("--sequential asks and scores in turns; leave out -m");
  if (flags.mode == "infer" && !flags.fail_under.empty())
    return usage("--fail-under changes nothing with -m infer, which gives no scores; give one of them");
  flags.reuse = values.count("reuse") > 0;
  flags.reuse_timestamp = get(values, "reuse") == latest ? "" : get(values, "reuse");
  flags.config_dir = get(values, "config-dir");
  SXT_CHECK(check_config_dir(flags.config_dir));
  flags.plugin_path = get_all(values, "plugin-path");
  if (const Texts isolated = get_all(values, "isolate"); !isolated.empty()) SXT_CHECK(plugin::set_isolation(isolated));
  flags.dry_run = is_set(values, "dry-run");
  flags.debug = is_set(values, "debug");
  flags.quiet = is_set(values, "quiet");
  flags.json = is_set(values, "json");
  flags.color = get(values, "color");
  flags.cache = is_set(values, "cache");
  flags.tokens = is_set(values, "tokens");
  flags.help = is_set(values, "help");
  flags.predictions = get(values, "predictions");
  SXT_TRY(flags.index, get_number<uint64_t>(values, "index"));
  for (const char* name : {"max-num-workers", "max-workers-per-gpu"})
    if (values.count(name) && values[name].as<int64_t>() > 1)
      flags.warnings.push_back(
          fmt::format("--{} changes nothing: one process works through all tasks, with --threads threads", name));
  if (values.count("retry"))
    flags.warnings.emplace_back("--retry changes nothing: nothing is tried twice by itself; -r goes on where a run stopped");
  SXT_CHECK(take_opencompass_options(values, flags));
  if (run.config.ends_with(".py"))
    return usage(fmt::format("{} is a configuration in Python, which is not run; `sextant import opencompass {} --output DIR` makes cards of "
                             "OpenCompass' configurations, which `sextant run DIR/run.json --config-dir DIR` evaluates",
                             run.config, run.config));
  return flags;
}

}  // namespace sextant::cli
