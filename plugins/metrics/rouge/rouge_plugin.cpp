#include "../../text/rouge.hpp"
#include <sextant/sdk.hpp>
#include "../../text/references.hpp"

namespace {

using namespace sextant;

struct RougeMetric : Metric {
  using Metric::Metric;
  Scored judge(const Judged& sample) override {
    const auto answers = or_throw(metric::answers_of(sample.reference_json, sample.reference));
    const metric::Rouge score = or_throw(metric::rouge(sample.prediction, answers, split));
    return {{{"rouge1", score.one}, {"rouge2", score.two}, {"rougeL", score.l}, {"rougeLsum", score.lsum}}, {}, {}};
  }
  std::vector<std::string> (*const split)(std::string_view) = context.text("tokens", "words") == "words"   ? metric::rouge_words
                                                              : context.text("tokens") == "mixed" ? text::mixed_tokens
                                                                                                  : text::character_tokens;
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "tokens": {"enum": ["words", "mixed", "characters"], "default": "words",
    "description": "words: runs of a-z and 0-9 in lower case, as rouge-score has them; mixed: Chinese characters each, other words and signs whole; characters"}}})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<RougeMetric>(
    {.id = "rouge",
     .summary = "ROUGE-1, -2, -L and -Lsum (F-measures), without a stemmer",
     .schema = schema,
     .facts =
         R"({"values": [{"name": "rouge1", "range": [0, 1]}, {"name": "rouge2", "range": [0, 1]}, {"name": "rougeL", "range": [0, 1]},
                             {"name": "rougeLsum", "range": [0, 1]}]})"}))
