#include "../../text/rouge.hpp"
#include <sextant/sdk.hpp>
#include "../../text/chinese_words.hpp"
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

 private:
  std::function<std::vector<std::string>(std::string_view)> splitter() const {
    const std::string tokens = context.text("tokens", "words");
    if (tokens == "words") return metric::rouge_words;
    if (tokens == "mixed") return text::mixed_tokens;
    if (tokens == "characters") return text::character_tokens;
    return [words = or_throw(text::ChineseWords::open(context.text("dictionary", text::jieba_folder)))](std::string_view of) {
      auto all = words->cut(of);
      std::erase_if(all, [](const std::string& word) { return word.find_first_not_of(" \t\r\n") == word.npos; });
      return all;
    };
  }
  const std::function<std::vector<std::string>(std::string_view)> split = splitter();
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "tokens": {"enum": ["words", "mixed", "characters", "chinese_words"], "default": "words",
    "description": "words: runs of a-z and 0-9 in lower case, as rouge-score has them; mixed: Chinese characters each, other words and signs whole; characters; chinese_words: words and signs as jieba cuts them"},
  "dictionary": {"type": "string", "minLength": 1,
    "description": "of chinese_words: the folder of jieba's files, dict.txt and finalseg/prob_*.py; by default those of Debian's python3-jieba"}}})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<RougeMetric>(
    {.id = "rouge",
     .summary = "ROUGE-1, -2, -L and -Lsum (F-measures), without a stemmer",
     .schema = schema,
     .facts =
         R"({"values": [{"name": "rouge1", "range": [0, 1]}, {"name": "rouge2", "range": [0, 1]}, {"name": "rougeL", "range": [0, 1]},
                             {"name": "rougeLsum", "range": [0, 1]}]})"}))
