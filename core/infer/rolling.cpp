// "rolling": the log-probability of a whole text of any length, in windows, and its perplexity per word and per byte. Round 1
// asks for the text's tokens, round 2 for its windows. A window without context is scored behind BOS, else EOS: request.ids is
// then empty.
#include <cmath>
#include <fmt/format.h>
#include "requests.hpp"
#include "windows.hpp"
#include "words.hpp"

namespace sextant::infer {
namespace {

Result<void> check_stride(size_t stride, size_t window) {
  if (stride < window) return {};
  return bad_config("rolling", fmt::format("has a \"stride\" of {} tokens; it must be less than the window of {} (without a "
                                           "stride, windows are disjoint)",
                                           stride, window));
}

class Rolling : public Inferencer {
 public:
  Rolling(size_t window, size_t stride, std::string counted, bool each_token, bool results)
      : window_(window), stride_(stride), counted_(std::move(counted)), each_token_(each_token), results_(results) {}
  data::Form form() const override { return data::Form::whole; }
  bool one_round() const override { return false; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    SXT_TRY(const data::Prompt* prompt, first_prompt(question));
    if (so_far.empty()) {
      data::Request request;
      request.ask = data::Ask::tokenize;
      request.text = prompt->text;
      request.add_special = !prompt->chat;
      return ask(std::move(request));
    }
    if (so_far.size() == 1) {
      SXT_TRY(const data::Response* tokens, only_answer(so_far));
      SXT_TRY(Step step, ask_windows(tokens->ids, question.settings));
      if (!step.ask.empty()) return step;
    }
    return outcome(question, *prompt, so_far);
  }

 private:
  Result<Step> ask_windows(const std::vector<int32_t>& ids, const Settings& settings) const {
    const size_t context = settings.context_length, length = window_ ? window_ : context;
    if (length == 0)
      return Error{Error::Kind::config, "the length of the model's context is unknown; give inferencer:rolling a \"window\""};
    if (context > 0 && length > context)
      return bad_config("rolling",
                        fmt::format("has a \"window\" of {} tokens, but the model's context holds {}", length, context));
    SXT_CHECK(check_stride(stride_, length));
    const auto part = [&](size_t begin, size_t end) { return std::vector<int32_t>(ids.data() + begin, ids.data() + end); };
    Step step;
    for (const Window& window : stride_ ? strided_windows(ids.size(), length, stride_) : disjoint_windows(ids.size(), length)) {
      data::Request request;
      request.ask = data::Ask::score;
      request.ids = part(window.context, window.begin);
      request.continuation_ids.push_back(part(window.begin, window.end));
      request.add_special = false;
      request.token_logprobs = each_token_;
      step.ask.push_back(std::move(request));
    }
    return step;
  }

  Result<Step> outcome(const Question& question, const data::Prompt& prompt, std::span<const Round> so_far) const {
    double logprob = 0;
    uint64_t tokens = 0, windows = 0;
    json::Document extra(rapidjson::kObjectType);
    auto& a = extra.GetAllocator();
    json::Value each(rapidjson::kArrayType);
    if (so_far.size() > 1)
      for (const data::Response& answer : so_far[1].answers) {
        if (answer.scores.size() != 1)
          return bad_answer(fmt::format("the backend scored {} of 1 continuations", answer.scores.size()));
        logprob += answer.scores.front().logprob;
        tokens += answer.scores.front().tokens;
        if (each_token_ && answer.scores.front().token_logprobs.size() != answer.scores.front().tokens)
          return bad_answer("the backend gave no log-probability of each token; leave \"token_logprobs\" out");
        for (const float token : answer.scores.front().token_logprobs) each.PushBack(static_cast<double>(token), a);
        ++windows;
      }
    if (!std::isfinite(logprob)) return bad_answer("the backend gave no finite log-probability for the text");
    if (results_) {
      Outcome out;
      out.prediction = json::write(json::Value(logprob));
      return done(std::move(out));
    }
    std::string counted = prompt.text.str();
    if (!counted_.empty()) {
      SXT_TRY(const json::Document record, json::parse(question.sample.record_json, "the record"));
      const auto column = json::find_string(record, counted_);
      if (!column)
        return bad_config("rolling", fmt::format("counts the column '{}', which holds no text in this row", counted_));
      counted = *column;
    }
    const double words = static_cast<double>(count_words(counted)), bytes = static_cast<double>(counted.size());
    json::set(extra, "logprob", json::Value(logprob), a);
    json::set(extra, "tokens", json::Value(tokens), a);
    json::set(extra, "words", json::Value(static_cast<uint64_t>(count_words(counted))), a);
    json::set(extra, "bytes", json::Value(static_cast<uint64_t>(counted.size())), a);
    json::set(extra, "windows", json::Value(windows), a);
    json::set(extra, "word_perplexity", json::Value(std::exp(-logprob / words)), a);
    json::set(extra, "byte_perplexity", json::Value(std::exp(-logprob / bytes)), a);
    json::set(extra, "bits_per_byte", json::Value(-logprob / bytes / std::log(2.0)), a);
    if (each_token_) json::set(extra, "token_logprobs", std::move(each), a);
    Outcome out;
    out.extra_json = json::write(extra);
    return done(std::move(out));
  }

  size_t window_, stride_;
  std::string counted_;
  bool each_token_, results_;
};

}  // namespace

extern const InferencerType rolling_type;
const InferencerType rolling_type{
    "rolling", "the perplexity of a whole text per word and per byte, in windows", R"({"type": "object", "properties": {
  "window": {"type": "integer", "minimum": 1, "maximum": 4294967295, "description": "tokens; absent: the model's context"},
  "stride": {"type": "integer", "minimum": 1, "maximum": 4294967295, 
    "description": "tokens from one window's beginning to the next one's, as in transformers; absent: lm-eval's disjoint windows"},
  "counted": {"type": "string", "description": "the column whose words and bytes are counted; absent: the text that is scored"},
  "results": {"type": "boolean", "description": "the prediction is ln p of the text, for a metric that computes its numbers of it; there are no others"},
  "token_logprobs": {"type": "boolean",
    "description": "the predictions hold ln p of each token, which `sextant compare` of two precisions reads"}},
  "additionalProperties": false})",
    [](const json::Value& config) -> Result<std::unique_ptr<Inferencer>> {
      const auto number = [&](const char* key) { return static_cast<size_t>(json::find_int(config, key).value_or(0)); };
      if (number("window") > 0) SXT_CHECK(check_stride(number("stride"), number("window")));
      return std::unique_ptr<Inferencer>(std::make_unique<Rolling>(number("window"), number("stride"),
                                                                   json::find_string(config, "counted").value_or(""),
                                                                   json::find_bool(config, "token_logprobs").value_or(false),
                                                                   json::find_bool(config, "results").value_or(false)));
    }};

}  // namespace sextant::infer
