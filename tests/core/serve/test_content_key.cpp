// A key says everything that an answer depends on, and nothing else.
#include <catch2/catch.hpp>
#include <functional>
#include "core/serve/content_key.hpp"

namespace sextant::serve {
namespace {

data::Request request() {
  data::Request out;
  out.text = "prompt";
  out.sampling = data::Sampling{16, 0, 0.5f, 0.9f, 3, 7, 11, {"\n"}, 0, 0, 1, 0, 0, 0, {}, {}};
  out.keep_bytes = 6;
  return out;
}

}  // namespace

TEST_CASE("a content key depends on every part and on where one text ends") {
  const KeyBase base{"weights", "{}", "0.1.0"};
  using Change = std::function<void(KeyBase&, data::Request&)>;
  const std::vector<Change> changes = {
      [](KeyBase&, data::Request&) {},
      [](KeyBase& b, data::Request&) { b.weights_sha256 = "other"; },
      [](KeyBase& b, data::Request&) { b.model_config = "{\"x\":1}"; },
      [](KeyBase& b, data::Request&) { b.code_version = "0.1.1"; },
      [](KeyBase&, data::Request& r) { r.ask = data::Ask::score; },
      [](KeyBase&, data::Request& r) { r.text = "prompts"; },
      [](KeyBase&, data::Request& r) { r.continuations = {"a", "b"}; },
      [](KeyBase&, data::Request& r) { r.continuations = {"ab"}; },
      [](KeyBase&, data::Request& r) { r.continuations = {"b", "a"}; },
      [](KeyBase&, data::Request& r) { r.ids = {1, 2}; },
      [](KeyBase&, data::Request& r) { r.continuation_ids = {{1, 2}}; },
      [](KeyBase&, data::Request& r) { r.continuation_ids = {{1}, {2}}; },
      [](KeyBase&, data::Request& r) { r.sampling->max_new_tokens = 17; },
      [](KeyBase&, data::Request& r) { r.sampling->min_new_tokens = 1; },
      [](KeyBase&, data::Request& r) { r.sampling->temperature = 0.6f; },
      [](KeyBase&, data::Request& r) { r.sampling->temperature = 0; },
      [](KeyBase&, data::Request& r) { r.sampling->top_p = 1; },
      [](KeyBase&, data::Request& r) { r.sampling->top_k = 4; },
      [](KeyBase&, data::Request& r) { r.sampling->seed = 8; },
      [](KeyBase&, data::Request& r) { r.sampling->stream = 12; },
      [](KeyBase&, data::Request& r) { r.sampling->stop = {"\n", "x"}; },
      [](KeyBase&, data::Request& r) { r.sampling->max_thinking_tokens = 5; },
      [](KeyBase&, data::Request& r) { r.sampling->min_p = 0.1f; },
      [](KeyBase&, data::Request& r) { r.sampling->repetition_penalty = 1.1f; },
      [](KeyBase&, data::Request& r) { r.sampling->presence_penalty = 1.1f; },
      [](KeyBase&, data::Request& r) { r.sampling->frequency_penalty = 1.1f; },
      [](KeyBase&, data::Request& r) { r.sampling->no_repeat_ngram_size = 3; },
      [](KeyBase&, data::Request& r) { r.sampling->suppress_tokens = {3, 4}; },
      [](KeyBase&, data::Request& r) { r.sampling->begin_suppress_tokens = {3, 4}; },
      [](KeyBase&, data::Request& r) { r.keep_bytes = 5; },
      [](KeyBase&, data::Request& r) { r.max_prompt_tokens = 5; },
      [](KeyBase&, data::Request& r) { r.add_special = false; },
      [](KeyBase&, data::Request& r) { r.split_special = true; },
      [](KeyBase&, data::Request& r) { r.token_logprobs = true; },
      [](KeyBase&, data::Request& r) { r.tools_json = "[]"; },
      [](KeyBase&, data::Request& r) { r.text = {}, r.messages = {{"user", "prompt"}}; },
      [](KeyBase&, data::Request& r) { r.text = {}, r.messages = {{"system", "prompt"}}; },
  };
  std::vector<std::string> keys;
  for (size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    KeyBase changed = base;
    data::Request asked = request();
    changes[i](changed, asked);
    const std::string key = content_key(changed, asked);
    CHECK(key.size() == 64);
    CHECK(content_key(changed, asked) == key);
    CHECK(std::find(keys.begin(), keys.end(), key) == keys.end());
    keys.push_back(key);
  }
}

TEST_CASE("repeats of a greedy request are one request; the turn in the attempt and the KV cache say nothing of the answer") {
  data::Request one = request(), two = request();
  one.sampling->temperature = two.sampling->temperature = 0;
  two.sampling->stream = 99;
  two.sampling->seed = 98;
  two.turn = 3;
  two.keep = true;
  CHECK(content_key({}, one) == content_key({}, two));
}

TEST_CASE("penalties change a greedy request, min_p does not") {
  data::Request greedy = request(), changed = request();
  greedy.sampling->temperature = changed.sampling->temperature = 0;
  changed.sampling->min_p = 0.3f;
  CHECK(content_key({}, greedy) == content_key({}, changed));
  changed.sampling->repetition_penalty = 1.3f;
  CHECK(content_key({}, greedy) != content_key({}, changed));
}

TEST_CASE("a conversation that has been rendered is its text") {
  data::Request one = request(), two = request();
  two.messages = {{"user", "prompt"}};
  CHECK(content_key({}, one) == content_key({}, two));
}

TEST_CASE("a random stream is the sample's own") {
  const data::SampleId id{"task", 3, 1};
  std::vector<uint64_t> streams = {stream_of(id, 0), stream_of(id, 1), stream_of({"task", 3, 0}, 0),
                                   stream_of({"task", 4, 1}, 0), stream_of({"other", 3, 1}, 0)};
  CHECK(stream_of(id, 0) == streams[0]);
  std::sort(streams.begin(), streams.end());
  CHECK(std::unique(streams.begin(), streams.end()) == streams.end());
}

TEST_CASE("the content key of docs/files.md") {
  data::Request greedy;
  greedy.text = "1 + 1 = ?";
  greedy.sampling = data::Sampling{};
  greedy.sampling->max_new_tokens = 16;
  greedy.keep_bytes = 9;
  CHECK(content_key({"00ff", "{}", "0.1.0+abc"}, greedy) == "24478698636cb5ff0fa4232d94ee310f4f04219d8241e3191a39467d85bb7e03");
}

}  // namespace sextant::serve
