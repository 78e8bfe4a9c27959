// bm25: the rows whose words match the sample's best (OpenCompass' BM25Retriever), best first. Equal scores: the lower row
// first; in the compat modes as numpy's argsort leaves them, reversed.
#include <algorithm>
#include <optional>
#include "config_keys.hpp"
#include "makers.hpp"
#include "numpy_sort.hpp"
#include "okapi.hpp"
#include "word_tokenizer.hpp"

namespace sextant::retrieve {
namespace {

class Bm25 : public Retriever {
 public:
  Bm25(bool compat, uint64_t shots, const OkapiParameters& parameters)
      : Retriever("bm25", compat), shots_(shots), parameters_(parameters) {}
  Traits traits() const override { return {.wants_texts = true}; }

 protected:
  Result<void> index() override {
    std::vector<std::vector<std::string>> documents;
    documents.reserve(corpus().size());
    for (const std::string& text : corpus().texts) documents.push_back(words_of(text));
    okapi_.emplace(documents, parameters_);
    if (okapi_->empty() && shots_ > 0)
      return error(Error::Kind::data,
                   "no row of split '" + corpus().split + "' has a word in its input columns; name the columns that hold text");
    return {};
  }

  Result<Choice> find(const Query& query, std::span<const uint64_t> own) override {
    const std::vector<double> scores = okapi_->scores(words_of(query.text));
    Choice choice;
    if (compat()) {  // fewer rows than examples: all rows
      const std::vector<uint32_t> order = numpy_argsort<double>(scores);
      choice.positions.assign(order.rbegin(),
                              order.rbegin() + static_cast<ptrdiff_t>(std::min<uint64_t>(shots_, order.size())));
      return choice;
    }
    if (shots_ > scores.size() - own.size()) return too_few(shots_, scores.size() - own.size(), query);
    Positions order;
    for (uint64_t position = 0; position < scores.size(); ++position)
      if (!std::binary_search(own.begin(), own.end(), position)) order.push_back(position);
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(shots_), order.end(), [&](uint64_t a, uint64_t b) {
      return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
    });
    order.resize(shots_);
    choice.positions = std::move(order);
    return choice;
  }

 private:
  uint64_t shots_;
  OkapiParameters parameters_;
  std::optional<Okapi> okapi_;
};

}  // namespace

Made make_bm25(const json::Value& config, const Options& options) {
  ConfigKeys keys(config, "bm25");
  const uint64_t shots = keys.shots();
  OkapiParameters parameters;
  parameters.k1 = keys.number("k1", parameters.k1, 0, 1000);
  parameters.b = keys.number("b", parameters.b, 0, 1);
  parameters.epsilon = keys.number("epsilon", parameters.epsilon, 0, 1000);
  SXT_CHECK(keys.finish());
  return std::unique_ptr<Retriever>(std::make_unique<Bm25>(options.compat, shots, parameters));
}

}  // namespace sextant::retrieve
