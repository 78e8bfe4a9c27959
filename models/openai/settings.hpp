// What the backend is told: its configuration as plain data, read once. Secrets stay in here and are never printed. [any]
// thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::openai {

/// Where requests without messages go, and whether there are messages at all.
enum class Api { automatic, chat, completions };
/// Whose path, header and body: Azure's differ in path and header, Anthropic's in the body as well.
enum class Dialect { openai, azure, anthropic };
/// How log-probabilities of a given text are had.
enum class Scoring {
  automatic,        // the probe finds out
  none,
  echo,             // completions with "echo" and "logprobs", as OpenAI had them
  prompt_logprobs,  // vLLM's completions with "prompt_logprobs"
  llama_server,     // llama-server's /completion, a token a request
};
std::string_view scoring_name(Scoring scoring);

/// Money for a million tokens.
struct Prices {
  double prompt = 0, cached = 0, completion = 0;
  std::string currency;
  bool known = false;
};

struct Settings {
  std::string base_url;                 // without a slash at its end
  std::string model;                    // empty: the server's only one
  Api api = Api::automatic;
  Dialect dialect = Dialect::openai;
  Scoring scoring = Scoring::automatic;
  std::string key;                      // secret; empty: the server wants none
  std::string key_source;               // who gave it, for messages: "OPENAI_API_KEY"
  std::vector<std::string> headers;     // "Name: value", secret: those of the user and the key's
  std::string query;                    // "api-version=2024-10-21", put behind every address
  std::string chat_path, completions_path, models_path;
  json::Document extra_body;
  std::vector<std::string> omit;
  std::string max_tokens_name;
  uint32_t max_seq_len = 0;
  uint32_t requests_in_flight = 0;      // 0: the backend chooses
  uint32_t max_retries = 0;
  int64_t timeout_ms = 0, connect_timeout_ms = 0, outage_ms = 0, backoff_ms = 0;
  bool batch = false;                   // replies are asked for through the provider's batch interface
  int64_t batch_poll_ms = 0;
  bool probe = true;                    // ask the server what it can before anything else
  bool asks = true;                     // "weights" is not null: the server may be asked
  bool withheld_fails = true;           // a reply that the server's content filter withheld is none of the model's
  bool seeds = true;                    // drawn replies are sent a "seed"
  Prices prices;
  uint64_t max_run_tokens = 0;          // 0: no cap
  double max_run_cost = 0, max_sample_cost = 0;

  /// The address without "/v1": where servers have what is their own.
  std::string root() const;
  /// An address below base_url, with the query.
  std::string url(std::string_view path) const;
  std::string chat_url() const { return url(chat_path); }
  std::string completions_url() const { return url(completions_path); }
  std::string models_url() const { return url(models_path); }
  std::string own_url(std::string_view path) const;  // below root()
  /// A text of the server's without the key in it, in one line, shortened.
  std::string clean(std::string_view text) const;
};

/// Throws ConfigError. `config` has been checked against the schema, and its defaults are filled in.
Settings read_settings(const json::Value& config);

}  // namespace sextant::openai
