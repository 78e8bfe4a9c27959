// Requests as items: the boundary rule, the empty prefix, truncation, and failures that stay with their request.
#include "fakes.hpp"

using namespace fakes;

namespace {
RequestItems items_of(const sxt_request& request, const Tokenizer& tokenizer, uint32_t context = 100) {
  return make_items(request, 3, tokenizer, {context});
}
}  // namespace

TEST_CASE("the continuation starts at the first token that ends after the prefix", "[items]") {
  const Bytes tokenizer;
  struct Case { const char *prefix, *continuation; uint32_t tokens, start; };
  for (const Case& c : {Case{"xy", "z", 3, 2}, {"xa", "b", 2, 1}, {"xab", "c", 3, 2}, {"x", "", 1, 1}, {"xyz", "ab", 4, 3}}) {
    CAPTURE(c.prefix, c.continuation);
    Requests r;
    const Item item = items_of(r.score(c.prefix, {c.continuation}), tokenizer).items.at(0);
    CHECK(item.tokens.size() == c.tokens);
    CHECK(item.start == c.start);
  }
}

TEST_CASE("an empty prefix is scored after BOS, else EOS, and a whole text after nothing", "[items]") {
  Bytes tokenizer;
  Requests r;
  const sxt_request plain = r.score("", {"xy"}), whole = r.whole("xy");
  CHECK(items_of(plain, tokenizer).items[0].tokens == std::vector<int32_t>{Bytes::bos_id, 'x', 'y'});
  CHECK(items_of(plain, tokenizer).items[0].start == 1);
  CHECK(items_of(whole, tokenizer).items[0].tokens == std::vector<int32_t>{'x', 'y'});
  CHECK(items_of(whole, tokenizer).items[0].start == 1);
  tokenizer.has_bos = false;
  CHECK(items_of(plain, tokenizer).items[0].tokens == std::vector<int32_t>{Bytes::eos_id, 'x', 'y'});
}

TEST_CASE("token ids are taken as they are", "[items]") {
  Bytes tokenizer;
  tokenizer.adds_bos = true;
  Requests r;
  sxt_request& scored = r.score_ids({'x', 'y'}, {{'z'}, {'a', 'b'}});
  scored.flags |= SXT_REQUEST_ADD_SPECIAL;
  const RequestItems made = items_of(scored, tokenizer);
  REQUIRE(made.status == SXT_OK);
  REQUIRE(made.items.size() == 2);
  CHECK(made.items[0].tokens == std::vector<int32_t>{'x', 'y', 'z'});
  CHECK(made.items[1].tokens == std::vector<int32_t>{'x', 'y', 'a', 'b'});
  CHECK(made.items[1].start == 2);
  r.generate_ids({'q'}, 4);
  const RequestItems prompt = items_of(r.last(), tokenizer);
  REQUIRE(prompt.items.size() == 1);
  CHECK(prompt.items[0].tokens == std::vector<int32_t>{'q'});
  CHECK(prompt.items[0].start == 1);
}

TEST_CASE("what is scored behind no ids stands behind BOS, else EOS", "[items]") {
  Requests r;
  const Bytes tokenizer;
  const RequestItems made = items_of(r.score_ids({}, {{'z', 'a'}}), tokenizer);
  REQUIRE(made.items.size() == 1);
  CHECK(made.items[0].tokens.size() == 3);
  CHECK(made.items[0].start == 1);
}

TEST_CASE("a token without a row in the embedding fails the request that has it, and no other", "[items]") {
  const Bytes tokenizer;
  Requests r;
  const auto made = [&](const sxt_request& request) { return make_items(request, 3, tokenizer, {100, 'y'}); };
  const auto fails = [&](const sxt_request& request) {
    const RequestItems failed = made(request);
    CHECK(failed.status == SXT_BAD_DATA);
    CHECK(failed.items.empty());
    CHECK_THAT(failed.message, Catch::Contains("request 3 has the token") &&
                                   Catch::Contains("for which the model's embedding of 121 rows has none"));
  };
  CHECK(made(r.score("ax", {"bc", "d"})).items.size() == 2);
  fails(r.score("ax", {"b", "cy"}));
  fails(r.score("ay", {"b"}));
  fails(r.whole("yes"));
  r.generate("my", 4);
  fails(r.last());
  r.generate_ids({'z'}, 4);
  fails(r.last());
}

TEST_CASE("token ids that are none, too many or mixed with text fail with their request", "[items]") {
  const Bytes tokenizer;
  Requests r;
  CHECK(items_of(r.score_ids({'x', 259}, {{'z'}}), tokenizer).status == SXT_BAD_DATA);
  CHECK(items_of(r.score_ids({'x'}, {{-1}}), tokenizer).status == SXT_BAD_DATA);
  // a scored item's last token is never computed: it may stand one beyond the context
  CHECK(items_of(r.score_ids(std::vector<int32_t>(100, 'x'), {{'z'}}), tokenizer).status == SXT_OK);
  CHECK(items_of(r.score_ids(std::vector<int32_t>(101, 'x'), {{'z'}}), tokenizer).status == SXT_TOO_LONG);
  sxt_request& mixed = r.score("", {"a"});
  const int32_t id = 'x';
  mixed.prefix_ids = {&id, 1};
  CHECK_THAT(items_of(mixed, tokenizer).message, Catch::Contains("give ids for both"));
}

TEST_CASE("what the engine cannot do is refused by name", "[items]") {
  const Bytes tokenizer;
  Requests r;
  const sxt_part audio{sizeof(sxt_part), SXT_PART_AUDIO, {}, borrow("a.wav"), borrow("audio/wav")};
  const sxt_part* const parts[] = {&audio};
  const sxt_message message{sizeof(sxt_message), 0, borrow("user"), parts, 1, nullptr, 0, {}};
  const sxt_message* const messages[] = {&message};
  const auto refused = [&](const sxt_request& request, const char* says) {
    const RequestItems made = items_of(request, tokenizer);
    CHECK(made.status == SXT_UNSUPPORTED);
    CHECK(made.items.empty());
    CHECK_THAT(made.message, Catch::Contains(says));
  };
  r.generate("x", 4);
  sxt_request request = r.last();
  request.messages = messages, request.message_count = 1;
  refused(request, "request 3 has a part of the kind audio");
  request = r.last(), request.ask = SXT_ASK_EMBED;
  refused(request, "embedding");
  request.ask = 0;
  refused(request, "asks for 0");
  request = r.last(), request.top_logprobs = 5;
  refused(request, "top log-probabilities");
  const auto plain = [&](const sxt_request& of) { return make_items(of, 3, tokenizer, {64, UINT32_MAX, false}); };
  request = r.last(), request.flags = SXT_REQUEST_LEAST_MARGIN;
  CHECK_THAT(plain(request).message, Catch::Contains("request 3 wants the margins"));
  CHECK(items_of(request, tokenizer).status == SXT_OK);
  r.score("x", {"y"}, SXT_REQUEST_TOKEN_MOMENTS);
  CHECK(plain(r.last()).status == SXT_UNSUPPORTED);
  CHECK_THAT(plain(r.last()).message, Catch::Contains("mean and variance of ln p"));
}

TEST_CASE("a BOS that the tokenizer adds is not added twice", "[items]") {
  Bytes tokenizer;
  tokenizer.adds_bos = true;
  Requests r;
  CHECK(items_of(r.score("", {"xy"}, SXT_REQUEST_ADD_SPECIAL), tokenizer).items[0].tokens ==
        std::vector<int32_t>{Bytes::bos_id, 'x', 'y'});
  CHECK(items_of(r.score("x", {"y"}, SXT_REQUEST_ADD_SPECIAL), tokenizer).items[0].start == 2);
}

TEST_CASE("a prompt too long loses tokens from the left as far as keep_bytes allows", "[items]") {
  Bytes tokenizer;
  tokenizer.adds_bos = true;
  Requests r;
  r.generate("0123456789", 4, {}, SXT_REQUEST_ADD_SPECIAL);
  sxt_request request = r.last();
  request.max_prompt_tokens = 6;

  SECTION("enough may go: BOS stays") {
    request.keep_bytes = 5;
    const RequestItems made = items_of(request, tokenizer);
    REQUIRE(made.status == SXT_OK);
    CHECK(made.items[0].tokens == std::vector<int32_t>{Bytes::bos_id, '5', '6', '7', '8', '9'});
    CHECK(made.items[0].truncated == 5);
  }
  SECTION("not enough may go") {
    request.keep_bytes = 6;
    CHECK(items_of(request, tokenizer).status == SXT_TOO_LONG);
  }
  SECTION("keep_bytes 0 keeps everything") {
    const RequestItems made = items_of(request, tokenizer);
    CHECK(made.status == SXT_TOO_LONG);
    CHECK(made.items.empty());
  }
  SECTION("without a limit of its own: the context less what is to be generated") {
    request.max_prompt_tokens = 0;
    request.keep_bytes = 3;
    CHECK(items_of(request, tokenizer, 12).items.at(0).tokens.size() == 8);
  }
}

TEST_CASE("one that is too long says so with the numbers, and the others go on", "[items]") {
  const Bytes tokenizer;
  Requests r;
  r.score("fits", {"x"});
  r.score(std::string(2344, 'c'), {"x"});
  const auto all = r.all();
  HashDevice device({64, 200, 2048, 259});
  const auto got = run_all(all, device, tokenizer, {});
  CHECK(got[0].status == SXT_OK);
  CHECK(got[1].status == SXT_TOO_LONG);
  CHECK(got[1].puts == 1);
  CHECK_THAT(got[1].message, Catch::Contains("has 2,345 tokens, the context holds 2,048"));
}

TEST_CASE("an empty prompt needs a token to begin with", "[items]") {
  const Bytes tokenizer;
  Requests r;
  r.generate("", 4);
  CHECK(items_of(r.last(), tokenizer).items.at(0).tokens == std::vector<int32_t>{Bytes::bos_id});
}
