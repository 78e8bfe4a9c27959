#include "response.hpp"
#include <cmath>
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "fields.hpp"

namespace sextant::data {
namespace {

using Allocator = json::Document::AllocatorType;

constexpr std::string_view finishes[] = {"", "eos", "stop", "length", "tool_calls"};

json::Value score_to_json(const ContinuationScore& score, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "logprob", number(score.logprob), a);
  if (!std::isnan(score.total_logprob)) json::set(out, "total_logprob", number(score.total_logprob), a);
  json::set(out, "tokens", json::Value(score.tokens), a);
  json::set(out, "total_tokens", json::Value(score.total_tokens), a);
  if (score.greedy) json::set(out, "greedy", json::Value(true), a);
  if (!score.token_logprobs.empty()) json::set(out, "token_logprobs", list(score.token_logprobs, a), a);
  if (!score.token_means.empty()) json::set(out, "token_means", list(score.token_means, a), a);
  if (!score.token_variances.empty()) json::set(out, "token_variances", list(score.token_variances, a), a);
  return out;
}

Result<ContinuationScore> score_from_json(const json::Value& value, const std::string& origin) {
  Fields in(value, origin);
  ContinuationScore score;
  in.read("logprob", score.logprob);
  in.read("total_logprob", score.total_logprob);
  in.read("tokens", score.tokens);
  in.read("total_tokens", score.total_tokens);
  in.read("greedy", score.greedy);
  in.read("token_logprobs", score.token_logprobs);
  in.read("token_means", score.token_means);
  in.read("token_variances", score.token_variances);
  SXT_CHECK(in.take());
  return score;
}

}  // namespace

std::string_view finish_name(Finish finish) { return finishes[static_cast<size_t>(finish)]; }
std::optional<Finish> finish_from_name(std::string_view name) {
  for (size_t i = 0; i < std::size(finishes); ++i)
    if (finishes[i] == name) return static_cast<Finish>(i);
  return std::nullopt;
}

Usage& Usage::operator+=(const Usage& more) {
  prompt_tokens += more.prompt_tokens;
  computed_tokens += more.computed_tokens;
  generated_tokens += more.generated_tokens;
  truncated_tokens += more.truncated_tokens;
  return *this;
}

json::Value to_json(const Margin& margin, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "least", number(margin.least), a);
  json::set(out, "token", json::Value(margin.token), a);
  if (margin.request) json::set(out, "request", json::Value(margin.request), a);
  return out;
}

Result<Margin> margin_from_json(const json::Value& value, std::string_view origin) {
  Fields in(value, origin);
  Margin out;
  in.read("least", out.least);
  in.read("token", out.token);
  in.read("request", out.request);
  SXT_CHECK(in.take());
  return out;
}

json::Value to_json(const Response& response, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  if (!response.key.empty()) json::set(out, "key", response.key, a);
  if (!response.text.empty()) json::set(out, "text", utf8::repair(response.text), a);
  if (!response.thinking.empty()) json::set(out, "thinking", utf8::repair(response.thinking), a);
  if (!response.ids.empty() && response.finish == Finish::none) json::set(out, "ids", list(response.ids, a), a);
  if (!response.scores.empty()) {
    json::Value scores(rapidjson::kArrayType);
    for (const ContinuationScore& score : response.scores) scores.PushBack(score_to_json(score, a), a);
    json::set(out, "scores", std::move(scores), a);
  }
  if (!response.calls.empty()) {
    json::Value calls(rapidjson::kArrayType);
    for (const ToolCall& call : response.calls) calls.PushBack(to_json(call, a), a);
    json::set(out, "calls", std::move(calls), a);
  }
  if (!response.embedding.empty()) json::set(out, "embedding", list(response.embedding, a), a);
  if (response.finish != Finish::none) json::set(out, "finish", finish_name(response.finish), a);
  if (response.margin) json::set(out, "margin", to_json(*response.margin, a), a);
  json::Value usage(rapidjson::kObjectType);
  json::set(usage, "prompt_tokens", json::Value(response.usage.prompt_tokens), a);
  json::set(usage, "computed_tokens", json::Value(response.usage.computed_tokens), a);
  json::set(usage, "generated_tokens", json::Value(response.usage.generated_tokens), a);
  json::set(usage, "truncated_tokens", json::Value(response.usage.truncated_tokens), a);
  json::set(out, "usage", std::move(usage), a);
  return out;
}

Result<Response> response_from_json(const json::Value& value, std::string_view origin) {
  Fields in(value, origin);
  Response out;
  std::string finish;
  in.read("key", out.key);
  in.read("text", out.text);
  in.read("thinking", out.thinking);
  in.read("ids", out.ids);
  in.each("scores", [&](const json::Value& item, const std::string& where) -> Result<void> {
    SXT_TRY(ContinuationScore score, score_from_json(item, where));
    out.scores.push_back(std::move(score));
    return {};
  });
  in.each("calls", [&](const json::Value& item, const std::string& where) -> Result<void> {
    SXT_TRY(ToolCall call, tool_call_from_json(item, where));
    out.calls.push_back(std::move(call));
    return {};
  });
  in.read("embedding", out.embedding);
  in.read("finish", finish);
  if (const auto known = finish_from_name(finish)) out.finish = *known;
  else in.fail("finish", "eos, stop, length or tool_calls");
  if (const json::Value* margin = in.find("margin")) { SXT_TRY(out.margin, margin_from_json(*margin, in.where("margin"))); }
  if (const json::Value* usage = in.find("usage")) {
    Fields counts(*usage, in.where("usage"));
    counts.read("prompt_tokens", out.usage.prompt_tokens);
    counts.read("computed_tokens", out.usage.computed_tokens);
    counts.read("generated_tokens", out.usage.generated_tokens);
    counts.read("truncated_tokens", out.usage.truncated_tokens);
    SXT_CHECK(counts.take());
  }
  SXT_CHECK(in.take());
  return out;
}

std::string to_line(const Response& response) {
  json::Document out;
  return json::write(to_json(response, out.GetAllocator()));
}

Result<Response> response_from_line(std::string_view line) {
  SXT_TRY(const json::Document in, json::parse(line, "journal line"));
  SXT_TRY(Response response, response_from_json(in, "a journal line"));
  if (response.key.empty() || !json::find(in, "usage"))
    return Error{Error::Kind::data, "a journal line lacks its \"key\" or \"usage\""};
  return response;
}

}  // namespace sextant::data
