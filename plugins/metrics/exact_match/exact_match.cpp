#include "exact_match.hpp"
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct ExactMatch : Metric {
  explicit ExactMatch(Context c) : Metric(std::move(c)) {
    const std::string compat = context.text("compat");
    opencompass = compat == "opencompass" || compat == "opencompass-0.2.4";
    if (opencompass) return;
    const auto flag = [&](const char* name, bool otherwise) {
      return json::find_bool(context.config(), name).value_or(otherwise);
    };
    comparison = or_throw(metric::Comparison::make({.case_ = flag("ignore_case", false),
                                                    .blanks = flag("ignore_blanks", true),
                                                    .final_dot = flag("ignore_final_dot", true),
                                                    .punctuation = flag("ignore_punctuation", false),
                                                    .articles = flag("ignore_articles", false)}));
  }
  double score(const Judged& sample) override {
    const std::vector<std::string> answers =
        whole_list ? std::vector{sample.reference} : or_throw(metric::answers_of(sample.reference_json, sample.reference));
    if (opencompass) return metric::exact_match_opencompass(sample.prediction, answers) ? 1 : 0;
    if (metric::same_json(sample.prediction, sample.reference_json, whole_list)) return 1;
    return or_throw(metric::exact_match(*comparison, sample.prediction, answers)) ? 1 : 0;
  }
  const bool whole_list = context.text("references") == "whole";
  bool opencompass = false;
  std::optional<metric::Comparison> comparison;
};

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false,
  "properties": {
    "ignore_case": {"type": "boolean", "default": false, "description": "Paris equals PARIS"},
    "ignore_blanks": {"type": "boolean", "default": true, "description": "blanks at both ends do not count, nor how many stand in a row"},
    "ignore_final_dot": {"type": "boolean", "default": true, "description": "one full stop at the end does not count"},
    "ignore_punctuation": {"type": "boolean", "default": false,
      "description": "no punctuation or symbol counts; then 3.75 equals 375, and -1 equals 1"},
    "ignore_articles": {"type": "boolean", "default": false, "description": "a, an and the do not count"},
    "references": {"enum": ["any", "whole"], "default": "any",
      "description": "where the reference is a list: any of its members is right, or only the list's JSON text"},
    "compat": {"enum": ["none", "opencompass", "opencompass-0.2.4", "lm-eval"], "default": "none",
      "description": "opencompass: what its normalisation leaves of the first clause is compared; the run fills it in from --compat"}
  }})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<ExactMatch>(
    {.id = "exact_match",
     .summary = "1 where the answer equals the reference, or one of them",
     .schema = schema,
     .facts = R"({"values": [{"name": "exact_match", "range": [0, 1]}]})"}))
