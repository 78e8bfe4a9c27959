// The pure parts of the backend "openai": what is worth another try, when, how many at once, and the shapes of bodies and
// replies. tests/contract/test_served.py runs the whole against servers.
#include <catch2/catch.hpp>
#include <curl/curl.h>
#include "../../plugins/component.hpp"
#include "body.hpp"
#include "reply.hpp"
#include "schema.hpp"
#include "throttle.hpp"

using namespace sextant;
using namespace sextant::openai;

namespace {

Settings settings_of(const std::string& config) {
  const std::string whole = R"({"base_url":"http://h/v1","max_tokens_name":"max_tokens",)" + config + "}";
  return read_settings(or_throw(json::parse(whole, "config")));
}

Exchange answered(long status, std::string answer, std::string content_type = "application/json") {
  Exchange e;
  e.id = "sxt-1-7";
  e.status = status;
  e.answer = std::move(answer);
  e.content_type = std::move(content_type);
  return e;
}

std::string body_of(const Settings& settings, sxt_sampling sampling, const Spelling& spelling = {"m", 0, false}) {
  sampling.struct_size = sizeof sampling;
  const sxt_part part{sizeof part, SXT_PART_TEXT, borrow("Hi"), {}, {}};
  const sxt_part* const parts[] = {&part};
  const sxt_message message{sizeof message, 0, borrow("user"), parts, 1, nullptr, 0, {}};
  const sxt_message* const messages[] = {&message};
  sxt_request request{};
  request.struct_size = sizeof request;
  request.ask = SXT_ASK_GENERATE;
  request.messages = messages;
  request.message_count = 1;
  request.sampling = &sampling;
  return generation(settings, spelling, request).body;
}

sxt_sampling greedy() {
  sxt_sampling s{};
  s.max_new_tokens = 5;
  s.top_p = 1;
  s.repetition_penalty = 1;
  return s;
}

}  // namespace

TEST_CASE("The schema is closed and says what each key is") {
  const sxt_component component{sizeof component, SXT_MODEL, 0, 0, "openai", "1", "", "", schema, nullptr, nullptr};
  test::check_schema(component);
}

TEST_CASE("What an exchange came to") {
  const std::pair<long, Verdict> statuses[] = {{200, Verdict::answered}, {400, Verdict::refused}, {401, Verdict::refused},
                                               {404, Verdict::refused},  {302, Verdict::refused}, {408, Verdict::failed},
                                               {429, Verdict::busy},     {529, Verdict::busy},    {500, Verdict::failed},
                                               {503, Verdict::gone}};
  for (const auto& [status, verdict] : statuses) {
    INFO(status);
    CHECK(verdict_of_status(status) == verdict);
  }
  CHECK(verdict_of_code(CURLE_COULDNT_CONNECT) == Verdict::gone);
  CHECK(verdict_of_code(CURLE_PARTIAL_FILE) == Verdict::failed);
  CHECK(verdict_of_code(CURLE_OPERATION_TIMEDOUT) == Verdict::failed);
  CHECK(verdict_of_code(CURLE_PEER_FAILED_VERIFICATION) == Verdict::untrusted);
}

TEST_CASE("Waiting doubles up to a minute, and half of it is drawn") {
  for (const uint32_t tries : {1u, 2u, 5u, 7u, 20u, 4'000'000'000u}) {
    INFO(tries);
    const int64_t whole = tries < 8 ? std::min<int64_t>(60'000, 500 << (tries - 1)) : 60'000;
    CHECK(backoff_ms(500, tries, 0) == whole / 2);
    CHECK(backoff_ms(500, tries, UINT64_MAX) >= whole - 1);
    CHECK(backoff_ms(500, tries, UINT64_MAX) <= whole);
  }
}

TEST_CASE("Retry-After in its forms") {
  const int64_t now = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT
  const std::tuple<const char*, bool, int64_t> cases[] = {{"2", false, 2000},
                                                          {" 1.5", false, 1500},
                                                          {"250", true, 250},
                                                          {"Sun, 06 Nov 1994 08:49:40 GMT", false, 3000},
                                                          {"Sun, 06 Nov 1994 08:49:30 GMT", false, 0},
                                                          {"soon", false, 0},
                                                          {"-3", false, 0},
                                                          {"", false, 0},
                                                          {"1e30", false, 600'000},
                                                          {"nan", false, 0}};
  for (const auto& [value, in_ms, expected] : cases) {
    INFO(value);
    CHECK(retry_after_ms(value, in_ms, now) == expected);
  }
}

TEST_CASE("Fewer at once when it is too much, more again as it goes well") {
  Throttle throttle(100);
  throttle.too_much(1000, 0);
  CHECK(throttle.limit() == 70);
  throttle.too_much(1001, 0);  // sent before the cut: says nothing new
  CHECK(throttle.limit() == 70);
  throttle.too_much(2000, 5000);
  CHECK(throttle.limit() == 49);
  CHECK(throttle.closed_until_ms() == 7000);
  for (int i = 0; i < 49; ++i) throttle.went_well();
  CHECK(throttle.limit() == 51);
  for (int i = 0; i < 10'000; ++i) throttle.went_well();
  CHECK(throttle.limit() == 100);
  for (int64_t i = 0; i < 100; ++i) throttle.too_much(10'000 + 1000 * i, 0);
  CHECK(throttle.limit() == 1);
}

TEST_CASE("A secret is struck from what a server says") {
  const Settings s = settings_of(R"("api_key":"sk-1234567","headers":{"X-Gate":"another one"})");
  CHECK(s.clean("bad key sk-1234567,\n and  another one.") == "bad key ***, and ***");
  CHECK(s.clean(std::string(5000, 'x')).size() < 400);
}

TEST_CASE("Addresses that cannot be") {
  for (const char* url :
       {"localhost:8000", "ftp://h/v1", "http:///v1", "http://me:word@h/v1", "http://h/v1?x=1", "http://h\\n/v1", "https://"}) {
    INFO(url);
    CHECK_THROWS_AS(read_settings(or_throw(json::parse(std::string(R"({"base_url":")") + url + "\"}", "config"))), PluginError);
  }
  CHECK(settings_of(R"("query":"?a=b")").chat_url() == "http://h/v1/chat/completions?a=b");
  CHECK(settings_of(R"("query":"")").own_url("/tokenize") == "http://h/tokenize");
}

TEST_CASE("Bodies: what is not asked for is not sent; omit and extra_body win") {
  const std::string messages = R"("messages":[{"role":"user","content":"Hi"}],)";
  sxt_sampling drawn = greedy();
  drawn.temperature = 0.7f;
  drawn.top_p = 0.9f;
  drawn.top_k = 3;
  drawn.repetition_penalty = 1.1f;
  CHECK(body_of(settings_of(R"("query":"")"), greedy()) ==
        R"({"model":"m",)" + messages + R"("max_tokens":5,"temperature":0})");
  CHECK(body_of(settings_of(R"("send_seed":false)"), drawn, {"m", 0, true}) ==
        R"({"model":"m",)" + messages + R"("max_tokens":5,"temperature":0.7,"top_p":0.9,"top_k":3,"repeat_penalty":1.1})");
  CHECK(body_of(settings_of(R"("omit":["temperature"],"extra_body":{"max_tokens":9,"x":[1]})"), greedy()) ==
        R"({"model":"m",)" + messages + R"("max_tokens":9,"x":[1]})");
  drawn.id = 1;
  const uint32_t one = seed_of(drawn);
  drawn.id = 2;
  CHECK(one != seed_of(drawn));
  drawn.no_repeat_ngram_size = 2;
  CHECK_THROWS_AS(body_of(settings_of(R"("query":"")"), drawn), PluginError);
}

TEST_CASE("Replies in the shapes that servers have") {
  struct Case { const char *answer, *text, *thinking; uint32_t finish; uint64_t prompt, completion; };
  const Case cases[] = {
      {R"({"choices":[{"message":{"content":"A"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}})",
       "A", "", SXT_FINISH_EOS, 3, 2},
      {R"({"choices":[{"message":{"content":null,"reasoning_content":"hm"},"finish_reason":"length"}]})", "", "hm",
       SXT_FINISH_LENGTH, 0, 0},
      {R"({"choices":[{"message":{"content":[{"type":"text","text":"A"}],"reasoning":"r"},"finish_reason":"stop","stop_reason":"X"}]})",
       "A", "r", SXT_FINISH_STOP, 0, 0},
      {R"({"choices":[{"text":"B","finish_reason":"length"}]})", "B", "", SXT_FINISH_LENGTH, 0, 0},
      {R"({"content":[{"type":"thinking","thinking":"t"},{"type":"text","text":"C"}],"stop_reason":"end_turn","usage":{"input_tokens":4,"cache_read_input_tokens":6,"output_tokens":1}})",
       "C", "t", SXT_FINISH_EOS, 10, 1},
      {R"({"choices":[{"message":{"content":"","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}]})",
       "", "", SXT_FINISH_TOOL_CALLS, 0, 0},
  };
  for (const Case& c : cases) {
    INFO(c.answer);
    const auto answer = read_answer(answered(200, c.answer));
    REQUIRE(answer);
    const auto reply = read_reply(*answer);
    REQUIRE(reply);
    CHECK(reply->text == c.text);
    CHECK(reply->thinking == c.thinking);
    CHECK(reply->finish == c.finish);
    CHECK(reply->usage.prompt == c.prompt);
    CHECK(reply->usage.completion == c.completion);
  }
}

TEST_CASE("What is no reply is asked for again") {
  const std::pair<const char*, const char*> cases[] = {{"", "empty"},
                                                       {"{\"choices\":[", "broken"},
                                                       {"[]", "broken"},
                                                       {R"({"error":{"message":"no"}})", "an error in place"},
                                                       {R"({"id":"chatcmpl-sxt-1-8","choices":[]})", "another request"},
                                                       {R"({"choices":[]})", "no choices"},
                                                       {R"({"choices":[{"finish_reason":"stop"}]})", "neither"},
                                                       {R"({"choices":[{"text":"","finish_reason":"abort"}]})", "broke"}};
  for (const auto& [text, why] : cases) {
    INFO(text);
    const auto answer = read_answer(answered(200, text));
    const auto reply = answer ? read_reply(*answer) : Result<Reply>(answer.error());
    REQUIRE_FALSE(reply);
    CHECK_THAT(reply.error().message, Catch::Contains(why));
  }
  Exchange other = answered(200, R"({"choices":[{"text":"A"}]})");
  other.served_id = "sxt-1-8";
  CHECK_FALSE(read_answer(other));
  other.served_id = "the server's own";
  CHECK(read_answer(other));
  CHECK_THAT(read_answer(answered(200, "<html>", "text/html")).error().message, Catch::Contains("text/html"));
}

TEST_CASE("Refusals are read") {
  CHECK(is_too_long(answered(400, R"({"error":{"message":"This model's maximum context length is 10 tokens"}})")));
  CHECK(is_too_long(answered(400, R"({"error":{"message":"x","type":"exceed_context_size_error"}})")));
  CHECK_FALSE(is_too_long(answered(400, R"({"error":{"message":"bad stop"}})")));
  CHECK(ends_the_run(answered(401, "")));
  CHECK(ends_the_run(answered(429, R"({"error":{"code":"insufficient_quota","message":"pay"}})")));
  CHECK_FALSE(ends_the_run(answered(429, R"({"error":{"code":"rate_limit_exceeded"}})")));
  CHECK_FALSE(ends_the_run(answered(400, "")));
  CHECK(complaint(answered(400, R"({"detail":"Not so"})")) == "Not so");
  CHECK(complaint(answered(500, "<html>", "text/html; charset=utf-8")) == "a page of HTML");
  CHECK_THAT(advice(answered(400, R"({"error":{"message":"Unsupported parameter: 'temperature' is not supported"}})")),
             Catch::Contains("omit=[\"temperature\"]"));
}
