// The wrapper of models: requests lent to the plugin, results taken over and checked as they come.
#include "model.hpp"
#include <cmath>
#include <cstring>
#include <mutex>
#include <fmt/format.h>
#include "call.hpp"
#include "lent_requests.hpp"

namespace sextant::plugin {
namespace {

using data::Request;
using data::Response;

Error bad(std::string why) { return Error{Error::Kind::internal, std::move(why)}; }

/// A result of an older plugin may be shorter: what it lacks keeps its default.
#define SXT_MEMBER_OR(p, member, otherwise) (SXT_COVERS(p, member) ? (p)->member : (otherwise))

// What sums of logarithms in float32 may be above 0.
constexpr double rounding = 0.01;

Result<std::vector<data::ContinuationScore>> take_scores(const sxt_result& result, const Request& request) {
  const size_t count = std::max(request.continuations.size(), request.continuation_ids.size());
  if (count == 0) return std::vector<data::ContinuationScore>{};
  if (!SXT_HAS(&result, score)) return bad(fmt::format("gave no scores for {} continuations", count));
  std::vector<data::ContinuationScore> out;
  for (size_t k = 0; k < count; ++k) {
    const sxt_score* from = result.score[k];
    if (!from || !SXT_COVERS(from, total_tokens)) return bad(fmt::format("gave no score of continuation {}", k));
    const bool total = request.total_logprob || request.ask == data::Ask::whole;
    if (std::isnan(from->logprob) || (total && std::isnan(from->total_logprob)))
      return bad(fmt::format("gave NaN as the score of continuation {}", k));
    if (from->logprob > rounding || (total && from->total_logprob > rounding))
      return bad(fmt::format("gave the score {} of continuation {}, and a logarithm of a probability is never above 0",
                             std::max(from->logprob, total ? from->total_logprob : from->logprob), k));
    data::ContinuationScore score;
    score.logprob = from->logprob;
    if (total) score.total_logprob = from->total_logprob;  // else a backend may give it or not: what is kept is the same
    score.tokens = from->token_count;
    score.total_tokens = from->total_tokens;
    score.greedy = (from->flags & 1u) != 0;
    if (SXT_HAS(from, token_logprob) && request.token_logprobs)
      score.token_logprobs.assign(from->token_logprob, from->token_logprob + from->token_count);
    if (request.token_moments && SXT_HAS(from, token_mean) && SXT_HAS(from, token_variance)) {
      score.token_means.assign(from->token_mean, from->token_mean + from->token_count);
      score.token_variances.assign(from->token_variance, from->token_variance + from->token_count);
      for (uint32_t t = 0; t < from->token_count; ++t)
        if (!std::isfinite(score.token_means[t]) || !std::isfinite(score.token_variances[t]) || score.token_variances[t] < 0)
          return bad(fmt::format("gave a mean or variance of ln p of token {} of continuation {} that is none", t, k));
    }
    out.push_back(std::move(score));
  }
  return out;
}

Result<std::vector<data::ToolCall>> take_calls(const sxt_result& result) {
  std::vector<data::ToolCall> out;
  const uint64_t count = SXT_MEMBER_OR(&result, tool_call_count, 0);
  if (count > 0 && !SXT_HAS(&result, tool_calls)) return bad("gave tool calls with a count but no data");
  for (uint64_t i = 0; i < count; ++i) {
    const sxt_tool_call* from = result.tool_calls[i];
    if (!from || !SXT_COVERS(from, arguments_json)) return bad(fmt::format("gave no tool call {}", i));
    const auto id = view(from->id), name = view(from->name), arguments = view(from->arguments_json);
    if (!id || !name || !arguments) return bad("gave a tool call with a size but no data");
    data::ToolCall call{repair_utf8(*id), repair_utf8(*name), repair_utf8(*arguments)};
    // one spelling: what is read back from the journal is the same
    if (const auto parsed = json::parse(call.arguments, ""); parsed && parsed->IsObject())
      call.arguments = json::write(*parsed);
    out.push_back(std::move(call));
  }
  return out;
}

data::Finish finish_of(uint32_t finish) {
  switch (finish) {
    case SXT_FINISH_EOS: return data::Finish::eos;
    case SXT_FINISH_STOP: return data::Finish::stop;
    case SXT_FINISH_TOOL_CALLS: return data::Finish::tool_calls;
    default: return data::Finish::length;
  }
}

/// A generation's text, ids, thinking and tool calls.
Result<void> take_reply(const sxt_result& from, const Request& request, Response& out) {
  const auto text = view(SXT_MEMBER_OR(&from, text, sxt_str{})), thinking = view(SXT_MEMBER_OR(&from, thinking, sxt_str{}));
  const uint64_t id_count = SXT_MEMBER_OR(&from, id_count, 0);
  const int32_t* ids = SXT_MEMBER_OR(&from, ids, nullptr);
  if (!text || !thinking || (id_count > 0 && !ids)) return bad("gave a text or ids with a size but no data");
  if (request.sampling && id_count > request.sampling->max_new_tokens)
    return bad(fmt::format("generated {} tokens where {} were allowed", id_count, request.sampling->max_new_tokens));
  out.text = repair_utf8(*text);
  out.thinking = repair_utf8(*thinking);
  if (id_count > 0) out.ids.assign(ids, ids + id_count);
  const uint32_t generated = SXT_MEMBER_OR(&from, generated_tokens, 0);
  out.usage.generated_tokens = generated ? generated : static_cast<uint32_t>(id_count);
  out.finish = finish_of(SXT_MEMBER_OR(&from, finish, static_cast<uint32_t>(SXT_FINISH_LENGTH)));
  SXT_TRY(out.calls, take_calls(from));
  if (request.least_margin && SXT_HAS(&from, margin_count)) {
    if (!(from.least_margin >= 0) || !std::isfinite(from.least_margin))
      return bad(fmt::format("gave the margin {} of a token that was chosen as the likeliest", from.least_margin));
    out.margin = data::Margin{from.least_margin, from.least_margin_at};
  }
  return {};
}

Result<void> take_embedding(const sxt_result& from, Response& out) {
  if (!SXT_HAS(&from, embedding) || from.embedding_size == 0) return bad("gave no embedding");
  out.embedding.assign(from.embedding, from.embedding + from.embedding_size);
  for (const float value : out.embedding)
    if (!std::isfinite(value)) return bad("gave an embedding that is not finite");
  return {};
}

Response take_result(const std::string& who, const Request& request, const sxt_result* from) {
  Response out;
  out.key = request.key;
  const auto failed = [&](Error::Kind kind, std::string_view why) {
    out.error = Error{kind, fmt::format("{}: {}", who, why)};
    return std::move(out);
  };
  if (!from || from->struct_size < offsetof(sxt_result, message))
    return failed(Error::Kind::internal, "gave a result that is NULL or too small");
  out.usage.prompt_tokens = SXT_MEMBER_OR(from, prompt_tokens, 0);
  out.usage.computed_tokens = SXT_MEMBER_OR(from, computed_tokens, 0);
  out.usage.truncated_tokens = SXT_MEMBER_OR(from, truncated_tokens, 0);
  if (from->status != SXT_OK) {
    const std::string why = one_line(view(SXT_MEMBER_OR(from, message, sxt_str{})).value_or(""));
    out.too_long = from->status == SXT_TOO_LONG;
    return failed(kind_of(from->status),
                  why.empty() ? fmt::format("the request failed with status {} and no reason", from->status) : why);
  }
  Result<void> taken;
  if (request.ask == data::Ask::generate) {
    taken = take_reply(*from, request, out);
  } else if (request.ask == data::Ask::embed) {
    taken = take_embedding(*from, out);
  } else {
    auto scores = take_scores(*from, request);
    if (scores) out.scores = *std::move(scores);
    else taken = scores.error();
  }
  if (!taken) return failed(taken.error().kind, taken.error().message);
  return out;
}

/// Takes results over; the plugin may put from any of its threads, `done` is called by one at a time.
class Results {
 public:
  Results(const std::string& who, std::span<const Request* const> requests, const std::function<void(size_t, Response)>& done)
      : who_(who), requests_(requests), done_(done), answered_(requests.size()) {}
  Results(const Results&) = delete;
  sxt_result_sink sink() { return {this, &Results::put}; }
  const std::string& complaint() const { return complaint_; }
  void answer_the_rest() {
    for (size_t i = 0; i < answered_.size(); ++i) {
      if (answered_[i]) continue;
      Response result;
      result.key = requests_[i]->key;
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
    done_(index, take_result(who_, *requests_[index], result));
  }
  const std::string& who_;
  std::span<const Request* const> requests_;
  const std::function<void(size_t, Response)>& done_;
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

Result<std::vector<std::vector<int32_t>>> Model::tokenize(std::span<const std::string_view> texts, uint32_t flags) {
  SXT_NEED(table_, tokenize, object_.name());
  std::vector<sxt_str> borrowed;
  for (const std::string_view text : texts) borrowed.push_back(borrow(text));
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
  std::vector<sxt_ids> borrowed;
  for (const auto& list : ids) borrowed.push_back({list.data(), list.size()});
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

Result<json::Document> Model::plan(uint64_t call, std::span<const Request* const> requests) {
  SXT_NEED(table_, plan, object_.name());
  const LentRequests lent(requests);
  Texts texts(object_.name(), "plan", 1);
  SXT_CHECK(guarded(object_.name(), "plan", [&](sxt_error* e) {
    return table_->plan(object_.get(), call, lent.data(), lent.size(), texts.sink(), e);
  }));
  return take_object(texts, object_.name(), "plan");
}

Result<void> Model::run(uint64_t call, std::span<const Request* const> requests,
                        const std::function<void(size_t index, Response)>& done) {
  SXT_NEED(table_, run, object_.name());
  const LentRequests lent(requests);
  Results results(object_.name(), requests, done);
  SXT_CHECK(guarded(object_.name(), "run", [&](sxt_error* e) {
    return table_->run(object_.get(), call, lent.data(), lent.size(), results.sink(), e);
  }));
  if (!results.complaint().empty()) return misbehaved(object_.name(), results.complaint());
  results.answer_the_rest();
  return {};
}

}  // namespace sextant::plugin
