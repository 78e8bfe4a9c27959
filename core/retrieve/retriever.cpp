#include "retriever.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <unordered_map>

namespace sextant::retrieve {

/// Where in the corpus a sample itself stands.
struct Retriever::OwnRows {
  explicit OwnRows(const Corpus& corpus) : split(corpus.split) {
    for (uint64_t position = 0; position < corpus.size(); ++position) {
      by_row.emplace(corpus.rows[position], position);
      if (!corpus.records[position].empty()) by_record[corpus.records[position]].push_back(position);
    }
  }
  /// Ascending.
  Positions of(const Query& query) const {
    Positions own;
    if (const auto found = by_record.find(query.record); found != by_record.end()) own = found->second;
    if (const auto found = by_row.find(query.row); query.split == split && found != by_row.end()) {
      const auto at = std::lower_bound(own.begin(), own.end(), found->second);
      if (at == own.end() || *at != found->second) own.insert(at, found->second);
    }
    return own;
  }

  std::string_view split;
  std::unordered_map<uint64_t, uint64_t> by_row;
  std::unordered_map<std::string_view, Positions> by_record;
};

Error Retriever::error(Error::Kind kind, std::string_view what) const {
  return {kind, fmt::format("retriever {}: {}", id_, what)};
}

Error Retriever::too_few(uint64_t wanted, uint64_t available, const Query& query) const {
  return error(
      Error::Kind::config,
      fmt::format(
          "{} examples are wanted, but split '{}' has {} that row {} of split '{}' may be shown; ask for at most that many",
          wanted, corpus().split, available, query.row, query.split));
}

Result<void> Retriever::prepare(std::shared_ptr<const Corpus> corpus) {
  const Traits wants = traits();
  const size_t n = corpus->size();
  if (corpus->records.size() != n || (wants.wants_texts && corpus->texts.size() != n) ||
      (wants.wants_embeddings && (corpus->embeddings.size() != n * corpus->width || (n > 0 && corpus->width == 0))))
    return error(Error::Kind::internal, "the corpus' columns differ in length; this is a bug, please report it");
  if (wants.wants_embeddings &&
      !std::all_of(corpus->embeddings.begin(), corpus->embeddings.end(), [](float x) { return std::isfinite(x); }))
    return error(Error::Kind::data,
                 fmt::format("an embedding of split '{}' is not finite; check the embedding model", corpus->split));
  corpus_ = std::move(corpus);
  own_rows_ = std::make_shared<const OwnRows>(*corpus_);
  return index();
}

Result<void> Retriever::check(const Query& query) const {
  if (!corpus_) return error(Error::Kind::internal, "prepare() was not called; this is a bug, please report it");
  if (!traits().wants_embeddings) return {};
  if (query.embedding.size() != corpus().width)
    return error(Error::Kind::internal,
                 fmt::format("the embedding of row {} has {} elements and the corpus' have {}; one model must make both",
                             query.row, query.embedding.size(), corpus().width));
  if (!std::all_of(query.embedding.begin(), query.embedding.end(), [](float x) { return std::isfinite(x); }))
    return error(
        Error::Kind::data,
        fmt::format("the embedding of row {} of split '{}' is not finite; check the embedding model", query.row, query.split));
  return {};
}

Result<Choice> Retriever::retrieve(const Query& query) {
  SXT_CHECK(check(query));
  const Positions own = own_rows_->of(query);
  SXT_TRY(Choice choice, find(query, compat_ ? std::span<const uint64_t>() : own));
  const auto beyond = [&](const Positions& list) {
    return std::any_of(list.begin(), list.end(), [&](uint64_t position) { return position >= corpus().size(); });
  };
  if (beyond(choice.positions) || std::any_of(choice.candidates.begin(), choice.candidates.end(), beyond))
    return error(Error::Kind::internal, fmt::format("row {} got an example beyond the {} rows of split '{}'", query.row,
                                                    corpus().size(), corpus().split));
  if (choice.candidates.size() == 1) {
    choice.positions = std::move(choice.candidates.front());
    choice.candidates.clear();
  }
  settle(choice, own);
  return choice;
}

Result<Choice> Retriever::choose(const Query& query, Choice candidates, std::span<const Losses> losses) {
  SXT_CHECK(check(query));
  if (candidates.candidates.empty()) return candidates;
  if (losses.size() != candidates.candidates.size())
    return error(Error::Kind::internal, fmt::format("{} candidate lists of row {} have {} scores", candidates.candidates.size(),
                                                    query.row, losses.size()));
  const size_t labels = losses.front().size();
  if (labels == 0 || std::any_of(losses.begin(), losses.end(), [&](const Losses& list) { return list.size() != labels; }))
    return error(Error::Kind::internal,
                 fmt::format("the candidate lists of row {} have scores for different labels", query.row));
  SXT_TRY(const size_t index, best(query, losses));
  Choice choice;
  choice.positions = std::move(candidates.candidates[index]);
  settle(choice, own_rows_->of(query));
  return choice;
}

Result<size_t> Retriever::best(const Query&, std::span<const Losses>) {
  return error(Error::Kind::internal, "it gave candidates, but cannot choose among them");
}

void Retriever::settle(Choice& choice, std::span<const uint64_t> own) const {
  const auto is_own = [&](uint64_t position) { return std::binary_search(own.begin(), own.end(), position); };
  if (compat_) {
    choice.own_example = std::any_of(choice.positions.begin(), choice.positions.end(), is_own);
    return;
  }
  std::erase_if(choice.positions, is_own);
  for (Positions& list : choice.candidates) std::erase_if(list, is_own);
}

}  // namespace sextant::retrieve
