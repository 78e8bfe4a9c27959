// Exact search for the nearest rows by inner product or cosine. Pure; const members [any].
#pragma once
#include <span>
#include <vector>
#include "config_keys.hpp"
#include "retriever.hpp"

namespace sextant::retrieve {

enum class Similarity { inner_product, cosine };

/// sum of a[i] * b[i] in float, always in the same order of additions: 16 chains, then these in order.
float inner_product(std::span<const float> a, std::span<const float> b);

class Nearest {
 public:
  /// `corpus` outlives this.
  Nearest(const Corpus& corpus, Similarity similarity);

  /// One similarity per row.
  std::vector<float> similarities(std::span<const float> query) const;
  /// The `count` most similar rows that are not in `skipped` (ascending), best first; equal ones: the lower row first.
  Positions find(std::span<const float> query, uint64_t count, std::span<const uint64_t> skipped) const;
  /// The same as faiss' IndexFlatIP answers a single query of fewer than 100 results: an equal one that comes later does not
  /// replace what was found, what is replaced is the lowest row of the least similar, and equal ones are listed from the
  /// highest row down.
  Positions find_as_faiss(std::span<const float> query, uint64_t count) const;

 private:
  const Corpus& corpus_;
  std::vector<float> lengths_;   // cosine: [n] of the rows
};

/// topk and what begins with it: the retrievers that need embeddings.
class NearestRetriever : public Retriever {
 public:
  Traits traits() const override { return {.wants_embeddings = true}; }

 protected:
  NearestRetriever(std::string id, bool compat, Similarity similarity)
      : Retriever(std::move(id), compat), similarity_(similarity) {}
  Result<void> index() override;
  const Nearest& nearest() const { return *nearest_; }
  /// The `count` nearest rows, in the compat modes as faiss lists them; fewer where the corpus has no more.
  Positions near(const Query& query, uint64_t count, std::span<const uint64_t> own) const;

 private:
  Similarity similarity_;
  std::unique_ptr<const Nearest> nearest_;
};

Similarity similarity_from(ConfigKeys& keys);

}  // namespace sextant::retrieve
