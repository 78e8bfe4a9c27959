// A metric to copy: how long a prediction is compared with its reference, in bytes. Rename it, and say what a good answer is.
#include <sextant/sdk.hpp>

namespace {

struct LengthRatio : sextant::Metric {
  using Metric::Metric;
  double score(const sextant::Judged& sample) override {
    if (sample.reference.empty())
      throw sextant::DataError("length_ratio: a reference is empty; name the answer column in the card");
    return static_cast<double>(sample.prediction.size()) / static_cast<double>(sample.reference.size());
  }
};

}  // namespace

SEXTANT_PLUGIN(sextant::component<LengthRatio>({.id = "length_ratio",
                                                .summary = "bytes of the prediction by bytes of the reference"}))
