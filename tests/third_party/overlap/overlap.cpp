// A retriever as a third party writes it: the rows that share most words with the sample, the best one last.
#include <set>
#include <sstream>
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

std::set<std::string> words(std::string_view text) {
  std::istringstream in{std::string(text)};
  return {std::istream_iterator<std::string>(in), {}};
}

struct Overlap : Retriever {
  using Retriever::Retriever;
  void prepare(std::span<const sxt_corpus_row* const> corpus) override {
    for (const sxt_corpus_row* row : corpus) rows.push_back({row->row, words(view(row->text))});
  }
  std::vector<uint64_t> retrieve(const sxt_query& query, uint64_t k) override {
    std::vector<std::pair<ptrdiff_t, uint64_t>> ranked;  // shared words, row
    const std::set<std::string> own = words(view(query.text));
    for (const auto& [row, theirs] : rows) {
      if (row == query.own_row) continue;
      ranked.push_back({std::count_if(theirs.begin(), theirs.end(), [&](const auto& w) { return own.count(w) > 0; }), row});
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<uint64_t> out;
    for (size_t i = ranked.size() - std::min<size_t>(k, ranked.size()); i < ranked.size(); ++i) out.push_back(ranked[i].second);
    return out;
  }
  std::vector<std::pair<uint64_t, std::set<std::string>>> rows;
};

}  // namespace

SEXTANT_PLUGIN(
    component<Overlap>({.id = "overlap", .summary = "the rows that share most words", .facts = R"({"wants": ["texts"]})"}))
