#include "../../plugins/metrics/exact_match/exact_match.hpp"
#include "golden.hpp"

using namespace sextant;

namespace {

metric::Normalizer normalizer() {
  auto made = metric::Normalizer::make();
  REQUIRE(made);
  return std::move(*made);
}

}  // namespace

TEST_CASE("exact_match normalises as OpenCompass does") {
  const auto normalize = normalizer();
  for (const char* section : {"general", "mcq"}) {
    const json::Document all = test::golden(section);
    if (all.IsNull()) return;
    for (const auto& entry : all.GetArray()) {
      const std::string text = *json::find_string(entry, "text");
      INFO(text);
      const auto got = normalize(text);
      REQUIRE(got);
      CHECK(*got == *json::find_string(entry, "general"));
    }
  }
}

TEST_CASE("exact_match scores as OpenCompass does") {
  const json::Document all = test::golden("em");
  if (all.IsNull()) return;
  const auto normalize = normalizer();
  const auto predictions = json::find(all, "preds")->GetArray(), references = json::find(all, "refs")->GetArray();
  double sum = 0;
  for (rapidjson::SizeType i = 0; i < predictions.Size(); ++i) {
    const auto matches = metric::exact_match(normalize, json::text(predictions[i]), references[i]);
    REQUIRE(matches);
    sum += *matches;
  }
  CHECK(100 * sum / predictions.Size() == Approx(*json::find_number(*json::find(all, "res"), "score")));
}

TEST_CASE("exact_match takes texts, numbers and lists as references") {
  const auto normalize = normalizer();
  struct Case { const char *prediction, *reference; bool expected; };
  for (const Case& c : {Case{"Paris.", R"("Paris")", true}, {"the Paris", R"(["London", "Paris"])", true}, {"42", "42", true},
                        {"paris", R"("Paris")", false}, {"", R"([])", false}}) {
    INFO(c.prediction << " " << c.reference);
    const auto reference = json::parse(c.reference, "reference");
    REQUIRE(reference);
    CHECK(*metric::exact_match(normalize, c.prediction, *reference) == c.expected);
  }
}
