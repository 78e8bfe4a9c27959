#include "plugin_retriever.hpp"
#include <algorithm>
#include <unordered_map>
#include "random_streams.hpp"

namespace sextant::retrieve {
namespace {

class PluginRetriever : public Retriever {
 public:
  PluginRetriever(std::string id, plugin::Retriever plugin, uint64_t shots, const Options& options)
      : Retriever(std::move(id), options.compat), plugin_(std::move(plugin)), shots_(shots), seed_(options.seed) {}
  Traits traits() const override {
    const plugin::RetrieverWants& wants = plugin_.wants();
    return {.wants_texts = wants.texts, .wants_embeddings = wants.embeddings, .wants_scores = wants.scores};
  }

 protected:
  Result<void> index() override {
    std::vector<plugin::CorpusRow> rows;
    rows.reserve(corpus().size());
    for (uint64_t position = 0; position < corpus().size(); ++position) {
      plugin::CorpusRow& row = rows.emplace_back();
      row.row = corpus().rows[position];
      row.record_json = corpus().records[position];
      if (traits().wants_texts) row.text = corpus().texts[position];
      if (traits().wants_embeddings) row.embedding = corpus().embedding(position);
      position_of_.emplace(row.row, position);
    }
    return plugin_.prepare(rows);
  }

  Result<Choice> find(const Query& query, std::span<const uint64_t> own) override {
    const plugin::Query asked = lend(query, own);
    // a query names one row as its own; further copies of it are asked for in addition and removed
    const uint64_t copies = own.empty() ? 0 : own.size() - 1;
    SXT_TRY(std::vector<plugin::Retrieved> answers, plugin_.retrieve(std::span(&asked, 1), shots_ + copies));
    Choice choice;
    choice.positions = shown(answers.front().rows, own);
    for (const std::vector<uint64_t>& rows : answers.front().candidates) choice.candidates.push_back(shown(rows, own));
    return choice;
  }

  Result<size_t> best(const Query& query, std::span<const Losses> losses) override {
    std::vector<double> scores;
    for (const Losses& list : losses) scores.push_back(-list.front());   // the ABI has the mean ln p
    return plugin_.choose(lend(query, {}), scores);
  }

 private:
  plugin::Query lend(const Query& query, std::span<const uint64_t> own) const {
    plugin::Query asked;
    asked.row = query.row;
    if (!own.empty()) asked.own_row = corpus().rows[own.front()];
    asked.seed = stream_key(seed_, corpus().name, query.row);
    asked.record_json = query.record;
    asked.text = query.text;
    asked.embedding = query.embedding;
    return asked;
  }
  Positions shown(const std::vector<uint64_t>& rows, std::span<const uint64_t> own) const {
    Positions out;
    for (const uint64_t row : rows) {
      const uint64_t position = position_of_.at(row);   // the wrapper has refused other rows
      if (out.size() < shots_ && !std::binary_search(own.begin(), own.end(), position)) out.push_back(position);
    }
    return out;
  }

  plugin::Retriever plugin_;
  uint64_t shots_, seed_;
  std::unordered_map<uint64_t, uint64_t> position_of_;   // of a row's number in the split
};

}  // namespace

std::unique_ptr<Retriever> make_plugin_retriever(std::string id, plugin::Retriever plugin, uint64_t shots,
                                                 const Options& options) {
  return std::make_unique<PluginRetriever>(std::move(id), std::move(plugin), shots, options);
}

}  // namespace sextant::retrieve
