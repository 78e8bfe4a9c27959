#include "okapi.hpp"
#include <cmath>

namespace sextant::retrieve {

Okapi::Okapi(const std::vector<std::vector<std::string>>& documents, const OkapiParameters& parameters)
    : parameters_(parameters) {
  const double n = static_cast<double>(documents.size());
  uint64_t words = 0;
  for (uint32_t d = 0; d < documents.size(); ++d) {
    words += documents[d].size();
    for (const std::string& word : documents[d]) {
      const auto [found, fresh] = term_of_.emplace(word, static_cast<uint32_t>(terms_.size()));
      if (fresh) terms_.emplace_back();
      std::vector<Posting>& postings = terms_[found->second].postings;
      if (postings.empty() || postings.back().document != d) postings.push_back({d, 0});
      ++postings.back().count;
    }
  }
  const double mean_length = static_cast<double>(words) / n;
  for (const auto& document : documents)
    length_part_.push_back(parameters.k1 *
                           ((1 - parameters.b) + parameters.b * static_cast<double>(document.size()) / mean_length));
  double sum = 0;
  for (Term& term : terms_) {
    const double with = static_cast<double>(term.postings.size());
    term.idf = std::log(n - with + 0.5) - std::log(with + 0.5);
    sum += term.idf;
  }
  const double floor = parameters.epsilon * (sum / static_cast<double>(terms_.size()));
  for (Term& term : terms_)
    if (term.idf < 0) term.idf = floor;
}

std::vector<double> Okapi::scores(const std::vector<std::string>& query) const {
  std::vector<double> out(length_part_.size());
  for (const std::string& word : query) {
    const auto found = term_of_.find(word);
    if (found == term_of_.end()) continue;
    const Term& term = terms_[found->second];
    for (const auto [document, count] : term.postings) {
      const double frequency = count;
      out[document] += term.idf * (frequency * (parameters_.k1 + 1) / (frequency + length_part_[document]));
    }
  }
  return out;
}

}  // namespace sextant::retrieve
