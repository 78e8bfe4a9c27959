// retriever:@NAME@: the rows whose texts are as long as the sample's, the nearest last.
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct @TYPE@ : Retriever {
  using Retriever::Retriever;
  void prepare(std::span<const sxt_corpus_row* const> corpus) override {
    for (const sxt_corpus_row* row : corpus) rows.push_back({row->row, static_cast<int64_t>(row->text.size)});
  }
  std::vector<uint64_t> retrieve(const sxt_query& query, uint64_t k) override {
    std::vector<std::pair<int64_t, uint64_t>> ranked;  // how far, which
    for (const auto& [row, size] : rows)
      if (row != query.own_row) ranked.push_back({std::abs(size - static_cast<int64_t>(query.text.size)), row});
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    ranked.resize(std::min<size_t>(k, ranked.size()));
    std::vector<uint64_t> out;
    for (auto it = ranked.rbegin(); it != ranked.rend(); ++it) out.push_back(it->second);
    return out;
  }

 private:
  std::vector<std::pair<uint64_t, int64_t>> rows;
};

}  // namespace

SEXTANT_PLUGIN(
    component<@TYPE @>({.id = "@NAME@", .summary = "rows of the sample's length", .facts = R"({"wants": ["texts"]})"}))
