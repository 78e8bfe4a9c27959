#include "nearest.hpp"
#include <algorithm>
#include <cmath>
#include <queue>

namespace sextant::retrieve {

float inner_product(std::span<const float> a, std::span<const float> b) {
  constexpr size_t chains = 16;
  float sums[chains] = {};
  size_t i = 0;
  for (; i + chains <= a.size(); i += chains)
    for (size_t k = 0; k < chains; ++k) sums[k] += a[i + k] * b[i + k];
  for (size_t k = 0; i < a.size(); ++i, ++k) sums[k] += a[i] * b[i];
  float sum = 0;
  for (const float part : sums) sum += part;
  return sum;
}

Nearest::Nearest(const Corpus& corpus, Similarity similarity) : corpus_(corpus) {
  if (similarity != Similarity::cosine) return;
  for (size_t row = 0; row < corpus.size(); ++row)
    lengths_.push_back(std::sqrt(inner_product(corpus.embedding(row), corpus.embedding(row))));
}

std::vector<float> Nearest::similarities(std::span<const float> query) const {
  std::vector<float> out(corpus_.size());
  for (size_t row = 0; row < out.size(); ++row) out[row] = inner_product(query, corpus_.embedding(row));
  if (lengths_.empty()) return out;
  const float length = std::sqrt(inner_product(query, query));
  for (size_t row = 0; row < out.size(); ++row) {
    const float product = length * lengths_[row];
    out[row] = product > 0 ? out[row] / product : 0;
  }
  return out;
}

Positions Nearest::find(std::span<const float> query, uint64_t count, std::span<const uint64_t> skipped) const {
  const std::vector<float> similarity = similarities(query);
  Positions order;
  order.reserve(similarity.size());
  for (uint64_t row = 0; row < similarity.size(); ++row)
    if (!std::binary_search(skipped.begin(), skipped.end(), row)) order.push_back(row);
  count = std::min<uint64_t>(count, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(), [&](uint64_t a, uint64_t b) {
    return similarity[a] != similarity[b] ? similarity[a] > similarity[b] : a < b;
  });
  order.resize(count);
  return order;
}

Positions Nearest::find_as_faiss(std::span<const float> query, uint64_t count) const {
  const std::vector<float> similarity = similarities(query);
  using Found = std::pair<float, uint64_t>;
  std::priority_queue<Found, std::vector<Found>, std::greater<>> found;  // the least on top
  for (uint64_t row = 0; row < similarity.size() && count > 0; ++row) {
    if (found.size() == count) {
      if (!(similarity[row] > found.top().first)) continue;
      found.pop();
    }
    found.emplace(similarity[row], row);
  }
  Positions order(found.size());
  for (size_t at = order.size(); at-- > 0; found.pop()) order[at] = found.top().second;
  return order;
}

Result<void> NearestRetriever::index() {
  nearest_ = std::make_unique<const Nearest>(corpus(), similarity_);
  return {};
}

Positions NearestRetriever::near(const Query& query, uint64_t count, std::span<const uint64_t> own) const {
  return compat() ? nearest_->find_as_faiss(query.embedding, count) : nearest_->find(query.embedding, count, own);
}

Similarity similarity_from(ConfigKeys& keys) {
  return keys.word("similarity", {"inner_product", "cosine"}) == "cosine" ? Similarity::cosine : Similarity::inner_product;
}

}  // namespace sextant::retrieve
