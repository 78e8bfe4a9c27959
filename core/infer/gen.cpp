// "gen": the model's reply to one prompt.
#include "requests.hpp"

namespace sextant::infer {
namespace {

class Gen : public Inferencer {
 public:
  data::Form form() const override { return data::Form::open; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    if (so_far.empty()) {
      SXT_TRY(data::Request request, generate_request(question));
      return ask(std::move(request));
    }
    SXT_TRY(const data::Response* answer, only_answer(so_far));
    Outcome outcome;
    outcome.prediction = answer->text;
    outcome.thinking = answer->thinking;
    outcome.finish = data::finish_name(answer->finish);
    return done(std::move(outcome));
  }
};

}  // namespace

extern const InferencerType gen_type;
const InferencerType gen_type{
    "gen", "the model's reply to one prompt", no_keys,
    make_default<Gen>};

}  // namespace sextant::infer
