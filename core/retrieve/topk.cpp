// topk: the rows whose embeddings are nearest to the sample's, nearest first (OpenCompass' TopkRetriever).
#include "makers.hpp"
#include "nearest.hpp"

namespace sextant::retrieve {
namespace {

class Topk : public NearestRetriever {
 public:
  Topk(bool compat, uint64_t shots, Similarity similarity) : NearestRetriever("topk", compat, similarity), shots_(shots) {}

 protected:
  Result<Choice> find(const Query& query, std::span<const uint64_t> own) override {
    Choice choice;
    choice.positions = near(query, shots_, own);
    if (choice.positions.size() == shots_) return choice;
    if (!compat() || corpus().size() == 0) return too_few(shots_, choice.positions.size(), query);
    // faiss fills the list with -1, which Python reads as the last row
    choice.positions.resize(shots_, corpus().size() - 1);
    return choice;
  }

 private:
  uint64_t shots_;
};

}  // namespace

Made make_topk(const json::Value& config, const Options& options) {
  ConfigKeys keys(config, "topk");
  const uint64_t shots = keys.shots();
  const Similarity similarity = similarity_from(keys);
  SXT_CHECK(keys.finish());
  return std::unique_ptr<Retriever>(std::make_unique<Topk>(options.compat, shots, similarity));
}

}  // namespace sextant::retrieve
