// From flags and a configuration file to a RunConfig: cards found, overrides applied, names made unique.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include "card_store.hpp"
#include "custom_dataset.hpp"
#include "defaults.hpp"
#include "locate_model.hpp"
#include "read_card.hpp"
#include "run_config.hpp"
#include "set_member.hpp"

namespace sextant::config {

/// `sextant run`'s flags as they were given; what was not given is empty. Names are the flags'.
struct RunFlags {
  using KeyValues = std::vector<std::pair<std::string, std::string>>;
  std::string config;
  std::vector<std::string> models, datasets;   // data sets as NAME[:SUBSET][/INFERENCER|/VARIANT]
  std::vector<std::string> tasks, include_path;   // lm-eval's task files: names, and the folders that have them
  bool allow_task_code = false;                   // their Python runs, in a sandbox, by
  std::string task_python;
  std::string fewshot_as_multiturn;            // true, false
  std::optional<std::string> gen_prefix;
  KeyValues set;                               // a card's members by their paths
  std::optional<uint32_t> shots, repeat;
  std::string rows, exclude;                   // "3,17,40-60"; a file
  std::vector<std::string> extractors, metrics;   // ID or ID:{...}
  std::vector<std::string> judge;              // each a model card, a GGUF, a folder; several are a panel
  std::string labels;                          // people's verdicts on some samples: a file
  std::string summarizer;
  std::string hf_path, hf_type, model_path, tokenizer_path, peft_path, backend, compute, memory, chat_template, system_prompt;
  KeyValues model_kwargs, tokenizer_kwargs, generation_kwargs, chat_template_kwargs;
  std::optional<uint32_t> max_seq_len, max_out_len, min_out_len, batch_size, threads, num_gpus, pad_token_id;
  std::vector<std::string> stop_words;
  bool no_prefix_reuse = false, no_speculation = false;
  std::string custom_dataset_path, custom_dataset_meta_path, custom_dataset_data_type, custom_dataset_infer_method;
  std::optional<double> limit;
  std::string limit_mode;
  std::optional<uint64_t> seed;
  std::string compat;
  std::string data_dir, work_dir;
  bool allow_missing = false;
  std::optional<bool> dump_eval_details;
  bool as_written = false;   // `config` is a run's configs/run.json, and the versions that it has are kept
};

/// The cards that task files stand for.
struct TaskCards {
  struct Card {
    std::string name, origin;                  // origin: the task's file
    json::Document card;
  };
  std::vector<Card> cards;
  std::vector<SummaryGroup> groups;            // members before the groups that name them
};

/// What resolving needs to know of the world; passed in, so that it can be tested without plugins.
struct World {
  const CardStore* cards = nullptr;
  /// The components that are taken where nobody names one.
  Defaults defaults;
  /// Does the backend's schema declare that key?
  std::function<bool(const std::string& backend, const std::string& key)> backend_accepts;
  /// What the environment says of that backend's settings ("x-environment" in its schema), secrets not; may be empty.
  std::function<std::vector<std::pair<std::string, std::string>>(const std::string& backend)> environment;
  /// Is there such a backend? An error of kind device, where not. Left empty where nothing is computed.
  std::function<Result<void>(const std::string& backend)> find_backend;
  /// The backend that "auto" means, or an error of kind device.
  std::function<Result<std::string>()> auto_backend;
  /// The inferencers and retrievers that there are, by id; left empty where any id is taken.
  std::function<std::vector<KnownInferencer>()> inferencers;
  std::function<std::vector<std::string>()> retrievers;
  /// Where the data of a set lie, for cards whose "each" looks there. `data_dir`: the run's.
  std::function<Result<std::filesystem::path>(const std::string& data_dir, const std::string& folder,
                                              const std::string& loader)>
      data_folder;
  /// What the file of --custom-dataset-path is; `loader_config`: what its user says of it, for the loader.
  std::function<Result<CustomFile>(const std::string& path, const json::Value& loader_config)> custom_file;
  /// The cards of --tasks.
  std::function<Result<TaskCards>(const RunFlags& flags)> tasks;
  /// Where the files lie that somebody named (locate_model.hpp); empty: where the name says.
  std::function<Result<std::string>(const std::string& origin, const std::string& path, ModelFiles expected)> locate;
  /// The model file to take where none is named; an error says how to get it.
  std::function<Result<std::string>()> default_model;
  std::function<void(const std::string&)> warn;
  std::function<void(const std::string&)> note;   // what was found out and is no reason to worry; may be empty
  /// For versions (version.hpp); may be empty.
  std::function<DatasetConfig(const DatasetConfig&)> without_secrets;
  std::function<std::string(const std::string& backend, const std::string& config)> settings;
  /// The keys of a backend's configuration that say which model it is, not how it is asked; may be empty.
  std::function<std::vector<std::string>(const std::string& backend)> identity;
};

struct Resolved {
  RunConfig config;
  std::string work_dir;       // from the flags or the file; "outputs/default" otherwise
};
Result<Resolved> resolve(const RunFlags& flags, const World& world);
/// The models alone, for `sextant model`.
Result<std::vector<ModelConfig>> resolve_models(const RunFlags& flags, const World& world);

}  // namespace sextant::config
