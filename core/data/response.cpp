#include "response.hpp"
#include <cmath>
#include <sextant/json_text.hpp>
#include "fields.hpp"

namespace sextant::data {
namespace {

constexpr std::string_view finishes[] = {"", "eos", "stop", "length", "tool_calls"};

void write_score(JsonText& out, const ContinuationScore& score) {
  const auto lossless = [&](const char* name, double value) {
    out.key(name);
    out.value(number(value));
  };
  out.begin_object();
  lossless("logprob", score.logprob);
  if (!std::isnan(score.total_logprob)) lossless("total_logprob", score.total_logprob);
  out.member("tokens", score.tokens);
  out.member("total_tokens", score.total_tokens);
  if (score.greedy) {
    out.key("greedy");
    out.boolean(true);
  }
  const auto numbers = [&](const char* name, const std::vector<float>& values) {
    if (values.empty()) return;
    json::Document scratch;
    out.key(name);
    out.value(list(values, scratch.GetAllocator()));
  };
  numbers("token_logprobs", score.token_logprobs);
  numbers("token_means", score.token_means);
  numbers("token_variances", score.token_variances);
  out.end_object();
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

json::Value to_json(const Margin& margin, json::Document::AllocatorType& a) {
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

json::Value to_json(const Response& response, json::Document::AllocatorType& allocator) {
  return embed(to_line(response), allocator);
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
  JsonText out(JsonText::Layout::compact);
  json::Document scratch;
  auto& a = scratch.GetAllocator();
  const auto values = [&](const char* name, const json::Value& list) {
    out.key(name);
    out.value(list);
  };
  out.begin_object();
  if (!response.key.empty()) out.member("key", response.key);
  if (!response.text.empty()) out.member("text", response.text);
  if (!response.thinking.empty()) out.member("thinking", response.thinking);
  if (!response.ids.empty() && response.finish == Finish::none) values("ids", list(response.ids, a));
  if (!response.scores.empty()) {
    out.key("scores");
    out.begin_array();
    for (const ContinuationScore& score : response.scores) write_score(out, score);
    out.end_array();
  }
  if (!response.calls.empty()) {
    out.key("calls");
    out.begin_array();
    for (const ToolCall& call : response.calls) out.value(to_json(call, a));
    out.end_array();
  }
  if (!response.embedding.empty()) values("embedding", list(response.embedding, a));
  if (response.finish != Finish::none) out.member("finish", finish_name(response.finish));
  if (response.margin) {
    out.key("margin");
    out.value(to_json(*response.margin, a));
  }
  out.key("usage");
  out.begin_object();
  out.member("prompt_tokens", response.usage.prompt_tokens);
  out.member("computed_tokens", response.usage.computed_tokens);
  out.member("generated_tokens", response.usage.generated_tokens);
  out.member("truncated_tokens", response.usage.truncated_tokens);
  out.end_object();
  out.end_object();
  return out.take();
}

Result<Response> response_from_line(std::string_view line) {
  SXT_TRY(const json::Document in, json::parse(line, "journal line"));
  SXT_TRY(Response response, response_from_json(in, "a journal line"));
  if (response.key.empty() || !json::find(in, "usage"))
    return Error{Error::Kind::data, "a journal line lacks its \"key\" or \"usage\""};
  return response;
}

}  // namespace sextant::data
