#include "explain.hpp"
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <sextant/sha256.hpp>
#include "../base/fingerprint.hpp"
#include "../base/json_members.hpp"
#include "../base/text.hpp"
#include "../config/card_store.hpp"
#include "../config/own_chains.hpp"
#include "../data/thinking.hpp"
#include "../score/components.hpp"
#include "../store/predictions.hpp"

namespace sextant::explain {
namespace {

constexpr size_t examples_max = 3;
const std::array stage_order = {"rows",    "repeats",  "shots", "template",  "chat template", "tokens", "weights",
                                "compute", "sampling", "cut",   "extractor", "metric",        "program"};
using Stages = std::vector<std::string>;

std::string short_text(const std::string& text) {
  constexpr size_t bytes_max = 100;
  return json::quote(text.size() > bytes_max ? text.substr(0, utf8::valid_prefix(text.substr(0, bytes_max))) + "..." : text);
}

// One run's attempts at a set, by the content of their rows.
struct Attempts {
  std::optional<config::DatasetConfig> dataset;  // as the model's replies are read
  std::vector<data::Attempt> all;
  std::map<std::string, size_t> places;  // "content/repeat#time"
  std::vector<std::string> questions;    // [attempt] "content#time"
};
Result<Attempts> read_attempts(const Side& side, const std::string& name) {
  Attempts out;
  const config::DatasetConfig* dataset = config::find_dataset(*side.run, name);
  if (dataset) out.dataset = config::as_read_of(*side.run, *dataset, side.model);
  else return Error{Error::Kind::data, fmt::format("{} does not have it", side.folder->path().string())};
  SXT_TRY(const store::Predictions file, store::Predictions::open(side.folder->predictions(side.model, name), name));
  SXT_TRY(out.all, file.read(0, file.size()));
  std::map<std::string, int> times;
  for (size_t i = 0; i < out.all.size(); ++i) {
    const data::Attempt& attempt = out.all[i];
    SXT_TRY(const json::Document record, json::parse(attempt.record_json, name));
    const std::string row = sha256_hex(json::canonical(record)), content = fmt::format("{}/{}", row, attempt.id.repeat);
    const int time = times[content]++;
    out.places.emplace(fmt::format("{}#{}", content, time), i);
    out.questions.push_back(fmt::format("{}#{}", row, time));
  }
  return out;
}

// Whose replies, whose extractors, whose metric: a number over the rows, and each row's.
struct Score {
  double number = std::nan("");
  std::vector<double> values;
  std::string metric;
};
Result<Score> score_of(plugin::Host& host, const config::DatasetConfig& extractor, const config::DatasetConfig& metric,
                       config::Compat compat, const std::vector<data::Attempt>& attempts) {
  config::DatasetConfig set = extractor;
  set.metrics = metric.metrics;
  set.reference_postprocessors = metric.reference_postprocessors;
  set.judge.reset();
  if (attempts.empty()) return Score{};
  std::set<uint32_t> repeats;  // of these attempts, which may be some of a run's
  for (const data::Attempt& attempt : attempts) repeats.insert(attempt.id.repeat);
  if (repeats.size() != set.repeats) {
    set.repeats = static_cast<uint32_t>(repeats.size());
    std::erase_if(set.pass_at, [&](uint32_t k) { return k > set.repeats; });
    std::erase_if(set.g_pass_at.k, [&](uint32_t k) { return k > set.repeats; });
  }
  SXT_TRY(const auto facts, score::facts_of(host, set));
  const score::Attempts given{attempts.size(), [&](uint64_t first, uint64_t n) -> Result<std::vector<data::Attempt>> {
                                return std::vector<data::Attempt>(attempts.begin() + static_cast<std::ptrdiff_t>(first),
                                                                  attempts.begin() + static_cast<std::ptrdiff_t>(first + n));
                              }};
  SXT_TRY(const score::Scored scored,
          score::score(set, given, facts, score::make_reader(host, set, compat), 1, std::filesystem::temp_directory_path()));
  if (scored.failed > 0 && scored.error) return *scored.error;
  Score out;
  if (!scored.numbers.empty()) out.number = scored.numbers.front().value, out.metric = scored.numbers.front().metric;
  if (!scored.columns.empty()) out.values = scored.columns.front().values;
  return out;
}

const store::ModelRecord* record_of(const Side& side) {
  for (const store::ModelRecord& model : side.record->models)
    if (model.abbr == side.model) return &model;
  return nullptr;
}

bool same(const config::PluginChoice& a, const config::PluginChoice& b) { return a.id == b.id && a.config == b.config; }
bool same(const std::vector<config::PluginChoice>& a, const std::vector<config::PluginChoice>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return same(x, y); });
}

// What a prompt is, as predictions keep it.
std::string prompt_of(const data::Attempt& attempt) {
  std::string out;
  for (const data::Prompt& prompt : attempt.prompts) {
    for (const data::Message& message : prompt.messages) out += message.role + "\x1f" + message.text() + "\x1e";
    out += prompt.text.str() + "\x1d";
  }
  for (const data::LabelScore& label : attempt.labels) out += label.label + "\x1f" + label.input.str() + "\x1e";
  return out;
}
bool is_chat(const data::Attempt& attempt) {
  return std::any_of(attempt.prompts.begin(), attempt.prompts.end(),
                     [](const auto& prompt) { return !prompt.messages.empty(); });
}

// What the template and the examples gave, without what the chat template adds: turns but the system prompt, or the text.
std::vector<std::string> contents_of(const data::Attempt& attempt) {
  std::vector<std::string> out;
  for (const data::Prompt& prompt : attempt.prompts) {
    for (const data::Message& message : prompt.messages)
      if (message.role != "system") out.push_back(message.text());
    if (prompt.messages.empty()) out.push_back(prompt.text.str());
  }
  for (const data::LabelScore& label : attempt.labels) out.push_back(label.label + "\x1f" + label.input.str());
  return out;
}
// Of a prompt as turns and one as a text: the text has all turns, in their order.
bool has_in_order(const std::vector<std::string>& text, const std::vector<std::string>& turns) {
  const std::string whole = join(text, "\n");
  size_t at = 0;
  for (const std::string& turn : turns) {
    const size_t begin = turn.find_first_not_of(" \t\r\n"), end = turn.find_last_not_of(" \t\r\n");
    if (begin == turn.npos) continue;
    const size_t found = whole.find(turn.substr(begin, end + 1 - begin), at);
    if (found == whole.npos) return false;
    at = found + (end + 1 - begin);
  }
  return true;
}
bool same_contents(const data::Attempt& a, const data::Attempt& b) {
  const std::vector<std::string> one = contents_of(a), other = contents_of(b);
  if (is_chat(a) == is_chat(b)) return one == other;
  return is_chat(a) ? has_in_order(other, one) : has_in_order(one, other);
}

bool holds_weights(const std::filesystem::path& file) {
  return file.extension() == ".safetensors" || file.extension() == ".bin";
}

// The vocabulary itself; tokenizer_config.json may hold a chat template, which is a stage of its own.
bool holds_tokens(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name == "tokenizer.json" || name == "added_tokens.json" || name == "merges.txt" || name.starts_with("vocab.") ||
         file.extension() == ".model" || file.extension() == ".tiktoken";
}

// Of some of the files in a model's folder as it is now; empty where there is no such folder, or file.
std::string hash_of(const std::string& path, bool (*wanted)(const std::filesystem::path&)) {
  std::error_code code;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator entry(path, code), end; !code && entry != end; entry.increment(code))
    if (wanted(entry->path())) files.push_back(entry->path());
  std::sort(files.begin(), files.end());
  std::string all;
  for (const auto& file : files) all += fingerprint(file) + "\n";
  return all.empty() ? "" : sha256_hex(all);
}

class Explainer {
 public:
  Explainer(plugin::Host& host, const Side& a, const Side& b, Attempts in_a, Attempts in_b, Explanation& out)
      : host_(host), a_(a), b_(b), in_a_(std::move(in_a)), in_b_(std::move(in_b)), out_(out) {}

  Result<void> run() {
    for (const auto& [key, at] : in_a_.places) {
      const auto it = in_b_.places.find(key);
      if (it != in_b_.places.end()) pairs_.emplace_back(at, it->second);
    }
    // in the order of b's rows; all of one repeat together, as scorers want them
    std::sort(pairs_.begin(), pairs_.end(), [](const auto& x, const auto& y) { return x.second < y.second; });
    out_.rows_a = std::set<std::string>(in_a_.questions.begin(), in_a_.questions.end()).size();
    out_.rows_b = std::set<std::string>(in_b_.questions.begin(), in_b_.questions.end()).size();
    std::set<std::string> common;
    for (const auto& [a, b] : pairs_) common.insert(in_b_.questions[b]);
    out_.common = common.size();
    const auto whole_a = score_of(host_, *in_a_.dataset, *in_a_.dataset, a_.run->compat, in_a_.all),
               whole_b = score_of(host_, *in_b_.dataset, *in_b_.dataset, b_.run->compat, in_b_.all);
    if (!whole_a) return whole_a.error();
    if (!whole_b) return whole_b.error();
    out_.metric = whole_b->metric;
    if (std::isnan(whole_a->number) || std::isnan(whole_b->number))
      return Error{Error::Kind::data, "the set has no number of its own to explain"};
    if (pairs_.empty()) {
      Part part{{"rows"}, whole_b->number - whole_a->number, out_.rows_a + out_.rows_b,
                {},       "no question is in both runs",     false};
      out_.parts.push_back(std::move(part));
      add_program(*whole_a, *whole_b);
      return {};
    }
    std::vector<data::Attempt> of_a, of_b;
    for (const auto& [a, b] : pairs_) {
      of_a.push_back(in_a_.all[a]);
      of_b.push_back(in_b_.all[b]);
    }
    // [replies][extractor][metric], 0: a's
    std::array<Score, 8> v;
    for (size_t i = 0; i < 8; ++i) {
      const config::DatasetConfig &extractor = *(i & 2 ? in_b_ : in_a_).dataset, &metric = *(i & 4 ? in_b_ : in_a_).dataset;
      SXT_TRY(v[i], score_of(host_, extractor, metric, i & 4 ? b_.run->compat : a_.run->compat, i & 1 ? of_b : of_a));
    }
    SXT_CHECK(add_rows(*whole_a, *whole_b, v[0], v[7]));
    add_replies(v);
    add_scoring("extractor", 2, v);
    add_scoring("metric", 4, v);
    add_program(*whole_a, *whole_b);
    return {};
  }

 private:
  // The average over all orders in which three players can join, of what player `bit` adds.
  static double shapley(const std::array<Score, 8>& v, size_t bit) {
    double sum = 0;
    for (size_t i = 0; i < 8; ++i) {
      if (i & bit) continue;
      const int others = ((i & 1) != 0) + ((i & 2) != 0) + ((i & 4) != 0);
      sum += (others == 1 ? 1.0 / 6 : 1.0 / 3) * (v[i | bit].number - v[i].number);
    }
    return sum;
  }
  static uint64_t changed(const Score& before, const Score& after) {
    uint64_t out = 0;
    for (size_t i = 0; i < std::min(before.values.size(), after.values.size()); ++i)
      out += differs(before.values[i], after.values[i]);
    return out;
  }
  static bool differs(double a, double b) { return !(a == b || (std::isnan(a) && std::isnan(b))); }

  Sample sample_of(size_t pair, std::string text) const {
    const data::Attempt &a = in_a_.all[pairs_[pair].first], &b = in_b_.all[pairs_[pair].second];
    return {b.id.row, a.prediction, b.prediction, std::move(text)};
  }

  // The attempts at questions that the other run has as well, however often it asked them.
  Result<Score> of_common_questions(const Side& side, const Attempts& own, const Attempts& other) const {
    const std::set<std::string> known(other.questions.begin(), other.questions.end());
    std::vector<data::Attempt> attempts;
    for (size_t i = 0; i < own.all.size(); ++i)
      if (known.contains(own.questions[i])) attempts.push_back(own.all[i]);
    return score_of(host_, *own.dataset, *own.dataset, side.run->compat, attempts);
  }

  Result<void> add_rows(const Score& whole_a, const Score& whole_b, const Score& common_a, const Score& common_b) {
    if (pairs_.size() == in_a_.all.size() && pairs_.size() == in_b_.all.size()) return {};
    const std::set<std::string> of_a(in_a_.questions.begin(), in_a_.questions.end()),
        of_b(in_b_.questions.begin(), in_b_.questions.end());
    const auto alone = [](const std::set<std::string>& one, const std::set<std::string>& other) {
      return static_cast<size_t>(std::count_if(one.begin(), one.end(), [&](const auto& key) { return !other.contains(key); }));
    };
    const size_t a_alone = alone(of_a, of_b), b_alone = alone(of_b, of_a);
    SXT_TRY(const Score asked_a, of_common_questions(a_, in_a_, in_b_));
    SXT_TRY(const Score asked_b, of_common_questions(b_, in_b_, in_a_));
    if (a_alone + b_alone > 0) {
      Part part{{"rows"}, (whole_b.number - asked_b.number) - (whole_a.number - asked_a.number), a_alone + b_alone, {}, "",
                false};
      part.why = fmt::format("{} questions are in A alone, {} in B alone (an edited question or answer is another question)",
                             a_alone, b_alone);
      for (size_t i = 0; i < in_b_.all.size() && part.examples.size() < examples_max; ++i)
        if (in_b_.all[i].id.repeat == 0 && !of_a.contains(in_b_.questions[i]))
          part.examples.push_back({in_b_.all[i].id.row, "", in_b_.all[i].prediction, "this question is in B alone"});
      for (size_t i = 0; i < in_a_.all.size() && part.examples.size() < examples_max; ++i)
        if (in_a_.all[i].id.repeat == 0 && !of_b.contains(in_a_.questions[i]))
          part.examples.push_back({in_a_.all[i].id.row, in_a_.all[i].prediction, "", "this question is in A alone"});
      out_.parts.push_back(std::move(part));
    }
    const auto times = [](const Attempts& side) {
      return static_cast<double>(side.all.size()) /
             static_cast<double>(std::set<std::string>(side.questions.begin(), side.questions.end()).size());
    };
    if (times(in_a_) != times(in_b_))
      out_.parts.push_back(
          {{"repeats"},
           (asked_b.number - common_b.number) - (asked_a.number - common_a.number),
           0,
           {},
           fmt::format("A asks each question {:g} times and B {:g} times; attempts are paired as far as both have them",
                       times(in_a_), times(in_b_)),
           false});
    return {};
  }

  // Stages before the reply: which of them differ, and in which questions.
  Stages of_all(std::map<std::string, std::string>& why) {
    Stages out;
    const auto add = [&](const char* stage, const std::string& reason) {
      if (std::find(out.begin(), out.end(), stage) == out.end()) out.push_back(stage);
      why[stage] += (why[stage].empty() ? "" : "; ") + reason;
    };
    const store::ModelRecord *a = record_of(a_), *b = record_of(b_);
    const config::ModelConfig *model_a = config::find_model(*a_.run, a_.model),
                              *model_b = config::find_model(*b_.run, b_.model);
    const auto known = [](const std::string& x, const std::string& y) { return !x.empty() && !y.empty() && x != y; };
    bool chat = false;
    for (const auto& [x, y] : pairs_) chat = chat || is_chat(in_a_.all[x]) || is_chat(in_b_.all[y]);
    if (a && b) {
      if (chat && a->chat_template != b->chat_template)
        add("chat template", fmt::format("it was {} and is {}", a->chat_template, b->chat_template));
      else if (chat && known(a->chat_sha256, b->chat_sha256))
        add("chat template", "it makes another text of the same conversation");
      // a folder's hash is of its tokenizer and templates as well: where both folders are there, their files tell
      const bool two_folders = model_a && model_b && model_a->path != model_b->path;
      const auto files_of = [&](const auto* model, auto wanted) {
        return two_folders ? hash_of(model->path, wanted) : std::string();
      };
      const std::string files_a = files_of(model_a, holds_weights), files_b = files_of(model_b, holds_weights);
      if (known(a->tokens_sha256, b->tokens_sha256)) add("tokens", "the tokenizer makes other tokens of the same text");
      else if (files_of(model_a, holds_tokens) != files_of(model_b, holds_tokens) && !files_a.empty() && !files_b.empty())
        add("tokens", "the files of the tokenizer are different");
      if (a->weights_sha256 != b->weights_sha256) {
        const bool said = known(a->tokens_sha256, b->tokens_sha256) || known(a->chat_sha256, b->chat_sha256) ||
                          known(a->sampling_sha256, b->sampling_sha256);
        const bool folders = !files_a.empty() && !files_b.empty();
        if (folders ? files_a != files_b : files_a.empty() || !said) add("weights", "their SHA-256 are different");
      }
      if (a->adapter != b->adapter) add("weights", "the adapter is another");
      if (a->compute != b->compute) add("compute", fmt::format("{} and {}", a->compute, b->compute));
      if (a->backend != b->backend) add("compute", fmt::format("the backends {} and {}", a->backend, b->backend));
      if (a->device != b->device) add("compute", fmt::format("on {} and on {}", a->device, b->device));
    }
    const auto build_of = [](const Side& side, const std::string& id) {
      for (const store::PluginRecord& plugin : side.record->plugins)
        if (plugin.id == id) return plugin.sha256;
      return std::string();
    };
    if (a && b && a->backend == b->backend) {
      const std::string id = "model:" + a->backend;
      if (known(build_of(a_, id), build_of(b_, id))) add("compute", "the backend is another build");
    }
    if (a_.version != b_.version) add("compute", fmt::format("Sextant {} and {}", a_.version, b_.version));
    if (model_a && model_b) {
      if (model_a->system_prompt != model_b->system_prompt && chat) add("chat template", "the system prompt is another");
      if (model_a->meta_template != model_b->meta_template) add("chat template", "the meta template is another");
      if (model_a->chat_template_kwargs != model_b->chat_template_kwargs && chat)
        add("chat template", "its variables are others");
      json::Document doc;
      auto& al = doc.GetAllocator();
      const bool generation = json::write(config::generation_to_json(model_a->generation, al)) !=
                              json::write(config::generation_to_json(model_b->generation, al));
      if (generation) add("sampling", "the settings of generation are others");
      if (a && b && !generation && known(a->sampling_sha256, b->sampling_sha256) &&
          model_a->stop_words == model_b->stop_words && model_a->max_out_len == model_b->max_out_len &&
          model_a->min_out_len == model_b->min_out_len)
        add("sampling", "the model's own files ask for other generation");
      const config::DatasetConfig &set_a = *in_a_.dataset, &set_b = *in_b_.dataset;
      const uint32_t most_a = set_a.inferencer.max_out_len ? set_a.inferencer.max_out_len : model_a->max_out_len,
                     most_b = set_b.inferencer.max_out_len ? set_b.inferencer.max_out_len : model_b->max_out_len;
      const bool replies =
          std::any_of(pairs_.begin(), pairs_.end(), [&](const auto& pair) { return in_a_.all[pair.first].labels.empty(); });
      if (replies && most_a != most_b) add("cut", fmt::format("replies had at most {} tokens and have {}", most_a, most_b));
      if (replies && (model_a->stop_words != model_b->stop_words || set_a.inferencer.stop != set_b.inferencer.stop))
        add("cut", "the stop words are others");
      if (replies && model_a->min_out_len != model_b->min_out_len) add("cut", "the least length of replies is another");
      if (model_a->max_seq_len != model_b->max_seq_len)
        add("cut", fmt::format("--max-seq-len was {} and is {}", model_a->max_seq_len, model_b->max_seq_len));
      if (set_a.inferencer.id != set_b.inferencer.id || set_a.inferencer.config != set_b.inferencer.config)
        add("sampling", fmt::format("the inferencer was {} and is {}", set_a.inferencer.id, set_b.inferencer.id));
      if (a_.run->seed != b_.run->seed && (model_a->generation.samples() || model_b->generation.samples()))
        add("sampling", "the seed is another");
      if (!same(set_a.template_, set_b.template_)) add("template", "the card's template is another");
      if (set_a.retriever.id != set_b.retriever.id || set_a.retriever.config != set_b.retriever.config ||
          (set_a.train_split != set_b.train_split && (set_a.retriever.shows_examples() || set_b.retriever.shows_examples())))
        add("shots", "the examples are chosen otherwise");
      if (a_.run->compat != b_.run->compat) add("template", "the compat mode is another");
    }
    // prompts that differ where no setting says why: the examples' rows, for the question's own row is the same
    const bool explained =
        std::any_of(out.begin(), out.end(), [](const auto& stage) { return stage == "template" || stage == "shots"; });
    bool other_shots = false, other_prompts = false;
    for (const auto& [x, y] : pairs_) {
      const data::Attempt &one = in_a_.all[x], &other = in_b_.all[y];
      if (one.shots != other.shots) other_shots = true;
      if (!same_contents(one, other)) other_prompts = true;
    }
    if (other_shots && std::find(out.begin(), out.end(), "shots") == out.end()) add("shots", "other rows are the examples");
    else if (other_prompts && !explained)
      add("shots", in_a_.dataset->retriever.shows_examples() || in_b_.dataset->retriever.shows_examples()
                       ? "the examples' rows have other contents"
                       : "the prompts are others");
    std::sort(out.begin(), out.end(), [](const auto& x, const auto& y) { return place(x) < place(y); });
    return out;
  }
  static size_t place(const std::string& stage) {
    return static_cast<size_t>(std::find(stage_order.begin(), stage_order.end(), stage) - stage_order.begin());
  }

  // Which of the stages can have changed this reply.
  Stages of_pair(const Stages& all, size_t pair) const {
    const data::Attempt &a = in_a_.all[pairs_[pair].first], &b = in_b_.all[pairs_[pair].second];
    Stages out;
    const bool prompt = prompt_of(a) != prompt_of(b), same = same_contents(a, b);
    const bool prefix = a.labels.empty() && b.labels.empty() &&
                        (a.prediction.starts_with(b.prediction) || b.prediction.starts_with(a.prediction));
    for (const std::string& stage : all) {
      if ((stage == "shots" || stage == "template") && same) continue;
      if (stage == "cut" && !prompt && !prefix && all.size() > 1) continue;  // a cut leaves a beginning of the same reply
      out.push_back(stage);
    }
    // nothing but the cut is needed where one reply is the other's beginning, and the prompt is the same
    if (prefix && !prompt && std::find(out.begin(), out.end(), "cut") != out.end() && a.prediction != b.prediction)
      return {"cut"};
    return out.empty() ? all : out;
  }

  void add_replies(const std::array<Score, 8>& v) {
    std::map<std::string, std::string> why;
    const Stages all = of_all(why);
    const double points = shapley(v, 1);
    const uint64_t n = changed(v[6], v[7]);
    const bool alike = std::all_of(pairs_.begin(), pairs_.end(), [&](const auto& pair) {
      return in_a_.all[pair.first].prediction == in_b_.all[pair.second].prediction;
    });
    if (all.empty()) {
      if (alike && n == 0) return;
      out_.parts.push_back(
          {{"compute"}, points, n, {}, "nothing that the runs recorded is different; the model gave other replies", false});
      fill_examples(out_.parts.back(), v, {});
      return;
    }
    if (all.size() == 1) {
      out_.parts.push_back({all, points, n, {}, why[all[0]], false});
      fill_examples(out_.parts.back(), v, {});
      return;
    }
    // several: each question's change goes to those that can have made it
    std::map<Stages, std::pair<double, std::vector<size_t>>> joint;
    double known = 0;
    for (size_t i = 0; i < std::min(v[6].values.size(), v[7].values.size()); ++i) {
      const double d = v[7].values[i] - v[6].values[i];
      if (!differs(v[6].values[i], v[7].values[i])) continue;
      auto& [sum, rows] = joint[of_pair(all, i)];
      sum += std::isnan(d) ? 0 : d;
      known += std::isnan(d) ? 0 : std::abs(d);
      rows.push_back(i);
    }
    // by the questions' values the parts are in proportion; together they are the whole
    double total = 0;
    for (const auto& [stages, one] : joint) total += one.first;
    std::set<std::string> said;
    std::vector<Part> parts;
    for (const auto& [stages, one] : joint) {
      Part part{stages, 0, one.second.size(), {}, "", stages.size() > 1};
      part.points = total != 0 ? points * one.first / total : points / static_cast<double>(joint.size());
      for (const std::string& stage : stages)
        part.why += (part.why.empty() ? "" : "; ") + (stages.size() > 1 ? stage + ": " : "") + why[stage], said.insert(stage);
      fill_examples(part, v, one.second);
      parts.push_back(std::move(part));
    }
    if (joint.empty() && points != 0) {
      Part part{all, points, n, {}, "", true};
      for (const std::string& stage : all)
        part.why += (part.why.empty() ? "" : "; ") + stage + ": " + why[stage], said.insert(stage);
      parts.push_back(std::move(part));
    }
    // stages that differ and that no changed score rests on
    for (const std::string& stage : all)
      if (!said.contains(stage)) parts.push_back({{stage}, 0, 0, {}, why[stage], false});
    std::sort(parts.begin(), parts.end(), [](const Part& x, const Part& y) { return place(x.stages[0]) < place(y.stages[0]); });
    std::move(parts.begin(), parts.end(), std::back_inserter(out_.parts));
  }

  void fill_examples(Part& part, const std::array<Score, 8>& v, const std::vector<size_t>& rows) const {
    const auto add = [&](size_t i) {
      if (part.examples.size() < examples_max)
        part.examples.push_back(sample_of(i, fmt::format("{:g} and {:g}", v[6].values[i], v[7].values[i])));
    };
    if (!rows.empty())
      for (const size_t i : rows) add(i);
    else
      for (size_t i = 0; i < std::min(v[6].values.size(), v[7].values.size()); ++i)
        if (differs(v[6].values[i], v[7].values[i])) add(i);
  }

  // b's replies through a's and b's: what one stage of scoring changes.
  void add_scoring(const char* stage, size_t bit, const std::array<Score, 8>& v) {
    const config::DatasetConfig &a = *in_a_.dataset, &b = *in_b_.dataset;
    const bool extractor = bit == 2;
    const bool settings = extractor
                              ? !std::equal(a.filters.begin(), a.filters.end(), b.filters.begin(), b.filters.end(),
                                            [](const config::Filter& x, const config::Filter& y) {
                                              return x.name == y.name && same(x.postprocessors, y.postprocessors);
                                            })
                              : !same(a.metrics, b.metrics) || !same(a.reference_postprocessors, b.reference_postprocessors);
    if (!settings) return;
    const Score &before = v[7 & ~bit], &after = v[7];
    Part part{{stage},
              shapley(v, bit),
              changed(before, after),
              {},
              extractor ? "the post-processors of replies are others" : "metrics, or post-processors of references, are others",
              false};
    for (size_t i = 0; i < std::min(before.values.size(), after.values.size()); ++i)
      if (differs(before.values[i], after.values[i]) && part.examples.size() < examples_max)
        part.examples.push_back(
            sample_of(i, fmt::format("{:g} by A's {}, {:g} by B's", before.values[i], stage, after.values[i])));
    out_.parts.push_back(std::move(part));
  }

  // What the runs' own tables say that scoring today does not.
  void add_program(const Score& whole_a, const Score& whole_b) {
    const double today = whole_b.number - whole_a.number, then = out_.b - out_.a;
    if (std::isnan(then)) {
      out_.a = whole_a.number, out_.b = whole_b.number;
      return;
    }
    if (std::abs(today - then) < 1e-9) return;
    out_.parts.push_back({{"program"},
                          then - today,
                          0,
                          {},
                          "today's extractors and metrics give these replies other scores than the runs have: one was scored "
                          "by another version, or its files were edited",
                          false});
  }

  plugin::Host& host_;
  const Side &a_, &b_;
  const Attempts in_a_, in_b_;
  Explanation& out_;
  std::vector<std::pair<size_t, size_t>> pairs_;  // places in a and b
};

// The set's first number in the results file.
double recorded(const Side& side, const std::string& dataset, const std::string& metric);

}  // namespace

Explanation explain(plugin::Host& host, const Side& a, const Side& b, const std::string& dataset) {
  Explanation out;
  out.dataset = dataset;
  out.a = out.b = std::nan("");
  auto in_a = read_attempts(a, dataset), in_b = read_attempts(b, dataset);
  if (!in_a || !in_b) {
    out.refused = (in_a ? in_b : in_a).error().message;
    return out;
  }
  if (in_a->dataset->judge || in_b->dataset->judge) {
    out.refused = "a judge scores it; compare the judge's replies with sextant show";
    return out;
  }
  const std::string metric_a = "", metric_b = "";
  out.a = recorded(a, dataset, metric_a);
  out.b = recorded(b, dataset, metric_b);
  if (const auto done = Explainer(host, a, b, *std::move(in_a), *std::move(in_b), out).run(); !done)
    out.refused = done.error().message;
  return out;
}

namespace {

double recorded(const Side& side, const std::string& dataset, const std::string&) {
  const auto path = side.folder->results(side.model, dataset);
  const auto file = InputFile::open(path);
  if (!file) return std::nan("");
  double out = std::nan("");
  bool found = false;
  // the first member that is a number is the set's first number (docs/files.md)
  (void)scan_members(*file, [&](std::string_view, uint64_t begin, uint64_t end) {
    if (found) return false;
    const auto text = file->read(begin, end - begin);
    const auto value = text ? json::parse(*text, path.string()) : Result<json::Document>(Error{});
    if (value && value->IsNumber()) out = value->GetDouble(), found = true;
    return true;
  });
  return out;
}

}  // namespace

json::Value to_json(const Explanation& one, json::Document::AllocatorType& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "dataset", one.dataset, a);
  if (!one.refused.empty()) {
    json::set(out, "refused", one.refused, a);
    return out;
  }
  json::set(out, "metric", one.metric, a);
  json::set(out, "a", json::Value(one.a), a);
  json::set(out, "b", json::Value(one.b), a);
  json::set(out, "difference", json::Value(one.b - one.a), a);
  json::set(out, "rows_a", json::Value(one.rows_a), a);
  json::set(out, "rows_b", json::Value(one.rows_b), a);
  json::set(out, "common", json::Value(one.common), a);
  json::Value parts(rapidjson::kArrayType);
  for (const Part& part : one.parts) {
    json::Value item(rapidjson::kObjectType), stages(rapidjson::kArrayType), samples(rapidjson::kArrayType);
    for (const std::string& stage : part.stages) stages.PushBack(json::Value(stage.c_str(), a), a);
    json::set(item, "stages", std::move(stages), a);
    json::set(item, "points", json::Value(part.points), a);
    json::set(item, "samples", json::Value(part.samples), a);
    json::set(item, "why", part.why, a);
    json::set(item, "needs_model", json::Value(part.needs_model), a);
    for (const Sample& sample : part.examples) {
      json::Value shown(rapidjson::kObjectType);
      json::set(shown, "index", json::Value(sample.row), a);
      json::set(shown, "a", sample.said_a, a);
      json::set(shown, "b", sample.said_b, a);
      json::set(shown, "text", sample.text, a);
      samples.PushBack(std::move(shown), a);
    }
    json::set(item, "examples", std::move(samples), a);
    parts.PushBack(std::move(item), a);
  }
  json::set(out, "parts", std::move(parts), a);
  return out;
}

std::string to_text(const Explanation& one) {
  if (!one.refused.empty()) return fmt::format("{}: cannot be explained: {}\n", one.dataset, one.refused);
  std::string out = fmt::format("{}: {} {:.2f} in A, {:.2f} in B, {:+.2f} ({} questions in both)\n", one.dataset, one.metric,
                                one.a, one.b, one.b - one.a, one.common);
  for (const Part& part : one.parts) {
    out += fmt::format("  {:+8.2f}  {}  {}\n", part.points, fmt::join(part.stages, " + "), part.why);
    if (part.needs_model)
      out += fmt::format("            what each of these does by itself only the model can tell: run A with B's {} alone\n",
                         part.stages.back());
    if (part.samples > 0)
      out += fmt::format("            {} samples; ", part.samples) + (part.examples.empty() ? "\n" : "for example\n");
    for (const Sample& sample : part.examples)
      out += fmt::format("            row {}: A {} B {} ({})\n", sample.row, short_text(sample.said_a),
                         short_text(sample.said_b), sample.text);
  }
  if (one.parts.empty()) out += "  nothing differs\n";
  return out;
}

}  // namespace sextant::explain
