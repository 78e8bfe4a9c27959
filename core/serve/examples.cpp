#include "examples.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../retrieve/plugin_retriever.hpp"
#include "../retrieve/record_text.hpp"
#include "../retrieve/registry.hpp"

namespace sextant::serve {
namespace {

// A built-in retriever, or a plugin's: how many examples that one shows is the card's "ice_num" (5 unless it says), which is
// the core's key.
Result<std::unique_ptr<retrieve::Retriever>> make(plugin::Host& host, const config::DatasetConfig& dataset,
                                                  const retrieve::Options& options) {
  SXT_TRY(json::Document config, json::parse(dataset.retriever.config, dataset.card_path));
  if (!is_own_retriever(dataset.retriever.id) && host.registry().find(plugin::Kind::retriever, dataset.retriever.id)) {
    const int64_t shots = json::find_int(config, "ice_num").value_or(5);
    config.RemoveMember("ice_num");
    SXT_TRY(plugin::Retriever made, host.retriever(dataset.retriever.id, json::write(config), dataset.card_path));
    return retrieve::make_plugin_retriever(dataset.retriever.id, std::move(made),
                                           static_cast<uint64_t>(std::max<int64_t>(0, shots)), options);
  }
  auto made = retrieve::make_retriever(dataset.retriever.id, config, options);
  if (!made) return Error{made.error().kind, fmt::format("{}: {}", dataset.card_path, made.error().message)};
  return made;
}

// Rows of the split to a sample from which on the examples are read one by one. A row of a Parquet file costs up to a row group's
// decoding (some 20 ms), and a sample has up to some five of them; all of a million rows cost half a minute and 2 GB.
constexpr uint64_t sparse = 5000;

}  // namespace

bool is_own_retriever(std::string_view id) {
  const auto own = retrieve::retrievers();
  return std::any_of(own.begin(), own.end(), [&](const auto& entry) { return entry.id == id; });
}

Result<std::string> retrieval_text(const config::DatasetConfig& dataset, const std::string& record_json) {
  SXT_TRY(const json::Document record, json::parse(record_json, dataset.abbr));
  auto text = retrieve::record_text(record, dataset.input_columns);
  if (!text) return Error{text.error().kind, fmt::format("{}: {}", dataset.card_path, text.error().message)};
  return text;
}

Result<retrieve::Traits> retriever_traits(plugin::Host& host, const config::DatasetConfig& dataset,
                                          const config::RunConfig& run) {
  SXT_TRY(const auto retriever, make(host, dataset, {run.seed, config::is_opencompass(run.compat)}));
  return retriever->traits();
}

Result<Examples> Examples::open(plugin::Host& host, const config::DatasetConfig& dataset, const load::TaskData& data,
                                const config::RunConfig& run, const Retrieved* retrieved) {
  Examples out(dataset);
  out.retrieved_ = retrieved;
  out.compat_ = config::is_opencompass(run.compat);
  if (!dataset.retriever.shows_examples()) return out;
  if (dataset.retriever.id == "fix_k") {  // the whole corpus need not be read
    out.shots_ = data.shots;
    out.shot_rows_ = data.shot_rows;
    return out;
  }
  SXT_TRY(out.retriever_, make(host, dataset, {run.seed, out.compat_}));
  const retrieve::Traits traits = out.retriever_->traits();
  auto corpus = std::make_shared<retrieve::Corpus>();
  corpus->name = dataset.abbr;
  corpus->split = dataset.train_split;
  const auto reads = out.retriever_->reads();
  if (reads && reads->empty() && data.rows.size() * sparse < data.corpus->size()) {
    corpus->records.resize(data.corpus->size());
    out.lazily_ = data.corpus;
  } else {
    SXT_TRY(corpus->records, data.corpus->all());
  }
  for (uint64_t row = 0; row < corpus->records.size(); ++row) corpus->rows.push_back(row);
  if (traits.wants_texts)
    for (const std::string& record : corpus->records) {
      SXT_TRY(std::string text, retrieval_text(dataset, record));
      corpus->texts.push_back(std::move(text));
    }
  if (traits.wants_embeddings || traits.wants_scores) {
    if (!retrieved)
      return Error{Error::Kind::internal, fmt::format("{}: what the retriever '{}' reads of a model was not computed",
                                                      dataset.abbr, dataset.retriever.id)};
    if (retrieved->planned) {
      out.corpus_ = corpus;
      SXT_TRY(const json::Document config, json::parse(dataset.retriever.config, dataset.card_path));
      out.stand_in_ = 1;
      for (const char* key : {"ice_num", "k", "shots"})
        out.stand_in_ = static_cast<uint64_t>(json::find_int(config, key).value_or(static_cast<int64_t>(out.stand_in_)));
      if (traits.wants_scores)
        out.stand_in_lists_ =
            static_cast<uint64_t>(std::clamp<int64_t>(json::find_int(config, "select_time").value_or(5), 1, 1000));
      return out;
    }
  }
  if (traits.wants_embeddings) {
    if (retrieved->width == 0)
      return Error{Error::Kind::internal,
                   fmt::format("{}: the retriever '{}' was given no embeddings", dataset.abbr, dataset.retriever.id)};
    corpus->embeddings = retrieved->corpus;
    corpus->width = retrieved->width;
  }
  out.corpus_ = corpus;
  if (const auto prepared = out.retriever_->prepare(corpus); !prepared)
    return Error{prepared.error().kind, fmt::format("{}: {}", dataset.card_path, prepared.error().message)};
  return out;
}

// The same rows for every sample; outside the compat modes not the sample itself.
Result<Chosen> Examples::fixed(const load::Row& row) const {
  Chosen out;
  for (size_t i = 0; i < shots_.size(); ++i) {
    const bool own =
        (dataset_->train_split == dataset_->test_split && shot_rows_[i] == row.index) || shots_[i] == row.record_json;
    out.own_example = out.own_example || own;
    if (own && !compat_) continue;
    out.records.push_back(shots_[i]);
    out.rows.push_back(shot_rows_[i]);
  }
  out.own_example = out.own_example && compat_;
  return out;
}

Result<Chosen> Examples::choose(const load::Row& row, uint64_t position, bool rank) {
  if (!retriever_) return fixed(row);
  if (stand_in_ > 0) {
    Chosen out;
    if (rank && stand_in_lists_ > 1 && !corpus_->records.empty()) {
      for (uint64_t list = 0, at = 0; list < stand_in_lists_; ++list) {
        std::vector<std::string>& records = out.candidates.emplace_back();
        for (uint64_t i = 0; i < stand_in_; ++i) records.push_back(corpus_->records[at++ % corpus_->records.size()]);
      }
      return out;
    }
    for (size_t at = 0; at < corpus_->records.size() && out.rows.size() < stand_in_; ++at) {
      if (corpus_->records[at] == row.record_json) continue;
      out.records.push_back(corpus_->records[at]);
      out.rows.push_back(at);
    }
    return out;
  }
  const retrieve::Traits traits = retriever_->traits();
  std::string text;
  if (traits.wants_texts) { SXT_TRY(text, retrieval_text(*dataset_, row.record_json)); }
  retrieve::Query query{dataset_->test_split, row.index, position, row.record_json, text, {}};
  if (traits.wants_embeddings) {
    const auto it = retrieved_->samples.find(row.index);
    if (it == retrieved_->samples.end())
      return Error{Error::Kind::internal, fmt::format("{}: row {} has no embedding", dataset_->abbr, row.index)};
    query.embedding = it->second;
  }
  SXT_TRY(retrieve::Choice choice, retriever_->retrieve(query));
  Chosen out;
  if (!choice.candidates.empty() && rank) {
    for (const retrieve::Positions& candidate : choice.candidates) {
      std::vector<std::string>& records = out.candidates.emplace_back();
      for (const uint64_t at : candidate) records.push_back(corpus_->records[at]);
    }
    return out;
  }
  if (!choice.candidates.empty()) {
    const auto losses = retrieved_->losses.find(row.index);
    if (losses == retrieved_->losses.end())
      return Error{Error::Kind::internal,
                   fmt::format("{}: no model has ranked the candidates of row {}", dataset_->abbr, row.index)};
    SXT_TRY(choice, retriever_->choose(query, std::move(choice), losses->second));
  }
  out.own_example = choice.own_example;
  for (const uint64_t at : choice.positions) {
    if (lazily_) {
      SXT_TRY(std::string record, lazily_->row(at));
      out.own_example = out.own_example || record == row.record_json;   // the retriever could not see it
      out.records.push_back(std::move(record));
    } else {
      out.records.push_back(corpus_->records[at]);
    }
    out.rows.push_back(corpus_->rows[at]);
  }
  return out;
}

}  // namespace sextant::serve
