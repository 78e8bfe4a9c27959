// The wrapper of models: requests lent to the plugin, results taken over and checked as they come.
#include <cmath>
#include <cstring>
#include <mutex>
#include <fmt/format.h>
#include "call.hpp"
#include "components.hpp"

namespace sextant::plugin {
namespace {

/// The requests as the ABI has them; everything borrows from the core's.
class Lent {
 public:
  explicit Lent(std::span<const Request> requests)
      : texts_(requests.size()), stops_(requests.size()), sampling_(requests.size()) {
    requests_.reserve(requests.size());
    for (size_t i = 0; i < requests.size(); ++i) add(requests[i], i);
  }
  Lent(const Lent&) = delete;
  const sxt_request* data() const { return requests_.data(); }
  uint64_t size() const { return requests_.size(); }

 private:
  void add(const Request& request, size_t i) {
    for (const std::string& text : request.continuations) texts_[i].push_back(borrow(text));
    sxt_request out{};
    out.struct_size = sizeof out;
    out.flags = request.flags;
    out.prefix = borrow(request.prefix);
    out.continuation = texts_[i].data();
    out.continuation_count = texts_[i].size();
    out.keep_bytes = request.keep_bytes;
    out.max_prompt_tokens = request.max_prompt_tokens;
    if (request.sampling) {
      const Sampling& from = *request.sampling;
      for (const std::string& text : from.stop) stops_[i].push_back(borrow(text));
      sxt_sampling& to = sampling_[i];
      to.struct_size = sizeof to;
      to.max_new_tokens = from.max_new_tokens;
      to.min_new_tokens = from.min_new_tokens;
      to.temperature = from.temperature;
      to.top_p = from.top_p;
      to.top_k = from.top_k;
      to.seed = from.seed;
      to.id = from.id;
      to.stop = stops_[i].data();
      to.stop_count = stops_[i].size();
      out.sampling = &to;
    }
    requests_.push_back(out);
  }
  std::vector<std::vector<sxt_str>> texts_, stops_;
  std::vector<sxt_sampling> sampling_;
  std::vector<sxt_request> requests_;
};

Result<std::vector<Score>> take_scores(const sxt_result& result, const Request& request) {
  const auto bad = [](std::string why) { return Error{Error::Kind::internal, std::move(why)}; };
  const size_t count = request.continuations.size();
  if (count == 0) return std::vector<Score>{};
  if (!SXT_HAS(&result, score)) return bad(fmt::format("gave no scores for {} continuations", count));
  std::vector<Score> out;
  for (size_t k = 0; k < count; ++k) {
    const sxt_score& from = result.score[k];
    if (std::isnan(from.logprob) || std::isnan(from.total_logprob))
      return bad(fmt::format("gave NaN as the score of continuation {}", k));
    Score score{from.logprob, from.total_logprob, from.token_count, from.total_tokens, (from.flags & 1u) != 0, {}};
    if (from.token_logprob && (request.flags & SXT_REQUEST_TOKEN_LOGPROBS))
      score.token_logprobs.assign(from.token_logprob, from.token_logprob + from.token_count);
    out.push_back(std::move(score));
  }
  return out;
}

/// A result of an older plugin may be shorter: what it lacks keeps its default.
#define SXT_MEMBER_OR(p, member, otherwise) \
  ((p)->struct_size >= offsetof(sxt_result, member) + sizeof(p)->member ? (p)->member : (otherwise))

RequestResult take_result(const std::string& who, const Request& request, const sxt_result* from) {
  RequestResult out;
  const auto failed = [&](Error::Kind kind, std::string_view why) {
    out.error = Error{kind, fmt::format("{}: {}", who, why)};
    return std::move(out);
  };
  if (!from || from->struct_size < offsetof(sxt_result, message))
    return failed(Error::Kind::internal, "gave a result that is NULL or too small");
  out.prompt_tokens = SXT_MEMBER_OR(from, prompt_tokens, 0);
  out.computed_tokens = SXT_MEMBER_OR(from, computed_tokens, 0);
  out.truncated_tokens = SXT_MEMBER_OR(from, truncated_tokens, 0);
  out.finish = SXT_MEMBER_OR(from, finish, static_cast<uint32_t>(SXT_FINISH_LENGTH));
  if (from->status != SXT_OK) {
    const std::string why = one_line(view(SXT_MEMBER_OR(from, message, sxt_str{})).value_or(""));
    out.too_long = from->status == SXT_TOO_LONG;
    return failed(kind_of(from->status),
                  why.empty() ? fmt::format("the request failed with status {} and no reason", from->status) : why);
  }
  if (!request.sampling) {
    auto scores = take_scores(*from, request);
    if (!scores) return failed(scores.error().kind, scores.error().message);
    out.scores = *std::move(scores);
    return out;
  }
  const auto text = view(SXT_MEMBER_OR(from, text, sxt_str{}));
  const uint64_t id_count = SXT_MEMBER_OR(from, id_count, 0);
  const int32_t* ids = SXT_MEMBER_OR(from, ids, nullptr);
  if (!text || (id_count > 0 && !ids)) return failed(Error::Kind::internal, "gave a text or ids with a size but no data");
  if (id_count > request.sampling->max_new_tokens)
    return failed(Error::Kind::internal,
                  fmt::format("generated {} tokens where {} were allowed", id_count, request.sampling->max_new_tokens));
  out.text = repair_utf8(*text);
  if (id_count > 0) out.ids.assign(ids, ids + id_count);
  return out;
}

/// Takes results over; the plugin may put from any of its threads, `done` is called by one at a time.
class Results {
 public:
  Results(const std::string& who, std::span<const Request> requests, const std::function<void(size_t, RequestResult)>& done)
      : who_(who), requests_(requests), done_(done), answered_(requests.size()) {}
  Results(const Results&) = delete;
  sxt_result_sink sink() { return {this, &Results::put}; }
  const std::string& complaint() const { return complaint_; }
  void answer_the_rest() {
    for (size_t i = 0; i < answered_.size(); ++i) {
      if (answered_[i]) continue;
      RequestResult result;
      result.error = misbehaved(who_, fmt::format("never answered request {} of {}", i, answered_.size()));
      done_(i, std::move(result));
    }
  }

 private:
  static void put(void* ctx, uint64_t index, const sxt_result* result) {
    auto& self = *static_cast<Results*>(ctx);
    const std::lock_guard lock(self.mutex_);
    try {
      self.take(index, result);
    } catch (const std::exception& e) {  // it must not travel through the plugin
      if (self.complaint_.empty()) self.complaint_ = fmt::format("gave a result that could not be kept ({})", e.what());
    }
  }
  void take(uint64_t index, const sxt_result* result) {
    if (index >= answered_.size() || answered_[index]) {
      if (complaint_.empty())
        complaint_ = index >= answered_.size() ? fmt::format("answered request {} of {}", index, answered_.size())
                                               : fmt::format("answered request {} twice", index);
      return;
    }
    answered_[index] = true;
    done_(index, take_result(who_, requests_[index], result));
  }
  const std::string& who_;
  std::span<const Request> requests_;
  const std::function<void(size_t, RequestResult)>& done_;
  std::mutex mutex_;
  std::vector<bool> answered_;
  std::string complaint_;
};

}  // namespace

Result<sxt_model_info> Model::info() {
  SXT_NEED(table_, info, object_.name());
  sxt_model_info info{};
  info.struct_size = sizeof info;
  SXT_CHECK(guarded(object_.name(), "info", [&](sxt_error* e) { return table_->info(object_.get(), &info, e); }));
  info.weights_sha256[sizeof info.weights_sha256 - 1] = '\0';
  return info;
}

Result<json::Document> Model::describe() {
  SXT_NEED(table_, describe, object_.name());
  Texts texts(object_.name(), "describe", 1);
  SXT_CHECK(
      guarded(object_.name(), "describe", [&](sxt_error* e) { return table_->describe(object_.get(), texts.sink(), e); }));
  return take_object(texts, object_.name(), "describe");
}

Result<std::vector<std::vector<int32_t>>> Model::tokenize(std::span<const std::string> texts, uint32_t flags) {
  SXT_NEED(table_, tokenize, object_.name());
  std::vector<sxt_str> borrowed;
  for (const std::string& text : texts) borrowed.push_back(borrow(text));
  Texts out(object_.name(), "tokenize", texts.size());
  SXT_CHECK(guarded(object_.name(), "tokenize", [&](sxt_error* e) {
    return table_->tokenize(object_.get(), borrowed.data(), borrowed.size(), flags, out.sink(), e);
  }));
  SXT_TRY(const std::vector<std::string> all, out.take());
  std::vector<std::vector<int32_t>> ids;
  for (const std::string& bytes : all) {
    if (bytes.size() % sizeof(int32_t) != 0)
      return misbehaved(object_.name(), fmt::format("gave {} bytes as token ids", bytes.size()));
    ids.emplace_back(bytes.size() / sizeof(int32_t));
    if (!bytes.empty()) std::memcpy(ids.back().data(), bytes.data(), bytes.size());
  }
  return ids;
}

Result<std::vector<std::string>> Model::detokenize(std::span<const std::vector<int32_t>> ids, uint32_t flags) {
  SXT_NEED(table_, detokenize, object_.name());
  std::vector<sxt_str> borrowed;
  for (const auto& list : ids) borrowed.push_back({reinterpret_cast<const char*>(list.data()), list.size() * sizeof(int32_t)});
  Texts out(object_.name(), "detokenize", ids.size());
  SXT_CHECK(guarded(object_.name(), "detokenize", [&](sxt_error* e) {
    return table_->detokenize(object_.get(), borrowed.data(), borrowed.size(), flags, out.sink(), e);
  }));
  SXT_TRY(std::vector<std::string> texts, out.take());
  for (std::string& text : texts) text = repair_utf8(text);  // ids that end within a character
  return texts;
}

Result<std::string> Model::render_chat(std::string_view conversation_json) {
  SXT_NEED(table_, render_chat, object_.name());
  const sxt_str borrowed = borrow(conversation_json);
  Texts texts(object_.name(), "render_chat", 1);
  SXT_CHECK(guarded(object_.name(), "render_chat", [&](sxt_error* e) {
    return table_->render_chat(object_.get(), &borrowed, 1, texts.sink(), e);
  }));
  SXT_TRY(const json::Document prompt, take_object(texts, object_.name(), "render_chat"));
  if (const auto refusal = json::find_string(prompt, "error")) return Error{Error::Kind::data, *refusal};
  auto text = json::find_string(prompt, "text");
  if (!text) return misbehaved(object_.name(), "gave neither \"text\" nor \"error\" for a conversation");
  return *std::move(text);
}

Result<json::Document> Model::plan(std::span<const Request> requests) {
  SXT_NEED(table_, plan, object_.name());
  const Lent lent(requests);
  Texts texts(object_.name(), "plan", 1);
  SXT_CHECK(guarded(object_.name(), "plan",
                    [&](sxt_error* e) { return table_->plan(object_.get(), lent.data(), lent.size(), texts.sink(), e); }));
  return take_object(texts, object_.name(), "plan");
}

Result<void> Model::run(std::span<const Request> requests, const std::function<void(size_t index, RequestResult)>& done) {
  SXT_NEED(table_, run, object_.name());
  const Lent lent(requests);
  Results results(object_.name(), requests, done);
  SXT_CHECK(guarded(object_.name(), "run",
                    [&](sxt_error* e) { return table_->run(object_.get(), lent.data(), lent.size(), results.sink(), e); }));
  if (!results.complaint().empty()) return misbehaved(object_.name(), results.complaint());
  results.answer_the_rest();
  return {};
}

}  // namespace sextant::plugin
