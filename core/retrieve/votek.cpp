// votek: rows that many others have among their nearest, and not the same others; one list for all samples (OpenCompass'
// VotekRetriever; Su et al. 2022, "Selective Annotation Makes Language Models Better Few-Shot Learners").
//
// Every row votes for the votek_k rows nearest to it by cosine. By number of votes, a row is taken unless everyone who voted
// for it also voted for one before it. Where that gives too few, rows are drawn at random: OpenCompass without a seed, so
// that its runs differ from each other there; here by a stream that the seed and the data set decide, in the compat modes
// too.
#include <algorithm>
#include <fmt/format.h>
#include "makers.hpp"
#include "nearest.hpp"
#include "numpy_sort.hpp"
#include "random_streams.hpp"

namespace sextant::retrieve {
namespace {

class Votek : public NearestRetriever {
 public:
  Votek(bool compat, uint64_t shots, uint64_t neighbours, uint64_t seed)
      : NearestRetriever("votek", compat, Similarity::cosine), shots_(shots), neighbours_(neighbours), seed_(seed) {}

 protected:
  Result<void> index() override {
    SXT_CHECK(NearestRetriever::index());
    order_ = elected();
    std::vector<bool> taken(corpus().size());
    for (const uint64_t row : order_) taken[row] = true;
    for (Shuffled rest(corpus().size(), seed_, corpus().name, UINT64_MAX); !rest.empty();)
      if (const uint64_t row = rest.next(); !taken[row]) order_.push_back(row);
    return {};
  }

  Result<Choice> find(const Query& query, std::span<const uint64_t> own) override {
    Choice choice;
    for (const uint64_t row : order_) {
      if (choice.positions.size() == shots_) break;
      if (!std::binary_search(own.begin(), own.end(), row)) choice.positions.push_back(row);
    }
    if (choice.positions.size() < shots_) return too_few(shots_, choice.positions.size(), query);
    return choice;
  }

 private:
  /// The rows that each row votes for.
  Positions votes_of(uint64_t voter) const {
    const uint64_t n = corpus().size();
    if (!compat()) return nearest().find(corpus().embedding(voter), neighbours_, std::span(&voter, 1));
    // the least similar first; the most similar is taken for the voter itself, whichever it is
    const std::vector<uint32_t> order = numpy_argsort<float>(nearest().similarities(corpus().embedding(voter)));
    Positions votes;
    for (uint64_t at = n - std::min(n, neighbours_ + 1); at + 1 < n; ++at)
      if (order[at] != voter) votes.push_back(order[at]);
    return votes;
  }

  Positions elected() const {
    struct Nominee {
      uint64_t row;
      Positions voters;   // ascending
    };
    std::vector<Nominee> nominees;   // in the order of their first vote
    std::vector<uint64_t> place(corpus().size(), UINT64_MAX);
    for (uint64_t voter = 0; voter < corpus().size(); ++voter)
      for (const uint64_t row : votes_of(voter)) {
        if (place[row] == UINT64_MAX) {
          place[row] = nominees.size();
          nominees.push_back({row, {}});
        }
        nominees[place[row]].voters.push_back(voter);
      }
    std::stable_sort(nominees.begin(), nominees.end(),
                     [](const Nominee& a, const Nominee& b) { return a.voters.size() > b.voters.size(); });
    Positions out;
    for (auto nominee = nominees.begin(); nominee != nominees.end(); ++nominee) {
      const auto covers = [&](const Nominee& earlier) {
        return std::includes(earlier.voters.begin(), earlier.voters.end(), nominee->voters.begin(), nominee->voters.end());
      };
      if (std::none_of(nominees.begin(), nominee, covers)) out.push_back(nominee->row);
    }
    return out;
  }

  uint64_t shots_, neighbours_, seed_;
  Positions order_;   // all rows; a list is its beginning
};

}  // namespace

Made make_votek(const json::Value& config, const Options& options) {
  ConfigKeys keys(config, "votek");
  const uint64_t shots = keys.shots();
  const uint64_t neighbours = keys.whole({"votek_k"}, 3, 1, UINT32_MAX);
  const uint64_t seed = keys.whole({"seed"}, options.seed);
  SXT_CHECK(keys.finish());
  return std::unique_ptr<Retriever>(std::make_unique<Votek>(options.compat, shots, neighbours, seed));
}

}  // namespace sextant::retrieve
