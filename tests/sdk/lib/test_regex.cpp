// Regular expressions: what Python's re finds and replaces (tests/golden/make_python_re.py), bounds, and what is said of bad
// patterns.
#include <catch2/catch.hpp>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sextant/json.hpp>
#include <sextant/regex.hpp>

using namespace sextant;
using Catch::Matchers::Contains;

namespace {

json::Document golden() {
  std::ifstream file(SEXTANT_GOLDEN_DIR "/python_re.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return *json::parse(text, "python_re.json");
}

RegexOptions python(std::string_view flags = "") {
  RegexOptions options = *RegexOptions::of_flags(flags);
  options.syntax = RegexOptions::Syntax::python;
  return options;
}

std::string shown(const std::vector<RegexMatch>& matches) {
  std::string out;
  for (const RegexMatch& match : matches) {
    out += std::to_string(match.begin) + json::quote(match.groups[0]);
    for (size_t k = 1; k < match.groups.size(); ++k) out += match.has(k) ? json::quote(match.groups[k]) : "null";
    out += ' ';
  }
  return out;
}

std::string shown(const json::Value& matches) {
  std::string out;
  for (const auto& match : matches.GetArray()) {
    out += json::write(match[0][0]) + json::write(match[0][1]);
    for (const auto& group : match[1].GetArray()) out += json::write(group);
    out += ' ';
  }
  return out;
}

}  // namespace

TEST_CASE("a pattern of Python's re finds what re finds") {
  const json::Document cases = golden();
  for (const auto& entry : cases["find"].GetArray()) {
    CAPTURE(json::write(entry));
    for (const bool to_code : {false, true}) {
      RegexOptions options = python(json::text(entry["flags"]));
      options.compiled_to_code = options.valid_text = to_code;
      const auto regex = Regex::compile(json::text(entry["pattern"]), options);
      REQUIRE(regex);
      const auto found = regex->find_all(json::text(entry["text"]));
      REQUIRE(found);
      CHECK(shown(*found) == shown(entry["matches"]));
      const auto last = regex->search_last(json::text(entry["text"]));
      REQUIRE(last);
      CHECK(last->has_value() == !found->empty());
      if (*last) CHECK((*last)->begin == found->back().begin);
    }
  }
}

TEST_CASE("a template of Python's re replaces as re.sub does") {
  const json::Document cases = golden();
  for (const auto& entry : cases["sub"].GetArray()) {
    CAPTURE(json::write(entry));
    const auto regex = Regex::compile(json::text(entry["pattern"]), python());
    REQUIRE(regex);
    const auto result = regex->replace(json::text(entry["text"]), json::text(entry["by"]), entry["count"].GetUint64());
    REQUIRE(result);
    CHECK(json::quote(*result) == json::quote(json::text(entry["result"])));
  }
}

TEST_CASE("what re refuses is refused, and the pattern named") {
  const json::Document cases = golden();
  for (const auto& pattern : cases["bad"].GetArray()) {
    CAPTURE(json::write(pattern));
    const auto regex = Regex::compile(json::text(pattern), python(), "here");
    REQUIRE_FALSE(regex);
    CHECK(regex.error().kind == Error::Kind::config);
    CHECK_THAT(regex.error().message, Contains("here: the regular expression " + json::write(pattern) + " cannot be used: "));
  }
  for (const auto& pair : cases["bad_sub"].GetArray()) {
    CAPTURE(json::write(pair));
    const auto result = Regex::compile(json::text(pair[0]), python())->replace("a", json::text(pair[1]));
    REQUIRE_FALSE(result);
    CHECK_THAT(result.error().message, Contains("the replacement " + json::write(pair[1]) + " cannot be used: "));
  }
}

TEST_CASE("templates know $1 and ${name} too, unless they are Python's") {
  const auto regex = Regex::compile(R"((?<first>\w)(\w))");
  REQUIRE(regex);
  for (const auto& [by, expected] : {std::pair("$2$1", "ba"), {"${first}!", "a!"}, {"$$1", "$1"}, {R"(\2\g<first>)", "ba"},
                                     {R"(\$1)", "$1"}, {"$0$0", "abab"}, {"$", "$"}, {"$x", "$x"}})
    CHECK(*regex->replace("ab", by) == expected);
  CHECK_FALSE(regex->replace("ab", "$3"));
  CHECK_FALSE(regex->replace("ab", "${second}"));
  CHECK_FALSE(regex->replace("ab", "${first"));
}

TEST_CASE("a search that exceeds a bound is an error that names the pattern, and no long wait") {
  RegexOptions limited;
  limited.limits.seconds = 0.05;
  struct Row { std::string pattern, text; bool to_code; };
  for (const Row& row :
       std::vector<Row>{{"(a+)+$", std::string(64, 'a') + "b", false},
                        {"(a+)+$", std::string(64, 'a') + "b", true},
                        {"(?:(?:a|b|ab)+)+c", std::string(5'000, 'a') + "!c", false},
                        {"a*b", std::string(1'000'000, 'a') + "!b", false},  // cheap from each place, and there are many
                        {"^(a|b)*?c", std::string(3'000'000, 'a'), true}}) {
    CAPTURE(row.pattern, row.to_code);
    RegexOptions options = limited;
    options.compiled_to_code = row.to_code;
    const auto regex = Regex::compile(row.pattern, options, "filter");
    REQUIRE(regex);
    const std::string says = "filter: the regular expression " + json::quote(row.pattern) + " gives up on a text of ";
    for (const Error& error :
         {regex->search(row.text).error(), regex->found_in(row.text).error(), regex->find_all(row.text).error(),
          regex->search_last(row.text).error(), regex->replace(row.text, "").error(),
          regex->for_each(row.text, [](size_t, size_t) {}).error()}) {
      CHECK(error.kind == Error::Kind::data);
      CHECK_THAT(error.message, Contains(says) && Contains("write the pattern without nested repetition"));
    }
  }
}

TEST_CASE("a pattern that is too large is refused") {
  CHECK_THAT(Regex::compile(std::string(70'000, 'a')).error().message, Contains("70000 bytes"));
  CHECK_FALSE(Regex::compile("((((a{1000}){1000}){1000}){1000})"));
  CHECK_FALSE(Regex::compile(std::string(5'000, '(') + std::string(5'000, ')')));
  RegexOptions small;
  small.limits.compiled_bytes = 500;
  CHECK_THAT(Regex::compile("(abc|def){50}", small).error().message, Contains("500 are allowed"));
}

TEST_CASE("text that is not UTF-8 matches only where it is") {
  const auto regex = Regex::compile(R"(\w+)");
  CHECK(shown(*regex->find_all("ab\xFF" "cd\xC3")) == "0\"ab\" 3\"cd\" ");
  CHECK_FALSE(*Regex::compile("\\x{FF}")->found_in("\xFF"));
}

TEST_CASE("an empty text, a place behind the end, and a text without an address are searched") {
  const auto empty = Regex::compile("^$");
  CHECK(*empty->found_in(""));
  CHECK(*empty->found_in(std::string_view()));
  CHECK((*empty->search(std::string_view()))->has(0));
  CHECK_FALSE(empty->search("", 1)->has_value());
  CHECK((*Regex::compile("(?<=a)b")->search("ab", 1))->begin == 1);  // what lies before is seen
}

TEST_CASE("the matches of a long text take as long as the text") {
  const auto blanks = Regex::compile(R"(\s++)");
  REQUIRE(blanks);
  const auto seconds = [&](size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += "答 ";
    timespec begin{}, end{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    const auto out = blanks->replace(text, "");
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    REQUIRE(out);
    CHECK(out->size() == text.size() / 4 * 3);
    return static_cast<double>(end.tv_sec - begin.tv_sec) + 1e-9 * static_cast<double>(end.tv_nsec - begin.tv_nsec);
  };
  const double once = seconds(40'000), four_times = seconds(160'000);
  CHECK(four_times < 10 * once + 0.05);
  // where a byte is broken, what stands around it still matches
  std::string broken(5000, ' ');
  broken.insert(2500, "\xFF");
  CHECK(*blanks->replace(broken, "-") == "-\xFF-");
}

TEST_CASE("most engines count no empty match behind another, Python does") {
  const auto regex = Regex::compile("x*");
  std::string places;
  REQUIRE(regex->for_each(
      "axb", [&](size_t begin, size_t end) { places += std::to_string(begin) + "-" + std::to_string(end) + " "; }));
  CHECK(places == "0-0 1-2 3-3 ");
  CHECK(regex->find_all("axb")->size() == 4);
}

TEST_CASE("options mean what they say") {
  CHECK(*Regex::compile("a", {.whole = true})->found_in("a"));
  CHECK_FALSE(*Regex::compile("a|ab", {.whole = true})->found_in("abc"));
  CHECK(*Regex::compile("a|ab", {.whole = true})->found_in("ab"));
  CHECK(*Regex::compile("a$")->found_in("a\n"));
  CHECK_FALSE(*Regex::compile("a$", {.dollar_is_end = true})->found_in("a\n"));
  CHECK_FALSE(*Regex::compile("\\w", {.unicode_classes = false})->found_in("\xC3\xA9"));
  CHECK(*Regex::compile("(*UCP)\\w", {.unicode_classes = false})->found_in("\xC3\xA9"));
  CHECK(Regex::compile("(?<a>x)(?<b>y)")->group_of("b") == 2u);
  CHECK_FALSE(Regex::compile("(?<a>x)")->group_of("c"));
  CHECK_THAT(RegexOptions::of_flags("iq").error().message, Contains("'q'"));
}

TEST_CASE("an escaped text matches itself and nothing else") {
  std::string all;
  for (char c = 1; c < 127; ++c) all += c;
  for (const bool extended : {false, true}) {
    const auto regex = Regex::compile(regex_escape(all), {.extended = extended, .whole = true});
    REQUIRE(regex);
    CHECK(*regex->found_in(all));
    CHECK_FALSE(*regex->found_in(all + "x"));
  }
}
