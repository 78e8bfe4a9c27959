// UTF-8: what is broken, how it is repaired, and where a text may be cut.
#include <catch2/catch.hpp>
#include <sextant/utf8_text.hpp>

using namespace sextant;

TEST_CASE("what is not UTF-8 is seen, and replaced one character at a time") {
  const std::string mark = "\xEF\xBF\xBD";
  struct Row {
    std::string name, bytes, text;
  };
  for (const Row& row : std::vector<Row>{{"ascii", "abc", "abc"},
                                         {"empty", "", ""},
                                         {"nul", std::string("a\0b", 3), std::string("a\0b", 3)},
                                         {"chinese", "答案", "答案"},
                                         {"emoji", "\xF0\x9F\x99\x82", "\xF0\x9F\x99\x82"},
                                         {"cut off", "a\xE7\xAD", "a" + mark},
                                         {"cut off inside",
                                          "\xE7\xAD"
                                          "b",
                                          mark + "b"},
                                         {"lone continuation", "a\x80z", "a" + mark + "z"},
                                         {"overlong slash", "\xC0\xAF", mark + mark},
                                         {"overlong of three", "\xE0\x80\xAF", mark + mark + mark},
                                         {"surrogate", "\xED\xA0\x80", mark + mark + mark},
                                         {"beyond U+10FFFF", "\xF4\x90\x80\x80", mark + mark + mark + mark},
                                         {"last of all", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
                                         {"latin-1", "caf\xE9", "caf" + mark},
                                         {"cut emoji", "\xF0\x9F\x99", mark}}) {
    CAPTURE(row.name);
    CHECK(utf8::is_valid(row.bytes) == (row.bytes == row.text));
    CHECK(utf8::repair(row.bytes) == row.text);
    CHECK(utf8::is_valid(utf8::repair(row.bytes)));
  }
}

TEST_CASE("a code point's bytes are read back as it") {
  for (const char32_t code :
       {U'\0', U'a', U'\x7F', U'\x80', U'\x7FF', U'\x800', U'\uFFFD', U'\uFFFF', U'\U00010000', U'\U0010FFFF'}) {
    std::string text = "x";
    utf8::append(text, code);
    const utf8::Character character = utf8::at(text, 1);
    CHECK(character.valid);
    CHECK(character.code == code);
    CHECK(character.size == text.size() - 1);
  }
}

TEST_CASE("a text is cut only between characters, and counted in them") {
  const std::string text = "a\xC3\xA9\xE7\xAD\x94\xF0\x9F\x99\x82";
  const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
  for (size_t bytes = 0; bytes < std::size(expected); ++bytes) CHECK(utf8::boundary(text, bytes) == expected[bytes]);
  CHECK(utf8::length(text) == 4);
}

TEST_CASE("a repaired text knows where its bytes come from") {
  std::vector<size_t> origin;
  CHECK(utf8::repair("a\xE7\xADz", &origin) == "a\xEF\xBF\xBDz");
  CHECK(origin == std::vector<size_t>{0, 1, 1, 1, 3, 4});
}
