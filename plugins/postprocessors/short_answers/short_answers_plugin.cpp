// Post-processors for answers of a few words, under the names that OpenCompass has for them.
#include "short_answers.hpp"
#include "../answer.hpp"

using namespace sextant;
using postprocess::answer;

namespace {

struct XmlTag : Postprocessor {
  explicit XmlTag(Context c) : Postprocessor(std::move(c)) {
    if (tag.starts_with('<') && tag.ends_with('>')) tag = tag.substr(1, tag.size() - 2);
  }
  std::string apply(std::string_view text) override {
    return postprocess::in_tag(text, tag).value_or(postprocess::is_opencompass(context.text("compat")) ? "NO ANSWER FOUND"
                                                                                                       : "");
  }
  std::string tag = context.text("tag", "answer");
};

constexpr const char* tag_schema =
    R"({"type": "object", "additionalProperties": false, "properties": {)"
    R"("tag": {"type": "string", "minLength": 1, "default": "answer", "description": "the name of the tag, with or without angle brackets"},)" SXT_COMPAT_SCHEMA
    "}}";

}  // namespace

SEXTANT_PLUGIN(
    (answer<postprocess::short_answer, text::general_opencompass>("general",
                                                                  "an answer of a few words, without what dresses it")),
    (answer<postprocess::short_answer, postprocess::triviaqa_opencompass>("triviaqa",
                                                                          "an answer of a few words, as TriviaQA asks for it")),
    (answer<postprocess::short_answer, postprocess::nq_opencompass>(
        "nq", "an answer of a few words, as Natural Questions asks for it")),
    (answer<postprocess::first_line, postprocess::first_line_opencompass>("first_line", "the first line that is not empty")),
    (answer<postprocess::first_line, postprocess::first_line_opencompass>("xsum", "a summary of one line")),
    (answer<postprocess::first_line, postprocess::flores_opencompass>("flores", "a translation of one line")),
    (answer<postprocess::first_line, postprocess::line_opencompass>("longbench_line",
                                                                    "the first line, for LongBench's examples in the prompt")),
    (answer<postprocess::lcsts, postprocess::lcsts_opencompass>("lcsts", "a Chinese headline of one line")),
    (answer<postprocess::short_answer, postprocess::cmrc_opencompass>("cmrc", "an answer behind 答案是")),
    (answer<postprocess::short_answer, postprocess::cmrc_opencompass>("drcd", "an answer behind 答案是")),
    (answer<postprocess::short_answer, postprocess::record_opencompass>("record", "ReCoRD's entity")),
    (answer<postprocess::short_answer, postprocess::theoremqa_opencompass>("theoremqa", "the word behind \"answer is\"")),
    (answer<postprocess::strategyqa, postprocess::strategyqa_opencompass>("strategyqa", "yes or no")),
    (answer<postprocess::strategyqa_reference>("strategyqa_dataset", "yes for true, no for anything else")),
    (answer<postprocess::capitals_opencompass>("multiple_select", "all capitals of the text, each once and sorted")),
    (answer<postprocess::last_capital_opencompass>("last_capital", "the last capital of the text")),
    component<XmlTag>({.id = "xml_tag",
                       .summary = "what stands in the last <answer>...</answer>, or a tag of another name",
                       .schema = tag_schema}))
