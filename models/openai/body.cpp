#include "body.hpp"
#include <algorithm>
#include <fmt/format.h>

namespace sextant::openai {
namespace {

void string(json::Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}
void key(json::Writer& writer, std::string_view text) {
  writer.Key(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}
void raw(json::Writer& writer, std::string_view json) { writer.RawValue(json.data(), json.size(), rapidjson::kObjectType); }

// What a model wrote as arguments need not be an object.
bool is_object(std::string_view text) {
  const auto parsed = json::parse(text, "");
  return parsed && parsed->IsObject();
}

[[noreturn]] void cannot(const std::string& what) { throw PluginError(SXT_UNSUPPORTED, what); }

void part(json::Writer& writer, const sxt_part& p) {
  writer.StartObject();
  key(writer, "type");
  if (p.kind == SXT_PART_TEXT) {
    string(writer, "text");
    key(writer, "text");
    string(writer, view(p.text));
  } else {
    const std::string_view uri = view(p.uri);
    if (p.kind != SXT_PART_IMAGE) cannot("audio cannot be sent");
    if (!uri.starts_with("http://") && !uri.starts_with("https://") && !uri.starts_with("data:"))
      cannot(fmt::format("the picture {} is a file; only URLs and data: URLs can be sent", uri));
    string(writer, "image_url");
    key(writer, "image_url");
    writer.StartObject();
    key(writer, "url");
    string(writer, uri);
    writer.EndObject();
  }
  writer.EndObject();
}

bool is_one_text(const sxt_message& message) { return message.part_count == 1 && message.parts[0]->kind == SXT_PART_TEXT; }

void content(json::Writer& writer, const sxt_message& message) {
  if (message.part_count == 0) return string(writer, "");
  if (is_one_text(message)) return string(writer, view(message.parts[0]->text));
  writer.StartArray();
  for (uint64_t i = 0; i < message.part_count; ++i) part(writer, *message.parts[i]);
  writer.EndArray();
}

void chat_message(json::Writer& writer, const sxt_message& message) {
  writer.StartObject();
  key(writer, "role");
  string(writer, view(message.role));
  key(writer, "content");
  content(writer, message);
  if (message.tool_call_count > 0) {
    key(writer, "tool_calls");
    writer.StartArray();
    for (uint64_t i = 0; i < message.tool_call_count; ++i) {
      const sxt_tool_call& call = *message.tool_calls[i];
      writer.StartObject();
      key(writer, "id");
      string(writer, view(call.id));
      key(writer, "type");
      string(writer, "function");
      key(writer, "function");
      writer.StartObject();
      key(writer, "name");
      string(writer, view(call.name));
      key(writer, "arguments");
      string(writer, view(call.arguments_json));
      writer.EndObject();
      writer.EndObject();
    }
    writer.EndArray();
  }
  if (message.tool_call_id.size > 0) {
    key(writer, "tool_call_id");
    string(writer, view(message.tool_call_id));
  }
  writer.EndObject();
}

void text_block(json::Writer& writer, std::string_view text) {
  writer.StartObject();
  key(writer, "type");
  string(writer, "text");
  key(writer, "text");
  string(writer, text);
  writer.EndObject();
}

// Anthropic's: tools' results are the user's, calls are blocks of the assistant's.
void block_message(json::Writer& writer, const sxt_message& message) {
  const bool tool = view(message.role) == "tool";
  writer.StartObject();
  key(writer, "role");
  string(writer, tool ? "user" : view(message.role));
  key(writer, "content");
  if (is_one_text(message) && !tool && message.tool_call_count == 0) {
    string(writer, view(message.parts[0]->text));
    return void(writer.EndObject());
  }
  writer.StartArray();
  if (tool) {
    writer.StartObject();
    key(writer, "type");
    string(writer, "tool_result");
    key(writer, "tool_use_id");
    string(writer, view(message.tool_call_id));
    key(writer, "content");
    content(writer, message);
    writer.EndObject();
  } else {
    for (uint64_t i = 0; i < message.part_count; ++i) {
      if (message.parts[i]->kind != SXT_PART_TEXT) cannot("Anthropic's endpoint is sent texts only");
      if (message.parts[i]->text.size > 0) text_block(writer, view(message.parts[i]->text));
    }
    for (uint64_t i = 0; i < message.tool_call_count; ++i) {
      const sxt_tool_call& call = *message.tool_calls[i];
      writer.StartObject();
      key(writer, "type");
      string(writer, "tool_use");
      key(writer, "id");
      string(writer, view(call.id));
      key(writer, "name");
      string(writer, view(call.name));
      key(writer, "input");
      raw(writer, is_object(view(call.arguments_json)) ? view(call.arguments_json) : "{}");
      writer.EndObject();
    }
  }
  writer.EndArray();
  writer.EndObject();
}

void anthropic_messages(Body& body, const sxt_request& request) {
  std::string system;
  for (uint64_t i = 0; i < request.message_count; ++i)
    if (view(request.messages[i]->role) == "system")
      for (uint64_t k = 0; k < request.messages[i]->part_count; ++k)
        system.append(system.empty() ? "" : "\n\n").append(view(request.messages[i]->parts[k]->text));
  if (!system.empty()) body.text("system", system);
  if (!body.member("messages")) return;
  body.writer().StartArray();
  for (uint64_t i = 0; i < request.message_count; ++i)
    if (view(request.messages[i]->role) != "system") block_message(body.writer(), *request.messages[i]);
  body.writer().EndArray();
}

void anthropic_tools(Body& body, std::string_view tools_json) {
  const json::Document tools = or_throw(json::parse(tools_json, "tools"));
  if (!tools.IsArray() || !body.member("tools")) return;
  json::Writer& writer = body.writer();
  writer.StartArray();
  for (const auto& tool : tools.GetArray()) {
    const json::Value* function = json::find(tool, "function");
    if (!function) continue;
    writer.StartObject();
    key(writer, "name");
    string(writer, json::find_string(*function, "name").value_or(""));
    key(writer, "description");
    string(writer, json::find_string(*function, "description").value_or(""));
    key(writer, "input_schema");
    const json::Value* parameters = json::find(*function, "parameters");
    raw(writer, parameters ? json::write(*parameters) : R"({"type":"object"})");
    writer.EndObject();
  }
  writer.EndArray();
}

// A text on its own where only conversations are taken.
void one_turn(Body& body, std::string_view text) {
  if (!body.member("messages")) return;
  json::Writer& writer = body.writer();
  writer.StartArray();
  writer.StartObject();
  key(writer, "role");
  string(writer, "user");
  key(writer, "content");
  string(writer, text);
  writer.EndObject();
  writer.EndArray();
}

void prompt(Body& body, const sxt_request& request) {
  if (!body.member("prompt")) return;
  if (request.prefix_ids.count == 0) return string(body.writer(), view(request.prefix));
  body.writer().StartArray();
  for (uint64_t i = 0; i < request.prefix_ids.count; ++i) body.writer().Int(request.prefix_ids.data[i]);
  body.writer().EndArray();
}

void sampling(Body& body, const Settings& settings, const Spelling& spelling, const sxt_sampling& s, bool anthropic) {
  body.number(anthropic ? "max_tokens" : settings.max_tokens_name, s.max_new_tokens);
  if (s.min_new_tokens > 0) body.number("min_tokens", s.min_new_tokens);
  body.real("temperature", s.temperature);
  if (s.temperature > 0) {
    if (s.top_p != 1) body.real("top_p", s.top_p);
    if (s.top_k > 0) body.number("top_k", s.top_k);
    if (settings.seeds && !anthropic) body.number("seed", seed_of(s));
  }
  const uint64_t stops = spelling.stops_max ? std::min<uint64_t>(spelling.stops_max, s.stop_count) : s.stop_count;
  if (stops > 0 && body.member(anthropic ? "stop_sequences" : "stop")) {
    body.writer().StartArray();
    for (uint64_t i = 0; i < stops; ++i) string(body.writer(), view(s.stop[i]));
    body.writer().EndArray();
  }
  if (s.max_thinking_tokens > 0)
    cannot("a thinking budget cannot be asked of a server; give what yours calls it as extra_body={...}");
  if (!SXT_COVERS(&s, begin_suppress_tokens)) return;
  if (s.temperature > 0 && s.min_p > 0) body.real("min_p", s.min_p);
  if (s.repetition_penalty != 0 && s.repetition_penalty != 1)
    body.real(spelling.llama_server ? "repeat_penalty" : "repetition_penalty", s.repetition_penalty);
  if (s.presence_penalty != 0) body.real("presence_penalty", s.presence_penalty);
  if (s.frequency_penalty != 0) body.real("frequency_penalty", s.frequency_penalty);
  if (s.no_repeat_ngram_size > 0) cannot("no_repeat_ngram_size cannot be asked of a server; leave it out");
  if (s.suppress_tokens.count + s.begin_suppress_tokens.count > 0)
    cannot("suppress_tokens cannot be asked of a server; give extra_body={\"logit_bias\": {...}}");
}

}  // namespace

Body::Body(const Settings& settings) : settings_(settings), writer_(buffer_) { writer_.StartObject(); }
bool Body::member(std::string_view name) {
  if (std::find(settings_.omit.begin(), settings_.omit.end(), name) != settings_.omit.end()) return false;
  if (json::find(settings_.extra_body, name)) return false;
  key(writer_, name);
  return true;
}
void Body::text(std::string_view name, std::string_view value) { if (member(name)) string(writer_, value); }
void Body::number(std::string_view name, uint64_t value) { if (member(name)) writer_.Uint64(value); }
void Body::real(std::string_view name, float value) {
  if (!member(name)) return;
  const std::string digits = value == 0 ? "0" : fmt::format("{}", value);
  writer_.RawValue(digits.data(), digits.size(), rapidjson::kNumberType);
}
void Body::flag(std::string_view name, bool value) { if (member(name)) writer_.Bool(value); }
std::string Body::take() {
  for (const auto& more : settings_.extra_body.GetObject()) {
    key(writer_, json::text(more.name));
    more.value.Accept(writer_);
  }
  writer_.EndObject();
  return {buffer_.GetString(), buffer_.GetSize()};
}

uint32_t seed_of(const sxt_sampling& s) {
  uint64_t x = s.id ^ (s.seed + 1) * UINT64_C(0x9E3779B97F4A7C15);  // the finisher of splitmix64
  x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
  return static_cast<uint32_t>((x ^ x >> 31) & 0x7FFFFFFF);
}

Message generation(const Settings& settings, const Spelling& spelling, const sxt_request& request) {
  const bool anthropic = settings.dialect == Dialect::anthropic;
  const bool conversation = request.message_count > 0 && settings.api != Api::completions;
  const bool chat = conversation || settings.api == Api::chat;
  if (chat && request.prefix_ids.count > 0) cannot("token ids cannot be sent as a conversation; leave out api=chat");
  Body body(settings);
  if (!spelling.model.empty()) body.text("model", spelling.model);
  if (!chat) prompt(body, request);
  else if (!conversation) one_turn(body, view(request.prefix));
  else if (anthropic) anthropic_messages(body, request);
  else if (body.member("messages")) {
    body.writer().StartArray();
    for (uint64_t i = 0; i < request.message_count; ++i) chat_message(body.writer(), *request.messages[i]);
    body.writer().EndArray();
  }
  if (request.tools_json.size > 0) {
    if (!chat) cannot("tools can only be offered in a conversation; leave out api=completions");
    if (anthropic) anthropic_tools(body, view(request.tools_json));
    else if (body.member("tools")) raw(body.writer(), view(request.tools_json));
  }
  sampling(body, settings, spelling, *request.sampling, anthropic);
  return {chat ? settings.chat_url() : settings.completions_url(), body.take()};
}

}  // namespace sextant::openai
