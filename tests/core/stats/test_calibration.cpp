// Calibration beside numpy and scikit-learn on the same six samples.
#include <catch2/catch.hpp>
#include <cmath>
#include <utility>
#include "../../../core/stats/calibration.hpp"

using namespace sextant::stats;

TEST_CASE("Brier score, calibration error and AUC of two options") {
  const std::pair<double, double> logprobs[] = {{-1, -2}, {-.5, -3}, {-2, -1}, {-1, -1}, {-4, -.1}, {-.2, -1.5}};
  const size_t right[] = {0, 1, 1, 0, 1, 0};
  std::vector<Chance> chances{Chance{}};  // one without probabilities
  for (size_t i = 0; i < 6; ++i) {
    const double both[] = {logprobs[i].first, logprobs[i].second};
    chances.push_back(chance_of(both, right[i]));
  }
  const Calibration out = calibration_of(chances);
  CHECK(out.n == 6);
  CHECK(out.brier == Approx(0.4316524573035592).epsilon(1e-12));
  CHECK(out.ece == Approx(0.3593915623236851).epsilon(1e-12));
  CHECK(out.confidence == Approx(0.775375609091208).epsilon(1e-12));
  CHECK(out.accuracy == Approx(5.0 / 6));
  CHECK(auc_roc(chances) == Approx(0.6666666666666666).epsilon(1e-12));
}

TEST_CASE("what has no probabilities or one class alone has no numbers") {
  CHECK(calibration_of({}).n == 0);
  const double certain[] = {0, -1000};
  const Chance one = chance_of(certain, 0);
  CHECK(one.confidence == 1);
  CHECK(one.brier == 0);
  CHECK(std::isnan(auc_roc(std::vector{one, one})));
  const double far[] = {-5000, -5001, -5002};   // no underflow
  CHECK(chance_of(far, 1).confidence == Approx(0.66524096));
  CHECK_FALSE(chance_of(far, 1).right);
}
