#include <functional>
#include <catch2/catch.hpp>
#include "../../plugins/postprocessors/first_capital/first_capital.hpp"
#include "../../plugins/postprocessors/first_capital_multi/first_capital_multi.hpp"
#include "../../plugins/postprocessors/options/first_option.hpp"
#include "../../plugins/postprocessors/first_option/opencompass.hpp"
#include "../../plugins/postprocessors/last_option/last_option.hpp"
#include "golden.hpp"
#include "step_counter.hpp"
#include "worst_cases.hpp"

using namespace sextant;
using namespace sextant::postprocess;

namespace {

template <class T> T must(Result<T> result) {
  INFO((result ? "" : result.error().message));
  REQUIRE(result);
  return *std::move(result);
}

/// Every golden string through `extract`, against the golden's member `name`.
void check_golden(const char* name, const std::function<std::string(std::string_view)>& extract) {
  const json::Document all = test::golden("mcq");
  if (all.IsNull()) return;
  REQUIRE(all.Size() > 40);
  for (const auto& entry : all.GetArray()) {
    const std::string text = *json::find_string(entry, "text");
    INFO(text);
    CHECK(extract(text) == *json::find_string(entry, name));
  }
}

struct Case { const char* text; const char* expected; };

}  // namespace

TEST_CASE("first_capital in OpenCompass' way gives what OpenCompass gives") {
  const FirstUppercase extract = must(FirstUppercase::make());
  check_golden("first_capital", [&](std::string_view text) { return must(extract(text)); });
}

TEST_CASE("first_option in OpenCompass' way gives what OpenCompass gives") {
  struct Variant { const char* golden; const char* options; bool cushion; };
  for (const Variant& v : {Variant{"first_option_ABCD", "ABCD", true}, Variant{"first_option_ABCD_nocushion", "ABCD", false},
                           Variant{"first_option_AJ", "ABCDEFGHIJ", true}}) {
    INFO(v.golden);
    const auto extract = must(FirstOptionOpencompass::make(v.options, v.cushion));
    check_golden(v.golden, [&](std::string_view text) { return must(extract(text)); });
  }
}

TEST_CASE("last_option and first_capital_multi in OpenCompass' way give what OpenCompass gives") {
  check_golden("last_option_ABCD", [](std::string_view text) { return last_option_opencompass(text, "ABCD"); });
  check_golden("first_capital_multi", [](std::string_view text) { return first_run_opencompass(text, "ABCD"); });
}

TEST_CASE("CMMLU's pattern gives what OpenCompass gives") {
  const Regex pattern = must(Regex::compile(R"((?i)答案\s*:\W*([A-D]))"));
  check_golden("match_cmmlu", [&](std::string_view text) {
    const auto match = must(pattern.search(text));
    return match ? std::string(match->groups[1]) : std::string();
  });
}

TEST_CASE("OpenCompass' first_option prefers the order of the options inside a group") {
  CHECK(must(must(FirstOptionOpencompass::make("ABCD", true))("C. because A")) == "A");
}

TEST_CASE("first_capital takes the first option letter that stands alone") {
  for (const Case& c : {Case{"B", "B"},
                        {"The answer is C", "C"},
                        {"选A。", "A"},
                        {"Ａ选项", "A"},
                        {"（Ｄ）", "D"},
                        {"ABS brakes: C", "C"},
                        {"A4 paper, B", "B"},
                        {"CDA", ""},
                        {"I think E", ""},
                        {"", ""},
                        {"答案D选项", "D"},
                        {"\xFF"
                         "B",
                         "B"},
                        {"2B or C", "C"}}) {
    INFO(c.text);
    CHECK(first_capital(c.text, "ABCD") == c.expected);
  }
  CHECK(first_capital("I think E", "ABCDE") == "E");
}

TEST_CASE("last_option takes the last option letter that stands alone") {
  for (const Case& c : {Case{"A or B? B, not CD", "B"}, {"答案：Ｃ", "C"}, {"A", "A"}, {"none", ""}, {"B DA", "B"}}) {
    INFO(c.text);
    CHECK(last_option(c.text, "ABCD") == c.expected);
  }
}

TEST_CASE("first_capital_multi takes the first run of letters that stands alone") {
  for (const Case& c : {Case{"Answer: ABD", "ABD"},
                        {"答案是ＡＣ", "AC"},
                        {"ABE", ""},
                        {"B", "B"},
                        {"", ""},
                        {"选A、B、D", "ABD"},
                        {"The answers are A, C and D.", "ACD"},
                        {"BA", "AB"},
                        {"A good answer: BC", "BC"},
                        {"<think>A</think>CD", "CD"},
                        {"ABACUS: AD", "AD"},
                        {"A. iron\nC. lead", "AC"},
                        {"A、铁\n\nC、铅\n理由：B不是", "AC"},
                        {"B. cork, not\nthe others", "B"},
                        {"答案：A. iron\nB. is wrong", "A"},
                        {"The correct options are (A), (C), and (D).", "ACD"},
                        {"**A** and **C**", "AC"},
                        {"A+C", "AC"},
                        {"The answers are A) and C)", "AC"},
                        {"A\nC", "AC"},
                        {"B\nCertainly", "B"},
                        {"A项正确，C项正确，B项错误", "AC"},
                        {"选BCD，A错误", "BCD"},
                        {"排除A，选BC", "BC"},
                        {"Both A and C", "AC"},
                        {"A is wrong. B and C", "BC"},
                        {"(A) iron and (C) lead", "A"}}) {
    INFO(c.text);
    CHECK(first_run(c.text, "ABCD") == c.expected);
  }
}

TEST_CASE("first_option finds the answer that is stated") {
  const auto extract = must(FirstOption::make("ABCD", true));
  for (const Case& c : {Case{"故选A", "A"},
                        {"故选：B", "B"},
                        {"答案：B", "B"},
                        {"答案应该是C", "C"},
                        {"答案选项为 B", "B"},
                        {"正确答案：(B)", "B"},
                        {"选项D正确", "D"},
                        {"只有A是对的", "A"},
                        {"说法不正确的是D", "D"},
                        {"The answer is (D).", "D"},
                        {"The answer is option: A", "A"},
                        {"The correct answer is \\boxed{B}", "B"},
                        {"The correct option is: \\boxed{D}", "D"},
                        {"The answer to the question is A", "A"},
                        {"ANSWER: C", "C"},
                        {"answer : d", "D"},
                        {"I think B", "B"},
                        {"(C)", "C"},
                        {"**B** is right", "B"},
                        {"1. foo A\n2. B", "B"},
                        {"  C  ", "C"},
                        {"A和B都不对，选C", "C"},
                        {"Let's think step by step. The answer is D", "D"},
                        {"ＡＢ", ""},
                        {"答案是Ａ", "A"},
                        {"The capital of France is Paris. B", "B"},
                        {"综上所述，答案是\nD", "D"},
                        {"D\n\n解析：A错误", "D"},
                        {"C. because A", "C"},
                        {"选项A错误，选项B正确", "B"},
                        {"A cat sat. The best choice is **D**", "D"},
                        {"A good question! Option C is correct", "C"},
                        {"答案是 无", ""},
                        {"no option here", ""},
                        {"", ""},
                        {"因此，正确的选项是 **B**。", "B"},
                        {"**Answer:** B", "B"},
                        {"**答案**：C", "C"},
                        {"Option A is wrong. The answer is B.", "B"},
                        {"A是错误的，B是正确的", "B"},
                        {"The answer is A because B is wrong", "A"}}) {
    INFO(c.text);
    CHECK(must(extract(c.text)) == c.expected);
  }
}

TEST_CASE("first_option reads replies as their readers do") {
  // tests/plugins/replies.jsonl: {"text", "answer", "record"?, "options"?}, one reply a line; several, none and refusals are ""
  const auto of_four = must(FirstOption::make("ABCD", true)), of_two = must(FirstOption::make("AB", true));
  const std::string lines = must(csv::read_text(std::filesystem::path(SEXTANT_PLUGIN_TESTS) / "replies.jsonl"));
  size_t replies = 0;
  for (size_t begin = 0; begin < lines.size(); ++replies) {
    const size_t end = lines.find('\n', begin);
    const json::Document reply = must(json::parse(lines.substr(begin, end - begin), "replies.jsonl"));
    begin = end + 1;
    const std::string text = *json::find_string(reply, "text");
    const json::Value* record = json::find(reply, "record");
    const auto& extract = json::find_string(reply, "options") == "AB" ? of_two : of_four;
    INFO(text);
    CHECK(must(extract(text, record ? json::write(*record) : "{}")) == *json::find_string(reply, "answer"));
  }
  CHECK(replies > 800);
}

TEST_CASE("first_option reads the replies of public reports right") {
  const auto folder = test::test_data();
  if (!folder) return;
  const auto text = csv::read_text(*folder / "../cases/05-odd-replies/right.json");
  if (!text) {
    WARN("SKIP: the cases are not beside the real data");
    return;
  }
  const auto extract = must(FirstOption::make("ABCD", true));
  const json::Document replies = must(json::parse(*text, "right.json"));
  for (const auto& reply : replies.GetArray()) {
    INFO(json::text(reply[0]));
    CHECK(must(extract(json::text(reply[0]))) == json::text(reply[1]));
  }
}

TEST_CASE("first_option knows an option by its letter, whatever letters there are") {
  const auto extract = must(FirstOption::make("ABCDEFGHIJ", true));
  for (const Case& c : {Case{"I think the answer is G.", "G"},
                        {"I'd say J", "J"},
                        {"The answer is I.", "I"},
                        {"I is correct", "I"},
                        {"I am not sure.", ""},
                        {"(I)", "I"},
                        {"答案是Ｉ", "I"},
                        {"A, B, C, D and E are wrong; F it is", "F"}}) {
    INFO(c.text);
    CHECK(must(extract(c.text)) == c.expected);
  }
}

TEST_CASE("first_capital and last_option pass over words of one letter and over thinking") {
  for (const auto& [text, first, last] : {std::tuple("A characteristic of a ring; the answer is (C)", "C", "C"),
                                          {"I think A is right", "A", "A"},
                                          {"A good answer", "", ""},
                                          {"A is right, not B", "A", "B"},
                                          {"A", "A", "A"},
                                          {"A。", "A", "A"},
                                          {"<think>A</think>B", "B", "B"},
                                          {"<think>A", "", ""},
                                          {"B or C. A nice pair", "B", "C"}}) {
    INFO(text);
    CHECK(first_capital(text, "ABCDEFGHI") == first);
    CHECK(last_option(text, "ABCDEFGHI") == last);
  }
}

TEST_CASE("first_option without cushion does not guess from a letter in passing") {
  const auto strict = must(FirstOption::make("ABCD", false)), loose = must(FirstOption::make("ABCD", true));
  CHECK(must(strict("vitamin C helps")) == "");
  CHECK(must(loose("vitamin C helps")) == "");
  CHECK(must(loose("Plan B, maybe")) == "B");
  CHECK(must(strict("Plan B, maybe")) == "");
}

TEST_CASE("first_option agrees with OpenCompass on nearly all goldens") {
  // where it does not, OpenCompass finds nothing: full-width and lower-case letters
  const auto extract = must(FirstOption::make("ABCD", true));
  const json::Document all = test::golden("mcq");
  if (all.IsNull()) return;
  for (const auto& entry : all.GetArray()) {
    const std::string text = *json::find_string(entry, "text"), expected = *json::find_string(entry, "first_option_ABCD");
    INFO(text);
    if (!expected.empty()) CHECK(must(extract(text)) == expected);
  }
}

namespace {

/// Every pattern of a card's post-processors.
void collect_patterns(const json::Value& value, std::vector<std::string>& out) {
  if (value.IsObject()) {
    for (const auto& member : value.GetObject()) {
      if (json::text(member.name) == "pattern" && member.value.IsString()) out.emplace_back(json::text(member.value));
      else collect_patterns(member.value, out);
    }
  }
  if (value.IsArray())
    for (const auto& item : value.GetArray()) collect_patterns(item, out);
}

}  // namespace

TEST_CASE("no reply takes first_option more steps than its length allows") {
  const auto extract = must(FirstOption::make("ABCD", true, &test::steps));
  test::check_linear(test::steps_of([&](const std::string& text) { must(extract(text)); }), 800);  // the windows around the
                                                                                                   // first letters are full
}

TEST_CASE("no window takes a phrase of first_option many steps") {
  // a phrase sees so many bytes and no more, so that a bound is enough: 256 mentions at most are read, each by some phrases
  constexpr uint64_t steps_max = 60'000;
  uint64_t steps = 0, most = 0;
  const Phrases phrases = must(Phrases::make(nullptr, &steps));
  for (uint64_t number = test::first_worst_case(), end = number + test::worst_case_count(); number < end; ++number) {
    const std::string text = canonical(test::worst_case(number, 2 * window_bytes));
    const size_t begin = utf8::boundary(text, text.size() % 7);
    const std::string_view window = std::string_view(text).substr(begin, utf8::boundary(text.substr(begin), window_bytes));
    for (const auto phrase :
         {&Phrases::denies,    &Phrases::singles,    &Phrases::states,      &Phrases::concludes,    &Phrases::corrects,
          &Phrases::contrasts, &Phrases::supposes,   &Phrases::qualifies,   &Phrases::prefers,      &Phrases::likewise,
          &Phrases::is_answer, &Phrases::is_chosen,  &Phrases::is_wrong,    &Phrases::is_named,     &Phrases::is_right,
          &Phrases::is_better, &Phrases::is_tempting, &Phrases::is_right_but, &Phrases::asks,       &Phrases::ends,
          &Phrases::explains}) {
      steps = 0;
      must((phrases.*phrase).found_in(window));
      most = std::max(most, steps);
    }
    INFO("text " << number << ": " << window);
    REQUIRE(most < steps_max);
  }
}

TEST_CASE("no reply takes OpenCompass' first_option more steps than its length allows") {
  const auto extract = must(FirstOptionOpencompass::make("ABCD", true, &test::steps));
  test::check_linear(test::steps_of([&](const std::string& text) { must(extract(text)); }));
}

TEST_CASE("no reply takes a card's own pattern more steps than its length allows") {
  std::vector<std::string> patterns;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(SEXTANT_PLUGIN_TESTS) / "../../datasets")) {
    if (entry.path().extension() != ".json") continue;
    const auto card = json::parse(must(csv::read_text(entry.path())), entry.path().string(), json::Syntax::relaxed);
    if (card) collect_patterns(*card, patterns);
  }
  REQUIRE_FALSE(patterns.empty());
  for (const std::string& pattern : patterns) {
    INFO(pattern);
    uint64_t steps = 0;
    RegexOptions options;
    options.steps_taken = &steps;
    const Regex regex = must(Regex::compile(pattern, options));
    test::check_linear([&](const std::string& text) {
      steps = 0;
      must(regex.search(text));
      return steps;
    });
  }
}

TEST_CASE("replies that were once too much for a pattern are read at once") {
  const auto own = must(FirstOption::make("ABCD", true));
  const auto opencompass = must(FirstOptionOpencompass::make("ABCD", true));
  const auto repeated = [](const std::string& unit, size_t bytes) {
    std::string out;
    while (out.size() < bytes) out += unit;
    return out;
  };
  for (const std::string& text :
       {"答案" + std::string(22, '\n'), "答案" + std::string(100'000, '\n'), repeated("The correct answer is ", 40'000),
        repeated("答案是", 40'000) + " x", repeated("A, ", 40'000), repeated("<think>", 40'000), repeated("a ", 40'000),
        repeated("the answer is A or ", 40'000), repeated("\\boxed{", 40'000), repeated("( [ ", 40'000)}) {
    INFO(text.substr(0, 40));
    CHECK(must(own(text)).size() <= 1);
    CHECK(must(opencompass(text)).size() <= 1);
  }
  CHECK(must(own("答案" + std::string(22, '\n') + "B")) == "B");
}

TEST_CASE("OpenCompass' form that ends at a full stop is the pattern that it stands for") {
  const Regex pattern = must(Regex::compile(R"(答案(?:应该)?[是为]\s?(\S+)(?:。|$))", {.dotall = true}));
  const auto fast = must(StatedUntilAStop::make(nullptr));
  const char* const fragments[] = {"答案是", "答案应该为", "答案", "是", "。", " ", "\n", "A", "x", "B。", "为"};
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (uint64_t n = random() % 9; n > 0; --n) text += fragments[random() % std::size(fragments)];
    const auto match = must(pattern.search(text));
    INFO(json::quote(text));
    REQUIRE(must(fast(text)) == (match ? match->groups[1] : std::string_view()));
  }
}

TEST_CASE("a pattern that backtracks for ever is an error, not a hang") {
  const Regex pattern = must(Regex::compile("(a+)+$"));
  const auto found = pattern.search(std::string(64, 'a') + "b");
  REQUIRE_FALSE(found);
  CHECK(found.error().message.find("(a+)+$") != std::string::npos);
}

TEST_CASE("a broken pattern or flag is a configuration error that names it") {
  const auto broken = Regex::compile("(abc");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().message.find("\"(abc\"") != std::string::npos);
  const auto flag = RegexOptions::of_flags("iq");
  REQUIRE_FALSE(flag);
  CHECK(flag.error().message.find("'q'") != std::string::npos);
}
