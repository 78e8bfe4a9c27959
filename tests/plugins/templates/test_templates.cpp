// The template components through their real classes: what is filled in, which turns stand where, and what is refused.
#include <sextant/columns.hpp>
#include "../../../plugins/templates/schemas.hpp"
#include "../../../plugins/templates/substitute.hpp"
#include "../../core/render/render_test.hpp"

namespace sextant::test {
namespace {

using templates::TextTemplate;

/// A record of texts.
using Row = std::vector<std::pair<std::string, std::string>>;
json::Document record_of(const Row& row) {
  json::Document record(rapidjson::kObjectType);
  for (const auto& [name, text] : row) json::set(record, name, text, record.GetAllocator());
  return record;
}
std::string filled_once(const std::string& text, const Row& row) { return columns::fill(text, record_of(row)); }

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
  CHECK(filled_once(text, row) == wanted);
}

TEST_CASE("a text without columns is the same after substitution, whatever braces it has") {
  for (uint32_t code = 0; code < 4096; ++code) {  // all texts of six letters of "{}ab"
    std::string text;
    for (uint32_t rest = code, i = 0; i < 6; ++i, rest /= 4) text += "{}ab"[rest % 4];
    CHECK(filled_once(text, {{"c", "x"}}) == text);
    // what a column brings in is never looked at again
    CHECK(filled_once("<{c}>", {{"c", text}, {"a", "1"}, {"b", "2"}}) == "<" + text + ">");
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
  CHECK(templates::substitute_in_sequence(text, record_of(row)) == wanted);
}

TEST_CASE("values that are not texts stand in a prompt as Python prints them, lists and objects as JSON") {
  const auto [value, wanted] = GENERATE(table<std::string, std::string>({
      {"7", "7"}, {"-7", "-7"}, {"0", "0"}, {"1.0", "1.0"}, {"0.1", "0.1"}, {"-2.5", "-2.5"}, {"1e16", "1e+16"}, {"1e15",
          "1000000000000000.0"},
      {"0.0001", "0.0001"}, {"0.00001", "1e-05"}, {"1.5e-7", "1.5e-07"}, {"3.141592653589793", "3.141592653589793"},
      {"1e300", "1e+300"}, {"18446744073709551615", "18446744073709551615"}, {"true", "True"}, {"false", "False"}, {"null",
          "None"},
      {R"(["a", 1])", R"(["a",1])"}, {R"({"b": [true]})", R"({"b":[true]})"}, {R"("t")", "t"},
  }));
  CHECK(columns::as_text(value_of(json::parse(value, "value"))) == wanted);
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

TEST_CASE("an example whose answer is not a label is refused by number and answer") {
  CHECK(refusal(by_label, true, R"({"q": "t"})", false, {R"({"q": "s", "answer": "A"})", R"({"q": "s", "answer": "E"})"}) ==
        "example 2: its answer \"E\" is not a label of the template (A, B); add the label, or \"shot\"");
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
      {R"({"prompt": {"jinja": "{% if %}"}})", false, "template: prompt"},
      {R"({"prompt": "x", "choices": {}})", false, "neither \"texts\" nor a list of \"labels\""},
      {R"({"prompt": "x", "choices": {"texts": "choices"}})", false, "as in \"{choices}\""},
      {R"({"prompt": "x", "form": "labels"})", false, "neither \"labels\" nor \"choices\""},
      {R"({"prompt": "x", "form": "continuations"})", false, "has no \"choices\", \"continuations\" or \"labels\""},
      {R"({"prompt": "x", "choices": {"labels": ["yes", "no"]}, "form": "cloze"})", false, "add \"texts\" to \"choices\""},
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
  }));
  CHECK_THAT(refusal(config, dialogue), Catch::Contains(wanted));
}

TEST_CASE("a row that is not a JSON object is refused") {
  CHECK_THAT(refusal(qa, true, "[1]"), Catch::Contains("record is not a JSON object"));
  CHECK_THAT(refusal(qa, true, "{}", true, {"{"}), Catch::Contains("example 1:1:"));
}

TEST_CASE("lists, members and Jinja stand in prompts") {
  CHECK(texts_of(render_json<TextTemplate>(R"({"prompt": "{c[1]} {a.l} {a.l[0]} {c[9]}"})",
                                           R"({"c": ["x", "y"], "a": {"l": [1, true]}})")) == "y [1,true] 1 {c[9]}");
  CHECK(texts_of(render_json<TextTemplate>(R"({"prompt": {"jinja": "{% for c in c %}{{ c }};{% endfor %}{{ answer }}\n"}})",
                                           R"({"c": ["x", "y"], "answer": "y"})")) == "x;y;\n");
  CHECK_THAT(refusal(R"({"prompt": {"jinja": "{{ nothing }}"}})", false), Catch::Contains("nothing"));
}

TEST_CASE("one card gives every form: options that differ from row to row are asked as they stand") {
  const std::string config =
      R"({"prompt": "{q}\n{choice_lines}\nA: {answer}", "choices": {"texts": "{c}"}, "cloze": "{q}?", "form": ")";
  const std::string record = R"({"q": "t", "c": ["x", "y", "z"], "answer": "B"})",
                    shot = R"({"q": "s", "c": ["u", "v"], "answer": "A"})";
  const auto asked = [&](const std::string& form) {
    return render_json<TextTemplate>(config + form + "\"}", record, {shot}, form == "open");
  };
  CHECK(texts_of(asked("open")) == "s\nA. u\nB. v\nA: A|t\nA. x\nB. y\nC. z\nA: ");
  CHECK(texts_of(asked("whole")) == "s\nA. u\nB. v\nA: A|t\nA. x\nB. y\nC. z\nA: B");
  const json::Document labels = value_of(json::parse(asked("labels"), "labels"));
  REQUIRE(labels["labels"].Size() == 3);
  CHECK(json::text(labels["labels"][2]["label"]) == "C");
  CHECK(json::text(labels["labels"][2]["pieces"][0]["text"]) == "s\nA. u\nB. v\nA: A");
  CHECK(json::text(labels["labels"][2]["pieces"][1]["text"]) == "t\nA. x\nB. y\nC. z\nA: C");
  const json::Document continuations = value_of(json::parse(asked("continuations"), "continuations"));
  CHECK(json::write(continuations["continuations"]) ==
        R"([{"label":"A","text":"A"},{"label":"B","text":"B"},{"label":"C","text":"C"}])");
  CHECK(json::text(continuations["seam"]) == "blank");
  CHECK(texts_of(asked("continuations")) == "s\nA. u\nB. v\nA: A|t\nA. x\nB. y\nC. z\nA: ");
  CHECK(texts_of(asked("cloze")) == "s? u|t?");
  const json::Document cloze = value_of(json::parse(asked("cloze"), "cloze"));
  CHECK(json::write(cloze["continuations"]) ==
        R"([{"label":"A","text":"x"},{"label":"B","text":"y"},{"label":"C","text":"z"}])");
}

TEST_CASE("labels and texts of options come from lists, columns and members of objects") {
  const auto lines = [](const char* choices, const char* record) {
    return texts_of(
        render_json<TextTemplate>(std::string(R"({"prompt": "{choice_lines}", "choices": )") + choices + "}", record));
  };
  CHECK(lines(R"({"texts": ["{A}", "{B}"], "line": "({label}) {text}"})", R"({"A": "{B}", "B": "y"})") == "(A) {B}\n(B) y");
  CHECK(lines(R"({"labels": ["yes", "no"], "line": "{label}"})", "{}") == "yes\nno");
  CHECK(lines(R"({"labels": "{c.label}", "texts": "{c.text}"})",
              R"({"c": [{"label": "1", "text": "x"}, {"label": "2", "text": "y"}]})") == "1. x\n2. y");
  CHECK(lines(R"({"labels": "{o.label}", "texts": "{o.text}"})", R"({"o": {"label": ["1", "2"], "text": ["x", "y"]}})") ==
        "1. x\n2. y");
  // null and blank ones are not options; the others keep their letters
  CHECK(lines(R"({"texts": ["{A}", "{B}", "{C}", "{D}"]})", R"({"A": "x", "B": null, "C": "z", "D": " "})") == "A. x\nC. z");
  CHECK(lines(R"({"texts": "{c}"})", R"({"c": ["x", null, "z", ""]})") == "A. x\nC. z");
  for (const auto& [choices, record, wanted] : std::vector<std::tuple<const char*, const char*, const char*>>{
           {R"({"texts": "{c}"})", R"({"c": "x"})", "holds no list"},
           {R"({"texts": "{c}"})", "{}", "does not have"},
           {R"({"texts": "{c}"})", R"({"c": []})", "no options to choose from"},
           {R"({"texts": "{c}"})", R"({"c": [null, ""]})", "all options of this record are empty"},
           {R"({"texts": "{c}", "labels": "{l}"})", R"({"c": ["x"], "l": ["1", "2"]})", "1 options and 2 labels"},
           {R"({"labels": "{l}"})", R"({"l": ["1", "1"]})", "two options of this record have the label '1'"}}) {
    INFO(choices);
    CHECK_THAT(refusal(std::string(R"({"prompt": "{choice_lines}", "choices": )") + choices + "}", false, record),
               Catch::Contains(wanted));
  }
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
