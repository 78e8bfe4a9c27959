// Crowds of conversations, at random, among other requests: nobody can tell from a result what was retained, and counters say
// it.
#include <set>
#include "turns.hpp"

using namespace fakes;

namespace {

// the ways of models: none, LongRoPE's one step, dynamic NTK's own frequencies for every length beyond the original one
const RopeLength rope_lengths[] = {no_rope_length, [](uint32_t n) { return n > 150 ? 151u : 0u; },
                                   [](uint32_t n) { return n > 100 ? n : 0u; }};

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
      out.requests.generate(conversations[c].text, static_cast<uint32_t>(1 + random() % 40), {},
                            only_kept || random() % 5 ? SXT_REQUEST_KEEP : 0);
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

// What a call computes, as plainly as it can be said: the distinct beginnings of its items, but for those that calls before it
// left.
struct Oracle {
  using Ids = std::vector<int32_t>;
  using Path = std::pair<uint32_t, Ids>;  // of keys that are rotated for one length
  RopeLength rope_length;
  std::set<Path> left;

  static Ids first(const Ids& ids, size_t n) { return {ids.begin(), ids.begin() + static_cast<long>(n)}; }
  static std::vector<Ids> items(const sxt_request& r) {
    const std::string prefix(view(r.prefix));
    std::vector<Ids> out;
    if (r.sampling) out.push_back(Bytes().encode(prefix, {}).ids);
    for (uint64_t c = 0; c < r.continuation_count; ++c)
      out.push_back(Bytes().encode(prefix + std::string(view(r.continuation[c])), {}).ids);
    return out;
  }
  uint32_t length(const Ids& ids) const { return rope_length(static_cast<uint32_t>(ids.size())); }

  std::vector<uint32_t> computed(const RequestList& all) const {
    std::set<Path> wanted, seen;  // wanted: paths whose last row predicts something
    for (const sxt_request* r : all)
      for (const Ids& ids : items(*r))
        for (size_t n = r->sampling ? ids.size() : 1; n <= ids.size(); ++n) wanted.insert({length(ids), first(ids, n)});
    std::vector<uint32_t> out;
    for (const sxt_request* r : all) {
      out.push_back(0);
      for (const Ids& ids : items(*r))
        for (size_t n = 1; n <= ids.size(); ++n) {
          const Path path{length(ids), first(ids, n)};
          out.back() += seen.insert(path).second && (wanted.contains(path) || !left.contains(path));
        }
    }
    return out;
  }
  void learn(const RequestList& all, const std::vector<Got>& got) {
    for (size_t i = 0; i < all.size(); ++i) {
      if (!all[i]->sampling) continue;
      Ids ids = items(*all[i])[0];
      const uint32_t rotated_for = length(ids);
      ids.insert(ids.end(), got[i].ids.begin(), got[i].ids.end());
      for (size_t n = 1; n <= written(got[i]); ++n) left.insert({rotated_for, first(ids, n)});
    }
  }
};

}  // namespace

TEST_CASE("counters of turns are those of the calls alone, whatever their order, while pages fit", "[turns]") {
  for (const RopeLength& rope_length : rope_lengths)
    for (uint64_t seed = 1; seed <= 6; ++seed) {
      CAPTURE(seed, &rope_length - rope_lengths);
      Engine engine(4000);
      Crowd crowd(seed, 9);
      Oracle oracle{rope_length, {}};
      for (int round = 0; round < 12; ++round) {
        CAPTURE(round);
        const Crowd::Call call = crowd.call(true);
        const auto computed = oracle.computed(call.requests.all());
        const auto got = engine.run(call.requests, {16, round % 3 ? seed + static_cast<uint64_t>(round) : 0}, rope_length);
        check_same(got, from_scratch(call.requests, rope_length));
        for (size_t i = 0; i < got.size(); ++i) {
          CAPTURE(i);
          REQUIRE(got[i].computed_tokens == computed[i]);
        }
        oracle.learn(call.requests.all(), got);
        crowd.learn(call, got);
      }
    }
}

TEST_CASE("conversations have the results that they have from scratch, in any order, memory and number of devices", "[turns]") {
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
