// Texts as lists of tokens, for metrics that count them. Linear in the text. Pure; [any] thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include <sextant/plain_text.hpp>

namespace sextant::text {

/// Chinese characters each, and what else stands between blanks and signs whole: "GPT模型" is GPT, 模, 型. Signs are tokens of
/// their own.
inline std::vector<std::string> mixed_tokens(std::string_view text) {
  std::vector<std::string> out;
  bool inside = false;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    const bool word = c.valid && is_word(c.code) && !is_chinese(c.code);
    if (word && inside) out.back().append(text, i, c.size);
    else if (!(c.valid && is_blank(c.code))) out.emplace_back(text.substr(i, c.size));
    inside = word;
    i += c.size;
  }
  return out;
}

/// Every character but blanks.
inline std::vector<std::string> character_tokens(std::string_view text) {
  std::vector<std::string> out;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    if (!(c.valid && is_blank(c.code))) out.emplace_back(text.substr(i, c.size));
    i += c.size;
  }
  return out;
}

inline std::vector<std::string> word_tokens(std::string_view text) {
  const auto all = words(text);
  return {all.begin(), all.end()};
}

/// A number for each different token, the same in all texts that it was asked for.
class Numbering {
 public:
  std::vector<char32_t> operator()(const std::vector<std::string>& tokens) {
    std::vector<char32_t> out;
    out.reserve(tokens.size());
    for (const std::string& token : tokens)
      out.push_back(numbers_.try_emplace(token, static_cast<char32_t>(numbers_.size())).first->second);
    return out;
  }

 private:
  std::unordered_map<std::string, char32_t> numbers_;
};

/// How often each run of n stands in a list.
using Ngrams = std::unordered_map<std::u32string, uint64_t>;
inline Ngrams ngrams_of(std::u32string_view tokens, size_t n) {
  Ngrams out;
  for (size_t i = 0; i + n <= tokens.size(); ++i) ++out[std::u32string(tokens.substr(i, n))];
  return out;
}
inline Ngrams ngrams_of(const std::vector<char32_t>& tokens, size_t n) {
  return ngrams_of(std::u32string_view(tokens.data(), tokens.size()), n);
}

/// The sum of the smaller counts.
inline uint64_t common(const Ngrams& a, const Ngrams& b) {
  uint64_t sum = 0;
  for (const auto& [ngram, count] : a)
    if (const auto found = b.find(ngram); found != b.end()) sum += std::min(count, found->second);
  return sum;
}

}  // namespace sextant::text
