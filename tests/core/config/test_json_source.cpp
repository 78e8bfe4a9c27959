#include <catch2/catch.hpp>
#include "../../../core/base/files.hpp"
#include "../../../core/config/json_source.hpp"
#include "../temporary_folder.hpp"

using namespace sextant;

namespace {

const json::Document shape = *schema::parse(R"({"type": "object", "additionalProperties": false, "properties": {
  "extends": {}, "name": {"type": "string"}, "sizes": {"type": "array", "items": {"type": "integer", "maximum": 9}},
  "inner": {"type": "object", "additionalProperties": false, "properties": {"alpha": {"type": "boolean"}}}}})",
                                            "the test's schema");

std::string message_of(const std::string& text) {
  const auto source = config::JsonSource::from_text(text, "card.json");
  if (!source) return source.error().message;
  const auto checked = source->check(shape);
  return checked ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("comments and trailing commas are fine", "[config]") {
  CHECK(message_of("{ // why\n \"name\": \"x\", /* or */ \"sizes\": [1, 2,],\n}") == "");
}

TEST_CASE("an unknown key is named with file, line and the nearest key", "[config]") {
  CHECK(message_of("{\n  \"name\": \"x\",\n  \"size\": [1]\n}") ==
        "card.json:3: unknown key 'size' (did you mean 'sizes'?); known here: extends, name, sizes, inner");
  CHECK(message_of("{\"inner\": {\n\"alhpa\": true}}") ==
        "card.json:2: unknown key 'inner.alhpa' (did you mean 'alpha'?); known here: alpha");
}

TEST_CASE("a key that stands twice in one object is an error", "[config]") {
  CHECK(message_of("{\"name\": \"x\",\n\"inner\": {\"alpha\": true,\n\"alpha\": false}}") ==
        "card.json:3: the key 'alpha' stands twice in its object; remove one");
  CHECK(json::find_string(config::JsonSource::from_text("{\"a\": [{\"name\": 1}, {\"name\": 2}]}", "x")->root(), "b") == std::nullopt);
}

TEST_CASE("a wrong type is named with its key", "[config]") {
  CHECK(message_of("{\n\"name\": 3}") == "card.json:2: name must be a text");
  CHECK(message_of("{\"sizes\": [1,\n \"two\"]}") == "card.json:2: sizes.1 must be a whole number");
  CHECK(message_of("{\"sizes\": [1,\n 10]}") == "card.json:2: sizes.1 must be at most 9, not 10");
  CHECK(message_of("[]") == "card.json: the file must hold one JSON object");
}

TEST_CASE("what is not JSON names line and column", "[config]") {
  CHECK(message_of("{\n  \"name\" \"x\"}").find("card.json:2:10: ") == 0);
}

TEST_CASE("extends merges objects member by member and replaces the rest", "[config]") {
  const test::TemporaryFolder folder;
  REQUIRE(write_file(folder.path() / "base.json", R"({"name": "base", "sizes": [1, 2], "inner": {"alpha": true}})"));
  REQUIRE(write_file(folder.path() / "card.json", R"({"extends": "base.json", "sizes": [3]})"));
  const auto merged = config::load_merged(folder.path() / "card.json", shape);
  REQUIRE(merged);
  CHECK(json::canonical(*merged) == R"({"inner":{"alpha":true},"name":"base","sizes":[3]})");
}

TEST_CASE("extends in a circle, or to nowhere, is an error that names the files", "[config]") {
  const test::TemporaryFolder folder;
  REQUIRE(write_file(folder.path() / "a.json", R"({"extends": "b.json"})"));
  REQUIRE(write_file(folder.path() / "b.json", R"({"extends": ["a.json"]})"));
  REQUIRE(write_file(folder.path() / "c.json", "{\n\"extends\": \"none.json\"}"));
  const auto circle = config::load_merged(folder.path() / "a.json", shape);
  REQUIRE_FALSE(circle);
  CHECK(circle.error().message.find("a.json -> ") != std::string::npos);
  CHECK(circle.error().message.find("b.json") != std::string::npos);
  const auto nowhere = config::load_merged(folder.path() / "c.json", shape);
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().message.find("c.json:2") != std::string::npos);
  CHECK(nowhere.error().message.find("none.json") != std::string::npos);
}
