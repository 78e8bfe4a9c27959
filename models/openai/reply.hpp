// A server's answer as data: what was generated and what it cost in tokens, or what it says went wrong. Pure. [any] thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/abi.h>
#include <sextant/json.hpp>
#include "exchange.hpp"
#include "settings.hpp"

namespace sextant::openai {

struct Usage {
  uint64_t prompt = 0, cached = 0, completion = 0;
};

struct Call { std::string id, name, arguments_json; };

struct Reply {
  std::string text, thinking;
  std::vector<Call> calls;
  uint32_t finish = SXT_FINISH_EOS;
  bool filtered = false;           // the server withheld it, or a part of it
  Usage usage;
};

/// The answer as JSON; an error where it is none, or belongs to another request: then it is asked for again.
Result<json::Document> read_answer(const Exchange& exchange);
/// Of chat completions, completions or Anthropic's messages: told by their shape. An error: it is not a reply, ask again.
Result<Reply> read_reply(const json::Value& answer);
Usage read_usage(const json::Value& answer);
/// Generation ends before the first of these.
void cut_at_stop(Reply& reply, const sxt_sampling& sampling);

/// What the server says went wrong: its message if it has one, else the beginning of what it sent.
std::string complaint(const Exchange& exchange);
/// The prompt is longer than the model's context.
bool is_too_long(const Exchange& exchange);
/// The server's content filter does not let the prompt through.
bool is_withheld(const Exchange& exchange);
/// No retry helps any request: the money is spent, the key is wrong, the path does not exist.
bool ends_the_run(const Exchange& exchange);
/// What a person can do about a request that was refused; begins with "; ", or is empty.
std::string advice(const Exchange& exchange);

}  // namespace sextant::openai
