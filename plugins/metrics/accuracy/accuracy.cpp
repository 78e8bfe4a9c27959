// Accuracy: the share of predictions that equal their reference as strings.
#include <sextant/fold_case.hpp>
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct Accuracy : Metric {
  using Metric::Metric;
  double score(const Judged& sample) override {
    if (ignore_case) return utf8::fold_case(sample.prediction) == utf8::fold_case(sample.reference) ? 1 : 0;
    return sample.prediction == sample.reference ? 1 : 0;
  }
  const bool ignore_case = json::find_bool(context.config(), "ignore_case").value_or(false);
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "ignore_case": {"type": "boolean", "default": false, "description": "True equals true, by Unicode's case folding"}}})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<Accuracy>({.id = "accuracy",
                                             .summary = "1 where prediction and reference are the same string",
                                             .schema = schema,
                                             .facts = R"({"values": [{"name": "accuracy", "range": [0, 1]}]})"}))
