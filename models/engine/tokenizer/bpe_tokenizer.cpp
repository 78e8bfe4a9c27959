#include "bpe_tokenizer.hpp"
#include <algorithm>
#include <array>
#include <unordered_map>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/utf8.hpp>
#include "merges.hpp"
#include "utf8_repair.hpp"
#include "word_cache.hpp"

namespace sextant::engine {
namespace {

// GPT-2's alphabet (encoder.py, bytes_to_unicode): printable Latin-1 bytes stand for themselves, the others for U+0100 and up.
struct ByteAlphabet {
  std::array<char32_t, 256> code{};
  std::array<int16_t, 0x144> byte;
  ByteAlphabet() {
    byte.fill(-1);
    char32_t next = 0x100;
    for (unsigned b = 0; b < 256; ++b) {
      const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
      code[b] = printable ? b : next++;
      byte[code[b]] = static_cast<int16_t>(b);
    }
  }
};
const ByteAlphabet& alphabet() {
  static const ByteAlphabet table;
  return table;
}

std::string spell(uint8_t byte) {
  const char32_t code = alphabet().code[byte];
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

// The bytes that a normal token stands for; one that is not written in the alphabet stands for itself.
std::string unspell(const std::string& token) {
  std::string bytes;
  for (size_t i = 0; i < token.size();) {
    const utf8::Character character = utf8::at(token, i);
    const bool known = character.valid && character.code < alphabet().byte.size() && alphabet().byte[character.code] >= 0;
    if (!known) return token;
    bytes += static_cast<char>(alphabet().byte[character.code]);
    i += character.size;
  }
  return bytes;
}

class BpeTokenizer : public Tokenizer {
 public:
  BpeTokenizer(BpeTables tables, Merges merges, PreTokenizer pre_tokenizer)
      : tables_(std::move(tables)), merges_(std::move(merges)), pre_tokenizer_(std::move(pre_tokenizer)) {
    tables_.merges = {};
    for (size_t i = 0; i < tables_.tokens.size(); ++i) {
      std::string& token = tables_.tokens[i];
      const TokenKind kind = tables_.kinds[i];
      if (kind == TokenKind::normal) token = unspell(token);
      if (kind == TokenKind::normal && tables_.pre_tokenizer->ignore_merges)
        words_.insert_or_assign(token, static_cast<int32_t>(i));
      if ((kind == TokenKind::special || kind == TokenKind::user_defined) && !token.empty()) {
        added_[static_cast<uint8_t>(token[0])].push_back(static_cast<int32_t>(i));
      }
    }
    for (auto& ids : added_) {  // of several that match at one place the longest counts
      std::stable_sort(ids.begin(), ids.end(), [&](int32_t a, int32_t b) { return bytes(a).size() > bytes(b).size(); });
    }
  }

  uint32_t vocab_size() const override { return static_cast<uint32_t>(tables_.tokens.size()); }
  std::optional<int32_t> bos() const override { return tables_.bos; }
  std::optional<int32_t> eos() const override { return tables_.eos; }
  const std::vector<int32_t>& end_of_generation() const override { return tables_.end_of_generation; }
  bool is_special(int32_t id) const override {
    return in_range(id) && tables_.kinds[static_cast<size_t>(id)] == TokenKind::special;
  }
  std::optional<std::string> piece(int32_t id) const override { return in_range(id) ? std::optional(bytes(id)) : std::nullopt; }

  std::string decode(std::span<const int32_t> ids, bool skip_special) const override {
    std::string text;
    for (const int32_t id : ids) if (in_range(id) && !(skip_special && is_special(id))) text += bytes(id);
    return text;
  }

  Encoding encode(std::string_view text, EncodeOptions options) const override {
    Encoding out;
    if (options.add_special && tables_.add_bos && tables_.bos) add(out, *tables_.bos, 0);
    if (utf8::valid_prefix(text) == text.size()) {
      encode_valid(text, options, out);
    } else {
      // tokens of the repaired text; an end inside a replacement character lies before the broken bytes that it stands for
      const size_t first = out.ids.size();
      std::vector<size_t> origin;
      const std::string repaired = repair_utf8(text, &origin);
      encode_valid(repaired, options, out);
      for (size_t i = first; i < out.end.size(); ++i) out.end[i] = static_cast<uint32_t>(origin[out.end[i]]);
    }
    if (options.add_special && tables_.add_eos && tables_.eos) add(out, *tables_.eos, text.size());
    return out;
  }

 private:
  bool in_range(int32_t id) const { return id >= 0 && static_cast<size_t>(id) < tables_.tokens.size(); }
  const std::string& bytes(int32_t id) const { return tables_.tokens[static_cast<size_t>(id)]; }
  static void add(Encoding& out, int32_t id, size_t end) {
    out.ids.push_back(id);
    out.end.push_back(static_cast<uint32_t>(end));
  }

  // The added token that begins at `offset`, or -1.
  int32_t added_at(std::string_view text, size_t offset, EncodeOptions options) const {
    for (const int32_t id : added_[static_cast<uint8_t>(text[offset])]) {
      if (options.split_special && is_special(id)) continue;
      if (text.compare(offset, bytes(id).size(), bytes(id)) == 0) return id;
    }
    return -1;
  }

  void encode_valid(std::string_view text, EncodeOptions options, Encoding& out) const {
    size_t from = 0;
    for (size_t at = 0; at < text.size();) {
      const int32_t id = added_at(text, at, options);
      if (id < 0) { ++at; continue; }
      encode_plain(text, from, at, out);
      from = at += bytes(id).size();
      add(out, id, at);
    }
    encode_plain(text, from, text.size(), out);
  }

  void encode_plain(std::string_view text, size_t from, size_t to, Encoding& out) const {
    std::vector<size_t> ends;
    pre_tokenizer_.split(text.substr(from, to - from), ends);
    std::vector<WordToken> tokens;
    size_t start = from;
    for (const size_t end : ends) {
      tokens.clear();
      encode_word(text.substr(start, from + end - start), tokens);
      for (const WordToken& token : tokens) add(out, token.id, start + token.end);
      start = from + end;
    }
  }

  void encode_word(std::string_view word, std::vector<WordToken>& tokens) const {
    const bool short_word = word.size() <= WordCache::longest_word;
    if (short_word && cache_.find(word, tokens)) return;
    const auto whole = words_.empty() ? words_.end() : words_.find(std::string(word));
    if (whole != words_.end()) tokens.push_back({whole->second, static_cast<uint32_t>(word.size())});
    else merges_.apply(word, tokens);
    if (short_word) cache_.remember(word, tokens.data(), tokens.size());
  }

  BpeTables tables_;                                // tokens: the bytes they stand for; merges: emptied
  Merges merges_;
  PreTokenizer pre_tokenizer_;
  std::unordered_map<std::string, int32_t> words_;  // filled only where a word that is a token ignores the merges
  std::array<std::vector<int32_t>, 256> added_;     // special and user-defined tokens by first byte, longest first
  WordCache cache_;
};

using TokenIds = std::unordered_map<std::string_view, int32_t>;

Result<Merges> make_merges(const BpeTables& tables) {
  TokenIds ids;
  ids.reserve(tables.tokens.size());
  for (size_t i = 0; i < tables.tokens.size(); ++i) ids.insert_or_assign(tables.tokens[i], static_cast<int32_t>(i));
  Merges merges(tables.merges.size());
  for (unsigned b = 0; b < 256; ++b) {
    const auto it = ids.find(spell(static_cast<uint8_t>(b)));
    if (it != ids.end()) merges.set_byte(static_cast<uint8_t>(b), it->second);
  }
  for (size_t rank = 0; rank < tables.merges.size(); ++rank) {
    const auto& [left, right] = tables.merges[rank];
    const auto l = ids.find(left), r = ids.find(right), both = ids.find(left + right);
    if (l == ids.end() || r == ids.end() || both == ids.end()) {
      return Error{Error::Kind::data,
                   fmt::format("{}: merge {} ({} {}) names a token that the vocabulary does not have; convert the "
                               "model anew",
                               tables.origin, rank, json::quote(left.substr(0, 40)), json::quote(right.substr(0, 40)))};
    }
    merges.add(l->second, r->second, static_cast<int32_t>(rank), both->second);
  }
  return merges;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_bpe_tokenizer(BpeTables tables) {
  const auto wrong = [&](std::string_view what) {
    return Error{Error::Kind::data, fmt::format("{}: {}; convert the model anew", tables.origin, what)};
  };
  if (tables.tokens.empty() || tables.tokens.size() > 1 << 24 || tables.merges.size() > 1 << 24) {
    return wrong("the vocabulary is empty or has more than 16777216 tokens or merges");
  }
  if (tables.kinds.size() != tables.tokens.size()) {
    return wrong(fmt::format("{} tokens have {} kinds", tables.tokens.size(), tables.kinds.size()));
  }
  const auto in_range = [&](int32_t id) { return id >= 0 && static_cast<size_t>(id) < tables.tokens.size(); };
  if ((tables.bos && !in_range(*tables.bos)) || (tables.eos && !in_range(*tables.eos)) ||
      !std::all_of(tables.end_of_generation.begin(), tables.end_of_generation.end(), in_range)) {
    return wrong(fmt::format("a BOS, EOS or end-of-turn id lies outside the vocabulary of {} tokens", tables.tokens.size()));
  }
  SXT_TRY(Merges merges, make_merges(tables));
  SXT_TRY(PreTokenizer pre_tokenizer, PreTokenizer::compile(*tables.pre_tokenizer));
  return std::unique_ptr<Tokenizer>(
      std::make_unique<BpeTokenizer>(std::move(tables), std::move(merges), std::move(pre_tokenizer)));
}

}  // namespace sextant::engine
