#include "scoring.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace sextant::openai {
namespace {

Error broken(std::string why) { return {Error::Kind::data, std::move(why)}; }

uint64_t text_count(const sxt_request& r) { return r.continuation_count; }
bool of_ids(const sxt_request& r) { return r.continuation_ids != nullptr; }
bool adds_special(const sxt_request& r) {
  // an empty prefix is scored behind the BOS, but for a whole text
  return (r.flags & SXT_REQUEST_ADD_SPECIAL) != 0 || (r.prefix.size == 0 && r.prefix_ids.count == 0 && r.ask != SXT_ASK_WHOLE);
}
std::string item_text(const sxt_request& r, size_t k) {
  return std::string(view(r.prefix)) + std::string(view(r.continuation[k]));
}
std::vector<int32_t> item_ids(const sxt_request& r, size_t k) {
  std::vector<int32_t> ids(r.prefix_ids.data, r.prefix_ids.data + r.prefix_ids.count);
  ids.insert(ids.end(), r.continuation_ids[k].data, r.continuation_ids[k].data + r.continuation_ids[k].count);
  return ids;
}

// One token of an item, as a server tells of it.
struct Token {
  double logprob = NAN;  // NAN: of the first one, which follows nothing
  bool greedy = false;
};

// The item's tokens, of which those from `start` on are the continuation's.
ScoredText sum(const std::vector<Token>& tokens, size_t start) {
  ScoredText out;
  out.total_tokens = static_cast<uint32_t>(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (std::isnan(token.logprob)) {
      if (i > 0)
        throw PluginError(SXT_INTERNAL,
                          fmt::format("the server gave no log-probability of token {} of {}", i + 1, tokens.size()));
      continue;
    }
    out.total_logprob += token.logprob;
    if (i < start) continue;
    out.logprob += token.logprob;
    out.greedy = out.greedy && token.greedy;
    out.token_logprobs.push_back(static_cast<float>(token.logprob));
  }
  out.tokens = static_cast<uint32_t>(out.token_logprobs.size());
  return out;
}

// The first token that ends behind the prefix: the prefix's own tokens and the item's differ from there on at the latest.
size_t seam(const std::vector<int32_t>& prefix, const std::vector<int32_t>& item) {
  size_t i = 0;
  while (i < prefix.size() && i < item.size() && (prefix[i] == item[i] || (i == 0 && item[0] < 0))) ++i;
  return i;
}

class Work : public ScoreWork {
 public:
  Work(const Settings& settings, const Served& served, const sxt_request& request)
      : settings_(settings), served_(served), r_(request), scores_(text_count(request)) {}
  const std::vector<ScoredText>& scores() const override { return scores_; }

 protected:
  Message completion(size_t k, const std::function<void(Body&)>& more) {
    Body body(settings_);
    body.text("model", served_.model);
    if (body.member("prompt")) {
      if (of_ids(r_)) {
        body.writer().StartArray();
        for (const int32_t id : item_ids(r_, k)) body.writer().Int(id);
        body.writer().EndArray();
      } else {
        const std::string text = item_text(r_, k);
        body.writer().String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
      }
    }
    body.number("max_tokens", 1);  // all servers take it; what it generates is left out
    body.real("temperature", 0);
    if ((served_.kind == Kind::vllm || served_.kind == Kind::sglang) && !of_ids(r_) && !adds_special(r_))
      body.flag("add_special_tokens", false);
    more(body);
    return {settings_.completions_url(), body.take()};
  }
  const json::Value* choice(const json::Value& answer) {
    const json::Value* choices = json::find(answer, "choices");
    prompt_tokens += read_usage(answer).prompt;
    return choices && choices->IsArray() && !choices->Empty() ? &(*choices)[0] : nullptr;
  }

  const Settings& settings_;
  const Served& served_;
  const sxt_request& r_;
  std::vector<ScoredText> scores_;
};

// "bytes:\xe2\x80" is how OpenAI's completions write a token that is not a text of its own.
std::string token_bytes(std::string_view token) {
  if (!token.starts_with("bytes:")) return std::string(token);
  std::string out;
  token.remove_prefix(6);
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '\\' && i + 3 < token.size() && token[i + 1] == 'x') {
      out += static_cast<char>(std::strtol(std::string(token.substr(i + 2, 2)).c_str(), nullptr, 16));
      i += 3;
    } else {
      out += token[i];
    }
  }
  return out;
}

class Echo : public Work {
 public:
  using Work::Work;
  std::vector<Message> begin() override {
    std::vector<Message> out;
    for (size_t k = 0; k < scores_.size(); ++k)
      out.push_back(completion(k, [](Body& body) {
        body.flag("echo", true);
        body.number("logprobs", 1);
      }));
    return out;
  }
  std::vector<Message> next() override { return {}; }
  Result<void> take(size_t k, const json::Value& answer) override {
    const json::Value* first = choice(answer);
    const json::Value* logprobs = first ? json::find(*first, "logprobs") : nullptr;
    const auto list = [&](const char* key) {
      const json::Value* value = logprobs ? json::find(*logprobs, key) : nullptr;
      return value && value->IsArray() ? value : nullptr;
    };
    const json::Value *texts = list("tokens"), *values = list("token_logprobs"), *top = list("top_logprobs");
    if (!texts || !values || values->Size() != texts->Size())
      return broken("the server's answer has no log-probabilities of the prompt");
    std::vector<Token> tokens(texts->Size());
    std::vector<std::string> bytes(texts->Size());
    for (rapidjson::SizeType i = 0; i < texts->Size(); ++i) {
      if ((*values)[i].IsNumber()) tokens[i].logprob = (*values)[i].GetDouble();
      tokens[i].greedy = top && i < top->Size() && is_greatest((*top)[i], tokens[i].logprob);
      if ((*texts)[i].IsString()) bytes[i] = token_bytes(json::text((*texts)[i]));
    }
    const json::Value* usage = json::find(answer, "usage");
    const auto generated = usage ? json::find_int(*usage, "completion_tokens") : std::nullopt;
    return of_ids(r_)
               ? take_ids(k, std::move(tokens))
               : take_text(k, std::move(tokens), bytes, static_cast<size_t>(std::max<int64_t>(0, generated.value_or(1))));
  }

 private:
  static bool is_greatest(const json::Value& top, double logprob) {
    if (!top.IsObject()) return false;
    for (const auto& other : top.GetObject())
      if (other.value.IsNumber() && other.value.GetDouble() > logprob) return false;
    return true;
  }
  Result<void> take_ids(size_t k, std::vector<Token> tokens) {
    const size_t wanted = r_.prefix_ids.count + r_.continuation_ids[k].count;
    if (tokens.size() < wanted)
      return broken(fmt::format("the server told of {} tokens where {} were sent", tokens.size(), wanted));
    tokens.resize(wanted);
    scores_[k] = sum(tokens, r_.prefix_ids.count);
    return {};
  }
  // The tokens are the item's, behind those that the server puts in front of it and before what it generated.
  Result<void> take_text(size_t k, std::vector<Token> tokens, const std::vector<std::string>& bytes, size_t generated) {
    const std::string item = item_text(r_, k);
    for (const size_t behind : {generated, size_t{1}, size_t{0}}) {
      if (behind > tokens.size()) continue;
      size_t begin = tokens.size() - behind, start = begin, left = item.size();
      const size_t continuation = view(r_.continuation[k]).size();
      while (begin > 0 && left > 0) {
        const std::string& token = bytes[begin - 1];
        if (token.size() > left || item.compare(left - token.size(), token.size(), token) != 0) break;
        --begin;
        // it ends behind the prefix's last byte
        if (item.size() - left < continuation) start = begin;
        left -= token.size();
      }
      if (left > 0) continue;
      tokens.resize(tokens.size() - behind);
      scores_[k] = sum(tokens, start);
      return {};
    }
    return broken("the tokens that the server echoes do not add up to the text that was sent");
  }
};

class PromptLogprobs : public Work {
 public:
  using Work::Work;
  std::vector<Message> begin() override {
    std::vector<Message> out;
    for (size_t k = 0; k < scores_.size(); ++k)
      out.push_back(completion(k, [](Body& body) { body.number("prompt_logprobs", 0); }));
    // only a continuation has a place where it begins
    if (r_.ask != SXT_ASK_WHOLE && !of_ids(r_))
      out.push_back({settings_.own_url("/tokenize"),
                     tokenize_body(served_, view(r_.prefix), adds_special(r_), (r_.flags & SXT_REQUEST_SPLIT_SPECIAL) != 0)});
    items_.resize(scores_.size());
    tokens_.resize(scores_.size());
    return out;
  }
  Result<void> take(size_t part, const json::Value& answer) override {
    if (part == scores_.size()) {
      const auto ids = read_tokens(answer);
      if (!ids) return broken("the server's answer holds no tokens");
      prefix_ = *ids;
      return {};
    }
    const json::Value* first = choice(answer);
    const json::Value* list = first ? json::find(*first, "prompt_logprobs") : nullptr;
    if (!list || !list->IsArray()) return broken("the server's answer has no prompt_logprobs");
    items_[part].assign(list->Size(), -1);
    tokens_[part].assign(list->Size(), {});
    for (rapidjson::SizeType i = 0; i < list->Size(); ++i) {
      const json::Value& entry = (*list)[i];
      if (!entry.IsObject() || entry.ObjectEmpty()) continue;  // of the first token
      const auto& token = *entry.MemberBegin();                // the prompt's own comes first
      items_[part][i] = static_cast<int32_t>(std::strtol(token.name.GetString(), nullptr, 10));
      if (const auto logprob = json::find_number(token.value, "logprob")) tokens_[part][i].logprob = *logprob;
      tokens_[part][i].greedy = json::find_int(token.value, "rank") == 1;
    }
    return {};
  }
  std::vector<Message> next() override {
    for (size_t k = 0; k < scores_.size(); ++k)
      scores_[k] = sum(tokens_[k], r_.ask == SXT_ASK_WHOLE ? 0 : of_ids(r_) ? r_.prefix_ids.count : seam(prefix_, items_[k]));
    return {};
  }

 private:
  std::vector<int32_t> prefix_;
  std::vector<std::vector<int32_t>> items_;
  std::vector<std::vector<Token>> tokens_;
};

// Each token is generated by itself, forced by a bias that its reported log-probability does not have.
class LlamaServer : public Work {
 public:
  using Work::Work;
  std::vector<Message> begin() override {
    const size_t count = scores_.size();
    items_.resize(count);
    if (of_ids(r_)) {
      prefix_.assign(r_.prefix_ids.data, r_.prefix_ids.data + r_.prefix_ids.count);
      for (size_t k = 0; k < count; ++k) items_[k] = item_ids(r_, k);
      tokenized_ = true;
      return tokens_round();
    }
    const bool split = (r_.flags & SXT_REQUEST_SPLIT_SPECIAL) != 0;
    std::vector<Message> out;
    for (size_t k = 0; k < count; ++k)
      out.push_back({settings_.own_url("/tokenize"), tokenize_body(served_, item_text(r_, k), adds_special(r_), split)});
    out.push_back({settings_.own_url("/tokenize"), tokenize_body(served_, view(r_.prefix), adds_special(r_), split)});
    return out;
  }
  Result<void> take(size_t part, const json::Value& answer) override {
    if (!tokenized_) {
      const auto ids = read_tokens(answer);
      if (!ids) return broken("the server's answer holds no tokens");
      (part < items_.size() ? items_[part] : prefix_) = *ids;
      return {};
    }
    const json::Value* list = json::find(answer, "completion_probabilities");
    const json::Value* first = list && list->IsArray() && !list->Empty() ? &(*list)[0] : nullptr;
    const auto logprob = first ? json::find_number(*first, "logprob") : std::nullopt;
    const auto id = first ? json::find_int(*first, "id") : std::nullopt;
    if (!logprob || !id) return broken("the server's answer has no completion_probabilities with id and logprob");
    const Asked& asked = asked_[part];
    if (*id != items_[asked.item][asked.token])
      return broken("the server generated another token than the one that was asked for");
    const json::Value* top = json::find(*first, "top_logprobs");
    const bool greedy = top && top->IsArray() && !top->Empty() && json::find_int((*top)[0], "id") == *id;
    tokens_[asked.item][asked.token] = {*logprob, greedy};
    ++prompt_tokens;
    return {};
  }
  std::vector<Message> next() override {
    if (!tokenized_) {
      tokenized_ = true;
      return tokens_round();
    }
    for (size_t k = 0; k < scores_.size(); ++k) {
      // those that were not asked stand before the continuation, and nobody wants their sum
      std::vector<Token> tokens = tokens_[k];
      for (size_t i = 1; i < from_[k] && i < tokens.size(); ++i) tokens[i].logprob = 0;
      scores_[k] = sum(tokens, r_.ask == SXT_ASK_WHOLE ? 0 : seam(prefix_, items_[k]));
    }
    return {};
  }

 private:
  struct Asked { size_t item, token; };
  std::vector<Message> tokens_round() {
    std::vector<Message> out;
    tokens_.resize(items_.size());
    from_.resize(items_.size());
    const bool all = r_.ask == SXT_ASK_WHOLE || (r_.flags & SXT_REQUEST_TOTAL_LOGPROB) != 0;
    for (size_t k = 0; k < items_.size(); ++k) {
      tokens_[k].assign(items_[k].size(), {});
      from_[k] = all ? 1 : std::max<size_t>(1, seam(prefix_, items_[k]));
      for (size_t i = from_[k]; i < items_[k].size(); ++i) {
        asked_.push_back({k, i});
        out.push_back({settings_.own_url("/completion"), forced(k, i)});
      }
    }
    return out;
  }
  std::string forced(size_t k, size_t token) const {
    std::string prompt;
    for (size_t i = 0; i < token; ++i) prompt += fmt::format("{}{}", i ? "," : "", items_[k][i]);
    return fmt::format(
        R"({{"prompt":[{}],"n_predict":1,"n_probs":1,"temperature":0,"cache_prompt":true,"logit_bias":[[{},1e6]]}})", prompt,
        items_[k][token]);
  }

  std::vector<int32_t> prefix_;
  std::vector<std::vector<int32_t>> items_;
  std::vector<std::vector<Token>> tokens_;
  std::vector<size_t> from_;
  std::vector<Asked> asked_;
  bool tokenized_ = false;
};

}  // namespace

std::unique_ptr<ScoreWork> score_work(const Settings& settings, const Served& served, const sxt_request& request) {
  switch (served.scoring) {
    case Scoring::echo: return std::make_unique<Echo>(settings, served, request);
    case Scoring::prompt_logprobs: return std::make_unique<PromptLogprobs>(settings, served, request);
    case Scoring::llama_server: return std::make_unique<LlamaServer>(settings, served, request);
    default: break;
  }
  throw PluginError(SXT_UNSUPPORTED,
                    served.cannot_score.empty() ? "the server gives no log-probabilities" : served.cannot_score);
}

std::string try_scoring(const Settings& settings, const Served& served, Scoring way,
                        const std::function<std::unique_ptr<Exchange>(std::string url, std::string body)>& ask) {
  Served as = served;
  as.scoring = way;
  const sxt_str continuation = borrow(" Paris");
  sxt_request request{};
  request.struct_size = sizeof request;
  request.ask = SXT_ASK_SCORE;
  request.flags = SXT_REQUEST_ADD_SPECIAL;
  request.prefix = borrow("The capital of France is");
  request.continuation = &continuation;
  request.continuation_count = 1;
  try {
    const auto work = score_work(settings, as, request);
    for (std::vector<Message> round = work->begin(); !round.empty(); round = work->next())
      for (size_t i = 0; i < round.size(); ++i) {
        const auto exchange = ask(round[i].url, round[i].body);
        if (exchange->verdict != Verdict::answered) return fmt::format("HTTP {}: {}", exchange->status, complaint(*exchange));
        const auto answer = read_answer(*exchange);
        if (!answer) return answer.error().message;
        if (const auto taken = work->take(i, *answer); !taken) return taken.error().message;
      }
    if (work->scores().front().tokens == 0) return "no token of the continuation was scored";
  } catch (const PluginError& e) {
    return e.what();
  }
  return "";
}

std::string tokenize_body(const Served& served, std::string_view text, bool add_special, bool split_special) {
  if (served.kind == Kind::llama_server)
    return fmt::format(R"({{"content":{},"add_special":{},"parse_special":{}}})", json::quote(text), add_special,
                       !split_special);
  return fmt::format(R"({{"model":{},"prompt":{},"add_special_tokens":{}}})", json::quote(served.model), json::quote(text),
                     add_special);
}

std::optional<std::vector<int32_t>> read_tokens(const json::Value& answer) {
  const json::Value* tokens = json::find(answer, "tokens");
  if (!tokens || !tokens->IsArray()) return std::nullopt;
  std::vector<int32_t> out;
  for (const auto& token : tokens->GetArray()) {
    if (!token.IsInt()) return std::nullopt;
    out.push_back(token.GetInt());
  }
  return out;
}

}  // namespace sextant::openai
