#include "thinking.hpp"
#include <algorithm>

namespace sextant::engine {
namespace {

// gpt-oss writes channels; its thinking is what comes before the channel "final".
const ThinkingTags channels{"<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"};
constexpr size_t tag_most = 64;  // bytes

const std::vector<const ThinkingTags*>& families() {
  static const std::vector<const ThinkingTags*> all = [] {
    std::vector<const ThinkingTags*> out;
    for (const ThinkingTags& tags : known_thinking_tags()) out.push_back(&tags);
    out.push_back(&channels);
    return out;
  }();
  return all;
}

bool ends_with(const std::vector<int32_t>& ids, const std::vector<int32_t>& tag) {
  return !tag.empty() && ids.size() >= tag.size() && std::equal(tag.rbegin(), tag.rend(), ids.rbegin());
}

}  // namespace

ThinkingBudget::ThinkingBudget(uint32_t most, std::string_view prompt, const Tokenizer& tokenizer)
    : tokenizer_(&tokenizer), left_(most) {
  for (const ThinkingTags* tags : families()) opening_.push_back(tokenizer.encode(tags->open, {}).ids);
  const size_t end = prompt.find_last_not_of(" \t\r\n");
  const std::string_view shown = end == prompt.npos ? std::string_view{} : prompt.substr(0, end + 1);
  for (const ThinkingTags* tags : families()) {
    if (!shown.ends_with(tags->open)) continue;
    enter(*tags, {});
    return;
  }
}

void ThinkingBudget::enter(const ThinkingTags& tags, std::string_view text) {
  inside_ = &tags;
  seen_ = text.size();
  closing_ = tokenizer_->encode(&tags == &channels ? "<|channel|>final<|message|>" : tags.close, {}).ids;
  recent_.clear();
}

// The tag as ids, or as text in what may have completed it.
bool ThinkingBudget::ended(std::string_view text) const {
  return ends_with(recent_, closing_) || latest(text).find(inside_->close) != text.npos;
}

// The model is spelling the tag itself, in several tokens.
bool ThinkingBudget::ending(std::string_view text) const {
  for (size_t n = 1; n < inside_->close.size(); ++n)
    if (text.ends_with(std::string_view(inside_->close).substr(0, n))) return true;
  return false;
}

std::string_view ThinkingBudget::latest(std::string_view text) const {
  const size_t from = std::max(seen_, text.size() > 2 * tag_most ? text.size() - 2 * tag_most : 0);
  return text.substr(std::min(from, text.size()));
}

void ThinkingBudget::leave(std::string_view text) {
  inside_ = nullptr;
  seen_ = text.size();
  recent_.clear();
}

void ThinkingBudget::said(int32_t token, std::string_view text) {
  if (forced_ < end_.size()) {
    if (++forced_ == end_.size()) leave(text);
    return;
  }
  recent_.push_back(token);
  if (recent_.size() > tag_most) recent_.erase(recent_.begin());
  if (inside_) {
    if (ended(text)) {
      leave(text);
    } else if (left_ > 0) {
      --left_;
    }
    if (inside_ && left_ == 0 && !ending(text)) {
      const bool own_line = !text.empty() && text.back() != '\n';
      const std::string tag = inside_ == &channels ? inside_->close : (own_line ? "\n" : "") + inside_->close + "\n\n";
      end_ = tokenizer_->encode(tag, {}).ids;
      forced_ = 0;
    }
    return;
  }
  const std::vector<const ThinkingTags*>& all = families();
  for (size_t i = 0; i < all.size(); ++i)
    if (ends_with(recent_, opening_[i]) || latest(text).find(all[i]->open) != text.npos) return enter(*all[i], text);
}

}  // namespace sextant::engine
