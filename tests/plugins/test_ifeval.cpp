// IFEval's instructions: what follows each and what does not; tools/acceptance/metrics.py compares them with the published
// checkers.
#include "../../plugins/metrics/ifeval/ifeval_plugin.cpp"
#include "../../plugins/metrics/ifeval/langdetect.cpp"
#include "component.hpp"

using namespace sextant;

namespace {

/// prompt_level_strict_acc and _loose_acc of one reply, or the error.
std::string followed(const char* id, const char* kwargs, std::string_view reply) {
  const auto& component = *sextant_plugin_entry.components[0];
  sxt_object* object = nullptr;
  sxt_error error{};
  REQUIRE(component.create(nullptr, borrow("{}"), &object, &error) == SXT_OK);
  const auto* table = static_cast<const sxt_metric_v1*>(object->get_interface(object, "sextant.metric/1"));
  const std::string row = fmt::format(R"({{"instruction_id_list": ["{}"], "kwargs": [{}]}})", id, kwargs);
  const sxt_judged sample{sizeof(sxt_judged), 0, borrow(reply), borrow("\"\""), borrow(row)};
  const sxt_judged* const samples[] = {&sample};
  std::string out;
  const sxt_sink sink{&out, [](void* ctx, uint64_t, sxt_str s) { *static_cast<std::string*>(ctx) = view(s); }};
  const bool sound = table->score(object, samples, 1, sink, &error) == SXT_OK;
  object->destroy(object);
  if (!sound) return error.message;
  const auto parsed = json::parse(out, "score");
  REQUIRE(parsed);
  const json::Value& values = *json::find(*parsed, "values");
  const bool strict = json::find_number(values, "prompt_level_strict_acc") == 1.0,
             loose = json::find_number(values, "prompt_level_loose_acc") == 1.0;
  return strict ? "strict" : loose ? "loose" : "no";
}

}  // namespace

TEST_CASE("ifeval: what follows an instruction, strictly or loosely") {
  struct Case { const char *id, *kwargs, *reply, *expected; };
  for (const Case& c :
       {Case{"punctuation:no_comma", "{}", "a b", "strict"},
        {"punctuation:no_comma", "{}", "Sure, here:\na b", "loose"},
        {"punctuation:no_comma", "{}", "a, b", "no"},
        {"punctuation:no_comma", "{}", " \n", "no"},
        {"keywords:existence", R"({"keywords": ["cat", "dog"]})", "Dogs and CATS", "strict"},
        {"keywords:existence", R"({"keywords": ["cat", "dog"]})", "cat", "no"},
        {"keywords:frequency", R"({"keyword": "cat", "relation": "at least", "frequency": 2})", "cat Cat", "strict"},
        {"keywords:frequency", R"({"keyword": "cat", "relation": "less than", "frequency": 2})", "cat Cat", "no"},
        {"keywords:forbidden_words", R"({"forbidden_words": ["cat"]})", "category", "strict"},
        {"keywords:forbidden_words", R"({"forbidden_words": ["cat"]})", "a Cat.", "no"},
        {"keywords:letter_frequency", R"({"letter": "e", "let_relation": "less than", "let_frequency": 2})", "Ee", "no"},
        {"language:response_language", R"({"language": "de"})", "Das ist nicht der Hund, der auf dem Tisch ist.", "strict"},
        {"language:response_language", R"({"language": "fr"})", "This is the dog that is on the table.", "no"},
        {"language:response_language", R"({"language": "hi"})", "यह एक कुत्ता है और वह घर में है।", "strict"},
        {"language:response_language", R"({"language": "ja"})", "これは犬です。", "strict"},
        {"language:response_language", R"({"language": "zh"})", "这是一只狗。", "strict"},
        {"length_constraints:number_sentences", R"({"relation": "at least", "num_sentences": 3})", "One. Two! \"Three?\"",
         "strict"},
        {"length_constraints:number_sentences", R"({"relation": "less than", "num_sentences": 2})",
         "Dr. Smith of the U.S. Army paid 3.5 dollars.", "strict"},
        {"length_constraints:number_sentences", R"({"relation": "less than", "num_sentences": 3})",
         "1. First point.\n2. Second point.", "strict"},
        {"length_constraints:number_paragraphs", R"({"num_paragraphs": 2})", "a\n***\nb\n***", "strict"},
        {"length_constraints:number_paragraphs", R"({"num_paragraphs": 2})", "a\n***\n***\nb", "no"},
        {"length_constraints:number_words", R"({"relation": "at least", "num_words": 3})", "it's so", "strict"},
        {"length_constraints:nth_paragraph_first_word", R"({"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Weekend"})",
         "a\n\n\"weekend, yes", "strict"},
        {"length_constraints:nth_paragraph_first_word", R"({"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "x"})",
         "a\n\nx", "no"},
        {"detectable_content:number_placeholders", R"({"num_placeholders": 2})", "[a] [b\nc] [d]", "strict"},
        {"detectable_content:number_placeholders", R"({"num_placeholders": 2})", "[a [b]", "no"},
        {"detectable_content:postscript", R"({"postscript_marker": "P.S."})", "x p. s. y", "strict"},
        {"detectable_content:postscript", R"({"postscript_marker": "P.P.S"})", "P.S. y", "no"},
        {"detectable_format:number_bullet_lists", R"({"num_bullets": 2})", "* a\n - b\n** c", "strict"},
        {"detectable_format:constrained_response", "{}", "My answer is no.", "strict"},
        {"detectable_format:number_highlighted_sections", R"({"num_highlights": 2})", "*a* ** * **b**", "strict"},
        {"detectable_format:multiple_sections", R"({"section_spliter": "Section", "num_sections": 2})", "Section 1 a Section2",
         "strict"},
        {"detectable_format:json_format", "{}", "```json\n{\"a\": 1}\n```", "strict"},
        {"detectable_format:json_format", "{}", "Sure!\n{\"a\": 1}", "loose"},
        {"detectable_format:title", "{}", "<<A>>", "strict"},
        {"detectable_format:title", "{}", "<<  >>", "no"},
        {"combination:two_responses", "{}", "a\n******\nb", "strict"},
        {"combination:two_responses", "{}", "a\n******\na", "no"},
        {"combination:repeat_prompt", R"({"prompt_to_repeat": "Say hi"})", " say HI there", "strict"},
        {"startend:end_checker", R"({"end_phrase": "Bye."})", "x bye.\"", "strict"},
        {"startend:end_checker", R"({"end_phrase": "Bye."})", "Bye.\n\nnote", "loose"},
        {"startend:quotation", "{}", "\"a\"", "strict"},
        {"startend:quotation", "{}", "\"", "no"},
        {"change_case:capital_word_frequency", R"({"capital_relation": "at least", "capital_frequency": 3})", "DON'T go, NASA",
         "strict"},
        {"change_case:english_capital", "{}", "THIS IS THE ONE.", "strict"},
        {"change_case:english_lowercase", "{}", "this is the One.", "no"},
        {"change_case:english_lowercase", "{}", "das ist nicht der hund", "no"}}) {
    INFO(c.id << " " << c.kwargs << " " << c.reply);
    CHECK(followed(c.id, c.kwargs, c.reply) == c.expected);
  }
  CHECK(metric::ifeval::checkers().size() == 25);
}

TEST_CASE("ifeval: a row that asks for nothing known is named") {
  CHECK_THAT(followed("no:such", "{}", "x"), Catch::Contains("no:such"));
  CHECK_THAT(followed("length_constraints:number_words", R"({"relation": null, "num_words": 3})", "x"),
             Catch::Contains("lacks its \"relation\""));
  CHECK_THAT(followed("length_constraints:number_words", R"({"relation": "around", "num_words": 3})", "x"),
             Catch::Contains("\"around\""));
  CHECK_THAT(followed("punctuation:no_comma", "{}, {}", "x"), Catch::Contains("as many members"));
}

TEST_CASE("ifeval: the schema is closed and explains itself") { test::check_schema(*sextant_plugin_entry.components[0]); }
