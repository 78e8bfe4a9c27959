// A retriever plugin as the core calls it. Threads: [owner].
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>
#include <sextant/result.hpp>
#include "object.hpp"

namespace sextant::plugin {

/// Something a retriever compares: a row of the train split, or a sample. All is borrowed.
struct CorpusRow {
  uint64_t row = 0;
  std::string_view record_json, text;
  std::span<const float> embedding;
};
struct Query {
  uint64_t row = 0;                    // of the test split
  std::optional<uint64_t> own_row;     // the corpus' row that is this sample itself, which it must not be shown
  uint64_t seed = 0;                   // for random choices: of the run's seed, the task and the row
  std::string_view record_json, text;
  std::span<const float> embedding;
};
/// Rows in the order in which they are shown, or the lists that a model chooses from.
struct Retrieved {
  std::vector<uint64_t> rows;
  std::vector<std::vector<uint64_t>> candidates;
};
/// What a retriever must be given, as its facts say.
struct RetrieverWants {
  bool texts = false, embeddings = false, scores = false;
};

class Retriever {
 public:
  Retriever(Object object, const sxt_retriever_v1* table, RetrieverWants wants)
      : object_(std::move(object)), table_(table), wants_(wants) {}
  const RetrieverWants& wants() const { return wants_; }
  /// Once, before the first query.
  Result<void> prepare(std::span<const CorpusRow> corpus);
  /// In the queries' order; every row is one of the corpus', none is there twice or the sample itself, there are at most k.
  Result<std::vector<Retrieved>> retrieve(std::span<const Query> queries, uint64_t k);
  /// Which candidate the scores say: mean ln p, in nats per token, of the query behind each.
  Result<size_t> choose(const Query& query, std::span<const double> scores);

 private:
  Result<Retrieved> take(const std::string& answer, const Query& query, uint64_t k) const;
  Object object_;
  const sxt_retriever_v1* table_;
  RetrieverWants wants_;
  std::unordered_set<uint64_t> rows_;  // of the corpus
};

}  // namespace sextant::plugin
