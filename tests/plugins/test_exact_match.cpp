#include "../../plugins/metrics/exact_match/exact_match.cpp"
#include "component.hpp"
#include "golden.hpp"

using namespace sextant;

namespace {

const sxt_component& component_() { return *sextant_plugin_entry.components[0]; }

/// The score of one prediction, as the core reads it.
double score(const char* config, std::string_view prediction, std::string_view reference_json) {
  sxt_object* object = nullptr;
  sxt_error error{};
  REQUIRE(component_().create(nullptr, borrow(config), &object, &error) == SXT_OK);
  const auto* table = static_cast<const sxt_metric_v1*>(object->get_interface(object, "sextant.metric/1"));
  const sxt_judged sample{sizeof(sxt_judged), 0, borrow(prediction), borrow(reference_json), borrow("{}")};
  const sxt_judged* const samples[] = {&sample};
  std::string out;
  const sxt_sink sink{&out, [](void* ctx, uint64_t, sxt_str s) { *static_cast<std::string*>(ctx) = view(s); }};
  REQUIRE(table->score(object, samples, 1, sink, &error) == SXT_OK);
  object->destroy(object);
  const auto parsed = json::parse(out, "score");
  REQUIRE(parsed);
  return json::find_number(*parsed, "value").value_or(-1);
}

}  // namespace

TEST_CASE("exact_match normalises as OpenCompass does") {
  for (const char* section : {"general", "mcq"}) {
    const json::Document all = test::golden(section);
    if (all.IsNull()) return;
    for (const auto& entry : all.GetArray()) {
      const std::string text = *json::find_string(entry, "text");
      INFO(text);
      CHECK(text::general_opencompass(text) == *json::find_string(entry, "general"));
    }
  }
}

TEST_CASE("exact_match scores as OpenCompass does") {
  const json::Document all = test::golden("em");
  if (all.IsNull()) return;
  const auto predictions = json::find(all, "preds")->GetArray(), references = json::find(all, "refs")->GetArray();
  double sum = 0;
  for (rapidjson::SizeType i = 0; i < predictions.Size(); ++i)
    sum += score(R"({"compat": "opencompass"})", json::text(predictions[i]), json::write(references[i]));
  CHECK(100 * sum / predictions.Size() == Approx(*json::find_number(*json::find(all, "res"), "score")));
}

TEST_CASE("exact_match compares whole answers") {
  struct Case { const char *prediction, *reference; double expected; };
  for (const Case& c : {Case{"3.75", "3.14", 0},
                        {"3.75", R"("3.14")", 0},
                        {"3.14", "3.14", 1},
                        {".7", R"(".7")", 1},
                        {".7", R"(".8")", 0},
                        {"-.5", R"("-.5")", 1},
                        {"Mr. Smith", R"("Mr. Jones")", 0},
                        {"Mr. Smith", R"("Mr. Smith")", 1},
                        {"1,000", R"("1,500")", 0},
                        {"3:1", R"("31")", 0},
                        {"$5", R"("5")", 0},
                        {"-1", R"("1")", 0},
                        {"yes, of course", R"("yes, but")", 0},
                        {"line one\nline two", R"("line one\nline 2")", 0},
                        {"The Cat", R"("Cat")", 0},
                        {"paris", R"("Paris")", 0},
                        {"", R"("x")", 0},
                        {"中文。", R"("中文")", 1},
                        {"Paris.", R"("Paris")", 1},
                        {"  Paris \n", R"("Paris")", 1},
                        {"New  York", R"("New York")", 1},
                        {"U.S.", R"("U.S.")", 1},
                        {".", R"(".")", 1},
                        {"42", "42", 1},
                        {"42.", "42", 1},
                        {"42.0", "42", 0}}) {
    INFO(c.prediction << " " << c.reference);
    CHECK(score("{}", c.prediction, c.reference) == c.expected);
  }
}

TEST_CASE("exact_match takes a value for what the prompt shows") {
  struct Case { const char *prediction, *reference; double expected; };
  for (const Case& c : {Case{"True", "true", 1},
                        {"true", "true", 0},
                        {"False", "false", 1},
                        {"None", "null", 1},
                        {"0.5", "0.50", 1},
                        {"100000.0", "1e5", 1},
                        {"1e+16", "1e16", 1},
                        {"12345678901234567890123", "12345678901234567890123", 1},
                        {"18446744073709551615", "18446744073709551615", 1},
                        {"12345678901234567890123", R"("12345678901234567890123")", 1}}) {
    INFO(c.prediction << " " << c.reference);
    CHECK(score("{}", c.prediction, c.reference) == c.expected);
  }
}

TEST_CASE("exact_match: options say what does not count, and what a list means") {
  struct Case { const char *config, *prediction, *reference; double expected; };
  for (const Case& c : {Case{R"({"ignore_case": true})", "PARIS", R"("Paris")", 1},
                        {R"({"ignore_case": true})", "STRASSE", R"("straße")", 1},
                        {R"({"ignore_case": true})", "ПАРИЖ", R"("Париж")", 1},
                        {R"({"ignore_case": true})", "Rome", R"("Paris")", 0},
                        {R"({"ignore_blanks": false})", "Paris ", R"("Paris")", 0},
                        {R"({"ignore_final_dot": false})", "Paris.", R"("Paris")", 0},
                        {R"({"ignore_punctuation": true})", "it's \"so\"", R"("its so")", 1},
                        {R"({"ignore_articles": true})", "the Paris", R"(["London", "Paris"])", 1},
                        {"{}", "Paris", R"(["London", "Paris"])", 1},
                        {"{}", "42", R"([41, 42])", 1},
                        {"{}", "True", R"([true])", 1},
                        {"{}", "", "[]", 0},
                        {R"({"references": "whole"})", "Paris", R"(["London","Paris"])", 0},
                        {R"({"references": "whole"})", R"(["London","Paris"])", R"(["London","Paris"])", 1},
                        {"{}", "cafe\u0301", "\"caf\u00e9\"", 1},
                        {"{}", "\u00a0caf\u00e9\u00a0noir", "\"caf\u00e9 noir\"", 1},
                        {"{}", R"({"b": 2, "a": 1})", R"({"a":1,"b":2})", 1},
                        {"{}", R"({"b": 2, "a": 1, "c": 0})", R"({"a":1,"b":2})", 0},
                        {"{}", R"({"a": "1"})", R"({"a":1})", 0},
                        {"{}", "a: 1", R"({"a":1})", 0},
                        {"{}", R"({ "b":2, "a":1 })", R"([{"a":0}, {"a":1,"b":2}])", 1},
                        {R"({"references": "whole"})", R"([ "London", "Paris" ])", R"(["London","Paris"])", 1},
                        {R"({"references": "whole"})", R"(["Paris", "London"])", R"(["London","Paris"])", 0},
                        {R"({"compat": "opencompass"})", "3.75", "3.14", 1},
                        {R"({"compat": "opencompass-0.2.4"})", "The Paris.", R"("Paris")", 1}}) {
    INFO(c.config << " " << c.prediction << " " << c.reference);
    CHECK(score(c.config, c.prediction, c.reference) == c.expected);
  }
}

TEST_CASE("exact_match: the schema is closed and explains itself") { test::check_schema(component_()); }
