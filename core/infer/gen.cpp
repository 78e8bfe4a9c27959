// "gen": the model's reply to one prompt. How it is drawn a set may say itself.
#include "requests.hpp"

namespace sextant::infer {
namespace {

struct Draw {
  std::optional<float> temperature, top_p;
  std::optional<uint32_t> top_k;
};

class Gen : public Inferencer {
 public:
  explicit Gen(Draw draw) : draw_(draw) {}
  data::Form form() const override { return data::Form::open; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    if (so_far.empty()) {
      SXT_TRY(data::Request request, generate_request(question));
      data::Sampling& sampling = *request.sampling;
      sampling.temperature = draw_.temperature.value_or(sampling.temperature);
      sampling.top_p = draw_.top_p.value_or(sampling.top_p);
      sampling.top_k = draw_.top_k.value_or(sampling.top_k);
      return ask(std::move(request));
    }
    SXT_TRY(const data::Response* answer, only_answer(so_far));
    Outcome outcome;
    outcome.prediction = answer->text;
    outcome.thinking = answer->thinking;
    outcome.finish = data::finish_name(answer->finish);
    return done(std::move(outcome));
  }

 private:
  Draw draw_;
};

Result<std::unique_ptr<Inferencer>> make(const json::Value& config) {
  Draw draw;
  if (const auto given = json::find_number(config, "temperature")) draw.temperature = static_cast<float>(*given);
  if (const auto given = json::find_number(config, "top_p")) draw.top_p = static_cast<float>(*given);
  if (const auto given = json::find_int(config, "top_k")) draw.top_k = static_cast<uint32_t>(*given);
  return std::unique_ptr<Inferencer>(std::make_unique<Gen>(draw));
}

}  // namespace

extern const InferencerType gen_type;
const InferencerType gen_type{
    "gen", "the model's reply to one prompt", R"({"type": "object", "properties": {
  "temperature": {"type": "number", "minimum": 0, "description": "the sampling temperature; absent: the model's"},
  "top_p": {"type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 1, "description": "the share of probability that is drawn from; absent: the model's"},
  "top_k": {"type": "integer", "minimum": 0, "maximum": 4294967295, "description": "how many tokens are drawn from, 0: all; absent: the model's"}},
  "additionalProperties": false})",
    make};

}  // namespace sextant::infer
