#include "request.hpp"
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "fields.hpp"

namespace sextant::data {
namespace {

using Allocator = json::Document::AllocatorType;

constexpr std::string_view asks[] = {"generate", "score", "whole", "embed", "tokenize", "tool"};

}  // namespace

std::string_view ask_name(Ask ask) { return asks[static_cast<size_t>(ask)]; }
std::optional<Ask> ask_from_name(std::string_view name) {
  for (size_t i = 0; i < std::size(asks); ++i)
    if (asks[i] == name) return static_cast<Ask>(i);
  return std::nullopt;
}

json::Value to_json(const Sampling& sampling, Allocator& a) {
  const Sampling usual;
  json::Value out(rapidjson::kObjectType);
  json::set(out, "max_new_tokens", json::Value(sampling.max_new_tokens), a);
  if (sampling.min_new_tokens != usual.min_new_tokens)
    json::set(out, "min_new_tokens", json::Value(sampling.min_new_tokens), a);
  if (sampling.temperature != usual.temperature) json::set(out, "temperature", number(sampling.temperature), a);
  if (sampling.top_p != usual.top_p) json::set(out, "top_p", number(sampling.top_p), a);
  if (sampling.top_k != usual.top_k) json::set(out, "top_k", json::Value(sampling.top_k), a);
  if (sampling.seed != usual.seed) json::set(out, "seed", json::Value(sampling.seed), a);
  if (sampling.stream != usual.stream) json::set(out, "stream", json::Value(sampling.stream), a);
  if (!sampling.stop.empty()) json::set(out, "stop", list(sampling.stop, a), a);
  if (sampling.max_thinking_tokens) json::set(out, "max_thinking_tokens", json::Value(sampling.max_thinking_tokens), a);
  if (sampling.min_p != usual.min_p) json::set(out, "min_p", number(sampling.min_p), a);
  if (sampling.repetition_penalty != usual.repetition_penalty)
    json::set(out, "repetition_penalty", number(sampling.repetition_penalty), a);
  if (sampling.presence_penalty != usual.presence_penalty)
    json::set(out, "presence_penalty", number(sampling.presence_penalty), a);
  if (sampling.frequency_penalty != usual.frequency_penalty)
    json::set(out, "frequency_penalty", number(sampling.frequency_penalty), a);
  if (sampling.no_repeat_ngram_size) json::set(out, "no_repeat_ngram_size", json::Value(sampling.no_repeat_ngram_size), a);
  if (!sampling.suppress_tokens.empty()) json::set(out, "suppress_tokens", list(sampling.suppress_tokens, a), a);
  if (!sampling.begin_suppress_tokens.empty())
    json::set(out, "begin_suppress_tokens", list(sampling.begin_suppress_tokens, a), a);
  return out;
}

Result<Sampling> sampling_from_json(const json::Value& value, std::string_view origin, const Sampling& defaults) {
  Fields in(value, origin);
  Sampling out = defaults;
  in.read("max_new_tokens", out.max_new_tokens);
  in.read("min_new_tokens", out.min_new_tokens);
  in.read("temperature", out.temperature);
  in.read("top_p", out.top_p);
  in.read("top_k", out.top_k);
  in.read("seed", out.seed);
  in.read("stream", out.stream);
  in.read("stop", out.stop);
  in.read("max_thinking_tokens", out.max_thinking_tokens);
  in.read("min_p", out.min_p);
  in.read("repetition_penalty", out.repetition_penalty);
  in.read("presence_penalty", out.presence_penalty);
  in.read("frequency_penalty", out.frequency_penalty);
  in.read("no_repeat_ngram_size", out.no_repeat_ngram_size);
  in.read("suppress_tokens", out.suppress_tokens);
  in.read("begin_suppress_tokens", out.begin_suppress_tokens);
  SXT_CHECK(in.take(true));
  return out;
}

json::Value to_json(const Request& request, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  if (!request.key.empty()) json::set(out, "key", request.key, a);
  json::set(out, "ask", ask_name(request.ask), a);
  if (request.turn) json::set(out, "turn", json::Value(request.turn), a);
  if (!request.text.empty()) json::set(out, "text", utf8::repair(request.text), a);
  if (!request.messages.empty()) json::set(out, "messages", to_json(request.messages, a), a);
  if (!request.ids.empty()) json::set(out, "ids", list(request.ids, a), a);
  if (!request.continuations.empty()) {
    json::Value texts(rapidjson::kArrayType);
    for (const Text& text : request.continuations) texts.PushBack(json::Value(utf8::repair(text), a), a);
    json::set(out, "continuations", std::move(texts), a);
  }
  if (!request.continuation_ids.empty()) {
    json::Value lists(rapidjson::kArrayType);
    for (const auto& ids : request.continuation_ids) lists.PushBack(list(ids, a), a);
    json::set(out, "continuation_ids", std::move(lists), a);
  }
  if (request.sampling) json::set(out, "sampling", to_json(*request.sampling, a), a);
  if (request.keep_bytes) json::set(out, "keep_bytes", json::Value(request.keep_bytes), a);
  if (request.max_prompt_tokens) json::set(out, "max_prompt_tokens", json::Value(request.max_prompt_tokens), a);
  if (!request.add_special) json::set(out, "add_special", json::Value(false), a);
  if (request.split_special) json::set(out, "split_special", json::Value(true), a);
  if (request.token_logprobs) json::set(out, "token_logprobs", json::Value(true), a);
  if (request.total_logprob) json::set(out, "total_logprob", json::Value(true), a);
  if (request.token_moments) json::set(out, "token_moments", json::Value(true), a);
  if (request.least_margin) json::set(out, "least_margin", json::Value(true), a);
  if (request.keep) json::set(out, "keep", json::Value(true), a);
  if (!request.tools_json.empty()) json::set(out, "tools", embed(request.tools_json, a), a);
  if (request.ask == Ask::tool) json::set(out, "tool", to_json(request.tool, a), a);
  return out;
}

Result<Request> request_from_json(const json::Value& value, std::string_view origin, const Sampling& defaults) {
  Fields in(value, origin);
  Request out;
  std::string ask = "generate", text;
  std::vector<std::string> continuations;
  in.read("key", out.key);
  in.read("ask", ask);
  if (const auto known = ask_from_name(ask)) out.ask = *known;
  else in.fail("ask", "one of " + join(std::vector<std::string>(std::begin(asks), std::end(asks)), ", "));
  in.read("turn", out.turn);
  in.read("text", text);
  out.text = Text(std::move(text));
  if (const json::Value* messages = in.find("messages")) {
    SXT_TRY(out.messages, messages_from_json(*messages, in.where("messages")));
  }
  in.read("ids", out.ids);
  in.read("continuations", continuations);
  for (std::string& continuation : continuations) out.continuations.emplace_back(std::move(continuation));
  in.each("continuation_ids", [&](const json::Value& item, const std::string& where) -> Result<void> {
    std::vector<int32_t> ids;
    if (!item.IsArray()) return Error{Error::Kind::data, where + " must be a list of token ids"};
    for (const auto& id : item.GetArray()) {
      if (!id.IsInt()) return Error{Error::Kind::data, where + " must be a list of token ids"};
      ids.push_back(id.GetInt());
    }
    out.continuation_ids.push_back(std::move(ids));
    return {};
  });
  if (const json::Value* sampling = in.find("sampling")) {
    SXT_TRY(out.sampling, sampling_from_json(*sampling, in.where("sampling"), defaults));
  } else if (out.ask == Ask::generate) {
    out.sampling = defaults;
  }
  in.read("keep_bytes", out.keep_bytes);
  in.read("max_prompt_tokens", out.max_prompt_tokens);
  in.read("add_special", out.add_special);
  in.read("split_special", out.split_special);
  in.read("token_logprobs", out.token_logprobs);
  in.read("total_logprob", out.total_logprob);
  in.read("token_moments", out.token_moments);
  in.read("least_margin", out.least_margin);
  in.read("keep", out.keep);
  in.read_array("tools", out.tools_json);
  if (const json::Value* tool = in.find("tool")) {
    SXT_TRY(out.tool, tool_call_from_json(*tool, in.where("tool")));
  }
  if (out.ask == Ask::tool) in.require("tool");
  SXT_CHECK(in.take(true));
  return out;
}

}  // namespace sextant::data
