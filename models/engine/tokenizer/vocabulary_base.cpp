#include "vocabulary_base.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>

namespace sextant::engine {
namespace {

constexpr size_t vocabulary_max = 1 << 24;
// How far ids may go beyond the tokens that a file has: models reserve some, and a wild id must not cost memory.
constexpr size_t gap_max = 65'536;

}  // namespace

Result<void> VocabularyBase::take(VocabularyTables tables, const Decoder& decoder, bool added_tokens_are_decoded) {
  const auto wrong = [&](std::string_view what) {
    return Error{Error::Kind::data, fmt::format("{}: {}; convert the model anew", tables.origin, what)};
  };
  if (tables.tokens.empty() || tables.tokens.size() > vocabulary_max)
    return wrong("the vocabulary is empty or has more than 16777216 tokens");
  size_t size = tables.tokens.size();
  for (const AddedToken& token : tables.added) {
    if (token.id < 0 || static_cast<size_t>(token.id) >= tables.tokens.size() + tables.added.size() + gap_max)
      return wrong(
          fmt::format("an added token has the id {}, far beyond the vocabulary of {} tokens", token.id, tables.tokens.size()));
    size = std::max(size, static_cast<size_t>(token.id) + 1);
  }
  const auto beyond = [&](int32_t id) { return id < 0 || static_cast<size_t>(id) >= size; };
  if ((tables.bos && beyond(*tables.bos)) || (tables.eos && beyond(*tables.eos)) ||
      std::any_of(tables.before.begin(), tables.before.end(), beyond) ||
      std::any_of(tables.after.begin(), tables.after.end(), beyond) ||
      std::any_of(tables.end_of_generation.begin(), tables.end_of_generation.end(), beyond))
    return wrong(fmt::format("a BOS, EOS or end-of-turn id lies outside the vocabulary of {} tokens", size));
  texts_ = std::move(tables.tokens);
  texts_.resize(size);
  special_.assign(size, false);
  std::vector<bool> raw(size, false);
  for (const AddedToken& token : tables.added) {
    const auto id = static_cast<size_t>(token.id);
    texts_[id] = token.content;
    special_[id] = token.special;
    raw[id] = !added_tokens_are_decoded;
  }
  for (size_t id = 0; id < size; ++id) {
    if (raw[id] || texts_[id].empty()) continue;
    std::string first = decoder.text(texts_[id], true);
    texts_[id] = decoder.text(std::move(texts_[id]), false);
    if (first != texts_[id]) first_.emplace_back(static_cast<int32_t>(id), std::move(first));
  }
  trims_last_blank_ = decoder.trims_last_blank;
  first_until_text_ = decoder.first_until_text;
  tables_ = std::move(tables);
  std::sort(tables_.end_of_generation.begin(), tables_.end_of_generation.end());
  tables_.end_of_generation.erase(std::unique(tables_.end_of_generation.begin(), tables_.end_of_generation.end()),
                                  tables_.end_of_generation.end());
  return {};
}

std::string VocabularyBase::decode_next(int32_t id, bool& first) const {
  if (!in_range(id)) return {};
  const std::string* text = &texts_[static_cast<size_t>(id)];
  if (first) {
    const auto it =
        std::lower_bound(first_.begin(), first_.end(), id, [](const auto& entry, int32_t i) { return entry.first < i; });
    if (it != first_.end() && it->first == id) text = &it->second;
    first = first_until_text_ && text->empty();
  }
  return *text;
}

std::string VocabularyBase::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string text;
  bool first = true;
  for (const int32_t id : ids) {
    if (!in_range(id) || (skip_special && is_special(id))) continue;
    text += decode_next(id, first);
  }
  if (trims_last_blank_ && !text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

Encoding VocabularyBase::encode(std::string_view text, EncodeOptions options) const {
  Encoding out;
  if (options.add_special) for (const int32_t id : tables_.before) add(out, id, 0);
  if (utf8::valid_prefix(text) == text.size()) {
    encode_valid(text, options, out);
  } else {
    // tokens of the repaired text; an end inside a replacement character lies before the broken bytes that it stands for
    const size_t first = out.ids.size();
    std::vector<size_t> origin;
    const std::string repaired = utf8::repair(text, &origin);
    encode_valid(repaired, options, out);
    for (size_t i = first; i < out.end.size(); ++i) out.end[i] = static_cast<uint32_t>(origin[out.end[i]]);
  }
  if (options.add_special) for (const int32_t id : tables_.after) add(out, id, text.size());
  return out;
}

}  // namespace sextant::engine
