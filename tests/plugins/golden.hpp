// The goldens that OpenCompass' own functions gave: $SEXTANT_TEST_DATA/goldens/opencompass.json. Without the variable a test
// says so and ends.
#pragma once
#include <cstdlib>
#include <optional>
#include <string>
#include <catch2/catch.hpp>
#include <sextant/csv.hpp>
#include <sextant/json.hpp>

namespace sextant::test {

inline std::optional<std::filesystem::path> test_data() {
  const char* folder = std::getenv("SEXTANT_TEST_DATA");
  if (!folder || !*folder) {
    WARN("SKIP: SEXTANT_TEST_DATA is not set, so the real data are not at hand");
    return std::nullopt;
  }
  return folder;
}

/// The section's JSON; null where there are no goldens at hand.
inline json::Document golden(std::string_view section) {
  const auto folder = test_data();
  if (!folder) return {};
  const auto text = csv::read_text(*folder / "goldens" / "opencompass.json");
  REQUIRE(text);
  const auto all = json::parse(*text, "opencompass.json");
  REQUIRE(all);
  REQUIRE(json::find(*all, section));
  return json::copy(*json::find(*all, section));
}

}  // namespace sextant::test
