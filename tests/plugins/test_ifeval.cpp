// IFEval's instructions: what follows each and what does not; tools/acceptance/metrics.py compares them with the published
// checkers.
#include "../../plugins/metrics/ifeval/ifeval_plugin.cpp"
#include "../../plugins/metrics/ifeval/treebank.hpp"
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

TEST_CASE("ifbench: what follows an instruction, and what does not") {
  struct Case { const char *id, *kwargs, *reply, *expected; };
  for (const Case& c :
       {Case{"count:word_count_range", R"({"min_words": 2, "max_words": 3})", "one, two", "strict"},
        {"count:word_count_range", R"({"min_words": 2, "max_words": 3})", "one", "no"},
        {"count:conjunctions", R"({"small_n": 2})", "this and that, or nothing", "strict"},
        {"count:numbers", R"({"N": 2})", "1,000 and 3.5", "strict"},
        {"count:punctuation", "{}", "a, b; c: d. e?! f! g?", "strict"},
        {"count:punctuation", "{}", "a, b; c: d. e?!", "no"},
        {"count:words_japanese", R"({"N": 2})", "one 日本 two 3", "strict"},
        {"count:pronouns", R"({"N": 3})", "she/her said it.", "strict"},
        {"count:keywords_multiple", R"({"keyword1": "a1", "keyword2": "b2", "keyword3": "c3", "keyword4": "d4", "keyword5": "e5"})",
         "a1 b2b2 c3c3c3 d4d4d4d4d4 e5e5e5e5e5e5e5", "strict"},
        {"ratio:stop_words", R"({"percentage": 50})", "the cat", "strict"},
        {"ratio:stop_words", R"({"percentage": 49})", "the cat", "no"},
        {"ratio:sentence_type", "{}", "One. Two. Three?", "strict"},
        {"ratio:sentence_words", "{}", "One two. Six ten. And then.", "no"},
        {"ratio:sentence_words", "{}", "One two. Six ten. For all.", "strict"},
        {"ratio:overlap", R"({"reference_text": "abcdef", "percentage": 100})", "abcd", "strict"},
        {"words:alphabet", "{}", "Yes, zoos are big", "strict"},
        {"words:palindrome", "{}", "level", "no"},
        {"words:last_first", "{}", "I see you. You see me.", "strict"},
        {"words:words_position", R"({"keyword": "x"})", "a x b x c.", "strict"},
        {"words:keywords_specific_position", R"({"keyword": "Smith", "n": 2, "m": 3})", "Hello. I'm Mr. Smith here.", "no"},
        {"words:keywords_specific_position", R"({"keyword": "Smith", "n": 2, "m": 3})", "Hello. See Mr. Smith here.", "strict"},
        {"words:start_verb", "{}", "Go", "needs NLTK's tagger"},
        {"words:odd_even_syllables", "{}", "a", "needs syllapy's list"},
        {"sentence:increment", R"({"small_n": 1})", "One. One two. One two three.", "strict"},
        {"sentence:keyword", R"({"word": "cat", "N": 2})", "A dog. A CAT.", "strict"},
        {"format:parentheses", "{}", "(a [b {c (d [e])}])", "strict"},
        {"format:parentheses", "{}", "(a [b {c (d)}])", "no"},
        {"format:options", R"({"options": "yes/no/maybe"})", "Maybe.", "strict"},
        {"format:options", R"x({"options": "a), b), c), d)"})x", "a", "no"},
        {"format:emoji", "{}", "Fine. 🙂 Good 👍.", "strict"},
        {"format:line_indent", "{}", "a\n b\n  c", "strict"},
        {"format:title_case", "{}", "The Cat Don't", "no"},
        {"format:no_whitespace", "{}", "a\u00a0b", "no"},
        {"repeat:repeat_change", R"({"prompt_to_repeat": "Say hi now"})", "Do hi now", "strict"},
        {"repeat:repeat_span", R"({"prompt_to_repeat": "ünïque", "n_start": 1, "n_end": 3})", "nïq", "strict"},
        {"custom:multiples", "{}", "14,21, 28 35 42 49", "strict"},
        {"custom:csv_city", "{}", "ID,Country,City,Year,Count\n1,a,\"b,c\",d,e\n\n", "no"},
        {"custom:european_capitals_sort", "{}", "Oslo", "no"},
        {"custom:date_format_list", "{}", "1805-12-02, 1815-06-18", "strict"},
        {"custom:date_format_list", "{}", "1805-12-32", "no"}}) {
    INFO(c.id << " " << c.kwargs << " " << c.reply);
    const std::string got = followed(c.id, c.kwargs, c.reply);
    if (got.size() > 8) CHECK_THAT(got, Catch::Contains(c.expected));
    else CHECK(got == c.expected);
  }
  CHECK(metric::ifeval::ifbench_checkers().size() == 58);
}

TEST_CASE("ifeval: sentences by Punkt's rules") {
  const auto punkt = metric::ifeval::Punkt::own();
  struct Case { const char* text; std::vector<std::string_view> sentences; };
  for (const Case& c : {Case{"", {}},
                        {"One. Two!", {"One.", "Two!"}},
                        {"Dr. Smith left. J. Bach came.", {"Dr. Smith left.", "J. Bach came."}},
                        {"He said \"yes.\" Then he left.", {"He said \"yes.\"", "Then he left."}},
                        {"(Done.) Next", {"(Done.)", "Next"}},
                        {"Wait... what? 3.5 is more", {"Wait... what?", "3.5 is more"}}}) {
    INFO(c.text);
    CHECK(punkt->sentences(c.text) == c.sentences);
  }
  CHECK(metric::ifeval::treebank_tokens("I can't, \"really\".") == std::vector<std::string>{"I", "ca", "n't", ",", "``", "really", "''", "."});
}
