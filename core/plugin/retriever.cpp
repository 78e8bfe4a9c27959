#include "retriever.hpp"
#include <cmath>
#include <fmt/format.h>
#include "call.hpp"

namespace sextant::plugin {
namespace {

sxt_query lend(const Query& query) {
  return {sizeof(sxt_query),
          0,
          query.row,
          query.own_row.value_or(SXT_NO_ROW),
          query.seed,
          borrow(query.record_json),
          borrow(query.text),
          query.embedding.data(),
          query.embedding.size()};
}

}  // namespace

Result<void> Retriever::prepare(std::span<const CorpusRow> corpus) {
  SXT_NEED(table_, prepare, object_.name());
  std::vector<sxt_corpus_row> lent;
  std::vector<const sxt_corpus_row*> pointers;
  lent.reserve(corpus.size());
  rows_.clear();
  for (const CorpusRow& row : corpus) {
    lent.push_back({sizeof(sxt_corpus_row), 0, row.row, borrow(row.record_json), borrow(row.text), row.embedding.data(),
                    row.embedding.size()});
    pointers.push_back(&lent.back());
    rows_.insert(row.row);
  }
  return guarded(object_.name(), "prepare",
                 [&](sxt_error* e) { return table_->prepare(object_.get(), pointers.data(), pointers.size(), e); });
}

Result<std::vector<Retrieved>> Retriever::retrieve(std::span<const Query> queries, uint64_t k) {
  SXT_NEED(table_, retrieve, object_.name());
  std::vector<sxt_query> lent;
  std::vector<const sxt_query*> pointers;
  lent.reserve(queries.size());
  for (const Query& query : queries) {
    lent.push_back(lend(query));
    pointers.push_back(&lent.back());
  }
  Texts texts(object_.name(), "retrieve", queries.size());
  SXT_CHECK(guarded(object_.name(), "retrieve", [&](sxt_error* e) {
    return table_->retrieve(object_.get(), pointers.data(), pointers.size(), k, texts.sink(), e);
  }));
  SXT_TRY(const std::vector<std::string> answers, texts.take());
  std::vector<Retrieved> out;
  for (size_t i = 0; i < answers.size(); ++i) {
    SXT_TRY(Retrieved retrieved, take(answers[i], queries[i], k));
    out.push_back(std::move(retrieved));
  }
  return out;
}

Result<Retrieved> Retriever::take(const std::string& answer, const Query& query, uint64_t k) const {
  const auto bad = [&](std::string_view what) {
    return misbehaved(object_.name(), fmt::format("{} for row {} of the test split", what, query.row));
  };
  const auto parsed = json::parse(answer, "retrieve");
  if (!parsed || !parsed->IsObject()) return bad("gave no JSON object");
  const auto list = [&](const json::Value& value) -> Result<std::vector<uint64_t>> {
    std::vector<uint64_t> rows;
    std::unordered_set<uint64_t> seen;
    if (!value.IsArray()) return bad("gave no list of rows");
    for (const auto& item : value.GetArray()) {
      if (!item.IsUint64() || !rows_.count(item.GetUint64()))
        return bad(fmt::format("gave {}, which is not a row of the train split,", json::write(item)));
      if (item.GetUint64() == query.own_row) return bad("gave the sample itself as its example");
      if (!seen.insert(item.GetUint64()).second) return bad(fmt::format("gave the row {} twice", item.GetUint64()));
      rows.push_back(item.GetUint64());
    }
    if (rows.size() > k) return bad(fmt::format("gave {} rows where {} were wanted", rows.size(), k));
    return rows;
  };
  Retrieved out;
  if (const json::Value* candidates = json::find(*parsed, "candidates")) {
    if (!candidates->IsArray() || candidates->Empty()) return bad("gave no candidates");
    for (const auto& candidate : candidates->GetArray()) {
      SXT_TRY(std::vector<uint64_t> rows, list(candidate));
      out.candidates.push_back(std::move(rows));
    }
    if (!wants_.scores && out.candidates.size() > 1)
      return bad("gave candidates, but its facts do not want \"scores\" to choose by,");
    return out;
  }
  const json::Value* rows = json::find(*parsed, "rows");
  if (!rows) return bad("gave neither \"rows\" nor \"candidates\"");
  SXT_TRY(out.rows, list(*rows));
  return out;
}

Result<size_t> Retriever::choose(const Query& query, std::span<const double> scores) {
  SXT_NEED(table_, choose, object_.name());
  const sxt_query lent = lend(query);
  uint64_t chosen = UINT64_MAX;
  SXT_CHECK(guarded(object_.name(), "choose", [&](sxt_error* e) {
    return table_->choose(object_.get(), &lent, scores.data(), scores.size(), &chosen, e);
  }));
  if (chosen >= scores.size()) return misbehaved(object_.name(), fmt::format("chose none of the {} candidates", scores.size()));
  return static_cast<size_t>(chosen);
}

}  // namespace sextant::plugin
