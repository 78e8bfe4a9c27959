// Decoders' embeddings on a device: against transformers' (tests/golden/embeddings), and the same bits whatever the batches.
// For the tests of any backend.
#pragma once
#include <array>
#include <map>
#include "../../../models/engine/architecture/architecture.hpp"
#include "../../../models/engine/backend/hardware.hpp"
#include "../../../models/engine/schedule/embedding.hpp"
#include "embedding_goldens.hpp"
#include "families.hpp"

namespace sextant::test {

/// The items' vectors on devices that are alike.
inline std::vector<std::vector<float>> vectors_of(const std::vector<engine::EmbeddingItem>& items, engine::Pooling pooling,
                                                  engine::Device& device, uint64_t seed) {
  std::vector<std::vector<float>> out(items.size());
  engine::Device* const on[] = {&device};
  REQUIRE(engine::embed(items, pooling, false, on, {.seed = seed}, {},
                        [&](uint32_t item, std::span<const float> v) { out.at(item).assign(v.begin(), v.end()); }));
  return out;
}

/// `tolerances` by compute type: of the largest difference of a number, as a share of the largest number (or of 1). `seeds`:
/// other batches and orders that must give the same bits.
inline void compare_decoder_embeddings(engine::Hardware& hardware, const std::map<std::string, double>& tolerances,
                                       const std::vector<uint64_t>& seeds = {1, 2, 3}) {
  const json::Document golden = read_embeddings_json("decoders.json");
  const FamilyGoldens families = read_family_goldens();
  size_t compared = 0;
  for (const auto& family : families.entries) {
    const json::Value* entry = json::find(golden, family.name);
    if (!entry) continue;
    ++compared;
    const auto expected = floats_of(*json::find(*entry, "mean_last_cls"));
    const engine::Architecture a = must(engine::read_architecture(*family.checkpoint));
    std::vector<engine::EmbeddingItem> items;
    for (const auto& prompt : families.prompts)
      items.push_back({prompt, engine::rope_length(a, static_cast<uint32_t>(prompt.size()))});
    REQUIRE(expected.size() == items.size() * 3 * a.hidden);
    for (const auto& [compute, tolerance] : tolerances) {
      engine::BackendConfig config;
      config.compute = compute;
      config.memory = 1 << 28;
      engine::DeviceReport report;
      const auto device = hardware.make_device({*family.checkpoint, a, config, 128, {}}, report);
      for (size_t p = 0; p < 3; ++p) {
        const engine::Pooling pooling = std::array{engine::Pooling::mean, engine::Pooling::last, engine::Pooling::cls}[p];
        CAPTURE(family.name, compute, name_of(pooling));
        const auto got = vectors_of(items, pooling, *device, 0);
        VectorDistance distance;
        double largest = 0;
        for (size_t i = 0; i < items.size(); ++i) {
          REQUIRE(got[i].size() == a.hidden);
          const float* right = expected.data() + (i * 3 + p) * a.hidden;
          distance.add(got[i].data(), right, a.hidden);
          for (size_t k = 0; k < a.hidden; ++k) largest = std::max(largest, std::abs(double(right[k])));
        }
        CHECK(distance.element < tolerance * std::max(1., largest));
        for (const uint64_t seed : seeds) CHECK(vectors_of(items, pooling, *device, seed) == got);
      }
    }
  }
  CHECK(compared == 7);
}

}  // namespace sextant::test
