// Several sampled replies and their vote.
#include "../../../core/infer/vote.hpp"
#include "inferencer_test.hpp"

namespace sextant::test {
namespace {

Bench sampled(float temperature = 0.5f) {
  Bench bench;
  bench.prompts.prompts.push_back(prompt_of("Q", 1));
  bench.settings.sampling.temperature = temperature;
  return bench;
}

TEST_CASE("self_consistency asks for all paths in one round and predicts the most frequent answer's first reply") {
  Bench bench = sampled();
  const Outcome outcome =
      value_of(bench.drive("self_consistency", "{}", replies({"It is 4.", "So 5", "no idea", "thus 5.0!", "it is 4"})));
  REQUIRE(bench.rounds.size() == 1);
  REQUIRE(bench.rounds[0].asked.size() == 5);
  CHECK(bench.asked(0, 4).sampling->temperature == 0.5f);
  CHECK(bench.asked(0, 4).text == data::Text("Q"));
  CHECK(outcome.prediction == "It is 4.");
  CHECK(outcome.extra_json ==
        R"({"answer":"4","paths":["It is 4.","So 5","no idea","thus 5.0!","it is 4"],"votes":{"4":2,"5":2,"":1}})");
  REQUIRE(outcome.turns.size() == 5);
  CHECK(outcome.turns[3].reply == "thus 5.0!");
}

TEST_CASE("the majority wins, a reply without an answer has no vote") {
  struct Row { std::string config; std::vector<std::string> replies; std::string prediction; };
  for (const Row& row : std::vector<Row>{{R"({"n": 3})", {"1", "2", "so 2"}, "2"},
                                         {R"({"n": 4})", {"none", "never", "no", "7"}, "7"},
                                         {R"({"n": 2})", {"none", "never"}, "none"},
                                         {R"({"n": 3, "answer": "last_line"})", {"a\nyes", "b\n\n yes \n", "no"}, "a\nyes"},
                                         {R"x({"n": 3, "answer": "answer is \\(?([A-D])"})x",
                                          {"answer is A", "answer is (B)", "the answer is B"},
                                          "answer is (B)"}}) {
    Bench bench = sampled();
    CAPTURE(row.config);
    CHECK(value_of(bench.drive("self_consistency", row.config, replies(row.replies))).prediction == row.prediction);
  }
}

TEST_CASE("votes are those of the reference") {
  const json::Document goldens = inferencer_goldens();
  for (const auto& golden : goldens["votes"].GetArray()) {
    std::vector<std::string> answers;
    for (const auto& answer : golden["answers"].GetArray()) answers.emplace_back(json::text(answer));
    const auto votes = infer::count_votes(answers);
    CAPTURE(json::write(golden));
    const auto most =
        std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.count < b.count; });
    CHECK(most->answer == json::text(golden["winner"]));
    CHECK(most->count == golden["count"].GetUint64());
    CHECK(answers[most->first] == most->answer);
  }
}

TEST_CASE("what the answer of a reply is") {
  struct Row { std::string rule, reply, answer; };
  for (const Row& row : std::vector<Row>{{"last_number", "3 apples and 4 pears", "4"},
                                         {"last_number", "it costs $1,234.50.", "1234.5"},
                                         {"last_number", "1,000,000 in all", "1000000"},
                                         {"last_number", "5-3", "3"},
                                         {"last_number", "x = -3", "-3"},
                                         {"last_number", "-7", "-7"},
                                         {"last_number", "2.500", "2.5"},
                                         {"last_number", "007", "7"},
                                         {"last_number", "0.0", "0"},
                                         {"last_number", "-0.0", "0"},
                                         {"last_number", ".5", "5"},
                                         {"last_number", "1,2", "2"},
                                         {"last_number", "2024,500", "500"},
                                         {"last_number", "a-1", "1"},
                                         {"last_number", "none", ""},
                                         {"last_number", "", ""},
                                         {"last_line", " \n a b \n\n", "a b"},
                                         {"last_line", "", ""},
                                         {"####\\s*(\\S+)", "#### 1\n#### 2", "2"},
                                         {"x=(\\d)|y=(\\d)", "x=1 y=2", "2"},
                                         {"\\d+ *", "a 12 ", "12"},
                                         {"z", "none", ""}}) {
    CAPTURE(row.rule, row.reply);
    CHECK(value_of(infer::AnswerRule::make(row.rule)).answer(row.reply) == row.answer);
  }
}

TEST_CASE("paths that would all be the same, and a pattern that is none, are refused") {
  Bench bench = sampled(0);
  CHECK(message_of(bench.drive("self_consistency", "{}", replies({}))).find("the temperature is 0") != std::string::npos);
  CHECK(value_of(bench.drive("self_consistency", R"({"n": 1})", replies({"1"}))).prediction == "1");
  CHECK(value_of(bench.drive("self_consistency", R"({"n": 1, "temperature": 0.7})", replies({"1"}))).prediction == "1");
  CHECK(bench.asked(0).sampling->temperature == 0.7f);
  CHECK(message_of(bench.drive("self_consistency", R"({"answer": "("})", replies({}))).find("card x") == 0);
}

}  // namespace
}  // namespace sextant::test
