// How replies are made: what a run says counts more than a model's own files, and what of these is not done is said.
#include <catch2/catch.hpp>
#include "../../../core/serve/generation.hpp"

using namespace sextant;
using namespace sextant::serve;
using Catch::Matchers::Contains;

namespace {

Generating made(const std::string& asked, const std::string& own, bool adjusts = true) {
  config::ModelConfig model;
  model.backend = "toy";
  const json::Document given = *json::parse(asked, "asked");
  for (const auto& member : given.GetObject())
    REQUIRE(*config::set_generation(model.generation, json::text(member.name), member.value));
  const json::Document file = *json::parse(own, "own");
  return generating(model, &file, 512, adjusts);
}
std::string warned(const Generating& made) {
  std::string all;
  for (const std::string& one : made.warnings) all += one + "\n";
  return all;
}

}  // namespace

TEST_CASE("a model's penalties are followed, and the run's count more") {
  const char* own =
      R"({"from": "f.json", "repetition_penalty": 1.3, "suppress_tokens": [4, 5], "stop_strings": ["x"], "min_new_tokens": 2})";
  const Generating as_own = made("{}", own);
  CHECK(as_own.sampling.repetition_penalty == 1.3f);
  CHECK(as_own.sampling.suppress_tokens == std::vector<int32_t>{4, 5});
  CHECK(as_own.sampling.stop == std::vector<std::string>{"x"});
  CHECK(as_own.sampling.min_new_tokens == 2);
  CHECK(as_own.sampling.temperature == 0);
  CHECK(as_own.follows.size() == 4);
  CHECK(warned(as_own).empty());
  const Generating asked = made(R"({"repetition_penalty": 1, "suppress_tokens": []})", own);
  CHECK(asked.sampling.repetition_penalty == 1);
  CHECK(asked.sampling.suppress_tokens.empty());
}

TEST_CASE("a model's do_sample is said and not followed; where the run draws, it draws as the model says") {
  const char* own = R"({"from": "f.json", "do_sample": true, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "min_p": 0.1})";
  const Generating greedy = made("{}", own);
  CHECK(greedy.sampling.temperature == 0);
  CHECK_THAT(warned(greedy),
             Contains("do_sample, temperature 0.7, top_p 0.8, top_k 20, min_p 0.1") && Contains("not followed"));
  CHECK(warned(made(R"({"do_sample": false})", own)).empty());
  CHECK(warned(made(R"({"temperature": 0})", own)).empty());
  const Generating drawn = made(R"({"do_sample": true})", own);
  CHECK(drawn.sampling.temperature == 0.7f);
  CHECK(drawn.sampling.top_p == 0.8f);
  CHECK(drawn.sampling.top_k == 20);
  CHECK(drawn.sampling.min_p == 0.1f);
  const Generating hotter = made(R"({"temperature": 1.5, "top_k": 0})", own);
  CHECK(hotter.sampling.temperature == 1.5f);
  CHECK(hotter.sampling.top_k == 0);
  CHECK(hotter.sampling.top_p == 0.8f);
  CHECK(made(R"({"do_sample": true})", "{}").sampling.temperature == 1);
  CHECK(made(R"({"do_sample": false, "temperature": 0.5})", own).sampling.temperature == 0);
}

TEST_CASE("what cannot be followed is said") {
  CHECK_THAT(warned(made("{}", R"({"from": "f.json", "max_new_tokens": 5})")),
             Contains("f.json asks for replies of at most 5 tokens"));
  CHECK_THAT(warned(made("{}", R"({"from": "f.json", "max_length": 20})")),
             Contains("max_length") && Contains("--max-seq-len 20"));
  CHECK(warned(made("{}", R"({"from": "f.json", "max_new_tokens": 4096, "max_length": 20})")).empty());
  CHECK_THAT(warned(made("{}", R"({"from": "f.json", "repetition_penalty": -1})")),
             Contains("repetition_penalty -1") && Contains("above 0"));
  const Generating plain = made(R"({"repetition_penalty": 1.2, "min_p": 0.1})", "{}", false);
  CHECK(plain.sampling.repetition_penalty == 1);
  CHECK_THAT(warned(plain), Contains("repetition_penalty changes nothing: the backend 'toy' cannot do that"));
}
