// The parts of sentences in messages, by tables.
#include <catch2/catch.hpp>
#include <sextant/message_text.hpp>
#include <vector>

using namespace sextant;

TEST_CASE("a mistyped name finds the nearest one, a foreign one finds none") {
  const std::vector<std::string> names{"ceval_gen", "ceval_ppl", "cmmlu_gen", "gsm8k_gen", "temperature"};
  struct Row {
    std::string word, nearest;
  };
  for (const Row& row : std::vector<Row>{{"ceval_gne", "ceval_gen"},
                                         {"ceval_gen", "ceval_gen"},
                                         {"cmlu_gen", "cmmlu_gen"},
                                         {"temprature", "temperature"},
                                         {"gsm8k", "gsm8k_gen"},
                                         {"temp", "temperature"},
                                         {"xyzzy", ""},
                                         {"", ""},
                                         {"zz", ""}}) {
    CAPTURE(row.word);
    CHECK(nearest_name(row.word, names) == row.nearest);
  }
  CHECK(nearest_name("any", {}).empty());
  CHECK(did_you_mean("ceval_gne", names) == " (did you mean 'ceval_gen'?)");
  CHECK(did_you_mean("xyzzy", names).empty());
}

TEST_CASE("a text is shortened between characters") {
  CHECK(shorten("abc", 3) == "abc");
  CHECK(shorten("abcd", 3) == "abc...");
  CHECK(shorten("答案是", 4) == "答...");
  CHECK(shorten("答案是", 2) == "...");
}

TEST_CASE("parts are joined with what stands between them") {
  CHECK(join({}, ", ").empty());
  CHECK(join(std::vector<std::string>{"a", "b", "c"}, ", ") == "a, b, c");
}

