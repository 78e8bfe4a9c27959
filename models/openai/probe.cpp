#include "probe.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sextant/sdk.hpp>
#include "reply.hpp"
#include "scoring.hpp"

namespace sextant::openai {
namespace {

constexpr size_t models_shown = 8;

TransferOptions options_of(const Settings& s) {
  TransferOptions options;
  options.headers = s.headers;
  options.most = 1;
  options.max_retries = 2;
  options.timeout_ms = std::min<int64_t>(s.timeout_ms, 30'000);
  options.connect_timeout_ms = s.connect_timeout_ms;
  options.outage_ms = std::min<int64_t>(s.outage_ms, 2'000);
  options.backoff_ms = std::min<int64_t>(s.backoff_ms, 200);
  options.say = [](const std::string&) {};
  return options;
}

class Probe {
 public:
  explicit Probe(const Settings& settings) : s_(settings), transfers_(options_of(settings)) { served_.model = s_.model; }

  Served all() {
    read_models();
    if (served_.kind == Kind::llama_server) read_props();
    if (served_.kind == Kind::vllm || served_.kind == Kind::llama_server) try_tokenizing();
    find_scoring();
    return std::move(served_);
  }

 private:
  [[noreturn]] void fail(sxt_status status, const std::string& what) { throw PluginError(status, what); }
  std::string at() const { return s_.base_url; }

  void read_models() {
    if (s_.models_path.empty()) return check_that_it_is_there();
    const auto list = ask(transfers_, s_.models_url());
    check_answer(*list);
    if (list->server.starts_with("llama.cpp")) served_.kind = Kind::llama_server;
    const auto answer = json::parse(list->answer, "");
    const json::Value* data = answer ? json::find(*answer, "data") : nullptr;
    if (list->verdict != Verdict::answered || !data || !data->IsArray()) return without_list(*list);
    for (const auto& model : data->GetArray())
      if (const auto id = json::find_string(model, "id")) served_.models.push_back(*id);
    for (const auto& model : data->GetArray()) {
      const std::string owner = json::find_string(model, "owned_by").value_or("");
      if (owner == "vllm") served_.kind = Kind::vllm;
      if (owner == "sglang") served_.kind = Kind::sglang;
      if (owner == "llamacpp") served_.kind = Kind::llama_server;
      if (owner == "library") served_.kind = Kind::ollama;
    }
    choose_model();
    for (const auto& model : data->GetArray())
      if (json::find_string(model, "id") == served_.model)
        served_.context =
            static_cast<uint32_t>(std::clamp<int64_t>(json::find_int(model, "max_model_len").value_or(0), 0, UINT32_MAX));
  }

  // Azure: any answer says that somebody is there; the deployment is known when it is asked.
  void check_that_it_is_there() {
    const auto chat = ask(transfers_, s_.chat_url(), "{}");
    if (chat->over || chat->verdict == Verdict::untrusted || chat->status == 401 || chat->status == 403 || chat->status == 404)
      check_answer(*chat);
    if (chat->status == 404)
      fail(SXT_BAD_CONFIG, fmt::format("the server at {} knows nothing of {} (HTTP 404: {}); check base_url, model and query",
                                       at(), s_.chat_path, s_.clean(complaint(*chat))));
  }

  void check_answer(const Exchange& e) {
    if (e.verdict == Verdict::untrusted)
      fail(SXT_NO_DEVICE, fmt::format("the certificate of the server at {} is not trusted ({}); name its authority's file in "
                                      "SSL_CERT_FILE, or give the address that it is made for",
                                      at(), s_.clean(e.trouble)));
    if (e.status == 401 || e.status == 403)
      fail(SXT_BAD_CONFIG, s_.key.empty() ? fmt::format("the server at {} wants a key (HTTP {}: {}); set {}", at(), e.status,
                                                        s_.clean(complaint(e)), s_.key_source)
                                          : fmt::format("the server at {} does not take the key in {} (HTTP {}: {}); check it",
                                                        at(), s_.key_source, e.status, s_.clean(complaint(e))));
    if (e.status >= 300 && e.status < 400)
      fail(SXT_BAD_CONFIG, fmt::format("the server at {} answers with HTTP {}{}", at(), e.status, s_.clean(advice(e))));
    if (e.status == 0)
      fail(SXT_NO_DEVICE,
           fmt::format("no server answers at {} ({}); start it, or give its address as base_url", at(), s_.clean(e.trouble)));
    if (e.over || e.verdict == Verdict::failed)
      fail(SXT_NO_DEVICE, fmt::format("the server at {} is not ready (HTTP {}: {}); try again when it is", at(), e.status,
                                      s_.clean(complaint(e))));
  }

  // Not every server has one; but what answers like none of them is another kind of server.
  void without_list(const Exchange& e) {
    if (e.verdict == Verdict::answered || e.content_type.find("html") != std::string::npos)
      fail(
          SXT_BAD_CONFIG,
          fmt::format("what answers at {} is not an OpenAI-compatible server: it sent {} where a list of models was asked for; "
                      "base_url mostly ends in /v1",
                      at(), e.content_type.empty() ? "something else" : e.content_type));
    if (e.status == 404 && !at().ends_with("/v1")) {
      const auto below = ask(transfers_, at() + "/v1" + s_.models_path);
      const auto answer = json::parse(below->answer, "");
      if (below->verdict == Verdict::answered && answer && json::find(*answer, "data"))
        fail(SXT_BAD_CONFIG, fmt::format("the server at {} has its models below /v1; give base_url={}/v1", at(), at()));
    }
    if (served_.model.empty())
      fail(SXT_BAD_CONFIG,
           fmt::format("the server at {} has no list of models (HTTP {}); give the model's name as model", at(), e.status));
  }

  void choose_model() {
    const auto& models = served_.models;
    const auto has = [&](const std::string& name) { return std::find(models.begin(), models.end(), name) != models.end(); };
    const std::string known =
        models.size() <= models_shown
            ? fmt::format("{}", fmt::join(models, ", "))
            : fmt::format("{} and {} more", fmt::join(models.begin(), models.begin() + models_shown, ", "),
                          models.size() - models_shown);
    if (served_.model.empty()) {
      if (models.size() != 1)
        fail(SXT_BAD_CONFIG,
             fmt::format("the server at {} has {} models; give one of them as model: {}", at(), models.size(), known));
      served_.model = models.front();
      return;
    }
    if (has(served_.model) || models.empty()) return;
    if (served_.kind == Kind::ollama && has(served_.model + ":latest")) return;
    if (served_.kind == Kind::llama_server) {  // it has one model and takes any name for it
      served_.notes.push_back(fmt::format("the llama-server at {} serves {}, whatever name it is asked by", at(), known));
      return;
    }
    fail(SXT_BAD_CONFIG, fmt::format("the server at {} has no model '{}'; it has: {} (probe=false asks it all the same)", at(),
                                     served_.model, known));
  }

  void read_props() {
    const auto props = ask(transfers_, s_.own_url("/props"));
    const auto answer = json::parse(props->answer, "");
    if (props->verdict != Verdict::answered || !answer) return;
    const auto number = [](const json::Value* object, const char* key) {
      return static_cast<uint32_t>(std::clamp<int64_t>(object ? json::find_int(*object, key).value_or(0) : 0, 0, UINT32_MAX));
    };
    served_.slots = number(&*answer, "total_slots");
    served_.context = number(json::find(*answer, "default_generation_settings"), "n_ctx");
  }

  void try_tokenizing() {
    const auto e = ask(transfers_, s_.own_url("/tokenize"), tokenize_body(served_, "a b", true, false));
    const auto answer = json::parse(e->answer, "");
    served_.tokenizes = e->verdict == Verdict::answered && answer && read_tokens(*answer).has_value();
  }

  void find_scoring() {
    if (s_.scoring == Scoring::none) {
      served_.cannot_score =
          s_.dialect == Dialect::anthropic ? "Anthropic's endpoint gives no log-probabilities" : "scoring is none";
      return;
    }
    std::vector<Scoring> ways{s_.scoring};
    if (s_.scoring == Scoring::automatic) {
      ways = {Scoring::echo};
      if (served_.kind == Kind::vllm) ways = {Scoring::prompt_logprobs, Scoring::echo};
      if (served_.kind == Kind::llama_server) ways = {Scoring::llama_server};
    }
    std::string why;
    for (const Scoring way : ways) {
      why = try_scoring(s_, served_, way,
                        [&](std::string url, std::string body) { return ask(transfers_, std::move(url), std::move(body)); });
      if (!why.empty()) continue;
      served_.scoring = way;
      return;
    }
    served_.cannot_score = fmt::format("the server at {} gives no log-probabilities of a given text ({}: {})", at(),
                                       scoring_name(ways.back()), s_.clean(why));
  }

  const Settings& s_;
  Transfers transfers_;
  Served served_;
};

}  // namespace

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::vllm: return "vllm";
    case Kind::sglang: return "sglang";
    case Kind::llama_server: return "llama-server";
    case Kind::ollama: return "ollama";
    case Kind::unknown: break;
  }
  return "unknown";
}

std::unique_ptr<Exchange> ask(Transfers& transfers, std::string url, std::string body) {
  Mailbox box;
  auto exchange = std::make_unique<Exchange>();
  exchange->url = std::move(url);
  exchange->body = std::move(body);
  exchange->owner = &box;
  std::vector<std::unique_ptr<Exchange>> one;
  one.push_back(std::move(exchange));
  transfers.submit(std::move(one));
  for (;;)
    if (auto arrived = box.take(std::chrono::milliseconds(1000)); !arrived.empty()) return std::move(arrived.front());
}

Served probe(const Settings& settings) { return Probe(settings).all(); }

Served unasked(const Settings& settings) {
  Served served;
  served.model = settings.model;
  served.scoring = settings.scoring == Scoring::automatic ? Scoring::none : settings.scoring;
  if (served.scoring == Scoring::llama_server) served.kind = Kind::llama_server;
  if (served.scoring == Scoring::prompt_logprobs) served.kind = Kind::vllm;
  served.tokenizes = served.kind != Kind::unknown;
  if (served.scoring == Scoring::none)
    served.cannot_score = "the server was not asked what it can (probe is false); name how in scoring";
  return served;
}

}  // namespace sextant::openai
