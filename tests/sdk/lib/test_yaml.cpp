// YAML 1.1 by a table, and files that were made to exhaust a reader. All 14,441 YAML files of lm-eval 0.4.13 were compared with
// PyYAML once.
#include <catch2/catch.hpp>
#include <sextant/yaml.hpp>

using namespace sextant;

namespace {

std::string read(const std::string& text) {
  const auto out = yaml::parse(text, "t.yaml");
  return out ? json::write(*out) : out.error().message;
}

struct Case { const char *text, *expected; };

}  // namespace

TEST_CASE("yaml: scalars are those of YAML 1.1", "[yaml]") {
  for (const Case& c : {Case{"yes", "true"},
                        Case{"Off", "false"},
                        Case{"y", R"("y")"},
                        Case{"~", "null"},
                        Case{"", "null"},
                        Case{"'yes'", R"("yes")"},
                        Case{"010", "8"},
                        Case{"0x1F", "31"},
                        Case{"0b101", "5"},
                        Case{"1_000", "1000"},
                        Case{"-5", "-5"},
                        Case{"1:30", "90"},
                        Case{"09", R"("09")"},
                        Case{"1e-5", R"("1e-5")"},
                        Case{"1.0e5", R"("1.0e5")"},
                        Case{"1.5e+3", "1500.0"},
                        Case{".5", "0.5"},
                        Case{"1.", "1.0"},
                        Case{".inf", R"(".inf")"},
                        Case{"1.0.0", R"("1.0.0")"},
                        Case{"18446744073709551615", "18446744073709551615"},
                        Case{"99999999999999999999", R"("99999999999999999999")"},
                        Case{"!!str 5", R"("5")"},
                        Case{"!function a.b", R"({"!function":"a.b"})"},
                        Case{R"("\xA0")", "\"\xC2\xA0\""}}) {
    CAPTURE(c.text);
    CHECK(read(c.text) == c.expected);
  }
}

TEST_CASE("yaml: maps, lists, blocks, aliases", "[yaml]") {
  for (const Case& c : {
           Case{"a: 1\nb: [x, {c: 2}]\na: 3", R"({"a":3,"b":["x",{"c":2}]})"},
           Case{"a: |\n  x\n  y\n", R"({"a":"x\ny\n"})"},
           Case{"a: 'x\n\n\n  '", R"({"a":"x\n\n"})"},
           Case{"b: &b {x: 1, y: 2}\nk: {<<: *b, y: 3}", R"({"b":{"x":1,"y":2},"k":{"y":3,"x":1}})"},
           Case{"k: {<<: [{x: 1}, {x: 2, z: 3}], <<: {z: 4, w: 5}, y: 6, y: 7}", R"({"k":{"y":7,"x":1,"z":3,"w":5}})"},
           Case{"a: &a [1]\nb: *a", R"({"a":[1],"b":[1]})"}}) {
    CAPTURE(c.text);
    CHECK(read(c.text) == c.expected);
  }
}

TEST_CASE("yaml: what is wrong is named with its line", "[yaml]") {
  std::string laugh = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n", deep, keys;
  for (int i = 1; i < 12; ++i) {
    laugh += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 9; ++k) laugh += (k ? ",*a" : "*a") + std::to_string(i - 1);
    laugh += "]\n";
  }
  for (int i = 0; i < 60'000; ++i) keys += "k" + std::to_string(i) + ": 1\n";
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"a: [1", "t.yaml:2:1: this is not YAML"},
           {"a: !x 1", "t.yaml:1:4: the tag !x is not known"},
           {"a: *b", "names no anchor"},
           {"a: &a [*a]", "names no anchor"},
           {"? [a]\n: 1", "a key that is a list"},
           {"a: \xff", "t.yaml:1:4: the file is not UTF-8"},
           {"a: 1\n---\nb: 2", "a second document"},
           {std::string(100'000, '['), "nest more than 60 deep"},
           {std::string(100'000, '-') + "x", "-"},
           {laugh, "more than 50000 values"},
           {keys, "more than 50000 values"},
           {std::string(5u << 20, 'a'), "is not read"}}) {
    CAPTURE(text.substr(0, 60));
    CHECK_THAT(read(text), Catch::Contains(expected));
  }
}
