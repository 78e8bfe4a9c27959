// Verdicts on pairs as judges write them.
#include <catch2/catch.hpp>
#include <cmath>
#include "../../../core/score/own_metrics.hpp"

namespace sextant::test {
namespace {

constexpr double none = -1;

double first_share(const std::string& reply) {
  auto metric =
      score::make_own_metric(*score::find_own_metric("preference"), {"preference", "{}"}, config::Compat::none, "card.json");
  REQUIRE(metric);
  const score::Judged judged{reply, "\"\"", "{}"};
  const auto verdicts = metric->score({&judged, 1});
  REQUIRE(verdicts);
  const double value = verdicts->front().values.front().second;
  CHECK(std::isnan(value) == !verdicts->front().explanation.empty());
  return std::isnan(value) ? none : value;
}

TEST_CASE("a verdict is a label alone, the last one in double brackets, or a member of an object") {
  struct Case {
    std::string reply;
    double first;
  };
  for (const Case& c : {Case{"A", 1},
                        {" b.\n", 0},
                        {"**A**", 1},
                        {"tie", 0.5},
                        {"C", 0.5},
                        {"2", 0},
                        {"[[B]]", 0},
                        {"A>>B", 1},
                        {"so [[A=B]]", 0.5},
                        {"Options are [[A]], [[B]] or [[C]]. Mine: [[B>>A]] ", 0},
                        {"[[A]] it is, not [[D]]", 1},
                        {R"({"winner": "B"})", 0},
                        {R"({"winner": "nobody", "verdict": "A"})", 1},
                        {"", none},
                        {"Both are good.", none},
                        {"[[the first answer is better]]", none},
                        {"A is better", none},
                        {"]]", none},
                        {"[[A", none}}) {
    INFO(c.reply);
    CHECK(first_share(c.reply) == c.first);
  }
}

// Quadratic work would take minutes, beyond the test's limit.
TEST_CASE("a reply of brackets is read in linear time") {
  std::string reply = "[[A";
  for (int i = 0; i < 400'000; ++i) reply += "]]";
  CHECK(first_share(reply) == 1);
  CHECK(first_share("[[ " + std::string(400'000, ' ') + reply.substr(3)) == none);
}

}  // namespace
}  // namespace sextant::test
