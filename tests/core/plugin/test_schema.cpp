// A configuration against its schema: one sentence for each way to get it wrong, and the defaults.
#include <catch2/catch.hpp>
#include "core/plugin/schema.hpp"

using namespace sextant;
using namespace sextant::plugin;
using Catch::Matchers::Contains;

namespace {

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false, "required": ["path"],
  "properties": {
    "path": {"type": "string", "minLength": 1},
    "mode": {"enum": ["first", "last"], "default": "first", "description": "which one"},
    "count": {"type": "integer", "minimum": 1, "maximum": 9},
    "share": {"type": "number", "minimum": 0, "exclusiveMinimum": true},
    "stop": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
    "pattern": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    "name": {"type": "string", "pattern": "^[a-z]+$"},
    "inner": {"type": "object", "additionalProperties": false, "properties": {"depth": {"type": "integer", "default": 2}}}
  }})";

}  // namespace

TEST_CASE("what is wrong with a configuration is said in one sentence") {
  const auto [config, expected] = GENERATE(table<std::string, std::string>({
      {R"({"path": "p", "mod": 1})",
       "flag: metric:m does not know the key 'mod' (did you mean 'mode'?); its keys are path, mode"},
      {R"({"path": "p", "mod": {}})", "does not know the key 'mod' (did you mean 'mode'?)"},
      {R"({"path": "p", "inner": {"dept": 1}})", "does not know the key 'inner.dept' (did you mean 'depth'?)"},
      {R"({})", "flag: metric:m needs the key 'path'"},
      {R"({"path": 3})", "has the key 'path', which must be string, not 3"},
      {R"({"path": ""})", "has the key 'path', which must have at least 1 characters, not \"\""},
      {R"({"path": "p", "mode": "frist"})", "has the key 'mode', which must be one of \"first\", \"last\", not \"frist\""},
      {R"({"path": "p", "count": 0})", "has the key 'count', which must be at least 1, not 0"},
      {R"({"path": "p", "count": 10})", "has the key 'count', which must be at most 9, not 10"},
      {R"({"path": "p", "count": 1.5})", "has the key 'count', which must be integer, not 1.5"},
      {R"({"path": "p", "share": 0})", "has the key 'share', which must be greater than 0, not 0"},
      {R"({"path": "p", "stop": ["a", 1]})", "has the key 'stop.1', which must be string, not 1"},
      {R"({"path": "p", "stop": ["a", "b", "c"]})", "has the key 'stop', which has more items than the 2 allowed"},
      {R"({"path": "p", "pattern": 1})", "has the key 'pattern', which must be string or null, not 1"},
      {R"({"path": "p", "name": "A"})", "has the key 'name', which must match the pattern \"^[a-z]+$\", not \"A\""},
      {R"({"path": "p", "inner": {"depth": "x"}})", "has the key 'inner.depth', which must be integer, not \"x\""},
      {R"([1])", "is configured with [1]; give a JSON object"},
      {R"({"path": )", "flag: metric:m:1:10: Invalid value"},
  }));
  const auto checked = check_config("metric:m", schema, config, "flag");
  REQUIRE_FALSE(checked);
  CHECK(checked.error().kind == Error::Kind::config);
  CHECK_THAT(checked.error().message, Contains(expected));
}

TEST_CASE("defaults are filled in, also of nested objects, and nothing that was given changes") {
  const auto [config, expected] = GENERATE(table<std::string, std::string>({
      {R"({"path":"p"})", R"({"path":"p","mode":"first"})"},
      {R"({"mode":"last","path":"p","inner":{}})", R"({"mode":"last","path":"p","inner":{"depth":2}})"},
      {R"({"path":"p","inner":{"depth":7},"share":0.1})", R"({"path":"p","inner":{"depth":7},"share":0.1,"mode":"first"})"},
  }));
  const auto checked = check_config("metric:m", schema, config, "flag");
  REQUIRE(checked);
  CHECK(*checked == expected);
}

TEST_CASE("an empty configuration is an empty object") {
  CHECK(*check_config("metric:m", R"({"type":"object"})", "", "flag") == "{}");
}

TEST_CASE("a schema that is none is the plugin's fault") {
  const std::string bad =
      GENERATE("", "[]", "3", R"({"type": "string"})", R"({"$ref": "#/definitions/x"})", R"({"type": "object")",
               R"({"properties": {"a": {"$ref": "#/definitions/x"}}})", R"({"properties": {"a": {"pattern": "(("}}})",
               R"({"definitions": {"x": {"$ref": "#/definitions/x"}}})");
  const auto parsed = parse_schema(bad, "the schema of metric:m");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == Error::Kind::data);
  CHECK_THAT(parsed.error().message, Contains("the schema of metric:m"));
}

TEST_CASE("a schema may refer to itself") {
  const char* tree =
      R"({"definitions": {"node": {"properties": {"next": {"$ref": "#/definitions/node"}, "n": {"type": "integer"}}}},
                         "properties": {"root": {"$ref": "#/definitions/node"}}})";
  CHECK(check_config("metric:m", tree, R"({"root":{"next":{"n":1}}})", "flag"));
  CHECK_THAT(check_config("metric:m", tree, R"({"root":{"next":{"n":"1"}}})", "flag").error().message,
             Contains("'root.next.n'"));
}

TEST_CASE("only declared properties are accepted") {
  CHECK(schema_accepts(schema, "path"));
  CHECK_FALSE(schema_accepts(schema, "depth"));
  CHECK_FALSE(schema_accepts(R"({"type": "object"})", "path"));
}

TEST_CASE("a schema reads as a list of options") {
  const auto options = options_of(*parse_schema(schema, "schema"));
  REQUIRE(options.size() == 9);
  CHECK(options[0].name == "path");
  CHECK(options[0].required);
  CHECK(options[1].type == R"(one of "first", "last")");
  CHECK(options[1].default_json == "\"first\"");
  CHECK(options[1].description == "which one");
  CHECK(options[5].type == "string or null");
  CHECK(options[8].name == "inner.depth");
}
