#include "bpe_model.hpp"
#include <array>
#include <bit>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/utf8.hpp>
#include "../steps/byte_alphabet.hpp"
#include "merges.hpp"
#include "word_cache.hpp"

namespace sextant::engine {
namespace {

// Bits of hashes: says for most words at once that a table does not hold them.
class HashFilter {
 public:
  void add(const TokenIds& ids) {
    bits_.resize(std::bit_ceil(ids.size() * 8 + 64));
    for (const auto& [token, id] : ids) bits_[TextHash()(token) % bits_.size()] = true;
  }
  bool may_hold(size_t hash) const { return bits_[hash % bits_.size()]; }

 private:
  std::vector<bool> bits_;
};

class BpeModel : public WordModel {
 public:
  explicit BpeModel(Merges merges) : merges_(std::move(merges)) { bytes_.fill(-1), fallback_.fill(-1); }

  void encode(std::string_view word, std::vector<WordToken>& tokens) const override {
    const size_t hash = TextHash()(word);
    if (cache_.find(word, hash, tokens)) return;
    const size_t first = tokens.size();
    const int32_t whole = ignore_merges && whole_words.may_hold(hash) ? find_id(ids, word) : -1;
    if (whole >= 0) {
      tokens.push_back({whole, static_cast<uint32_t>(word.size())});
    } else {
      thread_local std::vector<WordToken> symbols;
      symbols.clear();
      if (by_bytes) split_bytes(word, symbols);
      else split_characters(word, symbols);
      merges_.apply(symbols);
      tokens.insert(tokens.end(), symbols.begin(), symbols.end());
    }
    cache_.remember(word, hash, tokens.data() + first, tokens.size() - first);
  }

  bool by_bytes = true, ignore_merges = false, fuse_unk = false;
  std::optional<int32_t> unk;
  std::string prefix, suffix;
  std::array<int32_t, 256> bytes_;     // by_bytes: the token of each byte, or -1
  std::array<int32_t, 256> fallback_;  // <0x..> of each byte, or -1 everywhere
  TokenIds ids;                        // of words where they are looked up whole, of characters unless by_bytes
  HashFilter whole_words;              // ignore_merges: of `ids`, because most words are in no table

 private:
  // A byte without token belongs to the token before it, or to the first one after, unless there is an `unk`.
  void split_bytes(std::string_view word, std::vector<WordToken>& symbols) const {
    for (size_t i = 0; i < word.size(); ++i) {
      const int32_t id = bytes_[static_cast<uint8_t>(word[i])];
      const auto end = static_cast<uint32_t>(i + 1);
      if (id >= 0) symbols.push_back({id, end});
      else if (!symbols.empty()) symbols.back().end = end;
    }
  }

  void split_characters(std::string_view word, std::vector<WordToken>& symbols) const {
    bool unknown = false;  // whether an `unk` is waiting to be written, up to unknown_end
    uint32_t unknown_end = 0;
    const auto flush = [&] {
      if (unknown) symbols.push_back({*unk, unknown_end});
      unknown = false;
    };
    std::string spelled;
    for (size_t i = 0; i < word.size();) {
      const size_t size = utf8::at(word, i).size;
      const auto end = static_cast<uint32_t>(i + size);
      std::string_view character = word.substr(i, size);
      if ((i > 0 && !prefix.empty()) || (end == word.size() && !suffix.empty())) {
        spelled = (i > 0 ? prefix : "") + std::string(character) + (end == word.size() ? suffix : "");
        character = spelled;
      }
      if (const int32_t id = find_id(ids, character); id >= 0) {
        flush();
        symbols.push_back({id, end});
      } else if (fallback_[0] >= 0) {
        for (size_t k = 0; k < character.size(); ++k) {
          symbols.push_back({fallback_[static_cast<uint8_t>(character[k])], static_cast<uint32_t>(i + std::min(size, k + 1))});
        }
      } else if (unk) {
        if (!fuse_unk) flush();
        unknown = true;
        unknown_end = end;
      }
      i += size;
    }
    flush();
  }

  Merges merges_;
  WordCache cache_;
};

Result<Merges> make_merges(const BpeTables& tables, const TokenIds& ids) {
  Merges merges(tables.merges.size());
  for (size_t rank = 0; rank < tables.merges.size(); ++rank) {
    const auto& [left, right] = tables.merges[rank];
    const size_t skip =
        right.substr(0, tables.continuing_prefix.size()) == tables.continuing_prefix ? tables.continuing_prefix.size() : 0;
    const int32_t l = find_id(ids, left), r = find_id(ids, right), both = find_id(ids, left + right.substr(skip));
    if (l < 0 || r < 0 || both < 0) {
      return Error{Error::Kind::data,
                   fmt::format("{}: merge {} ({} {}) names a token that the vocabulary does not have; convert the "
                               "model anew",
                               tables.origin, rank, json::quote(left.substr(0, 40)), json::quote(right.substr(0, 40)))};
    }
    merges.add(l, r, static_cast<int32_t>(rank), both);
  }
  return merges;
}

}  // namespace

Result<std::unique_ptr<WordModel>> make_bpe_model(BpeTables tables) {
  TokenIds ids;
  ids.reserve(tables.tokens.size());
  for (size_t i = 0; i < tables.tokens.size(); ++i) {
    if (!tables.tokens[i].empty()) ids.insert_or_assign(tables.tokens[i], static_cast<int32_t>(i));
  }
  SXT_TRY(Merges merges, make_merges(tables, ids));
  auto model = std::make_unique<BpeModel>(std::move(merges));
  model->by_bytes = tables.bytes;
  model->ignore_merges = tables.ignore_merges;
  model->fuse_unk = tables.fuse_unk;
  model->unk = tables.unk;
  model->prefix = tables.continuing_prefix;
  model->suffix = tables.word_suffix;
  for (unsigned b = 0; b < 256; ++b) model->bytes_[b] = find_id(ids, spell(static_cast<uint8_t>(b)));
  if (tables.byte_fallback) {
    bool all = true;
    for (unsigned b = 0; b < 256; ++b) {
      model->fallback_[b] = find_id(ids, byte_token(static_cast<uint8_t>(b)));
      all = all && model->fallback_[b] >= 0;
    }
    if (!all) {
      return Error{Error::Kind::data,
                   fmt::format("{}: byte_fallback is on, but the vocabulary lacks some of the tokens <0x00> to <0xFF>; "
                               "convert the model anew",
                               tables.origin)};
    }
  }
  if (!tables.bytes) {
    model->ids = std::move(ids);
  } else if (tables.ignore_merges) {
    for (const auto& [token, id] : ids) model->ids.insert_or_assign(unspell(token).value_or(token), id);
  }
  if (model->ignore_merges) model->whole_words.add(model->ids);
  return std::unique_ptr<WordModel>(std::move(model));
}

std::unique_ptr<WordModel> make_ranked_bpe_model(const std::vector<std::string>& tokens) {
  TokenIds ids;
  ids.reserve(tokens.size());
  size_t splits = 0;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].empty()) continue;
    ids.insert_or_assign(tokens[i], static_cast<int32_t>(i));
    splits += tokens[i].size() - 1;
  }
  Merges merges(splits);
  for (size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view token = tokens[i];
    for (size_t at = 1; at < token.size(); ++at) {
      const int32_t left = find_id(ids, token.substr(0, at)), right = left < 0 ? -1 : find_id(ids, token.substr(at));
      if (right >= 0) merges.add(left, right, static_cast<int32_t>(i), static_cast<int32_t>(i));
    }
  }
  auto model = std::make_unique<BpeModel>(std::move(merges));
  model->ignore_merges = true;
  for (unsigned b = 0; b < 256; ++b) model->bytes_[b] = find_id(ids, std::string(1, static_cast<char>(b)));
  model->ids = std::move(ids);
  model->whole_words.add(model->ids);
  return model;
}

}  // namespace sextant::engine
