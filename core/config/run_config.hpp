// The configuration of a run, resolved: every card found, every default filled in. Plain data that is written to
// configs/run.json and read back; running that file again gives the same run.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "generation.hpp"

namespace sextant::config {

enum class Compat { none, opencompass, opencompass_0_2_4, lm_eval };

inline bool is_opencompass(Compat compat) { return compat == Compat::opencompass || compat == Compat::opencompass_0_2_4; }

/// A component by id, and its configuration as a JSON object's text.
struct PluginChoice {
  std::string id;
  std::string config = "{}";
};

/// Chooses the examples of a sample. `model`: the abbr of a model of RunConfig::helpers whose embeddings or log-probabilities
/// it reads.
struct Retriever {
  std::string id = "zero";
  std::string config = "{}";        // JSON object's text: {"ids": [0, 1]} for fix_k
  std::string model;
  bool shows_examples() const { return id != "zero"; }
};

/// Which requests a sample needs: a row of infer::inferencer_types(), or a plugin's id.
struct Inferencer {
  std::string id = "gen";
  std::string config = "{}";        // its own keys, a JSON object's text
  uint32_t max_out_len = 0;         // 0: the model's
  std::vector<std::string> stop;    // besides the model's
};

/// Its attempts carry their numbers (perplexities) themselves: a set that is asked so needs no metric.
inline bool measures_itself(const Inferencer& inferencer) { return inferencer.id == "rolling" || inferencer.id == "ppl_only"; }

/// A named chain of post-processors: its answers are scored by every metric. A set's only filter is called "none".
struct Filter {
  std::string name = "none";
  std::vector<PluginChoice> postprocessors;
};

/// Another model's reading of the attempts: rows are the set's rows with the members "prediction", "reference" and the columns'
/// names.
struct Judge {
  std::string model;                // the abbr of a model of RunConfig::helpers; empty: the run's --judge
  std::vector<std::string> panel;   // further judges, likewise; each is asked everything
  bool vote = false;                // of a panel: what most say; else the mean
  std::string meta;                 // the abbr of a helper that reads the judges' replies and decides; empty: none
  PluginChoice meta_template;       // of what it is shown: "judgement", "judgement2", ... are the judges' replies
  PluginChoice template_;
  Inferencer inferencer;
  std::vector<PluginChoice> postprocessors;   // of the judge's reply
  std::string reference;            // what the reply is compared with, for all samples; empty: the row's answer
  std::vector<PluginChoice> metrics;
  bool pairs = false;               // it is shown the attempts of two models and says which is better
  std::string base;  // pairs: the abbr of the model that each other one is compared with; empty: every two models
  bool both_orders = true;          // pairs: each is shown twice, either answer first
  enum class Asks { all, failed, either } asks = Asks::all;   // failed: what the set's first metric calls wrong; either: all, and
                                                              // right is what the metric or the judge calls so
  std::string retry;                // what a judge is told once whose reply cannot be read; empty: it is not asked again
  std::vector<std::string> by;      // columns: a number for each value of each
  std::string labels;               // a file of people's verdicts on some samples, or empty
  bool style = false;               // pairs: a rating beyond length, headings, lists and bold type, as Arena-Hard's style control
  std::string gamed, difficulty;    // pairs: AlpacaEval 2's two files, for its length-controlled win rate; empty: none
  std::string table;                // compat modes: OpenCompass' summary of that set, as rows of the table; empty: none
};

/// The abbrs of all judges, the first one first.
std::vector<std::string> judges_of(const Judge& judge);
/// The same and the meta judge behind them.
std::vector<std::string> all_judges_of(const Judge& judge);
/// Whose verdicts are the set's numbers: the meta judge, else all judges.
std::vector<std::string> deciders_of(const Judge& judge);
/// How they are asked: where there is a "retry", a reply that cannot be read is asked for again.
Inferencer inferencer_of(const Judge& judge);

/// G-Pass@k at each threshold, and mG-Pass@k, of sets with repeats.
struct GPassAt {
  std::vector<uint32_t> k;
  std::vector<double> tau = {0, 0.25, 0.5, 0.75, 1};
};

/// One data set of a run: one row of the table, one task per model.
struct DatasetConfig {
  std::string abbr;                 // "ceval-accountant"
  std::string task_name;            // abbr, or abbr_ppl where a run holds a set as gen and as ppl: names its files
  std::string card;                 // the card it came from: "ceval_gen"
  std::string card_path;            // for messages
  std::string version;              // first 6 hex digits of the sha256 of the canonical inference JSON
  PluginChoice loader;
  std::string folder;               // the set's folder below the data folder: "ceval/formal_ceval"
  std::string path;                 // where the core found it; empty until the plan
  std::vector<std::string> input_columns;
  std::string output_column, train_split, test_split, test_range;
  std::string derive;               // columns made of others: a JSON object's text, or empty
  Retriever retriever;
  PluginChoice template_;
  Inferencer inferencer;
  std::vector<Filter> filters = {{}};
  std::vector<PluginChoice> reference_postprocessors;   // of the target, before it is compared
  std::vector<PluginChoice> metrics;
  uint32_t repeats = 1;             // attempts of each sample
  std::vector<uint32_t> pass_at;    // k of pass@k, where there are repeats
  GPassAt g_pass_at;
  double attempt_limit_s = 60;      // how long isolated scorers may take for one attempt
  std::string cluster_column;       // samples of one value belong together; empty: each is alone
  std::optional<Judge> judge;
};

/// How conversations become text.
enum class Chat {
  automatic,    // gen: the model's chat template if it has one; ppl and loglikelihood: none
  none,         // never
  file,         // the one that the backend's "chat_template" names, for every method
};

/// A model's own post-processors, which its replies go through before a set's own.
struct OwnChain {
  std::string sets = "*";                   // which sets: a name, or a glob
  std::vector<PluginChoice> postprocessors;
};

struct ModelConfig {
  std::string abbr;
  std::string backend = "auto";             // a component's id, or "auto"
  std::string config = "{}";                // for the backend
  std::string path;                         // of the weights: a file, or a Hugging Face folder; empty: the backend needs none
  bool hugging_face = false;                // --hf-path, hf_path
  bool base = false;                        // --hf-type base
  Chat chat = Chat::automatic;
  std::string system_prompt;
  std::string meta_template;                // JSON text, or empty: none
  uint32_t max_seq_len = 0;                 // 0: the model's own context
  uint32_t max_out_len = 256, min_out_len = 0;
  Generation generation;
  std::vector<std::string> stop_words;
  std::string chat_template_kwargs;         // --chat-template-kwargs: a JSON object's text, or empty
  std::vector<OwnChain> own_chains;         // the first that names a set is used (own_chains.hpp)
};

/// A row of the table that is computed from others.
struct SummaryGroup {
  std::string name;
  std::vector<std::string> members;         // abbrs or earlier groups' names
  std::vector<double> weights = {};         // one a member; empty: all alike
  bool by_size = false;                     // a member weighs as many samples as it has
  std::vector<std::string> metrics = {};    // a row each, over the members that have it; empty: one row, each member's first
};
struct Summarizer {
  std::string name;
  std::vector<SummaryGroup> groups;         // members before the groups that name them
};

struct Limit {
  double value = 0;                         // 0: all; below 1: a fraction; else a count
  bool random = false;                      // --limit-mode random, drawn with the run's seed
};

/// --rows: both ends included.
struct RowRange {
  uint64_t first = 0, last = 0;
};
/// --exclude: a row that is not evaluated.
struct Exclusion {
  std::string dataset;                      // an abbr; empty: of every data set
  uint64_t row = 0;
};

/// Models that run on data sets, where not every model runs on every set.
struct Combination {
  std::vector<std::string> models;          // abbrs
  std::vector<std::string> datasets;        // task names, sorted
};

struct RunConfig {
  std::vector<ModelConfig> models;
  std::vector<ModelConfig> helpers;         // judges, embedders: asked, not evaluated
  std::vector<DatasetConfig> datasets;
  std::vector<Combination> combinations;    // empty: every model runs on every set
  Summarizer summarizer;
  Compat compat = Compat::none;
  Limit limit;
  uint64_t seed = 0;
  std::vector<RowRange> rows;               // of each test split; empty: all
  std::vector<Exclusion> exclude;
  std::string data_dir;                     // --data-dir, or empty
  bool allow_missing = false;
  bool dump_eval_details = true;
};

/// The data set of that task name, the model or helper of that abbr; null: the run has none.
const DatasetConfig* find_dataset(const RunConfig& run, std::string_view task_name);
const ModelConfig* find_model(const RunConfig& run, std::string_view abbr);

/// configs/run.json; it is read back as any configuration is (resolve.hpp).
std::string to_json(const RunConfig& config);

std::string_view compat_name(Compat compat);
Result<Compat> compat_from_name(std::string_view name);

}  // namespace sextant::config
