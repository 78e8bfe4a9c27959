#include <catch2/catch.hpp>
#include "../../../core/base/log.hpp"
#include "../../../core/cli/progress.hpp"

using sextant::cli::ProgressLine;

TEST_CASE("the progress line shows samples, rate and time left", "[cli]") {
  CHECK(ProgressLine::text("m", {1, 10, 1, 0, 0}, 1) == "m: 1/10 samples");
  CHECK(ProgressLine::text("m", {5, 10, 5, 1000, 2000}, 10) == "m: 5/10 samples, 100 tokens/s, 0:10 left");
  CHECK(ProgressLine::text("m", {5, 10, 5, 1000, 1000000}, 10) == "m: 5/10 samples, 100 tokens/s, 2:46:30 left");
  CHECK(ProgressLine::text("m", {10, 10, 10, 1000, 1000}, 10) == "m: 10/10 samples, 100 tokens/s");
  CHECK(ProgressLine::text("m", {5, 10, 5, 1000, 2000, "law"}, 10) == "m: 5/10 samples, 100 tokens/s, 0:10 left, law");
  CHECK(ProgressLine::text("m", {5, 10, 4, 0, 0, "law"}, 2) == "m: 5/10 samples, 2 samples/s, 0:02 left, law");
}

TEST_CASE("where there is no terminal a log gets a line from time to time, progress or not", "[cli]") {
  std::vector<std::string> lines;
  std::mutex mutex;
  sextant::set_log_tap([&](sextant::LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.emplace_back(line);
  });
  {
    ProgressLine line("m", ProgressLine::Show::heartbeat, std::chrono::milliseconds(5));
    line.update({1, 10, 0, 0, 0, std::string("law")});
    for (size_t seen = 0, waited = 0; seen < 2 && waited < 2000; ++waited) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      const std::lock_guard lock(mutex);
      seen = lines.size();
    }
  }
  sextant::set_log_tap({});
  REQUIRE(lines.size() >= 2);
  CHECK(lines.back() == "m: 1/10 samples, law");
}
