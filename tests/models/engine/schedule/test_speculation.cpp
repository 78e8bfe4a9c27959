// Drafts: where they come from, when they pay, and that they show in no result.
#include <random>
#include "../../../../models/engine/schedule/thinking.hpp"
#include "fakes.hpp"

using namespace fakes;

namespace {

// What a generation with every draft gave is compared with what it gave without any.
void check_same_replies(const std::vector<Got>& a, const std::vector<Got>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    REQUIRE(a[i].puts == 1);
    REQUIRE(a[i].ids == b[i].ids);
    REQUIRE(a[i].text == b[i].text);
    REQUIRE(a[i].finish == b[i].finish);
    REQUIRE(a[i].computed_tokens == b[i].computed_tokens);
  }
}

Requests replies(uint64_t seed, float temperature) {
  std::mt19937_64 random(seed);
  Requests out;
  for (int i = 0; i < 40; ++i) {
    // few prompts, so that what one says another one says, too
    sxt_sampling& s = out.generate("prompt " + std::to_string(random() % 6), static_cast<uint32_t>(1 + random() % 60),
                                   random() % 4 ? std::vector<std::string>{} : std::vector<std::string>{"de", "k"});
    s.temperature = temperature, s.top_k = 3, s.seed = 7, s.id = random() % 9;
    s.min_new_tokens = random() % 2 ? 0 : 9;
  }
  return out;
}

constexpr uint32_t context = 160;

Speculations one() {
  Speculations out;
  out.push_back(std::make_unique<Speculation>());
  return out;
}

}  // namespace

TEST_CASE("a draft changes no reply, drawn or not, in any order and batch", "[schedule][speculation]") {
  const Bytes tokenizer;
  const Speculations none;
  for (const float temperature : {0.0f, 0.3f})
    for (const uint64_t of : {1u, 2u, 3u}) {
      const Requests requests = replies(of, temperature);
      const auto all = requests.all();
      HashDevice plain({64, 400, context, 259});
      const auto expected = run_all(all, plain, tokenizer, {1, 0}, true, no_rope_length, {}, &none);
      const Speculations counting = one();
      for (const uint32_t batch_size : {1u, 3u, 16u})
        for (const uint64_t seed : {0u, 1u, 2u, 3u})
          for (const uint32_t pages : {pages_for(context) + 2, 400u}) {
            CAPTURE(temperature, of, batch_size, seed, pages);
            HashDevice device({40, pages, context, 259});
            check_same_replies(run_all(all, device, tokenizer, {batch_size, seed}, true, no_rope_length, {}, &counting),
                               expected);
          }
      CHECK(counting[0]->accepted() > 1000);
      CHECK(counting[0]->drafted() > counting[0]->accepted());
    }
}

TEST_CASE("what an earlier call said is drafted, and saves steps", "[schedule][speculation]") {
  const Bytes tokenizer;
  Requests requests;
  requests.generate("what is it", 60).min_new_tokens = 60;
  const auto all = requests.all();
  HashDevice device({64, 400, context, 259});
  const Speculations kept = one();
  const Got first = run_all(all, device, tokenizer, {}, true, no_rope_length, {}, &kept)[0];
  const uint64_t batches = std::exchange(device.batches, 0);
  const Got second = run_all(all, device, tokenizer, {}, true, no_rope_length, {}, &kept)[0];
  CHECK(second.ids == first.ids);
  CHECK(batches >= 50);
  CHECK(device.batches < 15);
  CHECK(kept[0]->accepted() > 45);
  CHECK(kept[0]->drafted() >= kept[0]->accepted());
}

TEST_CASE("generations from one prompt draft what their siblings have said", "[schedule][speculation]") {
  const Bytes tokenizer;
  Requests requests;
  for (int i = 0; i < 3; ++i) requests.generate("and this", 60).min_new_tokens = 60;
  HashDevice device({64, 400, context, 259});
  const Speculations counting = one();
  const auto got = run_all(requests.all(), device, tokenizer, {2, 0}, true, no_rope_length, {}, &counting);
  CHECK(got[2].ids == got[0].ids);
  CHECK(counting[0]->accepted() > 40);  // the third begins when one has ended
}

TEST_CASE("a device that says nothing of its steps gets no draft", "[schedule][speculation]") {
  const Bytes tokenizer;
  const Requests requests = replies(1, 0);
  HashDevice device({64, 400, context, 259});
  device.given.step_rows = 0;
  const Speculations counting = one();
  run_all(requests.all(), device, tokenizer, {4, 5}, true, no_rope_length, {}, &counting);
  CHECK(counting[0]->drafted() == 0);
}

TEST_CASE("a history finds where most of the last tokens stood before", "[speculation]") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    TokenHistory history;
    std::vector<int32_t> tokens, tail;
    for (auto n = random() % 300; n > 0; --n)
      tokens.push_back(static_cast<int32_t>(random() % 6) - (random() % 20 == 0 ? 7 : 0));
    for (int32_t& token : tokens) token = std::max(token, TokenHistory::gap);
    for (auto n = random() % 6; n > 0; --n) tail.push_back(static_cast<int32_t>(random() % 6));
    history.append(tokens);
    if (random() % 2)  // no path has a gap
      tail.assign(std::find(tokens.rbegin(), tokens.rend(), TokenHistory::gap).base(), tokens.end());
    // every place, the latest first
    uint32_t best = 1, place = 0;
    for (uint32_t p = static_cast<uint32_t>(tokens.size()); p-- > 1;) {
      uint32_t equal = 0;
      while (equal < std::min<size_t>({p, tail.size(), TokenHistory::match_most}) &&
             tokens[p - 1 - equal] == tail[tail.size() - 1 - equal] && tokens[p - 1 - equal] != TokenHistory::gap)
        ++equal;
      if (tokens[p] != TokenHistory::gap && equal > best) best = equal, place = p;
    }
    const auto found = history.find(tail);
    CAPTURE(round, tokens, tail);
    CHECK(found.position == place);
    CHECK(found.length == (place ? best : 0));
  }
}

TEST_CASE("a guess goes on with what repeats, and pays the less the more generate", "[speculation]") {
  Speculation speculation;
  TokenHistory text;
  text.append(std::vector<int32_t>{5, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1});
  Guess guess = speculation.guess(text, {});
  CHECK(guess.own);
  CHECK(guess.match == 7);
  REQUIRE(guess.tokens.size() > Speculation::draft_most);
  for (size_t i = 0; i < guess.tokens.size(); ++i) CHECK(guess.tokens[i] == static_cast<int32_t>((i + 1) % 3 + 1));
  GuessRecord record;
  uint32_t before = UINT32_MAX;
  for (const uint32_t sequences : {1u, 4u, 16u, 256u}) {
    const uint32_t length = speculation.draft_length(guess, record, false, sequences, 10);
    CHECK(length <= before);
    before = length;
  }
  CHECK(before == 0);
  CHECK(speculation.draft_length(guess, record, false, 1, 10) > 5);
  for (int i = 0; i < 30; ++i) speculation.learn(guess, 0, false, 9, record);  // never right
  CHECK(speculation.draft_length(guess, record, false, 1, 10) == 0);
  GuessRecord other;
  for (int i = 0; i < 200; ++i) speculation.learn(guess, 0, false, guess.tokens[0], other);
  CHECK(speculation.draft_length(guess, other, false, 1, 10) > 5);
}

TEST_CASE("thinking ends with its tag after so many tokens, and the reply goes on behind it", "[schedule][thinking]") {
  const Bytes tokenizer;
  const Speculations none;
  struct Case { const char *what, *prompt, *before; uint32_t budget; const char* tag; };
  // the hash device says letters from c on and never a tag: a block that the prompt opened stays open
  const Case c = GENERATE(Case{"opened by the prompt", "why?<think>\n", "", 5, "\n</think>\n\n"},
                          Case{"another family's tag", "why?[THINK]", "", 3, "\n[/THINK]\n\n"},
                          Case{"not opened", "why?", "", 5, ""}, Case{"closed again", "why?<think>\n\n</think>\n\n", "", 5, ""},
                          Case{"a budget that is not reached", "why?<think>", "", 400, ""});
  CAPTURE(c.what);
  for (const uint64_t seed : {0u, 1u, 2u}) {  // other than 0: drafts that are wrong, batches of any size
    Requests requests;
    sxt_sampling& s = requests.generate(c.prompt, 60);
    s.max_thinking_tokens = c.budget, s.min_new_tokens = 60;
    requests.generate(c.prompt, 60).min_new_tokens = 60;
    HashDevice device({40, 400, context, 259});
    const auto got = run_all(requests.all(), device, tokenizer, {2, seed}, true, no_rope_length, {}, seed ? nullptr : &none);
    REQUIRE(got[0].status == SXT_OK);
    if (!*c.tag) {
      CHECK(got[0].text == got[1].text);
      continue;
    }
    CHECK(got[0].text.substr(0, c.budget) == got[1].text.substr(0, c.budget));
    CHECK(got[0].text.substr(c.budget, std::string(c.tag).size()) == c.tag);
    CHECK(got[0].text.find('<', c.budget + std::string(c.tag).size()) == std::string::npos);
    CHECK(got[0].ids.size() == 60);
    // what follows is what the model says behind the prompt and all of that
    Requests behind;
    behind.generate(c.prompt + got[0].text.substr(0, c.budget) + c.tag, 10).min_new_tokens = 10;
    const auto rest = run_all(behind.all(), device, tokenizer, {1, 0}, true, no_rope_length, {}, &none);
    CHECK(got[0].text.substr(c.budget + std::string(c.tag).size(), 10) == rest[0].text);
  }
}

TEST_CASE("a block that the reply itself opens and closes is counted, its tags are not", "[schedule][thinking]") {
  const Bytes tokenizer;
  ThinkingBudget budget(4, "why?", tokenizer);
  std::string text;
  const auto say = [&](std::string_view more) {
    for (const char ch : more) {
      const int32_t said = budget.next(static_cast<unsigned char>(ch));
      text += static_cast<char>(said);
      budget.said(said, text);
    }
  };
  say("a long beginning <think>x</think>yy");
  CHECK(text == "a long beginning <think>x</think>yy");
  ThinkingBudget small(2, "why?", tokenizer);
  text.clear();
  for (const char ch : std::string_view("<think>abcdefghijklmnopqrstu")) {
    const int32_t said = small.next(static_cast<unsigned char>(ch));
    text += static_cast<char>(said);
    small.said(said, text);
  }
  CHECK(text == "<think>ab\n</think>\n\nnopqrstu");
}
