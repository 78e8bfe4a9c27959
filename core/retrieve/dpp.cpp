// dpp: near rows that differ from each other, most relevant first (OpenCompass' DPPRetriever; Ye et al. 2023, "Compositional
// Exemplars for In-context Learning").
//
// Among the nearest rows a determinantal point process with kernel r_i * s_ij * r_j, where s is (cosine + 1) / 2 between rows
// and r = exp((relevance - its maximum) / (2 * scale_factor)) with relevance (cosine + 1) / 2 to the sample. The most
// probable set is searched greedily (Chen, Zhang, Zhou 2018, "Fast Greedy MAP Inference for Determinantal Point Process").
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "makers.hpp"
#include "nearest.hpp"
#include "numpy_sort.hpp"

namespace sextant::retrieve {
namespace {

/// Greedy MAP over a kernel [n, n]: items in the order of their choice. Nothing where the determinant of every further set is
/// 0 up to rounding. Precision as in OpenCompass: the kernel and the remaining gains are floats, the Cholesky rows doubles.
std::optional<std::vector<uint32_t>> greedy_map(const std::vector<float>& kernel, size_t n, uint64_t count) {
  std::vector<float> gains(n);
  for (size_t i = 0; i < n; ++i) gains[i] = kernel[i * n + i];
  std::vector<std::vector<double>> cholesky;   // one row per chosen item
  std::vector<uint32_t> chosen;
  while (chosen.size() < count) {
    // the first of equal ones
    const size_t item = static_cast<size_t>(std::max_element(gains.begin(), gains.end()) - gains.begin());
    if (!(gains[item] > 0)) return std::nullopt;
    chosen.push_back(static_cast<uint32_t>(item));
    if (chosen.size() == count) break;
    const double root = std::sqrt(static_cast<double>(gains[item]));
    std::vector<double> row(n);
    for (size_t i = 0; i < n; ++i) {
      double shared = 0;
      for (const auto& earlier : cholesky) shared += earlier[item] * earlier[i];
      row[i] = (kernel[item * n + i] - shared) / root;
      gains[i] = static_cast<float>(gains[i] - row[i] * row[i]);
    }
    gains[item] = -1;   // in exact arithmetic it is 0, and no item is chosen twice
    cholesky.push_back(std::move(row));
  }
  return chosen;
}

std::vector<float> unit(std::span<const float> vector) {
  const float length = std::sqrt(inner_product(vector, vector));
  std::vector<float> out(vector.begin(), vector.end());
  for (float& x : out) x /= length;
  return out;
}

struct DppSettings {
  uint64_t shots, candidate_num;
  double scale_factor;
  Similarity similarity;
};

class Dpp : public NearestRetriever {
 public:
  Dpp(bool compat, const DppSettings& settings) : NearestRetriever("dpp", compat, settings.similarity), settings_(settings) {}

 protected:
  Result<Choice> find(const Query& query, std::span<const uint64_t> own) override {
    Choice choice;
    const Positions rows = near(query, settings_.candidate_num, own);
    if (settings_.shots > rows.size()) return too_few(settings_.shots, rows.size(), query);
    if (settings_.shots == 0) return choice;
    const size_t n = rows.size();
    const std::vector<float> wanted = unit(query.embedding);
    std::vector<std::vector<float>> units;
    std::vector<float> relevance(n), kernel(n * n);
    for (const uint64_t row : rows) units.push_back(unit(corpus().embedding(row)));
    for (size_t i = 0; i < n; ++i) relevance[i] = (inner_product(wanted, units[i]) + 1) / 2;
    const float most = *std::max_element(relevance.begin(), relevance.end());
    for (float& r : relevance) r = std::exp((r - most) / static_cast<float>(2 * settings_.scale_factor));
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j)
        kernel[i * n + j] = relevance[j] * ((inner_product(units[i], units[j]) + 1) / 2) * relevance[i];
    const auto chosen = greedy_map(kernel, n, settings_.shots);
    if (!chosen)
      return error(Error::Kind::data,
                   fmt::format("the {} rows nearest to row {} do not differ enough for {} examples; raise \"candidate_num\" "
                               "or \"scale_factor\"",
                               n, query.row, settings_.shots));
    std::vector<float> negative;
    for (const uint32_t item : *chosen) negative.push_back(-relevance[item]);
    for (const uint32_t at : numpy_argsort<float>(negative)) choice.positions.push_back(rows[(*chosen)[at]]);
    return choice;
  }

 private:
  DppSettings settings_;
};

}  // namespace

Made make_dpp(const json::Value& config, const Options& options) {
  ConfigKeys keys(config, "dpp");
  DppSettings settings{};
  settings.shots = keys.shots();
  settings.candidate_num = keys.whole({"candidate_num"}, options.compat ? 1 : 0, 0, 10'000);   // the kernel has its square
  settings.scale_factor = keys.number("scale_factor", 0.1, 1e-6, 1e6);
  settings.similarity = similarity_from(keys);
  if (options.compat) keys.whole({"seed"}, 1);   // OpenCompass takes it and does not use it
  SXT_CHECK(keys.finish());
  if (settings.candidate_num < settings.shots)
    return Error{Error::Kind::config,
                 fmt::format("retriever dpp: \"candidate_num\" is {}; say among how many of the nearest rows the {} "
                             "examples are chosen",
                             settings.candidate_num, settings.shots)};
  return std::unique_ptr<Retriever>(std::make_unique<Dpp>(options.compat, settings));
}

}  // namespace sextant::retrieve
