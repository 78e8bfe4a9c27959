// exact_match as lm-eval computes it.
#include "../../plugins/metrics/lm_eval_exact_match/lm_eval_exact_match.cpp"
#include "component.hpp"

namespace {

double score(const char* config, const std::string& prediction, const std::string& reference_json) {
  const sxt_component& component = *sextant_plugin_entry.components[0];
  sxt_object* object = nullptr;
  sxt_error error{};
  REQUIRE(component.create(nullptr, borrow(config), &object, &error) == SXT_OK);
  const auto* table = static_cast<const sxt_metric_v1*>(object->get_interface(object, "sextant.metric/1"));
  const sxt_judged judged{sizeof(sxt_judged), 0, borrow(prediction), borrow(reference_json), borrow("{}")};
  const sxt_judged* const items[] = {&judged};
  std::string text;
  const sxt_sink sink{&text, [](void* ctx, uint64_t, sxt_str s) { *static_cast<std::string*>(ctx) = view(s); }};
  REQUIRE(table->score(object, items, 1, sink, &error) == SXT_OK);
  object->destroy(object);
  const json::Document said = *json::parse(text, "score");
  return json::find_number(said, "value")
      .value_or(json::find(said, "values") ? said["values"].MemberBegin()->value.GetDouble() : -1);
}

}  // namespace

TEST_CASE("lm_eval_exact_match: blanks count, and what is ignored goes in lm-eval's order") {
  struct Case { const char *config, *prediction, *reference; double expected; };
  for (
      const Case& c :
      {Case{"{}", "a", R"("a")", 1}, Case{"{}", "a\n", R"("a")", 0}, Case{"{}", "A", R"("a")", 0},
       Case{R"({"ignore_case": true})", "Ä", R"("ä")", 1}, Case{R"({"ignore_punctuation": true})", "a.b!", R"("ab")", 1},
       Case{R"({"ignore_punctuation": true})", "a\u3002", R"("a")", 0}, Case{R"({"ignore_numbers": true})", "a1", R"("a2")", 1},
       Case{"{}", "b", R"(["a", "b"])", 1}, Case{"{}", "c", R"(["a", "b"])", 0},
       Case{R"~({"regexes_to_ignore": [",", "\\$", "(?s).*#### ", "\\.$"]})~", "1,000.", R"("step\n#### $1000")", 1},
       Case{
           R"~({"regexes_to_ignore": ["\\b(?:The |the |An |A |The |a |an )"], "ignore_case": true, "ignore_punctuation": true})~",
           "the Cat.", R"("cat")", 1}}) {
    CAPTURE(c.config, c.prediction, c.reference);
    CHECK(score(c.config, c.prediction, c.reference) == c.expected);
  }
  test::check_schema(*sextant_plugin_entry.components[0]);
}
