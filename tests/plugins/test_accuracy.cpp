#include "../../plugins/metrics/accuracy/accuracy.cpp"
#include "component.hpp"

TEST_CASE("accuracy: equality of strings, nothing else") {
  const sxt_component& component = *sextant_plugin_entry.components[0];
  sxt_object* object = nullptr;
  sxt_error error{};
  REQUIRE(component.create(nullptr, sextant::borrow("{}"), &object, &error) == SXT_OK);
  const auto* table = static_cast<const sxt_metric_v1*>(object->get_interface(object, "sextant.metric/1"));
  REQUIRE(table);
  CHECK(table->aggregate == nullptr);  // the mean is the core's
  struct Case { const char *prediction, *reference; double expected; };
  for (const Case& c : {Case{"A", R"("A")", 1},
                        {"A", R"("B")", 0},
                        {"a", R"("A")", 0},
                        {"A ", R"("A")", 0},
                        {"", R"("")", 1},
                        {"4", "4", 1},
                        {"True", "true", 1},
                        {"true", "true", 0},
                        {"0.5", "0.50", 1},
                        {"None", "null", 1},
                        {"12345678901234567890123", "12345678901234567890123", 1},
                        {"“", R"("\u201c")", 1}}) {
    INFO(c.prediction << " " << c.reference);
    const sxt_judged sample{sizeof(sxt_judged), 0, sextant::borrow(c.prediction), sextant::borrow(c.reference),
                            sextant::borrow("{}")};
    const sxt_judged* const samples[] = {&sample};
    std::string score;
    const sxt_sink sink{&score, [](void* ctx, uint64_t, sxt_str s) { *static_cast<std::string*>(ctx) = sextant::view(s); }};
    REQUIRE(table->score(object, samples, 1, sink, &error) == SXT_OK);
    CHECK(score == (c.expected == 1 ? R"({"value":1.0})" : R"({"value":0.0})"));
  }
  object->destroy(object);
}
