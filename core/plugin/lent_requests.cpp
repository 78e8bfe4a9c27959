#include "lent_requests.hpp"
#include "call.hpp"

namespace sextant::plugin {
namespace {

uint32_t flags_of(const data::Request& request) {
  uint32_t flags = 0;
  if (request.token_logprobs) flags |= SXT_REQUEST_TOKEN_LOGPROBS;
  if (request.total_logprob) flags |= SXT_REQUEST_TOTAL_LOGPROB;
  if (request.add_special) flags |= SXT_REQUEST_ADD_SPECIAL;
  if (request.split_special) flags |= SXT_REQUEST_SPLIT_SPECIAL;
  if (request.keep) flags |= SXT_REQUEST_KEEP;
  if (request.token_moments) flags |= SXT_REQUEST_TOKEN_MOMENTS;
  if (request.least_margin) flags |= SXT_REQUEST_LEAST_MARGIN;
  return flags;
}

uint32_t ask_of(data::Ask ask) {
  switch (ask) {
    case data::Ask::generate: return SXT_ASK_GENERATE;
    case data::Ask::score: return SXT_ASK_SCORE;
    case data::Ask::whole: return SXT_ASK_WHOLE;
    case data::Ask::embed: return SXT_ASK_EMBED;
    case data::Ask::tokenize: case data::Ask::tool: break;  // never sent to run
  }
  return 0;
}

uint32_t kind_of_part(data::Part::Kind kind) {
  return kind == data::Part::Kind::image ? SXT_PART_IMAGE : kind == data::Part::Kind::audio ? SXT_PART_AUDIO : SXT_PART_TEXT;
}

}  // namespace

LentRequests::LentRequests(std::span<const data::Request* const> requests) {
  pointers_.reserve(requests.size());
  for (const data::Request* request : requests) add(*request);
}

const sxt_message* LentRequests::add(const data::Message& from) {
  sxt_message& to = messages_.emplace_back();
  to.struct_size = sizeof to;
  to.role = borrow(from.role);
  auto& parts = part_lists_.emplace_back();
  for (const data::Part& part : from.parts)
    parts.push_back(&parts_.emplace_back(
        sxt_part{sizeof(sxt_part), kind_of_part(part.kind), borrow(part.text), borrow(part.uri), borrow(part.media_type)}));
  to.parts = parts.data();
  to.part_count = parts.size();
  auto& calls = call_lists_.emplace_back();
  for (const data::ToolCall& call : from.calls)
    calls.push_back(&calls_.emplace_back(
        sxt_tool_call{sizeof(sxt_tool_call), 0, borrow(call.id), borrow(call.name), borrow(call.arguments)}));
  to.tool_calls = calls.data();
  to.tool_call_count = calls.size();
  to.tool_call_id = borrow(from.call_id);
  return &to;
}

const sxt_sampling* LentRequests::add(const data::Sampling& from) {
  sxt_sampling& to = sampling_.emplace_back();
  to.struct_size = sizeof to;
  to.max_new_tokens = from.max_new_tokens;
  to.min_new_tokens = from.min_new_tokens;
  to.temperature = from.temperature;
  to.top_p = from.top_p;
  to.top_k = from.top_k;
  to.seed = from.seed;
  to.id = from.stream;
  auto& stop = texts_.emplace_back();
  for (const std::string& text : from.stop) stop.push_back(borrow(text));
  to.stop = stop.data();
  to.stop_count = stop.size();
  to.max_thinking_tokens = from.max_thinking_tokens;
  to.min_p = from.min_p;
  to.repetition_penalty = from.repetition_penalty;
  to.presence_penalty = from.presence_penalty;
  to.frequency_penalty = from.frequency_penalty;
  to.no_repeat_ngram_size = from.no_repeat_ngram_size;
  to.suppress_tokens = {from.suppress_tokens.data(), from.suppress_tokens.size()};
  to.begin_suppress_tokens = {from.begin_suppress_tokens.data(), from.begin_suppress_tokens.size()};
  return &to;
}

void LentRequests::add(const data::Request& from) {
  sxt_request& to = requests_.emplace_back();
  to.struct_size = sizeof to;
  to.flags = flags_of(from);
  to.ask = ask_of(from.ask);
  to.max_prompt_tokens = from.max_prompt_tokens;
  to.prefix = borrow(from.text);
  to.prefix_ids = {from.ids.data(), from.ids.size()};
  if (!from.messages.empty()) {
    auto& list = message_lists_.emplace_back();
    for (const data::Message& message : from.messages) list.push_back(add(message));
    to.messages = list.data();
    to.message_count = list.size();
  }
  if (!from.continuation_ids.empty()) {
    auto& lists = ids_.emplace_back();
    for (const auto& ids : from.continuation_ids) lists.push_back({ids.data(), ids.size()});
    to.continuation_ids = lists.data();
    to.continuation_count = lists.size();
  } else if (!from.continuations.empty()) {
    auto& list = texts_.emplace_back();
    list.reserve(from.continuations.size());
    for (const data::Text& text : from.continuations) list.push_back(borrow(text));
    to.continuation = list.data();
    to.continuation_count = list.size();
  }
  if (from.ask == data::Ask::generate && from.sampling) to.sampling = add(*from.sampling);
  to.keep_bytes = from.keep_bytes;
  to.tools_json = borrow(from.tools_json);
  pointers_.push_back(&to);
}

}  // namespace sextant::plugin
