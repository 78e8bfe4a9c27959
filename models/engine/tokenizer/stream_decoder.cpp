#include <sextant/utf8_text.hpp>
#include "tokenizer.hpp"

namespace sextant::engine {

std::string StreamDecoder::push(int32_t id) {
  if (!skip_special_ || !tokenizer_->is_special(id)) pending_ += tokenizer_->decode_next(id, first_);
  // hold back a character that has begun and may still be completed: at most three bytes
  size_t ready = pending_.size();
  for (size_t back = 1; back <= 3 && back <= pending_.size(); ++back) {
    const size_t start = pending_.size() - back;
    if (utf8::continues(pending_[start])) continue;  // a continuation byte; look further back
    if (!utf8::at(pending_, start).valid && utf8::broken_part(pending_, start).open) ready = start;
    break;
  }
  std::string out = utf8::repair(std::string_view(pending_).substr(0, ready));
  pending_.erase(0, ready);
  return out;
}

std::string StreamDecoder::finish() {
  std::string out = utf8::repair(pending_);
  pending_.clear();
  return out;
}

}  // namespace sextant::engine
