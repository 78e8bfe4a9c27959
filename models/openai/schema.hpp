// The configuration's schema: what `sextant plugins info model:openai` prints, and what is checked before an object is made.
#pragma once

namespace sextant::openai {

// NO_EFFECT: no answer depends on it, so that changing it asks nothing again
#define NO_EFFECT R"json("x-affects-results":false,)json"

// THIS_MODEL: which model answers, or by what way the same is asked of it; a data set's version does not depend on it
#define THIS_MODEL R"json("x-identifies-model":true,)json"

inline constexpr const char* schema =
    R"json({"type":"object","additionalProperties":false,"properties":{
"base_url":{)json" THIS_MODEL
    R"json("type":"string","default":"","x-environment":"OPENAI_BASE_URL",
  "description":"where the server is, mostly with /v1 at its end: http://localhost:8000/v1; absent: OPENAI_BASE_URL"},
"model":{)json" THIS_MODEL
    R"json("type":"string","default":"","description":"the model's name at the server; absent: the only one that it has"},
"api":{"enum":["auto","chat","completions"],"default":"auto",
  "description":"auto: conversations go to chat completions, plain text to completions; chat: plain text goes as one turn of the user; completions: conversations become plain text"},
"dialect":{)json" THIS_MODEL
    R"json("enum":["openai","azure","anthropic"],"default":"openai","description":"paths, headers and bodies of whom"},
"api_key":{)json" NO_EFFECT
    R"json("x-secret":true,"type":"string","default":"","description":"better set in the environment, where nobody else sees it"},
"api_key_env":{)json" NO_EFFECT
    R"json("type":"string","default":"","description":"the variable that holds the key; absent: OPENAI_API_KEY, AZURE_OPENAI_API_KEY or ANTHROPIC_API_KEY, as the dialect is"},
"headers":{)json" NO_EFFECT
    R"json("x-secret":true,"type":"object","additionalProperties":{"type":"string"},"default":{},"description":"sent with every request"},
"query":{)json" THIS_MODEL
    R"json("type":"string","default":"","description":"put behind every address: api-version=2024-10-21"},
"chat_path":{)json" THIS_MODEL
    R"json("type":"string","default":"","description":"below base_url; absent: /chat/completions, or the dialect's"},
"completions_path":{)json" THIS_MODEL
    R"json("type":"string","default":"","description":"below base_url; absent: /completions"},
"models_path":{)json" THIS_MODEL
    R"json("type":"string","default":"","description":"below base_url; absent: /models"},
"extra_body":{"type":"object","default":{},"description":"put into every request's body, over what stands there"},
"omit":{"type":"array","items":{"type":"string"},"default":[],"description":"members of the body that this server refuses: [\"temperature\"]"},
"max_tokens_name":{)json" THIS_MODEL
    R"json("type":"string","default":"max_tokens","description":"the member that limits the reply: max_completion_tokens for OpenAI's reasoning models"},
"send_seed":{"type":"boolean","default":true,"description":"drawn replies are sent a seed"},
"withheld":{"enum":["fail","as_reply"],"default":"fail",
  "description":"a reply that the server's content filter withheld: the sample fails, or what came counts as the model's reply"},
"scoring":{)json" THIS_MODEL
    R"json("enum":["auto","none","echo","prompt_logprobs","llama_server"],"default":"auto",
  "description":"how log-probabilities of a given text are had: echo (completions with echo and logprobs), prompt_logprobs (vLLM's), llama_server (its own endpoint)"},
"chat_template":{"enum":["auto","none"],"default":"auto","description":"none: conversations become plain text and go to completions"},
"max_seq_len":{"type":"integer","minimum":0,"maximum":4294967295,"default":0,"description":"tokens of prompt and reply together; 0: what the server says"},
"tokenizer_path":{"type":"string","description":"a tokenizer.json, a GGUF or a folder: counts tokens here, where the server cannot"},
"weights":{)json" NO_EFFECT
    R"json("enum":["description",null],"description":"null: the server is never asked; description: only what it can"},
"probe":{)json" NO_EFFECT
    R"json("type":"boolean","default":true,"description":"ask the server for its models and what it can before the run"},
"requests_in_flight":{)json" NO_EFFECT
    R"json("type":"integer","minimum":0,"maximum":4096,"default":0,"description":"at most so many at once, fewer where the server says 429; 0: twice a llama-server's slots, else 128"},
"timeout_s":{)json" NO_EFFECT
    R"json("type":"number","minimum":0.01,"maximum":86400,"default":600,"description":"for one answer; then it is asked for again"},
"connect_timeout_s":{)json" NO_EFFECT
    R"json("type":"number","minimum":0.01,"maximum":3600,"default":10,"description":"for a connection"},
"max_retries":{)json" NO_EFFECT
    R"json("type":"integer","minimum":0,"maximum":100,"default":6,"description":"how often a request is asked again that the server fails at while it answers others"},
"outage_s":{)json" NO_EFFECT
    R"json("type":"number","minimum":0.01,"maximum":86400,"default":300,"description":"how long the server may answer nothing at all before the run ends as incomplete"},
"backoff_s":{)json" NO_EFFECT
    R"json("type":"number","minimum":0.001,"maximum":60,"default":0.5,"description":"before the first retry; doubled for each further one, up to a minute, and half of it drawn"},
"prices":{)json" NO_EFFECT
    R"json("type":"object","additionalProperties":false,"default":{},"description":"money for a million tokens","properties":{
  "prompt":{"type":"number","minimum":0,"default":0,"description":"of the prompt"},
  "cached":{"type":"number","minimum":0,"description":"of what the server had in its cache; absent: as prompt"},
  "completion":{"type":"number","minimum":0,"default":0,"description":"of the reply, thinking included"},
  "currency":{"type":"string","default":"USD","description":"for the record"}}},
"batch":{)json" NO_EFFECT
    R"json("type":"boolean","default":false,"description":"replies through the provider's batch interface: a file up, a file down, cheaper and within a day"},
"batch_poll_s":{)json" NO_EFFECT
    R"json("type":"number","minimum":0.01,"maximum":86400,"default":30,"description":"how often a batch is looked at"},
"max_run_tokens":{)json" NO_EFFECT
    R"json("type":"integer","minimum":0,"default":0,"description":"prompts and replies together; the run then ends as incomplete; 0: no cap"},
"max_run_cost":{)json" NO_EFFECT
    R"json("type":"number","minimum":0,"default":0,"description":"by the prices; the run then ends as incomplete; 0: no cap"},
"max_sample_cost":{)json" NO_EFFECT
    R"json("type":"number","minimum":0,"default":0,"description":"by the prices; a request that may cost more is not sent, and the run ends as incomplete; 0: no cap"}
}})json";

#undef THIS_MODEL
#undef NO_EFFECT

}  // namespace sextant::openai
