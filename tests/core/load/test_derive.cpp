// Derived columns: each step by a table of records, and what is wrong with a card's steps or a row.
#include <catch2/catch.hpp>
#include "../../../core/load/derive.hpp"

using namespace sextant;
using namespace sextant::load;

namespace {

std::string derived(const std::string& steps, const std::string& record) {
  const auto config = json::parse("{\"x\": " + steps + "}", "derive");
  if (!config) return config.error().message;
  const auto derive = Derive::read(&*config, "card.json");
  if (!derive) return derive.error().message;
  const auto out = derive->apply(record);
  if (!out) return out.error().message;
  const json::Document parsed = *json::parse(*out, "record");
  return json::write(parsed["x"]);
}

struct Case { const char *steps, *record, *expected; };

}  // namespace

TEST_CASE("derive: each step makes its value", "[load]") {
  for (const Case& c : {
           Case{R"("{a}-{l[1]}")", R"({"a":"x","l":[1,2]})", R"("x-2")"},
           Case{R"({"text": "{o.k}"})", R"({"o":{"k":true}})", R"("True")"},
           Case{R"({"index_to_letter": "n"})", R"({"n":3})", R"("D")"},
           Case{R"({"index_to_letter": "n"})", R"({"n":"0"})", R"("A")"},
           Case{R"({"index_to_letter": "n", "first": 1})", R"({"n":1})", R"("A")"},
           Case{R"({"pick": "l", "at": "n"})", R"({"l":["a","b"],"n":1})", R"("b")"},
           Case{R"({"pick": "l", "at": "n"})", R"({"l":["a","b"],"n":"B"})", R"("b")"},
           Case{R"([{"index_of": "v", "in": "l"}, {"index_to_letter": true}])", R"({"l":["a","b","c"],"v":"c"})", R"("C")"},
           Case{R"({"list": ["{A}", "{B}"]})", R"({"A":"1","B":2})", R"(["1","2"])"},
           Case{R"({"map": {"yes": "A", "no": "B"}, "column": "v"})", R"({"v":"no"})", R"("B")"},
           Case{R"({"map": {"true": "A", "false": "B"}, "column": "v"})", R"({"v":false})", R"("B")"},
           Case{R"({"map": {"yes": 1}, "column": "v", "otherwise": null})", R"({"v":"?"})", "null"},
           Case{R"x({"regex": "#### (.+)", "column": "v"})x", R"({"v":"text\n#### 18"})", R"("18")"},
           Case{R"({"regex": "[0-9]+", "column": "v", "match": "last"})", R"({"v":"1 2 3"})", R"("3")"},
           Case{R"({"regex": "q", "column": "v", "otherwise": ""})", R"({"v":"x"})", R"("")"},
           Case{R"x([{"regex": "#### (.+)", "column": "v"}, {"replace": ",", "with": ""}])x", R"({"v":"#### 1,234,5"})",
                R"("12345")"},
           Case{R"({"split": ";", "column": "v"})", R"({"v":"a;b;"})", R"(["a","b",""])"},
           Case{R"({"json": "v"})", R"({"v":"[1, {\"a\": 2}]"})", R"([1,{"a":2}])"},
           Case{R"({"jinja": "{{ l | join('+') }}"})", R"({"l":["a","b"]})", R"("a+b")"},
       }) {
    INFO(c.steps);
    CHECK(derived(c.steps, c.record) == c.expected);
  }
}

TEST_CASE("derive: what is wrong is named", "[load]") {
  for (const Case& c : {
           Case{R"({"index_to_leter": "n"})", "{}", "there is no step 'index_to_leter' (did you mean 'index_to_letter'?)"},
           Case{R"({"regex": "a", "colum": "v"})", "{}", "has no member 'colum' (did you mean 'column'?)"},
           Case{R"x({"regex": "(a)", "column": "v", "group": "2"})x", "{}", "group must be a whole number"},
           Case{R"({"regex": "a", "column": "v", "match": 3})", "{}", "match is 3; it must be"},
           Case{R"({"regex": "a", "column": "v", "otherwise": 3})", "{}", "otherwise must be a text"},
           Case{R"({"split": ",", "column": "v"})", R"({"v":["a,b"]})", "takes a text apart, and this is a list"},
           Case{R"({"regex": "(", "column": "v"})", "{}", "card.json: reader.derive.x"},
           Case{R"({"regex": "a", "replace": "b", "with": ""})", "{}", "are two steps"},
           Case{R"([])", "{}", "the list of steps is empty"},
           Case{R"({"regex": "a", "column": "v"})", R"({"w":"b"})", "derived column 'x': there is no column 'v'"},
           Case{R"({"regex": "a", "column": "v"})", R"({"v":"b"})", "the pattern 'a' does not match in 'b'"},
           Case{R"({"index_to_letter": "n"})", R"({"n":-1})", "'-1' is not a number from 0 to 25"},
           Case{R"({"pick": "l", "at": "n"})", R"({"l":["a"],"n":1})", "'1' is not an index into 'l', which has 1 items"},
           Case{R"({"map": {"a": 1}, "column": "v"})", R"({"v":"b"})", "\"map\" has no entry for 'b'"},
           Case{R"("{nothing}")", R"({"v":"b"})", "there is no column 'nothing'"},
           Case{R"({"jinja": "{{ nothing }}"})", R"({"v":"b"})", "nothing"},
       }) {
    INFO(c.steps);
    CHECK_THAT(derived(c.steps, c.record), Catch::Contains(c.expected));
  }
}

TEST_CASE("derive: a later column sees an earlier one, and a card without any leaves the record's bytes alone", "[load]") {
  const auto config = json::parse(R"({"a": "1{q}", "b": "2{a}"})", "derive");
  CHECK(*Derive::read(&*config, "c")->apply(R"({"q":"x"})") == R"({"q":"x","a":"1x","b":"21x"})");
  CHECK(*Derive::read(nullptr, "c")->apply("{ \"q\" : 1.50 }") == "{ \"q\" : 1.50 }");
}

namespace {

// The record as a variant has it.
std::string varied(const std::string& how, const std::string& record) {
  const auto config = json::parse("{\"~variant\": " + how + "}", "derive");
  REQUIRE(config);
  const auto derive = Derive::read(&*config, "card.json");
  if (!derive) return derive.error().message;
  const auto out = derive->apply(record);
  return out ? *out : out.error().message;
}

std::string orders(const std::string& order, const std::string& options, const std::string& record) {
  return varied(R"({"kind":"option_order","number":1,"answer":"answer","order":")" + order + R"(","options":)" + options + "}",
                record);
}

}  // namespace

TEST_CASE("variants: options change places and the answer goes with them", "[load]") {
  const std::string columns = R"(["A","B","C","D"])", list = R"(["l"])";
  CHECK(orders("BCDA", columns, R"({"A":"a","B":"b","C":"c","D":"d","answer":"A"})") ==
        R"({"A":"b","B":"c","C":"d","D":"a","answer":"D"})");
  CHECK(orders("BCDA", columns, R"({"A":"a","B":"b","C":"c","D":"","answer":"C"})") ==
        R"({"A":"b","B":"c","C":"a","D":"","answer":"B"})");
  CHECK(orders("DCBA", columns, R"({"A":1,"B":2,"C":3,"D":4,"answer":"B"})") == R"({"A":4,"B":3,"C":2,"D":1,"answer":"C"})");
  CHECK(orders("BCDA", list, R"({"l":["a","b","c","d"],"answer":0})") == R"({"l":["b","c","d","a"],"answer":3})");
  CHECK(orders("BCDA", list, R"({"l":["a","b"],"answer":"B"})") == R"({"l":["b","a"],"answer":"A"})");
  CHECK(orders("BADC", list, R"({"l":["a","b","c","d","e"],"answer":"E"})") == R"({"l":["b","a","d","c","e"],"answer":"E"})");
  CHECK(orders("BCDA", list, R"({"l":["a","b"],"answer":"b"})") == R"({"l":["b","a"],"answer":"b"})");
  CHECK(orders("BCDA", list, R"({"l":["(A)a","(B)b","(C)c"],"answer":"A"})") == R"({"l":["(A)b","(B)c","(C)a"],"answer":"C"})");
  CHECK(orders("BCDA", list, R"({"l":["A. a","B. b"],"answer":"A"})") == R"({"l":["A. b","B. a"],"answer":"B"})");
  CHECK(orders("BA", list, R"({"l":["A rose","B. b"],"answer":"A"})") == R"({"l":["B. b","A rose"],"answer":"B"})");
  for (const auto& [options, record, words] : {std::tuple(columns, R"({"A":"a","B":"b","answer":"x"})", "neither the letter"),
                                               std::tuple(columns, R"({"A":"a","B":"b"})", "no column 'answer'"),
                                               std::tuple(list, R"({"l":"a","answer":"A"})", "is not a list"),
                                               std::tuple(list, R"({"l":["a"],"answer":7})", "neither the letter")})
    CHECK(orders("BCDA", options, record).find(words) != std::string::npos);
  CHECK(orders("BCDD", columns, "{}").find("an \"order\" such as") != std::string::npos);
  CHECK(varied(R"({"kind":"typo","number":1})", "{}").find("did you mean 'typos'?") != std::string::npos);
}

TEST_CASE("variants: what is derived of a changed column follows it, and what is derived itself is changed", "[load]") {
  const auto config = json::parse(R"x({"~variant": {"kind":"option_order","number":1,"options":["l"],"answer":"letter","order":"BA"},
      "lines": "{l[0]} {l[1]}", "letter": {"index_to_letter": "n"}})x", "derive");
  const auto derive = Derive::read(&*config, "card.json");
  REQUIRE(derive);
  CHECK(*derive->apply(R"({"l":["x","y"],"n":1})") == R"({"l":["y","x"],"n":1,"lines":"y x","letter":"A"})");
  const auto raw = json::parse(R"x({"~variant": {"kind":"option_order","number":1,"options":["l"],"answer":"n","order":"BA"},
      "lines": "{l[0]} {l[1]}"})x", "derive");
  CHECK(*Derive::read(&*raw, "card.json")->apply(R"({"l":["x","y"],"n":1})") == R"({"l":["y","x"],"n":0,"lines":"y x"})");
  const auto text_of = json::parse(R"x({"~variant": {"kind":"option_order","number":1,"options":["l"],"answer":"n","order":"BA"},
      "l": "{l[0]} {l[1]}"})x", "derive");  // the derived column has the name of the list that it is made of
  CHECK(*Derive::read(&*text_of, "card.json")->apply(R"({"l":["x","y"],"n":1})") == R"({"l":"y x","n":0})");
  const auto found = json::parse(R"x({"~variant": {"kind":"option_order","number":1,"options":["l"],"answer":"at","order":"BA"},
      "at": {"index_of": "v", "in": "l"}})x", "derive");
  CHECK(*Derive::read(&*found, "card.json")->apply(R"({"l":["x","y"],"v":"y"})") == R"({"l":["y","x"],"v":"y","at":0})");
  const auto text = json::parse(R"x({"~variant": {"kind":"case","number":2,"columns":["q"]}, "q": "so: {t}"})x", "derive");
  CHECK(*Derive::read(&*text, "card.json")->apply(R"({"t":"it"})") == R"({"t":"it","q":"SO: IT"})");
}

TEST_CASE("variants: texts are changed the same way each time, and nothing else is", "[load]") {
  const std::string record = R"({"question":"Which river flows through Prague, 你们在哪里做实验?","answer":"A","n":3})";
  for (const char* kind : {"typos", "case", "full_width", "homophones"}) {
    const std::string how = std::string(R"({"kind":")") + kind + R"(","number":2,"columns":["question","n","none"]})";
    const std::string once = varied(how, record);
    CAPTURE(kind, once);
    CHECK(once != record);
    CHECK(once == varied(how, record));
    CHECK(json::parse(once, kind));
    CHECK(once.substr(once.find(R"("answer")")) == record.substr(record.find(R"("answer")")));
  }
  CHECK(varied(R"({"kind":"typos","number":1,"columns":["q"]})", R"({"q":"of 12 or 你"})") == R"({"q":"of 12 or 你"})");
  CHECK(varied(R"({"kind":"case","number":2,"columns":["q"]})", R"({"q":"aZ é 你"})") == R"({"q":"AZ é 你"})");
  CHECK(varied(R"({"kind":"full_width","number":1,"columns":["q"]})", R"({"q":"a B"})") == R"({"q":"ａ Ｂ"})");
}
