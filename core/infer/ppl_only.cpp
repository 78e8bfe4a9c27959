// "ppl_only": how surprising one given text is. The number is ppl's, without labels; a data set's is the mean over its texts.
#include <algorithm>
#include <cmath>
#include "requests.hpp"

namespace sextant::infer {
namespace {

class PplOnly : public Inferencer {
 public:
  data::Form form() const override { return data::Form::whole; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    if (so_far.empty()) {
      SXT_TRY(data::Request request, whole_request(question));
      request.continuations.resize(1);
      return ask(std::move(request));
    }
    SXT_TRY(const data::Response* answer, only_answer(so_far, 1));
    SXT_TRY(const data::Prompt* prompt, first_prompt(question));
    const data::ContinuationScore& score = answer->scores.front();
    if (!std::isfinite(score.total_logprob)) return bad_answer("the backend gave no finite log-probability for the text");
    json::Document extra(rapidjson::kObjectType);
    auto& a = extra.GetAllocator();
    json::set(extra, "ppl", json::Value(-score.total_logprob / std::max(1u, score.total_tokens)), a);
    json::set(extra, "logprob", json::Value(score.total_logprob), a);
    json::set(extra, "tokens", json::Value(score.total_tokens), a);
    json::set(extra, "bytes", json::Value(static_cast<uint64_t>(prompt->text.size())), a);
    Outcome outcome;
    outcome.extra_json = json::write(extra);
    return done(std::move(outcome));
  }
};

}  // namespace

extern const InferencerType ppl_only_type;
const InferencerType ppl_only_type{
    "ppl_only", "the mean of -ln p of a given text", no_keys,
    make_default<PplOnly>};

}  // namespace sextant::infer
