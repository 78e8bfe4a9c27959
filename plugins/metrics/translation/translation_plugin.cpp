// bleu, chrf, ter: over a set the score of its sentences' counts together, for a sample that of its own. Counts are kept, so that
// a set that is drawn from the same samples again (a bootstrap) costs additions alone. lm_eval_bleu and its like are these with
// sacreBLEU's defaults and the standard error that lm-eval bootstraps.
#include "../../text/bleu.hpp"
#include "chrf.hpp"
#include "pieces.hpp"
#include "ter.hpp"
#include <fmt/format.h>
#include <sextant/sdk.hpp>
#include "../../text/references.hpp"

namespace {

using namespace sextant;

/// Counts by the texts that they were made of.
template <class Counts> class Kept {
 public:
  template <class Make> const Counts& operator()(const Judged& sample, const Make& make) {
    std::string key = fmt::format("{}\n{}{}", sample.prediction.size(), sample.prediction, sample.reference_json);
    const auto [place, fresh] = counts_.try_emplace(std::hash<std::string>{}(key));
    if (fresh || place->second.key != key) place->second = {std::move(key), make()};
    return place->second.counts;
  }

 private:
  struct Entry {
    std::string key;
    Counts counts;
  };
  std::unordered_map<size_t, Entry> counts_;
};

std::vector<std::string> references_of(const Judged& sample) {
  auto out = or_throw(metric::answers_of(sample.reference_json, sample.reference));
  if (out.empty()) throw DataError("the reference is an empty list; leave the row out or mend its references");
  return out;
}

struct Bleu : Metric {
  explicit Bleu(Context c) : Metric(std::move(c)) {
    rules.tokenize = context.text("tokenize", "13a");
    rules.smooth = context.text("smooth", "exp");
    rules.smooth_value = json::find_number(context.config(), "smooth_value").value_or(rules.smooth == "floor" ? 0.1 : 1);
    rules.lowercase = json::find_bool(context.config(), "lowercase").value_or(false);
    const std::string model = context.text("model");
    if ((rules.tokenize == "flores200") != !model.empty())
      throw ConfigError("bleu: \"tokenize\": \"flores200\" and \"model\", its SentencePiece file, need each other; give both, or neither");
    if (!model.empty()) rules.pieces = or_throw(metric::pieces_of_model(model));
  }
  Scored judge(const Judged& sample) override {
    const metric::BleuCounts& counts = counts_of(sample);
    return {{{"bleu", metric::bleu_of(counts, rules, true) / 100}},
            {},
            fmt::format("{}; n-grams {} of {}; {} tokens, reference {}", signature(references_of(sample).size()),
                        fmt::join(counts.right, " "), fmt::join(counts.total, " "), counts.given, counts.wanted)};
  }
  static constexpr bool has_aggregate = true;
  std::string aggregate(std::span<const Judged> samples, std::span<const double>) override {
    metric::BleuCounts all;
    for (const Judged& sample : samples) all.add(counts_of(sample));
    return fmt::format(R"({{"bleu": {}}})", metric::bleu_of(all, rules, false));
  }

 private:
  const metric::BleuCounts& counts_of(const Judged& sample) {
    return kept(sample, [&] { return metric::bleu_counts(sample.prediction, references_of(sample), rules); });
  }
  /// sacreBLEU's, which papers quote.
  std::string signature(size_t references) const {
    const std::string smooth = rules.smooth == "exp" || rules.smooth == "none"
                                   ? rules.smooth
                                   : fmt::format("{}[{:.2f}]", rules.smooth, rules.smooth_value);
    return fmt::format("nrefs:{}|case:{}|eff:no|tok:{}|smooth:{}|version:2.6.0", references, rules.lowercase ? "lc" : "mixed",
                       rules.tokenize, smooth);
  }
  metric::BleuRules rules;
  Kept<metric::BleuCounts> kept;
};

struct Chrf : Metric {
  explicit Chrf(Context c) : Metric(std::move(c)) {
    rules.characters = static_cast<size_t>(json::find_int(context.config(), "characters").value_or(6));
    rules.words = static_cast<size_t>(json::find_int(context.config(), "words").value_or(0));
    rules.beta = json::find_number(context.config(), "beta").value_or(2);
    rules.lowercase = json::find_bool(context.config(), "lowercase").value_or(false);
  }
  Scored judge(const Judged& sample) override { return {{{name, metric::chrf_of(counts_of(sample), rules) / 100}}, {}, {}}; }
  static constexpr bool has_aggregate = true;
  std::string aggregate(std::span<const Judged> samples, std::span<const double>) override {
    metric::ChrfCounts all;
    for (const Judged& sample : samples) all.add(counts_of(sample));
    return fmt::format(R"({{"{}": {}}})", name, metric::chrf_of(all, rules));
  }

 protected:
  metric::ChrfRules rules;
  const char* name = "chrf";

 private:
  const metric::ChrfCounts& counts_of(const Judged& sample) {
    return kept(sample, [&] { return metric::chrf_counts(sample.prediction, references_of(sample), rules); });
  }
  Kept<metric::ChrfCounts> kept;
};

struct ChrfWords : Chrf {
  explicit ChrfWords(Context c) : Chrf(std::move(c)) {
    rules.words = 2;
    name = "chrf++";
  }
};

struct Ter : Metric {
  using Metric::Metric;
  Scored judge(const Judged& sample) override { return {{{"ter", metric::ter_of(counts_of(sample)) / 100}}, {}, {}}; }
  static constexpr bool has_aggregate = true;
  std::string aggregate(std::span<const Judged> samples, std::span<const double>) override {
    metric::TerCounts all;
    for (const Judged& sample : samples) {
      const metric::TerCounts& one = counts_of(sample);
      all.edits += one.edits;
      all.length += one.length;
    }
    return fmt::format(R"({{"ter": {}}})", metric::ter_of(all));
  }

 private:
  const metric::TerCounts& counts_of(const Judged& sample) {
    return kept(sample, [&] {
      const auto counts = metric::ter_counts(sample.prediction, references_of(sample), ignore_case, characters);
      if (!counts) throw DataError("ter: the reply and its reference are too long to compare; they may have 5,000 words each");
      return *counts;
    });
  }
  const bool ignore_case = json::find_bool(context.config(), "ignore_case").value_or(true);
  const bool characters = context.text("tokens", "words") == "characters";
  Kept<metric::TerCounts> kept;
};

constexpr const char* bleu_schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "tokenize": {"enum": ["13a", "zh", "char", "none", "flores200"], "default": "13a", "description": "sacreBLEU's tokenizers; none: what stands between blanks; flores200 needs its model"},
  "model": {"type": "string", "minLength": 1, "description": "of flores200: the file flores200_sacrebleu_tokenizer_spm.model, which sacreBLEU keeps in ~/.sacrebleu/models"},
  "smooth": {"enum": ["exp", "floor", "add-k", "none"], "default": "exp", "description": "what n-grams without a match count"},
  "smooth_value": {"type": "number", "minimum": 0, "description": "of floor, by default 0.1, and of add-k, by default 1"},
  "lowercase": {"type": "boolean", "default": false, "description": "case does not count"}}})";
constexpr const char* chrf_schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "characters": {"type": "integer", "minimum": 1, "maximum": 16, "default": 6, "description": "the longest runs of characters"},
  "words": {"type": "integer", "minimum": 0, "maximum": 8, "default": 0, "description": "the longest runs of words; 2 is chrF++"},
  "beta": {"type": "number", "minimum": 0, "default": 2, "description": "how much more recall counts than precision"},
  "lowercase": {"type": "boolean", "default": false, "description": "case does not count"}}})";
constexpr const char* ter_schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "tokens": {"enum": ["words", "characters"], "default": "words", "description": "what is edited: what stands between blanks, or characters, for Chinese"},
  "ignore_case": {"type": "boolean", "default": true, "description": "case does not count"}}})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<Bleu>(
                   {.id = "bleu",
                    .summary = "BLEU as sacreBLEU 2.6: over a set from all its counts, for a sample with effective order",
                    .schema = bleu_schema,
                    .facts = R"({"values": [{"name": "bleu", "range": [0, 1]}]})"}),
               sextant::component<Chrf>({.id = "chrf",
                                         .summary = "chrF, or with \"words\": 2 chrF++, as sacreBLEU 2.6",
                                         .schema = chrf_schema,
                                         .facts = R"({"values": [{"name": "chrf", "range": [0, 1]}]})"}),
               sextant::component<Ter>({.id = "ter",
                                        .summary = "translation edit rate as sacreBLEU 2.6: edits and moves over the reference's words",
                                        .schema = ter_schema,
                                        .facts = R"({"values": [{"name": "ter", "higher_is_better": false}]})"}),
               sextant::component<Bleu>(
                   {.id = "lm_eval_bleu",
                    .summary = "bleu with sacreBLEU's defaults and lm-eval's standard error",
                    .facts = R"({"values": [{"name": "bleu", "range": [0, 1], "standard_error": "lm_eval"}]})"}),
               sextant::component<Chrf>(
                   {.id = "lm_eval_chrf",
                    .summary = "chrf with sacreBLEU's defaults and lm-eval's standard error",
                    .facts = R"({"values": [{"name": "chrf", "range": [0, 1], "standard_error": "lm_eval"}]})"}),
               sextant::component<ChrfWords>(
                   {.id = "lm_eval_chrf_words",
                    .summary = "chrF++ with sacreBLEU's defaults and lm-eval's standard error",
                    .facts = R"({"values": [{"name": "chrf++", "range": [0, 1], "standard_error": "lm_eval"}]})"}),
               sextant::component<Ter>({.id = "lm_eval_ter", .summary = "ter with lm-eval's standard error", .facts = R"({"values": [
                 {"name": "ter", "higher_is_better": false, "standard_error": "lm_eval"}]})"}))
