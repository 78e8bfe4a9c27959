// The plain types and their JSON: what is written is read back the same, bit by bit.
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <catch2/catch.hpp>
#include "core/data/fields.hpp"
#include "core/data/request.hpp"
#include "core/data/response.hpp"
#include "core/data/sample.hpp"
#include "core/data/stage.hpp"

using namespace sextant;
using namespace sextant::data;

namespace {

template <class T> std::string text_of(const T& value) {
  json::Document out;
  return json::write(to_json(value, out.GetAllocator()));
}
template <class T, class Read> T again(const T& value, Read read) {
  const auto document = json::parse(text_of(value), "text");
  REQUIRE(document);
  auto back = read(*document, "it");
  if (!back) FAIL(back.error().message);
  return *std::move(back);
}

Response some_response() {
  Response out;
  out.key = "00ff";
  out.text = "four \xE5\x9B\x9B";
  out.thinking = "two and two";
  out.ids = {1, -2, 30000};
  out.calls = {{"c1", "add", R"({"a":1,"b":[2.5]})"}};
  out.finish = Finish::tool_calls;
  out.usage = {10, 9, 8, 7};
  return out;
}

}  // namespace

TEST_CASE("a response's line gives the same doubles and floats back", "[data]") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    Response out = some_response();
    ContinuationScore score;
    const uint64_t bits = random();
    std::memcpy(&score.logprob, &bits, sizeof bits);
    score.total_logprob = -static_cast<double>(random() >> 11) / 9007199254740992.0;
    score.tokens = 3, score.total_tokens = 5, score.greedy = round % 2;
    const auto narrow = static_cast<uint32_t>(random());
    float any = 0;
    std::memcpy(&any, &narrow, sizeof any);
    score.token_logprobs = {any, 0.1f, -0.0f};
    score.token_means = {-1.5f, -0.1f, 0}, score.token_variances = {0.3f, 2, 1e-9f};
    out.margin = Margin{0.1f, 7, 2};
    out.embedding = {any, std::numeric_limits<float>::infinity()};
    out.scores = {score};
    const auto back = response_from_line(to_line(out));
    REQUIRE(back);
    const ContinuationScore& got = back->scores.at(0);
    if (std::isnan(score.logprob)) CHECK(std::isnan(got.logprob));
    else CHECK(std::memcmp(&got.logprob, &score.logprob, sizeof(double)) == 0);
    CHECK(got.total_logprob == score.total_logprob);
    REQUIRE(got.token_logprobs.size() == 3);
    if (std::isnan(any)) CHECK(std::isnan(got.token_logprobs[0]));
    else CHECK(std::memcmp(got.token_logprobs.data(), score.token_logprobs.data(), 3 * sizeof(float)) == 0);
    CHECK(back->embedding.at(1) == std::numeric_limits<float>::infinity());
    CHECK(got.greedy == score.greedy);
    CHECK((got.token_means == score.token_means && got.token_variances == score.token_variances));
    CHECK((back->margin && back->margin->least == 0.1f && back->margin->token == 7 && back->margin->request == 2));
    CHECK(to_line(*back) == to_line(out));
  }
}

TEST_CASE("a response's line keeps every member", "[data]") {
  const Response out = some_response();
  const auto back = response_from_line(to_line(out));
  REQUIRE(back);
  CHECK(back->key == out.key);
  CHECK(back->text == out.text);
  CHECK(back->thinking == out.thinking);
  CHECK(back->ids.empty());  // the text says it
  CHECK(back->calls == out.calls);
  CHECK(back->finish == out.finish);
  CHECK(back->usage.prompt_tokens == 10);
  CHECK(back->usage.truncated_tokens == 7);
  CHECK_FALSE(back->error);
}

TEST_CASE("the ids of a tokenised text are journalled", "[data]") {
  Response out;
  out.key = "k";
  out.ids = {1, -2, 30000};
  CHECK(response_from_line(to_line(out))->ids == out.ids);
}

TEST_CASE("a float is written with the digits it needs", "[data]") {
  json::Document out;
  CHECK(json::write(list(std::vector<float>{0.1f, -2.5f, 1e-20f}, out.GetAllocator())) == "[0.1,-2.5,1e-20]");
}

TEST_CASE("text that is not UTF-8 does not break the journal", "[data]") {
  Response out = some_response();
  out.text = "a\xFF" "b";
  const auto back = response_from_line(to_line(out));
  REQUIRE(back);
  CHECK(back->text == "a\xEF\xBF\xBD" "b");
}

TEST_CASE("a broken line is an error", "[data]") {
  for (const char* line :
       {"", "{", "[]", "{\"text\":\"x\"}", "{\"key\":\"\",\"usage\":{}}", "{\"key\":\"k\"}", "{\"key\":\"k\",\"usage\":3}",
        "{\"key\":\"k\",\"usage\":{},\"finish\":\"why\"}", "{\"key\":\"k\",\"usage\":{},\"scores\":[1]}"}) {
    INFO(line);
    CHECK_FALSE(response_from_line(line));
  }
}

TEST_CASE("a request is the same after its JSON", "[data]") {
  Request out;
  out.key = "k";
  out.ask = Ask::score;
  out.turn = 2;
  out.text = Text("prompt");
  Message user("user", "hello");
  user.parts.push_back({Part::Kind::image, "", "a.png", "image/png"});
  Message assistant("assistant", "");
  assistant.calls = {{"c", "calculator", R"({"x":"1+1"})"}};
  Message tool("tool", "2");
  tool.call_id = "c";
  out.messages = {user, assistant, tool};
  out.ids = {5, 6};
  out.continuations = {Text(" A"), Text(" B")};
  out.continuation_ids = {{1}, {2, 3}};
  out.sampling = Sampling{7, 1, 0.7f, 0.9f, 40, 11, 12, {"\n", "Q:"}, 99, 0.1f, 1.2f, 0.3f, 0.4f, 5, {6}, {7, 8}};
  out.keep_bytes = 3;
  out.max_prompt_tokens = 4;
  out.add_special = false;
  out.token_logprobs = out.keep = out.split_special = out.token_moments = out.least_margin = true;
  out.tools_json = R"([{"name":"calculator"}])";
  const Request back = again(out, [](const auto& v, auto o) { return request_from_json(v, o); });
  CHECK(text_of(back) == text_of(out));
  CHECK(back.messages == out.messages);
  CHECK(back.sampling->temperature == 0.7f);
  CHECK(back.sampling->stream == 12);
  CHECK(back.continuations.at(1) == Text(" B"));
  CHECK(back.continuation_ids == out.continuation_ids);
}

TEST_CASE("a request that a plugin writes is filled in and checked", "[data]") {
  Sampling defaults;
  defaults.max_new_tokens = 33;
  defaults.temperature = 0.5f;
  const auto read = [&](const char* text) {
    return request_from_json(*json::parse(text, "t"), "inferencer:x: ask[0]", defaults);
  };
  const auto plain = read(R"({"text": "hi"})");
  REQUIRE(plain);
  CHECK(plain->ask == Ask::generate);
  CHECK(plain->sampling->max_new_tokens == 33);
  const auto own = read(R"({"text": "hi", "sampling": {"max_new_tokens": 2}})");
  REQUIRE(own);
  CHECK(own->sampling->max_new_tokens == 2);
  CHECK(own->sampling->temperature == 0.5f);
  struct { const char* text; const char* says; } const bad[] = {
      {R"([])", "is not a JSON object"},
      {R"({"ask": "guess"})", "\"ask\" must be one of"},
      {R"({"text": 3})", "\"text\" must be a text"},
      {R"({"txet": "x"})", "unknown member \"txet\""},
      {R"({"ask": "tool"})", "\"tool\" is missing"},
      {R"({"sampling": {"max_new_tokens": -1}})", "whole number"},
      {R"({"messages": [{"role": "user", "content": [{"type": "video"}]}]})", "text, image or audio"},
      {R"({"messages": {}})", "is not a list of messages"},
      {R"({"continuation_ids": [["a"]]})", "token ids"}};
  for (const auto& [text, says] : bad) {
    INFO(text);
    const auto request = read(text);
    REQUIRE_FALSE(request);
    CHECK_THAT(request.error().message, Catch::Contains(says));
    CHECK_THAT(request.error().message, Catch::Contains("inferencer:x: ask[0]"));
  }
}

TEST_CASE("samples, prompts and graphs are the same after their JSON", "[data]") {
  const Sample sample{{"ceval-law", 4, 2}, R"({"question":"?","n":1.5})", R"("B")", "doc7", {3, 1}};
  const Sample back = again(sample, [](const auto& v, auto o) { return sample_from_json(v, o); });
  CHECK(back.id == sample.id);
  CHECK(back.record_json == sample.record_json);
  CHECK(back.target_json == sample.target_json);
  CHECK(back.cluster == sample.cluster);
  CHECK(back.shots == sample.shots);

  Prompts prompts;
  prompts.prompts.push_back({"A", Text("text"), {Message("user", "text")}, 2, true});
  prompts.continuations.push_back({"B", Text(" b")});
  CHECK(text_of(again(prompts, [](const auto& v, auto o) { return prompts_from_json(v, o); })) == text_of(prompts));

  const std::vector<Stage> graph = {{"load/t", "load", {}, "", "t"}, {"infer/m/t", "infer", {"load/t"}, "m", "t"}};
  const auto read = graph_from_json(*json::parse(to_json(graph), "graph"), "graph.json");
  REQUIRE(read);
  CHECK(*read == graph);
}

TEST_CASE("a message's text is that of its text parts", "[data]") {
  Message message("user", "one");
  message.append(" two");
  CHECK(message.parts.size() == 1);
  message.parts.push_back({Part::Kind::image, "", "a.png", "image/png"});
  message.append("three");
  CHECK(message.parts.size() == 3);
  CHECK(message.text() == "one twothree");
}

TEST_CASE("names of enumerators are read back", "[data]") {
  for (const Ask ask : {Ask::generate, Ask::score, Ask::whole, Ask::embed, Ask::tokenize, Ask::tool})
    CHECK(ask_from_name(ask_name(ask)) == ask);
  for (const Finish finish : {Finish::none, Finish::eos, Finish::stop, Finish::length, Finish::tool_calls})
    CHECK(finish_from_name(finish_name(finish)) == finish);
  for (const Form form : {Form::open, Form::labels, Form::continuations, Form::cloze, Form::whole})
    CHECK(form_from_name(form_name(form)) == form);
  CHECK_FALSE(ask_from_name("x"));
  CHECK_FALSE(form_from_name(""));
}
