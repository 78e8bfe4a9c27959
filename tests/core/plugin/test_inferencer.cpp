// Inferencers that a plugin brings: what goes to them, and what is made of what they answer.
#include "core/infer/plugin_inferencer.hpp"
#include "plugin_folder.hpp"

using namespace sextant;
using namespace sextant::plugin;
using namespace sextant::plugin::test;
using Catch::Matchers::Contains;

namespace {

Result<infer::Step> step_of(const char* text, const data::Sampling& defaults = {}) {
  return infer::step_from_json(*json::parse(text, "answer"), "inferencer:x", defaults);
}

}  // namespace

TEST_CASE("a step is requests or an outcome") {
  data::Sampling defaults;
  defaults.max_new_tokens = 9;
  const auto asks = step_of(
      R"({"ask": [{"messages": [{"role": "user", "content": "hi"}], "keep": true}, {"ask": "score", "text": "q", "continuations": [" A"]}]})",
      defaults);
  REQUIRE(asks);
  REQUIRE(asks->ask.size() == 2);
  CHECK_FALSE(asks->done);
  CHECK(asks->ask[0].messages.at(0).text() == "hi");
  CHECK(asks->ask[0].keep);
  CHECK(asks->ask[0].sampling->max_new_tokens == 9);
  CHECK(asks->ask[1].ask == data::Ask::score);
  CHECK_FALSE(asks->ask[1].sampling);
  const auto done = step_of(
      R"({"done": {"prediction": "B", "thinking": "t", "labels": [{"label": "B", "logprob": -1.5, "tokens": 2, "value": -1.5}],
      "turns": [{"messages": [{"role": "user", "content": "hi"}], "reply": "B"}], "extra": {"votes": 3}, "finish": "stop"}})");
  REQUIRE(done);
  REQUIRE(done->done);
  CHECK(done->done->prediction == "B");
  CHECK(done->done->labels.at(0).logprob == -1.5);
  CHECK(done->done->turns.at(0).reply == "B");
  CHECK(done->done->extra_json == R"({"votes":3})");
}

TEST_CASE("a step that is neither, both or misspelt is an error with its place") {
  const auto [text, says] = GENERATE(table<const char*, const char*>({
      {"{}", "neither"},
      {R"({"ask": []})", "neither"},
      {R"({"ask": [{"text": "a"}], "done": {"prediction": "b"}})", "both"},
      {R"({"aks": []})", "unknown member \"aks\""},
      {R"({"done": {}})", "\"prediction\" is missing"},
      {R"({"done": {"prediction": 3}})", "\"prediction\" must be a text"},
      {R"({"ask": [{"text": "a"}, {"txet": "b"}]})", "ask[1]"},
  }));
  const auto step = step_of(text);
  REQUIRE_FALSE(step);
  CHECK_THAT(step.error().message, Contains(says) && Contains("inferencer:x"));
}

TEST_CASE("a plugin's inferencer is one of the core's, and what it does wrong names it") {
  if (!ready()) return;
  Folder folder;
  folder.add_with_manifest("calls");
  Host host(folder.discover(), nullptr);
  const data::Sample sample{{"t", 1, 0}, "{}", "\"A\"", "", {}};
  data::Prompts prompts;
  prompts.prompts.push_back({"", data::Text("q"), {}, 0, false});
  const infer::Settings settings;
  const infer::Question question{sample, prompts, settings};
  const auto make = [&](const char* id) {
    auto plugin = host.inferencer(id, "{}", "test");
    REQUIRE(plugin);
    return infer::make_plugin_inferencer(*std::move(plugin));
  };
  CHECK_THAT(make("neither")->step(question, {}).error().message, Contains("inferencer:neither gave neither"));
  CHECK_THAT(make("typo")->step(question, {}).error().message,
             Contains("inferencer:typo") && Contains("ask[1]") && Contains("txet"));
  const auto endless = make("endless");
  CHECK_FALSE(endless->one_round());
  CHECK(endless->form() == data::Form::open);
  const auto first = endless->step(question, {});
  REQUIRE(first);
  CHECK(first->ask.at(0).text == data::Text("more"));
  CHECK(make("typo")->one_round());
}
