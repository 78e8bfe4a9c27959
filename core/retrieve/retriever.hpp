// A retriever chooses the examples ("shots") of one sample out of a corpus of rows. It reads no file and asks no model: texts,
// embeddings and scores are computed by the stages before it (see Traits) and come in as plain data. One file per retriever;
// registry.cpp lists them. docs/retrievers.md describes each one's configuration, and where it differs from OpenCompass.
//
//   make_retriever -> prepare(corpus) once -> retrieve(query) per sample -> where wants_scores: choose(query, ...)
//
// What a query gets depends on the query alone, never on which queries came before. Threads: one caller at a time.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::retrieve {

/// The rows that examples are chosen from: n rows of one split.
struct Corpus {
  std::string name;                   // of the data set: random streams are keyed by it
  std::string split;
  std::vector<uint64_t> rows;         // [n] each row's number in the split
  std::vector<std::string> records;   // [n] each row's JSON
  std::vector<std::string> texts;     // [n] input columns, joined (record_text.hpp); empty unless wants_texts
  std::vector<float> embeddings;      // [n, width]; empty unless wants_embeddings
  size_t width = 0;
  size_t size() const { return rows.size(); }
  std::span<const float> embedding(size_t position) const { return std::span(embeddings).subspan(position * width, width); }
};

/// One sample that wants examples.
struct Query {
  std::string_view split;
  uint64_t row = 0;                   // its number in the split
  uint64_t position = 0;              // its place among all rows of the split that test_range leaves: OpenCompass' index
  std::string_view record;
  std::string_view text;              // where wants_texts
  std::span<const float> embedding;   // [width] where wants_embeddings
};

/// What must be computed before retrieve(), and whether the choice needs a model's scores.
struct Traits {
  bool wants_texts = false, wants_embeddings = false, wants_scores = false;
};

/// Positions in the corpus, in the order in which the examples are shown.
using Positions = std::vector<uint64_t>;

struct Choice {
  Positions positions;                // the examples; empty where there are candidates
  std::vector<Positions> candidates;  // wants_scores: lists of examples, one of which choose() takes
  bool own_example = false;           // the sample itself is among its examples (compat modes only)
};

/// The mean cross entropies of one candidate list: one number per label, in nats (docs/retrievers.md, "mdl").
using Losses = std::vector<double>;

class Retriever {
 public:
  virtual ~Retriever() = default;
  virtual Traits traits() const = 0;

  /// Checks the corpus' shape and lets the retriever index it.
  Result<void> prepare(std::shared_ptr<const Corpus> corpus);
  /// Outside the compat modes no list holds the query itself: the same split and row, or the same record.
  Result<Choice> retrieve(const Query& query);
  /// The best of `candidates`; `losses` has one entry per list.
  Result<Choice> choose(const Query& query, Choice candidates, std::span<const Losses> losses) const;

 protected:
  Retriever(std::string id, bool compat) : id_(std::move(id)), compat_(compat) {}

  /// Builds what the retriever needs of the corpus, which has at least one row unless the retriever can do without.
  virtual Result<void> index() { return {}; }
  /// `own` are the positions of the query itself, ascending; empty in the compat modes, because the originals do not look.
  virtual Result<Choice> find(const Query& query, std::span<const uint64_t> own) = 0;
  virtual Result<size_t> best(std::span<const Losses> losses) const;

  const Corpus& corpus() const { return *corpus_; }
  const std::string& id() const { return id_; }
  bool compat() const { return compat_; }
  Error error(Error::Kind kind, std::string_view what) const;
  /// "retriever bm25: 8 examples are wanted, but ..."
  Error too_few(uint64_t wanted, uint64_t available, const Query& query) const;

 private:
  Result<void> check(const Query& query) const;
  /// Removes the query's own positions, or in the compat modes says that they are there.
  void settle(Choice& choice, std::span<const uint64_t> own) const;

  std::string id_;
  bool compat_;
  std::shared_ptr<const Corpus> corpus_;
  struct OwnRows;
  std::shared_ptr<const OwnRows> own_rows_;
};

}  // namespace sextant::retrieve
