#include "reply.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/sdk.hpp>

namespace sextant::openai {
namespace {

Error broken(std::string why) { return {Error::Kind::data, std::move(why)}; }

std::string text_of(const json::Value& object, const char* key) { return json::find_string(object, key).value_or(""); }
uint64_t count_of(const json::Value* object, const char* key) {
  const json::Value* value = object ? json::find(*object, key) : nullptr;
  return value && value->IsUint64() ? value->GetUint64() : 0;
}

// A part of the words that servers have for their "error".
bool mentions(std::string_view text, std::string_view word) {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; }) != text.end();
}

std::string code_of(const Exchange& exchange) {
  const auto parsed = json::parse(exchange.answer, "");
  const json::Value* error = parsed ? json::find(*parsed, "error") : nullptr;
  if (!error) return "";
  return text_of(*error, "code") + " " + text_of(*error, "type");
}

Result<void> read_calls(const json::Value& message, Reply& out) {
  const json::Value* calls = json::find(message, "tool_calls");
  if (!calls || !calls->IsArray()) return {};
  for (const auto& call : calls->GetArray()) {
    const json::Value* function = json::find(call, "function");
    if (!function || !function->IsObject()) return broken("a tool call without a function");
    const json::Value* arguments = json::find(*function, "arguments");
    out.calls.push_back({text_of(call, "id"), text_of(*function, "name"),
                         !arguments              ? "{}"
                         : arguments->IsString() ? std::string(json::text(*arguments))
                                                 : json::write(*arguments)});
  }
  return {};
}

// A text, or a list of parts of which the texts count.
std::string content_of(const json::Value& content) {
  if (content.IsString()) return std::string(json::text(content));
  std::string out;
  if (content.IsArray())
    for (const auto& part : content.GetArray()) out += text_of(part, "text");
  return out;
}

Result<Reply> read_message(const json::Value& message) {
  Reply out;
  if (const json::Value* content = json::find(message, "content")) out.text = content_of(*content);
  out.thinking = text_of(message, "reasoning_content");  // vLLM, SGLang, llama-server, DeepSeek
  if (out.thinking.empty()) out.thinking = text_of(message, "reasoning");  // OpenRouter, Ollama
  if (out.text.empty()) out.text = text_of(message, "refusal");
  SXT_CHECK(read_calls(message, out));
  return out;
}

Result<Reply> read_choice(const json::Value& choice) {
  Reply out;
  if (const json::Value* message = json::find(choice, "message"); message && message->IsObject()) {
    SXT_TRY(out, read_message(*message));
  } else if (const json::Value* text = json::find(choice, "text"); text && text->IsString()) {
    out.text = std::string(json::text(*text));
  } else {
    return broken("it holds neither a message nor a text");
  }
  const std::string finish = text_of(choice, "finish_reason");
  const json::Value* stop = json::find(choice, "stop_reason");  // vLLM: the text that ended it
  if (finish == "length") out.finish = SXT_FINISH_LENGTH;
  else if (finish == "tool_calls" || finish == "function_call") out.finish = SXT_FINISH_TOOL_CALLS;
  else if (finish == "abort" || finish == "error")
    return broken(fmt::format("the server broke the reply off (finish_reason {})", finish));
  else if (finish == "stop" && stop && stop->IsString()) out.finish = SXT_FINISH_STOP;
  out.filtered = finish == "content_filter";
  return out;
}

Result<Reply> read_blocks(const json::Value& answer, const json::Value& blocks) {
  Reply out;
  for (const auto& block : blocks.GetArray()) {
    const std::string type = text_of(block, "type");
    if (type == "text") out.text += text_of(block, "text");
    if (type == "thinking") out.thinking += text_of(block, "thinking");
    if (type == "tool_use") {
      const json::Value* input = json::find(block, "input");
      out.calls.push_back({text_of(block, "id"), text_of(block, "name"), input ? json::write(*input) : "{}"});
    }
  }
  const std::string reason = text_of(answer, "stop_reason");
  if (reason == "max_tokens" || reason == "model_context_window_exceeded") out.finish = SXT_FINISH_LENGTH;
  else if (reason == "stop_sequence") out.finish = SXT_FINISH_STOP;
  else if (reason == "tool_use") out.finish = SXT_FINISH_TOOL_CALLS;
  out.filtered = reason == "refusal";
  return out;
}

}  // namespace

Result<json::Document> read_answer(const Exchange& exchange) {
  // the ids that this backend gives begin with "sxt-" and a number of this process
  const std::string_view ours = std::string_view(exchange.id).substr(0, exchange.id.rfind('-') + 1);
  if (exchange.served_id.starts_with(ours) && exchange.served_id != exchange.id)
    return broken("the server sent the answer to another request");
  auto parsed = json::parse(exchange.answer, "");
  if (!parsed || !parsed->IsObject()) {
    const bool of_json = exchange.content_type.empty() || mentions(exchange.content_type, "json");
    return broken(exchange.answer.empty() ? "the server sent an empty answer"
                  : of_json ? fmt::format("the server sent JSON that is broken ({} bytes)", exchange.answer.size())
                            : fmt::format("the server sent {} instead of JSON", exchange.content_type));
  }
  const std::string id = text_of(*parsed, "id");  // vLLM: "chatcmpl-" and the request's
  if (const size_t at = id.find(ours); at != id.npos && id.substr(at, exchange.id.size()) != exchange.id)
    return broken("the server sent the answer to another request");
  if (const json::Value* error = json::find(*parsed, "error"); error && !error->IsNull())
    return broken("the server sent an error in place of an answer: " + complaint(exchange));
  return parsed;
}

Result<Reply> read_reply(const json::Value& answer) {
  const json::Value* choices = json::find(answer, "choices");
  const json::Value* blocks = json::find(answer, "content");
  Result<Reply> reply = broken("it holds no choices");
  if (choices && choices->IsArray() && !choices->Empty()) reply = read_choice((*choices)[0]);
  else if (!choices && blocks && blocks->IsArray()) reply = read_blocks(answer, *blocks);
  if (!reply) return broken("the server sent an answer that is not a reply: " + reply.error().message);
  if (!reply->calls.empty() && reply->finish == SXT_FINISH_EOS) reply->finish = SXT_FINISH_TOOL_CALLS;
  reply->usage = read_usage(answer);
  return reply;
}

Usage read_usage(const json::Value& answer) {
  const json::Value* usage = json::find(answer, "usage");
  Usage out;
  if (!usage || !usage->IsObject()) return out;
  if (json::find(*usage, "input_tokens")) {  // Anthropic's: what was in the cache is not among them
    out.cached = count_of(usage, "cache_read_input_tokens");
    out.prompt = count_of(usage, "input_tokens") + out.cached + count_of(usage, "cache_creation_input_tokens");
    out.completion = count_of(usage, "output_tokens");
    return out;
  }
  out.prompt = count_of(usage, "prompt_tokens");
  out.cached = std::min(out.prompt, count_of(json::find(*usage, "prompt_tokens_details"), "cached_tokens"));
  out.completion = count_of(usage, "completion_tokens");
  return out;
}

void cut_at_stop(Reply& reply, const sxt_sampling& sampling) {
  size_t first = std::string::npos;
  for (uint64_t i = 0; i < sampling.stop_count; ++i)
    if (sampling.stop[i].size > 0) first = std::min(first, reply.text.find(view(sampling.stop[i])));
  if (first == std::string::npos) return;
  reply.text.resize(first);
  reply.finish = SXT_FINISH_STOP;
}

std::string complaint(const Exchange& exchange) {
  if (!exchange.trouble.empty()) return exchange.trouble;
  const auto parsed = json::parse(exchange.answer, "");
  if (parsed && parsed->IsObject()) {
    if (const json::Value* error = json::find(*parsed, "error")) {
      if (error->IsString()) return std::string(json::text(*error));
      if (const auto message = json::find_string(*error, "message")) return *message;
    }
    for (const char* key : {"message", "detail"})
      if (const json::Value* said = json::find(*parsed, key))
        return said->IsString() ? std::string(json::text(*said)) : json::write(*said);
  }
  if (mentions(exchange.content_type, "html")) return "a page of HTML";
  return exchange.answer;
}

bool is_too_long(const Exchange& exchange) {
  if (exchange.status == 413) return true;
  if (exchange.status != 400 && exchange.status != 422) return false;
  const std::string code = code_of(exchange), said = complaint(exchange);
  if (mentions(code, "context_length_exceeded") || mentions(code, "exceed_context_size")) return true;
  for (const char* words : {"maximum context length", "context size", "context window", "longer than the model's context",
                            "prompt is too long", "max_model_len", "maximum model length"})
    if (mentions(said, words)) return true;
  return false;
}

bool is_withheld(const Exchange& exchange) {
  if (exchange.status != 400 && exchange.status != 422) return false;
  const std::string code = code_of(exchange);
  return mentions(code, "content_filter") || mentions(code, "content_policy_violation");
}

bool ends_the_run(const Exchange& exchange) {
  if (exchange.status == 401 || exchange.status == 402 || exchange.status == 403 || exchange.status == 404 ||
      exchange.status == 405)
    return true;
  if (exchange.status >= 300 && exchange.status < 400) return true;
  return exchange.status == 429 && mentions(code_of(exchange), "insufficient_quota");
}

std::string advice(const Exchange& exchange) {
  const std::string said = complaint(exchange);
  if (exchange.status == 401 || exchange.status == 403) return "; check the key";
  if (exchange.status >= 300 && exchange.status < 400)
    return fmt::format("; it says to ask {} instead: give that as base_url", exchange.location);
  if (mentions(said, "max_completion_tokens")) return "; give max_tokens_name=max_completion_tokens";
  if (exchange.status == 400 || exchange.status == 422)
    for (const char* name : {"temperature", "top_p", "top_k", "seed", "stop", "logprobs"})
      if (mentions(said, std::string(name)) &&
          (mentions(said, "support") || mentions(said, "unrecognized") || mentions(said, "not permitted")))
        return fmt::format("; give omit=[\"{}\"] to leave it out", name);
  return "";
}

}  // namespace sextant::openai
