// The template components through their real classes: what is filled in, which turns stand where, and what is refused.
#include "../../../plugins/templates/schemas.hpp"
#include "../../../plugins/templates/substitute.hpp"
#include "../../core/render/render_test.hpp"

namespace sextant::test {
namespace {

using templates::Row;
using templates::TextTemplate;

std::string texts_of(const std::string& answer) {
  const json::Document document = value_of(json::parse(answer, "answer"));
  std::string out;
  for (const auto& piece : document["pieces"].GetArray()) out += "|" + std::string(json::text(piece["text"]));
  return out.substr(1);
}
std::string refusal(const std::string& config, bool dialogue = true, const std::string& record = "{}", bool generate = true,
                    const std::vector<std::string>& shots = {}) {
  try {
    if (dialogue) render_json(config, record, shots, generate);
    else render_json<TextTemplate>(config, record, shots, generate);
  } catch (const PluginError& error) {
    return error.what();
  }
  return "(no error)";
}

TEST_CASE("substitution fills columns in one pass and leaves every other brace") {
  const Row row{{"q", "see {A} and {q}"}, {"A", "x"}, {"empty", ""}, {"two words", "w"}};
  const auto [text, wanted] = GENERATE(table<std::string, std::string>({
      {"{q}", "see {A} and {q}"}, {"{A}{A}", "xx"}, {"{unknown}", "{unknown}"}, {"{{A}}", "{x}"}, {"{", "{"}, {"}", "}"},
      {"{}", "{}"}, {"{A", "{A"}, {"A}", "A}"}, {"a{b {A} c}d", "a{b x c}d"}, {"[{empty}]", "[]"}, {"{two words}", "w"},
      {"", ""}, {"\\frac{1}{A}", "\\frac{1}x"}, {"{ A }", "{ A }"},
  }));
  CHECK(templates::substitute_once(text, row) == wanted);
}

TEST_CASE("a text without columns is the same after substitution, whatever braces it has") {
  for (uint32_t code = 0; code < 4096; ++code) {  // all texts of six letters of "{}ab"
    std::string text;
    for (uint32_t rest = code, i = 0; i < 6; ++i, rest /= 4) text += "{}ab"[rest % 4];
    CHECK(templates::substitute_once(text, {{"c", "x"}}) == text);
    // what a column brings in is never looked at again
    CHECK(templates::substitute_once("<{c}>", {{"c", text}, {"a", "1"}, {"b", "2"}}) == "<" + text + ">");
  }
}

TEST_CASE("OpenCompass' substitution replaces column after column, also inside what an earlier one brought in") {
  const auto [text, row, wanted] = GENERATE(table<std::string, Row, std::string>({
      {"{q}", {{"q", "see {A}"}, {"A", "x"}}, "see x"},
      {"{q}", {{"A", "x"}, {"q", "see {A}"}}, "see {A}"},
      {"{q}", {{"q", "{q}"}}, "{q}"},
      {"{{A}}", {{"A", "x"}}, "{x}"},
      {"{A}{unknown}", {{"A", ""}}, "{unknown}"},
  }));
  CHECK(templates::substitute_in_sequence(text, row) == wanted);
}

TEST_CASE("values that are no texts stand in a prompt as Python prints them, lists and objects as JSON") {
  const auto [value, wanted] = GENERATE(table<std::string, std::string>({
      {"7", "7"}, {"-7", "-7"}, {"0", "0"}, {"1.0", "1.0"}, {"0.1", "0.1"}, {"-2.5", "-2.5"}, {"1e16", "1e+16"}, {"1e15",
          "1000000000000000.0"},
      {"0.0001", "0.0001"}, {"0.00001", "1e-05"}, {"1.5e-7", "1.5e-07"}, {"3.141592653589793", "3.141592653589793"},
      {"1e300", "1e+300"}, {"18446744073709551615", "18446744073709551615"}, {"true", "True"}, {"false", "False"}, {"null",
          "None"},
      {R"(["a", 1])", R"(["a",1])"}, {R"({"b": [true]})", R"({"b":[true]})"}, {R"("t")", "t"},
  }));
  CHECK(templates::as_text(value_of(json::parse(value, "value"))) == wanted);
}

const std::string qa = R"({"round": [{"role": "HUMAN", "prompt": "Q {q}"}, {"role": "BOT", "prompt": "A {answer}"}]})";

TEST_CASE("the item's own answer is empty when its reply is generated, and stays where it is scored") {
  const std::string record = R"({"q": "1+1", "answer": "2"})";
  CHECK(texts_of(render_json(qa, record, {}, true)) == "Q 1+1|A ");
  CHECK(texts_of(render_json(qa, record, {}, false)) == "Q 1+1|A 2");
}

TEST_CASE("examples carry their own answers") {
  CHECK(texts_of(render_json(qa, R"({"q": "3+3", "answer": "6"})", {R"({"q": "1+1", "answer": "2"})",
      R"({"q": "2+2", "answer": "4"})"})) ==
        "Q 1+1|A 2|Q 2+2|A 4|Q 3+3|A ");
}

TEST_CASE("a dialogue's pieces name their section, role and example") {
  const std::string config = R"({"begin": ["Hint {q}.", {"role": "SYSTEM", "fallback_role": "HUMAN", "prompt": "S"}],
    "round": [{"role": "HUMAN", "prompt": "{q}"}], "end": "E"})";
  const std::string wanted =
      R"({"pieces":[{"section":"begin","text":"Hint b."},)"
      R"({"section":"begin","role":"SYSTEM","fallback_role":"HUMAN","text":"S"},)"
      R"({"section":"shot","role":"HUMAN","shot":0,"text":"a"},{"section":"round","role":"HUMAN","text":"b"},)"
      R"({"section":"end","text":"E"}]})";
  CHECK(render_json(config, R"({"q": "b"})", {R"({"q": "a"})"}) == wanted);
}

TEST_CASE("examples stand where begin has its mark") {
  const std::string config = R"({"begin": ["1", "</E>", "2"], "round": [{"role": "HUMAN", "prompt": "{q}"}]})";
  CHECK(texts_of(render_json(config, R"({"q": "b"})", {R"({"q": "a"})"})) == "1|a|2|b");
  CHECK(texts_of(render_json(config, R"({"q": "b"})")) == "1|2|b");
}

TEST_CASE("under OpenCompass' rules a mark without examples is an empty piece") {
  const std::string config = R"({"compat": "opencompass", "begin": "</E>", "round": [{"role": "HUMAN", "prompt": "{q}"}]})";
  CHECK(texts_of(render_json(config, R"({"q": "b"})")) == "|b");
  CHECK(texts_of(render_json(config, R"({"q": "b"})", {R"({"q": "a"})"})) == "a|b");
}

TEST_CASE("the configuration's compat chooses the substitution") {
  const std::string record = R"({"q": "see {A}", "A": "x"})", turns = R"("round": [{"role": "HUMAN", "prompt": "{q}"}]})";
  const auto [compat, wanted] = GENERATE(table<std::string, std::string>({
      {"none", "see {A}"}, {"lm-eval", "see {A}"}, {"opencompass", "see x"}, {"opencompass-0.2.4", "see x"}}));
  CHECK(texts_of(render_json(R"({"compat": ")" + compat + R"(", )" + turns, record)) == wanted);
}

const std::string by_label = R"({"labels": [
  {"label": "A", "round": [{"role": "HUMAN", "prompt": "{q}"}, {"role": "BOT", "prompt": "is A"}]},
  {"label": "B", "round": [{"role": "HUMAN", "prompt": "{q}"}, {"role": "BOT", "prompt": "is B"}]}]})";

TEST_CASE("with labels an example is written as the label that is its answer") {
  const json::Document answer = value_of(json::parse(render_json(by_label, R"({"q": "t", "answer": "A"})",
      {R"({"q": "s", "answer": "B"})"}, false), "answer"));
  REQUIRE(answer["labels"].Size() == 2);
  CHECK(json::text(answer["labels"][1]["label"]) == "B");
  CHECK(json::text(answer["labels"][0]["pieces"][1]["text"]) == "is B");
  CHECK(json::text(answer["labels"][0]["pieces"][3]["text"]) == "is A");
  CHECK(json::text(answer["labels"][1]["pieces"][3]["text"]) == "is B");
}

TEST_CASE("an example whose answer is no label is refused by number and answer") {
  CHECK(refusal(by_label, true, R"({"q": "t"})", false, {R"({"q": "s", "answer": "A"})", R"({"q": "s", "answer": "E"})"}) ==
        "example 2: its answer \"E\" is no label of the template (A, B); add the label, or \"shot\"");
  CHECK(refusal(by_label, true, R"({"q": "t"})", false, {R"({"q": "s"})"}).find("example 1 has no \"answer\"") == 0);
}

TEST_CASE("`shot` writes examples differently from the question") {
  CHECK(texts_of(render_json<TextTemplate>(R"({"begin": "B", "prompt": "{q}=", "shot": "{q}={answer}!"})",
      R"({"q": "t", "answer": "9"})",
                                           {R"({"q": "s", "answer": "8"})"})) == "B|s=8!|t=");
}

TEST_CASE("continuations keep the answer that the prompt before them hides") {
  const std::string answer = render_json<TextTemplate>(
      R"({"prompt": "{q}{answer}", "continuations": [{"label": "1", "text": " {answer}"}]})",
                                                       R"({"q": "t", "answer": "9"})", {}, false);
  CHECK(answer == R"({"pieces":[{"section":"round","text":"t"}],"continuations":[{"label":"1","text":" 9"}]})");
}

TEST_CASE("a template that cannot be used says which key is wrong") {
  const auto [config, dialogue, wanted] = GENERATE(table<std::string, bool, std::string>({
      {"{}", true, "either round or labels"},
      {"{}", false, "either prompt or labels"},
      {R"({"prompt": "a", "labels": [{"label": "A", "prompt": "a"}]})", false, "not both"},
      {R"({"prompt": 1})", false, "prompt must be a text"},
      {R"({"round": []})", true, "round must be a list with at least one entry"},
      {R"({"round": [{"role": "HUMAN"}]})", true, "round[0].prompt must be given"},
      {R"({"round": [{"prompt": "x"}]})", true, "round[0].role must be given"},
      {R"({"labels": [{"label": "A", "prompt": "x"}, {"label": "A", "prompt": "y"}]})", false,
          "labels[1].label 'A' is given twice"},
      {R"({"labels": [{"label": "A", "round": []}]})", true, "labels[0].round must be a list"},
      {R"({"prompt": "x", "shot": {}})", false, "shot must be a text"},
      {R"({"prompt": "x", "continuations": [{"label": "A"}]})", false, "continuations[0].text must be given"},
      {R"({"labels": [{"label": "A", "prompt": "x"}], "continuations": [{"label": "A", "text": "x"}]})", false,
          "exclude each other"},
      {R"({"labels": [{"label": "A", "prompt": "x"}]})", false, "labels are for ppl"},
  }));
  CHECK_THAT(refusal(config, dialogue), Catch::Contains(wanted));
}

TEST_CASE("a row that is no JSON object is refused") {
  CHECK_THAT(refusal(qa, true, "[1]"), Catch::Contains("record is not a JSON object"));
  CHECK_THAT(refusal(qa, true, "{}", true, {"{"}), Catch::Contains("example 1:1:"));
}

TEST_CASE("the schemas are JSON and describe every property") {
  for (const char* schema : {templates::text_schema, templates::dialogue_schema}) {
    const json::Document document = value_of(json::parse(schema, "schema"));
    for (const auto& property : document["properties"].GetObject()) {
      INFO(property.name.GetString());
      CHECK(json::find_string(property.value, "description"));
    }
  }
}

}  // namespace
}  // namespace sextant::test
