#include "items.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/numbers.hpp>
#include <sextant/sdk.hpp>
#include <sextant/utf8_text.hpp>

namespace sextant::engine {
namespace {

struct Failure { sxt_status status; std::string message; };

// The token that stands in for nothing: BOS, else EOS, else none.
std::optional<int32_t> beginning(const Tokenizer& tokenizer) { return tokenizer.bos() ? tokenizer.bos() : tokenizer.eos(); }

std::string empty_prompt(uint64_t index) {
  return fmt::format("request {} has an empty prompt and the model has no BOS or EOS to begin with; give it some text", index);
}

Failure too_long(uint64_t index, uint64_t tokens, uint64_t limit, bool generates, const std::string& kept) {
  return {SXT_TOO_LONG,
          fmt::format("request {} has {} tokens, the context holds {} {}{}; shorten it or raise max_seq_len", index,
                      with_commas(tokens), with_commas(limit), generates ? "before what is to be generated" : "for it", kept)};
}

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
    return too_long(index, n, limit, generates, kept);
  }
  const auto first = static_cast<std::ptrdiff_t>(added), last = static_cast<std::ptrdiff_t>(added + excess);
  item.tokens.erase(item.tokens.begin() + first, item.tokens.begin() + last);
  end.erase(end.begin() + first, end.begin() + last);
  item.truncated = static_cast<uint32_t>(excess);
  return {};
}

// What the engine cannot do for a request, or what is wrong with it.
std::optional<Failure> refusal(const sxt_request& request, uint64_t index, bool details) {
  constexpr const char* kinds[] = {"text", "image", "audio"};
  const auto unsupported = [&](std::string_view what) {
    return Failure{SXT_UNSUPPORTED, fmt::format("request {} {}", index, what)};
  };
  for (uint64_t m = 0; m < request.message_count; ++m)
    for (uint64_t p = 0; p < request.messages[m]->part_count; ++p)
      if (const uint32_t kind = request.messages[m]->parts[p]->kind; kind != SXT_PART_TEXT)
        return unsupported(fmt::format("has a part of the kind {}; this backend takes text only",
                                       kind < std::size(kinds) ? kinds[kind] : std::to_string(kind)));
  if (request.message_count > 0 && request.prefix.size == 0 && request.prefix_ids.count == 0)
    return unsupported("has messages without their text; render them with render_chat first");
  if (request.top_logprobs > 0) return unsupported("wants top log-probabilities, which this backend does not give");
  if (wants_moments(request) && !details)
    return unsupported("wants mean and variance of ln p over the vocabulary, which this backend does not give");
  if (wants_margin(request) && !details) return unsupported("wants the margins of its tokens, which this backend does not give");
  if (request.ask == SXT_ASK_EMBED) return unsupported("asks for an embedding, which this backend does not give");
  if (request.ask < SXT_ASK_GENERATE || request.ask > SXT_ASK_EMBED)
    return unsupported(fmt::format("asks for {}, which this backend does not know", request.ask));
  if (!generates(request)) return {};
  if (!request.sampling) return Failure{SXT_BAD_DATA, fmt::format("request {} is to generate, but has no sampling", index)};
  return {};
}

// The items of a request that gives token ids: taken as they are, never cut; behind no ids, what is scored stands behind BOS or
// EOS. The last token of a scored item is predicted and never computed, so that it may stand one beyond the context (lm-eval's
// windows do).
std::optional<Failure> items_of_ids(const sxt_request& request, uint64_t index, const Tokenizer& tokenizer, uint64_t limit,
                                    std::vector<Item>& out) {
  if (!generates(request) && request.continuation_count > 0 && !request.continuation_ids)
    return Failure{SXT_BAD_DATA,
                   fmt::format("request {} has a prompt of token ids and continuations of text; give ids for both", index)};
  const uint64_t count = generates(request) ? 1 : request.continuation_count;
  for (uint64_t c = 0; c < count; ++c) {
    Item item;
    item.tokens.assign(request.prefix_ids.data, request.prefix_ids.data + request.prefix_ids.count);
    if (const auto front = beginning(tokenizer); front && item.tokens.empty() && request.ask == SXT_ASK_SCORE)
      item.tokens.push_back(*front);
    const size_t given = item.tokens.size();
    if (!generates(request)) {
      const sxt_ids& more = request.continuation_ids[c];
      item.tokens.insert(item.tokens.end(), more.data, more.data + more.count);
    }
    for (const int32_t id : item.tokens)
      if (id < 0 || static_cast<uint32_t>(id) >= tokenizer.vocab_size())
        return Failure{SXT_BAD_DATA, fmt::format("request {} has the token id {}; the vocabulary has {} ids", index, id,
                                                 with_commas(tokenizer.vocab_size()))};
    const uint64_t most = limit + (generates(request) ? 0 : 1);
    if (item.tokens.size() > most) return too_long(index, item.tokens.size(), most, generates(request), "");
    item.start = static_cast<uint32_t>(generates(request) ? item.tokens.size() : std::max<size_t>(given, 1));
    out.push_back(std::move(item));
  }
  return {};
}

RequestItems make_all_items(const sxt_request& request, uint64_t index, const Tokenizer& tokenizer, const ItemLimits& limits) {
  const uint32_t context = limits.context;
  RequestItems out;
  const std::string_view prefix = view(request.prefix);
  const bool generates = engine::generates(request);
  const bool whole = request.ask == SXT_ASK_WHOLE;
  const EncodeOptions options{(request.flags & SXT_REQUEST_ADD_SPECIAL) != 0, (request.flags & SXT_REQUEST_SPLIT_SPECIAL) != 0};
  const uint64_t new_tokens = generates && request.sampling ? request.sampling->max_new_tokens : 0;
  const uint64_t allowed = context > new_tokens ? context - new_tokens : 0;
  const uint64_t limit = request.max_prompt_tokens ? std::min(request.max_prompt_tokens, context) : allowed;
  const auto fail = [&](Failure failure) {
    out.items.clear();
    out.status = failure.status;
    out.message = std::move(failure.message);
  };
  if (const auto refused = refusal(request, index, limits.details)) {
    fail(*refused);
    return out;
  }
  if (request.prefix_ids.count > 0 || request.continuation_ids) {
    if (const auto failure = items_of_ids(request, index, tokenizer, limit, out.items)) fail(*failure);
    else if (generates && out.items.front().tokens.empty()) fail({SXT_BAD_DATA, empty_prompt(index)});
    return out;
  }
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
        fail({SXT_BAD_DATA, empty_prompt(index)});
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

}  // namespace

RequestItems make_items(const sxt_request& request, uint64_t index, const Tokenizer& tokenizer, const ItemLimits& limits) {
  RequestItems out = make_all_items(request, index, tokenizer, limits);
  if (tokenizer.vocab_size() <= limits.rows) return out;
  for (const Item& item : out.items) {
    const auto id = std::find_if(item.tokens.begin(), item.tokens.end(),
                                 [&](int32_t t) { return static_cast<uint32_t>(t) >= limits.rows; });
    if (id == item.tokens.end()) continue;
    RequestItems failed;
    failed.status = SXT_BAD_DATA;
    failed.message = fmt::format(
        "request {} has the token {} ({}), for which the model's embedding of {} rows has none; leave it out of the text, "
        "or give the tokenizer that belongs to the model",
        index, json::quote(utf8::repair(tokenizer.piece(*id).value_or(""))), *id, with_commas(limits.rows));
    return failed;
  }
  return out;
}

}  // namespace sextant::engine
