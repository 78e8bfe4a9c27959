// Accuracy: the share of predictions that equal their reference as strings.
#include <sextant/sdk.hpp>

namespace {

struct Accuracy : sextant::Metric {
  using Metric::Metric;
  double score(const sextant::Judged& sample) override { return sample.prediction == sample.reference ? 1 : 0; }
};

}  // namespace

SEXTANT_PLUGIN(sextant::component<Accuracy>({.id = "accuracy",
                                             .summary = "1 where prediction and reference are the same string"}))
