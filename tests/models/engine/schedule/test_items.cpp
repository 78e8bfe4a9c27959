// Requests as items: the boundary rule, the empty prefix, truncation, and failures that stay with their request.
#include "fakes.hpp"

using namespace fakes;

namespace {
RequestItems items_of(const sxt_request& request, const Tokenizer& tokenizer, uint32_t context = 100) {
  return make_items(request, 3, tokenizer, context);
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
  const sxt_request plain = r.score("", {"xy"}), whole = r.score("", {"xy"}, SXT_REQUEST_WHOLE);
  CHECK(items_of(plain, tokenizer).items[0].tokens == std::vector<int32_t>{Bytes::bos_id, 'x', 'y'});
  CHECK(items_of(plain, tokenizer).items[0].start == 1);
  CHECK(items_of(whole, tokenizer).items[0].tokens == std::vector<int32_t>{'x', 'y'});
  CHECK(items_of(whole, tokenizer).items[0].start == 1);
  tokenizer.has_bos = false;
  CHECK(items_of(plain, tokenizer).items[0].tokens == std::vector<int32_t>{Bytes::eos_id, 'x', 'y'});
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
