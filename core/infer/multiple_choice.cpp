// "multiple_choice": lm-eval's requests of that name, and of "loglikelihood", for its task files: continuations of one prompt,
// or one of each of several prompts (where the options are the questions). Which option is right is scoring's business;
// "scores" says by which names.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/columns.hpp>
#include <sextant/utf8_text.hpp>
#include "choices.hpp"
#include "requests.hpp"

namespace sextant::infer {
namespace {

class MultipleChoice : public Inferencer {
 public:
  explicit MultipleChoice(const json::Value& config)
      : options_(json::find_string(config, "options").value_or("")),
        delimiter_(json::find_string(config, "delimiter").value_or("")),
        unconditional_(json::find_bool(config, "unconditional").value_or(false)),
        results_(json::find_bool(config, "results").value_or(false)) {}
  data::Form form() const override { return data::Form::continuations; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    const auto& prompts = question.prompts.prompts;
    const auto& continuations = question.prompts.continuations;
    SXT_TRY(const std::vector<std::string> options, options_of(question));
    const bool each = prompts.size() > 1;
    if (continuations.empty() || (each && prompts.size() != continuations.size()) || options.size() != continuations.size())
      return Error{Error::Kind::internal, fmt::format("{} prompts, {} continuations and {} options do not fit together",
                                                      prompts.size(), continuations.size(), options.size())};
    if (so_far.empty()) {
      Step step;
      if (!each) {
        SXT_TRY(data::Request request, score_request(question, "multiple_choice"));
        step.ask.push_back(std::move(request));
      } else {
        for (size_t i = 0; i < prompts.size(); ++i) step.ask.push_back(request_of(question, prompts[i], continuations[i].text));
      }
      if (unconditional_) step.ask.push_back(without_context(continuations, options));
      return step;
    }
    const size_t own = each ? prompts.size() : 1;
    const auto& answers = so_far.back().answers;
    if (answers.size() != own + (unconditional_ ? 1 : 0))
      return bad_answer(fmt::format("{} requests have {} answers", own, answers.size()));
    std::vector<data::ContinuationScore> scores;
    for (size_t i = 0; i < own; ++i) scores.insert(scores.end(), answers[i].scores.begin(), answers[i].scores.end());
    if (scores.size() != continuations.size() || (unconditional_ && answers.back().scores.size() != continuations.size()))
      return bad_answer(fmt::format("the backend scored {} of {} continuations", scores.size(), continuations.size()));
    const std::vector<data::ContinuationScore>* alone = unconditional_ ? &answers.back().scores : nullptr;
    return results_ ? results(continuations, scores, alone) : outcome(continuations, options, scores, alone);
  }

 private:
  static data::Request request_of(const Question& question, const data::Prompt& prompt, const data::Text& continuation) {
    data::Request request;
    request.ask = data::Ask::score;
    request.text = prompt.text;
    request.continuations.push_back(continuation);
    request.keep_bytes = keep_bytes(question);
    request.add_special = !prompt.chat;
    return request;
  }
  // The options alone, behind nothing: blanks that were moved over from the prompt are the prompt's.
  data::Request without_context(const std::vector<data::Continuation>& continuations,
                                const std::vector<std::string>& options) const {
    data::Request request;
    request.ask = data::Ask::score;
    request.add_special = false;
    for (size_t i = 0; i < continuations.size(); ++i) {
      const bool delimited = continuations[i].text.str().ends_with(delimiter_ + options[i]);
      request.continuations.emplace_back((delimited ? delimiter_ : "") + options[i]);
    }
    return request;
  }
  // What lengths are counted on: the options without what stands before them.
  Result<std::vector<std::string>> options_of(const Question& question) const {
    std::vector<std::string> out;
    if (options_.empty()) {
      for (const data::Continuation& each : question.prompts.continuations) out.push_back(each.text.str());
      return out;
    }
    SXT_TRY(const json::Document record, json::parse(question.sample.record_json, "the record"));
    const json::Value* list = columns::find(record, options_);
    if (!list || !list->IsArray())
      return bad_config("multiple_choice", fmt::format("takes the options of '{}', which is not a list in this row", options_));
    for (const auto& item : list->GetArray()) out.emplace_back(item.IsString() ? json::text(item) : std::string_view());
    return out;
  }

  // As lm-eval gives them to a task's process_results: [[ln p, greedy], ...], those without the prompt behind the others.
  static Result<Step> results(const std::vector<data::Continuation>& continuations,
                              const std::vector<data::ContinuationScore>& scores,
                              const std::vector<data::ContinuationScore>* alone) {
    Outcome out;
    json::Document list(rapidjson::kArrayType);
    auto& a = list.GetAllocator();
    const auto add = [&](const data::ContinuationScore& score) {
      json::Value one(rapidjson::kArrayType);
      one.PushBack(score.logprob, a).PushBack(score.greedy, a);
      list.PushBack(std::move(one), a);
    };
    for (size_t i = 0; i < scores.size(); ++i) {
      out.labels.push_back(
          {continuations[i].label, continuations[i].text, scores[i].logprob, scores[i].tokens, scores[i].logprob});
      add(scores[i]);
    }
    SXT_CHECK(check_finite(out.labels));
    if (alone)
      for (const data::ContinuationScore& score : *alone) add(score);
    out.prediction = json::write(list);
    return done(std::move(out));
  }

  static Result<Step> outcome(const std::vector<data::Continuation>& continuations, const std::vector<std::string>& options,
                              const std::vector<data::ContinuationScore>& scores,
                              const std::vector<data::ContinuationScore>* alone) {
    std::vector<Lengths> lengths;
    for (const std::string& option : options) lengths.push_back({option.size(), utf8::length(option)});
    SXT_TRY(Outcome out, choose(continuations, scores, lengths, alone));
    return done(std::move(out));
  }

  std::string options_, delimiter_;
  bool unconditional_, results_;
};

}  // namespace

extern const InferencerType multiple_choice_type;
const InferencerType multiple_choice_type{"multiple_choice",
                                          "lm-eval's options: continuations of one prompt, or one of each of several",
                                          R"({"type": "object", "properties": {
  "options": {"type": "string", "description": "the list column that holds the options' texts, on which lengths are counted; absent: the continuations"},
  "delimiter": {"type": "string", "description": "what stands before each option, where the options are also scored alone"},
  "unconditional": {"type": "boolean", "description": "the options are also scored without the prompt, for the score \"mutual\""},
  "results": {"type": "boolean", "description": "the prediction is [[ln p, greedy], ...] of all options, for a metric that computes its numbers of these"},
  "scores": {"type": "object", "description": "the numbers of an attempt by name; sum, char, byte, mutual: 1 where the option chosen so is right; greedy: 1 where the right one is what the model would write; brier; mass: the share of the right options in the options' probability; perplexity; f1, mcc: over the set, of the options by their numbers, as lm-eval; or {source, name}: a function of all pairs [right, chosen]",
    "additionalProperties": {"anyOf": [{"enum": ["sum", "char", "byte", "mutual", "greedy", "brier", "mass", "perplexity", "f1", "mcc"]},
      {"type": "object", "required": ["source", "name"], "additionalProperties": false, "properties": {
        "source": {"type": "string"}, "name": {"type": "string"}}}]}}},
  "additionalProperties": false})",
                                          [](const json::Value& config) -> Result<std::unique_ptr<Inferencer>> {
                                            return std::unique_ptr<Inferencer>(std::make_unique<MultipleChoice>(config));
                                          }};

}  // namespace sextant::infer
