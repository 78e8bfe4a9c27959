// Windows, and the perplexity of a whole text.
#include <cmath>
#include "../../../core/infer/windows.hpp"
#include "inferencer_test.hpp"

namespace sextant::test {
namespace {

void check_windows(const json::Value& golden, const std::vector<infer::Window>& windows) {
  CAPTURE(json::write(golden));
  REQUIRE(windows.size() == golden["windows"].Size());
  for (rapidjson::SizeType i = 0; i < golden["windows"].Size(); ++i) {
    const json::Value& expected = golden["windows"][i];
    CHECK(windows[i] == infer::Window{expected[0].GetUint64(), expected[1].GetUint64(), expected[2].GetUint64()});
  }
}

TEST_CASE("disjoint windows are lm-eval's") {
  const json::Document goldens = inferencer_goldens();
  for (const auto& golden : goldens["disjoint"].GetArray())
    check_windows(golden, infer::disjoint_windows(golden["tokens"].GetUint64(), golden["length"].GetUint64()));
}

TEST_CASE("strided windows are those of transformers' documentation") {
  const json::Document goldens = inferencer_goldens();
  for (const auto& golden : goldens["strided"].GetArray())
    check_windows(golden, infer::strided_windows(golden["tokens"].GetUint64(), golden["length"].GetUint64(),
                                                 golden["stride"].GetUint64()));
}

// A token is a byte; -0.5 for each token that is scored.
data::Response bytes_answer(const data::Request& request) {
  data::Response response;
  if (request.ask == data::Ask::tokenize) {
    for (const char byte : request.text.view()) response.ids.push_back(static_cast<unsigned char>(byte));
    return response;
  }
  REQUIRE(request.continuation_ids.size() == 1);
  data::ContinuationScore score;
  score.tokens = static_cast<uint32_t>(request.continuation_ids.front().size());
  score.logprob = -0.5 * score.tokens;
  response.scores.push_back(score);
  return response;
}
Bench with_text(const std::string& text) {
  Bench bench;
  bench.prompts.prompts.push_back(prompt_of(text));
  bench.settings.context_length = 4;
  return bench;
}

TEST_CASE("rolling asks for tokens, then for windows behind one token of context") {
  Bench bench = with_text("abcd efghi");
  const Outcome outcome = value_of(bench.drive("rolling", "{}", bytes_answer));
  REQUIRE(bench.rounds.size() == 2);
  CHECK(bench.asked(0).ask == data::Ask::tokenize);
  CHECK(bench.asked(0).add_special);
  std::string windows;
  for (const data::Request& request : bench.rounds[1].asked) {
    CHECK(request.ask == data::Ask::score);
    CHECK_FALSE(request.add_special);
    windows += std::string(request.ids.begin(), request.ids.end()) + ">" +
               std::string(request.continuation_ids[0].begin(), request.continuation_ids[0].end()) + "|";
  }
  CHECK(windows == ">abcd|d> efg|efg>hi|");
  const json::Document extra = json_of(outcome.extra_json);
  CHECK(outcome.prediction.empty());
  CHECK(extra["logprob"].GetDouble() == -5);
  CHECK(extra["tokens"].GetInt() == 10);
  CHECK(extra["words"].GetInt() == 2);
  CHECK(extra["bytes"].GetInt() == 10);
  CHECK(extra["windows"].GetInt() == 3);
  CHECK(extra["word_perplexity"].GetDouble() == Approx(std::exp(2.5)));
  CHECK(extra["byte_perplexity"].GetDouble() == Approx(std::exp(0.5)));
  CHECK(extra["bits_per_byte"].GetDouble() == Approx(0.5 / std::log(2.)));
}

TEST_CASE("with a stride every token but the first is scored once") {
  Bench bench = with_text("abcd efghi");
  const json::Document extra = json_of(value_of(bench.drive("rolling", R"({"stride": 2})", bytes_answer)).extra_json);
  CHECK(extra["tokens"].GetInt() == 9);
  CHECK(extra["logprob"].GetDouble() == -4.5);
  CHECK(bench.rounds[1].asked.size() == 4);
}

TEST_CASE("a text without anything to score has no windows") {
  for (const auto& [text, config] : {std::pair{"", "{}"}, std::pair{"a", R"({"stride": 1})"}}) {
    Bench bench = with_text(text);
    const json::Document extra = json_of(value_of(bench.drive("rolling", config, bytes_answer)).extra_json);
    CHECK(bench.rounds.size() == 1);
    CHECK(extra["logprob"].GetDouble() == 0);
    CHECK(extra["windows"].GetInt() == 0);
  }
}

TEST_CASE("words and bytes may be counted on another column") {
  Bench bench = with_text("ab cd");
  bench.sample.record_json = R"({"page": "ab c d e", "number": 3})";
  const json::Document extra = json_of(value_of(bench.drive("rolling", R"({"counted": "page"})", bytes_answer)).extra_json);
  CHECK(extra["words"].GetInt() == 4);
  CHECK(extra["bytes"].GetInt() == 8);
  CHECK(message_of(bench.drive("rolling", R"({"counted": "number"})", bytes_answer)).find("'number', which holds no text") !=
        std::string::npos);
}

TEST_CASE("a window must fit the context and a stride the window") {
  struct Row { uint32_t context; std::string config, message; };
  for (const Row& row :
       std::vector<Row>{{0, "{}", "context is unknown"},
                        {4, R"({"window": 5})", "\"window\" of 5 tokens, but the model's context holds 4"},
                        {4, R"({"stride": 4})", "\"stride\" of 4 tokens; it must be less than the window of 4"},
                        {0, R"({"window": 3})", "(no error)"}}) {
    Bench bench = with_text("some text");
    bench.settings.context_length = row.context;
    CAPTURE(row.config);
    CHECK(message_of(bench.drive("rolling", row.config, bytes_answer)).find(row.message) != std::string::npos);
  }
}

TEST_CASE("each token's ln p is kept where it is asked for, in the order of the text") {
  Bench bench = with_text("abcd efghi");
  float next = 0;
  const auto answer = [&](const data::Request& request) {
    data::Response response = bytes_answer(request);
    for (data::ContinuationScore& score : response.scores)
      for (uint32_t i = 0; request.token_logprobs && i < score.tokens; ++i) score.token_logprobs.push_back(next -= 0.25F);
    return response;
  };
  const json::Document extra = json_of(value_of(bench.drive("rolling", R"({"token_logprobs": true})", answer)).extra_json);
  REQUIRE(extra["token_logprobs"].Size() == extra["tokens"].GetUint());
  CHECK(extra["token_logprobs"][0].GetDouble() == -0.25);
  CHECK(extra["token_logprobs"][extra["tokens"].GetUint() - 1].GetDouble() == next);
  CHECK_FALSE(json_of(value_of(bench.drive("rolling", "{}", answer)).extra_json).HasMember("token_logprobs"));
  CHECK(message_of(bench.drive("rolling", R"({"token_logprobs": true})", bytes_answer))
            .find("no log-probability of each token") != std::string::npos);
}

TEST_CASE("a text whose numbers are not finite is an error") {
  Bench bench = with_text("some text");
  const auto message = message_of(bench.drive("rolling", "{}", [](const data::Request& request) {
    data::Response response = bytes_answer(request);
    if (!response.scores.empty()) response.scores.front().logprob = std::nan("");
    return response;
  }));
  CHECK(message == "the backend gave no finite log-probability for the text");
}

}  // namespace
}  // namespace sextant::test
