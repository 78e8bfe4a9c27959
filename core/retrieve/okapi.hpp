// Okapi BM25 over a corpus of word lists, with the arithmetic of the Python package rank_bm25 (BM25Okapi), addition by
// addition, so that the compat modes find the same ties: idf = ln(N - n + 0.5) - ln(n + 0.5); where that is negative, epsilon
// times the mean of all idf. Robertson, Zaragoza 2009; the floor: Trotman, Puurula, Burgess 2014. Pure; const members [any].
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace sextant::retrieve {

struct OkapiParameters {
  double k1 = 1.5, b = 0.75, epsilon = 0.25;
};

class Okapi {
 public:
  Okapi(const std::vector<std::vector<std::string>>& documents, const OkapiParameters& parameters);
  bool empty() const { return terms_.empty(); }   // there is no word at all
  /// One score per document; a word that the query has twice counts twice.
  std::vector<double> scores(const std::vector<std::string>& query) const;

 private:
  struct Posting {
    uint32_t document, count;
  };
  struct Term {
    double idf = 0;
    std::vector<Posting> postings;
  };
  OkapiParameters parameters_;
  std::vector<double> length_part_;                     // [documents] k1 * (1 - b + b * length / mean length)
  std::unordered_map<std::string, uint32_t> term_of_;
  std::vector<Term> terms_;                             // in the order of their first appearance
};

}  // namespace sextant::retrieve
