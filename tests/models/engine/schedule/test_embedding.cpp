// Texts to vectors without a model: how sequences are packed, pooled and delivered.
#include <atomic>
#include <numeric>
#include <random>
#include "../../../../models/engine/schedule/embedding.hpp"
#include "fakes.hpp"

using namespace fakes;

namespace {

constexpr uint32_t hidden = 5;

std::vector<EmbeddingItem> items_of_lengths(const std::vector<uint32_t>& lengths, uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::vector<EmbeddingItem> items;
  for (const uint32_t length : lengths) {
    EmbeddingItem item;
    for (uint32_t i = 0; i < length; ++i) item.tokens.push_back(static_cast<int32_t>(random() % 40));
    item.rope_length = length % 3;
    items.push_back(std::move(item));
  }
  return items;
}

std::vector<EmbeddingItem> many_items() {
  std::mt19937_64 random(7);
  std::vector<uint32_t> lengths{1, 31, 32, 33, 64, 100, 1};
  for (int i = 0; i < 40; ++i) lengths.push_back(1 + static_cast<uint32_t>(random() % 70));
  return items_of_lengths(lengths);
}

// What HashDevice's states come to, pooled in the plain way.
std::vector<float> expected(const EmbeddingItem& item, Pooling pooling, bool normalise) {
  std::vector<double> sum(hidden);
  uint64_t h = 1 + item.rope_length;
  for (size_t t = 0; t < item.tokens.size(); ++t) {
    h = extend(h, item.tokens[t]);
    if (pooling == Pooling::cls ? t > 0 : pooling == Pooling::last ? t + 1 < item.tokens.size() : false) continue;
    for (uint32_t i = 0; i < hidden; ++i)
      sum[i] += static_cast<double>(state(h, i)) / (pooling == Pooling::mean ? double(item.tokens.size()) : 1);
  }
  double length = 1;
  if (normalise) length = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.));
  std::vector<float> out;
  for (const double x : sum) out.push_back(static_cast<float>(x / length));
  return out;
}

using Vectors = std::vector<std::vector<float>>;

Vectors embed_all(const std::vector<EmbeddingItem>& items, Pooling pooling, bool normalise, std::vector<HashDevice>& devices,
                  uint64_t seed = 0) {
  Vectors out(items.size());
  std::vector<Device*> on;
  for (HashDevice& device : devices) on.push_back(&device);
  std::atomic<int> inside = 0;
  REQUIRE(embed(items, pooling, normalise, on, {.seed = seed}, {}, [&](uint32_t item, std::span<const float> vector) {
    if (++inside != 1 || !out.at(item).empty()) throw std::logic_error("two at once, or one twice");
    out[item].assign(vector.begin(), vector.end());
    --inside;
  }));
  return out;
}

DeviceLimits limits(uint32_t rows_max, uint32_t pages) {
  return {.rows_max = rows_max, .pages = pages, .context = 128, .vocab = 259, .hidden = hidden};
}

// Takes whole texts, as an encoder does: a token's state depends on all tokens of its run.
class WholeTexts : public Device {
 public:
  uint64_t batches = 0;
  DeviceLimits limits() const override {
    return {.rows_max = 128, .pages = 0, .context = 128, .vocab = 259, .hidden = 1, .encodes = true};
  }
  bool run(const Batch& b, const std::function<bool()>& cancelled, Outputs& ret) override {
    if (cancelled()) return false;
    ++batches;
    if (b.rows() > 128 || !b.pages.empty()) throw std::logic_error("a batch of the wrong size, or with pages");
    std::vector<float> sums(b.rows());
    for (const Run& run : b.runs) {
      if (run.position != 0) throw std::logic_error("a text that was cut");
      const auto first = b.tokens.begin() + run.first_row;
      std::fill_n(sums.begin() + run.first_row, run.rows, static_cast<float>(std::accumulate(first, first + run.rows, 0)));
    }
    ret.states.clear();
    for (const uint32_t row : b.states) ret.states.push_back(sums[row]);
    return true;
  }
};

}  // namespace

TEST_CASE("an embedding is the pooled states of its tokens", "[embedding]") {
  const auto items = many_items();
  for (const Pooling pooling : {Pooling::mean, Pooling::last, Pooling::cls})
    for (const bool normalise : {false, true}) {
      CAPTURE(name_of(pooling), normalise);
      std::vector<HashDevice> devices(1, HashDevice(limits(50, 100)));
      const Vectors got = embed_all(items, pooling, normalise, devices);
      for (size_t i = 0; i < items.size(); ++i) {
        const auto right = expected(items[i], pooling, normalise);
        REQUIRE(got[i].size() == right.size());
        for (uint32_t k = 0; k < hidden; ++k) CHECK(got[i][k] == Approx(right[k]).margin(1e-6));
      }
      uint64_t tokens = 0;
      for (const auto& item : items) tokens += item.tokens.size();
      CHECK(devices[0].rows == tokens);  // each once
    }
}

TEST_CASE("nobody can tell from an embedding how it was packed", "[embedding]") {
  const auto items = many_items();
  std::vector<HashDevice> roomy(1, HashDevice(limits(1024, 1024)));
  const Vectors got = embed_all(items, Pooling::mean, true, roomy);
  for (const uint32_t rows_max : {1u, 7u, 64u, 300u})
    for (const uint32_t pages : {4u, 6u, 30u})  // 4 hold the longest alone
      for (const uint64_t seed : {0u, 1u, 2u}) {
        CAPTURE(rows_max, pages, seed);
        std::vector<HashDevice> devices(1, HashDevice(limits(rows_max, pages)));
        CHECK(embed_all(items, Pooling::mean, true, devices, seed) == got);
      }
  for (const size_t count : {2u, 3u, 60u}) {
    std::vector<HashDevice> devices(count, HashDevice(limits(40, 12)));
    CHECK(embed_all(items, Pooling::mean, true, devices, count) == got);
    if (count == 2) CHECK((devices[0].rows > 0 || devices[1].rows > 0));
  }
}

TEST_CASE("texts share a batch as long as there are rows", "[embedding]") {
  std::vector<HashDevice> devices(1, HashDevice(limits(100, 100)));
  embed_all(items_of_lengths(std::vector<uint32_t>(50, 10)), Pooling::mean, false, devices);
  CHECK(devices[0].batches == 5);
}

TEST_CASE("an encoder gets whole texts", "[embedding]") {
  auto items = items_of_lengths({100, 100, 28, 1, 128, 5, 60, 60, 60});
  for (const uint64_t seed : {0u, 1u, 2u, 3u}) {
    WholeTexts device;
    Device* const on[] = {&device};
    std::vector<float> got(items.size());
    REQUIRE(embed(items, Pooling::mean, false, on, {.seed = seed}, {},
                  [&](uint32_t item, std::span<const float> v) { got.at(item) = v[0]; }));
    for (size_t i = 0; i < items.size(); ++i)
      CHECK(got[i] == static_cast<float>(std::accumulate(items[i].tokens.begin(), items[i].tokens.end(), 0)));
    if (seed == 0) CHECK(device.batches == 6);  // 100; 100 28; 1; 128; 5 60 60; 60
  }
}

TEST_CASE("a vector of zeros cannot be normalised and stays one", "[embedding]") {
  class Zeros : public Device {
   public:
    DeviceLimits limits() const override {
      return {.rows_max = 9, .pages = 0, .context = 9, .vocab = 9, .hidden = 2, .encodes = true};
    }
    bool run(const Batch& b, const std::function<bool()>&, Outputs& ret) override {
      ret.states.assign(b.states.size() * 2, 0);
      return true;
    }
  } device;
  Device* const on[] = {&device};
  const std::vector<EmbeddingItem> items{{{1, 2}, 0}};
  std::vector<float> got;
  embed(items, Pooling::mean, true, on, {}, {}, [&](uint32_t, std::span<const float> v) { got.assign(v.begin(), v.end()); });
  CHECK(got == std::vector<float>{0, 0});
}

TEST_CASE("embedding that is cancelled stops, and says so", "[embedding]") {
  const auto items = many_items();
  HashDevice device(limits(20, 20));
  Device* const on[] = {&device};
  int asked = 0;
  size_t delivered = 0;
  const Hooks hooks{[&] { return ++asked > 12; }, [](uint64_t, uint64_t) {}};
  CHECK_FALSE(embed(items, Pooling::mean, false, on, {}, hooks, [&](uint32_t, std::span<const float>) { ++delivered; }));
  CHECK(delivered < items.size());
}

TEST_CASE("a device's failure while embedding is the call's", "[embedding]") {
  class Broken : public HashDevice {
   public:
    using HashDevice::HashDevice;
    bool run(const Batch&, const std::function<bool()>&, Outputs&) override { throw std::runtime_error("the device is gone"); }
  };
  const auto items = many_items();
  Broken one(limits(20, 20)), other(limits(20, 20));
  Device* const on[] = {&one, &other};
  CHECK_THROWS_WITH(embed(items, Pooling::mean, false, on, {}, {}, [](uint32_t, std::span<const float>) {}),
                    "the device is gone");
}

TEST_CASE("progress of embedding ends at all tokens", "[embedding]") {
  const auto items = items_of_lengths({10, 20, 30, 40});
  HashDevice device(limits(25, 20));
  Device* const on[] = {&device};
  std::vector<std::pair<uint64_t, uint64_t>> told;
  const Hooks hooks{[] { return false; }, [&](uint64_t done, uint64_t total) { told.emplace_back(done, total); }};
  embed(items, Pooling::last, false, on, {}, hooks, [](uint32_t, std::span<const float>) {});
  CHECK(told == std::vector<std::pair<uint64_t, uint64_t>>{{25, 100}, {50, 100}, {75, 100}, {100, 100}});
}
