// pass@k and G-Pass@k beside the closed formula in exact rational arithmetic and beside OpenCompass' own functions:
// tests/golden/repeats/make_repeats_golden.py.
#include <catch2/catch.hpp>
#include <cmath>
#include <sextant/json.hpp>
#include "../../../core/base/files.hpp"
#include "../../../core/stats/mean.hpp"
#include "../../../core/stats/pass_at_k.hpp"

namespace sextant::test {
namespace {
using namespace stats;

json::Document golden() {
  const auto text = read_file(SEXTANT_GOLDEN_DIR "/repeats/pass_at_k.json");
  REQUIRE(text);
  auto parsed = json::parse(*text, "pass_at_k.json");
  REQUIRE(parsed);
  return *std::move(parsed);
}

template <class F> double mean_over(const json::Value& correct, F&& of) {
  double sum = 0;
  for (const auto& c : correct.GetArray()) sum += of(c.GetUint64());
  return sum / correct.Size();
}

TEST_CASE("100 random tables: the closed formula, and OpenCompass' numbers") {
  const json::Document all = golden();
  const auto& taus = all["tau"];
  size_t rows = 0;
  for (const auto& row : all["rows"].GetArray()) {
    const uint64_t n = row["n"].GetUint64(), k = row["k"].GetUint64();
    CAPTURE(n, k);
    for (const char* source : {"exact", "opencompass"}) {
      CAPTURE(source);
      const auto& expected = row[source];
      const auto near = [](const json::Value& value) { return Approx(value.GetDouble()).epsilon(1e-12).margin(1e-13); };
      CHECK(mean_over(row["correct"], [&](uint64_t c) { return pass_at_k(n, c, k); }) == near(expected["pass"]));
      CHECK(mean_over(row["correct"], [&](uint64_t c) { return mg_pass_at_k(n, c, k); }) == near(expected["mg_pass"]));
      for (rapidjson::SizeType i = 0; i < taus.Size(); ++i) {
        const double tau = taus[i].GetDouble();
        CHECK(mean_over(row["correct"], [&](uint64_t c) { return g_pass_at_k(n, c, k, tau); }) == near(expected["g_pass"][i]));
      }
    }
    ++rows;
  }
  CHECK(rows == 100);
}

TEST_CASE("the edges of pass@k") {
  CHECK(pass_at_k(5, 0, 5) == 0);
  CHECK(pass_at_k(5, 5, 1) == 1);
  CHECK(pass_at_k(5, 1, 5) == 1);
  CHECK(pass_at_k(4, 2, 1) == Approx(0.5));
  CHECK(g_pass_at_k(4, 4, 4, 1) == 1);
  CHECK(g_pass_at_k(4, 3, 4, 1) == 0);
  CHECK(g_pass_at_k(4, 2, 5, 0.5) == 0);   // more than there are
  CHECK(mg_pass_at_k(4, 4, 4) == 1);
  CHECK(mg_pass_at_k(1, 1, 1) == 0);       // no threshold above the half of one
}

TEST_CASE("with many attempts nothing overflows") {
  CHECK(pass_at_k(1000, 500, 500) == Approx(1));
  CHECK(g_pass_at_k(1000, 500, 500, 0.5) == Approx(0.5).margin(0.05));
  CHECK(std::isfinite(mg_pass_at_k(1000, 700, 900)));
}

TEST_CASE("mean and deviation of a few numbers") {
  const std::vector<double> runs{2, 4, 4, 4, 5, 5, 7, 9};
  const Spread spread = spread_of(runs);
  CHECK(spread.mean == 5);
  CHECK(spread.deviation == Approx(std::sqrt(32.0 / 7)));
  CHECK(std::isnan(spread_of(std::vector<double>{3}).deviation));
  CHECK(spread_of(std::vector<double>{3, std::nan("")}).mean == 3);
  CHECK(std::isnan(spread_of({}).mean));
}

}  // namespace
}  // namespace sextant::test
