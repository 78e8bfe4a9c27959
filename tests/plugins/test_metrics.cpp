// Metrics of overlapping texts, numbers and classes. tests/golden/metrics/metrics.json has what the other tools give.
#include <catch2/catch.hpp>
#include <sextant/confusion.hpp>
#include <sextant/csv.hpp>
#include "../../plugins/metrics/circular/circular.hpp"
#include "../../plugins/metrics/contains/contains.hpp"
#include "../../plugins/metrics/edit_distance/edit_distance.hpp"
#include "../../plugins/metrics/gaokao/gaokao.hpp"
#include "../../plugins/metrics/lawbench/lawbench.cpp"
#include "../../plugins/metrics/longbench/longbench.hpp"
#include "../../plugins/metrics/math_equal/opencompass.hpp"
#include "../../plugins/metrics/numeric/numeric.hpp"
#include "../../plugins/text/rouge.hpp"
#include "../../plugins/metrics/translation/pieces.cpp"
#include "../../plugins/metrics/translation/translation_plugin.cpp"
#include "../../plugins/postprocessors/bbh/bbh.hpp"
#include "../../plugins/postprocessors/math/math.hpp"
#include "../../plugins/postprocessors/numbers/numbers.hpp"
#include "component.hpp"

using namespace sextant;
using namespace sextant::metric;

namespace {

json::Document golden() {
  const auto text = csv::read_text(std::filesystem::path(SEXTANT_PLUGIN_TESTS) / "../golden/metrics/metrics.json");
  REQUIRE(text);
  auto all = json::parse(*text, "metrics.json");
  REQUIRE(all);
  return std::move(*all);
}

std::vector<std::string> texts(const json::Value& list) {
  std::vector<std::string> out;
  for (const auto& one : list.GetArray()) out.emplace_back(json::text(one));
  return out;
}

Approx close(double value) { return Approx(value).epsilon(1e-9).margin(1e-9); }

}  // namespace

TEST_CASE("extractors in OpenCompass' way give what OpenCompass gives") {
  const json::Document all = golden();
  for (const auto& reply : json::find(all, "replies")->GetArray()) {
    const std::string text = *json::find_string(reply, "text");
    INFO(text);
    CHECK(text::general_opencompass(text) == *json::find_string(reply, "general"));
    CHECK(postprocess::gsm8k_opencompass(text) == *json::find_string(reply, "gsm8k"));
    CHECK(postprocess::math_opencompass(text) == *json::find_string(reply, "math_postprocess"));
    CHECK(postprocess::math_v2_opencompass(text) == *json::find_string(reply, "math_postprocess_v2"));
    CHECK(postprocess::bbh_mcq_opencompass(text) == *json::find_string(reply, "bbh_mcq"));
    CHECK(postprocess::bbh_freeform_opencompass(text) == *json::find_string(reply, "bbh_freeform"));
  }
}

TEST_CASE("BLEU, chrF, ROUGE and token F1 are those of sacreBLEU, rouge-score and SQuAD") {
  const json::Document all = golden();
  TokenRules squad;
  squad.empty_is_wrong = true;
  for (const auto& pair : json::find(all, "pairs")->GetArray()) {
    const std::string prediction = *json::find_string(pair, "prediction");
    const std::vector<std::string> references = texts(*json::find(pair, "references"));
    INFO(json::write(pair));
    const auto expected = [&](const char* name) { return close(*json::find_number(pair, name)); };
    CHECK(bleu_of(bleu_counts(prediction, references, {}), {}, true) == expected("bleu"));
    const BleuRules zh{.tokenize = "zh"};
    CHECK(bleu_of(bleu_counts(prediction, references, zh), zh, true) == expected("bleu_zh"));
    CHECK(chrf_of(chrf_counts(prediction, references, {}), {}) == expected("chrf"));
    const ChrfRules words{.words = 2};
    CHECK(chrf_of(chrf_counts(prediction, references, words), words) == expected("chrf++"));
    CHECK(ter_of(*ter_counts(prediction, references, true, false)) == expected("ter"));
    const Rouge score = *rouge(prediction, references, rouge_words);
    const double ours[] = {score.one, score.two, score.l, score.lsum};
    for (rapidjson::SizeType i = 0; i < 4; ++i) CHECK(ours[i] == close((*json::find(pair, "rouge"))[i].GetDouble()));
    CHECK(best_token_score(prediction, references, squad).f1 == expected("f1"));
  }
}

TEST_CASE("TER: runs that move, limits, nothing") {
  const auto ter = [](std::string_view prediction, const std::string& reference) {
    return ter_of(*ter_counts(prediction, std::vector{reference}, true, false));
  };
  const auto numbers = [](int from, int to) {
    std::string out;
    for (int i = from; i < to; ++i) out += std::to_string(i) + " ";
    return out;
  };
  CHECK(ter("", "") == 0);   // all as sacreBLEU 2.6
  CHECK(ter("a b", "") == 100);
  CHECK(ter("", "a b") == 100);
  CHECK(ter("B c a", "a b c") == Approx(33.3333333333));
  CHECK(ter(numbers(60, 120) + numbers(0, 60), numbers(0, 120)) == 100);
  CHECK(ter(numbers(0, 3), numbers(0, 100)) == 100);
  CHECK(ter("x " + numbers(0, 40) + "y", numbers(20, 40) + numbers(0, 20)) == Approx(10));
}

TEST_CASE("OpenCompass' equality of formulas") {
  const json::Document all = golden();
  for (const auto& formula : json::find(all, "formulas")->GetArray()) {
    INFO(json::write(formula));
    for (const bool second : {false, true})
      CHECK(equivalent_opencompass(json::text(formula[0]), json::text(formula[1]), second) ==
            formula[second ? 3 : 2].GetBool());
  }
}

TEST_CASE("BLEU over a set comes from all its counts, and says how it was computed") {
  const auto& component = *sextant_plugin_entry.components[0];
  sxt_object* object = nullptr;
  sxt_error error{};
  REQUIRE(component.create(nullptr, borrow("{}"), &object, &error) == SXT_OK);
  const auto* table = static_cast<const sxt_metric_v1*>(object->get_interface(object, "sextant.metric/1"));
  const sxt_judged a{sizeof(sxt_judged), 0, borrow("the cat sat on mat"), borrow("\"the cat sat on the mat\""), borrow("{}")};
  const sxt_judged b{sizeof(sxt_judged), 0, borrow("hello there my friends"), borrow("\"hello there my friend\""),
                     borrow("{}")};
  const sxt_judged c{sizeof(sxt_judged), 0, borrow("a b c e"), borrow("[\"a b c d\"]"), borrow("{}")};
  const sxt_judged* const samples[] = {&a, &b, &c};
  std::string out;
  const sxt_sink sink{&out, [](void* ctx, uint64_t, sxt_str s) { *static_cast<std::string*>(ctx) = view(s); }};
  const double first[] = {0, 0, 0};
  REQUIRE(table->aggregate(object, samples, first, 3, sink, &error) == SXT_OK);
  CHECK(*json::find_number(*json::parse(out, "aggregate"), "bleu") ==
        Approx(49.94075059380691));  // sacrebleu 2.6, lm-eval 0.4.13
  REQUIRE(table->score(object, samples + 2, 1, sink, &error) == SXT_OK);
  CHECK_THAT(
      out,
      Catch::Contains(
          "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0; n-grams 3 2 1 0 of 4 3 2 1; 4 tokens, reference 4"));
  object->destroy(object);
}

TEST_CASE("long lists are aligned as short ones are") {
  // random lists over few and many symbols, so that both kinds of rows are used; up to five words of bits
  uint32_t state = 7;
  const auto random = [&](uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  for (int trial = 0; trial < 300; ++trial) {
    const uint32_t symbols = trial % 3 == 0 ? 2 : trial % 3 == 1 ? 9 : 200;
    const auto list = [&] {
      Tokens out(random(300));
      for (char32_t& token : out) token = random(symbols);
      return out;
    };
    const Tokens a = list(), b = list();
    std::vector<size_t> plain, fast;
    const size_t length = plain_common_subsequence(a, b, &plain);
    fast = text::SubsequenceRows(a, b).places_in_a();
    INFO(trial << ": " << a.size() << " and " << b.size() << " of " << symbols);
    CHECK(fast == plain);
    CHECK(text::SubsequenceRows(a, b).length() == length);
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
      size_t diagonal = std::exchange(row[0], i);
      for (size_t j = 1; j <= b.size(); ++j) {
        const size_t changed = diagonal + (a[i - 1] != b[j - 1]);
        diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
      }
    }
    CHECK(text::levenshtein(a, b) == row[b.size()]);
  }
  const std::string lines(600'000, 'a');
  CHECK_THAT(rouge(lines, std::vector<std::string>{lines}, text::character_tokens).error().message,
             Catch::Contains("too long to be aligned"));
}

TEST_CASE("numeric compares numbers") {
  struct Case { const char *prediction, *reference; bool same; };
  for (const Case& c : {Case{"1,234", "1234", true},
                        {"$5.00", "5", true},
                        {"50%", "50", true},
                        {"1/2", "0.5", true},
                        {"-3", "3", false},
                        {"", "", false},
                        {"", "0", false},
                        {"five", "five", true},
                        {"1e3", "1000", true},
                        {"1e99", "1", false},
                        {"1e99", "10^99", true},
                        {"1e999", "1e998", false},
                        {"10^3", "1000", true},
                        {"2^10", "1024", true},
                        {"2^100", "2", false},
                        {"2^100", "1267650600228229401496703205376", true},
                        {"10^-2", "0.01", true},
                        {"1.6e-19", "3.2e-19", false},
                        {"0.0000001", "0", false},
                        {"0.0000001", "1e-7", true},
                        {"0.3333333", "1/3", true},
                        {"½", "0.5", true},
                        {"1 1/2", "1.5", true},
                        {"1_000", "1000", true},
                        {"0x1F", "0", false},
                        {"3.5.2", "3.5", false},
                        {"12.", "12", true},
                        {"１２", "12", true},
                        {"12 apples", "12", false},
                        {"5€", "5", true},
                        {"5 元。", "5", false},
                        {"5 $.", "5", true},
                        {"nan", "nan", true},
                        {"inf", "1", false},
                        {"12345678901234567890", "12345678901234567891", false},
                        {"12345678901234567890", "12,345,678,901,234,567,890.0", true},
                        {"9007199254740993", "9007199254740992", false},
                        {"-9007199254740993", "9007199254740993", false},
                        {"2^100", "1267650600228229401496703205377", true},  // a power stays a double
                        {"1,00,000", "100000", true},
                        {"1 234", "1234", true},
                        {"1'000", "1000", true},
                        {"1.234.567", "1234567", true},
                        {"3 100/200", "3.5", true},
                        {"0.1", "0.1000001", true}}) {
    INFO(c.prediction << " " << c.reference);
    CHECK(same_number(c.prediction, c.reference, {}) == c.same);
  }
  CHECK(same_number("99", "100", {0, 0.01}));
  CHECK_FALSE(same_number("98.9", "100", {0, 0.01}));
  CHECK(same_number("9007199254740993", "9007199254740992", {2, 0}));
}

TEST_CASE("token F1 reads Chinese by its characters") {
  TokenRules mixed;
  mixed.tokens = TokenRules::Tokens::mixed;
  CHECK(token_score("北京大学。", "北京", mixed).f1 == Approx(2.0 / 3));
  CHECK(token_score("GPT模型", "GPT 模型", mixed).f1 == 1);
  CHECK(token_score("北京", "北京大学", {}).f1 == 0);
  CHECK(token_score("The Cat!", "cat", {}).exact_match == 1);
  CHECK(token_score("the", "a", {}).f1 == 1);   // nothing is left of both
}

TEST_CASE("contains looks for whole words") {
  CHECK(stands_in("a category", "cat", false));
  CHECK_FALSE(stands_in("a category", "cat", true));
  CHECK(stands_in("category cat", "cat", true));
  CHECK(stands_in("今天很好", "今天", true));
  CHECK_FALSE(stands_in("x", "", true));
  CHECK(contains_opencompass("paris france", "The Paris."));
  struct Number { const char *answer, *text; bool there; };
  for (const Number& n : {Number{"5", "it is -5", false}, {"-5", "it is 5", false}, {"-5", "x = −5.", true}, {"3.5", "35", false}, {"3.5", "about 3.50 m", true},
                          {"1234", "1,234 people", true}, {"2024", "on 2024-05-01", true}, {"5", "A5 or 15", false}, {"5", "５", true}}) {
    INFO(n.answer << " in " << n.text);
    REQUIRE(number_alone(n.answer));
    CHECK(holds_number(n.text, *number_alone(n.answer)) == n.there);
  }
  for (const char* other : {"007", "5 apples", "555-1234", "10:30", "five", ""}) CHECK_FALSE(number_alone(other));
  // an article alone is found as it is written
  for (const Number& a : {Number{"A", "The blood type is A.", true}, {"A", "a blood type", false}, {"A", "AB", false}, {"the", "it is \"the\"", true}, {"The", "the", false},
                          {"An", "An", true}}) {
    INFO(a.answer << " in " << a.text);
    REQUIRE(article_alone(a.answer, {}));
    CHECK(holds_article(a.text, *article_alone(a.answer, {}), {}) == a.there);
  }
  for (const char* other : {"B", "a cat", "", "..."}) CHECK_FALSE(article_alone(other, {}));
}

TEST_CASE("classes and distances") {
  Confusion two;
  for (const auto& [given, meant, n] : {std::tuple{"1", "1", 6}, {"0", "0", 3}, {"1", "0", 1}, {"0", "1", 2}})
    for (int i = 0; i < n; ++i) two.add(given, meant);
  CHECK(two.mcc() == Approx(0.4780914));
  CHECK(two.of("1").f1 == Approx(0.8));
  CHECK(two.micro_f1({"0", "1"}) == Approx(0.75));
  Confusion one;
  one.add("a", "a");
  CHECK(one.mcc() == 0);
  CHECK(*edit_distance(U"kitten", U"sitting") == 3);
  CHECK(*edit_distance(U"", U"ab") == 2);
  CHECK(*edit_distance(U"今天", U"明天") == 1);
}

TEST_CASE("the schemas of translation metrics are closed and explain themselves") {
  for (uint64_t i = 0; i < sextant_plugin_entry.component_count; ++i) test::check_schema(*sextant_plugin_entry.components[i]);
}

TEST_CASE("gaokao: OpenCompass' points in its way; by default letters stand alone behind the mark") {
  const auto text = csv::read_text(std::filesystem::path(SEXTANT_PLUGIN_TESTS) / "../golden/metrics/gaokao.json");
  REQUIRE(text);
  const auto cases = json::parse(*text, "gaokao.json");
  REQUIRE(cases);
  const auto kind = [](std::string_view name) {
    return name == "single_choice"     ? Questions::single_choice
           : name == "multi_choice"    ? Questions::multi_choice
           : name == "five_out_of_seven" ? Questions::five_out_of_seven
                                       : Questions::multi_question_choice;
  };
  CHECK(cases->Size() >= 100);
  for (const auto& one : cases->GetArray()) {
    const auto questions = kind(json::text(one[0]));
    const std::vector<std::string> reference = texts(one[2]);
    INFO(json::write(one));
    const Points points =
        gaokao_points(gaokao_letters_opencompass(json::text(one[1]), questions, reference.size()), reference, questions);
    CHECK(100 * points.got / points.all == close(one[3].GetDouble()));
  }
  using Letters = std::vector<std::string>;
  CHECK(gaokao_letters("【解析】A 不对 <eoe>\n【答案】 B <eoa> A CD", Questions::single_choice, 1) == Letters{"B"});
  CHECK(gaokao_letters("So the answer is C. Because ABS says so", Questions::single_choice, 1) == Letters{"C"});
  CHECK(gaokao_letters("【答案】 D、A <eoa>", Questions::multi_choice, 1) == Letters{"AD"});
  CHECK(gaokao_letters("（1）【答案】 A <eoa>\n（2）【答案】 Ｂ <eoa>", Questions::multi_question_choice, 2) ==
        Letters{"A", "B"});
  CHECK(gaokao_letters("【答案】 A B C D E <eoa>", Questions::five_out_of_seven, 5) == Letters{"A", "B", "C", "D", "E"});
  CHECK(gaokao_letters("", Questions::multi_choice, 1).empty());
  CHECK(gaokao_points({"A"}, {"AB"}, Questions::multi_choice).got == 1);
  CHECK(gaokao_points({"AC"}, {"AB"}, Questions::multi_choice).got == 0);
}

TEST_CASE("circular: families of orders") {
  std::vector<Turned> answers;
  for (const char* pattern : {"ABCD", "BCDA", "CDAB", "DABC"}) {
    answers.push_back({0, pattern, true});
    answers.push_back({1, pattern, std::string_view(pattern) != "DABC"});
  }
  std::map<std::string, double> values;
  for (const auto& [name, value] : circular_values(answers)) values[name] = value;
  CHECK(values.size() == 6);   // OpenCompass gives these for the same answers
  CHECK(values["acc_origin"] == 100);
  CHECK(values["acc_circular"] == 87.5);
  CHECK(values["perf_circular"] == 50);
  CHECK(values["more_3_circular"] == 100);
  answers.pop_back();   // a question that lacks an order is in no family that needs it
  CHECK(circular_values(answers).size() == 1);
  // drawn twice, as a bootstrap does: two questions, one of them right in every order
  const auto twice =
      circular_values({{0, "AB", true}, {0, "BA", true}, {0, "AB", true}, {0, "BA", true}, {1, "AB", false}, {1, "BA", true}});
  for (const auto& [name, value] : twice)
    if (name == "perf_circular") CHECK(std::abs(value - 200.0 / 3) < 1e-9);
  CHECK(circular_values({{0, "AB", true}, {0, "BA", false}}).back() == std::pair<std::string, double>("perf_all_possible", 0));
}

TEST_CASE("LongBench's scores: numbers, classes, lines of code") {
  for (const auto& [reply, answer, score] : {std::tuple{"Paragraph 7", "Paragraph 7", 1.0}, {"7 or 17", "7", 0.5}, {"17", "7", 0.0},
                                             {"none", "7", 0.0}, {"7", "seven", 0.0}, {"段落12", "段落12", 1.0}, {"007", "7", 0.0}})
    CHECK(numbers_right(reply, answer) == score);
  const std::vector<std::string> classes = {"Date", "Date of birth", "Place", "of birth"};
  for (const auto& [reply, answer, ours, theirs] : {std::tuple{"Place", "Place", 1.0, 1.0}, {"Date of birth", "Date of birth", 1.0, 1.0},
                                                    {"Date of birth, Place", "Date of birth", 0.5, 0.5}, {"Date of birth", "Date", 1 / 3.0, 1 / 3.0},
                                                    {"nothing", "Place", 0.0, 0.0}, {"Place", "Date", 0.0, 0.0}}) {
    CHECK(classes_right(reply, classes, answer, false) == ours);
    CHECK(classes_right(reply, classes, answer, true) == theirs);
  }
  const std::vector<std::string> parts = {"a", "ab", "abc"};   // both parts are named; the program passes over the second
  CHECK(classes_right("abc", parts, "abc", false) == 1);
  CHECK(classes_right("abc", parts, "abc", true) == 0.5);
  for (const auto& [reply, line] : {std::pair{"\n\n  x = 1\ny", "  x = 1"}, {"```python\n# why\nreturn 2\n", "return 2"}, {"// a", ""}, {"", ""}})
    CHECK(first_code_line(reply) == line);
  CHECK(similarity("abc", "abd", false) == Approx(4.0 / 6));
  CHECK(similarity("abc", "abd", true) == 0.67);
  CHECK(similarity("abcbdab", "bdcaba", false) == Approx(8.0 / 13));
  CHECK(similarity(std::string(150'000, 'x') + "ab", "c" + std::string(150'000, 'x'), false) == Approx(300'000.0 / 300'003));
  CHECK(similarity("今天", "今日", false) == 0.5);
  CHECK(similarity("", "", true) == 1);
}

TEST_CASE("lawbench: labels, fields, items, articles and terms") {
  namespace law = metric::lawbench;
  using Texts = std::vector<std::string>;
  const Texts labels{"盗窃", "盗窃、侮辱尸体", "诈骗"};
  CHECK(law::labels_in("犯盗窃、侮辱尸体罪", labels, false) == Texts{"盗窃、侮辱尸体"});
  CHECK(law::labels_in("犯盗窃、侮辱尸体罪", labels, true) == Texts{"盗窃", "盗窃、侮辱尸体"});
  CHECK(law::f1_of_sets({"a", "b"}, {"a"}) == Approx(2.0 / 3));
  CHECK(law::f1_of_sets({}, {"a"}) == 0);
  CHECK(law::fields_score("受害人：张三\n地点: 无", "受害人:张三", {"受害人", "地点"}) == Approx(1));
  CHECK(law::fields_score("没有", "", {"受害人"}) == 1);
  CHECK(law::items_score("偷;退", "偷") == Approx(2.0 / 3));
  struct Articles { const char* text; Texts own, theirs; };
  for (const Articles& c : {Articles{"第二百六十四条、第133条之一", {"264", "133"}, {"264", "133"}},
                            {"第264条第1款", {"264"}, {}},
                            {"刑法264", {"264"}, {"264"}},
                            {"无", {}, {}}}) {
    INFO(c.text);
    CHECK(law::articles_in(c.text, false) == c.own);
    CHECK(law::articles_in(c.text, true) == c.theirs);
  }
  struct Term { const char* text; std::optional<uint64_t> own, theirs; };
  for (const Term& c : {Term{"有期徒刑三年六个月", 42, 6}, {"拘役五个月", 5, 5}, {"两年", 24, 24}, {"十二个月", 12, 12}, {"无期", {}, {}}}) {
    INFO(c.text);
    CHECK(law::months_in(c.text, false) == c.own);
    CHECK(law::months_in(c.text, true) == c.theirs);
  }
  CHECK(law::term_score(12, 12) == 1);
  CHECK(law::term_score({}, 12) == 0);
}
