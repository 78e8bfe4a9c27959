#include "resolve.hpp"
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <set>
#include <sextant/sha256.hpp>
#include "../base/file_name.hpp"
#include "../base/files.hpp"
#include "../base/text.hpp"
#include "collection.hpp"
#include "combinations.hpp"
#include "groups.hpp"
#include "json_source.hpp"
#include "overrides.hpp"
#include "perturb.hpp"
#include "resolve_models.hpp"
#include "rows.hpp"
#include "shapes.hpp"
#include "version.hpp"

namespace sextant::config {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t exclude_bytes_max = 256u << 20;
constexpr size_t name_digits = 8;  // of a SHA-256, behind a name that another one's file has

Error usage(std::string message) { return {Error::Kind::usage, std::move(message)}; }

CardOptions options_of(const RunFlags& flags, const std::string& data_dir, const World& world) {
  CardOptions options;
  options.set = flags.set;
  if (world.inferencers) options.inferencers = world.inferencers();
  options.store = world.cards;
  if (world.data_folder)
    options.data_folder = [&world, data_dir](const std::string& folder, const std::string& loader) {
      return world.data_folder(data_dir, folder, loader);
    };
  options.warn = world.warn;
  return options;
}

Result<void> add_card(const std::string& name, const RunFlags& flags, const std::string& data_dir, const World& world,
                      std::vector<CardSets>& cards) {
  CardOptions options = options_of(flags, data_dir, world);
  const std::string card = read_card_name(name, options.inferencers, options);
  if (options.subset.empty() && name.substr(0, name.find('/')).find(':') != name.npos)
    return usage(fmt::format("--datasets '{}' names no part behind the colon; write {}:PART, or {} for all of it", name, card, card));
  if (name.ends_with('/'))
    return usage(fmt::format("--datasets '{}' names nothing behind the slash; write {}/gen or another inferencer, or {}", name,
                             card, card));
  SXT_TRY(const CardEntry* entry, world.cards->find(CardKind::dataset, card));
  SXT_TRY(std::vector<CardSets> sets, read_cards(*entry, options));
  std::move(sets.begin(), sets.end(), std::back_inserter(cards));
  return {};
}

// Makes the names of rows unique, and those of their files, which a file system may take for one where rows are two ("a/b" and
// "a_b", "Law" and "law"): where a run holds a set as gen and as ppl, the ppl one is called <abbr>_ppl.
Result<void> name_tasks(std::vector<CardSets>& cards) {
  std::set<std::string> taken, named;
  for (const CardSets& card : cards)
    if (!card.datasets.empty() &&
        !named.insert(card.datasets.front().card + "\n" + card.datasets.front().abbr + variant_suffix(card.datasets.front()))
             .second)
      return usage(fmt::format("the data set '{}' is named twice; name it once", card.datasets.front().card));
  const auto inferencer = [](const CardSets& card) {
    return card.datasets.empty() ? std::string("gen") : card.datasets.front().inferencer.id;
  };
  // a variant that has just been made is called by its set
  const auto takes_name = [](const DatasetConfig& dataset) { return dataset.task_name.empty() && is_variant(dataset); };
  const auto rank = [&](const CardSets& card) { return inferencer(card) == "gen" ? 0 : inferencer(card) == "ppl" ? 1 : 2; };
  std::vector<CardSets*> order;
  for (CardSets& card : cards) order.push_back(&card);
  std::stable_sort(order.begin(), order.end(), [&](auto* a, auto* b) { return rank(*a) < rank(*b); });
  for (CardSets* card : order) {
    const auto clashes = [&] {
      return std::any_of(card->datasets.begin(), card->datasets.end(), [&](const DatasetConfig& d) {
        return !takes_name(d) && taken.contains(file_name_key(d.task_name.empty() ? d.abbr : d.task_name));
      });
    };
    std::string suffix;
    const auto rename = [&] {
      for (DatasetConfig& dataset : card->datasets)
        if (!takes_name(dataset)) dataset.task_name = dataset.abbr + suffix;
    };
    if (clashes()) {
      if (rank(*card) != 0) {
        suffix = inferencer(*card) == "loglikelihood" ? "_ll" : "_" + inferencer(*card);
        rename();
      }
      if (clashes()) {  // the same method twice: the card tells them apart
        suffix = fmt::format("_{}", card->datasets.front().card);
        std::replace(suffix.begin(), suffix.end(), '/', '_');
        rename();
        if (clashes()) return usage(fmt::format("the data set '{}' is named twice; name it once", card->datasets.front().card));
      }
    }
    std::map<std::string, std::string> renamed;  // members of the card's groups
    std::string base;
    for (DatasetConfig& dataset : card->datasets) {
      const bool variant = takes_name(dataset);
      if (variant) dataset.task_name = base + variant_suffix(dataset);
      else if (dataset.task_name.empty()) dataset.task_name = dataset.abbr;
      const std::string name = dataset.task_name;
      if (!taken.insert(file_name_key(name)).second) {  // two of one card whose files would be one
        dataset.task_name = fmt::format("{}_{}", name, sha256_hex(name).substr(0, name_digits));
        taken.insert(file_name_key(dataset.task_name));
      }
      if (variant) continue;
      base = dataset.task_name;
      if (dataset.task_name != dataset.abbr) renamed.emplace(dataset.abbr, dataset.task_name);
    }
    if (renamed.empty()) continue;
    if (!suffix.empty())
      for (const SummaryGroup& group : card->groups) renamed.emplace(group.name, group.name + suffix);
    for (SummaryGroup& group : card->groups) {
      group.name += suffix;
      for (std::string& member : group.members)
        if (const auto it = renamed.find(member); it != renamed.end()) member = it->second;
    }
  }
  return {};
}

// A group of one card that has the name of another card's is called <name>_<card>, as its data sets would be.
void name_groups(std::vector<CardSets>& cards) {
  std::map<std::string, size_t> taken;  // by which card
  for (size_t i = 0; i < cards.size(); ++i) {
    std::map<std::string, std::string> renamed;
    for (SummaryGroup& group : cards[i].groups) {
      const auto [it, fresh] = taken.emplace(group.name, i);
      if (fresh || it->second == i || cards[i].datasets.empty()) continue;
      std::string name = group.name + "_" + cards[i].datasets.front().card;
      renamed.emplace(group.name, name);
      taken.emplace(name, i);
      group.name = std::move(name);
    }
    for (SummaryGroup& group : cards[i].groups)
      for (std::string& member : group.members)
        if (const auto it = renamed.find(member); it != renamed.end()) member = it->second;
  }
}

Result<void> choose_rows(const RunFlags& flags, const json::Value& file, RunConfig& run) {
  const std::string rows = !flags.rows.empty() ? flags.rows : json::find_string(file, "rows").value_or("");
  if (!rows.empty()) { SXT_TRY(run.rows, rows_from_text(rows, "--rows")); }
  if (!flags.exclude.empty()) {
    SXT_TRY(const std::string text, read_file(flags.exclude, exclude_bytes_max));
    SXT_TRY(run.exclude, exclusions_from_lines(text, flags.exclude));
  } else if (const json::Value* exclude = json::find(file, "exclude")) {
    SXT_TRY(run.exclude, exclusions_from_json(*exclude, flags.config));
  }
  return {};
}

// Task files are read as cards are; all are joined as lm-eval joins them, so that other cards are not in the same run.
Result<void> add_tasks(const RunFlags& flags, const std::string& data_dir, const World& world, std::vector<CardSets>& cards) {
  if (!cards.empty())
    return usage(
        "--tasks and other data sets are two runs: prompts of the one are joined as lm-eval does it, the other's as their "
        "cards say");
  if (!world.tasks) return usage("--tasks is not for this command");
  SXT_TRY(TaskCards tasks, world.tasks(flags));
  CardSets sets;
  for (const TaskCards::Card& task : tasks.cards) {
    SXT_TRY(std::vector<DatasetConfig> datasets,
            dataset_from_json(task.card, task.name, task.origin, sets.groups, options_of(flags, data_dir, world)));
    std::move(datasets.begin(), datasets.end(), std::back_inserter(sets.datasets));
  }
  std::move(tasks.groups.begin(), tasks.groups.end(), std::back_inserter(sets.groups));
  cards.push_back(std::move(sets));
  return {};
}

// The data sets of the file and the flags, their tasks named.
Result<std::vector<CardSets>> sets_of(const RunFlags& flags, const json::Value& file, const std::string& data_dir,
                                      const World& world) {
  std::vector<CardSets> cards;
  if (const json::Value* datasets = json::find(file, "datasets")) {
    for (rapidjson::SizeType i = 0; i < datasets->Size(); ++i) {
      const json::Value& item = (*datasets)[i];
      const std::string origin = fmt::format("{}: datasets[{}]", flags.config, i);
      if (item.IsString()) {
        SXT_CHECK(add_card(std::string(json::text(item)), flags, data_dir, world, cards));
      } else {
        SXT_CHECK(check_inline(item, dataset_card_shape(), origin));
        CardSets sets;
        SXT_TRY(sets.datasets,
                dataset_from_json(item, fmt::format("dataset-{}", i), origin, sets.groups, options_of(flags, data_dir, world)));
        cards.push_back(std::move(sets));
      }
    }
  }
  for (const std::string& name : flags.datasets) SXT_CHECK(add_card(name, flags, data_dir, world, cards));
  if (!flags.custom_dataset_path.empty()) {
    SXT_TRY(DatasetConfig dataset, custom_dataset(flags, world));
    CardSets sets{{std::move(dataset)}, {}, false};
    for (const auto& [path, value] : flags.set)
      if (path == "perturb") SXT_CHECK(add_variants(parse_kwarg(value), flags.custom_dataset_path, sets.datasets, world.warn));
    cards.push_back(std::move(sets));
  }
  if (!flags.tasks.empty()) SXT_CHECK(add_tasks(flags, data_dir, world, cards));
  if (cards.empty())
    return usage(
        "no data set is named; give --datasets NAME... (`sextant list datasets`), --tasks, --custom-dataset-path or a "
        "CONFIG.json");
  SXT_CHECK(name_tasks(cards));
  name_groups(cards);
  return cards;
}

// A card's own max_out_len counts more than the model's, as in OpenCompass.
void warn_about_lengths(const RunFlags& flags, const std::vector<DatasetConfig>& datasets, const World& world) {
  std::string wanted = flags.max_out_len ? std::to_string(*flags.max_out_len) : "", flag = "--max-out-len " + wanted;
  for (const auto& [key, value] : flags.generation_kwargs)
    if (wanted.empty() && key == "max_new_tokens") wanted = value, flag = "--generation-kwargs max_new_tokens=" + value;
  if (wanted.empty() || !world.warn) return;
  std::vector<std::string> own;
  for (const DatasetConfig& dataset : datasets)
    if (dataset.inferencer.max_out_len != 0 && std::to_string(dataset.inferencer.max_out_len) != wanted)
      own.push_back(dataset.abbr);
  if (own.empty()) return;
  world.warn(fmt::format(
      "{} changes nothing for {}{}: the card says how long replies may be; --set infer.inferencer.max_out_len={} does", flag,
      own.front(), own.size() > 1 ? fmt::format(" and {} more", own.size() - 1) : "", wanted));
}

// What concerns generation alone does nothing where no data set of the run has a reply written.
void warn_about_generation(const RunFlags& flags, const std::vector<DatasetConfig>& datasets,
                           const std::function<bool(const std::string&)>& generates, const World& world) {
  if (!world.warn || std::any_of(datasets.begin(), datasets.end(),
                                 [&](const DatasetConfig& dataset) { return generates(dataset.inferencer.id); }))
    return;
  std::vector<std::string> idle;
  // where a set is scored, a chat template is used only if it is named; lm-eval's tasks have it otherwise
  const bool converses =
      flags.tasks.empty() && (flags.chat_template.empty() || flags.chat_template == "auto" || flags.chat_template == "none");
  const std::pair<const char*, bool> given[] = {{"--max-out-len", flags.max_out_len.has_value()},
                                                {"--min-out-len", flags.min_out_len.has_value()},
                                                {"--stop-words", !flags.stop_words.empty()},
                                                {"--generation-kwargs", !flags.generation_kwargs.empty()},
                                                {"--extractor", !flags.extractors.empty()},
                                                {"--system-prompt", converses && !flags.system_prompt.empty()},
                                                {"--chat-template-kwargs", converses && !flags.chat_template_kwargs.empty()}};
  for (const auto& [flag, is_given] : given)
    if (is_given) idle.emplace_back(flag);
  if (!idle.empty())
    world.warn(fmt::format("{} change{} nothing: no data set of this run has a reply written ({} scores what it is given)",
                           join(idle, ", "), idle.size() == 1 ? "s" : "", datasets.front().inferencer.id));
}

}  // namespace

Result<Resolved> resolve(const RunFlags& flags, const World& world) {
  Resolved resolved;
  RunConfig& run = resolved.config;
  json::Document file;
  file.SetObject();
  if (!flags.config.empty()) {
    SXT_TRY(file, load_merged(flags.config, run_config_shape()));
  }
  if (const json::Value* imported = json::find(file, "imported"); imported && !flags.as_written)
    return usage(fmt::format("{} is of a run that was imported from {}: its model cannot be asked here, nor its replies scored again; `sextant "
                             "report`, `show` and `compare` read it",
                             flags.config, json::find_string(*imported, "from").value_or("elsewhere")));
  const auto both = [&](const char* key, bool flag_given) { return flag_given && json::find(file, key); };
  if (both("models", !flags.models.empty() || !flags.hf_path.empty() || !flags.model_path.empty()))
    return usage(
        fmt::format("{} names the models; leave out --models, --hf-path and --model-path, or \"models\" there", flags.config));
  if (both("datasets", !flags.datasets.empty() || !flags.tasks.empty() || !flags.custom_dataset_path.empty()))
    return usage(fmt::format("{} names the data sets; leave out --datasets and --custom-dataset-path, or \"datasets\" there",
                             flags.config));

  SXT_TRY(run.compat,
          compat_from_name(!flags.compat.empty()
                               ? flags.compat
                               : json::find_string(file, "compat").value_or(flags.tasks.empty() ? "none" : "lm-eval")));
  if (!flags.tasks.empty() && run.compat != Compat::lm_eval)
    return usage("--tasks goes with --compat lm-eval, which is its default");
  if (flags.tasks.empty() && (flags.allow_task_code || !flags.task_python.empty()))
    return usage("--allow-task-code and --task-python are for --tasks");
  if (!flags.allow_task_code && !flags.task_python.empty())
    return usage("--task-python changes nothing without --allow-task-code");
  if (flags.tasks.empty() && (!flags.fewshot_as_multiturn.empty() || flags.gen_prefix || !flags.include_path.empty()))
    return usage("--include-path, --fewshot-as-multiturn and --gen-prefix are for --tasks");
  run.limit.value = flags.limit.value_or(json::find_number(file, "limit").value_or(0));
  if (!(run.limit.value >= 0 && run.limit.value < 1e18) ||
      (run.limit.value > 1 && run.limit.value != static_cast<double>(static_cast<uint64_t>(run.limit.value))))
    return usage("--limit must be a count (1, 2, ...) or a fraction between 0 and 1");
  const std::string limit_mode =
      !flags.limit_mode.empty() ? flags.limit_mode : json::find_string(file, "limit_mode").value_or("first");
  if (limit_mode != "first" && limit_mode != "random")
    return usage(fmt::format("--limit-mode is '{}'; it must be 'first' or 'random'", limit_mode));
  run.limit.random = limit_mode == "random";
  const json::Value* seed = json::find(file, "seed");
  run.seed = flags.seed.value_or(seed && seed->IsUint64() ? seed->GetUint64() : 0);
  run.data_dir = !flags.data_dir.empty() ? flags.data_dir : json::find_string(file, "data_dir").value_or("");
  run.allow_missing = flags.allow_missing || json::find_bool(file, "allow_missing").value_or(false);
  run.dump_eval_details = flags.dump_eval_details.value_or(json::find_bool(file, "dump_eval_details").value_or(true));
  resolved.work_dir =
      !flags.work_dir.empty() ? flags.work_dir : json::find_string(file, "work_dir").value_or("outputs/default");

  SXT_TRY(std::vector<CardSets> cards, sets_of(flags, file, run.data_dir, world));
  SXT_TRY(run.models, models_of(flags, file, run.compat, world));

  SXT_CHECK(choose_rows(flags, file, run));
  run.summarizer.name = "default";
  for (CardSets& card : cards) {
    run.allow_missing = run.allow_missing || card.allow_missing;
    std::move(card.datasets.begin(), card.datasets.end(), std::back_inserter(run.datasets));
    std::move(card.groups.begin(), card.groups.end(), std::back_inserter(run.summarizer.groups));
  }
  if (const json::Value* summarizer = json::find(file, "summarizer")) {
    run.summarizer.name = json::find_string(*summarizer, "name").value_or("default");
    if (const json::Value* groups = json::find(*summarizer, "groups")) {
      SXT_TRY(run.summarizer.groups, groups_from_json(*groups, flags.config));
    }
  }
  if (!flags.summarizer.empty()) {
    SXT_TRY(const CardEntry* entry, world.cards->find(CardKind::summarizer, flags.summarizer));
    SXT_TRY(run.summarizer, read_summarizer_card(*entry, world.cards));
  }
  std::vector<std::string> names;
  for (const DatasetConfig& dataset : run.datasets)
    if (!is_variant(dataset)) names.push_back(dataset.task_name);
  SXT_CHECK(expand_members(run.summarizer.groups, names, "the summarizer's groups"));
  SXT_CHECK(check_group_names(run.summarizer.groups, names, "the summarizer's groups"));
  if (const json::Value* combinations = json::find(file, "model_dataset_combinations"))
    SXT_CHECK(take_combinations(*combinations, flags.config, world.warn, run));
  SXT_CHECK(apply_dataset_flags(flags, run.datasets));
  warn_about_lengths(flags, run.datasets, world);
  if (!flags.data_dir.empty() && world.warn &&
      std::all_of(run.datasets.begin(), run.datasets.end(), [](const DatasetConfig& dataset) { return !dataset.path.empty(); }))
    world.warn("--data-dir changes nothing: no data set of this run is looked for there");
  std::vector<std::string> abbrs;
  for (const DatasetConfig& dataset : run.datasets) abbrs.push_back(dataset.abbr);
  const std::set<std::string_view> there(abbrs.begin(), abbrs.end());
  for (const Exclusion& one : run.exclude)
    if (!one.dataset.empty() && !there.contains(one.dataset))
      return usage(fmt::format(
          "the rows to be left out name the data set '{}', which this run does not have{}; its names are those of the table",
          one.dataset, did_you_mean(one.dataset, abbrs)));
  SXT_CHECK(check_ids(run.datasets, world));
  SXT_CHECK(add_helpers(flags, file, world, run));
  json::Document perturb;
  for (const auto& [path, value] : flags.set)
    if (path == "perturb") perturb = parse_kwarg(value);
  SXT_CHECK(check_variants(run, perturb.IsArray() ? &perturb : nullptr));
  VersionNeeds needs{world.without_secrets, world.settings, world.identity, {}};
  const auto inferencers = world.inferencers ? world.inferencers() : std::vector<KnownInferencer>();
  needs.generates = [&](const std::string& id) {
    const KnownInferencer* known = find_inferencer(inferencers, id);
    return !known || known->form == data::Form::open;
  };
  warn_about_generation(flags, run.datasets, needs.generates, world);
  if (!flags.as_written) set_versions(run, needs);
  return resolved;
}

}  // namespace sextant::config
