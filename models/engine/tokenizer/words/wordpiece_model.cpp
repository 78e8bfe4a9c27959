#include <sextant/utf8_text.hpp>
#include "other_models.hpp"

namespace sextant::engine {
namespace {

class WordPieceModel : public WordModel {
 public:
  explicit WordPieceModel(WordPieceTables tables) : tables_(std::move(tables)) {
    for (const auto& [token, id] : tables_.ids) longest_ = std::max(longest_, token.size());
  }

  void encode(std::string_view word, std::vector<WordToken>& tokens) const override {
    const size_t first = tokens.size();
    if (!pieces(word, tokens)) {
      tokens.resize(first);
      tokens.push_back({tables_.unk, static_cast<uint32_t>(word.size())});
    }
  }

 private:
  bool pieces(std::string_view word, std::vector<WordToken>& tokens) const {
    size_t characters = 0;
    for (const char c : word) characters += !utf8::continues(c);
    if (characters > tables_.word_characters_max) return false;
    std::string part;
    for (size_t begin = 0, end; begin < word.size(); begin = end) {
      const std::string& prefix = begin > 0 ? tables_.continuing_prefix : nothing_;
      int32_t id = -1;
      for (end = std::min(word.size(), begin + longest_); end > begin; --end) {
        if (end < word.size() && utf8::continues(word[end])) continue;  // inside a character
        part.assign(prefix).append(word, begin, end - begin);
        if ((id = find_id(tables_.ids, part)) >= 0) break;
      }
      if (id < 0) return false;
      tokens.push_back({id, static_cast<uint32_t>(end)});
    }
    return true;
  }

  WordPieceTables tables_;
  size_t longest_ = 0;  // bytes of any token
  const std::string nothing_;
};

class WordLevelModel : public WordModel {
 public:
  WordLevelModel(TokenIds ids, int32_t unk) : ids_(std::move(ids)), unk_(unk) {}
  void encode(std::string_view word, std::vector<WordToken>& tokens) const override {
    const int32_t id = find_id(ids_, word);
    tokens.push_back({id < 0 ? unk_ : id, static_cast<uint32_t>(word.size())});
  }

 private:
  TokenIds ids_;
  int32_t unk_;
};

}  // namespace

std::unique_ptr<WordModel> make_wordpiece_model(WordPieceTables tables) {
  return std::make_unique<WordPieceModel>(std::move(tables));
}

std::unique_ptr<WordModel> make_word_level_model(TokenIds ids, int32_t unk) {
  return std::make_unique<WordLevelModel>(std::move(ids), unk);
}

}  // namespace sextant::engine
