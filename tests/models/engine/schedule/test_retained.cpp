// What conversations leave in the pages of a device from one call to the next: what is computed of a turn, and what is evicted.
#include "turns.hpp"

using namespace fakes;

TEST_CASE("a turn computes its own tokens, and the last one of the turn before where that had no keys yet", "[retained]") {
  Engine engine(200);
  engine.owned[0]->given.step_rows = 0;  // no drafts: their rows would count
  std::mt19937_64 random(1);
  Conversation c{"the beginning: " + words(random, 60)};
  uint32_t there = 0;
  for (int turn = 0; turn < 8; ++turn) {
    CAPTURE(turn);
    const uint64_t rows = engine.owned[0]->rows;
    const Got got = engine.run(c.text, 20, SXT_REQUEST_KEEP);
    REQUIRE(got.prompt_tokens == c.text.size());
    REQUIRE(got.computed_tokens == got.prompt_tokens - there);
    there = written(got);
    REQUIRE(engine.owned[0]->rows - rows == got.computed_tokens + there - got.prompt_tokens);
    c.go_on(got, words(random, 10));
  }
}

TEST_CASE("without the flag nothing is left to the next call", "[retained]") {
  Engine engine(200);
  const Got first = engine.run("a question of some length, more than a page of it", 20, 0);
  CHECK(engine.retained[0]->count() == 0);
  const Got second = engine.run("a question of some length, more than a page of it" + first.text + "?", 20, SXT_REQUEST_KEEP);
  CHECK(second.computed_tokens == second.prompt_tokens);
}

TEST_CASE("a request that is asked again computes its last token", "[retained]") {
  Engine engine(200);
  for (const size_t length : {1u, 31u, 32u, 33u, 64u, 100u}) {
    CAPTURE(length);
    const std::string prompt = static_cast<char>('A' + length % 26) + std::string(length - 1, 'c');
    const Got first = engine.run(prompt, 20, SXT_REQUEST_KEEP), again = engine.run(prompt, 20, SXT_REQUEST_KEEP);
    CHECK(first.computed_tokens == length);
    CHECK(again.computed_tokens == 1);
    CHECK(again.ids == first.ids);
  }
}

TEST_CASE("where the next prompt has other tokens than the reply, what comes before them is reused", "[retained]") {
  Engine engine(200);
  const std::string prompt(50, 'q');
  Requests request;
  request.generate(prompt, 60, {}, SXT_REQUEST_KEEP).min_new_tokens = 60;
  const Got first = engine.run(request)[0];
  for (const size_t equal : {0u, 1u, 14u, 15u, 40u}) {
    CAPTURE(equal);
    const Got second = engine.run(prompt + first.text.substr(0, equal) + "#and so on", 5, 0);
    CHECK(second.computed_tokens == 10);
  }
}

TEST_CASE("what was not asked for longest is evicted first", "[retained]") {
  Engine engine(4 * 3 + 1);  // three conversations of four pages
  const auto prompt = [](char c) { return std::string(100, c); };
  for (const char c : {'c', 'd', 'e'}) engine.run(prompt(c), 20, SXT_REQUEST_KEEP);
  CHECK(engine.run(prompt('c'), 20, SXT_REQUEST_KEEP).computed_tokens == 1);
  engine.run(prompt('f'), 20, SXT_REQUEST_KEEP);
  CHECK(engine.run(prompt('e'), 1, SXT_REQUEST_KEEP).computed_tokens == 1);
  CHECK(engine.run(prompt('c'), 1, SXT_REQUEST_KEEP).computed_tokens == 1);
  CHECK(engine.run(prompt('f'), 1, SXT_REQUEST_KEEP).computed_tokens == 1);
  CHECK(engine.run(prompt('d'), 1, SXT_REQUEST_KEEP).computed_tokens > 30);
}

TEST_CASE("where not all conversations fit, those that do are reused in every turn", "[retained]") {
  Engine engine(60);  // the longest turn takes up to 9 pages for each of 12
  std::mt19937_64 random(3);
  std::vector<Conversation> conversations(12);
  for (Conversation& c : conversations) c.text = words(random, 30) + std::string(100, 'q');
  for (int turn = 0; turn < 4; ++turn) {
    CAPTURE(turn);
    Requests requests;
    for (const Conversation& c : conversations) requests.generate(c.text, 20, {}, SXT_REQUEST_KEEP);
    const auto got = engine.run(requests, {4, 0});
    check_same(got, from_scratch(requests));
    size_t reused = 0;
    for (const Got& g : got) reused += g.computed_tokens <= 40;
    CHECK(reused >= (turn == 0 ? 0u : 4u));
    for (size_t i = 0; i < got.size(); ++i) conversations[i].go_on(got[i], words(random, 10));
  }
}

TEST_CASE("a call goes as fast as it would if nothing were retained", "[retained]") {
  std::mt19937_64 random(5);
  Requests earlier, later;
  for (int i = 0; i < 40; ++i) earlier.generate(words(random, 90), 40, {}, SXT_REQUEST_KEEP);
  for (int i = 0; i < 40; ++i) later.generate("z" + words(random, 90), 30);
  Engine fresh(50), full(50);
  full.run(earlier);
  REQUIRE(full.retained[0]->count() > 30);
  const uint64_t before = full.owned[0]->batches;
  check_same(full.run(later), fresh.run(later));
  CHECK(full.owned[0]->batches - before == fresh.owned[0]->batches);
}

TEST_CASE("a conversation's last turn gives its pages back, a shared beginning stays for the others", "[retained]") {
  Engine engine(100);
  const std::string system(70, 's');
  std::vector<Conversation> two{{system + std::string(30, 'c')}, {system + std::string(30, 'd')}};
  for (Conversation& c : two) c.go_on(engine.run(c.text, 20, SXT_REQUEST_KEEP), "and?");
  CHECK(engine.retained[0]->count() == 2 + 2 * 2);
  engine.run(two[0].text, 20, 0);
  CHECK(engine.retained[0]->count() == 4);
  const Got last = engine.run(two[1].text, 20, 0);
  CHECK(last.computed_tokens <= 5);
  CHECK(engine.retained[0]->count() == 0);
  CHECK(engine.retained[0]->pool().available() == 100);
}

TEST_CASE("who asks for a part of an open conversation does not end it", "[retained]") {
  Engine engine(100);
  const std::string prompt(100, 'c');
  engine.run(prompt, 20, SXT_REQUEST_KEEP);
  const uint32_t left = engine.retained[0]->count();
  CHECK(engine.run(prompt.substr(0, 70) + "d", 20, 0).computed_tokens == 1);
  CHECK(engine.run(prompt, 20, 0).computed_tokens == 1);
  CHECK(engine.retained[0]->count() == left);
}

TEST_CASE("probabilities of all tokens are computed, whatever is retained", "[retained]") {
  Engine engine(100);
  const std::string prompt(100, 'c');
  const Got first = engine.run(prompt, 20, SXT_REQUEST_KEEP);
  Requests requests;
  requests.score(prompt + first.text, {"x", "y"});
  requests.generate(prompt + first.text + "and?", 20);
  const auto got = engine.run(requests);
  check_same(got, from_scratch(requests));
  CHECK(got[0].computed_tokens == 100 + first.text.size() + 2);
  CHECK(got[1].computed_tokens == 4);
}

TEST_CASE("continuations behind a retained turn need their own tokens", "[retained]") {
  const auto [name, behind, computed] = GENERATE(table<const char*, const char*, uint32_t>({
      {"after the reply, whose last token was never computed", "and?", 1 + 4 + 2},
      {"after the reply itself", "", 1 + 2},
      {"after a part of the prompt, whose last row is needed for its logits", nullptr, 1 + 2},
  }));
  INFO(name);
  Engine engine(100);
  const std::string prompt(100, 'c');
  const Got first = engine.run(prompt, 20, SXT_REQUEST_KEEP);
  Requests requests;
  requests.score(behind ? prompt + first.text + behind : prompt.substr(0, 70), {"x", "y"}, SXT_REQUEST_TOKEN_LOGPROBS);
  const auto got = engine.run(requests);
  check_same(got, from_scratch(requests));
  CHECK(got[0].computed_tokens == computed);
}

TEST_CASE("after a call that was cancelled nothing is retained, and all pages are there", "[retained]") {
  Engine engine(pages_for(context) + 2);
  const std::string prompt(200, 'c');
  engine.run(prompt, 20, SXT_REQUEST_KEEP);
  Requests requests;
  requests.generate(prompt, 20, {}, SXT_REQUEST_KEEP);
  const auto all = requests.all();
  const Job job = job_of(all, engine.tokenizer, context);
  int asked = 0;
  Collector collector(all);
  const Hooks hooks{[&] { return ++asked > 6; }, [](uint64_t, uint64_t) {}};
  CHECK_FALSE(run(job, engine.devices, engine.tokenizer, {}, hooks, collector.sink(), engine.retained));
  const Got again = engine.run(prompt, 20, SXT_REQUEST_KEEP);
  CHECK(again.computed_tokens == 200);
  check_same({again}, from_scratch(requests));
}

TEST_CASE("what a request leaves is not found by its own call, whose counters do not depend on who is done first",
          "[retained]") {
  const std::string prompt(40, 'c');
  Requests alone, requests;
  alone.generate(prompt, 20).min_new_tokens = 20;
  const std::string reply = from_scratch(alone)[0].text;
  requests.generate(prompt, 20, {}, SXT_REQUEST_KEEP).min_new_tokens = 20;
  for (char c = 'A'; c < 'J'; ++c) requests.generate(prompt + std::string(250, c), 1);  // batches until the reply is there
  requests.generate(prompt + reply + "?", 1, {}, SXT_REQUEST_KEEP);
  Engine engine(400);
  engine.run(prompt, 1, SXT_REQUEST_KEEP);  // so that there is something to find
  const auto got = engine.run(requests);
  check_same(got, from_scratch(requests));
  CHECK(got.back().computed_tokens == 21);
  CHECK(engine.run(prompt + reply + "!", 1, SXT_REQUEST_KEEP).computed_tokens == 1);
}

namespace {

// `n` questions behind one beginning.
Requests questions(const std::string& beginning, int n, char mark) {
  Requests requests;
  for (int i = 0; i < n; ++i) requests.generate(beginning + static_cast<char>('c' + i) + mark + std::string(8, 'q'), 6);
  return requests;
}

}  // namespace

TEST_CASE("a beginning that many requests share is kept for later calls; a request's counters are as if it were not", "[retained][beginnings]") {
  const std::string beginning(100, 's');  // three whole pages and four tokens
  const auto [name, shared, kept] = GENERATE(table<const char*, int, uint32_t>({{"eight", 8, 3}, {"seven", 7, 0}}));
  CAPTURE(name);
  Engine engine(200);
  engine.owned[0]->given.step_rows = 0;
  engine.run(questions(beginning, shared, '1'));
  REQUIRE(engine.retained[0]->count() == kept);
  for (const int asking : {7, 1}) {  // who asks for it leaves it there
    CAPTURE(asking);
    const Requests later = questions(beginning, asking, '2');
    const uint64_t rows = engine.owned[0]->rows, taken = engine.retained[0]->taken();
    HashDevice alone({64, 4000, context, 259});
    alone.given.step_rows = 0;
    const auto got = engine.run(later), expected = run_all(later.all(), alone, Bytes(), {16, 0});
    check_same(got, expected);
    for (size_t i = 0; i < got.size(); ++i) CHECK(got[i].computed_tokens == expected[i].computed_tokens);
    CHECK(engine.retained[0]->taken() - taken == kept * page_tokens);
    CHECK(engine.owned[0]->rows - rows == alone.rows - kept * page_tokens);
    CHECK(engine.retained[0]->count() == kept);
  }
}

TEST_CASE("options of one request are one request; scored ones share a beginning, too", "[retained][beginnings]") {
  Engine engine(200);
  Requests one, many;
  const std::string beginning(70, 's');
  one.score(beginning, {"c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}, 0);
  engine.run(one);
  CHECK(engine.retained[0]->count() == 0);
  for (char c = 'c'; c < 'm'; ++c) many.score(beginning + c + "?", {"x", "yes", ""}, 0);
  engine.run(many);
  CHECK(engine.retained[0]->count() == 2);
  const auto got = engine.run(many);
  check_same(got, from_scratch(many));
  CHECK(engine.retained[0]->taken() == 64);
}

TEST_CASE("beginnings change no result, in any order, memory and number of devices, beside conversations", "[retained][beginnings][turns]") {
  uint64_t taken = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    const auto pages = static_cast<uint32_t>(pages_for(context) + 2 + (random() % 2 ? random() % 20 : random() % 200));
    const size_t workers = 1 + random() % 3;
    CAPTURE(seed, pages, workers);
    Engine engine(pages, workers);
    const std::string beginnings[] = {words(random, 30) + std::string(100, 'q'), words(random, 150), std::string(40, 'z')};
    for (int wave = 0; wave < 8; ++wave) {
      CAPTURE(wave);
      Requests requests;
      for (auto n = random() % 25; n > 0; --n) {
        const std::string prompt = beginnings[random() % 3] + words(random, 20);
        if (random() % 2) requests.score(prompt, {"x", "y" + words(random, 9)}, SXT_REQUEST_TOKEN_LOGPROBS);
        else requests.generate(prompt, static_cast<uint32_t>(1 + random() % 20), {}, random() % 4 ? 0 : SXT_REQUEST_KEEP);
      }
      const ScheduleOptions options{static_cast<uint32_t>(1 + random() % 20), random() % 3 ? random() : 0};
      check_same(engine.run(requests, options), from_scratch(requests));
    }
    for (const auto& retained : engine.retained) taken += retained->taken();
  }
  CHECK(taken > 2000);
}
