// What sextant/json.hpp promises beyond RapidJSON: exact doubles, and no input that takes the stack or the meaning.
#include <catch2/catch.hpp>
#include <cmath>
#include <sextant/json.hpp>
#include <sextant/json_scratch.hpp>
#include <sextant/json_text.hpp>

using namespace sextant;

TEST_CASE("a zero is a zero whatever its exponent") {
  for (const char* text : {"0e308", "0E99", "0.000e300", "0e-400", "0.0", "0e5"}) {
    const auto parsed = json::parse(text, "x");
    REQUIRE(parsed);
    CHECK(parsed->GetDouble() == 0.0);
    CHECK_FALSE(std::signbit(parsed->GetDouble()));
  }
  CHECK(std::signbit(json::parse("[1, -0e99]", "x")->GetArray()[1].GetDouble()));
}

TEST_CASE("a number beyond a double's range is an error") {
  CHECK(json::parse("1.7976931348623157e308", "x"));
  for (const char* text :
       {"2e308", "[-1e999]", "5555555555555555555555555555555555555555555555555555555555555555555555555e308"})
    CHECK_FALSE(json::parse(text, "x"));
}

TEST_CASE("half a surrogate pair is an error") {
  CHECK(json::write(*json::parse(R"("\ud83d\ude00")", "x")) == "\"\xF0\x9F\x98\x80\"");
  for (const char* text : {R"("\ude00")", R"(["\\ud83d\ude00"])", R"({"\udc00": 1})", R"("\ud83d")"})
    CHECK_FALSE(json::parse(text, "x"));
}

TEST_CASE("nesting ends at depth_max") {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(json::parse(nested(json::depth_max), "x"));
  for (const size_t depth : {size_t{json::depth_max} + 1, size_t{3'000'000}}) {
    const auto parsed = json::parse(nested(depth), "x.json");
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find("x.json:1:201: lists and objects nest more than 200 deep") == 0);
  }
}

TEST_CASE("doubles survive writing and reading to the bit") {
  for (const double value :
       {0.1, 1e-5, 3.6676000356674194, 5e-324, 1.7976931348623157e308, -2.2250738585072014e-308, 1e22, 123456789012345680.0}) {
    json::Document document;
    document.SetDouble(value);
    CHECK(json::parse(json::write(document), "x")->GetDouble() == value);
  }
}

TEST_CASE("a number that JSON cannot write is null, and what stands behind it is there") {
  json::Document document(rapidjson::kObjectType);
  json::set(document, "a", json::Value(std::numeric_limits<double>::infinity()), document.GetAllocator());
  json::set(document, "b", json::Value(1), document.GetAllocator());
  CHECK(json::write(document) == R"({"a":null,"b":1})");
  CHECK(json::write_pretty(document) == "{\n  \"a\": null,\n  \"b\": 1\n}");
}

TEST_CASE("an error says what is wrong in the writer's words, and what to do") {
  const std::pair<const char*, const char*> cases[] = {{R"({"a":NaN})", "JSON has no NaN"},
                                                       {R"({"a":None})", "Python's None; JSON writes null"},
                                                       {"{'a':1}", "single quotes"},
                                                       {R"({"a":'x'})", "single quotes"},
                                                       {R"({"a":1,})", "a comma stands in front of '}'"},
                                                       {"[1,]", "a comma is one too many"},
                                                       {"[1 2]", "a comma or ']' is missing"},
                                                       {R"({"a" 1})", "a colon is missing"},
                                                       {R"({"a": )", "cut short"},
                                                       {R"({"a": 1)", "cut short"},
                                                       {R"("abc)", "no closing double quote"},
                                                       {R"({"a":1} {"a":2})", ".jsonl"},
                                                       {"abc", "'abc' is not a JSON value"},
                                                       {R"("\q")", "a backslash"},
                                                       {"", "there is nothing here"}};
  for (const auto& [text, words] : cases) {
    const auto parsed = json::parse(text, "x");
    CAPTURE(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find(words) != std::string::npos);
  }
}

// ---- sextant/json_text.hpp: the same bytes without a tree of values ----

TEST_CASE("text that is passed on unparsed is what parsing and writing it would give, or is left to the parser") {
  const char* plain[] = {R"({ "a" : [ 1 , -20, "x\n\"\\\t" ], "b":{ } , "c":[ ], "天":"é \u0022"})", R"([[[]],{"a":{"b":[true,false,null]}}])",
                         "  \"x\"  ", "123456789012345678", "[0]", "[1.5,-0.25,0.1,1e300,5e-324]", R"({"a":1,"a":2})"};
  const char* parsed[] = {R"(["\u00e9"])", R"(["\/"])", "[1.50]", "[1e3]", "[1.]", "[.5]", "[1e999]", "[0.1e1]", "[1.5", "[-0]", "[1234567890123456789]", "[01]", "[1,]", "{\"a\"}", "[1] 2", "",
                          "\"\xff\"", "\"a\nb\"", "nul", "[1", "\"a", "{\"a\":1 \"b\":2}"};
  const auto check = [](const std::string& text) {
    const auto value = json::parse(text, "x");
    std::string out = "before";
    if (append_plain(out, text)) {
      REQUIRE(value);
      CHECK(out == "before" + json::write(*value));
    } else {
      CHECK(out == "before");
    }
    JsonText inner(JsonText::Layout::pretty, 0);
    inner.begin_array();
    inner.embed(text);
    inner.end_array();
    json::Document list(rapidjson::kArrayType);
    auto& a = list.GetAllocator();
    list.PushBack(value ? json::Value(*value, a) : json::Value(std::string(text == "\"\xff\"" ? "\"\xEF\xBF\xBD\"" : text), a), a);
    CHECK(inner.str() == json::write_pretty(list));
  };
  for (const char* text : plain) check(text);
  for (const char* text : parsed) check(text);
  std::string out;
  CHECK(append_plain(out, plain[3]));
  CHECK_FALSE(append_plain(out, parsed[0]));
  std::string deep(300, '[');
  CHECK_FALSE(append_plain(out, deep + std::string(300, ']')));
}

TEST_CASE("the fast parser gives what the exact one gives, and its words") {
  const std::string deep = std::string(250, '[') + std::string(250, ']'), nul("[1]\0x", 5);
  JsonScratch scratch;
  for (const std::string& text :
       {std::string(R"({"a":[1,-2,3.25,1e300,0.1,5e-324,-0.0,1e-999,12345678901234567890,123456789012345678901234567890],"b":{"c":null,"d":[true,false]}})"),
        std::string(R"(["\n\"\\\/","\u00e9","天","\ud83d\ude00"])"), std::string("  {}\n"), std::string("\xEF\xBB\xBF[1]"), std::string("\"\xff\""),
        std::string("1e999"), std::string("[1"), std::string("{\"a\" 1}"), std::string("[1] 2"), std::string(""), std::string("nul"), std::string("[\"\\ude00\"]"), deep, nul}) {
    INFO(text);
    const auto exact = json::parse(text, "x");
    const auto fast = parse_fast(text, "x");
    const auto kept = scratch.parse(text, "x");
    REQUIRE(bool(fast) == bool(exact));
    REQUIRE(bool(kept) == bool(exact));
    if (exact) {
      CHECK(json::write(*fast) == json::write(*exact));
      CHECK(json::write(**kept) == json::write(*exact));
    } else {
      CHECK(fast.error().message == exact.error().message);
      CHECK(kept.error().message == exact.error().message);
    }
  }
}

TEST_CASE("a member of an object is found as the parser finds it") {
  std::string value;
  CHECK(find_plain_member(R"({"a": {"b": 1}, "b" : [1, "x"], "b": 2})", "b", value) == Member::found);
  CHECK(value == R"([1,"x"])");
  CHECK(find_plain_member(R"({"a": {"b": 1}})", "b", value) == Member::absent);
  CHECK(find_plain_member("{ }", "b", value) == Member::absent);
  for (const char* text : {R"({"a": 1, "\u0062": 2})", R"({"b": 1.50})", R"({"b": 1} x)", R"({"b": 1)", "[]", R"({"b": 1,})"}) {
    CHECK(find_plain_member(text, "b", value) == Member::unknown);
    CHECK(value.empty());
  }
}

TEST_CASE("written text has the writer's bytes") {
  std::string every;
  for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
  for (const std::string& text : {every.substr(0, 128), std::string("天空 \u00e9"), std::string()}) {
    std::string out;
    append_quoted(out, text);
    CHECK(out == json::quote(text));
  }
  std::string out;
  append_quoted(out, "a\xff\n");
  CHECK(out == "\"a\xEF\xBF\xBD\\n\"");
  JsonText text(JsonText::Layout::compact);
  text.begin_object();
  text.member("n", uint32_t{7});
  text.member("x", 0.1);
  text.member("none", std::nan(""));
  text.key("list");
  text.begin_array();
  text.boolean(true);
  text.null();
  text.end_array();
  text.end_object();
  CHECK(text.str() == R"({"n":7,"x":0.1,"none":null,"list":[true,null]})");
}
