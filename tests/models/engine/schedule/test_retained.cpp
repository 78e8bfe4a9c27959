// What conversations leave in the pages of a device from one call to the next: what is computed of a turn, what is evicted, and that
// nobody can tell from a result.
#include <random>
#include <set>
#include "fakes.hpp"

using namespace fakes;

namespace {

constexpr uint32_t context = 320;
using Ids = std::vector<int32_t>;

// Devices whose pages outlive the calls.
struct Engine {
  std::vector<std::unique_ptr<HashDevice>> owned;
  std::vector<Device*> devices;
  Retained retained;
  const Bytes tokenizer;
  explicit Engine(uint32_t pages, size_t n = 1) {
    for (size_t i = 0; i < n; ++i) devices.push_back(owned.emplace_back(std::make_unique<HashDevice>(DeviceLimits{64, pages, context, 259})).get());
    retained = retained_for(devices);
  }
  std::vector<Got> run(const Requests& requests, const ScheduleOptions& options = {16, 0}, const RopeLength& rope_length = no_rope_length) {
    return run_all(requests.all(), devices, tokenizer, options, true, rope_length, retained);
  }
  Got run(const std::string& prompt, uint32_t new_tokens, uint32_t flags) {
    Requests requests;
    requests.generate(prompt, new_tokens, {}, flags);
    return run(requests)[0];
  }
};

std::vector<Got> from_scratch(const Requests& requests, const RopeLength& rope_length = no_rope_length) {
  HashDevice device({64, 4000, context, 259});
  return run_all(requests.all(), device, Bytes(), {16, 0}, true, rope_length);
}

void check_same(const std::vector<Got>& a, const std::vector<Got>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    REQUIRE(a[i].puts == 1);
    REQUIRE(a[i].status == b[i].status);
    REQUIRE(a[i].text == b[i].text);
    REQUIRE(a[i].ids == b[i].ids);
    REQUIRE(a[i].finish == b[i].finish);
    REQUIRE(a[i].prompt_tokens == b[i].prompt_tokens);
    REQUIRE(a[i].token_logprobs == b[i].token_logprobs);
  }
}

// How many tokens of its prompt and its reply have keys and values once a generation is over.
uint32_t written(const Got& got) {
  return got.prompt_tokens + static_cast<uint32_t>(got.ids.size()) - (got.finish != SXT_FINISH_EOS);
}

// What a user says: letters that make one token each.
std::string words(std::mt19937_64& random, size_t most) {
  std::string text;
  for (auto n = 1 + random() % most; n > 0; --n) text += static_cast<char>('c' + random() % 3);
  return text;
}

// One text that grows by a reply and a question in each turn, and starts anew where the context is full.
struct Conversation {
  std::string text;
  void go_on(const Got& got, const std::string& question) { text += got.text + question; }
};

const RopeLength rope_lengths[] = {no_rope_length, [](uint32_t n) { return n > 150 ? 151u : 0u; }, [](uint32_t n) { return n > 100 ? n : 0u; }};

// Asks every conversation's turn, some in one call, some in another, among other requests.
struct Crowd {
  std::mt19937_64 random;
  std::vector<Conversation> conversations;
  Crowd(uint64_t seed, size_t n) : random(seed), conversations(n) {
    const std::string system = words(random, 90);
    for (Conversation& c : conversations) c.text = random() % 4 ? system + words(random, 20) : words(random, 60);
  }
  struct Call {
    Requests requests;
    std::vector<size_t> of;  // [requests] the conversation, or SIZE_MAX
  };
  Call call(bool only_kept) {
    Call out;
    for (size_t c = 0; c < conversations.size(); ++c) {
      if (random() % 3 == 0) continue;
      out.requests.generate(conversations[c].text, static_cast<uint32_t>(1 + random() % 40), {}, only_kept || random() % 5 ? SXT_REQUEST_KEEP : 0);
      out.of.push_back(c);
      if (random() % 3) continue;
      const std::string& other = conversations[random() % conversations.size()].text;
      const std::string begin = other.substr(0, 1 + random() % other.size());
      if (random() % 2) out.requests.score(begin, {"x", "y" + words(random, 9), ""});
      else out.requests.generate(begin, static_cast<uint32_t>(only_kept + random() % 9), {}, only_kept ? SXT_REQUEST_KEEP : 0);
      out.of.push_back(SIZE_MAX);
    }
    return out;
  }
  void learn(const Call& call, const std::vector<Got>& got) {
    for (size_t i = 0; i < got.size(); ++i) {
      if (call.of[i] == SIZE_MAX) continue;
      Conversation& c = conversations[call.of[i]];
      c.go_on(got[i], words(random, 30));
      if (c.text.size() > 250) c.text = words(random, 60);
    }
  }
};

}  // namespace

TEST_CASE("a turn computes its own tokens, and the last one of the turn before where that had no keys yet", "[retained]") {
  Engine engine(200);
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

TEST_CASE("what is left depends on no order: counters are those of the calls alone while pages fit", "[retained]") {
  for (const RopeLength& rope_length : rope_lengths)
    for (uint64_t seed = 1; seed <= 6; ++seed) {
      CAPTURE(seed, &rope_length - rope_lengths);
      Engine engine(4000);
      Crowd crowd(seed, 9);
      std::set<std::pair<uint32_t, Ids>> left;  // the oracle: every beginning that has keys and values, by the length it is rotated for
      for (int round = 0; round < 12; ++round) {
        CAPTURE(round);
        const Crowd::Call call = crowd.call(true);
        const auto all = call.requests.all();
        struct Item { size_t request; Ids ids; uint32_t rope_length; };
        std::vector<Item> items;
        std::set<std::pair<uint32_t, Ids>> scored, asked, seen;
        for (size_t i = 0; i < all.size(); ++i) {
          const std::string prefix(view(all[i].prefix));
          const uint64_t n = all[i].sampling ? 1 : all[i].continuation_count;
          for (uint64_t k = 0; k < n; ++k) {
            Ids ids = engine.tokenizer.encode(all[i].sampling ? prefix : prefix + std::string(view(all[i].continuation[k])), {}).ids;
            const uint32_t length = rope_length(static_cast<uint32_t>(ids.size()));
            if (all[i].sampling) asked.insert({length, ids});
            for (size_t m = 1; !all[i].sampling && m <= ids.size(); ++m) scored.insert({length, Ids(ids.begin(), ids.begin() + static_cast<long>(m))});
            items.push_back({i, std::move(ids), length});
          }
        }
        std::vector<uint32_t> computed(all.size());
        for (const Item& item : items)
          for (size_t m = 1; m <= item.ids.size(); ++m) {
            const std::pair<uint32_t, Ids> path{item.rope_length, Ids(item.ids.begin(), item.ids.begin() + static_cast<long>(m))};
            if (seen.insert(path).second && (!left.contains(path) || scored.contains(path) || asked.contains(path)))
              ++computed[item.request];
          }
        const auto got = engine.run(call.requests, {16, round % 3 ? seed + static_cast<uint64_t>(round) : 0}, rope_length);
        check_same(got, from_scratch(call.requests, rope_length));
        for (size_t i = 0; i < all.size(); ++i) {
          CAPTURE(i);
          REQUIRE(got[i].computed_tokens == computed[i]);
        }
        for (const Item& item : items) {
          const Got& g = got[item.request];
          if (!all[item.request].sampling) continue;
          Ids ids = item.ids;
          ids.insert(ids.end(), g.ids.begin(), g.ids.end());
          ids.resize(written(g));
          for (size_t m = 1; m <= ids.size(); ++m) left.insert({item.rope_length, Ids(ids.begin(), ids.begin() + static_cast<long>(m))});
        }
        crowd.learn(call, got);
      }
    }
}

TEST_CASE("conversations have the results that they have without reuse, in any order, memory and number of devices", "[retained]") {
  std::mt19937_64 random(11);
  uint64_t reused = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const auto pages = static_cast<uint32_t>(pages_for(context) + 2 + (random() % 2 ? random() % 20 : random() % 200));
    const size_t workers = 1 + random() % 3;
    const RopeLength& rope_length = rope_lengths[random() % std::size(rope_lengths)];
    CAPTURE(seed, pages, workers, &rope_length - rope_lengths);
    Engine engine(pages, workers);
    Crowd crowd(seed, 8);
    for (int round = 0; round < 12; ++round) {
      CAPTURE(round);
      const Crowd::Call call = crowd.call(false);
      const ScheduleOptions options{static_cast<uint32_t>(1 + random() % 20), random() % 3 ? random() : 0};
      const auto got = engine.run(call.requests, options, rope_length), expected = from_scratch(call.requests, rope_length);
      check_same(got, expected);
      for (size_t i = 0; i < got.size() && workers == 1; ++i) {
        REQUIRE(got[i].computed_tokens <= expected[i].computed_tokens);
        reused += expected[i].computed_tokens - got[i].computed_tokens;
      }
      crowd.learn(call, got);
    }
  }
  CHECK(reused > 1000);
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
  CHECK_FALSE(run(job, engine.devices, engine.tokenizer, {}, {[&] { return ++asked > 6; }, [](uint64_t, uint64_t) {}}, collector.sink(),
                  engine.retained));
  const Got again = engine.run(prompt, 20, SXT_REQUEST_KEEP);
  CHECK(again.computed_tokens == 200);
  check_same({again}, from_scratch(requests));
}
