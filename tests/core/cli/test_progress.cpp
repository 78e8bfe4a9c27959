#include <catch2/catch.hpp>
#include "../../../core/cli/progress.hpp"

using sextant::cli::ProgressLine;

TEST_CASE("the progress line shows samples, rate and time left", "[cli]") {
  CHECK(ProgressLine::text("m", {1, 10, 1, 0, 0}, 1) == "m: 1/10 samples");
  CHECK(ProgressLine::text("m", {5, 10, 5, 1000, 2000}, 10) == "m: 5/10 samples, 100 tokens/s, 0:10 left");
  CHECK(ProgressLine::text("m", {5, 10, 5, 1000, 1000000}, 10) == "m: 5/10 samples, 100 tokens/s, 2:46:30 left");
  CHECK(ProgressLine::text("m", {10, 10, 10, 1000, 1000}, 10) == "m: 10/10 samples, 100 tokens/s");
}
