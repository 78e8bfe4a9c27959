#include "items.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/numbers.hpp>
#include <sextant/sdk.hpp>

namespace sextant::engine {
namespace {

struct Failure { sxt_status status; std::string message; };

// The token that stands in for nothing: BOS, else EOS, else none.
std::optional<int32_t> beginning(const Tokenizer& tokenizer) { return tokenizer.bos() ? tokenizer.bos() : tokenizer.eos(); }

// Cuts tokens from the left until `limit` are left; what ends within the last keep_bytes of the prefix, and what follows,
// stays.
std::optional<Failure> truncate(Item& item, std::vector<uint32_t>& end, size_t added, size_t prefix_bytes,
                                const sxt_request& request, uint64_t limit, uint64_t index, bool generates) {
  const size_t n = item.tokens.size();
  if (n <= limit) return {};
  const size_t excess = n - limit;
  const uint64_t cut_before = request.keep_bytes && request.keep_bytes < prefix_bytes ? prefix_bytes - request.keep_bytes : 0;
  size_t droppable = 0;
  while (added + droppable < n && end[added + droppable] <= cut_before) ++droppable;
  if (droppable < excess) {
    const std::string kept =
        request.keep_bytes ? fmt::format(" and its last {} bytes are to stay whole", with_commas(request.keep_bytes)) : "";
    return Failure{
        SXT_TOO_LONG,
        fmt::format("request {} has {} tokens, the context holds {} {}{}; shorten it or raise max_seq_len", index,
                    with_commas(n), with_commas(limit), generates ? "before what is to be generated" : "for it", kept)};
  }
  const auto first = static_cast<std::ptrdiff_t>(added), last = static_cast<std::ptrdiff_t>(added + excess);
  item.tokens.erase(item.tokens.begin() + first, item.tokens.begin() + last);
  end.erase(end.begin() + first, end.begin() + last);
  item.truncated = static_cast<uint32_t>(excess);
  return {};
}

}  // namespace

RequestItems make_items(const sxt_request& request, uint64_t index, const Tokenizer& tokenizer, uint32_t context) {
  RequestItems out;
  const std::string_view prefix = view(request.prefix);
  const bool generates = request.sampling != nullptr;
  const bool whole = request.flags & SXT_REQUEST_WHOLE;
  const EncodeOptions options{(request.flags & SXT_REQUEST_ADD_SPECIAL) != 0, (request.flags & SXT_REQUEST_SPLIT_SPECIAL) != 0};
  const uint64_t new_tokens = generates ? request.sampling->max_new_tokens : 0;
  const uint64_t allowed = context > new_tokens ? context - new_tokens : 0;
  const uint64_t limit = request.max_prompt_tokens ? std::min(request.max_prompt_tokens, context) : allowed;
  const auto fail = [&](Failure failure) {
    out.items.clear();
    out.status = failure.status;
    out.message = std::move(failure.message);
  };
  const uint64_t count = generates ? 1 : request.continuation_count;
  for (uint64_t c = 0; c < count; ++c) {
    std::string text(prefix);
    if (!generates) text += view(request.continuation[c]);
    Encoding encoding = tokenizer.encode(text, options);
    Item item{std::move(encoding.ids), 0, 0};
    // an added BOS ends where nothing has been read yet; so does the stand-in put before an empty prefix
    size_t added = 0;
    while (added < item.tokens.size() && encoding.end[added] == 0) ++added;
    if (prefix.empty() && added == 0 && !whole) {
      if (const auto front = beginning(tokenizer)) {
        item.tokens.insert(item.tokens.begin(), *front);
        encoding.end.insert(encoding.end.begin(), 0);
        added = 1;
      }
    }
    if (const auto failure = truncate(item, encoding.end, added, prefix.size(), request, limit, index, generates)) {
      fail(*failure);
      return out;
    }
    if (generates) {
      item.start = static_cast<uint32_t>(item.tokens.size());
      if (item.tokens.empty()) {
        fail({SXT_BAD_DATA,
              fmt::format("request {} has an empty prompt and the model has no BOS or EOS to begin with; give it some text",
                          index)});
        return out;
      }
    } else {
      while (item.start < item.tokens.size() && encoding.end[item.start] <= prefix.size()) ++item.start;
      item.start = std::max<uint32_t>(item.start, 1);  // the first token of all has no probability
    }
    out.items.push_back(std::move(item));
  }
  return out;
}

}  // namespace sextant::engine
