// mdl: of several lists drawn among the nearest rows, the one with which a model is surest of the sample's label (OpenCompass'
// MDLRetriever; Wu et al. 2023, "Self-Adaptive In-Context Learning", chooses by minimum description length).
//
// retrieve() gives the lists: the nearest rows first, the others drawn at random without replacement. A model then tells, for
// each list and label, the mean cross entropy of the prompt behind the examples; choose() takes the list whose labels'
// probabilities, exp(-loss) normalised to 1, have the least entropy.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include "makers.hpp"
#include "nearest.hpp"
#include "random_streams.hpp"

namespace sextant::retrieve {
namespace {

struct MdlSettings {
  uint64_t shots, candidate_num, select_time, seed;
  Similarity similarity;
};

class Mdl : public NearestRetriever {
 public:
  Mdl(bool compat, const MdlSettings& settings) : NearestRetriever("mdl", compat, settings.similarity), settings_(settings) {}
  Traits traits() const override { return {.wants_embeddings = true, .wants_scores = true}; }

 protected:
  Result<void> index() override {
    SXT_CHECK(NearestRetriever::index());
    if (!compat() || settings_.select_time == 1) return {};
    const uint64_t candidates = std::min<uint64_t>(settings_.candidate_num, corpus().size());
    if (settings_.shots > candidates)
      return error(Error::Kind::config,
                   fmt::format("{} examples are to be drawn from {} candidates; raise \"candidate_num\", or ask for fewer",
                               settings_.shots, candidates));
    legacy_.emplace(static_cast<uint32_t>(settings_.seed), static_cast<uint32_t>(candidates),
                    static_cast<uint32_t>(settings_.shots), static_cast<uint32_t>(settings_.select_time - 1));
    return {};
  }

  Result<Choice> find(const Query& query, std::span<const uint64_t> own) override {
    const Positions rows = near(query, settings_.candidate_num, own);
    if (!compat() && settings_.shots > rows.size()) return too_few(settings_.shots, rows.size(), query);
    Choice choice;
    const uint64_t first = std::min<uint64_t>(settings_.shots, rows.size());
    choice.candidates.emplace_back(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(first));
    for (uint32_t draw = 0; draw + 1 < settings_.select_time; ++draw) {
      Positions& list = choice.candidates.emplace_back();
      if (compat()) {
        if (settings_.shots == 0) continue;
        for (const uint32_t i : legacy_->draw(query.position, draw)) list.push_back(rows[i]);
        continue;
      }
      for (Shuffled order(rows.size(), settings_.seed, fmt::format("{}\n{}", corpus().name, draw), query.row);
           list.size() < settings_.shots;)
        list.push_back(rows[order.next()]);
    }
    return choice;
  }

  Result<size_t> best(std::span<const Losses> losses) const override {
    size_t best = 0;
    double most = 0;
    for (size_t list = 0; list < losses.size(); ++list) {
      double sum = 0, negative_entropy = 0;
      for (const double loss : losses[list]) sum += std::exp(-loss);
      for (const double loss : losses[list]) negative_entropy += std::exp(-loss) / sum * std::log(std::exp(-loss) / sum);
      // NaN, where no label has a probability that a double can hold: as Python's max() has it, first it stays, later it
      // never wins
      if (list == 0 || negative_entropy > most) {
        best = list;
        most = negative_entropy;
      }
    }
    return best;
  }

 private:
  MdlSettings settings_;
  std::optional<LegacyDraws> legacy_;   // in the compat modes
};

}  // namespace

Made make_mdl(const json::Value& config, const Options& options) {
  ConfigKeys keys(config, "mdl");
  MdlSettings settings{};
  settings.shots = keys.shots();
  // OpenCompass' default, 1, leaves nothing to choose from
  settings.candidate_num = keys.whole({"candidate_num"}, options.compat ? 1 : 0, options.compat ? 1 : 0, UINT32_MAX);
  settings.select_time = keys.whole({"select_time"}, 5, 1, 1000);
  settings.seed = options.compat ? keys.whole({"seed"}, 1, 0, UINT32_MAX) : keys.whole({"seed"}, options.seed);
  settings.similarity = similarity_from(keys);
  SXT_CHECK(keys.finish());
  if (!options.compat && settings.candidate_num < settings.shots)
    return Error{Error::Kind::config,
                 fmt::format("retriever mdl: \"candidate_num\" is {}; say among how many of the nearest rows the {} "
                             "examples are drawn",
                             settings.candidate_num, settings.shots)};
  return std::unique_ptr<Retriever>(std::make_unique<Mdl>(options.compat, settings));
}

}  // namespace sextant::retrieve
