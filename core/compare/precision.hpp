// One model in two precisions (compute types, weight formats): how far its probabilities have moved, which a score of right and
// wrong shows late. From what the two runs recorded; docs/statistics.md has the formulas.
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../stats/divergence.hpp"
#include "../store/predictions.hpp"
#include "compare.hpp"

namespace sextant::compare {

/// Numbers that a set does not have are NaN, and intervals that it does not have have n = 0.
struct Precision {
  std::string dataset;
  uint64_t questions = 0;
  uint64_t left_out = 0;  // their prompt, or labels, are not the same on both sides
  // sets whose labels are scored: of the probabilities that the sums of ln p give the labels
  stats::Interval divergence;  // KL(A || B) of a question, nats: the mean
  double divergence_median = stats::not_known, divergence_max = stats::not_known;
  uint64_t divergence_max_row = 0;  // of A
  stats::Changes answer;            // of the right label's probability, B - A
  // the same label wins, or the same answer is read; the same reply, byte for byte. Shares
  stats::Interval agreement, same_reply;
  // of the right labels' tokens, or of texts that were scored whole
  std::string perplexity_of;  // "answers", "texts"; empty: there is none
  double perplexity_a = stats::not_known, perplexity_b = stats::not_known;
  stats::Interval log_ratio;  // ln of B's perplexity by A's; n: questions
  stats::Changes tokens;      // of each token's probability, where the runs recorded them
};

/// Of the first attempt at each question that both have. The predictions are those that `a` and `b` were read with.
Result<Precision> precision_of(const Answers& a, const Answers& b, const store::Predictions& of_a,
                               const store::Predictions& of_b);

/// One table; `flips`: the comparisons of the same data sets, of which it takes lost and gained questions.
std::string to_text(const std::vector<Precision>& precisions, const std::vector<Comparison>& flips);
json::Value to_json(const Precision& one, json::Document::AllocatorType& allocator);

}  // namespace sextant::compare
