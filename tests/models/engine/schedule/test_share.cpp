// One job on several workers: how it is cut, and that nobody can tell from the results.
#include <atomic>
#include <cstring>
#include <random>
#include <set>
#include <thread>
#include "fakes.hpp"

using namespace fakes;

namespace {

constexpr uint32_t context = 160;
using Ids = std::vector<int32_t>;

// Texts that share beginnings at any place, scored and continued.
Requests some_requests(uint64_t seed, size_t n, bool only_scored = false) {
  std::mt19937_64 random(seed);
  Requests out;
  std::vector<std::string> seen{"a"};
  for (size_t i = 0; i < n; ++i) {
    std::string prefix = seen[random() % seen.size()];
    prefix = prefix.substr(0, 1 + random() % prefix.size());
    for (auto k = random() % 30; k > 0; --k) prefix += static_cast<char>('c' + random() % 3);
    if (prefix.size() > 90) prefix.resize(90);
    seen.push_back(prefix);
    if (random() % 3 || only_scored) out.score(prefix, {"x", "yz", ""});
    else out.generate(prefix, static_cast<uint32_t>(random() % 40)).temperature = random() % 2 ? 0.0f : 0.7f;
  }
  return out;
}

std::vector<Ids> ids_of(const RequestList& requests, const Bytes& tokenizer) {
  std::vector<Ids> out;
  for (const sxt_request* request : requests) {
    const sxt_request& r = *request;
    const std::string prefix(view(r.prefix));
    if (r.sampling) out.push_back(tokenizer.encode(prefix, {}).ids);
    for (uint64_t c = 0; c < r.continuation_count; ++c)
      out.push_back(tokenizer.encode(prefix + std::string(view(r.continuation[c])), {}).ids);
  }
  return out;
}

// The tokens that these items take, computed together: the distinct beginnings of their texts.
uint64_t distinct(const std::vector<Ids>& items) {
  std::set<Ids> beginnings;
  for (const Ids& ids : items)
    for (size_t n = 1; n <= ids.size(); ++n) beginnings.insert(Ids(ids.begin(), ids.begin() + static_cast<long>(n)));
  return beginnings.size();
}

// A branch is visited when the first item that takes it is.
std::vector<Ids> depth_first(const std::vector<Ids>& items) {
  std::map<Ids, size_t> first;
  std::vector<std::pair<std::vector<size_t>, size_t>> order;
  for (size_t i = 0; i < items.size(); ++i) {
    std::vector<size_t> way;
    for (size_t n = 1; n <= items[i].size(); ++n)
      way.push_back(first.emplace(Ids(items[i].begin(), items[i].begin() + static_cast<long>(n)), i).first->second);
    order.emplace_back(way, i);
  }
  std::sort(order.begin(), order.end());
  std::vector<Ids> out;
  for (const auto& [way, i] : order) out.push_back(items[i]);
  return out;
}

uint64_t best_cut(const std::vector<Ids>& ordered, size_t first, uint32_t workers) {
  if (workers == 1) return distinct({ordered.begin() + static_cast<long>(first), ordered.end()});
  uint64_t best = UINT64_MAX;
  for (size_t last = first; last <= ordered.size(); ++last) {
    const uint64_t here = distinct({ordered.begin() + static_cast<long>(first), ordered.begin() + static_cast<long>(last)});
    if (here >= best) break;
    best = std::min(best, std::max(here, best_cut(ordered, last, workers - 1)));
  }
  return best;
}

// Some devices of one kind.
struct Devices {
  std::vector<std::unique_ptr<HashDevice>> owned;
  std::vector<Device*> all;
  explicit Devices(size_t n, DeviceLimits limits = {100, 300, context, 259}) {
    for (size_t i = 0; i < n; ++i) all.push_back(owned.emplace_back(std::make_unique<HashDevice>(limits)).get());
  }
};

void check_equal(const std::vector<Got>& a, const std::vector<Got>& b) {
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
    REQUIRE(a[i].scores.size() == b[i].scores.size());
    for (size_t c = 0; c < a[i].scores.size(); ++c)
      REQUIRE(std::memcmp(&a[i].scores[c].total_logprob, &b[i].scores[c].total_logprob, sizeof(double)) == 0);
  }
}

// Until told to stop, as a device that has much to do.
class BusyDevice : public Device {
 public:
  std::atomic<int>& busy;
  explicit BusyDevice(std::atomic<int>& busy) : busy(busy) {}
  DeviceLimits limits() const override { return {100, 300, context, 259}; }
  bool run(const Batch&, const std::function<bool()>& cancelled, Outputs&) override {
    ++busy;
    while (!cancelled()) std::this_thread::yield();
    return false;
  }
};
class BrokenDevice : public BusyDevice {
 public:
  using BusyDevice::BusyDevice;
  bool run(const Batch&, const std::function<bool()>&, Outputs&) override {
    while (busy < 2) std::this_thread::yield();
    throw PluginError(SXT_NO_DEVICE, "GPU 1 fell off the bus");
  }
};

}  // namespace

TEST_CASE("the largest share is as small as a cut along the trie can make it", "[share]") {
  const Bytes tokenizer;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const Requests requests = some_requests(seed, 6, true);
    const auto all = requests.all();
    const auto ordered = depth_first(ids_of(all, tokenizer));
    for (const uint32_t workers : {1u, 2u, 3u}) {
      CAPTURE(seed, workers);
      Job job = job_of(all, tokenizer, context);
      share_out(job, workers);
      uint64_t largest = 0;
      for (const Share& share : job.shares) largest = std::max(largest, share.computed_tokens);
      REQUIRE(largest == best_cut(ordered, 0, workers));
    }
  }
}

TEST_CASE("a long generation weighs as much as the tokens that it may write", "[share]") {
  const Bytes tokenizer;
  Requests requests;
  requests.generate("c", 100);
  for (int i = 0; i < 10; ++i) requests.score("d" + std::string(static_cast<size_t>(i), 'e') + "f", {"g"});
  const auto all = requests.all();
  Job job = job_of(all, tokenizer, context);
  share_out(job, 2);
  CHECK(job.shares[0].new_tokens == 100);
  CHECK(job.shares[0].computed_tokens == 1);
  CHECK(job.shares[1].new_tokens == 0);
}

TEST_CASE("what is computed on both sides of a cut is counted on both", "[share]") {
  const Bytes tokenizer;
  Requests requests;
  for (int i = 0; i < 20; ++i) requests.score(std::string(100, 'c') + static_cast<char>('A' + i), {"x", "y"});
  const auto all = requests.all();
  Devices two(2);
  const auto got = run_all(all, two.all, tokenizer, {8, 0});
  CHECK(got[0].computed_tokens == 103);
  uint64_t sum = 0;
  for (const Got& g : got) sum += g.computed_tokens;
  CHECK(sum == 100 + 20 * 3 + 100);  // the beginning once more
  CHECK(two.owned[0]->rows + two.owned[1]->rows == 100 + 20 + 100);
}

TEST_CASE("nobody can tell from a result how many devices there were", "[share]") {
  const Bytes tokenizer;
  for (const uint64_t seed : {1ull, 2ull}) {
    const Requests requests = some_requests(seed, 60);
    const auto all = requests.all();
    for (const bool reuse : {true, false}) {
      Devices one(1);
      const auto expected = run_all(all, one.all, tokenizer, {8, 0}, reuse);
      for (const uint32_t workers : {2u, 3u, 7u})
        for (const uint64_t schedule_seed : {0ull, 5ull}) {
          CAPTURE(seed, reuse, workers, schedule_seed);
          Devices devices(workers);
          const auto got = run_all(all, devices.all, tokenizer, {8, schedule_seed}, reuse);
          check_equal(got, expected);
          Job job = job_of(all, tokenizer, context, reuse);
          share_out(job, workers);
          uint64_t sum = 0, of_shares = 0;
          for (const Got& g : got) sum += g.computed_tokens;
          for (const Share& share : job.shares) of_shares += share.computed_tokens;
          REQUIRE(sum == job.computed_tokens);
          REQUIRE(of_shares == job.computed_tokens);
        }
    }
  }
}

TEST_CASE("each device does what its share was planned to take", "[share]") {
  const Bytes tokenizer;
  const Requests requests = some_requests(3, 40, true);
  const auto all = requests.all();
  Job job = job_of(all, tokenizer, context);
  share_out(job, 3);
  const auto items = ids_of(all, tokenizer);
  Devices devices(3);
  run_all(all, devices.all, tokenizer, {8, 0});
  for (size_t w = 0; w < 3; ++w) {
    CAPTURE(w);
    std::vector<Ids> own;
    for (size_t i = 0; i < items.size(); ++i)
      if (job.shares[w].items[i]) own.push_back(items[i]);
    REQUIRE(job.shares[w].computed_tokens == distinct(own));
    const Cost cost = plan(job, job.shares[w], devices.all[w]->limits(), {8, 0});
    REQUIRE(cost.rows == devices.owned[w]->rows);
    REQUIRE(cost.batches == devices.owned[w]->batches);
  }
}

TEST_CASE("where there is less work than workers, the last ones have none", "[share]") {
  const Bytes tokenizer;
  Requests requests;
  requests.score("cd", {"e"});
  requests.score("", {}, 0);  // asks for nothing
  const auto all = requests.all();
  Devices devices(4);
  const auto got = run_all(all, devices.all, tokenizer, {8, 0});
  CHECK(got[0].scores.size() == 1);
  CHECK(got[1].puts == 1);
  CHECK(devices.owned[0]->rows == 2);
  CHECK(devices.owned[1]->rows + devices.owned[2]->rows + devices.owned[3]->rows == 0);
}

TEST_CASE("progress adds up over the devices", "[share]") {
  const Bytes tokenizer;
  const Requests requests = some_requests(4, 30);
  const auto all = requests.all();
  Job job = job_of(all, tokenizer, context);
  share_out(job, 3);
  Devices devices(3);
  uint64_t last = 0;
  Hooks hooks;
  hooks.progress = [&](uint64_t done, uint64_t total) {
    REQUIRE(done >= last);
    REQUIRE(total == job.computed_tokens + job.new_tokens);
    last = done;
  };
  Collector collector(all);
  REQUIRE(run(job, devices.all, tokenizer, {8, 0}, hooks, collector.sink()));
  CHECK(last == job.computed_tokens + job.new_tokens);
}

// Three requests that share nothing, one for each of three workers.
struct OneForEach {
  const Bytes tokenizer;
  Requests requests;
  RequestList all;
  Job job;

  OneForEach() {
    for (const char* text : {"c", "d", "e"}) requests.score(text, {"x"});
    all = requests.all();
    job = job_of(all, tokenizer, context);
    share_out(job, 3);
  }
};

TEST_CASE("a device that fails stops the others, and its error is the run's", "[share]") {
  OneForEach one;
  std::atomic<int> busy = 0;
  BusyDevice first(busy), last(busy);
  BrokenDevice broken(busy);
  Collector collector(one.all);
  const std::array<Device*, 3> devices{&first, &broken, &last};
  CHECK_THROWS_WITH(run(one.job, devices, one.tokenizer, {}, {}, collector.sink()), "GPU 1 fell off the bus");
  CHECK(busy == 2);
  for (const Got& got : collector.got()) CHECK(got.puts == 0);
}

TEST_CASE("a cancelled run stops on all devices", "[share]") {
  OneForEach one;
  std::atomic<int> busy = 0;
  BusyDevice a(busy), b(busy), c(busy);
  Collector collector(one.all);
  Hooks hooks;
  hooks.cancelled = [&] { return busy == 3; };
  const std::array<Device*, 3> devices{&a, &b, &c};
  CHECK_FALSE(run(one.job, devices, one.tokenizer, {}, hooks, collector.sink()));
  CHECK(busy == 3);
}
