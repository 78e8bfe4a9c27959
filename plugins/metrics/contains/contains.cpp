#include "contains.hpp"
#include <sextant/sdk.hpp>
#include "../../text/compat.hpp"
#include "../../text/references.hpp"

namespace {

using namespace sextant;

struct Contains : Metric {
  explicit Contains(Context c) : Metric(std::move(c)) {
    const auto flag = [&](const char* name) { return json::find_bool(context.config(), name).value_or(true); };
    rules.ignore_case = flag("ignore_case");
    rules.ignore_punctuation = flag("ignore_punctuation");
    rules.ignore_articles = flag("ignore_articles");
    whole_words = flag("whole_words");
  }
  double score(const Judged& sample) override {
    const auto answers = or_throw(metric::answers_of(sample.reference_json, sample.reference));
    if (answers.empty()) return 0;
    const std::string prediction = opencompass ? std::string(sample.prediction) : metric::normalized(sample.prediction, rules);
    size_t found = 0;
    for (const std::string& answer : answers) {
      // without punctuation a number has neither sign nor point
      const auto number = !opencompass && whole_words && rules.ignore_punctuation ? metric::number_alone(answer) : std::nullopt;
      const auto article = opencompass ? std::nullopt : metric::article_alone(answer, rules);
      found += opencompass ? metric::contains_opencompass(prediction, answer)
               : number    ? metric::holds_number(sample.prediction, *number)
               : article   ? metric::holds_article(sample.prediction, *article, rules)
                           : metric::stands_in(prediction, metric::normalized(answer, rules), whole_words);
    }
    if (references == "share") return static_cast<double>(found) / static_cast<double>(answers.size());
    return (references == "all" ? found == answers.size() : found > 0) ? 1 : 0;
  }
  const bool opencompass = text::is_opencompass(context.text("compat"));
  const std::string references = context.text("references", "any");
  metric::TokenRules rules;
  bool whole_words = true;
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "references": {"enum": ["any", "all", "share"], "default": "any",
    "description": "of a list of answers: one is enough; all are needed; the share of them that stand in the reply"},
  "whole_words": {"type": "boolean", "default": true, "description": "cat is not in category; Chinese has no such bounds"},
  "ignore_case": {"type": "boolean", "default": true, "description": "Paris is in PARIS"},
  "ignore_punctuation": {"type": "boolean", "default": true, "description": "ASCII's punctuation is taken out of both"},
  "ignore_articles": {"type": "boolean", "default": true, "description": "a, an and the are taken out of both"},)" SXT_COMPAT_SCHEMA
                               "}}";

}  // namespace

SEXTANT_PLUGIN(sextant::component<Contains>({.id = "contains",
                                             .summary = "1 where the reference, or one of them, stands in the answer",
                                             .schema = schema,
                                             .facts = R"({"values": [{"name": "contains", "range": [0, 1]}]})"}))
