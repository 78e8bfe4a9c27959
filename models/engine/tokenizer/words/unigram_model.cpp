#include <algorithm>
#include <array>
#include <limits>
#include <sextant/utf8.hpp>
#include "../text/trie.hpp"
#include "other_models.hpp"

namespace sextant::engine {
namespace {

constexpr double unknown_penalty = 10;  // sentencepiece's kUnkPenalty

class UnigramModel : public WordModel {
 public:
  explicit UnigramModel(UnigramTables tables) : tables_(std::move(tables)) {
    std::vector<std::pair<std::string_view, int32_t>> strings;
    TokenIds ids;
    for (size_t i = 0; i < tables_.tokens.size(); ++i) {
      if (tables_.tokens[i].empty()) continue;
      strings.emplace_back(tables_.tokens[i], static_cast<int32_t>(i));
      ids.insert_or_assign(tables_.tokens[i], static_cast<int32_t>(i));
    }
    trie_ = Trie(std::move(strings));
    fallback_.fill(-1);
    if (tables_.byte_fallback) {
      for (unsigned b = 0; b < 256; ++b) fallback_[b] = find_id(ids, byte_token(static_cast<uint8_t>(b)));
    }
    unknown_score_ = *std::min_element(tables_.scores.begin(), tables_.scores.end()) - unknown_penalty;
  }

  void encode(std::string_view word, std::vector<WordToken>& tokens) const override {
    struct Node {
      double score = 0;       // of the best way to here
      size_t start = nowhere;  // where its last token begins
      int32_t id = 0;
    };
    thread_local std::vector<Node> best;
    best.assign(word.size() + 1, {});
    for (size_t at = 0; at < word.size();) {
      const double here = best[at].score;
      const size_t size = utf8::at(word, at).size;
      const auto offer = [&](size_t end, double score, int32_t id) {
        if (best[end].start == nowhere || score > best[end].score) best[end] = {score, at, id};
      };
      bool whole = false;  // a token is this one character
      trie_.for_each_prefix(word.substr(at), [&](size_t length, int32_t id) {
        offer(at + length, tables_.scores[static_cast<size_t>(id)] + here, id);
        whole = whole || length == size;
      });
      if (!whole) offer(at + size, unknown_score_ + here, tables_.unk);
      at += size;
    }
    thread_local std::vector<Node> path;  // from the last token to the first; score unused, start and end in `best`
    path.clear();
    size_t end = word.size();
    std::vector<size_t> ends;
    while (end > 0) {
      ends.push_back(end);
      path.push_back(best[end]);
      end = best[end].start;
    }
    for (size_t i = path.size(); i-- > 0;) {
      const size_t start = path[i].start;
      if (path[i].id != tables_.unk) {
        tokens.push_back({path[i].id, static_cast<uint32_t>(ends[i])});
        continue;
      }
      while (i > 0 && path[i - 1].id == tables_.unk) --i;  // what is unknown in a row is one
      unknown(word.substr(start, ends[i] - start), start, tokens);
    }
  }

 private:
  static constexpr size_t nowhere = std::numeric_limits<size_t>::max();

  void unknown(std::string_view part, size_t start, std::vector<WordToken>& tokens) const {
    const bool fallback =
        std::all_of(part.begin(), part.end(), [&](char c) { return fallback_[static_cast<uint8_t>(c)] >= 0; });
    if (!fallback) tokens.push_back({tables_.unk, static_cast<uint32_t>(start + part.size())});
    for (size_t k = 0; fallback && k < part.size(); ++k)
      tokens.push_back({fallback_[static_cast<uint8_t>(part[k])], static_cast<uint32_t>(start + k + 1)});
  }

  UnigramTables tables_;
  Trie trie_;
  std::array<int32_t, 256> fallback_;
  double unknown_score_;
};

}  // namespace

std::unique_ptr<WordModel> make_unigram_model(UnigramTables tables) {
  return std::make_unique<UnigramModel>(std::move(tables));
}

}  // namespace sextant::engine
