// random: rows drawn without replacement (OpenCompass' RandomRetriever). Our own stream is keyed by (seed, data set, row), so
// that a sample's examples do not change with a limit, the order or a resume. In the compat modes numpy's stream, which goes
// from row to row.
#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include "config_keys.hpp"
#include "makers.hpp"
#include "random_streams.hpp"

namespace sextant::retrieve {
namespace {

class Random : public Retriever {
 public:
  Random(bool compat, uint64_t shots, uint64_t seed) : Retriever("random", compat), shots_(shots), seed_(seed) {}
  Traits traits() const override { return {}; }

 protected:
  Result<void> index() override {
    if (!compat()) return {};
    if (shots_ > corpus().size())
      return error(Error::Kind::config,
                   fmt::format("{} examples are wanted, but split '{}' has {} rows; ask for at most that many", shots_,
                               corpus().split, corpus().size()));
    legacy_.emplace(static_cast<uint32_t>(seed_), static_cast<uint32_t>(corpus().size()), static_cast<uint32_t>(shots_), 1);
    return {};
  }
  Result<Choice> find(const Query& query, std::span<const uint64_t> own) override {
    Choice choice;
    if (compat()) {
      if (shots_ == 0) return choice;
      const std::vector<uint32_t> drawn = legacy_->draw(query.position, 0);
      choice.positions.assign(drawn.begin(), drawn.end());
      return choice;
    }
    if (shots_ > corpus().size() - own.size()) return too_few(shots_, corpus().size() - own.size(), query);
    for (Shuffled order(corpus().size(), seed_, corpus().name, query.row); choice.positions.size() < shots_;)
      if (const uint64_t position = order.next(); !std::binary_search(own.begin(), own.end(), position))
        choice.positions.push_back(position);
    return choice;
  }

 private:
  uint64_t shots_, seed_;
  std::optional<LegacyDraws> legacy_;   // in the compat modes
};

}  // namespace

Made make_random(const json::Value& config, const Options& options) {
  ConfigKeys keys(config, "random");
  const uint64_t shots = keys.shots();
  const uint64_t seed = options.compat ? keys.whole({"seed"}, 43, 0, UINT32_MAX) : keys.whole({"seed"}, options.seed);
  SXT_CHECK(keys.finish());
  return std::unique_ptr<Retriever>(std::make_unique<Random>(options.compat, shots, seed));
}

}  // namespace sextant::retrieve
