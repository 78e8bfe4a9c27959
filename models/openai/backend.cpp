#include "backend.hpp"
#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <sextant/sha256.hpp>
#include "batch.hpp"

namespace sextant::openai {
namespace {

constexpr uint32_t in_flight_default = 128;
constexpr size_t bytes_per_token = 4;  // of an estimate

bool is_here(const std::string& url) {
  const size_t begin = url.find("://") + 3;
  const std::string_view host = std::string_view(url).substr(begin);
  return host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("[::1]");
}

}  // namespace

Backend::Backend(Context given)
    : Model(std::move(given)),
      settings_(read_settings(context.config())),
      served_(settings_.asks && settings_.probe ? probe(settings_) : unasked(settings_)) {
  spelling_.model = served_.model;
  spelling_.llama_server = served_.kind == Kind::llama_server;
  if (settings_.dialect == Dialect::azure || settings_.base_url.find("api.openai.com") != std::string::npos)
    spelling_.stops_max = 4;
  if (!settings_.asks) return;
  if (!settings_.key.empty() && settings_.base_url.starts_with("http://") && !is_here(settings_.base_url))
    context.log(SXT_LOG_WARNING, fmt::format("the key in {} is sent to {} without encryption; https:// would hide it",
                                             settings_.key_source, settings_.base_url));
  for (const std::string& note : served_.notes) context.log(SXT_LOG_INFO, note);
  transfers_ = std::make_unique<Transfers>(transfer_options());
}

uint32_t Backend::in_flight() const {
  if (settings_.requests_in_flight > 0) return settings_.requests_in_flight;
  return served_.slots > 0 ? 2 * served_.slots : in_flight_default;
}

TransferOptions Backend::transfer_options() const {
  TransferOptions options;
  options.headers = settings_.headers;
  options.most = in_flight();
  options.max_retries = settings_.max_retries;
  options.timeout_ms = settings_.timeout_ms;
  options.connect_timeout_ms = settings_.connect_timeout_ms;
  options.outage_ms = settings_.outage_ms;
  options.backoff_ms = settings_.backoff_ms;
  options.say = [this](const std::string& what) {
    context.log(SXT_LOG_WARNING, settings_.clean(fmt::format("{}: {}", settings_.base_url, what)));
  };
  return options;
}

Transfers& Backend::transfers() {
  if (!transfers_) throw PluginError(SXT_INTERNAL, "with \"weights\": null no server is asked");
  return *transfers_;
}

// Without "weights" nothing is asked of a server until somebody wants its tokens.
const Served& Backend::asked() {
  const std::lock_guard lock(late_mutex_);
  if (transfers_) return late_ ? *late_ : served_;
  if (settings_.probe) late_ = probe(settings_);
  transfers_ = std::make_unique<Transfers>(transfer_options());
  return late_ ? *late_ : served_;
}

sxt_model_info Backend::info() {
  sxt_model_info info{};
  info.struct_size = sizeof info;
  info.abilities = SXT_MODEL_GENERATE | SXT_MODEL_ADJUSTS;
  if (settings_.api != Api::completions) info.abilities |= SXT_MODEL_MESSAGES;
  if (served_.tokenizes && transfers_) info.abilities |= SXT_MODEL_TOKENIZE;
  if (served_.scoring != Scoring::none) info.abilities |= SXT_MODEL_SCORE;
  info.context_length = settings_.max_seq_len && served_.context ? std::min(settings_.max_seq_len, served_.context)
                                                                 : std::max(settings_.max_seq_len, served_.context);
  info.requests_in_flight = in_flight();
  // there are no weights to look at: which model answers is all that is known of them
  const std::string name = sha256_hex("openai\n" + served_.model);
  std::memcpy(info.weights_sha256, name.data(), std::min(name.size(), sizeof info.weights_sha256 - 1));
  return info;
}

std::string Backend::describe() {
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::set(out, "family", "served", a);
  json::set(out, "device", settings_.base_url, a);
  json::set(out, "compute", "served", a);
  json::set(out, "model", served_.model, a);
  json::set(out, "has_chat_template", json::Value(settings_.api != Api::completions), a);
  json::Value server(rapidjson::kObjectType);
  json::set(server, "kind", kind_name(served_.kind), a);
  json::Value models(rapidjson::kArrayType);
  for (const std::string& model : served_.models) models.PushBack(json::Value(model, a), a);
  json::set(server, "models", std::move(models), a);
  json::set(server, "context_length", json::Value(served_.context), a);
  json::set(server, "tokenize", json::Value(served_.tokenizes), a);
  json::set(server, "scoring", scoring_name(served_.scoring), a);
  json::set(server, "requests_in_flight", json::Value(in_flight()), a);
  json::set(out, "server", std::move(server), a);
  if (settings_.asks && served_.scoring == Scoring::none) json::set(out, "cannot_score", served_.cannot_score, a);
  if (transfers_) {
    const json::Document spent = or_throw(json::parse(spending_.to_json(transfers_->retries()), "spent"));
    json::set(out, "spent", json::Value(spent, a), a);
  }
  return json::write(out);
}

std::string Backend::answer_of(std::string_view path, std::string body) {
  if (!asked().tokenizes) throw PluginError(SXT_UNSUPPORTED, "the server counts no tokens; give tokenizer_path");
  const auto exchange = ask(transfers(), settings_.own_url(path), std::move(body));
  if (exchange->verdict != Verdict::answered)
    throw PluginError(SXT_NO_DEVICE, fmt::format("the server at {} did not answer {} (HTTP {}: {})", settings_.base_url, path,
                                                 exchange->status, settings_.clean(complaint(*exchange))));
  return std::move(exchange->answer);
}

std::vector<int32_t> Backend::tokenize(std::string_view text, uint32_t flags) {
  const std::string answer = answer_of("/tokenize", tokenize_body(asked(), text, (flags & SXT_REQUEST_ADD_SPECIAL) != 0,
                                                                  (flags & SXT_REQUEST_SPLIT_SPECIAL) != 0));
  const auto parsed = json::parse(answer, "/tokenize");
  auto tokens = parsed ? read_tokens(*parsed) : std::nullopt;
  if (!tokens)
    throw PluginError(SXT_NO_DEVICE,
                      fmt::format("the server at {} sent no tokens for a text; give tokenizer_path", settings_.base_url));
  return *std::move(tokens);
}

std::string Backend::detokenize(std::span<const int32_t> ids, uint32_t) {
  std::string list;
  for (const int32_t id : ids) list += fmt::format("{}{}", list.empty() ? "" : ",", id);
  const std::string answer =
      answer_of("/detokenize", fmt::format(R"({{"model":{},"tokens":[{}]}})", json::quote(asked().model), list));
  const auto parsed = json::parse(answer, "/detokenize");
  for (const char* key : {"prompt", "content"})
    if (parsed)
      if (auto text = json::find_string(*parsed, key)) return *std::move(text);
  throw PluginError(SXT_NO_DEVICE, fmt::format("the server at {} sent no text for tokens", settings_.base_url));
}

// The server renders the messages; this is what a person is shown and what lengths are estimated by.
std::string Backend::render_chat(std::string_view conversation_json) {
  const json::Document conversation = or_throw(json::parse(conversation_json, "conversation"));
  const json::Value* messages = json::find(conversation, "messages");
  std::string text;
  if (messages && messages->IsArray())
    for (const auto& message : messages->GetArray()) {
      const json::Value* content = json::find(message, "content");
      text += fmt::format("<|{}|>\n{}\n", json::find_string(message, "role").value_or("user"),
                          !content ? "" : content->IsString() ? std::string(json::text(*content)) : json::write(*content));
    }
  return fmt::format(R"({{"text":{}}})", json::quote(text));
}

std::string Backend::plan(uint64_t, std::span<const sxt_request* const> requests) {
  uint64_t bytes = 0;
  for (const sxt_request* r : requests) {
    for (uint64_t i = 0; i < r->message_count; ++i)
      for (uint64_t k = 0; k < r->messages[i]->part_count; ++k) bytes += r->messages[i]->parts[k]->text.size;
    const uint64_t items = std::max<uint64_t>(1, r->continuation_count);
    bytes += items * (r->prefix.size + r->prefix_ids.count * bytes_per_token);
    for (uint64_t k = 0; k < r->continuation_count; ++k)
      bytes += r->continuation_ids ? r->continuation_ids[k].count * bytes_per_token : r->continuation[k].size;
  }
  if (!told_of_estimate_.exchange(true))
    context.log(SXT_LOG_INFO,
                fmt::format("{}: tokens of a plan are estimated: one for each {} bytes", settings_.base_url, bytes_per_token));
  const uint64_t tokens = (bytes + bytes_per_token - 1) / bytes_per_token;
  return fmt::format(R"({{"prompt_tokens":{},"computed_tokens":{},"kv_bytes":0,"peak_bytes":0}})", tokens, tokens);
}

void Backend::run(uint64_t call, std::span<const sxt_request* const> requests, const sxt_result_sink& sink) {
  if (const auto cap = spending_.cap()) throw PluginError(SXT_NO_DEVICE, *cap);
  Batch batch(*this, call, requests, sink);
  batch.submit();
  uint64_t told = 0;
  while (!batch.over()) {
    if (context.cancelled(call)) throw PluginError(SXT_CANCELLED, "interrupted");
    batch.step();
    if (batch.tokens() != told) context.progress(call, told = batch.tokens(), 0);
  }
}

}  // namespace sextant::openai
