// The scheduler on a device that only hashes: whatever the order, the batches and the memory, every request gets what it would
// get alone.
#include <memory>
#include <random>
#include <set>
#include <thread>
#include "../../../../models/engine/schedule/workers.hpp"
#include "../../few_threads.hpp"
#include "fakes.hpp"

using namespace fakes;

namespace {

// ---- the oracle: one request, token by token ----
std::vector<int32_t> tokens_of(const Bytes& t, const std::string& text, bool bos) {
  std::vector<int32_t> ids = t.encode(text, {}).ids;
  if (bos) ids.insert(ids.begin(), Bytes::bos_id);
  return ids;
}
uint64_t hash_of(const std::vector<int32_t>& ids, size_t n, uint32_t rope_length) {
  uint64_t h = 1 + rope_length;
  for (size_t i = 0; i < n; ++i) h = extend(h, ids[i]);
  return h;
}
float logprob(const std::vector<int32_t>& ids, size_t i, uint32_t rope_length) {
  const uint64_t h = hash_of(ids, i, rope_length);
  return static_cast<float>(logit(h, ids[i]) - log_sum_exp(h));
}
// `ret_margins`: of each choice, that of the end among them.
std::vector<int32_t> greedy(std::vector<int32_t> ids, const sxt_sampling& s, uint32_t context, uint32_t rope_length,
                            std::vector<float>& ret_margins) {
  std::vector<int32_t> out;
  while (out.size() < s.max_new_tokens && ids.size() < context) {
    const uint64_t hash = hash_of(ids, ids.size(), rope_length);
    const int32_t token = best(hash, out.size() < s.min_new_tokens);
    ret_margins.push_back(margin(hash));
    if (token == Bytes::eos_id) break;
    out.push_back(token);
    ids.push_back(token);
  }
  return out;
}

constexpr uint32_t context = 160;

// the ways of models: none, LongRoPE's one step, dynamic NTK's own frequencies for every length beyond the original one
const RopeLength rope_lengths[] = {no_rope_length, [](uint32_t n) { return n > 60 ? 61u : 0u; },
                                   [](uint32_t n) { return n > 40 ? n : 0u; }};

// Many requests that share prefixes at any cut, of every kind.
Requests random_requests(uint64_t seed, size_t n) {
  std::mt19937_64 random(seed);
  Requests out;
  std::vector<std::string> seen{""};
  for (size_t i = 0; i < n; ++i) {
    std::string prefix = seen[random() % seen.size()];
    prefix = prefix.substr(0, random() % (prefix.size() + 1));
    for (auto k = random() % 40; k > 0; --k) prefix += static_cast<char>('a' + random() % 3);
    if (prefix.size() > 100) prefix.resize(100);
    seen.push_back(prefix);
    switch (random() % 4) {
      case 0:
        out.generate(prefix, static_cast<uint32_t>(random() % 50)).min_new_tokens = random() % 2 ? 0 : 7;
        if (i % 3 > 0) out.last().flags |= SXT_REQUEST_LEAST_MARGIN;
        break;
      case 1:
        out.score(prefix, {" A", " B", " C", " D"},
                  SXT_REQUEST_TOKEN_LOGPROBS | (random() % 2 ? SXT_REQUEST_TOTAL_LOGPROB : 0));
        break;
      case 2: out.score(prefix, {"x", "xy" + std::string(random() % 30, 'z'), ""}); break;
      default: out.whole(prefix, SXT_REQUEST_TOKEN_LOGPROBS); break;
    }
    if (!out.last().sampling && i % 3 == 0) out.last().flags |= SXT_REQUEST_TOKEN_MOMENTS;
  }
  return out;
}

void check(const RequestList& requests, const std::vector<Got>& got, const Bytes& t,
           const RopeLength& rope_length = no_rope_length) {
  for (size_t i = 0; i < requests.size(); ++i) {
    CAPTURE(i);
    const sxt_request& r = *requests[i];
    REQUIRE(got[i].puts == 1);
    REQUIRE(got[i].message == "");
    const std::string prefix(view(r.prefix));
    if (r.sampling) {
      const auto prompt = tokens_of(t, prefix, prefix.empty());
      std::vector<float> margins;
      REQUIRE(got[i].ids ==
              greedy(prompt, *r.sampling, context, rope_length(static_cast<uint32_t>(prompt.size())), margins));
      if (!(r.flags & SXT_REQUEST_LEAST_MARGIN)) margins.clear();
      REQUIRE(got[i].margin_count == margins.size());
      if (!margins.empty()) {
        const auto least = std::min_element(margins.begin(), margins.end());
        REQUIRE(got[i].least_margin == *least);
        REQUIRE(got[i].least_margin_at == static_cast<uint32_t>(least - margins.begin()));
      }
      REQUIRE(got[i].prompt_tokens == prompt.size());
      continue;
    }
    REQUIRE(got[i].scores.size() == r.continuation_count);
    for (size_t c = 0; c < r.continuation_count; ++c) {
      const std::string text = prefix + std::string(view(r.continuation[c]));
      const bool whole = r.ask == SXT_ASK_WHOLE;
      const auto ids = tokens_of(t, text, prefix.empty() && !whole);
      double total = 0;
      std::vector<float> last, means, variances;
      const uint32_t length = rope_length(static_cast<uint32_t>(ids.size()));
      for (size_t k = 1; k < ids.size(); ++k) total += logprob(ids, k, length), last.push_back(logprob(ids, k, length));
      const auto& s = got[i].scores[c];
      if (whole || r.flags & SXT_REQUEST_TOTAL_LOGPROB) REQUIRE(s.total_logprob == total);
      else REQUIRE(std::isnan(s.total_logprob));
      REQUIRE(s.total_tokens == ids.size());
      REQUIRE(s.token_count <= last.size());
      last.erase(last.begin(), last.end() - s.token_count);
      for (size_t k = ids.size() - s.token_count; k < ids.size() && r.flags & SXT_REQUEST_TOKEN_MOMENTS; ++k)
        means.push_back(mean(hash_of(ids, k, length))), variances.push_back(variance(hash_of(ids, k, length)));
      REQUIRE(got[i].token_means[c] == means);
      REQUIRE(got[i].token_variances[c] == variances);
      REQUIRE(got[i].token_logprobs[c] == last);
    }
  }
}

}  // namespace

TEST_CASE("every request gets what it would get alone, in any order and batch", "[schedule]") {
  const Bytes tokenizer;
  const Requests requests = random_requests(1, 120);
  const auto all = requests.all();
  for (const bool reuse : {true, false})
    for (const uint32_t batch_size : {1u, 7u, 64u})
      for (const uint64_t seed : {0ull, 1ull, 2ull, 3ull}) {
        CAPTURE(reuse, batch_size, seed);
        HashDevice device({128, 2000, context, 259});
        check(all, run_all(all, device, tokenizer, {batch_size, seed}, reuse), tokenizer);
      }
}

TEST_CASE("keys are shared only between requests that rotate alike", "[schedule]") {
  const Bytes tokenizer;
  const Requests requests = random_requests(7, 80);
  const auto all = requests.all();
  for (const RopeLength& rope_length : rope_lengths)
    for (const bool reuse : {true, false})
      for (const uint64_t seed : {0ull, 1ull, 2ull}) {
        CAPTURE(&rope_length - rope_lengths, reuse, seed);
        HashDevice device({128, pages_for(context) + 40, context, 259});
        check(all, run_all(all, device, tokenizer, {16, seed}, reuse, rope_length), tokenizer, rope_length);
      }
}

TEST_CASE("the least memory that holds one sequence is enough", "[schedule]") {
  const Bytes tokenizer;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    const Requests requests = random_requests(seed + 100, 60);
    const auto all = requests.all();
    HashDevice device({64, pages_for(context) + 2, context, 259});
    check(all, run_all(all, device, tokenizer, {16, seed % 5}), tokenizer);
  }
}

TEST_CASE("a token of many short branches never runs out of pages", "[schedule]") {
  const Bytes tokenizer;
  Requests requests;
  std::string path;
  for (int i = 0; i < 100; ++i) {  // a branch at every token: each could want a copy of its page
    requests.score(path + "q", {"1", "22"});
    requests.generate(path, 5);
    path += static_cast<char>('c' + i % 7);
  }
  const auto all = requests.all();
  for (const uint32_t pages : {pages_for(context) + 2, 20u, 500u}) {
    HashDevice device({64, pages, context, 259});
    check(all, run_all(all, device, tokenizer, {16, 0}), tokenizer);
  }
}

TEST_CASE("counters are the trie's and never the schedule's", "[schedule]") {
  const Bytes tokenizer;
  const Requests requests = random_requests(5, 80);
  const auto all = requests.all();
  for (const RopeLength& rope_length : rope_lengths) {
    // oracle: the distinct token paths of each rope_length, charged to the first request that has them
    std::set<std::pair<uint32_t, std::vector<int32_t>>> paths;
    std::vector<uint32_t> computed(all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      const std::string prefix(view(all[i]->prefix));
      std::vector<std::vector<int32_t>> items;
      if (all[i]->sampling) items.push_back(tokens_of(tokenizer, prefix, prefix.empty()));
      for (size_t c = 0; c < all[i]->continuation_count; ++c)
        items.push_back(tokens_of(tokenizer, prefix + std::string(view(all[i]->continuation[c])),
                                  prefix.empty() && !(all[i]->ask == SXT_ASK_WHOLE)));
      for (const auto& ids : items)
        for (size_t n = 1; n <= ids.size(); ++n)
          computed[i] += paths.emplace(rope_length(static_cast<uint32_t>(ids.size())),
                                       std::vector(ids.begin(), ids.begin() + static_cast<long>(n))).second;
    }
    for (const uint64_t seed : {0ull, 9ull}) {
      HashDevice device({100, 300, context, 259});
      const auto got = run_all(all, device, tokenizer, {8, seed}, true, rope_length);
      uint64_t sum = 0;
      for (size_t i = 0; i < all.size(); ++i) {
        CAPTURE(i);
        REQUIRE(got[i].computed_tokens == computed[i]);
        sum += computed[i];
      }
      REQUIRE(job_of(all, tokenizer, context, true, rope_length).computed_tokens == sum);
    }
  }
  const Job naive = job_of(all, tokenizer, context, false);
  CHECK(naive.computed_tokens == naive.prompt_tokens);
}

TEST_CASE("twenty requests that share a prefix compute it once", "[schedule]") {
  const Bytes tokenizer;
  Requests requests;
  for (int i = 0; i < 20; ++i) requests.score(std::string(100, 'c') + static_cast<char>('A' + i), {"x", "y"});
  const auto all = requests.all();
  HashDevice device({100, 300, context, 259});
  const auto got = run_all(all, device, tokenizer, {8, 0});
  CHECK(got[0].prompt_tokens == 204);
  CHECK(got[0].computed_tokens == 103);
  for (int i = 1; i < 20; ++i) CHECK(got[static_cast<size_t>(i)].computed_tokens == 3);
  CHECK(device.rows == 100 + 20);  // the state of a last token is not needed
}

TEST_CASE("the plan says what the run then does", "[schedule]") {
  const Bytes tokenizer;
  Requests requests;
  for (int i = 0; i < 30; ++i) requests.score(std::string(static_cast<size_t>(50 + i), 'c'), {"A", "B"});
  const auto all = requests.all();
  HashDevice device({64, 40, context, 259});
  const RopeLength rope_length = GENERATE(from_range(std::begin(rope_lengths), std::end(rope_lengths)));
  const Job job = job_of(all, tokenizer, context, true, rope_length);
  const Cost cost = plan(job, job.shares[0], device.limits(), {8, 0});
  run_all(all, device, tokenizer, {8, 0}, true, rope_length);
  CHECK(cost.rows == device.rows);
  CHECK(cost.batches == device.batches);
  CHECK(cost.pages_peak <= 40);
}

TEST_CASE("logits are computed for the rows whose next token's probability is wanted", "[schedule]") {
  const auto [name, flags, head_rows] = GENERATE(table<const char*, uint32_t, uint64_t>({
      {"the continuations' tokens: the prompt's last row, and that of what both begin with", 0, 2},
      {"all tokens of the prompt, too", SXT_REQUEST_TOTAL_LOGPROB, 51},
  }));
  INFO(name);
  const Bytes tokenizer;
  Requests requests;
  requests.score(std::string(50, 'c'), {" A", " B"}, flags);
  const auto all = requests.all();
  HashDevice device({64, 40, context, 259});
  const Job job = job_of(all, tokenizer, context);
  CHECK(plan(job, job.shares[0], device.limits(), {8, 0}).head_rows == head_rows);
  requests.whole(std::string(50, 'c'));
  const auto both = requests.all();
  const Job more = job_of(both, tokenizer, context);
  CHECK(plan(more, more.shares[0], device.limits(), {8, 0}).head_rows == 51);  // another request wants them
}

TEST_CASE("moments are computed where they are wanted alone", "[schedule]") {
  Requests requests;
  requests.score(std::string(50, 'c'), {" A", " B"});
  requests.score(std::string(50, 'c'), {" A2"}, SXT_REQUEST_TOKEN_MOMENTS);
  requests.generate(std::string(50, 'c'), 5);
  HashDevice device({64, 100, context, 259});
  run_all(requests.all(), device, Bytes(), {});
  CHECK(device.moments == 3);  // of " A2", of which two tokens are another item's, too
}

TEST_CASE("a request that wants more of a path than one before it gets it", "[schedule]") {
  const Bytes tokenizer;
  Requests requests;
  requests.score(std::string(50, 'c'), {" A", " B"}, SXT_REQUEST_TOKEN_LOGPROBS);
  requests.score(std::string(20, 'c'), {std::string(30, 'c') + " A"}, SXT_REQUEST_TOKEN_LOGPROBS);
  requests.score("", {std::string(50, 'c') + " A"}, SXT_REQUEST_TOKEN_LOGPROBS);
  const auto all = requests.all();
  HashDevice device({64, 40, context, 259});
  check(all, run_all(all, device, tokenizer, {8, 0}), tokenizer);
}

TEST_CASE("a cancelled run stops", "[schedule]") {
  const Bytes tokenizer;
  Requests requests;
  requests.score("hello", {"x"});
  const auto all = requests.all();
  HashDevice device({64, 40, context, 259});
  std::vector<Got> got(1);
  CHECK_FALSE(run(job_of(all, tokenizer, context), std::array<Device*, 1>{&device}, tokenizer, {},
                  {[] { return true; }, [](uint64_t, uint64_t) {}}, {&got, collect}));
  CHECK(got[0].puts == 0);
}

TEST_CASE("sampling depends on seed, id and position alone", "[schedule]") {
  const Bytes tokenizer;
  const auto run_with = [&](uint32_t batch_size, uint64_t seed, uint64_t sampling_seed) {
    Requests requests;
    for (int i = 0; i < 12; ++i) {
      sxt_sampling& s = requests.generate("prompt " + std::to_string(i % 5), 20);
      s.temperature = 0.8f, s.top_k = i % 2 ? 40 : 0, s.top_p = i % 3 ? 0.9f : 1, s.seed = sampling_seed,
      s.id = static_cast<uint64_t>(i);
    }
    HashDevice device({64, 60, context, 259});
    std::vector<std::vector<int32_t>> ids;
    for (const Got& g : run_all(requests.all(), device, tokenizer, {batch_size, seed})) ids.push_back(g.ids);
    return ids;
  };
  const auto reference = run_with(64, 0, 7);
  CHECK(run_with(1, 0, 7) == reference);
  CHECK(run_with(5, 3, 7) == reference);
  CHECK(run_with(64, 0, 8) != reference);
  CHECK(reference[0] != reference[5]);  // the same prompt, another id
}

TEST_CASE("a generation ends at a stop string, at the end token or at its length", "[schedule]") {
  const Bytes tokenizer;
  HashDevice device({64, 60, context, 259});
  Requests free;
  free.generate("go", 40).min_new_tokens = 40;
  const std::string text = run_all(free.all(), device, tokenizer, {})[0].text;
  REQUIRE(text.size() == 40);

  SECTION("stop string across tokens") {
    Requests r;
    r.generate("go", 40, {text.substr(10, 3), "never there"}).min_new_tokens = 40;
    const Got got = run_all(r.all(), device, tokenizer, {})[0];
    CHECK(got.text == text.substr(0, text.find(text.substr(10, 3))));
    CHECK(got.finish == SXT_FINISH_STOP);
  }
  SECTION("length") {
    Requests r;
    r.generate("go", 6).min_new_tokens = 6;
    const Got got = run_all(r.all(), device, tokenizer, {})[0];
    CHECK(got.text == text.substr(0, 6));
    CHECK(got.finish == SXT_FINISH_LENGTH);
  }
  SECTION("nothing to generate") {
    Requests r;
    r.generate("go", 0);
    const Got got = run_all(r.all(), device, tokenizer, {})[0];
    CHECK(got.ids.empty());
    CHECK(got.finish == SXT_FINISH_LENGTH);
  }
  SECTION("the end token, which is not among the ids") {
    for (int i = 0; i < 200; ++i) {
      Requests r;
      r.generate("go " + std::to_string(i), 40);
      const Got got = run_all(r.all(), device, tokenizer, {})[0];
      if (got.finish != SXT_FINISH_EOS) continue;
      CHECK(got.ids.size() < 40);
      CHECK(std::count(got.ids.begin(), got.ids.end(), Bytes::eos_id) == 0);
      return;
    }
    FAIL("no generation ended");
  }
}

TEST_CASE("workers that cannot all have a thread say so, and those that have one are waited for") {
  std::atomic<bool> failed = false;
  std::atomic<uint32_t> begun = 0, ended = 0;
  const auto body = [&](uint32_t) {
    ++begun;
    while (!failed) std::this_thread::yield();
    ++ended;
  };
  {
    const sextant::test::FewThreads limit;
    CHECK_THROWS_WITH(on_workers(16, failed, body),
                      Catch::Matches("of 16 workers, one a device, only [2-9] get a thread \\(.+\\); allow .*"));
  }
  CHECK(failed);
  CHECK(begun > 0);
  CHECK(ended == begun);
}
