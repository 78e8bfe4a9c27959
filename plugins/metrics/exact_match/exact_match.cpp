#include "exact_match.hpp"
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct ExactMatch : Metric {
  explicit ExactMatch(Context c) : Metric(std::move(c)) {}
  double score(const Judged& sample) override {
    const json::Document reference = or_throw(json::parse(sample.reference_json, "reference"));
    return or_throw(metric::exact_match(normalize, sample.prediction, reference)) ? 1 : 0;
  }
  const metric::Normalizer normalize = or_throw(metric::Normalizer::make());
};

}  // namespace

SEXTANT_PLUGIN(sextant::component<ExactMatch>(
    {.id = "exact_match", .summary = "1 where the answer is one of the references, but for punctuation and articles"}))
