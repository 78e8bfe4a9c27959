// A configuration against its schema: one sentence for each way to get it wrong, and the defaults.
#include <catch2/catch.hpp>
#include <sextant/json_schema.hpp>

using namespace sextant;
using namespace sextant::schema;
using Catch::Matchers::Contains;

namespace {

constexpr const char* mixed = R"({
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
      {R"({"path": )", "flag: metric:m:1:10: the text ends where a value should follow"},
  }));
  const auto checked = check_config("metric:m", mixed, config, "flag");
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
  const auto checked = check_config("metric:m", mixed, config, "flag");
  REQUIRE(checked);
  CHECK(*checked == expected);
}

TEST_CASE("an empty configuration is an empty object") {
  CHECK(*check_config("metric:m", R"({"type":"object"})", "", "flag") == "{}");
}

TEST_CASE("a schema that is none is the plugin's fault") {
  const auto [bad, expected] = GENERATE(table<std::string, std::string>({
      {"", ":1:1: there is nothing here"},
      {"[]", "must be a JSON Schema object"},
      {"3", "must be a JSON Schema object"},
      {R"({"type": "string"})", "describes a \"string\""},
      {R"({"$ref": "#/definitions/x"})", "without a $ref at its root"},
      {R"({"type": "object")", "the text ends inside an object"},
      {R"({"properties": {"a": {"$ref": "#/definitions/x"}}})", R"(has the "$ref" "#/definitions/x", which leads nowhere or)"},
      {R"({"properties": {"a": {"$ref": "#/required"}}, "required": ["a"]})", R"("#/required", which leads nowhere)"},
      {R"({"properties": {"a": {"$ref": 3}}})", R"(the "$ref" 3, which leads nowhere)"},
      {R"({"definitions": {"x": {"$ref": "#/definitions/x"}}})", "in a circle"},
      {R"({"elsewhere": {"type": "text"}, "not": {"$ref": "#/elsewhere"}})", R"(has the "type" "text", which must be "null",)"},
      {R"({"properties": {"a": {"pattern": "(("}}})", R"(the "pattern" "((", which must be a regular expression)"},
      {R"({"type": []})", R"(the "type" [])"},
      {R"({"enum": 3})", "a list that is not empty"},
      {R"({"properties": {"a": 3}})", "an object of schemas"},
      {R"({"properties": [{}]})", "an object of schemas"},
      {R"({"patternProperties": "1"})", "an object of schemas (objects) whose names are regular expressions"},
      {R"({"patternProperties": {"(": {}}})", "whose names are regular expressions"},
      {R"({"additionalProperties": 1})", "a schema (an object), true or false"},
      {R"({"required": true})", "a list of names"},
      {R"({"required": [1]})", "a list of names"},
      {R"({"dependencies": {"a": [1]}})", "an object of schemas (objects) or lists of names"},
      {R"({"properties": {"a": {"items": [1]}}})", "a schema (an object) or a list of schemas"},
      {R"({"properties": {"a": {"items": [{"maxItems": -1}]}}})", "a whole number of 0 or more"},
      {R"({"allOf": [1]})", "a list of schemas"},
      {R"({"oneOf": []})", "a list of schemas (objects) that is not empty"},
      {R"({"anyOf": [[]]})", "a list of schemas"},
      {R"({"not": 3})", "a schema (an object)"},
      {R"({"minimum": "1"})", "a number"},
      {R"({"multipleOf": 0})", "a number above 0"},
      {R"({"exclusiveMaximum": 3})", "true or false"},
  }));
  CAPTURE(bad);
  const auto parsed = parse(bad, "the schema of metric:m");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == Error::Kind::data);
  CHECK_THAT(parsed.error().message, Contains("the schema of metric:m") && Contains(expected));
}

TEST_CASE("each rule of a schema is kept or broken") {
  const auto [rules, kept, broken] = GENERATE(table<std::string, std::string, std::string>({
      {R"({"type": ["null", "boolean"]})", "[null, true, false]", "[0, \"\", [], {}]"},
      {R"({"type": "integer"})", "[0, -1, 18446744073709551615]", "[1.0, true]"},
      {R"({"type": "number"})", "[0, -1.5]", "[null, \"1\"]"},
      {R"({"type": "object"})", "[{}]", "[[]]"},
      {R"({"enum": [1, "a", [2], {"x": 1, "y": 2}, null]})", R"([1, 1.0, "a", [2], {"y": 2, "x": 1}, null])",
       R"([2, "b", [], {"x": 1}, false])"},
      {R"({"minimum": -9223372036854775808})", "[-9223372036854775808, 18446744073709551615, -0.5]", "[-1e30]"},
      {R"({"minimum": 9007199254740992, "exclusiveMinimum": true})", "[9007199254740993]", "[9007199254740992]"},
      {R"({"maximum": 18446744073709551615})", "[18446744073709551615, -1]", "[1e30]"},
      {R"({"maximum": -1, "exclusiveMaximum": true})", "[-2]", "[-1, 18446744073709551615]"},
      {R"({"multipleOf": 3})", "[0, -9, 9223372036854775806, 1.5e1]", "[-9223372036854775808, 1]"},
      {R"({"multipleOf": 0.1})", "[0.3, -7, 1e300]", "[0.25]"},
      {R"({"multipleOf": 1e-300})", "[1e300]", "[]"},
      {R"({"minLength": 2, "maxLength": 3})", R"(["\u4e2d\u6587", "abc", 7])", R"(["\u4e2d", "abcd"])"},
      {R"({"pattern": "^b+$"})", R"(["b", 3])", R"(["ab", "b\n", ""])"},
      {R"({"pattern": "b"})", R"(["abc"])", R"(["ac"])"},
      {R"({"items": {"type": "null"}, "minItems": 1, "maxItems": 2})", "[[null], [null, null]]",
       "[[], [1], [null, null, null]]"},
      {R"({"items": [{"type": "null"}], "additionalItems": false})", "[[], [null]]", "[[1], [null, null]]"},
      {R"({"items": [{"type": "null"}], "additionalItems": {"type": "boolean"}})", "[[null, true]]", "[[null, null]]"},
      {R"({"uniqueItems": true})", R"([[], [1, "1", [1], {"a": 1}]])", R"([[1, 1], [{"a": 1, "b": 2}, {"b": 2, "a": 1}]])"},
      {R"({"required": ["a", "b"]})", R"([{"a": 1, "b": null}])", R"([{"a": 1}])"},
      {R"({"minProperties": 1, "maxProperties": 1})", R"([{"a": 1}])", R"([{}, {"a": 1, "b": 1}])"},
      {R"({"patternProperties": {"^a": {"type": "null"}}, "additionalProperties": false})", R"([{"ab": null}])",
       R"([{"ab": 1}, {"b": null}])"},
      {R"({"properties": {"a": {}}, "additionalProperties": {"type": "null"}})", R"([{"a": 1, "b": null}])", R"([{"b": 1}])"},
      {R"({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}})", R"([{}, {"a": 1, "b": 1}, {"c": 1, "d": 1}])",
       R"([{"a": 1}, {"c": 1}])"},
      {R"({"allOf": [{"minimum": 1}, {"maximum": 2}]})", "[1, 2]", "[0, 3]"},
      {R"({"anyOf": [{"minimum": 2}, {"maximum": 0}]})", "[0, 2]", "[1]"},
      {R"({"oneOf": [{"minimum": 1}, {"maximum": 2}]})", "[0, 3]", "[1, 2]"},
      {R"({"not": {"type": "null"}})", "[1]", "[null]"},
  }));
  CAPTURE(rules);
  const std::string schema = R"({"properties": {"v": )" + rules + "}}";
  for (const auto& [list, expected] : {std::pair(kept, true), std::pair(broken, false)}) {
    const auto values = json::parse(list, "values");
    REQUIRE(values);
    for (const auto& value : values->GetArray()) {
      const auto checked = check_config("metric:m", schema, R"({"v":)" + json::write(value) + "}", "flag");
      CAPTURE(json::write(value));
      CHECK(checked.has_value() == expected);
      if (!checked) CHECK_THAT(checked.error().message, Contains("flag: metric:m ") && Contains("'v"));
    }
  }
}

TEST_CASE("a schema that cannot be checked within bounds is the plugin's fault") {
  const std::string letters(30'000, 'a');
  std::string doubling = R"({"properties": {"a": {"$ref": "#/definitions/x0"}}, "definitions": {"x40": {"type": "null"})";
  for (int i = 0; i < 40; ++i) {
    const std::string next = R"({"$ref": "#/definitions/x)" + std::to_string(i + 1) + "\"}";
    doubling += R"(, "x)" + std::to_string(i) + R"(": {"anyOf": [)" + next + ", " + next + "]}";
  }
  const auto [schema, config, expected] = GENERATE_COPY(table<std::string, std::string, std::string>({
      {R"({"allOf": [{"$ref": "#/definitions/a"}], "definitions": {"a": {"allOf": [{"$ref": "#/definitions/a"}]}}})",
       "{}", "without an end"},
      {R"({"not": {"$ref": "#"}})", "{}", "without an end"},
      {R"({"properties": {"a": {"pattern": "^(a|a)*c"}}})", R"({"a": ")" + letters + "\"}", "takes too long to match"},
      {doubling + "}}", R"({"a": 1})", "too many rules"},
  }));
  const auto checked = check_config("metric:m", schema, config, "flag");
  REQUIRE_FALSE(checked);
  CHECK(checked.error().kind == Error::Kind::data);
  CHECK_THAT(checked.error().message, Contains("the schema of metric:m ") && Contains(expected));
}

TEST_CASE("a long text is no matter for a pattern") {
  const std::string schema = R"({"properties": {"a": {"pattern": "^[ab]*$"}}})";
  CHECK(check_config("metric:m", schema, R"({"a": ")" + std::string(200'000, 'a') + "\"}", "flag"));
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
  CHECK(accepts(mixed, "path"));
  CHECK_FALSE(accepts(mixed, "depth"));
  CHECK_FALSE(accepts(R"({"type": "object"})", "path"));
}

TEST_CASE("a schema reads as a list of options") {
  const auto list = options(*parse(mixed, "schema"));
  REQUIRE(list.size() == 9);
  CHECK(list[0].name == "path");
  CHECK(list[0].required);
  CHECK(list[1].type == R"(one of "first", "last")");
  CHECK(list[1].default_json == "\"first\"");
  CHECK(list[1].description == "which one");
  CHECK(list[5].type == "string or null");
  CHECK(list[8].name == "inner.depth");
}

namespace {

// a secret of each place where one can stand, and what no result depends on
constexpr const char* annotated = R"({
  "type": "object", "definitions": {
    "login": {"type": "object", "properties": {"user": {"type": "string"}, "password": {"type": "string", "x-secret": true},
              "next": {"$ref": "#/definitions/login"}}},
    "hidden": {"type": "string", "x-secret": true}},
  "properties": {
    "threads": {"type": "integer", "x-affects-results": false},
    "schedule": {"type": "object", "x-affects-results": false, "properties": {"seed": {"type": "integer"}}},
    "sampling": {"type": "object", "properties": {"seed": {"type": "integer"}, "trace": {"anyOf": [{"type": "null"}, {"type": "string", "x-affects-results": false}]}}},
    "token": {"$ref": "#/definitions/hidden"},
    "login": {"$ref": "#/definitions/login"},
    "keys": {"type": "array", "items": {"type": "string", "x-secret": true}},
    "headers": {"type": "object", "properties": {"accept": {"type": "string"}}, "additionalProperties": {"type": "string", "x-secret": true}},
    "env": {"type": "object", "patternProperties": {"_KEY$": {"x-secret": true}}},
    "plain": {"type": "string"}}})";

}  // namespace

TEST_CASE("a key affects results unless the schema of it, or of an object around it, says that it does not") {
  const json::Document schema = *parse(annotated, "schema");
  for (const auto& [key, expected] : {std::pair("plain", true),
                                      {"threads", false},
                                      {"schedule", false},
                                      {"schedule.seed", false},
                                      {"sampling", true},
                                      {"sampling.seed", true},
                                      {"sampling.trace", false},
                                      {"unknown", true},
                                      {"plain.unknown", true},
                                      {"", true}}) {
    CAPTURE(key);
    CHECK(affects_results(schema, key) == expected);
  }
}

TEST_CASE("what affects no result is taken out of a configuration") {
  const json::Document schema = *parse(annotated, "schema");
  json::Document config =
      *json::parse(R"({"threads": 3, "schedule": {"seed": 1}, "sampling": {"seed": 1, "trace": "x"}, "plain": "p"})", "config");
  remove_without_effect(schema, config);
  CHECK(json::write(config) == R"({"sampling":{"seed":1},"plain":"p"})");
}

TEST_CASE("the keys of secrets are listed, and those of a schema that refers to itself once") {
  CHECK(secret_keys(*parse(annotated, "schema")) ==
        std::vector<std::string>{"token", "login.password", "keys.*", "headers.*", "env.*"});
  CHECK(secret_keys(*parse(R"({"type": "object"})", "schema")).empty());
}

TEST_CASE("secrets are taken out of a configuration, wherever the schema has them") {
  const json::Document schema = *parse(annotated, "schema");
  json::Document config = *json::parse(
      R"({"token": "t", "login": {"user": "u", "password": "p1", "next": {"password": "p2"}}, "keys": ["k1", "k2"],
          "headers": {"accept": "a", "authorization": "h"}, "env": {"HOME": "/", "API_KEY": 7}, "plain": "p"})", "config");
  CHECK(remove_secrets(schema, config) == std::vector<std::string>{"t", "p1", "p2", "k1", "k2", "h", "7"});
  CHECK(json::write(config) ==
        R"({"login":{"user":"u","next":{}},"keys":[],"headers":{"accept":"a"},"env":{"HOME":"/"},"plain":"p"})");
}

TEST_CASE("an annotation is true or false") {
  for (const char* bad :
       {R"({"properties": {"a": {"x-secret": "yes"}}})", R"({"properties": {"a": {"x-affects-results": 0}}})"})
    CHECK_THAT(parse(bad, "schema").error().message, Contains("which must be true or false"));
}

TEST_CASE("secrets that are set are written as stars, and found again by them") {
  const json::Document schema = *parse(annotated, "schema");
  json::Document config = *json::parse(
      R"({"token": "", "login": {"user": "u", "password": "p1"}, "keys": ["k1", null], "env": {"API_KEY": 7}, "plain": "***"})",
      "config");
  CHECK(hidden_secrets(schema, config).empty());
  hide_secrets(schema, config, config.GetAllocator());
  CHECK(json::write(config) ==
        R"({"token":"","login":{"user":"u","password":"***"},"keys":["***",null],"env":{"API_KEY":"***"},"plain":"***"})");
  CHECK(hidden_secrets(schema, config) == std::vector<std::string>{"login.password", "keys.0", "env.API_KEY"});
}

TEST_CASE("a secret that breaks a rule is not shown") {
  const auto refused = check_config(
      "model:x", R"({"type": "object", "properties": {"key": {"type": "string", "minLength": 9, "x-secret": true}}})",
      R"({"key": "swordfish"})", "--config");
  REQUIRE(refused);
  const auto shorter = check_config(
      "model:x", R"({"type": "object", "properties": {"key": {"type": "string", "minLength": 10, "x-secret": true}}})",
      R"({"key": "swordfish"})", "--config");
  REQUIRE_FALSE(shorter);
  CHECK(shorter.error().message.find("swordfish") == std::string::npos);
  CHECK(shorter.error().message.find("***") != std::string::npos);
}
