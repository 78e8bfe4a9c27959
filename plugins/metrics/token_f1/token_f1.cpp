#include "../../text/token_f1.hpp"
#include <sextant/sdk.hpp>
#include "../../text/chinese_words.hpp"
#include "../../text/compat.hpp"
#include "../../text/references.hpp"

namespace {

using namespace sextant;

struct TokenF1 : Metric {
  explicit TokenF1(Context c) : Metric(std::move(c)) {
    const auto flag = [&](const char* name) { return json::find_bool(context.config(), name).value_or(true); };
    const std::string tokens = context.text("tokens", "words");
    rules = {flag("ignore_case"), flag("ignore_punctuation"), flag("ignore_articles"),
             tokens == "words"   ? metric::TokenRules::Tokens::words
             : tokens == "mixed" ? metric::TokenRules::Tokens::mixed
                                 : metric::TokenRules::Tokens::characters,
             opencompass,
             {}};
    if (tokens == "chinese_words") {
      rules.tokens = metric::TokenRules::Tokens::mixed;
      rules.cut = [words = or_throw(text::ChineseWords::open(context.text("dictionary", text::jieba_folder)))](std::string_view of) {
        return words->cut(of);
      };
    }
  }
  Scored judge(const Judged& sample) override {
    const auto answers = or_throw(metric::answers_of(sample.reference_json, sample.reference));
    // OpenCompass' SquadEvaluator reads one line
    const std::string_view prediction = opencompass ? text::before(sample.prediction, "\n") : sample.prediction;
    const metric::TokenScore score = metric::best_token_score(prediction, answers, rules);
    return {{{"f1", score.f1}, {"exact_match", score.exact_match}}, {}, {}};
  }
  const bool opencompass = text::is_opencompass(context.text("compat"));
  metric::TokenRules rules;
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "tokens": {"enum": ["words", "mixed", "characters", "chinese_words"], "default": "words",
    "description": "what is counted: what stands between blanks; Chinese characters each and other words whole; every character; words as jieba cuts them"},
  "dictionary": {"type": "string", "minLength": 1,
    "description": "of chinese_words: the folder of jieba's files, dict.txt and finalseg/prob_*.py; by default those of Debian's python3-jieba"},
  "ignore_case": {"type": "boolean", "default": true, "description": "Paris equals PARIS"},
  "ignore_punctuation": {"type": "boolean", "default": true,
    "description": "ASCII's punctuation is taken out of words, too: 3.75 is 375; unless tokens are words, that of all scripts"},
  "ignore_articles": {"type": "boolean", "default": true, "description": "a, an and the do not count"},)" SXT_COMPAT_SCHEMA
                               "}}";

}  // namespace

SEXTANT_PLUGIN(sextant::component<TokenF1>(
    {.id = "token_f1",
     .summary = "the tokens that answer and reference share (F1), and whether they are the same, as SQuAD counts",
     .schema = schema,
     .facts = R"({"values": [{"name": "f1", "range": [0, 1]}, {"name": "exact_match", "range": [0, 1]}]})"}))
