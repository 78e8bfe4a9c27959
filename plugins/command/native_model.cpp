#include "native_model.hpp"
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace sextant::command::native {
namespace {

std::string quoted(sxt_str text) { return json::quote(view(text)); }
std::string number(double value) { return json::write(json::Value(value)); }
template <class T> std::string list(const T* data, uint64_t count) {
  return count ? fmt::format("[{}]", fmt::join(data, data + count, ",")) : std::string("[]");
}

std::string message_json(const sxt_message& m) {
  std::string out = fmt::format(R"({{"role":{},"content":)", quoted(m.role));
  if (m.part_count == 1 && m.parts[0]->kind == SXT_PART_TEXT) {
    out += quoted(m.parts[0]->text);
  } else {
    out += "[";
    for (uint64_t i = 0; i < m.part_count; ++i) {
      const sxt_part& part = *m.parts[i];
      out += i ? "," : "";
      if (part.kind == SXT_PART_TEXT) out += fmt::format(R"({{"type":"text","text":{}}})", quoted(part.text));
      else
        out += fmt::format(R"({{"type":"{}","uri":{},"media_type":{}}})", part.kind == SXT_PART_IMAGE ? "image" : "audio",
                           quoted(part.uri), quoted(part.media_type));
    }
    out += "]";
  }
  if (m.tool_call_count) {
    out += ",\"tool_calls\":[";
    for (uint64_t i = 0; i < m.tool_call_count; ++i) {
      const sxt_tool_call& call = *m.tool_calls[i];
      out += fmt::format(R"({}{{"id":{},"name":{},"arguments":{}}})", i ? "," : "", quoted(call.id), quoted(call.name),
                         call.arguments_json.size ? view(call.arguments_json) : "{}");
    }
    out += "]";
  }
  if (m.tool_call_id.size) out += ",\"tool_call_id\":" + quoted(m.tool_call_id);
  return out + "}";
}

std::string sampling_json(const sxt_sampling& s) {
  std::string out = fmt::format(
      R"({{"max_new_tokens":{},"min_new_tokens":{},"temperature":{},"top_p":{},"top_k":{},"seed":{},"stream":{},"stop":[)",
      s.max_new_tokens, s.min_new_tokens, number(s.temperature), number(s.top_p), s.top_k, s.seed, s.id);
  for (uint64_t i = 0; i < s.stop_count; ++i) out.append(i ? "," : "").append(quoted(s.stop[i]));
  return out +
         fmt::format(
             R"(],"max_thinking_tokens":{},"min_p":{},"repetition_penalty":{},"presence_penalty":{},"frequency_penalty":{},)"
             R"("no_repeat_ngram_size":{},"suppress_tokens":{},"begin_suppress_tokens":{}}})",
             s.max_thinking_tokens, number(s.min_p), number(s.repetition_penalty), number(s.presence_penalty),
             number(s.frequency_penalty), s.no_repeat_ngram_size, list(s.suppress_tokens.data, s.suppress_tokens.count),
             list(s.begin_suppress_tokens.data, s.begin_suppress_tokens.count));
}

std::string request_json(const sxt_request& r) {
  constexpr const char* asks[] = {"", "generate", "score", "whole", "embed"};
  const auto flag = [&](uint32_t bit) { return (r.flags & bit) != 0; };
  std::string out = fmt::format(
      R"({{"ask":"{}","keep_bytes":{},"max_prompt_tokens":{},"add_special":{},"split_special":{},"token_logprobs":{},"total_logprob":{},"keep":{},"token_moments":{},"least_margin":{})",
      r.ask <= 4 ? asks[r.ask] : "", r.keep_bytes, r.max_prompt_tokens, flag(SXT_REQUEST_ADD_SPECIAL),
      flag(SXT_REQUEST_SPLIT_SPECIAL), flag(SXT_REQUEST_TOKEN_LOGPROBS), flag(SXT_REQUEST_TOTAL_LOGPROB),
      flag(SXT_REQUEST_KEEP), flag(SXT_REQUEST_TOKEN_MOMENTS), flag(SXT_REQUEST_LEAST_MARGIN));
  if (r.prefix.size) out += ",\"text\":" + quoted(r.prefix);
  if (r.prefix_ids.count) out += ",\"ids\":" + list(r.prefix_ids.data, r.prefix_ids.count);
  if (r.message_count) {
    out += ",\"messages\":[";
    for (uint64_t i = 0; i < r.message_count; ++i) out.append(i ? "," : "").append(message_json(*r.messages[i]));
    out += "]";
  }
  if (r.continuation_count) {
    out += r.continuation_ids ? ",\"continuation_ids\":[" : ",\"continuations\":[";
    for (uint64_t i = 0; i < r.continuation_count; ++i)
      out.append(i ? "," : "")
          .append(r.continuation_ids ? list(r.continuation_ids[i].data, r.continuation_ids[i].count)
                                     : quoted(r.continuation[i]));
    out += "]";
  }
  if (r.sampling) out += ",\"sampling\":" + sampling_json(*r.sampling);
  if (r.tools_json.size) out.append(",\"tools\":").append(view(r.tools_json));
  return out + "}";
}

uint32_t count_of(const json::Value* from, const char* name) {
  return static_cast<uint32_t>(from ? json::find_int(*from, name).value_or(0) : 0);
}
std::vector<float> floats(const json::Value& from, const char* name) {
  std::vector<float> out;
  if (const json::Value* values = json::find(from, name); values && values->IsArray())
    for (const auto& value : values->GetArray()) out.push_back(value.IsNumber() ? value.GetFloat() : 0);
  return out;
}

/// A RESPONSE as the ABI has it; what it points to lives as long as this does.
struct HeldResult {
  explicit HeldResult(const json::Value& from) {
    all.struct_size = sizeof all;
    text = json::find_string(from, "text").value_or("");
    thinking = json::find_string(from, "thinking").value_or("");
    all.text = borrow(text);
    all.thinking = borrow(thinking);
    if (const json::Value* list = json::find(from, "scores"); list && list->IsArray())
      for (const auto& one : list->GetArray()) {
        token_logprobs.push_back(floats(one, "token_logprobs"));
        token_means.push_back(floats(one, "token_means"));
        token_variances.push_back(floats(one, "token_variances"));
        scores.push_back({sizeof(sxt_score), json::find_bool(one, "greedy").value_or(false) ? 1u : 0u,
                          json::find_number(one, "logprob").value_or(0), json::find_number(one, "total_logprob").value_or(NAN),
                          count_of(&one, "tokens"), count_of(&one, "total_tokens"), nullptr, nullptr, nullptr});
      }
    for (size_t i = 0; i < scores.size(); ++i) {
      if (!token_logprobs[i].empty()) scores[i].token_logprob = token_logprobs[i].data();
      if (!token_means[i].empty()) scores[i].token_mean = token_means[i].data();
      if (!token_variances[i].empty()) scores[i].token_variance = token_variances[i].data();
      score_pointers.push_back(&scores[i]);
    }
    all.score = scores.empty() ? nullptr : score_pointers.data();
    embedding = floats(from, "embedding");
    all.embedding = embedding.data();
    all.embedding_size = embedding.size();
    if (const json::Value* list = json::find(from, "calls"); list && list->IsArray()) {
      for (const auto& one : list->GetArray()) {
        const json::Value* arguments = json::find(one, "arguments");
        call_texts.push_back({json::find_string(one, "id").value_or(""), json::find_string(one, "name").value_or(""),
                              arguments ? json::write(*arguments) : "{}"});
      }
      for (const auto& [id, name, arguments] : call_texts)
        calls.push_back({sizeof(sxt_tool_call), 0, borrow(id), borrow(name), borrow(arguments)});
      for (const sxt_tool_call& call : calls) call_pointers.push_back(&call);
      all.tool_calls = call_pointers.data();
      all.tool_call_count = calls.size();
    }
    const std::string finish = json::find_string(from, "finish").value_or("");
    all.finish = finish == "eos"          ? SXT_FINISH_EOS
                 : finish == "stop"       ? SXT_FINISH_STOP
                 : finish == "tool_calls" ? SXT_FINISH_TOOL_CALLS
                                          : SXT_FINISH_LENGTH;
    if (const json::Value* margin = json::find(from, "margin")) {
      all.least_margin = static_cast<float>(json::find_number(*margin, "least").value_or(0));
      all.least_margin_at = count_of(margin, "token");
      all.margin_count = 1;  // the other end does not say over how many
    }
    const json::Value* usage = json::find(from, "usage");
    all.prompt_tokens = count_of(usage, "prompt_tokens");
    all.computed_tokens = count_of(usage, "computed_tokens");
    all.generated_tokens = count_of(usage, "generated_tokens");
    all.truncated_tokens = count_of(usage, "truncated_tokens");
  }
  HeldResult(const HeldResult&) = delete;
  sxt_result all{};
  std::string text, thinking;
  std::vector<std::vector<float>> token_logprobs, token_means, token_variances;
  std::vector<sxt_score> scores;
  std::vector<const sxt_score*> score_pointers;
  std::vector<float> embedding;
  struct CallTexts { std::string id, name, arguments; };
  std::vector<CallTexts> call_texts;
  std::vector<sxt_tool_call> calls;
  std::vector<const sxt_tool_call*> call_pointers;
};

std::vector<std::string> take(std::vector<Answer> answers) {
  std::vector<std::string> out;
  for (Answer& answer : answers) out.push_back(or_throw(std::move(answer)));
  return out;
}

}  // namespace

sxt_model_info info_from(const json::Value& about) {
  sxt_model_info out{};
  out.struct_size = sizeof out;
  const json::Value* info = json::find(about, "info");
  out.abilities = count_of(info, "abilities");
  out.vocab_size = count_of(info, "vocab_size");
  out.context_length = count_of(info, "context_length");
  out.requests_in_flight = count_of(info, "requests_in_flight");
  out.embedding_size = count_of(info, "embedding_size");
  const std::string hash = info ? json::find_string(*info, "weights_sha256").value_or("") : "";
  std::memcpy(out.weights_sha256, hash.data(), std::min(hash.size(), sizeof out.weights_sha256 - 1));
  return out;
}

void run(Program& program, std::span<const sxt_request* const> requests, const sxt_result_sink& sink,
         const std::function<bool()>& cancelled) {
  constexpr size_t together = 16;  // what has been answered is journalled
  for (size_t begin = 0; begin < requests.size(); begin += together) {
    if (cancelled()) throw PluginError(SXT_CANCELLED, "interrupted");
    const auto some = requests.subspan(begin, std::min(together, requests.size() - begin));
    std::vector<std::string> items;
    for (const sxt_request* request : some) items.push_back(request_json(*request));
    const std::vector<Answer> answers = program.ask_all("run", items);
    for (size_t i = 0; i < some.size(); ++i) {
      const auto parsed = answers[i] ? json::parse(*answers[i], program.name()) : Result<json::Document>(answers[i].error());
      if (parsed) {
        const HeldResult result(*parsed);
        sink.put(sink.ctx, begin + i, &result.all);
        continue;
      }
      sxt_result failed{};
      failed.struct_size = sizeof failed;
      failed.status = PluginError::status_of(parsed.error().kind);
      failed.message = borrow(parsed.error().message);
      sink.put(sink.ctx, begin + i, &failed);
    }
  }
}

std::string plan(Program& program, std::span<const sxt_request* const> requests) {
  std::string list = "\"requests\":[";
  for (size_t i = 0; i < requests.size(); ++i) list.append(i ? "," : "").append(request_json(*requests[i]));
  return json::write(or_throw(program.ask("plan", list + "]")));
}

void tokenize(Program& program, std::span<const sxt_str> texts, uint32_t flags, const Sink& ret_tokens) {
  std::vector<std::string> items;
  for (const sxt_str& text : texts) items.push_back(quoted(text));
  const std::vector<std::string> lists = take(program.ask_all("tokenize", items, fmt::format("\"flags\":{}", flags)));
  for (size_t i = 0; i < lists.size(); ++i) {
    std::vector<int32_t> ids;
    const json::Document parsed = or_throw(json::parse(lists[i], program.name()));
    for (const auto& id : parsed.GetArray()) ids.push_back(id.GetInt());
    ret_tokens(i, {reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(int32_t)});
  }
}

void detokenize(Program& program, std::span<const sxt_ids> ids, uint32_t flags, const Sink& ret_text) {
  std::vector<std::string> items;
  for (const sxt_ids& one : ids) items.push_back(list(one.data, one.count));
  const std::vector<std::string> texts = take(program.ask_all("detokenize", items, fmt::format("\"flags\":{}", flags)));
  for (size_t i = 0; i < texts.size(); ++i) {
    const json::Document text = or_throw(json::parse(texts[i], program.name()));
    ret_text(i, text.IsString() ? json::text(text) : std::string_view());
  }
}

void render_chat(Program& program, std::span<const sxt_str> conversations, const Sink& ret_prompt) {
  std::vector<std::string> items;
  for (const sxt_str& one : conversations) items.emplace_back(view(one));
  const std::vector<Answer> answers = program.ask_all("render_chat", items);
  for (size_t i = 0; i < answers.size(); ++i)
    ret_prompt(i,
               answers[i] ? "{\"text\":" + *answers[i] + "}" : "{\"error\":" + json::quote(answers[i].error().message) + "}");
}

}  // namespace sextant::command::native
