// samples/<model>/<task>.jsonl
#include <catch2/catch.hpp>
#include "scoring.hpp"

namespace sextant::test {
namespace {
using namespace score;

std::vector<json::Document> lines(const Scored& scored) {
  const std::string text = samples_of(scored);
  std::vector<json::Document> out;
  for (size_t from = 0; from < text.size();) {
    const size_t lf = text.find('\n', from);
    REQUIRE(lf != text.npos);
    auto line = json::parse(std::string_view(text).substr(from, lf - from), "line");
    REQUIRE(line);
    out.push_back(*std::move(line));
    from = lf + 1;
  }
  return out;
}

TEST_CASE("one line an attempt, with what was asked, said, read and scored") {
  data::Attempt one = attempt(7, "答案 A", "\"A\"", 0);
  one.prompts = {{"", "Q?", {}, 2, false}};
  one.finish = "eos";
  one.usage = {11, 9, 3, 0};
  const auto result = score_with(scored_set(), steps_of({exact()}, {append("!")}), {one});
  REQUIRE(result);
  const auto out = lines(*result);
  REQUIRE(out.size() == 1);
  CHECK(json::write(out[0]) ==
        R"({"dataset":"ceval-law","index":7,"repeat":0,"prompt":"Q?","prediction":"答案 A","answers":{"none":"答案 A!"},)"
        R"("target":"A","scores":{"accuracy":0.0},"finish":"eos","prompt_tokens":11,"generated_tokens":3})");
}

TEST_CASE("a conversation as messages: the prompt's, what was added, and the model's replies but the last") {
  data::Attempt one = attempt(0, "4", "\"4\"");
  one.prompts = {{"", "", {{"system", "be brief"}, {"user", "2 + 2?"}}, 0, true}};
  one.turns = {{{}, "5"}, {{{"user", "Are you sure?"}}, "4"}};
  one.thinking = "hm";
  const auto out = lines(*score_with(scored_set(), steps_of({exact()}), {one}));
  CHECK(
      json::write(out[0]["messages"]) ==
      R"([{"role":"system","content":"be brief"},{"role":"user","content":"2 + 2?"},{"role":"assistant","content":"5"},{"role":"user","content":"Are you sure?"}])");
  CHECK_FALSE(out[0].HasMember("prompt"));
  CHECK(json::find_string(out[0], "thinking") == "hm");
}

TEST_CASE("scored labels: lists side by side; filters by name; a metric's own answer and reasons; null for what is missing") {
  data::Attempt one = attempt(0, "B", "\"B\"");
  one.labels = {{"A", {}, -1.5, 1, -1.5}, {"B", {}, -0.5, 1, -0.5}};
  one.cluster = "page 3";
  Steps steps = steps_of({constant("squad", {{{"f1", nan_score}}, "read", "why"})});
  steps.filters = {{"strict", {}}, {"loose", {}}};
  const auto result = score_with(scored_set("ppl"), steps, {one});
  const auto out = lines(*result);
  CHECK(json::write(out[0]["labels"]) == R"(["A","B"])");
  CHECK(json::write(out[0]["logprobs"]) == "[-1.5,-0.5]");
  CHECK(json::write(out[0]["scores"]) == R"({"f1,strict":null,"f1,loose":null})");
  CHECK(json::write(out[0]["answers"]) == R"({"strict":"B","loose":"B"})");
  CHECK(json::write(out[0]["metric_answers"]) == R"({"f1,strict":"read","f1,loose":"read"})");
  CHECK(json::write(out[0]["explanations"]) == R"({"f1,strict":"why","f1,loose":"why"})");
  CHECK(out[0]["finish"].IsNull());
  CHECK(json::find_string(out[0], "cluster") == "page 3");
}

TEST_CASE("a failed sample has its line: no score, no answer, and the reason") {
  const auto result =
      score_with(scored_set(), steps_of({exact()}, {append("!")}), attempts({{"boom", "\"A\""}, {"A", "\"A!\""}}));
  const auto out = lines(*result);
  CHECK(out[0]["scores"]["accuracy"].IsNull());
  CHECK(out[0]["answers"]["none"].IsNull());
  CHECK(json::find_string(out[0], "error") == "postprocessor:append failed");
  CHECK(out[1]["scores"]["accuracy"].GetDouble() == 1);
  CHECK_FALSE(out[1].HasMember("error"));
}

TEST_CASE("bytes that are not UTF-8 and a changed reference") {
  Steps steps = steps_of({exact()});
  steps.reference = {append("1")};
  const auto out = lines(*score_with(scored_set(), steps, attempts({{"a\xFF", "\"A\""}})));
  CHECK(json::find_string(out[0], "prediction") == "a\xEF\xBF\xBD");
  CHECK(json::find_string(out[0], "target") == "A");
  CHECK(json::find_string(out[0], "reference") == "A1");
}

}  // namespace
}  // namespace sextant::test
