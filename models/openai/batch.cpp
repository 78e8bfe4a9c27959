#include "batch.hpp"
#include <algorithm>
#include <fmt/format.h>

namespace sextant::openai {
namespace {

constexpr size_t submitted_together = 128;  // the first are on their way while the others' bodies are written
constexpr uint64_t fruitless_max = 20;      // requests that failed, and none was ever answered: the others would fail, too

}  // namespace

Batch::Batch(Backend& backend, uint64_t call, std::span<const sxt_request* const> requests, const sxt_result_sink& sink)
    : backend_(backend), requests_(requests), sink_(sink), open_(requests.size()), left_(requests.size()) {
  if (!backend_.settings_.batch) return;
  provider_ = std::make_unique<ProviderBatch>(
      backend_.settings_, backend_.transfers(),
      ProviderBatch::Around{[this, call] {
                              if (backend_.context.cancelled(call)) end(SXT_CANCELLED, "interrupted");
                            },
                            [this](const std::string& what) {
                              backend_.context.log(SXT_LOG_INFO, fmt::format("{}: {}", backend_.settings_.base_url, what));
                            }});
}

Batch::~Batch() { backend_.transfers().drop(box_); }

void Batch::end(sxt_status status, const std::string& why) const {
  throw PluginError(status, why);
}

void Batch::send(size_t request, std::vector<Message> messages, std::vector<std::unique_ptr<Exchange>>& out) {
  for (size_t part = 0; part < messages.size(); ++part) {
    auto exchange = std::make_unique<Exchange>();
    exchange->url = std::move(messages[part].url);
    exchange->body = std::move(messages[part].body);
    exchange->request = request;
    exchange->part = part;
    exchange->owner = &box_;
    out.push_back(std::move(exchange));
  }
}

void Batch::submit() {
  std::vector<std::unique_ptr<Exchange>> out, together;
  for (size_t i = 0; i < requests_.size(); ++i) {
    const sxt_request& r = *requests_[i];
    if (const auto cap = backend_.spending_.cap_of(r)) {
      if (!backend_.told_of_cap_.exchange(true)) backend_.context.log(SXT_LOG_WARNING, *cap);
      fail(i, SXT_CANCELLED, *cap);  // a resumed run asks for it
      continue;
    }
    try {
      if (r.ask == SXT_ASK_GENERATE) {
        std::vector<Message> one;
        one.push_back(generation(backend_.settings_, backend_.spelling_, r));
        send(i, std::move(one), provider_ ? together : out);
      } else if (r.ask == SXT_ASK_SCORE || r.ask == SXT_ASK_WHOLE) {
        open_[i].score = score_work(backend_.settings_, backend_.served_, r);
        std::vector<Message> round = open_[i].score->begin();
        open_[i].score->waiting = round.size();
        if (round.empty()) deliver(i, *open_[i].score);
        send(i, std::move(round), out);
      } else {
        fail(i, SXT_UNSUPPORTED, "a server is asked for no embeddings here; name a model of the cpu backend");
      }
    } catch (const PluginError& e) {
      fail(i, e.status, e.what());
    }
    if (out.size() >= submitted_together) backend_.transfers().submit(std::exchange(out, {}));
  }
  if (!out.empty()) backend_.transfers().submit(std::move(out));
  if (!together.empty()) provider_->submit(std::move(together));
}

void Batch::step() {
  for (auto& exchange : box_.take(std::chrono::milliseconds(20))) take(std::move(exchange));
  if (provider_ && provider_->waits())
    for (auto& exchange : provider_->step()) take_from_batch(std::move(exchange));
  if (const auto cap = over() ? std::nullopt : backend_.spending_.cap()) end(SXT_NO_DEVICE, *cap);
}

// What the provider failed at for a time is asked for by itself.
void Batch::take_from_batch(std::unique_ptr<Exchange> exchange) {
  const bool passing = exchange->status != 0 && (exchange->verdict == Verdict::busy || exchange->verdict == Verdict::failed ||
                                                 exchange->verdict == Verdict::gone);
  if (passing && backend_.transfers().again(exchange)) return;
  take(std::move(exchange));
}

void Batch::take(std::unique_ptr<Exchange> exchange) {
  if (open_[exchange->request].done) return;  // another part of it has failed
  if (exchange->over)
    end(SXT_NO_DEVICE,
        fmt::format("the server at {} answers nothing any more ({}); when it is back, run the same command with -r to go on",
                    backend_.settings_.base_url, backend_.settings_.clean(exchange->trouble)));
  switch (exchange->verdict) {
    case Verdict::answered: return answered(std::move(exchange));
    case Verdict::untrusted:
      end(SXT_NO_DEVICE, fmt::format("the certificate of the server at {} is not trusted ({})", backend_.settings_.base_url,
                                     backend_.settings_.clean(exchange->trouble)));
    case Verdict::refused: return refuse(*exchange);
    default: break;
  }
  const std::string why = exchange->status
                              ? fmt::format("HTTP {}: {}", exchange->status, backend_.settings_.clean(complaint(*exchange)))
                              : backend_.settings_.clean(exchange->trouble);
  fail(
      exchange->request, SXT_NO_DEVICE,
      fmt::format("the server failed at this request {} times, the last time with {}; -r asks it again", exchange->tries, why));
}

void Batch::refuse(const Exchange& e) {
  const Settings& s = backend_.settings_;
  const std::string said = s.clean(complaint(e)), what = fmt::format("the server at {} answers HTTP {}: {}{}", s.base_url,
                                                                     e.status, said, s.clean(advice(e)));
  if (ends_the_run(e)) end(SXT_BAD_CONFIG, what);
  if (is_withheld(e)) {  // Azure's, of a prompt
    if (!withheld(e.request, said)) deliver(e.request, Reply{});
    return;
  }
  if (is_too_long(e))
    return fail(
        e.request, SXT_TOO_LONG,
        fmt::format("the server says that the prompt is too long: {}; give fewer examples or a smaller --max-out-len", said));
  fail(e.request, SXT_BAD_DATA, what);
}

void Batch::broken(std::unique_ptr<Exchange> exchange, const std::string& why) {
  const size_t request = exchange->request;
  const uint32_t tries = exchange->tries;
  if (backend_.transfers().again(exchange)) return;
  fail(request, SXT_NO_DEVICE, fmt::format("{} {} times; -r asks it again", backend_.settings_.clean(why), tries));
}

void Batch::answered(std::unique_ptr<Exchange> exchange) {
  const size_t request = exchange->request;
  const auto answer = read_answer(*exchange);
  if (!answer) return broken(std::move(exchange), answer.error().message);
  ScoreWork* work = open_[request].score.get();
  if (!work) {
    auto reply = read_reply(*answer);
    if (!reply) return broken(std::move(exchange), reply.error().message);
    return deliver(request, *std::move(reply));
  }
  if (const auto taken = work->take(exchange->part, *answer); !taken) return broken(std::move(exchange), taken.error().message);
  spend(read_usage(*answer));
  if (--work->waiting > 0) return;
  try {
    std::vector<Message> round = work->next();
    if (round.empty()) return deliver(request, *work);
    work->waiting = round.size();
    std::vector<std::unique_ptr<Exchange>> out;
    send(request, std::move(round), out);
    backend_.transfers().submit(std::move(out));
  } catch (const PluginError& e) {
    fail(request, e.status, e.what());
  }
}

void Batch::spend(const Usage& usage) {
  backend_.spending_.add(usage);
  tokens_ += usage.prompt + usage.completion;
}

// True: the sample has failed. False: the reply is taken as it came, empty or cut.
bool Batch::withheld(size_t request, const std::string& said) {
  backend_.spending_.withhold();
  backend_.fruitful_ = true;  // the server answers
  if (backend_.settings_.withheld_fails) {
    fail(request, SXT_BAD_DATA,
         fmt::format("the server's content filter withheld the reply ({}), so that nothing is known of the model's; "
                     "--model-kwargs withheld=as_reply takes what came, empty or cut, for its reply",
                     said));
    return true;
  }
  if (!backend_.told_of_filter_.exchange(true))
    backend_.context.log(SXT_LOG_WARNING,
                         "the server's content filter withheld replies, which are taken as they came, empty or cut; run.json "
                         "counts them under \"spent\"");
  return false;
}

void Batch::deliver(size_t request, Reply reply) {
  cut_at_stop(reply, *requests_[request]->sampling);
  spend(reply.usage);
  if (reply.filtered && withheld(request, "finish_reason or stop_reason")) return;
  std::vector<sxt_tool_call> calls;
  for (const Call& call : reply.calls)
    calls.push_back({sizeof(sxt_tool_call), 0, borrow(call.id), borrow(call.name), borrow(call.arguments_json)});
  std::vector<const sxt_tool_call*> pointers;
  for (const sxt_tool_call& call : calls) pointers.push_back(&call);
  sxt_result result{};
  result.text = borrow(reply.text);
  result.thinking = borrow(reply.thinking);
  result.finish = reply.finish;
  result.prompt_tokens = result.computed_tokens = static_cast<uint32_t>(reply.usage.prompt);
  result.generated_tokens = static_cast<uint32_t>(reply.usage.completion);
  result.tool_calls = pointers.data();
  result.tool_call_count = pointers.size();
  put(request, result);
}

void Batch::deliver(size_t request, const ScoreWork& work) {
  const bool wants = (requests_[request]->flags & SXT_REQUEST_TOKEN_LOGPROBS) != 0;
  std::vector<sxt_score> scores;
  for (const ScoredText& from : work.scores())
    scores.push_back({sizeof(sxt_score), from.greedy && from.tokens > 0 ? 1u : 0u, from.logprob, from.total_logprob,
                      from.tokens, from.total_tokens, wants && from.tokens > 0 ? from.token_logprobs.data() : nullptr,
                      nullptr, nullptr});
  std::vector<const sxt_score*> pointers;
  for (const sxt_score& score : scores) pointers.push_back(&score);
  sxt_result result{};
  result.score = pointers.data();
  for (const ScoredText& from : work.scores()) result.prompt_tokens += from.total_tokens;
  result.computed_tokens = result.prompt_tokens;
  put(request, result);
}

void Batch::put(size_t request, sxt_result& result) {
  result.struct_size = sizeof result;
  backend_.fruitful_ = true;
  --left_;
  sink_.put(sink_.ctx, request, &result);
  open_[request] = {nullptr, true};  // what it pointed to has been copied
}

void Batch::fail(size_t request, sxt_status status, const std::string& why) {
  sxt_result result{};
  result.struct_size = sizeof result;
  result.status = status;
  result.message = borrow(why);
  open_[request].done = true;
  --left_;
  sink_.put(sink_.ctx, request, &result);
  if (status == SXT_TOO_LONG || status == SXT_CANCELLED || backend_.fruitful_ || ++backend_.fruitless_ < fruitless_max) return;
  end(status, fmt::format("{} requests failed, and none was answered; the last: {}", fruitless_max, why));
}

}  // namespace sextant::openai
