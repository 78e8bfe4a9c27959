#include "settings.hpp"
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <sextant/sdk.hpp>

namespace sextant::openai {
namespace {

constexpr size_t text_shown = 300;  // of what a server says; a page of HTML helps nobody

const char* environment(const std::string& name) {
  const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
  return value && *value ? value : nullptr;
}

const char* key_variable(Dialect dialect) {
  switch (dialect) {
    case Dialect::azure: return "AZURE_OPENAI_API_KEY";
    case Dialect::anthropic: return "ANTHROPIC_API_KEY";
    case Dialect::openai: break;
  }
  return "OPENAI_API_KEY";
}

// A header that holds a line feed would be two.
void check_line(const std::string& what, std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    throw ConfigError(fmt::format("{} holds a line feed or another control character; give it without", what));
}

// The scheme and what follows it; a name or password in it would be written into the run's files.
std::string checked_address(std::string address) {
  while (!address.empty() && address.back() == '/') address.pop_back();
  check_line("base_url", address);
  const size_t scheme = address.starts_with("http://") ? 7 : address.starts_with("https://") ? 8 : 0;
  if (scheme == 0)
    throw ConfigError(
        fmt::format("base_url is '{}'; it must begin with http:// or https://, as in http://localhost:8000/v1", address));
  const std::string_view authority = std::string_view(address).substr(scheme, address.find_first_of("/?#", scheme) - scheme);
  if (authority.empty()) throw ConfigError(fmt::format("base_url '{}' names no host", address));
  if (authority.find('@') != authority.npos)
    throw ConfigError(
        "base_url holds a name or password; give the key in OPENAI_API_KEY, or headers, which are written nowhere");
  if (address.find_first_of("?#") != address.npos)
    throw ConfigError("base_url holds a '?' or '#'; give what stands behind it as query");
  return address;
}

void read_key(Settings& s, const json::Value& config) {
  s.key = json::find_string(config, "api_key").value_or("");
  s.key_source = "api_key";
  if (s.key.empty()) {
    const std::string named = json::find_string(config, "api_key_env").value_or("");
    s.key_source = named.empty() ? key_variable(s.dialect) : named;
    const char* value = environment(s.key_source);
    if (!value && !named.empty()) throw ConfigError(fmt::format("api_key_env names {}, which is not set; export it", named));
    s.key = value ? value : "";
  }
  while (!s.key.empty() && (s.key.back() == '\n' || s.key.back() == '\r' || s.key.back() == ' '))
    s.key.pop_back();  // of a file
  check_line("the key in " + s.key_source, s.key);
}

void read_headers(Settings& s, const json::Value& config) {
  bool has_key = false;
  if (const json::Value* headers = json::find(config, "headers"))
    for (const auto& header : headers->GetObject()) {
      const std::string name(json::text(header.name)), value(json::text(header.value));
      check_line("a name in headers", name);
      check_line("headers." + name, value);
      if (name.empty() || name.find(':') != name.npos)
        throw ConfigError(fmt::format("headers has the name '{}', which no header can have", name));
      s.headers.push_back(name + ": " + value);
      std::string lower = name;
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      has_key = has_key || lower == "authorization" || lower == "api-key" || lower == "x-api-key";
    }
  if (s.dialect == Dialect::anthropic) s.headers.push_back("anthropic-version: 2023-06-01");
  if (s.key.empty() || has_key) return;
  s.headers.push_back(s.dialect == Dialect::azure       ? "api-key: " + s.key
                      : s.dialect == Dialect::anthropic ? "x-api-key: " + s.key
                                                        : "Authorization: Bearer " + s.key);
}

// Azure has a deployment of a model where others have the model's name in the body.
void read_paths(Settings& s, const json::Value& config) {
  const auto path = [&](const char* key, const std::string& otherwise) {
    std::string value = json::find_string(config, key).value_or("");
    if (value.empty()) return otherwise;
    check_line(key, value);
    return value.front() == '/' ? value : "/" + value;
  };
  const bool deployments = s.dialect == Dialect::azure && s.base_url.find("/openai/v1") == s.base_url.npos;
  const std::string before =
      deployments && s.base_url.find("/deployments/") == s.base_url.npos ? "/openai/deployments/" + s.model : "";
  s.chat_path = path("chat_path", s.dialect == Dialect::anthropic ? "/messages" : before + "/chat/completions");
  s.completions_path = path("completions_path", before + "/completions");
  s.models_path = path("models_path", deployments ? "" : "/models");
  s.query = json::find_string(config, "query").value_or("");
  check_line("query", s.query);
  if (s.query.starts_with("?")) s.query.erase(0, 1);
  if (deployments && s.query.empty())
    throw ConfigError("Azure wants a version; give query=api-version=2024-10-21, or the one of your deployment");
  if (deployments && s.model.empty())
    throw ConfigError("Azure has no list of deployments; give the deployment's name as model");
}

int64_t milliseconds(const json::Value& config, const char* key) {
  return static_cast<int64_t>(json::find_number(config, key).value_or(0) * 1000);
}

}  // namespace

std::string_view scoring_name(Scoring scoring) {
  switch (scoring) {
    case Scoring::automatic: return "auto";
    case Scoring::none: return "none";
    case Scoring::echo: return "echo";
    case Scoring::prompt_logprobs: return "prompt_logprobs";
    case Scoring::llama_server: return "llama_server";
  }
  return "none";
}

std::string Settings::root() const { return base_url.ends_with("/v1") ? base_url.substr(0, base_url.size() - 3) : base_url; }
std::string Settings::url(std::string_view path) const {
  return base_url + std::string(path) + (query.empty() ? "" : "?" + query);
}
std::string Settings::own_url(std::string_view path) const {
  return root() + std::string(path) + (query.empty() ? "" : "?" + query);
}

std::string Settings::clean(std::string_view given) const {
  std::string text(given);
  const auto strike = [&](std::string_view secret) {
    if (secret.size() < 4) return;
    for (size_t at = text.find(secret); at != text.npos; at = text.find(secret, at)) text.replace(at, secret.size(), "***");
  };
  strike(key);
  for (const std::string& header : headers)
    strike(std::string_view(header).substr(std::min(header.size(), header.find(": ") + 2)));
  std::string out;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= 0x20;
    if (!blank) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == '.')) out.pop_back();
  if (out.size() <= text_shown) return out;
  size_t end = text_shown;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  return out.substr(0, end) + "...";
}

Settings read_settings(const json::Value& config) {
  Settings s;
  const auto text = [&](const char* key) { return json::find_string(config, key).value_or(""); };
  s.model = text("model");
  s.api = text("api") == "chat"                                             ? Api::chat
          : text("api") == "completions" || text("chat_template") == "none" ? Api::completions
                                                                            : Api::automatic;
  s.dialect = text("dialect") == "azure"       ? Dialect::azure
              : text("dialect") == "anthropic" ? Dialect::anthropic
                                               : Dialect::openai;
  for (const Scoring known : {Scoring::none, Scoring::echo, Scoring::prompt_logprobs, Scoring::llama_server})
    if (text("scoring") == scoring_name(known)) s.scoring = known;
  if (s.dialect == Dialect::anthropic) {
    if (s.api == Api::completions)
      throw ConfigError("Anthropic's endpoint takes conversations only; leave out api=completions and chat_template=none");
    if (s.scoring != Scoring::automatic && s.scoring != Scoring::none)
      throw ConfigError("Anthropic's endpoint gives no log-probabilities; leave out scoring");
    s.api = Api::chat;
    s.scoring = Scoring::none;
  }
  std::string address = text("base_url");
  if (const char* value = address.empty() ? environment("OPENAI_BASE_URL") : nullptr) address = value;
  if (address.empty())
    throw ConfigError("base_url is missing; give --model-kwargs base_url=http://HOST:PORT/v1, or set OPENAI_BASE_URL");
  s.base_url = checked_address(std::move(address));
  read_key(s, config);
  read_headers(s, config);
  read_paths(s, config);
  s.extra_body.SetObject();
  if (const json::Value* extra = json::find(config, "extra_body")) s.extra_body.CopyFrom(*extra, s.extra_body.GetAllocator());
  if (const json::Value* omit = json::find(config, "omit"))
    for (const auto& name : omit->GetArray()) s.omit.emplace_back(json::text(name));
  s.max_tokens_name = text("max_tokens_name");
  const auto number = [&](const char* key) { return static_cast<uint32_t>(json::find_int(config, key).value_or(0)); };
  s.max_seq_len = number("max_seq_len");
  s.requests_in_flight = number("requests_in_flight");
  s.max_retries = number("max_retries");
  s.timeout_ms = std::max<int64_t>(1, milliseconds(config, "timeout_s"));
  s.connect_timeout_ms = std::max<int64_t>(1, milliseconds(config, "connect_timeout_s"));
  s.outage_ms = milliseconds(config, "outage_s");
  s.backoff_ms = std::max<int64_t>(1, milliseconds(config, "backoff_s"));
  s.batch = json::find_bool(config, "batch").value_or(false);
  s.batch_poll_ms = std::max<int64_t>(1, milliseconds(config, "batch_poll_s"));
  if (s.batch && s.dialect == Dialect::azure)
    throw ConfigError("batch is for OpenAI's and Anthropic's interfaces; Azure's wants deployments of its own kind: leave it out");
  s.probe = json::find_bool(config, "probe").value_or(true);
  s.seeds = json::find_bool(config, "send_seed").value_or(true);
  s.withheld_fails = text("withheld") != "as_reply";
  const json::Value* weights = json::find(config, "weights");
  s.asks = !weights || !weights->IsNull();
  if (const json::Value* prices = json::find(config, "prices"); prices && !prices->ObjectEmpty()) {
    s.prices.prompt = json::find_number(*prices, "prompt").value_or(0);
    s.prices.cached = json::find_number(*prices, "cached").value_or(s.prices.prompt);
    s.prices.completion = json::find_number(*prices, "completion").value_or(0);
    s.prices.currency = json::find_string(*prices, "currency").value_or("USD");
    s.prices.known = s.prices.prompt > 0 || s.prices.completion > 0;
  }
  s.max_run_tokens = static_cast<uint64_t>(std::max<int64_t>(0, json::find_int(config, "max_run_tokens").value_or(0)));
  s.max_run_cost = json::find_number(config, "max_run_cost").value_or(0);
  s.max_sample_cost = json::find_number(config, "max_sample_cost").value_or(0);
  for (const auto& [name, cap] : {std::pair("max_run_cost", s.max_run_cost), std::pair("max_sample_cost", s.max_sample_cost)})
    if (cap > 0 && !s.prices.known)
      throw ConfigError(std::string(name) +
                        " is given and prices are not; give prices={\"prompt\": ..., \"completion\": ...}, for a million tokens");
  return s;
}

}  // namespace sextant::openai
